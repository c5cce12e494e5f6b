"""Kubernetes JSON to objects: list bodies are decoded by structs made from the table declarations.

A struct names only the fields that tables keep, so what no column declares is never kept: an allow-list.
"""

from functools import cache
from types import GenericAlias
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.decode.rows import NotAValue, batches_of
from auditkit.collectors.decode.structs import struct_for
from auditkit.collectors.decode.unread import with_unread
from auditkit.tables import RESOURCES
from auditkit.tables.model import Resource


class Page(NamedTuple):
    """One decoded list body: its rows by table, and what the list says of itself."""

    batches: dict[str, list[pa.RecordBatch]]
    items: int
    malformed: list[str]
    resource_version: str
    continue_token: str
    remaining: int | None
    names: list[str]
    kind: str
    api_version: str
    form: str


class NotAList(ValueError):
    """A body that was answered to a list request and is none; the text says what it is."""


class ListMeta(msgspec.Struct, rename={"continue_": "continue"}):
    """What a list says of itself."""

    resourceVersion: str = ""
    continue_: str = ""
    remainingItemCount: int | None = None


class _Cell(msgspec.Struct):
    name: str


class _List(msgspec.Struct, gc=False):
    """A list of which only the frame is decoded. ``rows`` are those of the server's ``Table`` form."""

    kind: str = ""
    apiVersion: str = ""
    metadata: ListMeta | None = None
    items: list[msgspec.Raw] | None | msgspec.UnsetType = msgspec.UNSET
    rows: list[msgspec.Raw] | None | msgspec.UnsetType = msgspec.UNSET
    columnDefinitions: list[_Cell] | None = None


_FRAME = msgspec.json.Decoder(_List)


@cache
def _decoders(source: str) -> tuple[msgspec.json.Decoder[Any], dict[str, msgspec.json.Decoder[Any]]]:
    """The decoder of a whole list of a resource, and those of single objects by form."""
    item, row = struct_for(source, "object"), struct_for(source, "table")
    whole = msgspec.defstruct("Typed", [
        ("items", GenericAlias(list, item) | None | msgspec.UnsetType, msgspec.UNSET),
        ("rows", GenericAlias(list, row) | None | msgspec.UnsetType, msgspec.UNSET),
    ], bases=(_List,), gc=False)
    return msgspec.json.Decoder(whole), {"object": msgspec.json.Decoder(item), "table": msgspec.json.Decoder(row)}


def decode(body: bytes, source: str) -> Page:
    """The rows of one list body of a resource.

    An object that does not follow its schema is left out and named in ``malformed``, never guessed at.
    Raises `NotAList` where the body is no list, or is cut short.
    """
    whole, by_form = _decoders(source)
    resource = RESOURCES.get(source)
    if resource and resource.exact:
        body = with_unread(body, source)
    try:
        frame, malformed = whole.decode(body), []
    except (msgspec.ValidationError, UnicodeDecodeError):
        frame = _frame(body)
        malformed = _decode_one_by_one(frame, by_form)
    except UNDECODABLE as error:
        raise NotAList(f"the response is not a complete JSON list ({error})") from None
    form = "object" if frame.rows is msgspec.UNSET else "table"
    objects = frame.items if form == "object" else frame.rows
    if objects is msgspec.UNSET or objects is None:
        raise NotAList(f"the response has no list of items (its kind is {frame.kind[:60] or 'not given'!r})")
    if form == "object" and resource:
        objects, strange = _of_kind(objects, resource)
        malformed += strange
    cells = {cell.name: at for at, cell in enumerate(frame.columnDefinitions or [])}
    try:
        batches = batches_of(objects, source, form, cells)
    except NotAValue as error:
        raise NotAList(str(error)) from None
    meta = frame.metadata or ListMeta()
    return Page(batches, len(objects) + len(malformed), malformed, meta.resourceVersion, meta.continue_,
                meta.remainingItemCount, _names(objects, form), frame.kind, frame.apiVersion, form)


def _of_kind(objects: list[Any], resource: Resource) -> tuple[list[Any], list[str]]:
    """The objects of a list without those that say that they are something else, and a phrase for each of these.

    In a list of a built-in kind objects say nothing; those of a custom resource name their kind and version.
    """
    foreign = {said for said in {(thing.kind, thing.apiVersion) for thing in objects} if not _is(resource, *said)}
    if not foreign:
        return objects, []
    kept, strange = [], []
    for position, thing in enumerate(objects):
        if (thing.kind, thing.apiVersion) in foreign:
            said = f"{thing.kind or 'thing'} of {thing.apiVersion or 'no version'}"
            strange.append(f"item {position} is a {said[:120]}, not a {resource.kind}")
        else:
            kept.append(thing)
    return kept, strange


def _is(resource: Resource, kind: str | None, api_version: str | None) -> bool:
    """True if the kind and version that an object names, or does not name, are those of a resource.

    Versions of a custom resource may hold different fields: only those that are known count.
    """
    group, _, version = api_version.rpartition("/") if api_version else (resource.group, "", resource.versions[0])
    return (kind in (None, resource.kind) and group == resource.group
            and (resource.builtin or version in resource.versions))


def raw_items(body: bytes) -> tuple[_List, list[msgspec.Raw]]:
    """The frame of a list of objects, and its items as they stand there. Raises `NotAList`."""
    frame = _frame(body)
    if frame.items is msgspec.UNSET or frame.items is None:
        raise NotAList(f"the response has no list of items (its kind is {frame.kind[:60] or 'not given'!r})")
    return frame, frame.items


def _frame(body: bytes) -> _List:
    try:
        return _FRAME.decode(body)
    except UNDECODABLE as error:
        raise NotAList(f"the response is not a list of objects ({error})") from None


def _decode_one_by_one(frame: _List, by_form: dict[str, msgspec.json.Decoder[Any]]) -> list[str]:
    """Decode the objects of a list singly, in place; a phrase for each that does not follow its schema."""
    malformed = []
    for attribute, form in (("items", "object"), ("rows", "table")):
        raws = getattr(frame, attribute)
        if not raws:
            continue
        objects = []
        for position, raw in enumerate(raws):
            try:
                objects.append(by_form[form].decode(raw))
            except UNDECODABLE as error:
                malformed.append(f"item {position}{_name_of(raw)}: {error}")
        setattr(frame, attribute, objects)
    return malformed


def _name_of(raw: msgspec.Raw) -> str:
    """``(namespace/name)`` of an object that could not be decoded, as far as it has them."""
    try:
        metadata = msgspec.json.decode(raw)["metadata"]
        name = "/".join(str(metadata[key])[:253] for key in ("namespace", "name") if key in metadata)
    except (*UNDECODABLE, KeyError, TypeError, ValueError):
        return ""
    return f" ({name})" if name else ""


def _names(objects: list[Any], form: str) -> list[str]:
    """``namespace/name`` of each object, by which one that is listed twice is found."""
    if not objects or not hasattr(objects[0], "object" if form == "table" else "metadata"):
        return []  # what is no object of the API has no name
    metas = (thing.object.metadata for thing in objects) if form == "table" else (thing.metadata for thing in objects)
    return [f"{getattr(meta, 'namespace', '') or ''}/{meta.name}" for meta in metas]
