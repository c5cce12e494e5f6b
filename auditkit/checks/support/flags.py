"""Flags of the control plane's components, for each instance that is judged.

A flag that is not set has its upstream default. Where the value cannot be known it is <NA>: it was not kept, it may
stand in a file, a script or an environment variable instead, or its default depends on a version that is not told.
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

UNSEEN = "no static pod of {} is visible: it may run elsewhere, or a provider runs it"
"""What it means that a component has no instances: not that there is none."""


@dataclass(frozen=True)
class Component:
    """What upstream says of the flags of a component.

    ``defaults`` are the values of flags that are not set (none: the empty text), ``since`` those that changed: the
    minor version and the value from there on. ``files`` names for a flag another one, whose file may say it instead;
    ``ignored`` the same, where the file also makes that flag count for nothing.
    """

    defaults: Mapping[str, str] = field(default_factory=dict)
    since: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, str] = field(default_factory=dict)


class Flags:
    """The flags of each instance of a component: ``flags["profiling"]`` is their effective value as text.

    ``instances`` is a table such as `auditkit.analysis.cluster.control_plane.api_servers`. There are only a few of
    them, and many rules: so each is worked out for itself.
    """

    def __init__(self, instances: pd.DataFrame, component: Component):
        self._instances, self._component = instances, component

    def __getitem__(self, flag: str) -> pd.Series:
        return self._series(map(_effective, self._given(flag), self._default(flag), self._elsewhere(flag)), STRING)

    def set(self, flag: str) -> pd.Series:
        """Whether a flag that names something is set; its value need not have been kept."""
        return self._series((None if elsewhere else bool(value) for value, elsewhere in zip(
            self._given(flag), self._elsewhere(flag), strict=True)), BOOLEAN)

    def given(self, flag: str) -> pd.Series:
        """Whether a flag stands on the command line, be it empty."""
        return self._series((None if elsewhere else value is not None for value, elsewhere in zip(
            self._given(flag), self._elsewhere(flag), strict=True)), BOOLEAN)

    def judge(self, ok: pd.Series, *shown: str, reasons: str = "") -> Judgement:
        """A judgement that shows these flags. ``reasons`` says why it is not known, where the flags do not."""
        return judge(partial(self._evidence, shown), ok, shown,
                     reasons=partial(self._reasons, shown, ok, reasons) if ok.hasnans else "")

    def _evidence(self, shown: tuple[str, ...]) -> pd.DataFrame:
        return pd.DataFrame({
            flag: list(map(_shown, self._given(flag), self._default(flag), self._unread)) for flag in shown},
            index=self._instances.index, dtype=STRING)

    def _reasons(self, shown: tuple[str, ...], ok: pd.Series, otherwise: str) -> pd.Series:
        why = [otherwise] * len(ok)
        for flag in shown:
            _put(why, self._in_environment(flag), f"--{flag} stands in the environment, where values are not read")
            for file in filter(None, (self._component.files.get(flag), self._component.ignored.get(flag))):
                _put(why, self._in_effect(file), f"the file of --{file} may say it; the cluster does not show it")
        for flag in shown:
            why = [unread if unread and value in (None, HIDDEN) else word
                   for word, unread, value in zip(why, self._unread, self._given(flag), strict=True)]
        return self._series(why, STRING).where(ok.isna(), "")

    def _series(self, values: Iterable[Any], dtype: pd.ArrowDtype) -> pd.Series:
        return pd.Series(list(values), self._instances.index, dtype)

    def _column(self, name: str) -> list[Any]:
        if name in self._instances:
            return list(self._instances[name].array.__arrow_array__().to_pylist())
        return [None] * len(self._instances)

    def _given(self, flag: str) -> list[str | None]:
        """The value on the command line, or `HIDDEN`; ``None`` where the flag does not stand there."""
        return self._column(f"--{flag}")

    def _default(self, flag: str) -> list[str | None]:
        """What the flag is where it is not set; ``None`` where that depends on a version that is not known."""
        default = self._component.defaults.get(flag, "")
        if flag not in self._component.since:
            return [default] * len(self._instances)
        minor, newer = self._component.since[flag]
        return [None if version is None else newer if version >= minor else default
                for version in self._column("minor")]

    def _elsewhere(self, flag: str) -> list[bool]:
        """Where something else than the command line decides, which cannot be seen."""
        nowhere = [False] * len(self._instances)
        file, ignored = self._component.files.get(flag), self._component.ignored.get(flag)
        return [in_file_only or (value is None and (unread is not None or in_environment or in_file))
                for value, unread, in_environment, in_file, in_file_only in zip(
                    self._given(flag), self._unread, self._in_environment(flag),
                    self._in_effect(file) if file else nowhere, self._in_effect(ignored) if ignored else nowhere,
                    strict=True)]

    def _in_effect(self, flag: str) -> list[bool]:
        """Where a flag is set, or may be."""
        return [value is not None or named or unread is not None for value, named, unread in zip(
            self._given(flag), self._in_environment(flag), self._unread, strict=True)]

    @cached_property
    def _unread(self) -> list[str | None]:
        """Why flags may be set that are not seen; ``None`` where they are not."""
        return self._column("unread")

    def _in_environment(self, flag: str) -> list[bool]:
        return [value is not None for value in self._column(f"${flag}")]


def local_only(flags: Flags) -> pd.Series:
    """Whether a component listens on the loopback address only, or not at all."""
    return loopback(flags["bind-address"]) | (number(flags["secure-port"]) == 0)


def _effective(given: str | None, default: str | None, elsewhere: bool) -> str | None:
    """The value that counts; ``None``: not known."""
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
    """Writes a sentence over the words in some places."""
    words[:] = [sentence if there else word for word, there in zip(words, where, strict=True)]
