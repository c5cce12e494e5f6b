"""Other engines that decide beside what is read here: which kinds are installed, and which objects of theirs exist."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.decode.objects import ListMeta, NotAList, Page
from auditkit.collectors.discovery import Served
from auditkit.collectors.listing import Listing
from auditkit.collectors.sources.model import Source
from auditkit.snapshots.ledger import Entry
from auditkit.tables.engines import RESOURCES, Decider, decider, may_decide
from auditkit.tables.model import Resource

CRDS, API_SERVICES = "customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io"


class Found(NamedTuple):
    """A kind that decides: its row, and the list of its objects."""

    row: dict[str, Any]
    listing: Listing


class _Metadata(msgspec.Struct):
    name: str
    namespace: str | None = None


class _Object(msgspec.Struct):
    metadata: _Metadata


class _Row(msgspec.Struct):
    object: _Object


class _Names(msgspec.Struct):
    """A list in either form, of which nothing but names is decoded."""

    kind: str = ""
    apiVersion: str = ""
    metadata: ListMeta | None = None
    items: list[_Object] | None | msgspec.UnsetType = msgspec.UNSET
    rows: list[_Row] | None | msgspec.UnsetType = msgspec.UNSET


class NamesDecoder:
    """Pages of one kind to the names of its objects."""

    def __init__(self) -> None:
        self.objects: list[dict[str, str | None]] = []

    def __call__(self, body: bytes) -> Page:
        try:
            page = msgspec.json.decode(body, type=_Names)
        except UNDECODABLE as error:
            raise NotAList(f"the response is not a list of objects ({error})") from None
        found = page.items if page.rows is msgspec.UNSET else [row.object for row in page.rows or []]
        if found is msgspec.UNSET or found is None:
            raise NotAList("the response has no list of items")
        self.objects += [{"namespace": one.metadata.namespace, "name": one.metadata.name} for one in found]
        meta = page.metadata or ListMeta()
        names = [f"{one.metadata.namespace or ''}/{one.metadata.name}" for one in found]
        return Page({}, len(found), [], meta.resourceVersion, meta.continue_, meta.remainingItemCount, names,
                    page.kind, page.apiVersion, "object" if page.rows is msgspec.UNSET else "table")


def served(source: Source, found: Served | None, limit: int) -> list[Found]:
    """The kinds that the server serves and that decide, each with the list to read. Of files, those they may hold."""
    if found is None and source.proves_absence:
        return []  # a server that does not say what it serves is not asked for one kind after another
    if found is None:
        return [_asked(source, resource, "v1", limit) for resource in RESOURCES.values()]
    kinds: dict[tuple[str, str], Found] = {}
    for row in found.resources:
        key = row["group"], row["resource"]
        what = decider(*key, row["kind"], found.versions(row["resource"], row["group"]))
        if key not in kinds and "/" not in row["resource"] and what:
            resource = Resource(".".join(reversed(key)), row["kind"], (row["version"],), form="table",
                                namespaced=row["namespaced"], builtin=False)
            kinds[key] = _asked(source, resource, row["version"], limit, what)
    return list(kinds.values())


def _asked(source: Source, resource: Resource, version: str, limit: int, what: Decider | None = None) -> Found:
    listing = Listing(source, resource, version, limit=limit, decoder=NamesDecoder)
    return Found(_row(resource.group, resource.plural, resource.kind, what), listing)


def _row(group: str, plural: str, kind: str, what: Decider | None = None) -> dict[str, Any]:
    what = what or decider(group, plural, kind) or Decider(group, True, True)
    return {**what._asdict(), "group": group, "plural": plural, "kind": kind, "listed": False, "objects": []}


def rows(found: Iterable[Found], discovery: Served | None, entries: dict[str, Entry],
         batches: dict[str, list[pa.RecordBatch]]) -> tuple[list[dict[str, Any]], str]:
    """The rows of the kinds that are installed, and why the others are not known to be none (empty: they are known).

    The discovery document says what is installed. Where there is none, as with files, the CustomResourceDefinitions
    and the APIServices do, if they are whole. A kind of which there are objects is installed, whatever they say.
    """
    installed = {(row["group"], row["plural"]): row for row in _crds(batches)}
    kinds = [_counted(one) for one in found]
    listed = {(row["group"], row["plural"]) for row in kinds}
    if discovery is None:
        groups = _aggregated(batches)
        installed |= {(one.group, one.plural): _row(one.group, one.plural, one.kind)
                      for one in RESOURCES.values() if one.group in groups}
        kinds = [row for row in kinds if row["objects"] or (row["group"], row["plural"]) in installed]
    rest = [row | {"reason": "its objects were not supplied"} for key, row in installed.items() if key not in listed]
    unclear = _unclear(discovery, entries, batches) if discovery else set()
    return [*kinds, *rest], "; ".join(_doubts(discovery, entries, unclear, [*kinds, *rest]))


def _counted(one: Found) -> dict[str, Any]:
    """The row of a kind with its objects."""
    entry, decoder = one.listing.entry, cast(NamesDecoder, one.listing.decode)  # as `_asked` gave it
    whole = entry.outcome == "complete"
    return one.row | {"objects": decoder.objects, "listed": whole,
                      "reason": None if whole else f"{entry.outcome}: {entry.reason}"}


def _unclear(discovery: Served, entries: dict[str, Entry], batches: dict[str, list[pa.RecordBatch]]) -> set[str]:
    """Groups of which discovery does not say what is served now, and which may hold kinds that decide.

    Of a group that is not declared the CustomResourceDefinitions tell that as well, if they are whole.
    """
    declared = {resource.group for resource in RESOURCES.values()}
    whole = CRDS in entries and entries[CRDS].outcome == "complete"
    defined = {group for batch in batches.get("crds", []) for group in batch["group"].to_pylist()} if whole else set()
    builtin = {resource.group for resource in tables.RESOURCES.values() if resource.builtin}
    unclear = {*discovery.unknown_groups, *discovery.empty_groups}
    return {group for group in unclear
            if group in declared or (group not in defined | builtin and may_decide(group))}


def _doubts(discovery: Served | None, entries: dict[str, Entry], unclear: set[str],
            kinds: list[dict[str, Any]]) -> Iterator[str]:
    """Why it is not known what other engines decide over."""
    if discovery is None:
        for name in (CRDS, API_SERVICES):
            if entries[name].outcome != "complete":
                yield f"unknown which engines are installed: {name} is {entries[name].outcome}: {entries[name].reason}"
    elif unclear:
        yield f"unknown which resources are served for {', '.join(sorted(unclear))}"
    for row in kinds:
        if not row["listed"]:
            yield f"{row['plural']}.{row['group']}: {row['reason']}"


def _crds(batches: dict[str, list[pa.RecordBatch]]) -> Iterator[dict[str, Any]]:
    for batch in batches.get("crds", []):
        for crd in batch.select(["group", "plural", "kind"]).to_pylist():
            key = crd["group"] or "", crd["plural"] or "", crd["kind"] or ""
            if decider(*key):
                yield _row(*key)


def _aggregated(batches: dict[str, list[pa.RecordBatch]]) -> set[str]:
    """Groups that another server answers for."""
    return {row["group"] for batch in batches.get("api_services", [])
            for row in batch.select(["group", "service"]).to_pylist() if row["service"]}
