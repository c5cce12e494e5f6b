"""Remedies for namespaces: a policy that denies by default, a quota, a limit range."""

from collections.abc import Iterable

import pandas as pd

from auditkit.admission.cel.library.quantities import quantity
from auditkit.admission.cel.values import CelError
from auditkit.analysis.workloads.lifecycle import ENDED, lasting
from auditkit.base.hostile_text import count
from auditkit.simulation import needs
from auditkit.simulation.places import Object
from auditkit.simulation.proposal import Failing, Made, Proposed, Unmade, manifest
from auditkit.snapshots.snapshot import Snapshot

NAME = "auditkit"
"""How the objects that remedies add are called, or begin."""
_FEWEST, _ROOM = 20, 2
"""A quota allows so many pods at least, and so many times those that a namespace asks for."""


def default_deny(snapshot: Snapshot, failing: Failing) -> Proposed:
    """A policy that denies what no rule allows to the pods of a namespace, and one for each Service that keeps it open.

    Whoever may connect to a Service is not known, so that it stays open from everywhere, as do ports that containers
    declare. Policies add up: where there are some already, the new ones would open what those close.
    """
    if gaps := snapshot.gaps([*needs.TABLES, "network_policies", "isolation"]):
        yield Unmade("NetworkPolicy", f"which traffic is needed is not known: {gaps[0]}")
        return
    ports = snapshot.frame("service_ports")
    services = snapshot.frame("services")
    for space in failing["name"]:
        here = services[(services["namespace"] == space) & services["type"].ne("ExternalName")]
        if why := _undeclared(snapshot, space, here, ports) or _closed(snapshot, space):
            yield Unmade(f"NetworkPolicy in {space}", why)
            continue
        kept = [_keeping(snapshot, space, name, ports) for name in here.loc[here["selector_count"] > 0, "name"]]
        beside = [*kept, *_declared(snapshot, space)]
        made = _policy(space, f"{NAME}-default-deny", {}, [])
        yield Made(made, "Denies traffic to its pods that no policy allows. What Services and containers declare stays "
                   f"open from everywhere ({_said(beside)}). A port that neither declares is closed: try it outside of "
                   "production.", tuple(beside))


def _undeclared(snapshot: Snapshot, space: str, services: pd.DataFrame, ports: pd.DataFrame) -> str:
    """Why it is not known what Services of a namespace lead to; empty where it is."""
    blind = services[services["selector_count"].eq(0) & ~services["name"].eq("kubernetes")]
    if len(blind) and _has_pods(snapshot, space):
        return f"Service {blind['name'].iloc[0]} has no selector: which pods it leads to is not known"
    open_ = services[services["selector_count"].gt(0) & ~services["name"].isin(
        ports.loc[ports["namespace"] == space, "service"])]
    if len(open_):
        return f"Service {open_['name'].iloc[0]} declares no port: on which it is reached is not known"
    return ""


def _closed(snapshot: Snapshot, space: str) -> str:
    """Why more policies might open what is closed in a namespace; empty where nothing is."""
    policies, pods = snapshot.frame("network_policies"), snapshot.frame("isolation")
    mine = pods[(pods["namespace"] == space) & ~pods["host_network"].fillna(False)]
    if (policies["namespace"] == space).any() or mine["ingress_isolated"].fillna(True).any():
        return "policies are for its pods already, or may be, and more of them would open what those close"
    return ""


def _policy(space: str, name: str, labels: dict[str, str], ports: list[dict[str, object]]) -> Object:
    selector: dict[str, object] = {"matchLabels": labels} if labels else {}
    return manifest("NetworkPolicy", name, space, spec={
        "podSelector": selector, "policyTypes": ["Ingress"], **({"ingress": [{"ports": ports}]} if ports else {})})


def _keeping(snapshot: Snapshot, space: str, service: str, ports: pd.DataFrame) -> Object:
    """A policy that allows what a Service leads to."""
    selectors = snapshot.frame("service_selectors")
    own = selectors[(selectors["namespace"] == space) & (selectors["service"] == service)]
    mine = ports[(ports["namespace"] == space) & (ports["service"] == service)]
    target = mine["target_port"].fillna(mine["port"].astype(mine["target_port"].dtype))
    return _policy(space, f"{NAME}-allow-{service}", dict(zip(own["key"], own["value"], strict=True)), [
        {"protocol": protocol, "port": int(port) if port.isdecimal() else port}
        for protocol, port in dict.fromkeys(zip(mine["protocol"], target, strict=True))])


def _declared(snapshot: Snapshot, space: str) -> Iterable[Object]:
    """A policy that allows the ports that containers declare, those of templates included."""
    frames = [snapshot.frame(name) for name in ("container_ports", "template_container_ports")]
    own = pd.concat([frame.loc[lasting(frame).fillna(True) & (frame["namespace"] == space), ["protocol", "port"]]
                     for frame in frames]).dropna().drop_duplicates().sort_values(["protocol", "port"])
    if len(own):
        yield _policy(space, f"{NAME}-allow-declared-ports", {}, [
            {"protocol": protocol, "port": int(port)} for protocol, port in own.itertuples(index=False)])


def _said(policies: Iterable[Object]) -> str:
    words = dict.fromkeys(f"{port['protocol']} {port['port']}" for each in policies
                          for rule in each["spec"].get("ingress", ()) for port in rule["ports"])
    return ", ".join(words) or "nothing is declared"


def _has_pods(snapshot: Snapshot, space: str) -> bool:
    return any((snapshot.frame(name)["namespace"] == space).any() for name in ("pods", "templates"))


def without_egress(snapshot: Snapshot, failing: Failing) -> Proposed:
    """Nothing: what pods connect to is in no table."""
    if len(failing):
        yield Unmade(f"NetworkPolicy for egress in {count(len(failing), 'namespace')}",
                     "what their pods connect to is not known: no snapshot shows connections")


def quota(snapshot: Snapshot, failing: Failing) -> Proposed:
    """A quota on the number of pods: twice what its controllers and autoscalers may ask for, and no less than 20."""
    kinds = snapshot.frame("workloads")
    jobs = set(kinds.loc[kinds["kind"].isin(["Job", "CronJob"]), "namespace"])
    if gaps := snapshot.gaps(["pods", "workloads", "autoscalers", "nodes"]):
        yield Unmade("ResourceQuota", f"how many pods namespaces need is not known: {gaps[0]}")
        return
    pods = snapshot.frame("pods")
    running = pods[~pods["phase"].isin(ENDED).fillna(False)].groupby("namespace").size()
    for space in failing["name"]:
        if space in jobs:
            yield Unmade(f"ResourceQuota in {space}", "how many pods its Jobs run in parallel is in no table")
            continue
        wanted, there = _wanted(snapshot, space), int(running.get(space, 0))
        most = max(_FEWEST, _ROOM * max(there, wanted))
        yield Made(manifest("ResourceQuota", f"{NAME}-pods", space, spec={"hard": {"pods": str(most)}}),
                   f"Limits the namespace to {most:,} pods. It has {there:,}, and its controllers ask for {wanted:,} "
                   "at most. Limit CPU and memory too where all containers have requests.")


def _wanted(snapshot: Snapshot, space: str) -> int:
    """How many pods the controllers of a namespace ask for at most, with their autoscalers and a pod of each DaemonSet
    on every node."""
    own, scaled = (frame[frame["namespace"] == space] for frame in (
        snapshot.frame("workloads"), snapshot.frame("autoscalers")))
    tops = own[own["kind"].isin(["Deployment", "StatefulSet", "ReplicationController"])]
    each_node = int((own["kind"] == "DaemonSet").sum()) * len(snapshot.frame("nodes"))
    return int(tops["replicas"].fillna(1).sum()) + int(scaled["max_replicas"].fillna(0).sum()) + each_node


def limit_range(snapshot: Snapshot, failing: Failing) -> Proposed:
    """The highest limits that containers have as a maximum, where every container of the namespace has both."""
    if gaps := snapshot.gaps(["containers", "template_containers"]):
        yield Unmade("LimitRange", f"which limits containers have is not known: {gaps[0]}")
        return
    limits = pd.concat([snapshot.frame(name)[["namespace", "cpu_limit", "memory_limit"]]
                        for name in ("all_containers", "template_containers")])
    for space in failing["name"]:
        own = limits.loc[limits["namespace"] == space, ["cpu_limit", "memory_limit"]]
        without = int(own.isna().any(axis=1).sum())
        if without or not len(own):
            yield Unmade(f"LimitRange in {space}", f"{count(without, 'container')} would get limits, and whether these "
                         "are enough is not known" if without else "it has no container to take limits from")
            continue
        try:
            most = {name: max(own[f"{name}_limit"], key=lambda text: quantity(text).amount)
                    for name in ("cpu", "memory")}
        except CelError:
            yield Unmade(f"LimitRange in {space}", "a limit of its containers is no quantity")
            continue
        yield Made(manifest("LimitRange", f"{NAME}-containers", space, spec={"limits": [{
            "type": "Container", "max": most, "default": dict(most)}]}),
            f"Refuses containers with higher limits than {most['cpu']} CPU and {most['memory']} of memory, the highest "
            "of today. Containers without limits get these.")
