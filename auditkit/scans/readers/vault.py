"""Vault (and OpenBao): the audit log of a secret store, a request and a response line for each operation.

Requests are counted by ``audit_id``, which both lines of an operation share. Tokens, data and errors are not kept;
a device with ``log_raw`` writes them in the clear, and that is a finding of its own.

Source: https://developer.hashicorp.com/vault/docs/audit/schema
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from auditkit.scans.model import Document, Event, Finding, Gap, Row
from auditkit.scans.vocabulary import moment
from auditkit.scans.words import path_of

NAME = "vault"

_LOOK_AT = 20
_STAGES = {"request": "RequestReceived", "response": "ResponseComplete"}
_TYPES = {"request", "response"}


class _Policy(msgspec.Struct, gc=False):
    name: str | None = None


class _Results(msgspec.Struct, gc=False):
    allowed: bool | None = None
    granting_policies: list[_Policy] | None = None


class _Auth(msgspec.Struct, gc=False):
    client_token: str | None = None
    display_name: str | None = None
    entity_id: str | None = None
    metadata: dict[str, Any] | None = None
    policies: list[str] | None = None
    policy_results: _Results | None = None


class _Request(msgspec.Struct, gc=False):
    id: str | None = None
    client_token: str | None = None
    operation: str | None = None
    path: str | None = None
    mount_type: str | None = None
    remote_address: str | None = None


class _Entry(msgspec.Struct, gc=False):
    time: str | None = None
    type: str | None = None
    auth: _Auth | None = None
    request: _Request | None = None
    error: str | None = None


def recognise(document: Document) -> bool:
    """Lines of type request or response (of KMIP too) with a request that has an operation."""
    if document.form == "lines":
        return any(_is_entry(value) for value in islice(document.values(), _LOOK_AT))
    return document.form == "json" and _is_entry(document.head)


def _is_entry(value: Any) -> bool:
    if not isinstance(value, dict) or "time" not in value:
        return False
    request = value.get("request")
    return _kind(value.get("type")) in _TYPES and isinstance(request, dict) and "operation" in request


def _kind(type: Any) -> str:
    """request or response; other secrets engines write ``kmip-request`` and the like."""
    return str(type or "").rpartition("-")[2]


def read(document: Document) -> Iterator[Row]:
    """An `Event` for each line."""
    raw = strange = 0
    for entry in document.values(_Entry):
        if entry.request is None or _kind(entry.type) not in _TYPES:
            strange += 1
            continue
        raw += _in_the_clear(entry)
        yield _event(entry, entry.auth or _Auth(), entry.request)
    if raw:
        yield Finding(rule="log_raw", title="The audit device writes values without hashing them", status="fail",
                      severity="high", category="secret", message=f"{raw} lines contain a token in clear text")
    if strange:
        yield Gap(f"{strange} lines are not audit entries", strange)


def _in_the_clear(entry: _Entry) -> bool:
    tokens = (holder.client_token for holder in (entry.auth, entry.request) if holder and holder.client_token)
    return any(not token.startswith("hmac-") for token in tokens)


def _event(entry: _Entry, auth: _Auth, request: _Request) -> Row:
    results = auth.policy_results or _Results()
    denied = entry.error is not None and "permission denied" in entry.error.lower()
    granting = [policy.name for policy in results.granting_policies or [] if policy.name]
    return Event(
        time=moment(entry.time), source=entry.type, user=_user(auth),
        verb=request.operation, resource=request.mount_type, path=path_of(request.path),
        decision="forbid" if denied or results.allowed is False else "allow" if results.allowed else None,
        reason=f"granted by the policies {', '.join(granting)}" if granting
        else f"the token has the policies {', '.join(auth.policies)}" if auth.policies else None,
        stage=_STAGES[_kind(entry.type)], audit_id=request.id, source_ip=request.remote_address,
        message="permission denied" if denied else "error" if entry.error else None,
    )


def _user(auth: _Auth) -> str | None:
    """The service account behind a Kubernetes login, else the name that Vault shows."""
    known = auth.metadata or {}
    account, namespace = known.get("service_account_name"), known.get("service_account_namespace")
    if isinstance(account, str) and isinstance(namespace, str):
        return f"system:serviceaccount:{namespace}:{account}"
    return auth.display_name or auth.entity_id or None
