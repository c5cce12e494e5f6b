"""The traffic that objects declare: ports of Services and of containers. A policy must not cut it."""

import numpy as np
import pandas as pd

from auditkit.analysis.network.ports import protocol_base
from auditkit.analysis.network.reachability import Reachability
from auditkit.analysis.workloads.lifecycle import lasting
from auditkit.snapshots.snapshot import Snapshot

TABLES = ("pods", "pod_labels", "services", "service_ports", "service_selectors", "container_ports", "templates",
          "template_container_ports")
"""What has to be known completely, so that nothing is missed that is declared."""
_CALLED = ["kind", "namespace", "name"]


def declared(snapshot: Snapshot) -> pd.DataFrame:
    """The ports of pods behind Services, and those that containers declare: namespace, pod, protocol, port."""
    behind, own = snapshot.frame("service_backends"), snapshot.frame("container_ports")
    columns = ["namespace", "pod", "protocol", "port"]
    return pd.concat([behind[columns], own.loc[lasting(own).fillna(True), columns]]).drop_duplicates(ignore_index=True)


def cut(before: Snapshot, after: Snapshot, namespaces: set[str]) -> dict[str, str]:
    """Namespaces in which a declared port is open from fewer places than before, or from more, or perhaps is, each with
    a reason. A pod that is only there afterwards loses nothing."""
    needed = declared(before)
    needed = needed[needed["namespace"].isin(namespaces).to_numpy(bool)].reset_index(drop=True)
    one, other = before.reachability, after.reachability
    ends = _ends(one).merge(_ends(other), on=_CALLED, how="left", suffixes=("_before", "_after"))
    if ends.isna().any(axis=None):
        return dict.fromkeys(sorted(namespaces), "whether it cuts traffic to a declared port is not known")
    rows = needed.merge(ends[ends["kind"] == "Pod"], left_on=["namespace", "pod"], right_on=["namespace", "name"])
    sources = ends.drop_duplicates(["group_before", "group_after"])
    open_before, open_after = (_open(each, rows, sources, when) for each, when in ((one, "before"), (other, "after")))
    found: dict[str, str] = {}
    for what, differ in (("cut", open_before & ~open_after), ("open", ~open_before & open_after)):
        for row in rows[differ.any(axis=1)].itertuples():
            found.setdefault(row.namespace, f"it would {what} traffic to {row.protocol} {row.port} of Pod {row.pod}")
    return found


def _ends(reachability: Reachability) -> pd.DataFrame:
    """The endpoints, each with its row and its group."""
    frame = reachability.endpoints.frame[_CALLED].fillna("")
    return frame.assign(row=np.arange(len(frame)), group=reachability.groups).drop_duplicates(_CALLED)


def _open(reachability: Reachability, rows: pd.DataFrame, sources: pd.DataFrame, when: str) -> np.ndarray:
    """Whether each port is surely open from each source."""
    port = reachability.ports.piece(protocol_base(rows["protocol"]), rows["port"].to_numpy(np.int64))
    pods, peers = (each[f"row_{when}"].to_numpy(np.int64) for each in (rows, sources))
    return np.asarray(reachability.incoming(pods, port, peers) == 1)
