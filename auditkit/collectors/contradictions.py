"""What cannot be: lists that are well formed each, and contradict one another or what every cluster has.

A list that says nothing of a thing to which another list points was cut, filtered or answered by somebody else; what
it lacks is not known. Such a list becomes partial, with the reason. What proved that a kind does not exist proves
nothing where another list shows that it does.

Sources: kubernetes/kubernetes, ``pkg/controlplane/controller/systemnamespaces`` and
``plugin/pkg/admission/namespace/lifecycle`` (namespaces that are always there), ``pkg/controlplane/controller/
kubernetesservice`` (the service ``kubernetes``), ``pkg/controller/serviceaccount`` (``default``) and
``pkg/controller/certificates/rootcacertpublisher`` (``kube-root-ca.crt``) in every namespace, ``plugin/pkg/auth/
authorizer/rbac/bootstrappolicy``; kubernetes/kube-aggregator, ``pkg/apiserver`` (an APIService for each group and
version), ``pkg/controllers/autoregister`` and ``pkg/controlplane/controller/crdregistration``.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.discovery import Served
from auditkit.collectors.engines import API_SERVICES, CRDS
from auditkit.collectors.sources.model import NoAnswer, Source
from auditkit.snapshots.ledger import Entry
from auditkit.tables.pods import CONTROLLERS

Doubt = tuple[str, str]
"""A resource whose list is in doubt, and why."""

_RBAC, _ADMISSION = "rbac.authorization.k8s.io", "admissionregistration.k8s.io"

_OF_API_SERVICES = "apiregistration.k8s.io"
"""The one group that has no APIService, since it is the one that serves them."""

_NAMED = (
    (f"clusterroles.{_RBAC}", "bindings", "role", {"role_kind": "ClusterRole"}, "bindings name ClusterRoles"),
    (f"roles.{_RBAC}", "bindings", "role", {"role_kind": "Role"}, "bindings name Roles"),
    ("persistentvolumeclaims", "persistent_volumes", "claim", {"phase": "Bound"}, "volumes are bound to claims"),
    ("persistentvolumes", "persistent_volume_claims", "volume", {"phase": "Bound"}, "claims are bound to volumes"),
    *((f"{kind.lower()}admissionpolicies.{_ADMISSION}", "admission_policy_bindings", "policy", {"type": kind},
       "bindings name policies of its kind") for kind in ("Validating", "Mutating")),
    *((resource, table, "owner", {"owner_kind": kind}, f"{kind}s own other objects")
      for resource, (kind, _) in CONTROLLERS.items() for table in ("pod_owners", "workload_owners")),
)
"""A list that may not be empty where rows of a table name something in it: of which resource, the table, the column
with the names, which rows, and what they do."""

_ALWAYS = {"namespaces": ("default", "kube-system", "kube-public"), "services": ("kubernetes",)}
"""What no cluster lacks: the API server makes it anew."""

_NEVER_EMPTY = (
    *(f"{resource}.{_RBAC}" for resource in ("roles", "clusterroles", "rolebindings", "clusterrolebindings")),
    "serviceaccounts", "configmaps", API_SERVICES,
)
"""Lists in which the API server and the controllers keep something of their own. Where RBAC does not decide, there may
be no role; then its lists do not tell who may do what."""

_IN_EACH_NAMESPACE = {"serviceaccounts": ("service_accounts", "default"),
                      "configmaps": ("config_maps", "kube-root-ca.crt")}
"""What a controller makes in every namespace, and makes anew."""

_ASKED_BY_NAME = 20
"""So many things that a list lacks are asked for by name; where there are more, the list is in doubt at once."""


class Collected:
    """The rows that were collected, the ledger's entries of them by resource, and what the server says it serves."""

    def __init__(self, batches: dict[str, list[pa.RecordBatch]], entries: dict[str, Entry], served: Served | None):
        self._batches, self.entries, self.served = batches, entries, served

    def whole(self, resource: str) -> bool:
        """True if a list was read completely, as far as itself says."""
        return self.entries[resource].outcome == "complete"

    def table(self, name: str) -> pa.Table:
        """The rows of a table so far."""
        return tables.table(name).of(self._batches.get(name, []))

    def values(self, name: str, column: str, where: Mapping[str, str] = MappingProxyType({}), *,
               known_at: dt.datetime | None = None) -> set[str]:
        """The values of a column, of the rows that have these values; and of objects that were there at a time."""
        table = self.table(name).select(list({column: 0, **where, **({} if known_at is None else {"created": 0})}))
        for key, value in where.items():
            table = table.filter(pc.equal(table[key], value))
        if known_at is not None:
            table = table.filter(pc.fill_null(pc.less_equal(table["created"], pa.scalar(known_at, _TIME)), True))
        return set(pc.unique(table[column]).drop_null().to_pylist())

    def pairs(self, name: str, *columns: str) -> set[tuple[Any, ...]]:
        """The combinations of values of some columns, ``None`` among them."""
        table = self.table(name).select(columns)
        return set(zip(*(table[column].to_pylist() for column in columns), strict=True))

    @cached_property
    def resources(self) -> set[tuple[str, str]]:
        """Group and plural of what is served."""
        rows = self.served.resources if self.served else []
        return {(row["group"], row["resource"]) for row in rows if "/" not in row["resource"]}

    @cached_property
    def unclear_groups(self) -> set[str]:
        """Groups of which discovery itself says that it does not know."""
        return {*self.served.unknown_groups, *self.served.empty_groups} if self.served else set()


_TIME = pa.timestamp("us", tz="UTC")


def doubts(found: Collected, source: Source) -> Iterator[Doubt]:
    """Which of the lists that look complete cannot be, and why. A list may come more than once.

    Only lists that an API server wrote are held against each other. Files show what somebody put into them; whether
    they are whole is judged where they are read.
    """
    if source.assembles:
        return
    for rule in (_named, _never_empty, _always, _in_each_namespace, _pods, _listed_for_another):
        yield from rule(found)
    yield from _namespaces(found, source)
    yield from _nodes(found, source)
    if found.served:
        yield from _discovery(found, found.served)
        yield from _registered(found, found.served)


def unproven(found: Collected) -> Iterator[Doubt]:
    """What discovery proves not to be served, though another list shows it or discovery itself is in doubt."""
    definitions, registered = found.values("crds", "name"), found.values("api_services", "group")
    both = found.whole(CRDS) and found.whole(API_SERVICES)
    for name, entry in found.entries.items():
        resource = tables.RESOURCES.get(name)
        if not entry.proven or resource is None:
            continue
        if name in definitions:
            yield name, "the discovery document does not list it, but its CustomResourceDefinition exists"
        elif resource.group in registered - {group for group, _ in found.resources}:
            yield name, f"the discovery document does not list the group {resource.group}, but its APIService exists"
        elif not both and found.entries["discovery"].outcome != "complete":
            yield name, (f"the discovery document does not list it, but is itself in doubt: "
                         f"{found.entries['discovery'].reason}")


def doubted_groups(found: Collected) -> dict[str, str]:
    """Groups with resources that exist and that discovery does not list, or does not know; with the reason."""
    why = dict.fromkeys(found.unclear_groups, "the discovery document does not state the resources of this group")
    return why | {group: "custom resources of this group exist, and the discovery document does not list them"
                  for group, _ in _unlisted(found)}


# --- what names what -----------------------------------------------------------------------------------------------


def _named(found: Collected) -> Iterator[Doubt]:
    for resource, table, column, where, what in _NAMED:
        if not found.whole(resource) or found.entries[resource].items or _shared(found, resource):
            continue
        if names := found.values(table, column, where):
            yield resource, f"the list is empty, but {what} ({_some(names)})"


def _shared(found: Collected, resource: str) -> bool:
    """True if another group serves a kind of the same name: an owner of that kind may be one of it."""
    declared = tables.RESOURCES[resource]
    return any(plural == declared.plural and group != declared.group for group, plural in found.resources)


def _namespaces(found: Collected, source: Source) -> Iterator[Doubt]:
    """Objects live in namespaces that exist."""
    if not found.whole("namespaces"):
        return
    started = found.entries["namespaces"].started
    used: set[str] = set()
    for table in _objects():
        if "namespace" in table.schema.names:
            used |= found.values(table.name, "namespace", known_at=started)
    if missing := _missing(found, source, "namespaces", used - found.values("namespaces", "name") - {""}):
        yield "namespaces", f"objects are in namespaces that are missing from the list ({_some(missing)})"


def _nodes(found: Collected, source: Source) -> Iterator[Doubt]:
    """Pods are bound to nodes that exist; those of a node that is gone are soon removed."""
    if not found.whole("nodes"):
        return
    used = found.values("pods", "node", known_at=found.entries["nodes"].started)
    if missing := _missing(found, source, "nodes", used - found.values("nodes", "name") - {""}):
        yield "nodes", f"pods are bound to nodes that are missing from the list ({_some(missing)})"


def _objects() -> list[tables.Table]:
    """The tables with a row for each object of a list."""
    return [table for table in tables.TABLES.values()
            if {"uid", "created"} <= set(table.schema.names) and set(table.sources) <= tables.RESOURCES.keys()]


class _Object(msgspec.Struct):
    class _Metadata(msgspec.Struct):
        creationTimestamp: dt.datetime

    metadata: _Metadata


class _Refusal(msgspec.Struct):
    reason: str = ""


def _missing(found: Collected, source: Source, resource: str, names: set[str]) -> set[str]:
    """The names that a list should have had.

    A live server is asked for each: what is gone by now, or was made after the list was read, the list rightly lacks.
    """
    if not source.proves_absence or len(names) > _ASKED_BY_NAME:
        return names
    return {name for name in names if not _rightly_missing(source, resource, name, found.entries[resource].started)}


def _rightly_missing(source: Source, resource: str, name: str, since: dt.datetime) -> bool:
    try:
        answer = source.get(f"/api/v1/{resource}/{name}")
        if answer.status == 404:
            return msgspec.json.decode(answer.body, type=_Refusal).reason == "NotFound"
        made = msgspec.json.decode(answer.body, type=_Object).metadata.creationTimestamp
        return answer.status == 200 and made >= since
    except (NoAnswer, *UNDECODABLE, TypeError):
        return False


# --- discovery, custom resource definitions and API services -------------------------------------------------------


def _unlisted(found: Collected) -> set[tuple[str, str]]:
    """Group and plural of custom resources that exist and that discovery does not list."""
    if not found.served:
        return set()
    return {(group, plural) for group, plural in found.pairs("crds", "group", "plural") - found.resources
            if group and group not in found.unclear_groups}


def _discovery(found: Collected, discovered: Served) -> Iterator[Doubt]:
    """Every custom resource, registered group and built-in kind is in the discovery document."""
    if unlisted := _unlisted(found):
        yield "discovery", ("it does not list custom resources whose definitions exist "
                            f"({_some(f'{plural}.{group}' for group, plural in unlisted)})")
    served = {(row["group"], row["version"]) for row in discovered.resources}
    registered = {(group or "", version) for group, version in found.pairs("api_services", "group", "version")}
    if missing := {(group, version) for group, version in registered - served if group not in found.unclear_groups}:
        yield "discovery", ("it does not list groups whose APIServices exist "
                            f"({_some(f'{group}/{version}' for group, version in missing)})")
    built_in = {(r.group, r.plural) for r in tables.RESOURCES.values()
                if r.builtin and r.group not in found.unclear_groups}
    if missing := built_in - found.resources:
        yield "discovery", ("it does not list resources that every Kubernetes API server serves "
                            f"({_some(f'{plural}.{group}'.rstrip('.') for group, plural in missing)})")


def _registered(found: Collected, discovered: Served) -> Iterator[Doubt]:
    """Every group that is served has an APIService, and what no other server serves has a definition."""
    registered = {(group or "", version): service
                  for group, version, service in found.pairs("api_services", "group", "version", "service")}
    served = {(row["group"], row["version"]) for row in discovered.resources if row["group"] != _OF_API_SERVICES}
    if found.whole(API_SERVICES) and (missing := served - registered.keys()):
        yield API_SERVICES, ("API groups are served whose APIServices are missing from the list "
                              f"({_some(f'{group}/{version}'.lstrip('/') for group, version in missing)})")
    own = {group for (group, _), service in registered.items() if service is None
           and "." in group and not group.endswith(".k8s.io")}
    defined = found.pairs("crds", "group", "plural")
    if found.whole(CRDS) and (missing := {pair for pair in found.resources - defined if pair[0] in own}):
        yield CRDS, ("custom resources are served whose definitions are missing from the list "
                      f"({_some(f'{plural}.{group}' for group, plural in missing)})")


# --- what every cluster has ----------------------------------------------------------------------------------------


def _always(found: Collected) -> Iterator[Doubt]:
    for resource, names in _ALWAYS.items():
        if found.whole(resource) and (missing := set(names) - found.values(resource, "name")):
            yield resource, f"objects that every cluster has are missing from the list ({_some(missing)})"


def _in_each_namespace(found: Collected) -> Iterator[Doubt]:
    """Namespaces that were there before have what is made in each, unless nobody makes it in this cluster."""
    for resource, (table, name) in _IN_EACH_NAMESPACE.items():
        if not found.whole(resource):
            continue
        having = found.values(table, "namespace", {"name": name})
        before = found.values("namespaces", "name", {"phase": "Active"}, known_at=found.entries[resource].started)
        if (having or not found.entries[resource].items) and (missing := before - having):
            yield resource, f"{name} is missing from the list for some namespaces ({_some(missing)})"


def _pods(found: Collected) -> Iterator[Doubt]:
    ready = found.table("workloads")
    ready = ready.filter(pc.greater(ready["ready_replicas"], 0))
    if found.whole("pods") and not found.entries["pods"].items and ready.num_rows:
        yield "pods", f"the list is empty, but workloads have ready pods ({_some(ready['name'].to_pylist())})"


def _never_empty(found: Collected) -> Iterator[Doubt]:
    for resource in _NEVER_EMPTY:
        if found.whole(resource) and not found.entries[resource].items:
            yield resource, "the list is empty, which is impossible in a cluster"


def _listed_for_another(found: Collected) -> Iterator[Doubt]:
    """A UID belongs to one object: where two lists have it, one of them was answered by the other."""
    lists = [(source, uids) for table in _objects() for source, uids in _uids(found, table)]
    counted = pc.value_counts(pa.chunked_array([chunk for _, uids in lists for chunk in uids.chunks], pa.string()))
    twice = counted.field("values").filter(pc.greater(counted.field("counts"), 1))
    for source, uids in lists if len(twice) else ():
        if found.whole(source) and pc.any(pc.is_in(uids, value_set=twice)).as_py():
            yield source, "it has objects with the UIDs of other objects: it may be the list of another kind"


def _uids(found: Collected, table: tables.Table) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """The UIDs of the objects of a table, for each of the resources that it comes from."""
    for source in table.sources:
        constants = next(one.constants for one in table.rows if one.source == source)
        mine = found.table(table.name).select(["uid", *constants])
        for key, value in constants.items():
            mine = mine.filter(pc.equal(mine[key], value))
        yield source, pa.chunked_array([pc.unique(mine["uid"].drop_null())])


def _some(names: Iterable[str]) -> str:
    """A few of some names, in order, and how many more there are."""
    names = sorted(names)
    shown = ", ".join(name[:100] for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
