"""What Cilium encrypts between nodes, and which traffic it authenticates."""

import pandas as pd
import pytest
from network_worlds import agent, derive, node
from worlds import frames

KEY = {"network.cilium.io/wg-pub-key": "c2VjcmV0LWlzLXB1YmxpYw=="}


def cilium_node(name: str, key: int | None = None, **meta: object) -> dict:
    spec = {} if key is None else {"encryption": {"key": key}}
    return {"apiVersion": "cilium.io/v2", "kind": "CiliumNode", "metadata": {"name": name} | meta, "spec": spec}


def encrypted(*objects: dict) -> list[tuple]:
    found = derive(frames([node("n1"), node("n2"), *objects]), "node_encryption")
    return [tuple(None if value is pd.NA else value for value in row) for row in found.itertuples(index=False, name=None)]


@pytest.mark.parametrize(("nodes", "expected"), [
    ([cilium_node("n1", 255, annotations=KEY), cilium_node("n2", 255, annotations=KEY)],
     [("WireGuard", True), ("WireGuard", True)]),
    ([cilium_node("n1", 3), cilium_node("n2", 3)], [("IPsec", True), ("IPsec", True)]),
    ([cilium_node("n1", 3), cilium_node("n2", 0)], [("IPsec", False), (None, None)]),
    ([cilium_node("n1", 255, annotations=KEY), cilium_node("n2", 3)], [("WireGuard", False), ("IPsec", False)]),
    ([cilium_node("n1"), cilium_node("n2", annotations={"other": "x"})], [(None, None), (None, None)]),
    ([cilium_node("n1", 255, annotations=KEY)], [("WireGuard", False), (None, None)]),
])
def test_a_node_encrypts_by_the_key_that_its_agent_publishes(nodes, expected):
    assert [row[1:3] for row in encrypted(*nodes)] == expected


def test_what_is_not_known_is_said():
    assert [row[3] for row in encrypted(cilium_node("n1"))] == [
        "its agent publishes no key: whether anything else encrypts between nodes is not visible",
        "no CiliumNode is seen for it: whether anything encrypts between nodes is not visible"]


def test_the_key_itself_is_not_kept():
    tables = frames([cilium_node("n1", 255, annotations=KEY)])
    assert not any(KEY["network.cilium.io/wg-pub-key"] in frame.to_string() for frame in tables.values() if len(frame))


def authenticated(mode: str, *objects: dict) -> list[tuple]:
    policy = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "p", "namespace": "shop"},
              "spec": {"endpointSelector": {}, "ingress": [{"fromEndpoints": [{}], "authentication": {"mode": mode}},
                                                           {"fromEndpoints": [{}]}]}}
    found = derive(frames([node("n1"), policy, *objects]), "mutual_authentication")
    rows = found[["policy", "direction", "mode", "required", "why"]].itertuples(index=False, name=None)
    return [tuple(None if value is pd.NA else value for value in row) for row in rows]


def test_a_rule_that_requires_authentication_says_so_where_the_agent_acts():
    acting = agent("quay.io/cilium/cilium:v1.19.0", name="cilium")
    why = "whether its agents can authenticate is not visible; where they cannot, the traffic is denied"
    assert authenticated("required", *acting) == [("p", "ingress", "required", True, why)]
    assert authenticated("disabled", *acting)[0][3] is False
    assert authenticated("test-always-fail", *acting)[0][3:] == (None, "the mode test-always-fail is not understood")
    assert authenticated("required")[0][3:] == (None, "no agent of Cilium is recognised")
