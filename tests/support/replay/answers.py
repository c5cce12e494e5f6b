"""What a real API server says where nothing was recorded: pages, refusals, errors, in its own words."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from .recorded import Recording
from .requests import Form, Request, Target

TABLE = Form("Table", "meta.k8s.io", "v1")
EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list - objects "
    "that were created, modified, or deleted between the time the first chunk was returned and now may show "
    "up in the list."
)
INCONSISTENT = -1  # the resourceVersion in the token that a 410 offers: "go on with whatever there is now"


@dataclass
class Answer:
    """`announced` is the Content-Length sent; with one, the connection is closed after the body."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    announced: int | None = None


def as_json(value: Any, status: int = 200) -> Answer:
    """Compact and not ASCII-only, as Go writes it."""
    return Answer(status, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")


def failure(code: int, message: str, reason: str | None = None, *, metadata=None, details=None) -> Answer:
    """A Status object."""
    status: dict[str, Any] = {"kind": "Status", "apiVersion": "v1", "metadata": metadata or {}}
    status |= {"status": "Failure", "message": message, "reason": reason, "details": details, "code": code}
    return as_json({key: value for key, value in status.items() if value is not None}, code)


def forbidden(user: str, verb: str, target: Target) -> Answer:
    what = f"{target.resource}.{target.group}" if target.group else target.resource
    if target.name:
        what += f' "{target.name}"'
    where = f'in the namespace "{target.namespace}"' if target.namespace else "at the cluster scope"
    details = {"name": target.name, "group": target.group, "kind": target.resource}
    return failure(
        403,
        f'{what} is forbidden: User "{user}" cannot {verb} resource "{target.full_name}" '
        f'in API group "{target.group}" {where}',
        "Forbidden",
        details={key: value for key, value in details.items() if value},
    )


def not_found(request: Request, recording: Recording) -> Answer:
    """An unserved path gets the router's words, a served group's unknown resource or object a Status."""
    target = request.target
    if not target or not recording.serves(target):
        return Answer(404, b"404 page not found\n", "text/plain; charset=utf-8")
    if target.name and not target.subresource and recording.whole_list(target.collection):
        what = f"{target.resource}.{target.group}" if target.group else target.resource
        details = {"name": target.name, "kind": target.resource}
        return failure(404, f'{what} "{target.name}" not found', "NotFound", details=details)
    return failure(404, "the server could not find the requested resource", "NotFound", details={})


def page(request: Request, whole: dict) -> Answer:
    """The part of a whole list (or Table) that `limit` and `continue` ask for."""
    rows = "rows" if whole["kind"] == "Table" else "items"
    if "resourceVersion" not in whole["metadata"]:
        return as_json(whole)  # not from etcd (componentstatuses): never paged
    version = int(whole["metadata"]["resourceVersion"])
    start = 0
    if "continue" in request.query:
        token = _read_token(request.query["continue"])
        if token is None or token["path"] != request.path:
            return failure(400, "continue key is not valid", "BadRequest")
        if token["rv"] not in (version, INCONSISTENT):
            return expired(request, token["start"])
        start, version = token["start"], version + (token["rv"] == INCONSISTENT)
    limit = int(request.query.get("limit", 0)) or len(whole[rows])
    left = len(whole[rows]) - start - limit
    metadata: dict[str, Any] = {"resourceVersion": str(version)}
    if left > 0:
        metadata |= {"continue": token_for(request.path, version, start + limit), "remainingItemCount": left}
    return as_json({**whole, "metadata": metadata, rows: whole[rows][start : start + limit]})


def token_for(path: str, version: int, start: int) -> str:
    """Opaque to the client; good for this path and this resourceVersion only."""
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": version, "path": path, "start": start})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_token(token: str) -> dict | None:
    try:
        fields = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return fields if isinstance(fields["start"], int) and fields["path"] and fields["rv"] else None
    except (ValueError, KeyError, TypeError):
        return None


def expired(request: Request, start: int = 0) -> Answer:
    """410 with the token that a client must not use if it wants a consistent list."""
    token = token_for(request.path, INCONSISTENT, start)
    return failure(410, EXPIRED, "Expired", metadata={"continue": token})


def start_of(request: Request) -> int:
    """Index of the first item that `continue` asks for; 0 without one, or with a recorded one."""
    token = _read_token(request.query.get("continue", ""))
    return token["start"] if token else 0


def metadata_only(whole: dict) -> dict:
    """A plain list in the form PartialObjectMetadataList."""
    head = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": whole["metadata"],
        "items": [{**head, "metadata": item["metadata"]} for item in whole["items"]],
    }


def of_namespace(whole: dict, namespace: str) -> dict:
    """A list (or Table) with the items of one namespace only."""
    rows = "rows" if whole["kind"] == "Table" else "items"
    return {**whole, rows: [r for r in whole[rows] if _metadata(r).get("namespace") == namespace]}


def _metadata(row: dict) -> dict:
    """Of an item of a list or a row of a Table."""
    return row.get("object", row)["metadata"]


def one_object(whole: dict, target: Target) -> dict | None:
    """The object of a plain or metadata list that a path names; kind and apiVersion are those of the list."""
    for item in whole["items"]:
        if (item["metadata"]["name"], item["metadata"].get("namespace")) == (target.name, target.namespace):
            return {"kind": whole["kind"].removesuffix("List"), "apiVersion": whole["apiVersion"], **item}
    return None
