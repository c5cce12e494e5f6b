"""Istio: whom a source in a rule of an AuthorizationPolicy speaks of, as peers that policies of the network have.

An identity is ``TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT``. The trust domain ``cluster.local`` stands for that of the mesh,
whatever it is, where all five parts are written; of another it is not known whether it is this one. Who comes from
outside of the cluster may hold an identity (a virtual machine, another cluster of the mesh), so that it is not known
whether they match.

Source: istio/istio, ``pilot/pkg/security/authz/model`` (model.go at 0d0d725, generator.go at 0098d99) and
``pilot/pkg/security/trustdomain/bundle.go`` (078ab19).
"""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import pandas as pd

from auditkit.analysis.network.addresses import span
from auditkit.analysis.network.endpoints import NAME_LABEL
from auditkit.analysis.network.mesh.labels import CLIENT, IDENTITY, PERHAPS, SURE

LOCAL, _PARTS = "cluster.local", 5
ADDRESSES = ("ipBlocks", "notIpBlocks")
WHOLE = ("0.0.0.0/0", "::/0")

Requirement = tuple[str, str, str, tuple[str, ...]]
"""Of a selector: of (podSelector or namespaceSelector), key, operator, values."""


class Peer(NamedTuple):
    """A peer of `auditkit.analysis.network.policies`, its selector and its address ranges (with those left out)."""

    picks: str
    requirements: tuple[Requirement, ...] = ()
    blocks: tuple[tuple[str, bool], ...] = ()


class Speaks(NamedTuple):
    """Whom a source speaks of; certain: surely these; identity: ``wants`` one, ``bars`` one, or neither."""

    peers: tuple[Peer, ...]
    certain: bool = True
    identity: str = ""


ANYBODY = Speaks((Peer("anybody"),), certain=False)


class Identities:
    """The identities of pods in the mesh, and which of them sources mean."""

    def __init__(self, labels: pd.DataFrame):
        rows = labels[(labels["key"] == IDENTITY).to_numpy(bool)]
        self.all = sorted(set(rows["value"].dropna()))
        self._meant: dict[tuple[str, str, str], tuple[frozenset[str], bool]] = {}

    def source(self, fields: Mapping[str, list[str]], namespace: str) -> Speaks:
        """Whom a source with these fields speaks of, in a policy of this namespace."""
        named = {name: values for name, values in fields.items() if name not in ADDRESSES}
        if not fields:
            return ANYBODY
        if len(named) < len(fields):
            return self._addresses(fields) if not named else ANYBODY
        wanted, barred, certain = None, frozenset[str](), True
        for name, values in named.items():
            found, sure = self._listed(name, values, namespace)
            certain &= sure
            if name.startswith("not"):
                barred |= found
            else:
                wanted = found if wanted is None else wanted & found
        peers = _without(barred) if wanted is None else _with(wanted - barred)
        if set(named) == {"namespaces"} and not any("*" in value for value in named["namespaces"]):
            peers = _of_namespaces(tuple(named["namespaces"]))
        return Speaks(peers, certain, "bars" if wanted is None else "wants")

    def _listed(self, name: str, values: list[str], namespace: str) -> tuple[frozenset[str], bool]:
        """The identities that any of the values means, and whether that is sure."""
        kind = name.removeprefix("not").lower()
        parts = [self._one(kind, value, namespace) for value in values]
        return frozenset().union(*(found for found, _ in parts)), all(sure for _, sure in parts)

    def _one(self, kind: str, value: str, namespace: str) -> tuple[frozenset[str], bool]:
        key = kind, value, namespace if kind == "serviceaccounts" and "/" not in value else ""
        if key not in self._meant:
            self._meant[key] = self._match(*key)
        return self._meant[key]

    def _match(self, kind: str, value: str, namespace: str) -> tuple[frozenset[str], bool]:
        if kind == "serviceaccounts":
            account = value if "/" in value else f"{namespace}/{value}"
            return frozenset({account} & self._known), True
        if kind == "namespaces":
            return frozenset(one for one in self.all if _fits(value, one.partition("/")[0])), "*" not in value[1:-1]
        domain, named, rest = value.partition("/")
        meant = value if value.startswith("*") else f"{LOCAL}/{rest}" if named else "*"
        certain = value.startswith("*") or (domain == LOCAL and value.count("/") == _PARTS - 1)
        return frozenset(one for one, text in self._texts if _is_meant(meant, text)), certain

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.all)

    @cached_property
    def _texts(self) -> list[tuple[str, str]]:
        """Each identity, and how principals name it."""
        return [(one, "{}/ns/{}/sa/{}".format(LOCAL, *one.split("/", 1))) for one in self.all]

    @staticmethod
    def _addresses(fields: Mapping[str, list[str]]) -> Speaks:
        """Address ranges. What is none is refused by Istio's webhook."""
        ranges = {name: [_range(text) for text in values] for name, values in fields.items()}
        if any(span(one) == (0, 0) for some in ranges.values() for one in some):
            return ANYBODY
        inside = ranges.get("ipBlocks") or list(WHOLE)
        blocks = [(one, False) for one in inside] + [(one, True) for one in ranges.get("notIpBlocks", [])]
        return Speaks((Peer("blocks", blocks=tuple(blocks)),))


def _range(text: str) -> str:
    return text if "/" in text else f"{text}/{128 if ':' in text else 32}"


def _is_meant(principal: str, text: str) -> bool:
    """Whether a principal means this identity: with ``*`` at its beginning by the end, at its end by the beginning,
    else as it is. Any other ``*`` is one of the text."""
    if principal.startswith("*"):
        return text.endswith(principal[1:])
    return text.startswith(principal[:-1]) if principal.endswith("*") else text == principal


def _fits(value: str, namespace: str) -> bool:
    """Whether a namespace fits a value in which each ``*`` stands for anything."""
    first, *more = value.split("*")
    if not more:
        return namespace == value
    end = len(namespace) - len(more[-1])
    at = len(first)
    if at > end or not namespace.startswith(first) or not namespace.endswith(more[-1]):
        return False
    for part in more[:-1]:
        at = namespace.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


def _with(identities: frozenset[str]) -> tuple[Peer, ...]:
    """Those with one of these identities."""
    outside = Peer("some_outside")
    if not identities:
        return (outside,)
    named = ("podSelector", IDENTITY, "In", tuple(sorted(identities)))
    return (Peer("any", (named, ("podSelector", CLIENT, "In", (SURE,)))),
            Peer("some_any", (named, ("podSelector", CLIENT, "In", (PERHAPS,)))), outside)


def _of_namespaces(namespaces: tuple[str, ...]) -> tuple[Peer, ...]:
    """Those with an identity of these namespaces."""
    space = ("namespaceSelector", NAME_LABEL, "In", namespaces)
    return (Peer("any", (space, ("podSelector", CLIENT, "In", (SURE,)))),
            Peer("some_any", (space, ("podSelector", CLIENT, "In", (PERHAPS,)))), Peer("some_outside"))


def _without(identities: frozenset[str]) -> tuple[Peer, ...]:
    """Everybody but those with one of these identities."""
    others = (("podSelector", IDENTITY, "NotIn", tuple(sorted(identities))),) if identities else ()
    some = (Peer("some_any", (("podSelector", IDENTITY, "In", tuple(sorted(identities))),
                              ("podSelector", CLIENT, "In", (PERHAPS,)))),) if identities else ()
    return (Peer("any", others), *some, Peer("every_node"), Peer("some_outside"))
