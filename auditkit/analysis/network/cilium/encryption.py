"""Cilium: what it encrypts between nodes, and which traffic it lets through after mutual authentication alone.

The settings are in a ConfigMap, which is not read. What the agents publish in their CiliumNodes is: a key of WireGuard
as an annotation, or the number of a key of IPsec (of WireGuard too, so that the annotation goes first). A key is made
when encryption is on, and whether it is still on is not read. It says nothing of traffic within a node, nor of that of
the nodes themselves.

Sources: Cilium's documentation (1.19), WireGuard and IPsec transparent encryption, and mutual authentication: it
authenticates, and does not encrypt; what cannot be authenticated is denied.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup
from auditkit.analysis.network.plugins import acting

WIREGUARD, IPSEC = "WireGuard", "IPsec"
NO_KEY = "its agent publishes no key: whether anything else encrypts between nodes is not visible"
NO_NODE = "no CiliumNode is seen for it: whether anything encrypts between nodes is not visible"
WITHIN = ("the key shows that encryption was set up; whether it is on now is not read, and traffic within the node, "
          "and of the node itself, may be plain")
SETTINGS = "whether its agents can authenticate is not visible; where they cannot, the traffic is denied"
COLUMNS = {"node": STRING, "method": STRING, "with_all": BOOLEAN, "why": STRING}
AUTHENTICATION = {"kind": STRING, "namespace": STRING, "policy": STRING, "direction": STRING, "action": STRING,
                  "mode": STRING, "required": BOOLEAN, "why": STRING}


def node_encryption(nodes: pd.DataFrame, cilium_nodes: pd.DataFrame, cilium_node_keys: pd.DataFrame) -> pd.DataFrame:
    """What is set up to encrypt traffic between pods of different nodes: one row for each node, in their order.

    node, method (WireGuard or IPsec, by the key that Cilium's agent publishes; ``<NA>``: none is seen), with_all (every
    node publishes a key of this method, as traffic between any two of them needs it; ``<NA>``: not known), why (what
    is not known, or not encrypted).
    """
    key = lookup(nodes, {"name": "name"}, cilium_nodes, ["name", "encryption_key"])
    wireguard = has(nodes, {"name": "node"}, cilium_node_keys)
    method = pd.Series(pd.NA, nodes.index, STRING).mask((key["encryption_key"] > 0).fillna(False), IPSEC).mask(
        wireguard & key["name"].notna(), WIREGUARD)
    whole = bool(method.notna().all()) and method.nunique() == 1 and len(nodes) > 1
    with_all = pd.Series(whole, nodes.index, BOOLEAN).where(method.notna(), pd.NA)
    why = pd.Series(WITHIN, nodes.index, STRING).mask(method.isna(), NO_KEY).mask(key["name"].isna(), NO_NODE)
    return pd.DataFrame({"node": nodes["name"], "method": method, "with_all": with_all, "why": why}).astype(COLUMNS)


def mutual_authentication(cilium_policy_rules: pd.DataFrame, network_plugin: pd.DataFrame) -> pd.DataFrame:
    """Rules of Cilium's policies that ask for mutual authentication: one row for each rule.

    kind, namespace, policy, direction, action, mode (as written), required (the traffic that the rule allows is let
    through only after both ends are authenticated; false: switched off for it; ``<NA>``: not known), why (what is not
    known). Authenticated traffic is not encrypted by it.
    """
    rules = cilium_policy_rules[cilium_policy_rules["authentication"].notna().to_numpy(bool)].reset_index(drop=True)
    mode = rules["authentication"]
    idle = acting(network_plugin, "Cilium")
    required = pd.Series(pd.NA, rules.index, BOOLEAN).mask((mode == "required").fillna(False), True).mask(
        (mode == "disabled").fillna(False), False)
    why = pd.Series(idle or SETTINGS, rules.index, STRING).mask(
        required.isna(), "the mode " + mode + " is not understood")
    return rules.assign(mode=mode, required=required if not idle else pd.NA, why=why)[list(AUTHENTICATION)].astype(
        AUTHENTICATION)
