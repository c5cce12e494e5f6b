"""Rules that are one setting, one value and two sentences: rows of a list instead of functions.

A component's module lists them, and `register` makes a check of each, named ``module.name`` like any other.
"""

import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from auditkit.checks.model import Judgement, Severity, check
from auditkit.checks.support.flags import Flags
from auditkit.checks.support.settings import Settings
from auditkit.checks.support.values import boolean, lists

Condition = Callable[[Any], pd.Series]
"""From the flags or settings of all instances to a nullable boolean: is each as it should be?"""


@dataclass(frozen=True)
class Rule:
    """One rule: ``title`` is the state that is wanted, ``finding`` what a failing instance does, ``ok`` the condition,
    ``shown`` the flags or settings that are its evidence. ``reasons`` says why it is not known, where they do not."""

    name: str
    recommendation: str
    severity: Severity
    title: str
    finding: str
    ok: Condition
    shown: Sequence[str]
    wanted: str
    remedy: str
    reasons: str = ""
    source: str = ""


def register(module: str, table: str, reader: Callable[[pd.DataFrame], Flags | Settings], rules: Sequence[Rule], *,
             source: str, if_empty: str) -> None:
    """Make a check of each rule, on the instances of a table. ``source`` has a place for the recommendation."""
    for rule in rules:
        function = _judging(rule, reader)
        function.__module__, function.__name__, function.__doc__ = module, rule.name, f"{rule.title}."
        function.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(table, inspect.Parameter.POSITIONAL_OR_KEYWORD)])
        check(severity=rule.severity, finding=rule.finding, wanted=rule.wanted, remedy=rule.remedy, if_empty=if_empty,
              source=rule.source or source.format(rule.recommendation))(function)
        setattr(sys.modules[module], rule.name, function)


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
