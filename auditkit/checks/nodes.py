"""Nodes: what they run, and where they can be reached."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, named
from auditkit.analysis.network.exposure import YES, routed
from auditkit.checks.model import Judgement, check, judge

rule = partial(check, severity="medium", if_empty="every cluster has nodes, yet none is visible")


@rule(wanted="no address of type ExternalIP, and none that the internet routes",
      source="CIS Amazon EKS 5.4.3; CIS Google GKE 5.6.5; NIST SP 800-53 SC-7",
      remedy="Put the nodes into private subnets, and let them reach out by a gateway that translates addresses.")
def no_external_addresses(nodes: pd.DataFrame, node_addresses: pd.DataFrame) -> Judgement:
    """Nodes have no public address.

    An address of type ExternalIP counts, and so does an IPv4 address of type InternalIP that the internet routes: on
    machines without a private network a node's own address is its public one. A node that states no address at all is
    unknown, and so is one with a public name, or with an IPv6 address that the internet could route.
    """
    on = {"name": "node"}
    given = node_addresses[(node_addresses["address"] != "").fillna(True)]
    kind, public_internal = given["type"], given["type"].eq("InternalIP") & routed(given["address"]).eq(YES)
    six = given["address"].str.contains(":", regex=False)
    public = given[(kind == "ExternalIP").fillna(True) | (public_internal & ~six).fillna(False)]
    perhaps = given[(public_internal & six | kind.eq("ExternalDNS")).fillna(True)]
    ok = ~has(nodes, on, public)
    unsure = ok & (~has(nodes, on, given) | has(nodes, on, perhaps))
    reasons = pd.Series("", nodes.index, STRING).mask(unsure, "it states no address").mask(
        unsure & has(nodes, on, perhaps), "whether it can be reached at " + named(nodes, on, perhaps, "address")
        + " is not known")
    return judge(nodes.assign(external=named(nodes, on, public, "address")), ok.mask(unsure, pd.NA), ["external"],
                 reasons=reasons)


@rule(wanted="the operating system that the control names", source="CIS Google GKE 5.5.1",
      remedy="Make node pools of that operating system, and move the pods to them.")
def run_operating_system(nodes: pd.DataFrame, *, system: str = "") -> Judgement:
    """Nodes run the operating system that was chosen for them.

    ``system`` is how its name begins, as nodes tell it. Where a control does not name it, nothing is known.
    """
    if not system:
        nothing = pd.Series(pd.NA, nodes.index, BOOLEAN)
        return judge(nodes, nothing, ["os_image"], reasons="the control does not name the operating system")
    return judge(nodes, nodes["os_image"].str.startswith(system), ["os_image"])
