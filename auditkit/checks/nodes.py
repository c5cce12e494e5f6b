"""Nodes: which operating system they run, and whether they have public addresses."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, named
from auditkit.analysis.network.exposure import YES, routed
from auditkit.checks.model import Judgement, check, judge

rule = partial(check, severity="medium", if_empty="every cluster has nodes, yet none is visible")


@rule(finding="has an external or public address",
      wanted="no address of type ExternalIP, and no other address that the internet routes",
      source="CIS Amazon EKS 5.4.3; CIS Google GKE 5.6.5; NIST SP 800-53 SC-7",
      remedy="Put the nodes into private subnets, and let them connect out through a NAT gateway.")
def no_external_addresses(nodes: pd.DataFrame, node_addresses: pd.DataFrame) -> Judgement:
    """Nodes have no external or public address.

    Anybody on the internet can try the ports of such a node. An IPv4 address of type InternalIP counts too if the
    internet routes it, as on machines without a private network. A node without any address is unknown, and so is one
    with a public name, or with an IPv6 address that the internet could route.
    """
    on = {"name": "node"}
    given = node_addresses[(node_addresses["address"] != "").fillna(True)]
    kind, public_internal = given["type"], given["type"].eq("InternalIP") & routed(given["address"]).eq(YES)
    six = given["address"].str.contains(":", regex=False)
    public = given[(kind == "ExternalIP").fillna(True) | (public_internal & ~six).fillna(False)]
    perhaps = given[(public_internal & six | kind.eq("ExternalDNS")).fillna(True)]
    ok = ~has(nodes, on, public)
    unsure = ok & (~has(nodes, on, given) | has(nodes, on, perhaps))
    reasons = pd.Series("", nodes.index, STRING).mask(unsure, "the node states no address").mask(
        unsure & has(nodes, on, perhaps), "whether the internet reaches it at this address is not known: "
        + named(nodes, on, perhaps, "address"))
    return judge(nodes.assign(external=named(nodes, on, public, "address")), ok.mask(unsure, pd.NA), ["external"],
                 reasons=reasons)


@rule(finding="runs an operating system other than the required one",
      wanted="an operating system whose name begins with: {system}", source="CIS Google GKE 5.5.1",
      remedy="Create node pools with that operating system, and move the pods to them.")
def run_operating_system(nodes: pd.DataFrame, *, system: str = "") -> Judgement:
    """Nodes run the required operating system.

    An operating system that is made for containers has fewer programs to attack and to patch. ``system`` is the
    beginning of its name as nodes report it. Where a framework does not give it, every node is unknown.
    """
    if not system:
        nothing = pd.Series(pd.NA, nodes.index, BOOLEAN)
        return judge(nodes, nothing, ["os_image"], reasons="the framework does not name the required operating system")
    return judge(nodes, nodes["os_image"].str.startswith(system), ["os_image"])
