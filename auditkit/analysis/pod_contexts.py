"""Tables that checks share: containers with what their pod says, and what covers workloads and namespaces."""

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis.network_selectors import select
from auditkit.analysis.rows import BOOLEAN, IN_CONTAINER, STRING, has, lookup, named

_EFFECTIVE = ("run_as_non_root", "run_as_user", "seccomp_type", "windows_host_process", "cpu_limit", "memory_limit")
_STATED = ("run_as_non_root", "run_as_user", "seccomp_type", "windows_host_process", "apparmor_type", "selinux_type",
           "selinux_user", "selinux_role")


def container_contexts(containers: pd.DataFrame, pods: pd.DataFrame) -> pd.DataFrame:
    """What applies to each container, in the order of the containers: its own setting, else that of its pod.

    Columns: run_as_non_root, run_as_user, seccomp_type, windows_host_process, cpu_limit, memory_limit; windows (its
    pod says that it runs on Windows), restart_policy (of the pod), and stated (it or its pod has a security context).
    """
    pod = lookup(containers, {"namespace": "namespace", "pod": "name"}, pods,
                 list(dict.fromkeys([*_EFFECTIVE, *_STATED, "os_name", "restart_policy"])))
    return pd.DataFrame({
        **{name: containers[name].fillna(pod[name]) for name in _EFFECTIVE},
        "windows": pod["os_name"].eq("windows").fillna(False), "restart_policy": pod["restart_policy"],
        "stated": containers["has_security_context"] | pod[list(_STATED)].notna().any(axis=1).astype(BOOLEAN),
    })


def container_powers(containers: pd.DataFrame, container_capabilities: pd.DataFrame) -> pd.DataFrame:
    """Capabilities of each container, in the order of the containers: drops_all, drops_net_raw, adds_net_raw, and
    added and dropped (their names; empty where there are none).

    Runtimes read names in any case and put ``CAP_`` before them; a name that has it already drops nothing, but it may
    be granted.
    """
    rows = container_capabilities.assign(capability=container_capabilities["capability"].str.upper())
    adds = (rows["action"] == "add").fillna(False)
    added, dropped = rows[adds], rows[~adds]
    net_raw = added["capability"].str.removeprefix("CAP_").isin(["ALL", "NET_RAW"])
    return pd.DataFrame({
        "drops_all": has(containers, IN_CONTAINER, dropped[dropped["capability"] == "ALL"]),
        "drops_net_raw": has(containers, IN_CONTAINER, dropped[dropped["capability"].isin(["ALL", "NET_RAW"])]),
        "adds_net_raw": has(containers, IN_CONTAINER, added[net_raw]),
        "added": named(containers, IN_CONTAINER, added, "capability"),
        "dropped": named(containers, IN_CONTAINER, dropped, "capability"),
    })


def namespaced_objects(pods: pd.DataFrame, workloads: pd.DataFrame, services: pd.DataFrame) -> pd.DataFrame:
    """Every pod, service and workload controller: kind, namespace, name."""
    columns = ["kind", "namespace", "name"]
    kinds = ((pods, "Pod"), (services, "Service"))
    frames = [frame.assign(kind=pd.Series(kind, frame.index, STRING))[columns] for frame, kind in kinds]
    return pd.concat([*frames, workloads[columns]], ignore_index=True)


def secret_fetchers(external_secrets: pd.DataFrame, volumes: pd.DataFrame, containers: pd.DataFrame) -> pd.DataFrame:
    """What fetches secrets from a store outside of the cluster: namespace, and by what (a kind, or an agent)."""
    mounts = volumes[(volumes["csi_driver"] == "secrets-store.csi.k8s.io").fillna(False)]
    agents = containers[containers["name"].isin(["vault-agent", "vault-agent-init"])]
    return pd.concat([
        rows[["namespace"]].assign(by=by) for rows, by in (
            (external_secrets, external_secrets["kind"]), (mounts, mounts["csi_driver"]), (agents, agents["name"]))
    ], ignore_index=True).drop_duplicates(ignore_index=True)


def workload_budgets(workloads: pd.DataFrame, template_pod_labels: pd.DataFrame, disruption_budgets: pd.DataFrame,
                     disruption_budget_selectors: pd.DataFrame) -> pd.DataFrame:
    """For each workload, in their order: budget, the first PodDisruptionBudget that protects its pods (<NA>: none).

    A budget covers pods of its namespace that its selector picks; without a selector it covers none. One that lets
    all pods go (``maxUnavailable: 100%``, ``minAvailable: 0``) protects nothing.
    """
    idle = (disruption_budgets["min_available"].isin(["0", "0%"]) | disruption_budgets["max_unavailable"].eq("100%"))
    budgets = disruption_budgets[disruption_budgets["has_selector"] & ~idle.fillna(False)].reset_index(drop=True)
    numbers = budgets[["namespace", "name"]].set_axis(["namespace", "budget"], axis=1)
    numbers["selector"] = np.arange(len(budgets))
    things = workloads[["kind", "namespace", "name"]].set_axis(["kind", "namespace", "pod"], axis=1)
    things["thing"] = np.arange(len(workloads))
    picked = select(disruption_budget_selectors.merge(numbers, on=["namespace", "budget"]),
                    template_pod_labels.merge(things, on=["kind", "namespace", "pod"]), len(budgets), len(workloads))
    where, _ = pd.factorize(pd.concat([budgets["namespace"], workloads["namespace"]], ignore_index=True))
    covers = picked[:-1] & (where[:len(budgets), None] == where[None, len(budgets):])
    names = pa.chunked_array(budgets["name"].array.__arrow_array__()).combine_chunks()
    first = pa.array(covers.argmax(axis=0) if len(budgets) else np.zeros(len(workloads), np.int64),
                     mask=~covers.any(axis=0))
    return pd.DataFrame({"budget": pd.arrays.ArrowExtensionArray(names.take(first))}, workloads.index)
