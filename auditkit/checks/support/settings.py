"""Settings of kubelets, for the nodes that are judged.

A kubelet tells its configuration with every default filled in, but leaves out fields of ``KubeletConfiguration`` that
are empty: false, 0, the empty text. So what the absence of a field means depends on the field. Of a node whose kubelet
was not read, nothing is known.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.checks.model import Judgement, judge


class Settings:
    """The settings of each node's kubelet: ``settings["readOnlyPort"]`` is one as text, <NA> where it is not known.

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
        """A setting that the kubelet leaves out where it has this value."""
        return self[key].fillna(absent).where(self._read)

    def judge(self, ok: pd.Series, *shown: str, applies: pd.Series | None = None, otherwise: str = "",
              reasons: str = "") -> Judgement:
        """A judgement of the nodes that shows these settings. ``reasons`` says why a node that was read is unknown."""
        evidence = pd.DataFrame({key: self[key] for key in shown}, index=self._nodes.index)
        unread = "the kubelet's configuration was not read: " + self._nodes["reason"].fillna("it was not asked")
        why = unread.mask(self._read, reasons).where(ok.isna(), "")
        return judge(evidence, ok, shown, applies=applies, otherwise=otherwise, reasons=why)
