"""Nodes: what they run, and where they can be reached."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, has, named
from auditkit.checks.model import Judgement, check, judge

rule = partial(check, severity="medium", if_empty="every cluster has nodes, yet none is visible")


@rule(wanted="no address of type ExternalIP", source="CIS Amazon EKS 5.4.3; CIS Google GKE 5.6.5; NIST SP 800-53 SC-7",
      remedy="Put the nodes into private subnets, and let them reach out by a gateway that translates addresses.")
def no_external_addresses(nodes: pd.DataFrame, node_addresses: pd.DataFrame) -> Judgement:
    """Nodes have no public address."""
    kind, address = node_addresses["type"], node_addresses["address"]
    public = node_addresses[(kind == "ExternalIP").fillna(True) & (address != "").fillna(True)]
    on = {"name": "node"}
    return judge(nodes.assign(external=named(nodes, on, public, "address")), ~has(nodes, on, public), ["external"])


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
