"""Nodes have no public address: what they state, and what they do not."""

import pytest

from auditkit.checks import find
from auditkit.evaluation.engine import run
from auditkit.proof.prove import world


def verdict(*addresses: tuple[str, str]) -> str:
    rows = [{"type": kind, "address": address} for kind, address in addresses]
    counts = run(find("nodes.no_external_addresses"), world({"nodes": [{}], "node_addresses": rows})).counts
    return next(word for word, count in counts.items() if count)


@pytest.mark.parametrize(("addresses", "expected"), [
    ([("InternalIP", "10.0.0.1"), ("Hostname", "n")], "pass"),
    ([("InternalIP", "fd00::1")], "pass"),
    ([], "unknown"),
    ([("InternalIP", "34.1.2.3")], "fail"),
    ([("InternalIP", "2600:1f18::1")], "unknown"),
    ([("InternalIP", "10.0.0.1"), ("ExternalDNS", "ec2-34-1-2-3.compute.example")], "unknown"),
    ([("InternalIP", "10.0.0.1"), ("ExternalDNS", "")], "pass"),
    ([("InternalIP", "34.1.2.3"), ("ExternalIP", "34.1.2.3")], "fail"),
])
def test_what_a_node_states_decides(addresses, expected):
    assert verdict(*addresses) == expected
