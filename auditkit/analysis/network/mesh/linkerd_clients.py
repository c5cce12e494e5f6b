"""Linkerd: whom authorizations let in to each port of a pod.

A port that a Server selects takes those whom any authorization for it lets in, and else whom its access policy does
(nobody, by default); any other port those whom the default policy of the pod does. All that an AuthorizationPolicy
requires must be shown. One that requires what is not there, or two sets of identities, lets in nobody.

Source: linkerd/linkerd2, ``policy-controller/k8s/index/src/inbound/index.rs`` (client authorizations), and Linkerd's
reference (2026), Authorization Policy.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from auditkit.analysis.network.addresses import span
from auditkit.analysis.network.mesh.istio_clients import (
    ADDRESSES,
    ANY_IDENTITY,
    ANYONE,
    IDENTITIES,
    NOBODY,
    PARTLY,
    WHOLE,
    is_wide,
    range_of,
)

NARROW = re.compile(r"\*\.[^.*]+\.serviceaccount\.")
"""An identity by its end that is for the accounts of one namespace: Linkerd's identities are
``ACCOUNT.NAMESPACE.serviceaccount.identity.…``."""
DEFAULTS = {"deny": (NOBODY, None), "all-authenticated": (ANY_IDENTITY, None),
            "cluster-authenticated": (ANY_IDENTITY, "of the cluster's networks"), "all-unauthenticated": (ANYONE, None),
            "cluster-unauthenticated": (ANYONE, "of the cluster's networks"), "audit": (ANYONE, None)}
"""Whom a default or access policy lets in."""
TWICE = "it requires two sets of {}, so that Linkerd ignores it"
MESH_TLS, NETWORK, ACCOUNT = "MeshTLSAuthentication", "NetworkAuthentication", "ServiceAccount"


class Let(NamedTuple):
    """Whom an authorization lets in: kind (``None``: not known), clients, extent, why, decided_by."""

    kind: str | None
    clients: str | None
    extent: str | None
    why: str | None
    decided_by: str | None


class Authorizations:
    """The authorizations in the tables of Linkerd, by Server."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]):
        self._there = set(_rows(tables["linkerd_authentications"], "kind", "namespace", "name"))
        self._clients = _grouped(tables["linkerd_clients"], "form", "client_kind", "client_namespace", "client")
        excepted = tables["linkerd_excepted"]
        self._excepted = _grouped(excepted, "cidr")
        self._access = {(space, name): access for space, name, access in _rows(
            tables["linkerd_servers"], "namespace", "name", "access_policy")}
        self._required: defaultdict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
        for space, policy, kind, place, name in _rows(
                tables["linkerd_required"], "namespace", "policy", "required_kind", "required_namespace", "required"):
            self._required[space, policy].append((kind, _text(place) or space, name))
        self._policies = _rows(tables["linkerd_authorization_policies"], "namespace", "name", "target_kind", "target")
        self._authorizations = _rows(tables["linkerd_server_authorizations"], "namespace", "name", "server",
                                     "unauthenticated", "unauthenticated_tls", "mesh_tls")

    def of(self, space: str, server: str) -> list[Let]:
        """Whom a Server lets in."""
        found = [*self._by_policies(space, server), *self._by_authorizations(space, server)]
        access = str(_text(self._access.get((space, server))) or "").lower()
        kind, clients = DEFAULTS.get(access, (None, None))
        why = None if kind else "its access policy is not understood"
        if kind != NOBODY or not found:
            found.append(Let(kind, clients, WHOLE if kind else None, why, f"Server {space}/{server}"))
        return found

    def _by_policies(self, space: str, server: str) -> Iterator[Let]:
        for place, name, kind, target in self._policies:
            if place != space or (kind == "Server" and target != server):
                continue
            let = self._shown(place, name)._replace(decided_by=f"AuthorizationPolicy {place}/{name}")
            if kind not in ("Server", "Namespace") and let.kind is not None:
                let = let._replace(extent=PARTLY, why=f"it is for {kind} {target}, which may be for another Server, or "
                                                      "for a part of the requests")
            yield let

    def _shown(self, space: str, name: str) -> Let:
        """Who has all that an AuthorizationPolicy requires."""
        identities: list[str] | None = None
        networks: list[str] | None = None
        broad, wide, odd = True, True, False
        for kind, place, required in self._required[space, name]:
            if kind not in (MESH_TLS, NETWORK, ACCOUNT):
                return Let(None, None, None, f"it requires a {kind}, which is not understood", None)
            if kind != ACCOUNT and (kind, place, required) not in self._there:
                return Let(NOBODY, None, WHOLE, f"{kind} {place}/{required}, which it requires, is not there", None)
            if kind == NETWORK:
                if networks is not None:
                    return Let(NOBODY, None, WHOLE, TWICE.format("networks"), None)
                networks, wide, odd = self._networks(kind, place, required)
            elif identities is not None:
                return Let(NOBODY, None, WHOLE, TWICE.format("identities"), None)
            elif kind == ACCOUNT:
                identities, broad = [f"ServiceAccount {place}/{required}"], False
            else:
                identities, broad = self._identities(kind, place, required)
        return _let(identities, networks, broad=broad, wide=wide, odd=odd)

    def _by_authorizations(self, space: str, server: str) -> Iterator[Let]:
        for place, name, wanted, anonymous, tls_alone, mesh_tls in self._authorizations:
            if place != space or _text(wanted) not in (None, server):
                continue
            identities, broad = self._identities("ServerAuthorization", place, name)
            networks, wide, odd = self._networks("ServerAuthorization", place, name)
            anybody = anonymous is True or tls_alone is True or mesh_tls is not True
            let = _let(None if anybody else identities, networks or None, broad=broad, wide=wide or not networks,
                       odd=odd)._replace(decided_by=f"ServerAuthorization {place}/{name}")
            yield let if _text(wanted) or let.kind is None else let._replace(
                extent=PARTLY, why="it is for Servers by their labels, which are not read")

    def _identities(self, kind: str, space: str, name: str) -> tuple[list[str], bool]:
        """Identities in words, and whether any identity is among them."""
        found, broad = [], False
        for form, client_kind, place, client in self._clients[kind, space, name]:
            if form == "identity":
                found.append(client)
                broad |= client.startswith("*") and not NARROW.match(client)
            elif form != "network":
                at = f"{client}" if client_kind == "Namespace" else f"{_text(place) or space}/{client}"
                found.append(f"{client_kind} {at}")
        return found, broad

    def _networks(self, kind: str, space: str, name: str) -> tuple[list[str], bool, bool]:
        """Address ranges in words, whether one is as good as all, and whether one is none."""
        ranges = [client for form, _, _, client in self._clients[kind, space, name] if form == "network"]
        odd = any(_text(one) is None or span(range_of(one)) == (0, 0) for one in ranges)
        but = [cidr for (cidr,) in self._excepted[kind, space, name]]
        words = [*map(str, ranges), *(f"not {cidr}" for cidr in but)]
        return words, not odd and any(map(is_wide, ranges)), odd


def _let(identities: list[str] | None, networks: list[str] | None, *, broad: bool, wide: bool, odd: bool) -> Let:
    """What identities (``None``: none are asked for) and networks come to."""
    parts = (("identities", identities), ("networks", networks))
    clients = "; ".join(f"{name} {', '.join(some)}" for name, some in parts if some) or None
    if odd:
        return Let(None, clients, None, "an address range is not understood", None)
    if identities == [] or networks == []:
        return Let(NOBODY, clients, WHOLE, "what it requires lists nobody", None)
    if identities is not None and not broad:
        return Let(IDENTITIES, clients, WHOLE, None, None)
    kind = ADDRESSES if networks and not wide else ANYONE if identities is None else ANY_IDENTITY
    return Let(kind, clients, WHOLE, None, None)


def _rows(frame: pd.DataFrame, *columns: str) -> list[tuple]:  # type: ignore[type-arg]
    return list(frame[list(columns)].itertuples(index=False, name=None))


def _grouped(frame: pd.DataFrame, *columns: str) -> defaultdict[tuple[str, str, str], list[tuple]]:  # type: ignore[type-arg]
    """These columns of the rows of each object, by its kind, namespace and name."""
    found: defaultdict[tuple[str, str, str], list[tuple]] = defaultdict(list)  # type: ignore[type-arg]
    for kind, space, name, *values in _rows(frame, "kind", "namespace", "name", *columns):
        found[kind, space, name].append(tuple(values))
    return found


def _text(value: object) -> str | None:
    """A text; ``None`` for <NA>."""
    return value if isinstance(value, str) else None
