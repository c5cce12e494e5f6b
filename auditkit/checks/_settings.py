"""Settings of kubelets, lined up with the nodes that are judged.

A kubelet tells its configuration with every default filled in, but leaves out fields of ``KubeletConfiguration`` that
are empty: false, 0, the empty text. So what the absence of a field means depends on the field. Of a node whose kubelet
was not read, nothing is known.
"""

import pandas as pd

from auditkit.analysis.rows import BOOLEAN, STRING, lookup
from auditkit.checks.model import Judgement, judge


class Settings:
    """The settings of each node's kubelet: ``settings["readOnlyPort"]`` is one as text, <NA> where it is not known."""

    def __init__(self, nodes: pd.DataFrame, kubelets: pd.DataFrame, kubelet_settings: pd.DataFrame):
        self._nodes, self._settings = nodes, kubelet_settings
        told = lookup(nodes, {"name": "node"}, kubelets, ["read", "reason"])
        self._read = told["read"].fillna(False).astype(BOOLEAN)
        self._why = told["reason"].fillna("").where(~self._read, "").astype(STRING)

    def __getitem__(self, key: str) -> pd.Series:
        rows = self._settings[(self._settings["key"] == key).fillna(False)]
        return lookup(self._nodes, {"name": "node"}, rows, ["value"])["value"].where(self._read)

    def get(self, key: str, absent: str) -> pd.Series:
        """A setting that the kubelet leaves out where it has this value."""
        return self[key].fillna(absent).where(self._read)

    def judge(self, ok: pd.Series, *shown: str, applies: pd.Series | None = None, otherwise: str = "",
              reasons: str = "") -> Judgement:
        """A judgement of the nodes that shows these settings. ``reasons`` says why a node that was read is unknown."""
        evidence = pd.DataFrame({key: self[key] for key in shown}, index=self._nodes.index)
        unread = ("the kubelet's configuration was not read: " + self._why).where(
            self._why != "", "the kubelet's configuration was not read")
        why = unread.mask(self._read, reasons).where(ok.isna(), "")
        return judge(evidence, ok, shown, applies=applies, otherwise=otherwise, reasons=why)
