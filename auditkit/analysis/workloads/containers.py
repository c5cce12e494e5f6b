"""Tables that checks share: containers with what their pod says, and what covers workloads and namespaces."""

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit import tables
from auditkit.analysis.columns import BOOLEAN, IN_CONTAINER, OF_POD, STRING, array, has, lookup, named
from auditkit.analysis.label_selectors import select
from auditkit.analysis.workloads.lifecycle import ENDED, lasting

_EFFECTIVE = ("run_as_non_root", "run_as_user", "run_as_group", "windows_user", "seccomp_type", "apparmor_type",
              "selinux_type", "windows_host_process", "cpu_limit", "memory_limit", "security_context")
_OF_PODS = ("fs_group", "security_statement", "restart_policy")

_POD = {"kind": "kind", "namespace": "namespace", "pod": "name"}
"""From `all_containers` to `all_pods`."""


def container_contexts(all_containers: pd.DataFrame, all_pods: pd.DataFrame) -> pd.DataFrame:
    """The effective security context of each container, in the order of the containers: its own setting, else its
    pod's.

    Columns: run_as_non_root, run_as_user, run_as_group, windows_user, seccomp_type, apparmor_type, selinux_type,
    windows_host_process, cpu_limit, memory_limit, security_context (a field that it or its pod sets; <NA>: none);
    fs_group and security_statement of the pod alone; restart_policy (its own, else that of the pod);
    serves: it runs as long as its pod, which does not end by itself (a regular container, or an init container that
    is a sidecar); and ended: its pod has.
    """
    known = all_pods[["kind", "namespace", "name", *_OF_PODS, *_EFFECTIVE]].assign(ended=ended(all_pods))
    pod = lookup(all_containers, _POD, known, [*_EFFECTIVE, *_OF_PODS, "ended"])
    own = all_containers["restart_policy"]
    policy = own.fillna(pod["restart_policy"])
    stays = lasting(all_containers) & ((all_containers["type"] == "regular") | (pod["restart_policy"] == "Always"))
    return pd.DataFrame({
        **{name: all_containers[name].fillna(pod[name]) for name in _EFFECTIVE},
        **{name: pod[name] for name in ("fs_group", "security_statement")}, "restart_policy": policy,
        "serves": stays & (policy == "Always"), "ended": pod["ended"].fillna(False),
    })


def container_systems(all_containers: pd.DataFrame, all_pods: pd.DataFrame, nodes: pd.DataFrame,
                      all_pod_node_selectors: pd.DataFrame) -> pd.DataFrame:
    """The operating system of each container, in the order of the containers.

    Column: windows (its pod is on a Windows node, or, where no node tells, states or asks for Windows).
    """
    known = all_pods[["kind", "namespace", "name"]].assign(os=_systems(all_pods, nodes, all_pod_node_selectors))
    return lookup(all_containers, _POD, known, ["os"]).eq("windows").fillna(False).rename(columns={"os": "windows"})


def _systems(pods: pd.DataFrame, nodes: pd.DataFrame, selectors: pd.DataFrame) -> pd.Series:
    """The operating system of each pod: that of its node, else what it states, else what it asks for."""
    of_node = lookup(pods, {"node": "name"}, nodes, ["os"])["os"]
    return of_node.fillna(pods["os_name"]).fillna(lookup(pods, OF_POD, selectors, ["value"])["value"])


def ended(pods: pd.DataFrame) -> pd.Series:
    """True for each pod that has ended. A pod without a final phase may still run."""
    return pods["phase"].isin(ENDED).astype(BOOLEAN)


def image_volumes(all_volumes: pd.DataFrame) -> pd.DataFrame:
    """Images that pods mount as volumes: kind, namespace, pod, image.

    Such an image is named in ``volumes[].image.reference`` (on by default since Kubernetes 1.35), and is pulled as
    those of containers are.
    """
    return all_volumes.loc[all_volumes["image"].notna(), ["kind", "namespace", "pod", "image"]]


def container_powers(all_containers: pd.DataFrame, all_container_capabilities: pd.DataFrame) -> pd.DataFrame:
    """Capabilities of each container, in the order of the containers: drops_all, drops_net_raw, adds_net_raw, and
    added and dropped (their names; empty where there are none).

    Runtimes read names in any case and put ``CAP_`` before them; a name that has it already drops nothing, but it may
    be granted.
    """
    rows = all_container_capabilities.assign(capability=all_container_capabilities["capability"].str.upper())
    adds = (rows["action"] == "add").fillna(False)
    added, dropped = rows[adds], rows[~adds]
    net_raw = added["capability"].str.removeprefix("CAP_").isin(["ALL", "NET_RAW"])
    return pd.DataFrame({
        "drops_all": has(all_containers, IN_CONTAINER, dropped[dropped["capability"] == "ALL"]),
        "drops_net_raw": has(all_containers, IN_CONTAINER, dropped[dropped["capability"].isin(["ALL", "NET_RAW"])]),
        "adds_net_raw": has(all_containers, IN_CONTAINER, added[net_raw]),
        "added": named(all_containers, IN_CONTAINER, added, "capability"),
        "dropped": named(all_containers, IN_CONTAINER, dropped, "capability"),
    })


def namespaced_objects(
    pods: pd.DataFrame, workloads: pd.DataFrame, services: pd.DataFrame, ingresses: pd.DataFrame,
    network_policies: pd.DataFrame, persistent_volume_claims: pd.DataFrame, roles: pd.DataFrame,
    bindings: pd.DataFrame, service_accounts: pd.DataFrame, secrets: pd.DataFrame, config_maps: pd.DataFrame,
    external_secrets: pd.DataFrame, resource_quotas: pd.DataFrame, limit_ranges: pd.DataFrame,
    disruption_budgets: pd.DataFrame, device_claims: pd.DataFrame, autoscalers: pd.DataFrame, gateways: pd.DataFrame,
    gateway_routes: pd.DataFrame, openshift_routes: pd.DataFrame, contour_proxies: pd.DataFrame,
    istio_gateways: pd.DataFrame, istio_virtual_services: pd.DataFrame, istio_peer_authentications: pd.DataFrame,
    istio_authorization_policies: pd.DataFrame, istio_envoy_filters: pd.DataFrame,
    linkerd_servers: pd.DataFrame, linkerd_authorization_policies: pd.DataFrame,
    linkerd_server_authorizations: pd.DataFrame, linkerd_authentications: pd.DataFrame,
    traefik_routes: pd.DataFrame, traefik_middlewares: pd.DataFrame,
    issued_certificates: pd.DataFrame, certificate_issuers: pd.DataFrame,
) -> pd.DataFrame:
    """Every object of a namespace that is collected: kind, namespace, name, type of Secrets, and what an ExternalName
    Service stands for."""
    frames = dict(locals())
    return pd.concat([_called(frame, tables.TABLES[table].kind) for table, frame in frames.items()], ignore_index=True)


def _called(objects: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Objects of namespaces by what they are called, each once: of quotas there is a row for each limit."""
    names = pd.DataFrame({
        "kind": objects["kind"] if "kind" in objects else pd.Series(kind, objects.index, STRING),
        "namespace": objects["namespace"], "name": objects["name"],
        "type": objects["type"] if kind == "Secret" else pd.Series(pd.NA, objects.index, STRING),
        "stands_for": objects["external_name"].where(objects["type"] == "ExternalName") if kind == "Service"
        else pd.Series(pd.NA, objects.index, STRING)})
    names = names[names["namespace"].notna()]
    return names.drop_duplicates() if kind in ("ResourceQuota", "LimitRange") else names


def secret_fetchers(external_secrets: pd.DataFrame, volumes: pd.DataFrame, containers: pd.DataFrame) -> pd.DataFrame:
    """Objects that fetch secrets from an external store: namespace, and by what (a kind, or an agent, which is
    known by its name and by its image)."""
    mounts = volumes[(volumes["csi_driver"] == "secrets-store.csi.k8s.io").fillna(False)]
    agent = containers["image"].str.contains(r"vault|(?:^|[^a-z])bao|openbao", regex=True).fillna(True)
    agents = containers[containers["name"].isin(["vault-agent", "vault-agent-init"]) & agent]
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
    first = pa.array(covers.argmax(axis=0) if len(budgets) else np.zeros(len(workloads), np.int64),
                     mask=~covers.any(axis=0))
    return pd.DataFrame({"budget": pd.arrays.ArrowExtensionArray(array(budgets["name"]).take(first))}, workloads.index)
