"""External Secrets Operator and Vault Secrets Operator: whether their objects are in step with the secret store.

An object is judged by the conditions of its status; one without a status has not been looked at by its operator,
and is ``unknown``. Templates, data and messages of conditions, which quote the store's answers, are not kept.

Sources: https://external-secrets.io/latest/api/spec/ and the API of the Vault Secrets Operator.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import Document, Finding, Row
from auditkit.scans.vocabulary import group, moment

NAME = "external-secrets"
GROUPS = frozenset({"external-secrets.io", "secrets.hashicorp.com"})

_VAULT = "secrets.hashicorp.com"
_STATUS = {"True": "pass", "False": "fail"}
_FALSE_IS_GOOD = {"Deleted", "Degraded", "Stalled"}


class _Ref(msgspec.Struct):
    name: str | None = None
    kind: str | None = None


class _Spec(msgspec.Struct, rename="camel"):
    secret_store_ref: _Ref | None = None
    secret_store_refs: list[_Ref] | None = None
    refresh_interval: str | int | None = None
    refresh_after: str | None = None
    vault_auth_ref: str | None = None
    vault_connection_ref: str | None = None
    provider: dict[str, Any] | None = None


class _Condition(msgspec.Struct, rename="camel"):
    type: str
    status: str | None = None
    reason: str | None = None
    last_transition_time: str | None = None


class _State(msgspec.Struct, rename="camel"):
    conditions: list[_Condition] | None = None
    refresh_time: str | None = None
    valid: bool | None = None


class _Meta(msgspec.Struct):
    name: str | None = None
    namespace: str | None = None
    uid: str | None = None


class _Item(msgspec.Struct, rename="camel"):
    kind: str
    api_version: str | None = None
    metadata: _Meta | None = None
    spec: _Spec | None = None
    status: _State | None = None


def recognise(document: Document) -> bool:
    """Never: these are objects of the cluster, which are found by their API group wherever they stand."""
    return False


def read(document: Document) -> Iterator[Row]:
    """Nothing: see `recognise`."""
    return iter(())


def read_object(item: dict[str, Any]) -> Iterator[Row]:
    """A finding for each condition of the object. Raises `msgspec.ValidationError` for what is no such object."""
    thing = msgspec.convert(item, _Item)
    meta, state = thing.metadata or _Meta(), thing.status or _State()
    api_group = group(thing.api_version)
    known = {
        "tool": "vault-secrets-operator" if api_group == _VAULT else None, "category": "secret store",
        "api_group": api_group, "kind": thing.kind, "namespace": meta.namespace, "name": meta.name, "uid": meta.uid,
    }
    about = _about(thing.spec or _Spec())
    for condition in state.conditions or []:
        yield Finding(
            **known, rule=condition.type, title=f"Condition {condition.type} of {thing.kind}",
            status=_judged(condition), tool_status=condition.status,
            seen=moment(state.refresh_time) or moment(condition.last_transition_time),
            message="; ".join(said for said in (condition.reason, about) if said) or None)
    if not state.conditions:
        judged = "unknown" if state.valid is None else "pass" if state.valid else "fail"
        yield Finding(
            **known, rule="Ready", title=f"Condition Ready of {thing.kind}", status=judged,
            tool_status=None if state.valid is None else f"valid={str(state.valid).lower()}",
            message="; ".join(said for said in ("" if state.valid is not None else "it has no status", about) if said))


def _judged(condition: _Condition) -> str:
    status = _STATUS.get(condition.status or "", "unknown")
    if condition.type in _FALSE_IS_GOOD and status != "unknown":
        return "fail" if status == "pass" else "pass"
    return status


def _about(spec: _Spec) -> str:
    """From where, and how often it is renewed."""
    stores = [ref for ref in [spec.secret_store_ref, *(spec.secret_store_refs or [])] if ref and ref.name]
    said = [f"from {ref.kind or 'SecretStore'} {ref.name}" for ref in stores]
    said += [f"provider {name}" for name in sorted(spec.provider or {})]
    said += [f"{word} {ref}" for word, ref in (("VaultAuth", spec.vault_auth_ref),
                                               ("VaultConnection", spec.vault_connection_ref)) if ref]
    interval = spec.refresh_interval or spec.refresh_after
    return ", ".join([*said, *([f"renewed every {interval}"] if interval else [])])
