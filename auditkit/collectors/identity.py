"""Who collects, and what the server says that this identity may not read."""

import time
from collections.abc import Iterable
from concurrent.futures import Executor
from typing import Any, NamedTuple, TypeVar

import msgspec

from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.listing import Listing
from auditkit.collectors.sources.model import NoAnswer, Source

SECONDS = 10.0
"""Seconds for all questions about rights. They only tell early what the ledger tells later."""

PROXY = "nodes/proxy"


class Collector(NamedTuple):
    """Who collects, as the server sees it. No ``user``: the server did not say."""

    user: str
    groups: list[str]


class _UserInfo(msgspec.Struct):
    username: str = ""
    groups: list[str] = []


class _WhoStatus(msgspec.Struct):
    userInfo: _UserInfo


class _Who(msgspec.Struct):
    status: _WhoStatus


class _AccessStatus(msgspec.Struct):
    allowed: bool
    denied: bool = False
    evaluationError: str = ""


class _Access(msgspec.Struct):
    status: _AccessStatus


_WHO, _ACCESS = msgspec.json.Decoder(_Who), msgspec.json.Decoder(_Access)  # made before there are threads
_Review = TypeVar("_Review", _Who, _Access)


def whoami(source: Source) -> Collector:
    """Who the server takes this collector for."""
    found = _review(source, "authentication.k8s.io/v1", "SelfSubjectReview", {}, _WHO)
    return Collector(found.status.userInfo.username, found.status.userInfo.groups) if found else Collector("", [])


def may_not(source: Source, pool: Executor, listings: Iterable[Listing]) -> list[str]:
    """The lists that this identity may not read in all namespaces, and ``nodes/proxy`` if it may not get that.

    Only what the server denies counts: a review that fails, or that comes too late, says nothing. Of files nobody has
    rights.
    """
    if not source.proves_absence:
        return []
    asked: dict[str, dict[str, str]] = {listing.resource.name: {
        "verb": "list", "group": listing.resource.group, "version": listing.version,
        "resource": listing.resource.plural} for listing in listings}
    asked[PROXY] = {"verb": "get", "group": "", "version": "v1", "resource": "nodes", "subresource": "proxy"}
    until = time.monotonic() + SECONDS
    denied = pool.map(lambda attributes: _denied(source, attributes, until), asked.values())
    return [name for name, no in zip(asked, denied, strict=True) if no]


def _denied(source: Source, attributes: dict[str, str], until: float) -> bool:
    found = _review(source, "authorization.k8s.io/v1", "SelfSubjectAccessReview",
                    {"spec": {"resourceAttributes": attributes}}, _ACCESS, until)
    return found is not None and not found.status.allowed and (found.status.denied or not found.status.evaluationError)


def _review(source: Source, group: str, kind: str, body: dict[str, Any],
            decoder: "msgspec.json.Decoder[_Review]", until: float | None = None) -> _Review | None:
    """The answer to a review of oneself; None where the source cannot tell."""
    try:
        answer = source.review(f"/apis/{group}/{kind.lower()}s", {"apiVersion": group, "kind": kind, **body}, until)
        return decoder.decode(answer.body) if answer.status in (200, 201) else None
    except (NoAnswer, *UNDECODABLE):
        return None
