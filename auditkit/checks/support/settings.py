"""Settings of kubelets, for the nodes that are judged.

A kubelet reports its configuration with all defaults filled in, but leaves out fields of ``KubeletConfiguration`` that
are empty: false, 0 or the empty text. What the absence of a field means therefore depends on the field. Nothing is
known of a node whose kubelet was not read.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.checks.model import Judgement, judge


class Settings:
    """The settings of the kubelet of each node: ``settings["readOnlyPort"]`` is text, <NA> where it is not known.

    ``nodes`` is the table `auditkit.analysis.cluster.control_plane.node_kubelets`.
    """

    def __init__(self, nodes: pd.DataFrame):
        self._nodes = nodes
        self._read = nodes["read"].fillna(False).astype(BOOLEAN)

    def __getitem__(self, key: str) -> pd.Series:
        if f"kubelet.{key}" in self._nodes:
            return self._nodes[f"kubelet.{key}"].where(self._read)
        return pd.Series(pd.NA, self._nodes.index, STRING)

    def get(self, key: str, absent: str) -> pd.Series:
        """A setting that the kubelet leaves out if it has the value ``absent``."""
        return self[key].fillna(absent).where(self._read)

    def judge(self, ok: pd.Series, *shown: str, applies: pd.Series | None = None, otherwise: str = "",
              reasons: str = "") -> Judgement:
        """A judgement with these settings as evidence. ``reasons`` says why a node that was read is unknown."""
        evidence = pd.DataFrame({key: self[key] for key in shown}, index=self._nodes.index)
        unread = "the kubelet's configuration was not read: " + self._nodes["reason"].fillna("it was not requested")
        why = unread.mask(self._read, reasons).where(ok.isna(), "")
        return judge(evidence, ok, shown, applies=applies, otherwise=otherwise, reasons=why)
