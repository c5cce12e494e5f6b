"""The peers of Cilium's rules: pods by label, entities, address ranges, services."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network.cilium.rows import has, numbered
from auditkit.analysis.network.cilium.selectors import asked, understood
from auditkit.analysis.network.endpoints import NAME_LABEL
from auditkit.analysis.network.policies import POLICY

ENTITY_PICKS = {
    "all": "all", "world": "world", "cluster": "cluster", "kube-apiserver": "some_addresses", "unmanaged": "some_pods",
    "ingress": "none", "init": "none", "health": "none", "none": "none",
}
"""Of entities that are the same from everywhere; ``cluster`` has an API server that is outside of it as well, which is
not an endpoint here."""
EVERYWHERE = ("0.0.0.0/0", "::/0")
_PEER = [*POLICY, "part", "direction", "rule", "picks"]


def peers_of(rules: pd.DataFrame, read: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Peers (picks), their address ranges (cidr, excepted) and their selectors, all under the numbers of rules."""
    blocks, ranges = _blocks(rules, read)
    pods, selectors = _pods(rules, read["cilium_policy_selectors"])
    services, of_services = _services(rules, read)
    peers = [pods, blocks, services, _entities(rules, read["cilium_policy_entities"]), *_vague(rules)]
    found = pd.concat([rows[[*_PEER, "key"]] for rows in peers], ignore_index=True)
    found["peer"] = np.arange(len(found))
    at = found.set_index(["rule", "key"])["peer"]
    ranges, selectors = (_under(rows, at) for rows in (ranges, pd.concat([selectors, of_services], ignore_index=True)))
    return found.drop(columns="key"), ranges, selectors


def _under(rows: pd.DataFrame, at: pd.Series) -> pd.DataFrame:
    """Rows under the numbers of their peers."""
    if rows.empty:
        return rows.assign(peer=pd.Series(dtype="int64"))
    return rows.assign(peer=at.reindex(pd.MultiIndex.from_frame(rows[["rule", "key_of_peer"]])).to_numpy("int64"))


def _key(rows: pd.DataFrame, sort: str) -> pd.Series:
    return sort + rows["peer"].astype(STRING)


def _pods(rules: pd.DataFrame, rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Selectors of pods; one that may pick less than it says may pick whom it says."""
    chosen = rules[(rules["endpoints"] > 0).fillna(False).to_numpy(bool)]
    counts = chosen["endpoints"].to_numpy(np.int64)
    peers = chosen.take(np.repeat(np.arange(len(chosen)), counts)).reset_index(drop=True)
    peers["peer"] = np.arange(len(peers)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows = understood(numbered(rows[(rows["of"] == "endpoints").to_numpy(bool)], rules))
    peers = peers.assign(rule=peers["number"])
    of = ["rule", "peer"]
    lost, reserved = (has(peers, of, rows[rows[name].to_numpy(bool)]) for name in ("lost", "reserved"))
    wide = has(peers, of, rows[(rows["of"] == "namespaceSelector").to_numpy(bool)])
    picks = np.where(wide | (peers["namespace"] == "").to_numpy(bool), "any", "own")
    picks = np.select([reserved, lost], ["anybody", np.char.add("some_", picks)], picks)
    rows = asked(rows)
    rows = rows.assign(key_of_peer=_key(rows, "pods "), whose="peer")
    return peers.assign(picks=picks, key=_key(peers, "pods ")), rows


def _entities(rules: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Entities. ``host`` is the pod's own node, ``remote-node`` any other; both together are every node.

    What a pod's own node sends it is let in whatever rules say (``--allow-localhost``), so that coming in, only the
    other nodes matter.
    """
    rows = numbered(rows, rules)
    own, other = (set(rows.loc[(rows["entity"] == name).to_numpy(bool), "rule"]) for name in ("host", "remote-node"))
    incoming = (rows["direction"] == "ingress").to_numpy(bool)
    both = rows["rule"].isin(own & other).to_numpy(bool)
    host, remote = ((rows["entity"] == name).to_numpy(bool) for name in ("host", "remote-node"))
    picks = np.select(
        [(host | remote) & both, host & incoming, remote & incoming, host | remote],
        ["every_node", "own_node", "every_node", "some_nodes"], rows["entity"].map(ENTITY_PICKS).fillna("anybody"))
    return rows.assign(picks=picks, key="entity " + rows["entity"])


def _blocks(rules: pd.DataFrame, read: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Address ranges, by themselves or by the name of a group; a group that does not exist has none. One that may be
    missing may have any.

    A range of all addresses of one family stands for the outside as such in a cluster of one family only, so that the
    other family may be meant.
    """
    rows = numbered(read["cilium_policy_blocks"], rules)
    rows = rows.assign(key=rows["form"] + " " + rows["peer"].astype(STRING), picks="outside")
    excepts = numbered(read["cilium_policy_excepts"], rules)
    excepts = excepts.assign(key_of_peer="set " + excepts["peer"].astype(STRING), excepted=True)
    groups = rows[rows["group"].notna().to_numpy(bool)].drop(columns="cidr").merge(read["cilium_cidr_groups"],
                                                                                   on="group")
    ranges = pd.concat([rows[rows["cidr"].notna().to_numpy(bool)], groups], ignore_index=True)
    ranges = ranges.assign(key_of_peer=ranges["key"], excepted=False)
    known = rows["group"].isna() | rows["group"].isin(read["cilium_cidr_groups"]["group"])
    if read["cilium_cidr_groups"].attrs.get("gaps"):
        rows["picks"] = rows["picks"].where(known.to_numpy(bool), "some_outside")
    whole = rows[rows["cidr"].isin(EVERYWHERE).to_numpy(bool)]
    whole = whole.assign(picks="some_outside", key="other family " + whole["key"])
    return pd.concat([rows, whole], ignore_index=True), pd.concat([ranges, excepts], ignore_index=True)


def _services(rules: pd.DataFrame, read: Mapping[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Services: the pods that they select, wherever a service has a selector; of others the addresses are not known."""
    rows = numbered(read["cilium_policy_services"], rules)
    known = read["services"][["namespace", "name", "selector_count"]].set_axis(
        ["service_namespace", "service", "selector_count"], axis=1)
    rows = rows.merge(known, on=["service_namespace", "service"], how="left")
    unnamed = rows["service"].isna() | rows["service_namespace"].isna()
    absent = rows["selector_count"].isna() & ~unnamed & (not read["services"].attrs.get("gaps"))
    picks = np.select([absent.to_numpy(bool), (rows["selector_count"] > 0).fillna(False).to_numpy(bool)],
                      ["none", "any"], "anybody")
    rows = rows.assign(picks=picks, key=_key(rows, "service "))
    chosen = rows[picks == "any"]
    labels = read["service_selectors"].rename(columns={"namespace": "service_namespace"})
    labels = chosen.drop(columns="key").merge(labels, on=["service_namespace", "service"]).assign(
        of="podSelector", requirement=lambda found: np.arange(len(found)))
    space = chosen.assign(of="namespaceSelector", key=NAME_LABEL, value=chosen["service_namespace"], requirement=0)
    selectors = pd.concat([labels, space], ignore_index=True).assign(whose="peer", form="labels", operator="In")
    return rows, selectors.assign(key_of_peer=_key(selectors, "service "))


def _vague(rules: pd.DataFrame) -> list[pd.DataFrame]:
    """Peers that are not known by name: nodes with a label, names outside, groups of a cloud provider."""
    sorts = {"nodes": "some_nodes", "names": "some_outside", "groups": "some_outside"}
    found = [rules[(rules[name] > 0).fillna(False).to_numpy(bool)].assign(picks=picks, key=name)
             for name, picks in sorts.items()]
    return [rows.assign(rule=rows["number"]) for rows in found]
