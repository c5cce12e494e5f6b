"""Flags of the control plane's components, for each instance that is judged.

A flag that is not set has its upstream default. The value is <NA> where it is not known: it was not kept, it may be set
in a file, a script or an environment variable, or its default depends on a version that is not known.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import pandas as pd

from auditkit.analysis.cluster.control_plane import HIDDEN
from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.checks.model import Judgement, judge
from auditkit.checks.support.values import loopback, number

UNSEEN = "no static pod of {} is visible; it may run in another way, or be run by a provider"
"""Why nothing is known of a component without instances. It need not be absent."""


@dataclass(frozen=True)
class Component:
    """Facts of upstream about the flags of a component.

    ``defaults`` are the values of flags that are not set (otherwise the empty text). ``since`` are defaults that
    changed: the minor version and the value from then on. ``files`` names for a flag another flag, whose file may set
    the value. ``ignored`` is the same, where the component ignores the flag as soon as that file is given.
    """

    defaults: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)


class Flags:
    """The flags of each instance of a component: ``flags["profiling"]`` is their effective value as text.

    ``instances`` is a table such as `auditkit.analysis.cluster.control_plane.api_servers`. There are only a few
    instances and many rules, so that each value is computed alone.
    """

    def __init__(self, instances: pd.DataFrame, component: Component):
        self._instances, self._component = instances, component

    def __getitem__(self, flag: str) -> pd.Series:
        return self._series(map(_effective, self._given(flag), self._default(flag), self._elsewhere(flag)), STRING)

    def set(self, flag: str) -> pd.Series:
        """Whether a flag is set to a value that is not empty. The value need not have been kept."""
        return self._series((None if elsewhere else bool(value) for value, elsewhere in zip(
            self._given(flag), self._elsewhere(flag), strict=True)), BOOLEAN)

    def given(self, flag: str) -> pd.Series:
        """Whether a flag is on the command line, even with an empty value."""
        return self._series((None if elsewhere else value is not None for value, elsewhere in zip(
            self._given(flag), self._elsewhere(flag), strict=True)), BOOLEAN)

    def judge(self, ok: pd.Series, *shown: str, reasons: str = "", failing: pd.Series | str = "") -> Judgement:
        """A judgement with these flags as evidence. ``reasons`` says why a result is unknown where the flags do not,
        ``failing`` why an instance fails."""
        told = partial(self._reasons, shown, ok, reasons, failing)
        return judge(partial(self._evidence, shown), ok, shown, reasons=told if ok.hasnans else failing)

    def _evidence(self, shown: tuple[str, ...]) -> pd.DataFrame:
        return pd.DataFrame({
            flag: list(map(_shown, self._given(flag), self._default(flag), self._unread)) for flag in shown},
            index=self._instances.index, dtype=STRING)

    def _reasons(self, shown: tuple[str, ...], ok: pd.Series, otherwise: str, failing: pd.Series | str) -> pd.Series:
        why = [otherwise] * len(ok)
        for flag in shown:
            _put(why, self._in_environment(flag), f"--{flag} is set in the environment, whose values are never read")
            for file in filter(None, (self._component.files.get(flag), self._component.ignored.get(flag))):
                _put(why, self._in_effect(file), f"the file of --{file} may set it; the API does not show that file")
        for flag in shown:
            why = [unread if unread and value in (None, HIDDEN) else word
                   for word, unread, value in zip(why, self._unread, self._given(flag), strict=True)]
        return self._series(why, STRING).where(ok.isna(), failing)

    def _series(self, values: Iterable[Any], dtype: pd.ArrowDtype) -> pd.Series:
        return pd.Series(list(values), self._instances.index, dtype)

    def _column(self, name: str) -> list[Any]:
        if name in self._instances:
            return list(self._instances[name].array.__arrow_array__().to_pylist())
        return [None] * len(self._instances)

    def _given(self, flag: str) -> list[str | None]:
        """The value on the command line, or `HIDDEN`; ``None`` where the flag is not there."""
        return self._column(f"--{flag}")

    def _default(self, flag: str) -> list[str | None]:
        """The value of a flag that is not set; ``None`` where it depends on a version that is not known."""
        default = self._component.defaults.get(flag, "")
        if flag not in self._component.since:
            return [default] * len(self._instances)
        minor, newer = self._component.since[flag]
        return [None if version is None else newer if version >= minor else default
                for version in self._column("minor")]

    def _elsewhere(self, flag: str) -> list[bool]:
        """Where something other than the command line decides that is not visible."""
        nowhere = [False] * len(self._instances)
        file, ignored = self._component.files.get(flag), self._component.ignored.get(flag)
        return [in_file_only or (value is None and (unread is not None or in_environment or in_file))
                for value, unread, in_environment, in_file, in_file_only in zip(
                    self._given(flag), self._unread, self._in_environment(flag),
                    self._in_effect(file) if file else nowhere, self._in_effect(ignored) if ignored else nowhere,
                    strict=True)]

    def _in_effect(self, flag: str) -> list[bool]:
        """Where a flag is set, or may be set."""
        return [value is not None or named or unread is not None for value, named, unread in zip(
            self._given(flag), self._in_environment(flag), self._unread, strict=True)]

    @cached_property
    def _unread(self) -> list[str | None]:
        """Why flags may be set that are not visible; ``None`` where all are visible."""
        return self._column("unread")

    def _in_environment(self, flag: str) -> list[bool]:
        return [value is not None for value in self._column(f"${flag}")]


def local_only(flags: Flags) -> pd.Series:
    """Whether a component listens only on the loopback address, or not at all."""
    return loopback(flags["bind-address"]) | (number(flags["secure-port"]) == 0)


def _effective(given: str | None, default: str | None, elsewhere: bool) -> str | None:
    """The effective value; ``None`` where it is not known."""
    if elsewhere or given == HIDDEN or (given == "" and default != ""):  # no program starts with an empty value
        return None
    return default if given is None else given


def _shown(given: str | None, default: str | None, unread: str | None) -> str:
    if given is None and unread:
        return "not visible"
    if given is None:
        return f"not set (default {default})" if default else "not set"
    return {HIDDEN: "set", "": "empty"}.get(given, given)


def _put(words: list[str], where: list[bool], sentence: str) -> None:
    """Replace the words in some places by a sentence."""
    words[:] = [sentence if there else word for word, there in zip(words, where, strict=True)]
