"""Istio: AuthorizationPolicies as policies of the network: whom they are for, and what their rules let in.

What any DENY or CUSTOM policy matches is denied, then what any ALLOW policy matches is allowed; a pod of which an ALLOW
policy is denies the rest, any other allows it. AUDIT policies decide nothing, nor does a policy that is in dry run.
A rule that asks for more than identities, addresses and ports (layer 7, conditions) may match what these match, and a
CUSTOM policy asks somebody who is not seen: neither is certain. Who has an identity can mostly connect without it where
plain text is accepted, so that a rule that denies by identity denies for sure only where mutual TLS is strict.

A policy of the root namespace is for all pods. Which namespace that is the cluster does not show: where it is the
control plane's, its policies are for its own pods for sure, and perhaps for all others. Where control planes run in
several namespaces, that holds for the policies of any.

Source: istio/api 02e682e, ``security/v1beta1/authorization_policy.proto``; istio/istio,
``pilot/pkg/security/authz/model/model.go`` (0d0d725), ``pilot/pkg/serviceregistry/ambient/authorization.go`` (1d486af).
"""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from auditkit.analysis.network.endpoints import NAME_LABEL
from auditkit.analysis.network.mesh.labels import MEMBER, PLAIN, STRICT, YES
from auditkit.analysis.network.mesh.proxies import ISTIO
from auditkit.analysis.network.mesh.sources import ANYBODY, Identities, Peer, Requirement, Speaks
from auditkit.tables.istio import REVISION

KIND, OF_MESH = "AuthorizationPolicy", "AuthorizationPolicy of the mesh"
ACTIONS = {"ALLOW": "allow", "DENY": "deny", "CUSTOM": "deny"}
AUDIT = "AUDIT"
TRUE = ("1", "t", "T", "TRUE", "true", "True")
"""How the annotation of a dry run says yes (Go's strconv.ParseBool)."""
LAYER_7 = ("hosts", "notHosts", "methods", "notMethods", "paths", "notPaths", "requestPrincipals",
           "notRequestPrincipals", "remoteIpBlocks", "notRemoteIpBlocks", "trustDomains", "notTrustDomains", "when")
"""Fields that let a rule match less than its identities, addresses and ports."""
WHERE: dict[str, tuple[tuple[Requirement, ...], str]] = {
    "strict": ((("podSelector", STRICT, "In", (YES,)),), ""),
    "both": ((("podSelector", STRICT, "DoesNotExist", ()), ("podSelector", PLAIN, "DoesNotExist", ())),
             " (where plain text is accepted)"),
    "plain": ((("podSelector", PLAIN, "In", (YES,)),), " (where a port takes plain text alone)"),
}
"""Pods by the mode of mutual TLS of their ports, and how a policy is called there that decides otherwise than where all
are strict."""
EVADED = {"deny": "wants", "allow": "bars"}
"""What a rule of each action asks of the identity of clients that they can evade without one."""
PLACE = re.compile(r"^spec\.rules\[(?P<rule>\d+)\]\.(?:.*\.)?(?P<field>\w+)(?:\[.*)?$")
LAST = 65535

Ports = tuple[tuple[int, int], ...]
EVERY_PORT: Ports = ((1, LAST),)


class Rule(NamedTuple):
    """A rule: action, peers (``None``: everybody), ports (of TCP, as first and last), certain, isolates."""

    action: str
    peers: tuple[Peer, ...] | None
    ports: Ports
    certain: bool


class Policy(NamedTuple):
    """A policy: kind, namespace, name, whether it is for its own namespace alone, its selector, and whether what none
    of its rules allows is denied."""

    kind: str
    namespace: str
    name: str
    own: bool
    requirements: tuple[Requirement, ...]
    isolates: bool
    rules: tuple[Rule, ...]


class _Written(NamedTuple):
    """A rule as it is written: its peers by source, its ports, whether it asks for more."""

    sources: tuple[Speaks, ...] | None
    ports: Ports
    certain: bool


class Said(NamedTuple):
    """A rule word for word: its sources by field (``None``: everybody), its ports and whether these are understood,
    fields of layer 7, and fields that are not understood."""

    sources: tuple[Mapping[str, list[str]], ...] | None
    ports: Ports
    understood: bool
    beyond: tuple[str, ...]
    strange: tuple[str, ...]


class Policies:
    """The AuthorizationPolicies in tables: those that decide over pods with these labels, and those that are not
    understood."""

    def __init__(self, tables: Mapping[str, pd.DataFrame], labels: pd.DataFrame, root: str | None):
        self._identities, self._root = Identities(labels), root
        self._plain = bool((labels["key"] == PLAIN).any())
        given = tables["istio_authorization_policies"]
        dry = _keys(tables["istio_dry_runs"][tables["istio_dry_runs"]["value"].isin(TRUE).to_numpy(bool)], "policy")
        self._revised = _keys(tables["istio_revisions"].query(
            "kind == @KIND and key == @REVISION", local_dict={"KIND": KIND, "REVISION": REVISION}), "policy")
        self._given = [row for row in given[["namespace", "name", "action", "targets", "has_target"]].itertuples(
            index=False, name=None) if row[:2] not in dry and row[2] != AUDIT]
        self._labels = _listed(tables["istio_selectors"].query("kind == @KIND", local_dict={"KIND": KIND}),
                               ["key", "value"])
        self._rules = _listed(tables["istio_rules"], ["rule", "sources", "operations"])
        self._sources, self._operations = (_fields(tables[f"istio_{name}_values"]) for name in ("source", "operation"))
        self._items = {part: _listed(tables[f"istio_{part}s"], ["rule", "item"]) for part in ("source", "operation")}
        self._unread = _listed(tables["istio_unread_fields"].query("kind == @KIND", local_dict={"KIND": KIND}).rename(
            columns={"name": "policy"}), ["field"])

    def problems(self) -> Iterator[tuple[str, str, bool]]:
        """Policies that are not understood: namespace, name, and whether they are for a Gateway or service."""
        for space, name, action, targets, has_target in self._given:
            outside = [field for (field,) in self._unread[space, name] if not PLACE.match(field)]
            if targets or has_target:
                yield space, name, True
            elif action not in ACTIONS or outside or (space, name) in self._revised:
                yield space, name, False

    def decided(self) -> Iterator[Policy]:
        """The policies that decide over pods."""
        lost = {(space, name) for space, name, _ in self.problems()}
        for space, name, action, _, _ in self._given:
            if (space, name) not in lost:
                yield from self._policy(space, name, action)

    def actions(self) -> Iterator[tuple[str, str, str]]:
        """The policies that are for pods and understood but for parts of their rules: namespace, name, action."""
        lost = {(space, name) for space, name, _ in self.problems()}
        yield from ((*row[:2], row[2]) for row in self._given if row[:2] not in lost)

    def said(self, space: str, name: str) -> Iterator[Said]:
        """The rules of a policy word for word."""
        for rule, sources, operations in self._rules[space, name]:
            fields = self._beyond(space, name, rule)
            of = tuple(self._sources[space, name, rule, item] for at, item in self._items["source"][space, name]
                       if at == rule)
            ports, understood = self._ports_of(space, name, rule)
            yield Said(of if sources else None, ports if operations else EVERY_PORT, understood or not operations,
                       tuple(sorted(fields & set(LAYER_7))), tuple(sorted(fields - set(LAYER_7))))

    def _beyond(self, space: str, name: str, rule: int) -> set[str]:
        """The fields of a rule that no table has."""
        return {match["field"] for (field,) in self._unread[space, name]
                if (match := PLACE.match(field)) and int(match["rule"]) == rule}

    def _ports_of(self, space: str, name: str, rule: int) -> tuple[Ports, bool]:
        return _ports([self._operations[space, name, rule, item] for at, item in self._items["operation"][space, name]
                       if at == rule])

    def _policy(self, space: str, name: str, action: str) -> Iterator[Policy]:
        """A policy for its own namespace, in two where it denies more for sure where mutual TLS is strict; and what it
        perhaps is for all others."""
        picks: tuple[Requirement, ...] = (("podSelector", MEMBER, "In", (ISTIO,)), *(
            ("podSelector", key, "In", (value,)) for key, value in self._labels[space, name]))
        written = [self._written(space, name, *row) for row in self._rules[space, name]]
        sure = action != "CUSTOM"
        isolates = action == "ALLOW"
        rules = {where: tuple(_rule(ACTIONS[action], one, where, sure=sure) for one in written) for where in WHERE}
        for where in self._told_apart(rules):
            more, said = WHERE[where] if where else ((), "")
            yield Policy(KIND, space, name + said, True, (*picks, *more), isolates, rules[where or "strict"])
        if self._root in (None, space):
            perhaps = tuple(rule._replace(certain=False) for rule in rules["plain"])
            closed = (Rule("deny", None, EVERY_PORT, certain=False),) if isolates else ()
            others = (*picks, ("namespaceSelector", NAME_LABEL, "NotIn", (space,)))
            yield Policy(OF_MESH, space, name, False, others, False, (*perhaps, *closed))

    def _told_apart(self, rules: dict[str, tuple[Rule, ...]]) -> list[str]:
        """The pods of `WHERE` for which a policy is written of its own; empty: one for all of them."""
        apart = [where for where in WHERE if where != "plain" or self._plain]
        return apart if len({rules[where] for where in apart}) > 1 else [""]

    def _written(self, space: str, name: str, rule: int, sources: int, operations: int) -> _Written:
        fields = self._beyond(space, name, rule)
        if fields - set(LAYER_7):
            return _Written((ANYBODY,), EVERY_PORT, certain=False)
        key = space, name, rule
        of = tuple(self._identities.source(self._sources[(*key, item)], space)
                   for at, item in self._items["source"][space, name] if at == rule)
        ports, certain = self._ports_of(space, name, rule)
        return _Written(of if sources else None, ports if operations else EVERY_PORT, certain and not fields)


def _rule(action: str, written: _Written, where: str, *, sure: bool) -> Rule:
    """A rule on the pods of `WHERE`."""
    if written.sources is None:
        return Rule(action, None, written.ports, sure and written.certain)
    peers = tuple(peer for one in written.sources for peer in _there(action, one, where))
    return Rule(action, peers, written.ports, sure and written.certain and all(one.certain for one in written.sources))


def _there(action: str, source: Speaks, where: str) -> tuple[Peer, ...]:
    """Whom a source speaks of where clients can leave out their identity, and where they cannot show any.

    Whom it denies by identity perhaps comes in without, and so does whom it does not allow by identity.
    """
    if where == "strict" or not source.identity or (where == "both" and source.identity != EVADED[action]):
        return source.peers
    if source.identity == "wants":
        return tuple(peer._replace(picks="some_any" if peer.picks == "any" else peer.picks) for peer in source.peers)
    return (*source.peers, Peer("anybody"))


def _ports(operations: list[dict[str, list[str]]]) -> tuple[Ports, bool]:
    """The ports that any of these operations names, and whether all are understood."""
    found: list[tuple[int, int]] = []
    for fields in operations:
        numbers = {name: [_port(text) for text in values] for name, values in fields.items()}
        if any(port < 0 for ports in numbers.values() for port in ports):
            return EVERY_PORT, False
        barred = set(numbers.get("notPorts", []))
        if "ports" in numbers:
            found += [(port, port) for port in numbers["ports"] if port not in barred]
        else:
            cuts = [0, *sorted(barred - {0}), LAST + 1]
            found += [(low + 1, high - 1) for low, high in itertools.pairwise(cuts) if high - low > 1]
    return tuple(found), True


def _port(text: str) -> int:
    """The number of a port; -1 where it is none."""
    number = int(text) if len(text) <= len(str(LAST)) and text.isascii() and text.isdecimal() else -1
    return number if 0 < number <= LAST else -1


def _keys(rows: pd.DataFrame, name: str) -> set[tuple[str, str]]:
    return set(zip(rows["namespace"], rows[name], strict=True))


def _listed(rows: pd.DataFrame, columns: list[str]) -> defaultdict[tuple[str, str], list[tuple[Any, ...]]]:
    """The rows of each policy."""
    found: defaultdict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for space, name, *values in rows[["namespace", "policy", *columns]].itertuples(index=False, name=None):
        found[space, name].append(tuple(values))
    return found


def _fields(rows: pd.DataFrame) -> defaultdict[tuple[Any, ...], dict[str, list[str]]]:
    """What each source or operation lists, by field: under namespace, policy, rule and item."""
    found: defaultdict[tuple[Any, ...], dict[str, list[str]]] = defaultdict(dict)
    for *key, field, value in rows[["namespace", "policy", "rule", "item", "field", "value"]].itertuples(
            index=False, name=None):
        found[tuple(key)].setdefault(field, []).append(value)
    return found
