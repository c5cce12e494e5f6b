"""Flags of the control plane's components, lined up with the instances that are judged.

A flag that is not set has its upstream default. Where the value cannot be known it is <NA>: it was not kept, it may
stand in a file or an environment variable instead, or its default depends on a version that the image does not tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from auditkit.checks._values import BOOLEAN, STRING
from auditkit.checks.model import Judgement, judge

UNSEEN = "no static pod of {} is visible: it may run elsewhere, or a provider runs it"
"""What it means that a component has no instances: not that there is none."""

_INSTANCE = ["component", "node", "pod"]


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

    ``environment`` has columns pod and flag: variables that say a flag where the command line does not.
    """

    def __init__(self, instances: pd.DataFrame, flags: pd.DataFrame, component: Component,
                 environment: pd.DataFrame | None = None):
        self.instances, self._flags, self._component, self._environment = instances, flags, component, environment

    def __getitem__(self, flag: str) -> pd.Series:
        given, value = self._given(flag)
        default = self._default(flag)
        value = value.mask(((value == "") & (default != "")).fillna(False))  # no program starts with that
        return value.where(given, default).mask(self._elsewhere(flag, given))

    def set(self, flag: str) -> pd.Series:
        """Whether a flag that names something is set; its value need not have been kept."""
        given, value = self._given(flag)
        return (given & (value != "").fillna(True)).mask(self._elsewhere(flag, given))

    def judge(self, ok: pd.Series, *shown: str, reasons: str = "") -> Judgement:
        """A judgement that shows these flags. ``reasons`` says why it is not known, where the flags do not."""
        evidence = pd.DataFrame({flag: self._shown(flag) for flag in shown}, index=self.instances.index)
        why = pd.Series(reasons, self.instances.index, STRING)
        for flag in shown:
            why = why.mask(self._in_environment(flag), f"--{flag} stands in the environment, where values are not read")
            for file in filter(None, (self._component.files.get(flag), self._component.ignored.get(flag))):
                why = why.mask(self._in_effect(file), f"the file of --{file} may say it; the cluster does not show it")
        return judge(evidence, ok, shown, reasons=why.where(ok.isna(), ""))

    def _given(self, flag: str) -> tuple[pd.Series, pd.Series]:
        """Whether the flag stands on the command line, and its value as it stands there."""
        rows = self._flags[self._flags["flag"].eq(flag).fillna(False)].drop_duplicates(_INSTANCE, keep="last")
        found = self.instances[_INSTANCE].merge(rows[[*_INSTANCE, "value"]], how="left", on=_INSTANCE, indicator=True)
        found.index = self.instances.index
        return (found["_merge"] == "both").astype(BOOLEAN), found["value"].astype(STRING)

    def _default(self, flag: str) -> pd.Series:
        default = pd.Series(self._component.defaults.get(flag, ""), self.instances.index, STRING)
        if flag not in self._component.since:
            return default
        minor, newer = self._component.since[flag]
        known = self.instances["minor"].notna()
        return default.mask((self.instances["minor"] >= minor).fillna(False), newer).where(known)

    def _elsewhere(self, flag: str, given: pd.Series) -> pd.Series:
        """Where something else than the command line decides, which cannot be seen."""
        unseen = self._in_environment(flag) & ~given
        if file := self._component.files.get(flag):
            unseen |= self._in_effect(file) & ~given
        if file := self._component.ignored.get(flag):
            unseen |= self._in_effect(file)
        return unseen

    def _in_effect(self, flag: str) -> pd.Series:
        return self._given(flag)[0] | self._in_environment(flag)

    def _in_environment(self, flag: str) -> pd.Series:
        if self._environment is None:
            return pd.Series(False, self.instances.index, BOOLEAN)
        pods = self._environment.loc[self._environment["flag"].eq(flag).fillna(False), "pod"]
        return self.instances["pod"].isin(pods.dropna())

    def _shown(self, flag: str) -> pd.Series:
        given, value = self._given(flag)
        default = self._default(flag)
        unset = ("not set (default " + default + ")").where((default != "").fillna(False), "not set")
        return value.mask((value == "").fillna(False), "empty").fillna("set").where(given, unset)
