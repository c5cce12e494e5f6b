"""A large made-up cluster for the measures of reachability, and the measures: times as ratios to the plain slow way."""

import random
import sys
import time
from pathlib import Path

import pandas as pd

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1] / "support")]

from mesh_worlds import authorization, control, peers, sidecar  # noqa: E402
from network_reference import Cluster  # noqa: E402
from network_worlds import agent, derive, node  # noqa: E402
from worlds import frames  # noqa: E402

from auditkit.analysis.network.policy_sets import policies_of  # noqa: E402
from auditkit.analysis.network.reachability import QUESTION, Reachability  # noqa: E402

TIERS = ["web", "api", "db"]


def world(pods: int = 10_000, policies: int = 1_000, spaces: int = 100, apps: int = 20, seed: int = 1) -> list[dict]:
    """Pods of so many applications in each namespace; one policy in each denies everything, the rest are of all sorts."""
    pick = random.Random(seed)
    return [*(_namespace(at) for at in range(spaces)), *(_pod(at, spaces, apps) for at in range(pods)),
            *(_policy(pick, at, spaces, apps) for at in range(policies))]


def _namespace(at: int) -> dict:
    return {"kind": "Namespace", "metadata": {"name": f"ns{at}", "labels": {
        "team": f"t{at % 10}", "env": ["prod", "dev"][at % 2]}}}


def _pod(at: int, spaces: int, apps: int) -> dict:
    app = at // spaces % apps
    ports = [{"name": "http", "containerPort": 8000 + app % 5}, {"name": "metrics", "containerPort": 9090}]
    named = {"namespace": f"ns{at % spaces}", "name": f"p{at}", "labels": {
        "app": f"a{app}", "tier": TIERS[app % 3], "pod-template-hash": f"{at:x}"}}
    return {"kind": "Pod", "metadata": named,
            "spec": {"nodeName": f"n{at % 200}", "containers": [{"name": "c", "image": "x", "ports": ports}]},
            "status": {"phase": "Running", "podIP": f"10.{at // 65536}.{at // 256 % 256}.{at % 256}"}}


def _policy(pick: random.Random, at: int, spaces: int, apps: int) -> dict:
    spec: dict = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if at >= spaces:
        tiers = {"operator": pick.choice(["In", "NotIn"]), "values": pick.sample(TIERS, pick.choice([1, 2]))}
        spec["podSelector"] = pick.choice([{"matchLabels": {"app": f"a{pick.randrange(apps)}"}},
                                           {"matchExpressions": [{"key": "tier"} | tiers]}])
        spec["policyTypes"] = pick.choice([["Ingress"], ["Egress"], ["Ingress", "Egress"]])
        for way, peers in (("ingress", "from"), ("egress", "to")):
            spec[way] = [{peers: [_peer(pick, apps) for _ in range(pick.randint(1, 3))],
                          "ports": [_port(pick) for _ in range(pick.randint(0, 2))]} for _ in range(pick.randint(1, 3))]
    return {"kind": "NetworkPolicy", "metadata": {"namespace": f"ns{at % spaces}", "name": f"np{at}"}, "spec": spec}


def _peer(pick: random.Random, apps: int) -> dict:
    block = {"cidr": f"{pick.randint(1, 199)}.{pick.randint(0, 254)}.0.0/{pick.choice([8, 16, 20])}"}
    return pick.choice([
        {"podSelector": {"matchLabels": {"app": f"a{pick.randrange(apps)}"}}},
        {"namespaceSelector": {"matchLabels": {"team": f"t{pick.randrange(10)}"}}},
        {"namespaceSelector": {"matchLabels": {"env": pick.choice(["prod", "dev"])}},
         "podSelector": {"matchLabels": {"tier": pick.choice(TIERS)}}},
        {"namespaceSelector": {"matchExpressions": [
            {"key": "team", "operator": "NotIn", "values": [f"t{pick.randrange(10)}"]}]}},
        {"ipBlock": block},
    ])


def _port(pick: random.Random) -> dict:
    first = pick.randint(1, 60_000)
    return pick.choice([{"port": pick.choice(["http", "metrics"])}, {"port": first, "endPort": first + 100},
                        {"port": pick.choice([80, 443, 5432, 8080]), "protocol": pick.choice(["TCP", "UDP"])}])


def measures(pods: int = 10_000, policies: int = 1_000, asked: int = 200) -> dict[str, float]:
    """How long the matrix of groups and questions take, in seconds of this process, and the plain way in comparison.

    groups; matrix_seconds (with all that goes before it); question_seconds and plain_seconds for one question;
    pairs_ratio: the plain way on every pair of groups, one port, to the whole matrix.
    """
    objects = world(pods, policies)
    tables = frames(objects)
    start = time.process_time()
    reach = Reachability(tables)
    groups = len(reach.matrix().allowed)
    matrix = time.process_time() - start
    pick = random.Random(2)
    ends = [thing for thing in objects if thing["kind"] == "Pod"]
    pairs = [(pick.choice(ends), pick.choice(ends)) for _ in range(asked)]
    questions = pd.DataFrame([[end["metadata"][key] for end in pair for key in ("namespace", "name")] + ["TCP", 8080]
                              for pair in pairs], columns=QUESTION)
    start = time.process_time()
    reach.allowed(pd.concat([questions] * (100_000 // asked), ignore_index=True))
    fast = (time.process_time() - start) / (100_000 // asked * asked)
    cluster, start = Cluster(objects), time.process_time()
    for source, destination in pairs:
        for direction in ("ingress", "egress"):
            cluster.verdict(direction, source, destination, "TCP", 8080)
    plain = (time.process_time() - start) / asked
    return {"groups": groups, "matrix_seconds": matrix, "question_seconds": fast, "plain_seconds": plain,
            "pairs_ratio": plain * groups**2 / matrix}


def cilium(policies: list[dict]) -> list[dict]:
    """Cilium's policies of about the same meaning as these NetworkPolicies."""
    return [{"kind": "CiliumNetworkPolicy", "metadata": each["metadata"], "spec": {
        "endpointSelector": each["spec"]["podSelector"],
        **{way: [{**_cilium_peers(way, rule[peers]), "toPorts": [{"ports": [
            {"port": str(port["port"]), "protocol": port.get("protocol", "TCP"), "endPort": port.get("endPort", 0)}
            for port in rule["ports"]]}]} for rule in each["spec"].get(way, [])]
           for way, peers in (("ingress", "from"), ("egress", "to"))}}} for each in policies]


def _cilium_peers(way: str, peers: list[dict]) -> dict:
    end = {"ingress": "from", "egress": "to"}[way]
    selectors = [peer["podSelector"] for peer in peers if "podSelector" in peer]
    blocks = [peer["ipBlock"] for peer in peers if "ipBlock" in peer]
    return {f"{end}Endpoints": selectors} if selectors or not blocks else {f"{end}CIDRSet": blocks}


def calico(policies: list[dict]) -> list[dict]:
    """Calico's policies of about the same meaning as these NetworkPolicies."""
    return [{"apiVersion": "projectcalico.org/v3", "kind": "NetworkPolicy", "metadata": each["metadata"], "spec": {
        "order": at, "selector": _expression(each["spec"]["podSelector"]), "types": each["spec"]["policyTypes"],
        **{way: [rule for given in each["spec"].get(way, []) for peer in given[peers]
                 for rule in _calico_rules(peer, given["ports"], end)]
           for way, peers, end in (("ingress", "from", "source"), ("egress", "to", "destination"))}}}
        for at, each in enumerate(policies)]


def _calico_rules(peer: dict, ports: list[dict], end: str) -> list[dict]:
    found: dict = {"nets": [peer["ipBlock"]["cidr"]]} if "ipBlock" in peer else {}
    for name, field in (("podSelector", "selector"), ("namespaceSelector", "namespaceSelector")):
        if name in peer:
            found[field] = _expression(peer[name])
    if not ports:
        return [{"action": "Allow", end: found}]
    return [{"action": "Allow", "protocol": port.get("protocol", "TCP"), end: found, "destination": {
        **(found if end == "destination" else {}),
        "ports": [f"{port['port']}:{port['endPort']}" if "endPort" in port else port["port"]]}} for port in ports]


def _expression(selector: dict) -> str:
    labels = [f"{key} == '{value}'" for key, value in selector.get("matchLabels", {}).items()]
    others = [f"{one['key']} {'in' if one['operator'] == 'In' else 'not in'} {{{str(one['values'])[1:-1]}}}"
              for one in selector.get("matchExpressions", [])]
    return " && ".join([*labels, *others]) or "all()"


def istio(objects: list[dict], policies: int) -> list[dict]:
    """The same cluster with a proxy of Istio in each pod, and as many policies of each of its kinds."""
    spaces = [thing["metadata"]["name"] for thing in objects if thing["kind"] == "Namespace"]
    pick = random.Random(3)
    meshed = [sidecar(thing) if thing["kind"] == "Pod" else thing for thing in objects]
    modes = [peers(f"pa{at}", spaces[at % len(spaces)], pick.choice(["STRICT", "PERMISSIVE"]),
                   **({} if at < len(spaces) else {"app": f"a{pick.randrange(20)}"})) for at in range(policies)]
    rules = [authorization(f"ap{at}", spaces[at % len(spaces)], action=pick.choice(["ALLOW", "ALLOW", "DENY"]),
                           selector={"matchLabels": {"app": f"a{pick.randrange(20)}"}},
                           rules=[{"from": [{"source": _istio_source(pick, spaces)} for _ in range(2)],
                                   "to": [{"operation": {"ports": [str(pick.choice([80, 443, 8000, 9090]))]}}]}])
             for at in range(policies)]
    return [*meshed, *control(), *modes, *rules]


def _istio_source(pick: random.Random, spaces: list[str]) -> dict:
    space = pick.choice(spaces)
    return pick.choice([{"namespaces": [space]}, {"principals": [f"cluster.local/ns/{space}/sa/default"]},
                        {"notNamespaces": [space]}, {"ipBlocks": [f"{pick.randint(1, 199)}.0.0.0/8"]}])


def mesh_ratio(pods: int = 10_000, policies: int = 1_000) -> float:
    """How long the matrix of groups takes in a mesh, with all that is derived before it, as a ratio to that of the
    NetworkPolicies alone."""
    objects = world(pods, policies)
    taken = []
    for things in (objects, istio(objects, policies)):
        tables = frames([*things, node("n1")])
        derive(tables, "network_plugin"), derive(tables, "pod_readiness")
        start = time.process_time()
        mesh = derive(tables, "mesh_rules")
        Reachability(tables, policies_of(tables, tables["network_plugin"]), mesh).matrix()
        taken.append(time.process_time() - start)
    return taken[1] / taken[0]


def engine_ratios(pods: int = 10_000, policies: int = 1_000) -> dict[str, float]:
    """How long the matrix of groups takes with as many policies of an engine beside the NetworkPolicies, as a ratio to
    that of the NetworkPolicies alone in the same run."""
    objects = world(pods, policies)
    own = [thing for thing in objects if thing["kind"] == "NetworkPolicy"]
    agents = {"alone": [], "cilium": agent("quay.io/cilium/cilium:v1.19.0", name="cilium"),
              "calico": agent("quay.io/calico/node:v3.31.0", name="calico")}
    more = {"alone": [], "cilium": cilium(own), "calico": calico(own)}
    taken = {}
    for name, daemon in agents.items():
        tables = frames([*objects, node("n1"), *daemon, *more[name]])
        plugin = derive(tables, "network_plugin")
        start = time.process_time()
        Reachability(tables, policies_of(tables, plugin)).matrix()
        taken[name] = time.process_time() - start
    return {f"{name}_ratio": seconds / taken["alone"] for name, seconds in taken.items() if name != "alone"}


if __name__ == "__main__":
    for name, value in (measures() | engine_ratios() | {"mesh_ratio": mesh_ratio()}).items():
        print(f"{name:18} {value:.3g}")
