"""Reachability as tables: which pods are isolated, which groups behave alike, and what flows between them.

A group is all endpoints that every policy treats alike, so that the table of flows has a row for each pair of groups
and not of pods. Flows between namespaces are counted over pods, and say where data of a class can be reached from.
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING
from auditkit.analysis.network.plugins import enforcement
from auditkit.analysis.network.reachability import Reachability

DATA_CLASS = r"(?:^|/)data-class(?:ification)?$"
"""Labels of namespaces that say what class of data is in them."""
OUTSIDE = {"Node": "Nodes", "External": "Outside"}
"""How sources without a namespace are called, by kind of endpoint."""


def isolation(reachability: Reachability) -> pd.DataFrame:
    """The isolation of each pod that can have traffic, with the policies that isolate it: one row for each pod.

    namespace, name, host_network (then no policy is for it), ingress_isolated and egress_isolated (a policy
    isolates it in this direction; ``<NA>``: none does, and another engine may isolate it), policies (how many
    policies of its namespace pick it), cluster_policies (how many cluster-wide ones), ingress_by and egress_by (the
    policies that isolate it), group (of `network_groups`). Where policies may be missing a pod that none is seen to
    pick is <NA>, and so are the numbers.
    """
    frame, of = reachability.endpoints.frame, reachability.endpoints.of
    own = reachability.is_namespaced
    picked = reachability.subjects
    unseen, unseen_of_cluster = reachability.gaps["namespaced"], reachability.gaps["cluster"]
    found = frame[["kind", "namespace", "name", "host_network"]].copy()
    open_ = ~found["host_network"]  # what a policy might be for
    for direction in ("ingress", "egress"):
        isolating = reachability.isolating[direction]
        isolated = pd.Series(pd.array(np.any(isolating, axis=0)[of], BOOLEAN), found.index)
        unsure = (open_ & unseen) | reachability.undecided[of]
        found[f"{direction}_isolated"] = isolated.mask(~isolated & unsure, pd.NA)
        found[f"{direction}_by"] = pd.array(_names(isolating, reachability.policies), STRING)[of]
    for column, rows, lacking in (("policies", own, unseen), ("cluster_policies", ~own, unseen_of_cluster)):
        found[column] = pd.Series(pd.array(picked[rows].sum(axis=0)[of], INTEGER), found.index).mask(
            open_ & lacking, pd.NA)
    found["group"] = pd.array(reachability.groups, INTEGER)
    return found[found["kind"] == "Pod"].drop(columns="kind").reset_index(drop=True)


def _names(picked: np.ndarray, policies: list[str]) -> list[str | None]:
    """For each class the policies that pick it, joined by commas; ``None`` where none does."""
    return [", ".join(policies[policy] for policy in np.flatnonzero(column)) or None for column in picked.T]


def network_groups(reachability: Reachability) -> pd.DataFrame:
    """The group of each endpoint: group, kind (Pod, Node, External, Stranger), namespace, name.

    Stranger stands for any other pod: a pod without labels in a namespace without labels.
    """
    frame = reachability.endpoints.frame[["kind", "namespace", "name"]]
    found = frame.assign(group=reachability.groups).astype(dict.fromkeys(frame, STRING) | {"group": INTEGER})
    return found[["group", "kind", "namespace", "name"]].sort_values("group", kind="stable", ignore_index=True)


def flows(reachability: Reachability) -> pd.DataFrame:
    """The allowed traffic between groups: one row for each set of ports that the same policies decide.

    source and destination (groups), ports (in words; ``all``: every port of TCP, UDP and SCTP), allowed (``True``;
    ``<NA>``: not known; what is denied has no row), ingress_by and egress_by (the policies that decided, ``<NA>``:
    none had to). Within a group it is said of two different endpoints.
    """
    codes, pairs = reachability.decided()
    rows = [(at, *row) for at, pair in enumerate(pairs) for row in _ports(reachability, *pair)]
    by_pair = pd.DataFrame(rows, columns=["pair", "ports", "allowed", "ingress_by", "egress_by"])
    place = np.searchsorted(by_pair["pair"].to_numpy(np.int64), codes.ravel())
    count = np.bincount(by_pair["pair"].to_numpy(np.int64), minlength=len(pairs))[codes.ravel()]
    at = np.repeat(place - np.cumsum(count) + count, count) + np.arange(count.sum())
    which = np.repeat(np.arange(codes.size), count)
    ends = pd.DataFrame({"source": which // codes.shape[1], "destination": which % codes.shape[1]}, dtype=INTEGER)
    found = by_pair.drop(columns="pair").astype({"allowed": BOOLEAN, "ports": STRING, "ingress_by": STRING,
                                                 "egress_by": STRING})
    found = pd.concat([ends, found.take(at).reset_index(drop=True)], axis=1)
    alone = (found["source"] == found["destination"]) & found["source"].isin(_alone(reachability))
    return found[~alone].reset_index(drop=True)


def _alone(reachability: Reachability) -> np.ndarray:
    """Groups of one endpoint, which has nothing to reach in its own group but itself."""
    return np.flatnonzero(np.bincount(reachability.groups) == 1)


def _ports(reachability: Reachability, into: int, out: int) -> list[tuple[str, bool | None, str | None, str | None]]:
    """The ports that a pair of decisions leaves open, by the policies that decided: ports, allowed, by, by."""
    ways = reachability.ways
    allowed, unknown = reachability.both(into, out)
    parts = [(allowed, True), (unknown, None)]
    for direction, decision in (("ingress", into), ("egress", out)):
        for _, ports in ways[direction].decisions[decision].grounds:
            parts = [(mask, ok) for whole, ok in parts for mask in (whole & ports, whole & ~ports) if mask]
    return sorted((reachability.ports.text(mask), ok, _by(reachability, "ingress", into, mask),
                   _by(reachability, "egress", out, mask)) for mask, ok in parts if mask)


def _by(reachability: Reachability, direction: str, decision: int, mask: int) -> str | None:
    """The policies that decide these ports."""
    grounds = reachability.ways[direction].decisions[decision].grounds
    return ", ".join(reachability.policies[policy] for policy, ports in grounds if ports & mask) or None


def namespace_flows(reachability: Reachability) -> pd.DataFrame:
    """The allowed traffic between namespaces, nodes and the outside: one row for each pair with a flow.

    source_kind, source, destination_kind, destination (kind Namespace; Nodes or Outside have no name), pairs (of
    endpoints), open_pairs (with a port allowed), free_pairs (with all ports allowed), unknown_pairs (with none that is
    surely allowed, and some not known), ports (all that is open between any two of them, in words).
    """
    matrix, members = reachability.matrix(), _members(reachability)
    group, count = members["group"].to_numpy(np.int64), members["count"].to_numpy(np.int64)
    allowed, unknown = (part[np.ix_(group, group)] for part in (matrix.allowed, matrix.unknown))
    place, places = pd.MultiIndex.from_frame(members[["kind", "name"]]).factorize()
    code = place[:, None] * len(places) + place[None, :]
    weight = np.outer(count, count) - np.diag(count)
    every = np.array([ports == reachability.ports.all for ports in matrix.sets])[allowed]
    flags = {"pairs": True, "open_pairs": allowed > 0, "free_pairs": every,
             "unknown_pairs": (allowed == 0) & (unknown > 0)}
    counts = pd.DataFrame({name: np.bincount(code.ravel(), (weight * flag).ravel(), len(places) ** 2)
                           for name, flag in flags.items()}).astype(np.int64)
    ports = _unions(code[weight > 0], allowed[weight > 0], matrix.sets)
    counts["ports"] = [reachability.ports.text(ports.get(at, 0)) for at in counts.index]
    ends = [places.take(at) for at in divmod(counts.index.to_numpy(), len(places))]
    for end, index in zip(("destination", "source"), reversed(ends), strict=True):
        counts.insert(0, end, index.get_level_values(1))
        counts.insert(0, f"{end}_kind", index.get_level_values(0))
    some = (counts["open_pairs"] > 0) | (counts["unknown_pairs"] > 0)
    outside = (counts["source_kind"] == "Outside") & (counts["destination_kind"] == "Outside")
    texts, numbers = ("source_kind", "source", "destination_kind", "destination", "ports"), flags
    found = counts[some & ~outside].astype(dict.fromkeys(texts, STRING) | dict.fromkeys(numbers, INTEGER))
    return found.replace({"source": "", "destination": ""}, pd.NA).reset_index(drop=True)


def _members(reachability: Reachability) -> pd.DataFrame:
    """How many endpoints of each namespace, of the nodes and outside are in which group: kind, name, group, count."""
    frame = reachability.endpoints.frame
    kind = frame["kind"].map(OUTSIDE).fillna("Namespace")
    name = frame["namespace"].where(kind == "Namespace").fillna("")
    members = pd.DataFrame({"kind": kind, "name": name, "group": reachability.groups})
    return members[frame["kind"] != "Stranger"].value_counts(sort=False).reset_index()


def _unions(code: np.ndarray, number: np.ndarray, sets: list[int]) -> dict[int, int]:
    """The union of the sets of ports (given by their number) under each code."""
    found: dict[int, int] = {}
    for both in np.unique(code * len(sets) + number).tolist():
        at, which = divmod(both, len(sets))
        found[at] = found.get(at, 0) | sets[which]
    return found


def data_class_flows(namespace_flows: pd.DataFrame, namespace_labels: pd.DataFrame,
                     network_plugin: pd.DataFrame) -> pd.DataFrame:
    """The sources that can reach namespaces with a data class label.

    data_class, and the columns of `namespace_flows`; flows within the namespace itself are left out. enforced says
    whether policies are enforced at all: where they are not, everything else is open too; ``<NA>``: not known.
    """
    classes = namespace_labels[namespace_labels["key"].str.contains(DATA_CLASS)]
    classes = classes[["namespace", "value"]].set_axis(["destination", "data_class"], axis=1)
    found = namespace_flows[namespace_flows["destination_kind"] == "Namespace"].merge(classes, on="destination")
    found = found[(found["source"] != found["destination"]).fillna(True)].reset_index(drop=True)
    found["enforced"] = pd.Series(enforcement(network_plugin), index=found.index, dtype=BOOLEAN)
    return found[["data_class", *found.columns.drop("data_class")]]
