"""Kubernetes objects in documents: one, a List, an array, several YAML documents, or lists by resource."""

from collections.abc import Iterator
from typing import Any

from auditkit.scans.model import Document


def holds_objects(document: Document) -> bool:
    """True if a document begins with Kubernetes objects of whatever kind."""
    return document.form != "csv" and _shape(document.head) != ""


def objects(document: Document) -> Iterator[dict[str, Any]]:
    """Each object; those of a List that do not say what they are, are what the list says."""
    if document.form == "json":
        yield from _inside(document)
        return
    for value in document.values():
        match _shape(value):
            case "object":
                yield value
            case "list":
                yield from (_named(item, value) for item in value.get("items") or [] if isinstance(item, dict))
            case "array":
                yield from (item for item in value if _is_object(item))
            case _:
                continue


def _inside(document: Document) -> Iterator[dict[str, Any]]:
    """The objects of one JSON document, however large it is."""
    match _shape(document.head):
        case "object":
            yield document.outline()
        case "list":
            frame = document.outline("items[]")
            yield from (_named(item, frame) for _, item in document.each("items[]") if isinstance(item, dict))
        case "array":
            yield from (item for _, item in document.each("[]") if isinstance(item, dict))
        case "lists":
            for path in ("*[]", "*.items[]"):
                yield from (item for _, item in document.each(path) if isinstance(item, dict))


def _shape(value: Any) -> str:
    if isinstance(value, list):
        return "array" if any(map(_is_object, value)) else ""
    if not isinstance(value, dict):
        return ""
    if _is_object(value):
        return "list" if isinstance(value.get("items"), list) and value["kind"].endswith("List") else "object"
    inside = [part.get("items", part) if isinstance(part, dict) else part for part in value.values()]
    return "lists" if any(isinstance(part, list) and any(map(_is_object, part)) for part in inside) else ""


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("apiVersion"), str) and isinstance(value.get("kind"), str)


def _named(item: dict[str, Any], frame: dict[str, Any]) -> dict[str, Any]:
    if "kind" in item or frame["kind"] == "List":
        return item
    return {"apiVersion": frame["apiVersion"], "kind": frame["kind"].removesuffix("List"), **item}
