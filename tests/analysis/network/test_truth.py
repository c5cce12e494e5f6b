"""Agreement with what other projects know of the same policies.

Where they model something else, that is said here:

- cyclonus asks a pod about itself as about any other; a pod always reaches itself, so these flows are left out. Where
  a case asks for one port only, other ports are not in its list and are not compared.
- netpol-analyzer takes pods on their node's network for pods like any other (``ipblockstest_*``,
  ``semanticDiff-same-topologies-*``, ``multiple_topology_resources_*``), which Kubernetes leaves open; its cases are
  read in that way (``host_pods``). It lists workloads, not pods: what one pod of a workload may do counts for it. It
  knows IPv4 only. What is not known here, for a pod without an address, must not be in its lists.
- The recipes 01, 03 and 12 say in words what is isolated.
"""

from collections import defaultdict

import pandas as pd
import pytest
from network_truth import (
    ABSENT,
    cases,
    connections,
    expected_spans,
    exposures,
    imagined,
    is_whole,
    joined,
    objects,
    spans,
)
from network_worlds import namespace
from worlds import frames

from auditkit.analysis.network.reachability import QUESTION, Reachability
from auditkit.analysis.network.services import ingress_backends, service_backends

CYCLONUS, RECIPES, ANP, NPA = (cases(origin) for origin in ("cyclonus", "recipe", "anp", "npa"))
LISTS = [case for case in NPA if connections(case) is not None and is_whole(case)]
LIMITED = [case for case in NPA if connections(case) and not is_whole(case)]
pytestmark = [pytest.mark.skipif(not CYCLONUS, reason=ABSENT), pytest.mark.slow]


def _each(found: list[dict]):
    return pytest.mark.parametrize("case", found, ids=[case["id"] for case in found])


def _ask(reach: Reachability, asked: list[tuple[str, str, str]]) -> pd.DataFrame:
    """Questions as ``namespace/pod``, ``namespace/pod``, ``TCP/80``."""
    rows = [[*source.split("/"), *destination.split("/"), *port.split("/")] for source, destination, port in asked]
    return reach.judged(pd.DataFrame(rows, columns=QUESTION).astype({"port": "int64"}))


@_each(CYCLONUS)
def test_cyclonus(case):
    things, expected = objects(case), case["expected"]
    only = expected["probe"]["PortProtocol"]
    pods = [thing for thing in things if thing["kind"] == "Pod"]
    ports = sorted({(port["protocol"], port["containerPort"], port["name"]) for pod in pods
                    for container in pod["spec"]["containers"] for port in container["ports"]})
    if only:
        ports = [port for port in ports if port[0] == only["Protocol"] and only["Port"] in port[1:]]
    names = ["/".join((pod["metadata"]["namespace"], pod["metadata"]["name"])) for pod in pods]
    asked = [(a, b, f"{protocol}/{port}") for a in names for b in names if a != b for protocol, port, _ in ports]
    allowed = {tuple(flow) for flow in expected["allowed"]}
    assert asked
    found = _ask(Reachability(frames(things)), asked)
    assert [flow for flow, ok in zip(asked, found["allowed"], strict=True) if ok is not (flow in allowed)] == []
    for *flow, ingress, egress in expected.get("blocked_ingress_egress", []):
        if tuple(flow) in asked:
            both = found.loc[asked.index(tuple(flow)), ["ingress", "egress"]].tolist()
            assert both == [verdict == "allowed" for verdict in (ingress, egress)], flow


@_each(ANP)
def test_network_policy_api(case):
    flows = [flow for flow in case["expected"]["flows_ingress_egress"] if flow[3] != "undefined"]
    found = _ask(Reachability(frames(objects(case))), [tuple(flow[:3]) for flow in flows])
    expected = [[ingress == "allowed", egress == "allowed"] for *_, ingress, egress in flows]
    assert found[["ingress", "egress"]].to_numpy(object).tolist() == expected


@_each(RECIPES)
def test_recipes(case):
    things = objects(case)
    for flow in case["expected"]["flows"]:
        ends, asked = [], []
        for at, end in enumerate((flow["src"], flow["dst"])):
            asked += [None, "203.0.113.9"] if end.get("external") else [end["namespace"], f"end-{at}"]
            if not end.get("external"):
                named = {"name": f"end-{at}", "namespace": end["namespace"], "labels": end["labels"]}
                ends += [namespace(end["namespace"], **end["namespaceLabels"]),
                         {"kind": "Pod", "metadata": named, "spec": {"containers": []}, "status": {}}]
        spaces = {thing["metadata"]["name"]: thing for thing in [*things, *ends] if thing["kind"] == "Namespace"}
        rest = [thing for thing in [*things, *ends] if thing["kind"] in ("Pod", "NetworkPolicy")]
        question = pd.DataFrame([[*asked, flow["protocol"], flow["port"]]], columns=QUESTION)
        found = Reachability(frames([*spaces.values(), *rest])).allowed(question)
        assert found.tolist() == [flow["allowed"]], flow


@_each(LISTS)
def test_netpol_analyzer(case):
    tables = frames(objects(case))
    found, unknown = _listed(Reachability(tables, workloads=True, host_pods=True), tables["pod_owners"])
    outside = sorted({name for pair in found for name in pair if name.endswith("[External]")})
    listed = [line for line in connections(case) if "{ingress-controller}" not in line]
    expected = expected_spans(listed, outside)
    assert {pair: ports for pair, ports in found.items() if ports} == expected
    assert not {pair for pair, perhaps in unknown.items() if perhaps} & set(expected)


@_each(LIMITED)
def test_netpol_analyzer_lists_of_one_workload(case):
    tables = frames(objects(case))
    found, _ = _listed(Reachability(tables, workloads=True, host_pods=True), tables["pod_owners"])
    outside = sorted({name for pair in found for name in pair if name.endswith("[External]")})
    listed = [line for line in connections(case) if "{ingress-controller}" not in line]
    for pair, ports in expected_spans(listed, outside).items():
        assert joined([*found[pair], *ports]) == found[pair], pair


INGRESS = [case for case in LISTS if any("{ingress-controller}" in line for line in connections(case))]


@_each(INGRESS)
def test_netpol_analyzer_ingress(case):
    """Its ingress controller is a pod without labels in a namespace without labels: the stranger."""
    tables = frames(objects(case))
    pods = (pd.concat([tables[name], tables[f"template_{name}"]]) for name in ("pod_labels", "container_ports"))
    services = service_backends(tables["services"], tables["service_ports"], tables["service_selectors"], *pods)
    behind = ingress_backends(tables["ingresses"], tables["ingress_paths"], services)
    reach = Reachability(tables, workloads=True, host_pods=True)
    asked = behind.assign(source_namespace=None, source="any pod").rename(
        columns={"namespace": "destination_namespace", "pod": "destination"})
    behind = behind[reach.allowed(asked[QUESTION]).to_numpy(bool)]
    kinds = reach.endpoints.frame.set_index(["namespace", "name"])["kind"]
    owners = tables["pod_owners"].set_index(["namespace", "pod"])
    found = defaultdict(set)
    for row in behind.itertuples():
        key = (row.namespace, row.pod)
        owner = owners.loc[key] if key in owners.index else None
        name, kind = (row.pod, kinds[key]) if owner is None else (owner["owner"], owner["owner_kind"])
        found[f"{row.namespace}/{name}[{kind}]"].add((row.protocol, row.port, row.port))
    expected = {destination: spans(words) for source, destination, words in connections(case)
                if source == "{ingress-controller}"}
    assert {name: joined(ports) for name, ports in found.items()} == expected


EXPOSED = [case for case in NPA if exposures(case)]


@_each(EXPOSED)
def test_netpol_analyzer_exposure(case):
    """Pods that are not there are imagined; the stranger is any pod of the entire cluster.

    Its lines are by rule. A pod that is picked by what it does not have may meet several, and then has all of theirs.
    """
    things, names = objects(case), {}
    for at, pods in enumerate({pods: None for _, _, pods, _ in exposures(case) if pods != "entire-cluster"}):
        space, added = imagined(pods, f"imagined-{at}")
        names[pods] = f"{space}/imagined-{at}[Pod]"
        things += added
    tables = frames(things)
    reach = Reachability(tables, workloads=True, host_pods=True)
    row = {name: at for at, name in _ends(reach, tables["pod_owners"])}
    stranger = reach.endpoints.frame["kind"].tolist().index("Stranger")
    for workload, direction, pods, ports in exposures(case):
        peer = stranger if pods == "entire-cluster" else row[names[pods]]
        way = reach.ways[direction]
        decision = way.decisions[way.of(*(reach.endpoints.of[[end]] for end in (row[workload], peer)))[0]]
        found, expected = joined(reach.ports.ranges(decision.allowed)), spans(ports)
        if "NotIn" in pods or "DoesNotExist" in pods:
            found &= expected
        assert found == expected, (workload, direction, pods)


def _listed(reach: Reachability, owners: pd.DataFrame) -> tuple[dict, dict]:
    """Spans of ports between workloads and address ranges, allowed and not known, as netpol-analyzer names them."""
    ends = _ends(reach, owners)
    matrix, groups = reach.matrix(), reach.groups
    found, unknown = defaultdict(set), defaultdict(set)
    for a, source in ends:
        for b, destination in ends:
            if source != destination and not (source.endswith("[External]") and destination.endswith("[External]")):
                for sets, part in ((found, matrix.allowed), (unknown, matrix.unknown)):
                    sets[source, destination] |= set(_spans(matrix.ports[part[groups[a], groups[b]]]))
    return ({pair: joined(ports) for pair, ports in sets.items()} for sets in (found, unknown))


def _ends(reach: Reachability, owners: pd.DataFrame) -> list[tuple[int, str]]:
    """The endpoints by row, as netpol-analyzer names them: workloads and ranges of IPv4."""
    owner = {(row.namespace, row.pod): f"{row.namespace}/{row.owner}[{row.owner_kind}]"
             for row in owners.fillna({"owner_kind": "Pod"}).itertuples()}
    ends = []
    for at, row in enumerate(reach.endpoints.frame.itertuples()):
        if row.kind == "External" and ":" not in row.name:
            ends.append((at, f"{row.name}[External]"))
        elif row.kind not in ("External", "Node", "Stranger"):
            own = f"{row.namespace}/{row.name}[{row.kind}]"
            ends.append((at, owner.get((row.namespace, row.name), own) if row.kind == "Pod" else own))
    return ends


def _spans(words: str) -> list[tuple[str, int, int]]:
    """The words of a set of ports, read back."""
    if words == "all":
        return [(protocol, 1, 65535) for protocol in ("TCP", "UDP", "SCTP")]
    found = []
    for part in filter(None, words.split(", ")):
        protocol, _, span = part.partition(" ")
        first, _, last = span.partition("-")
        found.append((protocol, int(first or 1), int(last or first or 65535)))
    return found
