"""Kubeaudit: JSON lines of its logger (``kubeaudit all -p json``): findings, and hardly a line for what is well.

What is overridden by a label has a name that ends in ``Allowed``, and is accepted; ``ImageCorrect`` is well. Source:
the project's own documentation of auditors and overrides.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from auditkit.scans.model import Document, Finding, Row
from auditkit.scans.vocabulary import Text, group, moment, text

NAME = "kubeaudit"
PROVIDES = frozenset({"state"})
_FIRST_LINES = 50

_STATUS = {"error": "fail", "warning": "fail", "info": "warn"}


class _Line(msgspec.Struct, gc=False, rename={
        "rule": "AuditResultName", "message": "msg", "api_version": "ResourceApiVersion", "kind": "ResourceKind",
        "name": "ResourceName", "namespace": "ResourceNamespace", "container": "Container", "other": "Namespace"}):
    rule: str | None = None
    level: Text = None
    message: Text = None
    time: Text = None
    api_version: Text = None
    kind: Text = None
    name: Text = None
    namespace: Text = None
    other: Text = None
    container: Text = None


def recognise(document: Document) -> bool:
    """Lines with the name of an audit result; lines of its log may come first."""
    return document.form in ("lines", "json") and any(
        isinstance(value, dict) and "AuditResultName" in value
        for value in ([document.head] if document.form == "json" else islice(document.values(), _FIRST_LINES)))


def read(document: Document) -> Iterator[Row]:
    """A finding for each result. Lines of its log, without a result, are passed over."""
    for line in document.values(_Line):
        if line.rule is not None:
            yield _finding(line.rule, line)


def _finding(rule: str, line: _Line) -> Any:
    return Finding(
        rule=rule, title=rule, message=text(line.message), seen=moment(line.time),
        category="misconfiguration",
        status=_status(rule, text(line.level)), tool_status=text(line.level),
        tool_severity=text(line.level), api_group=group(line.api_version), kind=text(line.kind), name=text(line.name),
        namespace=text(line.namespace) or text(line.other), container=text(line.container),
    )


def _status(rule: str, level: str | None) -> str:
    if rule == "ImageCorrect":
        return "pass"
    return "accepted" if rule.endswith("Allowed") else _STATUS.get(level or "", "unknown")
