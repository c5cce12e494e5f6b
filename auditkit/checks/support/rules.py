"""Rules that are one setting, one value and two sentences: rows of a list instead of functions.

A module lists them, and `register` (or `add`, for other tables) makes a check of each, named ``module.name``.
"""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from auditkit.checks.model import Judgement, Severity, check
from auditkit.checks.support.flags import Flags
from auditkit.checks.support.settings import Settings
from auditkit.checks.support.values import boolean, lists

Condition = Callable[[Any], pd.Series]
"""From the flags or settings of all instances to a nullable boolean: whether each is as wanted."""


@dataclass(frozen=True)
class Rule:
    """One rule on flags or settings.

    ``title`` is the state that is wanted, ``finding`` what a failing instance does, ``ok`` the condition, and ``shown``
    the flags or settings that are its evidence. ``why`` says why the rule matters, ``reasons`` why the result is
    unknown where the flags do not say it.
    """

    name: str
    recommendation: str
    severity: Severity
    title: str
    finding: str
    ok: Condition
    shown: Sequence[str]
    wanted: str
    remedy: str
    why: str = ""
    reasons: str = ""
    source: str = ""


def register(module: str, table: str, reader: Callable[[pd.DataFrame], Flags | Settings], rules: Sequence[Rule], *,
             source: str, if_empty: str) -> None:
    """Make a check of each rule, on the instances of a table. ``source`` has a place for the recommendation."""
    for rule in rules:
        add(_judging(rule, reader), module, rule.name, [table], severity=rule.severity, title=f"{rule.title}.",
            finding=rule.finding, wanted=rule.wanted, remedy=rule.remedy, why=rule.why, if_empty=if_empty,
            source=rule.source or source.format(rule.recommendation))


def add(function: Callable[..., Judgement], module: str, name: str, tables: Sequence[str], *, severity: Severity,
        title: str, finding: str, wanted: str, remedy: str, source: str, if_empty: str = "", why: str = "",
        tunable: Mapping[str, Any] | None = None) -> None:
    """Make a check, and a function of its module, of what a row of a list says.

    ``function`` takes the ``tables`` in their order, and the parameters that are ``tunable`` (with their defaults)
    by name. ``why`` says why the rule matters.
    """
    parameters = [inspect.Parameter(table, inspect.Parameter.POSITIONAL_OR_KEYWORD) for table in tables]
    parameters += [inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default)
                   for key, default in (tunable or {}).items()]
    function.__module__, function.__name__, function.__doc__ = module, name, f"{title}\n\n{why}".rstrip()
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    check(severity=severity, finding=finding, wanted=wanted, remedy=remedy, if_empty=if_empty, source=source)(function)
    setattr(sys.modules[module], name, function)


def _judging(rule: Rule, reader: Callable[[pd.DataFrame], Flags | Settings]) -> Callable[[pd.DataFrame], Judgement]:
    def judged(instances: pd.DataFrame) -> Judgement:
        read = reader(instances)
        return read.judge(rule.ok(read), *rule.shown, reasons=rule.reasons)

    return judged


def given(*names: str) -> Condition:
    """All these flags are set."""
    def ok(flags: Flags) -> pd.Series:
        found = flags.set(names[0])
        for name in names[1:]:
            found &= flags.set(name)
        return found

    return ok


def not_given(name: str) -> Condition:
    """The flag is not set."""
    return lambda flags: ~flags.set(name)


def on(name: str) -> Condition:
    """A boolean flag or setting is true."""
    return lambda read: boolean(read[name])


def off(name: str) -> Condition:
    """A boolean flag or setting is false."""
    return lambda read: ~boolean(read[name])


def names(flag: str, word: str) -> Condition:
    """A flag that is a list has this word."""
    return lambda flags: lists(flags[flag], word)
