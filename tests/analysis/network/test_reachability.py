"""What can reach what, compared with the plain slow way on clusters that hypothesis makes up."""

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from network_reference import Cluster
from worlds import frames

from auditkit.analysis.network.reachability import QUESTION, Reachability, reachable

SPACES, NODES = ["red", "blue"], ["n1", "n2"]
KEYS, VALUES = ["app", "tier"], ["a", ""]
NAMES = ["http", "dns"]
CIDRS = ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/0", "192.168.0.0/30", "fd00::/8", "::/0"]
ADDRESSES = ["10.1.2.3", "10.1.2.4", "192.168.0.1", "fd00::1", None, None]
OUTSIDE = ["10.1.2.3", "10.1.9.9", "8.8.8.8", "fd00::9", "2001:db8::1"]
PORTS = [("TCP", 80), ("TCP", 81), ("UDP", 53), ("SCTP", 80), ("TCP", 65535)]

labels = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), min_size=1, max_size=2)
requirement = st.one_of(
    st.builds(lambda key, operator, values: {"key": key, "operator": operator, "values": values},
              st.sampled_from(KEYS), st.sampled_from(["In", "NotIn"]),
              st.lists(st.sampled_from(VALUES), min_size=1, max_size=2, unique=True)),
    st.builds(lambda key, operator: {"key": key, "operator": operator},
              st.sampled_from(KEYS), st.sampled_from(["Exists", "DoesNotExist"])),
)
selector = st.one_of(
    st.just({}), st.builds(lambda key, value: {"matchLabels": {key: value}}, st.sampled_from(KEYS), st.just("a")),
    st.fixed_dictionaries({"matchExpressions": st.lists(requirement, min_size=1, max_size=2)},
                          optional={"matchLabels": labels}))
number = st.sampled_from([53, 80, 81])
protocol = st.fixed_dictionaries({}, optional={"protocol": st.sampled_from(["TCP", "UDP", "SCTP"])})


def _lists(things, **limits):
    return st.lists(things, max_size=2, **limits)


@st.composite
def pods(draw, at: int):
    ports = draw(_lists(st.builds(lambda name, port, proto: {"name": name, "containerPort": port} | proto,
                                  st.sampled_from(NAMES), number, protocol)))
    address = draw(st.sampled_from(ADDRESSES))
    spec = {"containers": [{"name": "c", "ports": ports}], "hostNetwork": draw(st.sampled_from([False] * 5 + [True]))}
    node = draw(st.sampled_from([None, *NODES]))
    return {"kind": "Pod", "metadata": {"name": f"p{at}", "namespace": draw(st.sampled_from(SPACES)),
                                        "labels": draw(labels)},
            "spec": spec | ({"nodeName": node} if node else {}), "status": {"podIP": address} if address else {}}


port = st.one_of(
    protocol, st.builds(lambda proto, first: proto | {"port": first}, protocol, number),
    st.builds(lambda proto, first, more: proto | {"port": first, "endPort": first + more}, protocol, number,
              st.integers(0, 30)),
    st.builds(lambda proto, name: proto | {"port": name}, protocol, st.sampled_from(NAMES)),
)
peer = st.one_of(
    st.builds(lambda one: {"podSelector": one}, selector),
    st.builds(lambda one: {"namespaceSelector": one}, selector),
    st.builds(lambda one, two: {"namespaceSelector": one, "podSelector": two}, selector, selector),
    st.builds(lambda cidr, out: {"ipBlock": {"cidr": cidr, "except": out}}, st.sampled_from(CIDRS),
              _lists(st.sampled_from(CIDRS))),
)


def _rules(way):
    return _lists(st.one_of(
        st.fixed_dictionaries({way: st.lists(peer, min_size=1, max_size=2)}, optional={"ports": _lists(port)}),
        st.fixed_dictionaries({"ports": st.lists(port, min_size=1, max_size=2)}, optional={way: _lists(peer)})))


@st.composite
def policies(draw, at: int):
    types = st.sampled_from([["Ingress"], ["Egress"], ["Ingress", "Egress"]])
    spec = draw(st.fixed_dictionaries({"podSelector": selector, "ingress": _rules("from"), "egress": _rules("to")},
                                      optional={"policyTypes": types}))
    return {"kind": "NetworkPolicy", "metadata": {"name": f"np{at}", "namespace": draw(st.sampled_from(SPACES))},
            "spec": spec}


picked = st.one_of(
    st.builds(lambda one: {"namespaces": one}, selector),
    st.builds(lambda one, two: {"pods": {"namespaceSelector": one, "podSelector": two}}, selector, selector))
related = st.builds(lambda relation, keys: {"namespaces": {relation: keys}},
                    st.sampled_from(["sameLabels", "notSameLabels"]),
                    st.lists(st.sampled_from(KEYS), min_size=1, max_size=2, unique=True))
admin_egress = st.one_of(
    picked, related, st.builds(lambda one: {"nodes": one}, selector),
    st.builds(lambda cidrs: {"networks": cidrs}, st.lists(st.sampled_from(CIDRS), min_size=1, max_size=2)),
    st.just({"domainNames": ["*.example"]}))
admin_port = st.one_of(
    st.builds(lambda proto, first: {"portNumber": {"port": first, "protocol": proto}},
              st.sampled_from(["TCP", "UDP", "SCTP", ""]), number),
    st.builds(lambda proto, first: {"portRange": {"start": first, "end": first + 20} | proto}, protocol, number),
    st.builds(lambda name: {"namedPort": name}, st.sampled_from(NAMES)))
cluster_port = st.one_of(
    st.builds(lambda name: {"destinationNamedPort": name}, st.sampled_from(NAMES)),
    st.builds(lambda proto, span: {proto: span}, st.sampled_from(["tcp", "udp", "sctp"]), st.one_of(
        st.just({}), st.builds(lambda first: {"destinationPort": {"number": first}}, number),
        st.builds(lambda first: {"destinationPort": {"range": {"start": first, "end": first + 20}}}, number))))


@st.composite
def admin_policies(draw, at: int):
    kind = draw(st.sampled_from(["AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"]))
    actions = {"AdminNetworkPolicy": ["Allow", "Deny", "Pass"], "BaselineAdminNetworkPolicy": ["Allow", "Deny"],
               "ClusterNetworkPolicy": ["Accept", "Deny", "Pass"]}[kind]
    new = kind == "ClusterNetworkPolicy"

    def rules(way, peers):
        return st.lists(st.fixed_dictionaries(
            {"action": st.sampled_from(actions), way: st.lists(peers, min_size=1, max_size=2)},
            optional={"protocols" if new else "ports": _lists(cluster_port if new else admin_port)}),
            min_size=1, max_size=3)

    spec = {"subject": draw(picked), "ingress": draw(rules("from", st.one_of(picked, related))),
            "egress": draw(rules("to", admin_egress))}
    if kind != "BaselineAdminNetworkPolicy":
        spec["priority"] = draw(st.integers(1, 3))
    if new:
        spec["tier"] = draw(st.sampled_from(["Admin", "Baseline"]))
    return {"kind": kind, "metadata": {"name": f"wide{at}"}, "spec": spec}


@st.composite
def clusters(draw):
    """Namespaces (one of them without its object), nodes, up to five pods, and policies of all kinds."""
    spaces = [{"kind": "Namespace", "metadata": {"name": name, "labels": draw(labels)}}
              for name in SPACES[:draw(st.integers(1, 2))]]
    nodes = [{"kind": "Node", "metadata": {"name": name, "labels": draw(labels)},
              "status": {"addresses": [{"type": "InternalIP", "address": f"192.168.0.{at}"}]}}
             for at, name in enumerate(NODES)]
    return [*spaces, *nodes, *(draw(pods(at)) for at in range(draw(st.sampled_from([4, 5, 3])))),
            *(draw(policies(at)) for at in range(draw(st.sampled_from([3, 2, 1, 0])))),
            *(draw(admin_policies(at)) for at in range(draw(st.sampled_from([2, 3, 1, 0]))))]


def _named(end):
    if isinstance(end, str):
        return [None, end]
    return [end["metadata"].get("namespace"), end["metadata"]["name"]]


def _questions(objects):
    ends = [thing for thing in objects if thing["kind"] in ("Pod", "Node")] + OUTSIDE
    asked = [(a, b, protocol, port) for a in ends for b in ends for protocol, port in PORTS
             if isinstance(a, dict) or isinstance(b, dict)]
    return asked, pd.DataFrame([[*_named(a), *_named(b), *rest] for a, b, *rest in asked], columns=QUESTION)


def _known(value):
    return None if value is pd.NA else bool(value)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_every_pair_is_judged_as_the_plain_way_judges_it(objects):
    cluster, (asked, questions) = Cluster(objects), _questions(objects)
    found = Reachability(frames(objects)).judged(questions)
    for direction in ("ingress", "egress"):
        expected = [cluster.verdict(direction, *question) for question in asked]
        assert [_known(value) for value in found[direction]] == expected


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(clusters())
def test_the_matrix_of_groups_says_what_questions_say(objects):
    reach = Reachability(frames(objects))
    frame, groups, matrix = reach.endpoints.frame, reach.groups, reach.matrix()
    at = np.arange(len(frame))
    own = reach._own_node(*np.meshgrid(at, at, indexing="ij"))
    pairs = [(a, b) for a in at for b in at if a != b and not own[a, b]
             and "External" not in (frame["kind"].iloc[a], frame["kind"].iloc[b])]
    names = frame[["namespace", "name"]].to_numpy(object)
    questions = pd.DataFrame([[*names[a], *names[b], *port] for a, b in pairs for port in PORTS], columns=QUESTION)
    allowed = iter(reach.allowed(questions))
    texts = {text: _spans(text) for text in matrix.ports}
    for a, b in pairs:
        sets = [texts[matrix.ports[part[groups[a], groups[b]]]] for part in (matrix.allowed, matrix.unknown)]
        for protocol, port in PORTS:
            yes, perhaps = (any(p == protocol and first <= port <= last for p, first, last in spans) for spans in sets)
            assert _known(next(allowed)) == (None if perhaps else yes)


def _spans(text):
    """The words of a set of ports, read back."""
    if text == "all":
        return [(protocol, 1, 65535) for protocol in ("TCP", "UDP", "SCTP")]
    found = []
    for part in filter(None, text.split(", ")):
        protocol, _, span = part.partition(" ")
        first, _, last = span.partition("-")
        found.append((protocol, int(first or 1), int(last or first or 65535)))
    return found


def _pod(name, space="red", **labels):
    return {"kind": "Pod", "metadata": {"name": name, "namespace": space, "labels": labels},
            "spec": {"containers": [{"name": "c"}]}, "status": {"podIP": "10.0.0.1"}}


def test_one_question():
    policy = {"kind": "NetworkPolicy", "metadata": {"name": "web", "namespace": "red"}, "spec": {
        "podSelector": {"matchLabels": {"app": "web"}},
        "ingress": [{"from": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443}]}]}}
    tables = frames([_pod("web", app="web"), _pod("db", app="db"), policy])
    assert reachable(tables, "203.0.113.9", ("red", "web"), 443) is True
    assert reachable(tables, "203.0.113.9", ("red", "web"), 80) is False
    assert reachable(tables, "198.51.100.9", ("red", "web"), 443) is False
    assert reachable(tables, ("red", "web"), ("red", "db"), 5432) is True
    assert reachable(tables, ("red", "db"), ("red", "web"), 443) is False
    assert reachable(tables, ("red", "nobody"), ("red", "web"), 443) is None
    assert reachable(tables, ("red", "db"), ("red", "web"), 0) is None
    assert reachable(tables, ("red", "db"), ("red", "web"), 443, "ICMP") is None


def test_policies_are_named():
    deny = {"kind": "NetworkPolicy", "metadata": {"name": "deny", "namespace": "red"}, "spec": {"podSelector": {}}}
    let = {"kind": "NetworkPolicy", "metadata": {"name": "let", "namespace": "red"}, "spec": {
        "podSelector": {}, "ingress": [{"ports": [{"port": 80}]}]}}
    found = Reachability(frames([_pod("a"), _pod("b"), deny, let])).judged(pd.DataFrame(
        [["red", "a", "red", "b", "TCP", 80], ["red", "a", "red", "b", "TCP", 81], ["red", "a", "red", "a", "TCP", 81]],
        columns=QUESTION))
    assert found["ingress_by"].tolist() == [
        "NetworkPolicy red/let", "NetworkPolicy red/deny, NetworkPolicy red/let", "the pod itself"]
    assert found["egress_by"].tolist() == ["no policy", "no policy", "the pod itself"]
    assert found["allowed"].tolist() == [True, False, True]


def test_a_pod_that_has_ended_is_no_endpoint():
    done = _pod("job") | {"status": {"phase": "Succeeded", "podIP": "10.0.0.9"}}
    assert reachable(frames([_pod("a"), done]), ("red", "a"), ("red", "job"), 80) is None
