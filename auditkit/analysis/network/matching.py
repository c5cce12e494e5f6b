"""Policies against classes of endpoints: whom each is for, and whom its rules speak of."""

from functools import cached_property

import numpy as np
import pandas as pd

from auditkit.analysis.label_selectors import select
from auditkit.analysis.network.addresses import UNKNOWN, AddressSpace
from auditkit.analysis.network.clauses import Clauses, Picked, any_of
from auditkit.analysis.network.endpoints import Endpoints
from auditkit.analysis.network.policies import PEER, POLICY, RULE, Asked, Policies
from auditkit.analysis.network.ports import PortSpace

PICKS = {
    "all": (True, "everything"), "world": (True, "world"), "cluster": (True, "cluster"), "every_node": (True, "nodes"),
    "anybody": (False, "everything"), "some_outside": (False, "world"), "some_nodes": (False, "nodes"),
    "some_pods": (False, "pods"), "some_addresses": (False, "addresses"),
}
"""Peers that are a sort of endpoint: whether all of that sort are meant, or some that are not known, and the sort.

Others are picked by selectors: pods of the policy's namespace or of any (``own``, ``any``, and ``some_own`` and
``some_any`` where a requirement may hold or not), ``nodes``; or by address: ``blocks``, and ``outside`` where ranges
are for what is not of the cluster. ``none``, ``own_node`` and ``unknown`` pick nobody.
"""
ANYBODY = -1
"""The last row of a matrix of selectors: no selector, which picks everything."""


class Matcher:
    """Policies against classes of endpoints."""

    def __init__(self, policies: Policies, endpoints: Endpoints, addresses: AddressSpace, ports: PortSpace):
        self.policies, self.endpoints, self.addresses, self.ports = policies, endpoints, addresses, ports
        self._rows: dict[str, pd.DataFrame] = {}
        self._pods = self._selected("podSelector", endpoints.pod_labels, endpoints.classes)
        self._spaces = self._selected("namespaceSelector", endpoints.namespace_labels, len(endpoints.spaces))
        nodes = max(endpoints.node.max(initial=-1), endpoints.node_labels["thing"].max() if len(
            endpoints.node_labels) else -1) + 1
        self._nodes = self._selected("nodeSelector", endpoints.node_labels, int(nodes))
        self._asked = policies.conditions.asked(endpoints, addresses) if policies.conditions else None
        self.subjects = self._subjects()

    # --- selectors ------------------------------------------------------------------------------------------------

    def _selected(self, of: str, labels: pd.DataFrame, things: int) -> np.ndarray:
        """Each selector of this sort on all things; a last column of ``False`` for what has no such labels."""
        rows = self.policies.selectors
        rows = rows[rows["of"] == of]
        owner = ["whose", *PEER]
        rows = rows.assign(selector=rows.groupby(owner).ngroup())
        self._rows[of] = rows[[*owner, "selector"]].drop_duplicates()
        picked = select(rows, labels, len(self._rows[of]), things)
        return np.hstack([picked, np.zeros((len(picked), 1), bool)])

    def _selector(self, owners: pd.DataFrame, whose: str, of: str) -> np.ndarray:
        """The row of each owner's selector; `ANYBODY` where it has no requirements."""
        rows = self._rows[of]
        rows = rows[rows["whose"] == whose].drop(columns="whose")
        if rows.empty:
            return np.full(len(owners), ANYBODY)
        keys = [name for name in PEER if name in owners]
        return np.asarray(owners[keys].merge(rows, on=keys, how="left")["selector"].fillna(ANYBODY).to_numpy(np.int64))

    def _picked(self, owners: pd.DataFrame, whose: str, own: np.ndarray) -> np.ndarray:
        """Pods that namespace and pod selectors pick together: owners by classes. ``own``: in the same namespace."""
        ends = self.endpoints
        picked = self._pods[self._selector(owners, whose, "podSelector")][:, ends.labels] & ends.is_pod
        space = self._spaces[self._selector(owners, whose, "namespaceSelector")][:, ends.space]
        mine = ends.spaces.get_indexer(owners["namespace"])[:, None] == ends.space
        return np.asarray(picked & space & (mine | ~own[:, None]))

    def _subjects(self) -> np.ndarray:
        """Whom each policy is for: policies by classes."""
        owners = self.policies.policies
        picks = owners["picks"].to_numpy(object)
        found = self._picked(owners, "subject", picks == "own") & (picks != "none")[:, None]
        nodes = picks == "nodes"
        found[nodes] = self._by_node(owners[nodes], "subject")
        asked = picks == "asked"
        if asked.any():
            found[asked] = self._holding("subject", owners[asked], POLICY).sure & self.endpoints.is_pod
        return np.asarray(found)

    def _holding(self, side: str, owners: pd.DataFrame, keys: list[str]) -> Asked:
        """Where all conditions of these owners on a side hold: owners by classes. Without any they hold everywhere."""
        found = Asked(*(np.ones((len(owners), self.endpoints.classes), bool) for _ in range(2)))
        if self._asked is None:
            return found
        rows = self.policies.asked[(self.policies.asked["side"] == side).to_numpy(bool)]
        rows = rows.merge(owners[keys].assign(at=np.arange(len(owners))), on=keys)
        at, number = (rows[name].to_numpy(np.int64) for name in ("at", "number"))
        return Asked(*(~any_of(~part[number], at, len(owners)) for part in self._asked))

    def _by_node(self, owners: pd.DataFrame, whose: str) -> np.ndarray:
        """Nodes, with the pods on their network, that node selectors pick: owners by classes."""
        picked = self._nodes[self._selector(owners, whose, "nodeSelector")][:, self.endpoints.node]
        return np.asarray(picked & self.endpoints.is_node)

    # --- peers ----------------------------------------------------------------------------------------------------

    def _peers(self, peers: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Whom peers speak of: picked as pods, by address or entity, and perhaps; each peers by classes."""
        picks = peers["picks"].to_numpy(object)
        shape = (len(peers), self.endpoints.classes)
        pods, address, perhaps = (np.zeros(shape, bool) for _ in range(3))
        for found, names in ((pods, ("own", "any")), (perhaps, ("some_own", "some_any"))):
            chosen = np.isin(picks, names)
            if chosen.any():
                found[chosen] = self._picked(peers[chosen], "peer", picks[chosen] == names[0])
        for name in ("blocks", "outside"):
            chosen = picks == name
            if chosen.any():
                held, unsure = self._in_blocks(peers[chosen]), self.endpoints.place == UNKNOWN
                nodes = self.endpoints.is_node if name == "outside" else np.False_
                address[chosen] = held & (self._sorts["world"] if name == "outside" else np.True_)
                perhaps[chosen] = (held & nodes) | (unsure & (nodes if name == "outside" else np.True_))
        chosen = picks == "nodes"
        if chosen.any():
            address[chosen] = self._by_node(peers[chosen], "peer")
        for name, (certain, sort) in PICKS.items():
            (address if certain else perhaps)[picks == name] = self._sorts[sort]
        return pods, address, perhaps

    @cached_property
    def _sorts(self) -> dict[str, np.ndarray]:
        """The classes of each sort of endpoint."""
        outside = self.endpoints.frame["kind"].to_numpy(object)[self.endpoints.first] == "External"
        nodes, pods = self.endpoints.is_node, self.endpoints.is_pod
        return {"everything": np.ones(len(outside), bool), "world": outside, "cluster": ~outside, "nodes": nodes,
                "pods": pods, "addresses": nodes | outside}

    def _in_blocks(self, peers: pd.DataFrame) -> np.ndarray:
        """Whose address lies in the ranges of each peer and not in those that are excepted."""
        rows = self.policies.blocks.merge(peers[PEER].assign(at=np.arange(len(peers))), on=PEER)
        held = self.addresses.matches()[:, self.endpoints.place]
        held = held[pd.Index(self.addresses.cidrs).get_indexer(rows["cidr"])]
        out, at = rows["excepted"].to_numpy(bool), rows["at"].to_numpy(np.int64)
        return np.asarray(any_of(held[~out], at[~out], len(peers)) & ~any_of(held[out], at[out], len(peers)))

    def _named(self, specs: pd.DataFrame) -> tuple[np.ndarray, list[int]]:
        """Which set of ports each name (and protocol, or any) means at each class: names by classes, and the sets."""
        named = self.endpoints.named.rename(columns={"protocol": "at"})
        rows = specs.assign(spec=np.arange(len(specs))).merge(named, on="name")
        rows = rows[(rows["protocol"] == rows["at"]).fillna(True)]
        line = rows["line"].to_numpy(np.int64)
        sets, meant = [0], np.zeros((len(specs), self.endpoints.classes), np.int64)
        numbers = {0: 0}
        for spec, thing, ports in zip(rows["spec"], rows["thing"], self.ports.masks(line, line + 1), strict=True):
            both = sets[meant[spec, thing]] | ports
            if both not in numbers:
                numbers[both] = len(sets)
                sets.append(both)
            meant[spec, thing] = numbers[both]
        return meant, sets

    # --- clauses --------------------------------------------------------------------------------------------------

    def clauses(self, direction: str) -> Clauses:
        """The clauses of one direction."""
        rules = self._rules(direction)
        own, of_peers = self._holding("own", rules, RULE), self._holding("peer", rules, RULE)
        pods, address, perhaps = self._by_rule(rules, of_peers)
        vague = perhaps if self._asked is not None else np.zeros_like(perhaps)
        numbered, named = self._ports(rules)
        subjects = self.subjects[rules["number"]] & own.perhaps
        pick = Picked(rules, ~(subjects & ~own.sure).any(axis=1))
        pick.add(np.arange(len(rules)), numbered, subjects, pods | address)
        pick.add(np.arange(len(rules)), numbered, subjects, perhaps, certain=False)
        for rule, mine, theirs in self._related(rules):
            pick.add([rule], [numbered[rule]], subjects[rule] & mine, theirs)
            for ports, meant in named.get(rule, ()):
                pick.add([rule], [ports], *self._at_destination(direction, meant, subjects[rule] & mine, theirs))
        for rule, meanings in named.items():
            for ports, meant in meanings:
                if direction == "ingress":
                    pick.add([rule], [ports], subjects[rule] & meant, pods[rule] | address[rule])
                    pick.add([rule], [ports], subjects[rule] & meant, perhaps[rule], certain=False)
                else:
                    pick.add([rule], [ports], subjects[rule], pods[rule] & meant)
                    pick.add([rule], [ports], subjects[rule], vague[rule] & meant, certain=False)
        return pick.clauses(self._isolating(direction), self.policies.policies["tier"].to_numpy(np.int64))

    @staticmethod
    def _at_destination(direction: str, meant: np.ndarray, mine: np.ndarray, theirs: np.ndarray,
                        ) -> tuple[np.ndarray, np.ndarray]:
        """Subjects and peers, with the destinations limited to those at which a name means these ports."""
        return (mine & meant, theirs) if direction == "ingress" else (mine, theirs & meant)

    def _rules(self, direction: str) -> pd.DataFrame:
        """The rules of one direction in the order in which they are asked, with the number of their policy."""
        rules = self.policies.rules[self.policies.rules["direction"] == direction]
        policies = self.policies.policies.assign(number=np.arange(len(self.policies.policies)))
        rules = rules.merge(policies[[*POLICY, "tier", "priority", "number"]], on=POLICY)
        return rules.sort_values(["tier", "priority", *POLICY, "rule"], ignore_index=True)

    def _by_rule(self, rules: pd.DataFrame, asked: Asked) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Whom each rule speaks of, where what is ``asked`` of its peers holds; those that depend on the subject's
        namespace left out."""
        peers = self.policies.peers.merge(rules[RULE].assign(at=np.arange(len(rules))), on=RULE)
        if len(self.policies.relations):
            related = self.policies.relations[PEER].drop_duplicates().assign(related=True)
            peers = peers[peers.merge(related, on=PEER, how="left")["related"].isna().to_numpy()]
        at = peers["at"].to_numpy(np.int64)
        pods, address, perhaps = (any_of(matrix, at, len(rules)) for matrix in self._peers(peers))
        pods[rules["everybody"].to_numpy(bool)] = True
        perhaps = (perhaps & asked.perhaps) | ((pods | address) & asked.perhaps & ~asked.sure)
        pods, address = pods & asked.sure, address & asked.sure
        return pods, address, perhaps & ~pods & ~address

    def _related(self, rules: pd.DataFrame) -> list[tuple[int, np.ndarray, np.ndarray]]:
        """Peers whose namespaces share the values of labels with the subject's, or have them and do not share all.

        One for each combination of values that namespaces have: the rule, its subjects among these, their peers.
        Namespaces that lack one of the labels are neither. Source: network-policy-api v0.1.1.
        """
        found: list[tuple[int, np.ndarray, np.ndarray]] = []
        if self.policies.relations.empty:
            return found
        relations = self.policies.relations.merge(rules[RULE].assign(at=np.arange(len(rules))), on=RULE)
        for _, rows in relations.groupby([*PEER, "relation"]):
            values, has_all = self._values(rows["key"])
            pods = self._picked(rows.iloc[:1], "peer", np.array([False]))[0]
            space = self.endpoints.space
            for value in np.unique(values):
                shared = values == value
                theirs = has_all & (shared if rows["relation"].iloc[0] == "same" else ~shared)
                mine = np.append(shared & has_all, False)[space]
                found.append((int(rows["at"].iloc[0]), mine, pods & np.append(theirs, False)[space]))
        return found

    def _values(self, keys: pd.Series) -> tuple[np.ndarray, np.ndarray]:
        """A number for the values that each namespace has of these labels, and whether it has all of the labels."""
        labels = self.endpoints.namespace_labels
        wide = labels[labels["key"].isin(keys)].pivot(index="thing", columns="key", values="value")
        wide = wide.reindex(index=range(len(self.endpoints.spaces)), columns=keys.unique())
        return wide.groupby(list(wide.columns), dropna=False).ngroup().to_numpy(), wide.notna().all(axis=1).to_numpy()

    def _ports(self, rules: pd.DataFrame) -> tuple[list[int], dict[int, list[tuple[int, np.ndarray]]]]:
        """The numbered ports of each rule, and what its named ones mean: a set of ports, and at which classes."""
        rows = self.policies.ports.merge(rules[RULE].assign(at=np.arange(len(rules))), on=RULE)
        numbered = [self.ports.all if every else 0 for every in rules["every_port"]]
        by_number, by_name = rows[rows["name"].isna()], rows[rows["name"].notna()]
        masks = self.ports.masks(by_number["start"].to_numpy(np.int64), by_number["end"].to_numpy(np.int64))
        for rule, mask in zip(by_number["at"], masks, strict=True):
            numbered[rule] |= mask
        named: dict[int, list[tuple[int, np.ndarray]]] = {}
        if by_name.empty:
            return numbered, named
        specs = by_name[["name", "protocol"]].drop_duplicates(ignore_index=True)
        meant, sets = self._named(specs)
        spec = by_name[["at", "name", "protocol"]].merge(specs.assign(spec=specs.index), on=["name", "protocol"])
        for rule, row in zip(spec["at"], spec["spec"], strict=True):
            for value in np.unique(meant[row]):
                if value:
                    named.setdefault(rule, []).append((sets[value], meant[row] == value))
        return numbered, named

    def _isolating(self, direction: str) -> np.ndarray:
        """The pods that each policy isolates: policies by classes."""
        directions = self.policies.directions
        mine = directions[directions["direction"] == direction][POLICY].assign(isolates=True)
        isolates = self.policies.policies[POLICY].merge(mine, on=POLICY, how="left")["isolates"].notna().to_numpy()
        return np.asarray(self.subjects & isolates[:, None])
