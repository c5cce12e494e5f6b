"""Which pods are ready: the one place that judges whether an agent, a sensor or a webhook acts.

A pod whose phase is ``Running`` may be in a crash loop: the phase stays so as long as a container is to be started
again. Source: Kubernetes documentation, Pod Lifecycle (phase and conditions).
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, has, lookup

_POD = {"namespace": "namespace", "name": "pod"}


def pod_readiness(pods: pd.DataFrame, pod_conditions: pd.DataFrame, container_images: pd.DataFrame,
                  pod_owners: pd.DataFrame, workloads: pd.DataFrame) -> pd.DataFrame:
    """One row a pod, in their order: namespace, pod, node, ready (``<NA>``: not known).

    The condition ``Ready`` decides. Without one a pod is not ready where a container of it is said not to be, and ready
    where its DaemonSet says that all of its pods are. One in another phase than Running is not ready; a pod that is
    only written down has no phase, which tells nothing.
    """
    condition = lookup(pods, _POD, pod_conditions[pod_conditions["type"].eq("Ready").fillna(False)], ["status"])
    ready = (condition["status"] == "True").astype(BOOLEAN)
    unready = container_images[(container_images["type"].eq("regular") & ~container_images["ready"]).fillna(False)]
    ready = ready.mask(ready.isna() & has(pods, _POD, unready), False)
    ready = ready.mask(ready.isna() & has(pods, _POD, _said_by_daemonsets(pod_owners, workloads)), True)
    ready = ready.mask((pods["phase"] != "Running").fillna(False), False)
    found = pods[["namespace", "name", "node"]].rename(columns={"name": "pod"})
    return found.assign(ready=ready).reset_index(drop=True)


def _said_by_daemonsets(pod_owners: pd.DataFrame, workloads: pd.DataFrame) -> pd.DataFrame:
    """The pods of DaemonSets of which a pod is ready on every node that they are for."""
    whole = (workloads["number_ready"] >= workloads["desired_scheduled"]) & (workloads["desired_scheduled"] > 0)
    whole = workloads[(whole & workloads["kind"].eq("DaemonSet")).fillna(False)]
    return pod_owners[has(pod_owners, {"owner_kind": "kind", "namespace": "namespace", "owner": "name"}, whole)]
