"""The traffic that objects declare: ports of Services and of containers. A policy must not cut it."""

import numpy as np
import pandas as pd

from auditkit.analysis.network.ports import protocol_base
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
    """Namespaces in which a declared port is open from fewer places than before, or perhaps is, each with a reason."""
    needed = declared(before)
    needed = needed[needed["namespace"].isin(namespaces).to_numpy(bool)].reset_index(drop=True)
    one, other = before.reachability, after.reachability
    called = [each.endpoints.frame[_CALLED].fillna("") for each in (one, other)]
    if not called[0].equals(called[1]):
        return dict.fromkeys(sorted(namespaces), "whether it cuts traffic to a declared port is not known")
    rows = needed.merge(called[0][called[0]["kind"] == "Pod"].reset_index(names="row"),
                        left_on=["namespace", "pod"], right_on=["namespace", "name"])
    _, sources = np.unique(np.stack([one.groups, other.groups]), axis=1, return_index=True)
    pods, ports = (rows[name].to_numpy(np.int64) for name in ("row", "port"))
    base = protocol_base(rows["protocol"])
    open_before, open_after = (each.incoming(pods, each.ports.piece(base, ports), sources) == 1
                               for each in (one, other))
    closed = rows[(open_before & ~open_after).any(axis=1)].drop_duplicates("namespace")
    return {row.namespace: f"it would cut traffic to {row.protocol} {row.port} of Pod {row.pod}"
            for row in closed.itertuples()}
