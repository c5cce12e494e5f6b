"""What can reach what: network policies of all kinds on all pairs of endpoints.

`Reachability` answers it: for single questions (`reachable`), for a frame of them (`Reachability.judged`), for all
pairs of groups (`Reachability.matrix`, and as a table `flows`). The rules of Kubernetes that no policy can change are
here too: a pod always reaches itself, and is always reached from its own node. Where another engine may decide over a
pod's traffic (`auditkit.tables.engines`), what it may reach and be reached by is not known.

Not modelled: replies (they are allowed with what they answer), ICMP, and the ports of services (policies see the
port of the pod).
"""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING
from auditkit.analysis.label_selectors import distinct
from auditkit.analysis.network import endpoints as network_endpoints
from auditkit.analysis.network import policy_sets
from auditkit.analysis.network.addresses import AddressSpace
from auditkit.analysis.network.decisions import Way, decide_all
from auditkit.analysis.network.endpoints import endpoints_of
from auditkit.analysis.network.engines import other_engines, without_meshes
from auditkit.analysis.network.matching import Matcher
from auditkit.analysis.network.mesh.rules import GROUPS, HBONE, LINKERD_INBOUND, Mesh
from auditkit.analysis.network.mesh.ways import meshed, tunnelled
from auditkit.analysis.network.plugins import NO_AGENTS
from auditkit.analysis.network.policies import POLICY, Policies
from auditkit.analysis.network.policy_sets import policies_of
from auditkit.analysis.network.ports import PROTOCOLS, SPAN, PortSpace, protocol_base

DIRECTIONS = ("ingress", "egress")
TABLES = (*network_endpoints.TABLES, *policy_sets.TABLES, "engine_kinds", "engine_objects")
_TCP = PROTOCOLS.index("TCP") * SPAN
QUESTION = ["source_namespace", "source", "destination_namespace", "destination", "protocol", "port"]


class Matrix(NamedTuple):
    """For all pairs of groups (sources by destinations) numbers of the sets of ports that are allowed, and not known.

    ``sets`` are these sets (number 0: none), ``ports`` says them in words; groups are `Reachability.groups`.
    """

    allowed: np.ndarray
    unknown: np.ndarray
    sets: list[int]
    ports: list[str]


class Reachability:
    """Reachability between endpoints by the network policies in these tables (those of `TABLES`).

    ``network_rules`` are the policies, where they are made already; else those of the tables are taken as they decide
    in a cluster whose agents are not known. Where a list of policies is not complete (``attrs["gaps"]`` of these
    tables), or one that their selectors ask, what is missing may allow or deny anything: then nothing is known but what
    no policy can change. ``mesh`` is what meshes decide at their proxies: what comes in must pass both.

    With ``workloads`` the pods that workload controllers would make are endpoints too, for manifests that were never
    applied. Pods on their node's network are the node to policies, as most plug-ins have it; with ``host_pods`` they
    are pods like any other.
    """

    def __init__(self, tables: Mapping[str, pd.DataFrame], network_rules: Policies | None = None,
                 mesh: Mesh | None = None, *, workloads: bool = False, host_pods: bool = False):
        policies = policies_of(tables, NO_AGENTS) if network_rules is None else network_rules
        asked = policies
        if mesh:
            asked = policies.beside(mesh.policies)
            tables = {**tables, "pod_labels": pd.concat([tables["pod_labels"], mesh.labels], ignore_index=True)}
        addresses = AddressSpace(asked.cidrs())
        self.endpoints = endpoints_of(tables, asked, addresses, workloads=workloads, host_pods=host_pods)
        self.addresses = addresses
        spans, named = asked.ports, self.endpoints.named["line"].to_numpy(np.int64)
        named = np.append(named, [_TCP + HBONE, _TCP + LINKERD_INBOUND]) if mesh else named
        self.ports = PortSpace(np.concatenate([spans["start"].to_numpy(np.int64), named]),
                               np.concatenate([spans["end"].to_numpy(np.int64), named + 1]))
        owners = policies.policies[POLICY].astype(object)
        self.policies = [f"{kind} {space}/{name}" if space else f"{kind} {name}"
                         for kind, space, name in owners.itertuples(index=False)]
        self.is_namespaced = (policies.policies["namespace"] != "").to_numpy(bool)
        matcher = Matcher(policies, self.endpoints, addresses, self.ports)
        self.subjects = matcher.subjects
        engines = other_engines(tables["engine_kinds"], tables["engine_objects"])
        self.undecided = self._undecided(without_meshes(engines, policies), policies.hosts)
        lenient = self.subjects[(policies.policies["picks"] == "nodes").to_numpy(bool)].any(axis=0)
        self.node_barred = self.subjects[policies.policies["bars_node"].to_numpy(bool)].any(axis=0)
        clauses = {direction: matcher.clauses(direction) for direction in DIRECTIONS}
        self.isolating = {direction: clauses[direction].isolating for direction in DIRECTIONS}
        self.ways: dict[str, Way] = {
            direction: decide_all(clauses[direction], self.ports.all, self.undecided, lenient, policies.tiers)
            for direction in DIRECTIONS}
        self.gaps = policies.gaps
        if any(self.gaps.values()) or self._selectors_unsure(tables, policies):
            self.ways = {direction: way.unknown(self.ports.all) for direction, way in self.ways.items()}
        if mesh:
            self._enter(mesh)

    def _enter(self, mesh: Mesh) -> None:
        """What the meshes decide as well."""
        matcher = Matcher(mesh.policies, self.endpoints, self.addresses, self.ports)
        nobody = np.zeros(self.endpoints.classes, bool)
        doubt, tunnel, istio, linkerd = matcher.subjects[-len(GROUPS):]
        found = decide_all(matcher.clauses("ingress"), self.ports.all, doubt, nobody, mesh.policies.tiers)
        single = _TCP + np.array([HBONE, LINKERD_INBOUND])
        tcp, hbone, inbound = self.ports.masks(np.append(_TCP, single), np.append(_TCP + SPAN, single + 1))
        for member, uses, port in ((istio, tunnel, hbone), (linkerd, linkerd, inbound)):
            if uses.any():
                self.ways = {direction: tunnelled(way, member, uses, tcp, port) for direction, way in self.ways.items()}
        self.ways["ingress"] = meshed(self.ways["ingress"], found, tcp, len(self.policies))
        owners = mesh.policies.policies[POLICY].astype(object)
        self.policies += [f"{kind} {space}/{name}" if space else f"{kind} {name}"
                          for kind, space, name in owners.itertuples(index=False)]
        decided = matcher.subjects[: -len(GROUPS)].any(axis=0)
        self.node_barred = self.node_barred | decided | doubt

    @staticmethod
    def _selectors_unsure(tables: Mapping[str, pd.DataFrame], policies: Policies) -> bool:
        """True if policies ask for labels of namespaces or nodes that may be missing."""
        of_spaces = set(policies.keys("namespaceSelector")) - {network_endpoints.NAME_LABEL}
        return bool(of_spaces and _lacking(tables, "namespaces")) or bool(
            policies.by_node and _lacking(tables, "nodes"))

    def _undecided(self, engines: pd.DataFrame, hosts: bool) -> np.ndarray:
        """The classes of endpoints over whose traffic another engine may decide: of its namespace, or all that are not
        outside of the cluster; with ``hosts`` nodes."""
        ours = self.endpoints.frame.iloc[self.endpoints.first]
        its_own = ours["namespace"].isin(engines["namespace"].dropna()) | (self.endpoints.is_node & hosts)
        everywhere = (ours["kind"] != "External") & bool(engines["namespace"].isna().any())
        return np.asarray((its_own | everywhere).to_numpy(bool))

    # --- groups and all pairs of them -------------------------------------------------------------------------------

    @cached_property
    def _grouped(self) -> tuple[np.ndarray, np.ndarray]:
        """Classes of endpoints that every policy treats alike: the first class of each group, the group of each."""
        return distinct(*(codes for way in self.ways.values() for codes in (way.subject, way.peer)))

    @property
    def groups(self) -> np.ndarray:
        """The group of each endpoint, by its row in ``endpoints.frame``."""
        return np.asarray(self._grouped[1][self.endpoints.of])

    @property
    def heads(self) -> np.ndarray:
        """An endpoint of each group, by its row."""
        return np.asarray(self.endpoints.first[self._grouped[0]])

    def matrix(self) -> Matrix:
        """The allowed ports between all groups.

        Within a group it is said of two different endpoints; what a pod's own node may do is not in it.
        """
        outcomes = [way.outcomes() for way in self.ways.values()]
        codes, pairs = self._pairs(*(which for which, _ in outcomes))
        sets: dict[int, int] = {0: 0}
        found = np.array([
            [sets.setdefault(ports, len(sets)) for ports in _agreed(outcomes[0][1][into], outcomes[1][1][out])]
            for into, out in pairs], np.int32)
        return Matrix(found[codes, 0], found[codes, 1], list(sets), [self.ports.text(ports) for ports in sets])

    def decided(self) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """The decisions for every pair of groups (sources by destinations), as numbers of pairs, and these pairs.

        A pair has the number of a decision of the destination (ingress) and of one of the source (egress).
        """
        return self._pairs(*(np.arange(len(way.decisions)) for way in self.ways.values()))

    def _pairs(self, into: np.ndarray, out: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
        """What `decided` says, of decisions that were given these numbers: ingress, egress."""
        heads, (ingress, egress) = self._grouped[0], self.ways.values()
        height, width = (int(numbers.max(initial=0)) + 1 for numbers in (into, out))
        small = np.int32 if height * width < np.iinfo(np.int32).max else np.int64
        both = (into * width).astype(small)[ingress.of(heads[None, :], heads[:, None])]
        both += out.astype(small)[egress.of(heads[:, None], heads[None, :])]
        used = np.zeros(height * width, bool)
        used[both.ravel()] = True
        pairs = [divmod(pair, width) for pair in np.flatnonzero(used).tolist()]
        return (np.cumsum(used, dtype=np.int32) - 1)[both], pairs

    def both(self, into: int, out: int) -> tuple[int, int]:
        """The ports that both ends allow, and those that they perhaps do, by the numbers of their decisions."""
        ingress, egress = self.ways.values()
        return _agreed(ingress.decisions[into][:2], egress.decisions[out][:2])

    # --- questions --------------------------------------------------------------------------------------------------

    def allowed(self, questions: pd.DataFrame) -> pd.Series:
        """True for each connection that is allowed; ``<NA>``: unknown, or the endpoint does not exist.

        Columns: source_namespace, source, destination_namespace, destination, protocol, port. A name without a
        namespace is a node or an address.
        """
        return self.judged(questions)["allowed"]

    def judged(self, questions: pd.DataFrame) -> pd.DataFrame:
        """The same with both directions: allowed, ingress, egress (``<NA>``: not known), and ingress_by, egress_by.

        The latter name the policies that decided, or say why none had to.
        """
        source, destination = (self._find(questions, end) for end in ("source", "destination"))
        piece = self.ports.piece(protocol_base(questions["protocol"]), questions["port"].fillna(0).to_numpy(np.int64))
        known = (source >= 0) & (destination >= 0) & (piece >= 0)
        found = pd.DataFrame(index=questions.index)
        own, itself = self._own_node(source, destination), (source == destination) & known
        for direction, subject, peer in (("ingress", destination, source), ("egress", source, destination)):
            ok, by = self._verdicts(self.ways[direction], subject, peer, piece)
            local = own & (direction == "ingress")
            barred = local & self.node_barred[self.endpoints.of[destination]]
            found[direction] = ok.mask(local | itself, True).mask((barred & ~itself) | ~known, pd.NA).array
            by = by.mask(local, "the pod's own node").mask(itself, "the pod itself")
            found[f"{direction}_by"] = by.mask(~known, "there is no such endpoint or port").array
        found["allowed"] = found["ingress"] & found["egress"]
        return found[["allowed", "ingress", "egress", "ingress_by", "egress_by"]]

    def _verdicts(self, way: Way, subject: np.ndarray, peer: np.ndarray, piece: np.ndarray,
                  ) -> tuple[pd.Series, pd.Series]:
        """Of each question in one direction: whether it is allowed, and by which policies."""
        number = way.of(self.endpoints.of[subject], self.endpoints.of[peer]).astype(np.int64)
        asked, which = np.unique(number * (self.ports.pieces + 1) + piece, return_inverse=True)
        ok, by = [], []
        for code in asked.tolist():
            decision, at = divmod(code, self.ports.pieces + 1)
            allowed, unknown, grounds = way.decisions[decision]
            ok.append(None if unknown >> at & 1 else bool(allowed >> at & 1))
            by.append(", ".join(self.policies[policy] for policy, ports in grounds if ports >> at & 1))
        return (pd.Series(pd.array(ok, BOOLEAN)[which]),
                pd.Series(pd.array(by, STRING)[which]).replace("", "no policy"))

    def incoming(self, destination: np.ndarray, piece: np.ndarray, sources: np.ndarray) -> np.ndarray:
        """What the policies of destinations say of sources: a matrix of 1 (allowed), 0 (denied) and -1 (not known).

        Destinations and sources are rows of ``endpoints.frame``, ``piece`` is the port of each destination.
        """
        shape = (len(destination), len(sources))
        pairs = [np.broadcast_to(part, shape).ravel() for part in
                 (destination[:, None], sources[None, :], piece[:, None])]
        ok, _ = self._verdicts(self.ways["ingress"], *pairs)
        return np.asarray(ok.astype("int8[pyarrow]").fillna(-1).to_numpy(np.int8).reshape(shape))

    def _find(self, questions: pd.DataFrame, end: str) -> np.ndarray:
        """The row of each endpoint that is asked for; -1 where there is none."""
        frame = self.endpoints.frame
        rows = frame[["namespace", "name"]].fillna("").assign(row=np.arange(len(frame))).drop_duplicates(
            ["namespace", "name"])
        asked = pd.DataFrame({"namespace": questions[f"{end}_namespace"].astype(STRING).fillna(""),
                              "name": questions[end].astype(STRING)})
        row = asked.merge(rows, on=["namespace", "name"], how="left")["row"]
        outside = (row.isna() & (asked["namespace"] == "").to_numpy()).to_numpy(bool)
        first = np.flatnonzero(frame["kind"].to_numpy(object) == "External")[0]
        place = np.fromiter(map(self.addresses.place, asked["name"][outside]), np.int64)
        row = row.fillna(-1).to_numpy(np.int64, copy=True)
        row[outside] = np.where(place >= 0, place + first, -1)
        return np.asarray(row)

    def _own_node(self, source: np.ndarray, destination: np.ndarray) -> np.ndarray:
        """True if the source is the node that the destination runs on, or a pod in that node's network."""
        frame = self.endpoints.frame
        node = pd.factorize(frame["node"])[0]
        host = frame["host_network"].to_numpy(bool)
        there = (source >= 0) & (destination >= 0) & (node[source] >= 0)
        return np.asarray(there & host[source] & (node[source] == node[destination]))


def _lacking(tables: Mapping[str, pd.DataFrame], name: str) -> bool:
    """True if rows of a table may be missing."""
    return bool(tables[name].attrs.get("gaps"))


def _agreed(ingress: tuple[int, int], egress: tuple[int, int]) -> tuple[int, int]:
    """The ports that both allow, and those that they perhaps do; each is given its allowed and its unknown ports."""
    allowed = ingress[0] & egress[0]
    return allowed, (ingress[0] | ingress[1]) & (egress[0] | egress[1]) & ~allowed


def reachability(
    pods: pd.DataFrame, pod_labels: pd.DataFrame, container_ports: pd.DataFrame, namespaces: pd.DataFrame,
    namespace_labels: pd.DataFrame, nodes: pd.DataFrame, node_labels: pd.DataFrame, node_addresses: pd.DataFrame,
    network_rules: Policies, mesh_rules: Mesh | None, engine_kinds: pd.DataFrame, engine_objects: pd.DataFrame,
) -> Reachability:
    """The reachability of a snapshot, which the tables of the network are derived from; no table itself."""
    return Reachability(dict(locals()), network_rules, mesh_rules)


def reachable(tables: Mapping[str, pd.DataFrame], source: tuple[str, str] | str, destination: tuple[str, str] | str,
              port: int, protocol: str = "TCP") -> bool | None:
    """True if one endpoint, (namespace, name) of a pod or an address, may reach another; ``None``: unknown."""
    ends = [end if isinstance(end, tuple) else (None, end) for end in (source, destination)]
    question = pd.DataFrame([[*ends[0], *ends[1], protocol, port]], columns=QUESTION)
    answer = Reachability(tables).allowed(question.astype({"port": INTEGER})).iloc[0]
    return None if answer is pd.NA else bool(answer)
