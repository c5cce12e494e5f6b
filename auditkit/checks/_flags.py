"""Flags of the control plane's components, for each instance that is judged.

A flag that is not set has its upstream default. Where the value cannot be known it is <NA>: it was not kept, it may
stand in a file or an environment variable instead, or its default depends on a version that the image does not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from auditkit.analysis.control_plane import HIDDEN
from auditkit.analysis.rows import BOOLEAN, STRING
from auditkit.checks.model import Judgement, judge

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

    ``instances`` is a table such as `auditkit.analysis.control_plane.api_servers`.
    """

    def __init__(self, instances: pd.DataFrame, component: Component):
        self._instances, self._component = instances, component

    def __getitem__(self, flag: str) -> pd.Series:
        value, default = self._given(flag), self._default(flag)
        known = value.mask((value == HIDDEN).fillna(False) | ((value == "") & (default != "")).fillna(False))
        return known.where(value.notna(), default).mask(self._elsewhere(flag))  # no program starts with an empty value

    def set(self, flag: str) -> pd.Series:
        """Whether a flag that names something is set; its value need not have been kept."""
        return (self._given(flag) != "").fillna(False).mask(self._elsewhere(flag))

    def judge(self, ok: pd.Series, *shown: str, reasons: str = "") -> Judgement:
        """A judgement that shows these flags. ``reasons`` says why it is not known, where the flags do not."""
        evidence = pd.DataFrame({flag: self._shown(flag) for flag in shown}, index=self._instances.index)
        why = pd.Series(reasons, self._instances.index, STRING)
        for flag in shown:
            if f"${flag}" in self._instances:
                why = why.mask(self._in_environment(flag),
                               f"--{flag} stands in the environment, where values are not read")
            for file in filter(None, (self._component.files.get(flag), self._component.ignored.get(flag))):
                why = why.mask(self._in_effect(file), f"the file of --{file} may say it; the cluster does not show it")
        return judge(evidence, ok, shown, reasons=why.where(ok.isna(), "") if ok.hasnans else "")

    def _column(self, name: str) -> pd.Series:
        if name in self._instances:
            return self._instances[name]
        return pd.Series(pd.NA, self._instances.index, STRING)

    def _given(self, flag: str) -> pd.Series:
        """The value on the command line, or `HIDDEN`; <NA> where the flag does not stand there."""
        return self._column(f"--{flag}")

    def _default(self, flag: str) -> pd.Series:
        default = pd.Series(self._component.defaults.get(flag, ""), self._instances.index, STRING)
        if flag not in self._component.since:
            return default
        minor, newer = self._component.since[flag]
        version = self._instances["minor"]
        return default.mask((version >= minor).fillna(False), newer).where(version.notna())

    def _elsewhere(self, flag: str) -> pd.Series:
        """Where something else than the command line decides, which cannot be seen."""
        unset = self._given(flag).isna()
        unseen = self._in_environment(flag) & unset
        if file := self._component.files.get(flag):
            unseen |= self._in_effect(file) & unset
        if file := self._component.ignored.get(flag):
            unseen |= self._in_effect(file)
        return unseen.astype(BOOLEAN)

    def _in_effect(self, flag: str) -> pd.Series:
        return self._given(flag).notna() | self._in_environment(flag)

    def _in_environment(self, flag: str) -> pd.Series:
        return self._column(f"${flag}").notna()

    def _shown(self, flag: str) -> pd.Series:
        value, default = self._given(flag), self._default(flag)
        unset = ("not set (default " + default + ")").where((default != "").fillna(False), "not set")
        return value.replace({HIDDEN: "set", "": "empty"}).where(value.notna(), unset)
