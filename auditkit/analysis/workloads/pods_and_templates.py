"""What pods are, whether they run or are only written down: pods, and the templates of controllers that have none.

A Deployment that is scaled to 0 and a CronJob that waits have no pods that could be judged, and may have some any
minute. A controller with pods is judged by them: admission may have changed what its template says. Its template is
judged beside them where it waits to be rolled out, and its pods are still those of an older one. An owner is known by
its UID, and by its name only where a UID is not told, as in files that no API server has stored.

Each table has the columns of the one of pods, and before them ``kind`` (``Pod``, ``Deployment`` …).
"""

import pandas as pd
import pyarrow as pa

from auditkit.analysis.columns import STRING, array, has, lookup
from auditkit.analysis.workloads.lifecycle import ENDED

_KEY = ["kind", "namespace", "name"]
_SAME = {name: name for name in _KEY}
_AS_OWNER = {"kind": "owner_kind", "namespace": "namespace", "name": "owner"}
_MANAGED = {"ReplicaSet": "Deployment", "Job": "CronJob"}
"""Controllers that another makes of its own template."""
_ROLLED_OUT = ("Deployment", "DaemonSet", "StatefulSet")
"""Controllers that replace their pods by those of a new template."""
_ROLLOUT = ["current_replicas", "updated_replicas", "current_scheduled", "updated_scheduled", "generation",
            "observed_generation", "update_strategy", "partition", "paused"]
_OVER = ("Complete", "Failed")
"""Conditions after which a Job makes no more pods (Kubernetes documentation: Jobs, terminal conditions)."""
_REVISIONS = ("ReplicaSet", "ReplicationController")
"""Controllers of which others keep the former ones, without pods (a Deployment, a Rollout, a DeploymentConfig)."""


def idle_templates(templates: pd.DataFrame, workloads: pd.DataFrame, workload_owners: pd.DataFrame, pods: pd.DataFrame,
                   pod_owners: pd.DataFrame, job_conditions: pd.DataFrame) -> pd.DataFrame:
    """Pod templates that may have pods but have no active pod: kind, namespace, name.

    Left out are a ReplicaSet of a Deployment and a Job of a CronJob, for which that one stands (unless pods of just
    these are wanted, or it is suspended), revisions that were replaced by one with pods, and Jobs that
    are over: complete, or failed for good.
    """
    if templates.empty:
        return templates[_KEY]
    state = lookup(templates, _SAME, workloads, ["replicas", "suspended", "completed", *_ROLLOUT])
    links = workload_owners[workload_owners["controller"].fillna(False)]
    direct = _there(_owners(pods, pod_owners), templates)
    made = _there(links[(links["kind"].map(_MANAGED).astype(STRING) == links["owner_kind"]).fillna(False)], templates)
    above = made[has(made, _AS_OWNER, direct)]
    busy = has(templates, _AS_OWNER, direct) | has(templates, _AS_OWNER, above)
    wanted = (state["replicas"] > 0).fillna(False) | state["suspended"].fillna(False)
    sets = links[links["kind"].isin(_REVISIONS)].fillna({"owner_uid": ""})
    owner = {name: name for name in ("owner_kind", "namespace", "owner", "owner_uid")}
    replaced = sets[has(sets, owner, sets[has(sets, _AS_OWNER, direct)])]
    out = (has(templates, _SAME, made) | has(templates, _SAME, replaced)) & ~wanted
    over = job_conditions[job_conditions["type"].isin(_OVER) & (job_conditions["status"] == "True")]
    done = state["completed"].notna() | has(templates, _SAME, over)
    idle = ~(busy | out | done) | _waits(templates["kind"], state)
    return templates.loc[idle, _KEY].reset_index(drop=True)


def _waits(kind: pd.Series, state: pd.DataFrame) -> pd.Series:
    """True if a template waits to be rolled out: there are pods, and none is of it.

    Where the status does not say so, it may wait where it is not rolled out by itself: a Deployment that is paused, a
    StatefulSet with a partition, and what is rolled out by deleting its pods. In a status, a number that is not there
    is 0. Source: Kubernetes API reference, apps/v1.
    """
    every_node = kind.eq("DaemonSet")
    current = state["current_scheduled"].where(every_node, state["current_replicas"])
    updated = state["updated_scheduled"].where(every_node, state["updated_replicas"])
    told = state["observed_generation"].notna()
    behind = ((updated.fillna(0) == 0) & (current.fillna(0) > 0)) | (state["observed_generation"] < state["generation"])
    held = state["paused"].fillna(False) | state["update_strategy"].eq("OnDelete").fillna(False) | (
        state["partition"] > 0).fillna(False)
    return kind.isin(_ROLLED_OUT) & behind.fillna(False).where(told, held)


def _owners(pods: pd.DataFrame, pod_owners: pd.DataFrame) -> pd.DataFrame:
    """The controllers of pods that have not ended, each once: namespace, owner_kind, owner, owner_uid."""
    ended = pods.loc[pods["phase"].isin(ENDED), ["namespace", "name"]]
    columns = ["namespace", "owner_kind", "owner", "owner_uid"]
    links = pod_owners[["pod", *columns]][pod_owners["controller"].fillna(False)]
    links = links[~has(links, {"namespace": "namespace", "pod": "name"}, ended)]
    distinct = pa.table({name: array(links[name]) for name in columns}).group_by(columns).aggregate([])
    return distinct.to_pandas(types_mapper=pd.ArrowDtype)


def _there(links: pd.DataFrame, templates: pd.DataFrame) -> pd.DataFrame:
    """Those whose owner is there: of its name, and not of another UID."""
    owner = lookup(links, {"owner_kind": "kind", "namespace": "namespace", "owner": "name"}, templates, ["name", "uid"])
    return links[owner["name"].notna() & (owner["uid"] == links["owner_uid"]).fillna(True)]


def all_pods(pods: pd.DataFrame, templates: pd.DataFrame, idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`pods`, and idle templates; <NA> is what only a pod has."""
    return _both(pods, templates, idle_templates, "name")


def all_containers(containers: pd.DataFrame, template_containers: pd.DataFrame,
                   idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`containers`, and those of idle templates."""
    return _both(containers, template_containers, idle_templates)


def all_container_capabilities(container_capabilities: pd.DataFrame, template_container_capabilities: pd.DataFrame,
                               idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`container_capabilities`, and those of idle templates."""
    return _both(container_capabilities, template_container_capabilities, idle_templates)


def all_container_ports(container_ports: pd.DataFrame, template_container_ports: pd.DataFrame,
                        idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`container_ports`, and those of idle templates."""
    return _both(container_ports, template_container_ports, idle_templates)


def all_container_handlers(container_handlers: pd.DataFrame, template_container_handlers: pd.DataFrame,
                           idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`container_handlers`, and those of idle templates."""
    return _both(container_handlers, template_container_handlers, idle_templates)


def all_container_env(container_env: pd.DataFrame, template_container_env: pd.DataFrame,
                      idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`container_env`, and that of idle templates."""
    return _both(container_env, template_container_env, idle_templates)


def all_container_env_from(container_env_from: pd.DataFrame, template_container_env_from: pd.DataFrame,
                           idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`container_env_from`, and that of idle templates."""
    return _both(container_env_from, template_container_env_from, idle_templates)


def all_volumes(volumes: pd.DataFrame, template_volumes: pd.DataFrame, idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`volumes`, and those of idle templates."""
    return _both(volumes, template_volumes, idle_templates)


def all_pod_sysctls(pod_sysctls: pd.DataFrame, template_pod_sysctls: pd.DataFrame,
                    idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`pod_sysctls`, and those of idle templates."""
    return _both(pod_sysctls, template_pod_sysctls, idle_templates)


def all_pod_node_selectors(pod_node_selectors: pd.DataFrame, template_pod_node_selectors: pd.DataFrame,
                           idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`pod_node_selectors`, and those of idle templates."""
    return _both(pod_node_selectors, template_pod_node_selectors, idle_templates)


def all_pod_annotations(pod_annotations: pd.DataFrame, template_pod_annotations: pd.DataFrame,
                        idle_templates: pd.DataFrame) -> pd.DataFrame:
    """`pod_annotations`, and those of idle templates."""
    return _both(pod_annotations, template_pod_annotations, idle_templates)


def _both(of_pods: pd.DataFrame, of_templates: pd.DataFrame, idle: pd.DataFrame, pod: str = "pod") -> pd.DataFrame:
    """The rows of pods and then those of idle templates; ``pod`` is the column that names them."""
    columns = ["kind", *of_pods]
    of_pods = of_pods.assign(kind=pd.Series("Pod", of_pods.index, STRING))[columns]
    if of_templates.empty or idle.empty:
        return of_pods.reset_index(drop=True)
    kept = of_templates[has(of_templates, {"kind": "kind", "namespace": "namespace", pod: "name"}, idle)]
    return pd.concat([of_pods, kept.reindex(columns=columns).astype(of_pods.dtypes)], ignore_index=True)
