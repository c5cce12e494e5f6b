"""kube-linter: its JSON report has only what fails, without a severity.

Source: https://docs.kubelinter.io
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Row
from auditkit.scans.vocabulary import moment, text

NAME = "kube-linter"
PROVIDES = frozenset({"state"})

_CONTAINER = re.compile(r'\bcontainer "([^"]+)"')


class _Message(msgspec.Struct, rename="pascal"):
    message: str | None = None


class _Kind(msgspec.Struct, rename="pascal"):
    group: str = ""
    kind: str | None = None


class _Object(msgspec.Struct, rename="pascal"):
    namespace: str | None = None
    name: str | None = None
    group_version_kind: _Kind | None = None


class _Place(msgspec.Struct, rename="pascal"):
    k8s_object: _Object | None = msgspec.field(name="K8sObject", default=None)


class _Report(msgspec.Struct, rename="pascal"):
    check: str
    remediation: str | None = None
    diagnostic: _Message | None = None
    object: _Place | None = None


def recognise(document: Document) -> bool:
    """A list of reports beside the checks or the summary of kube-linter."""
    head = document.head
    if document.form != "json" or not isinstance(head, dict) or "Reports" not in head:
        return False
    summary = head.get("Summary")
    return "Checks" in head or (isinstance(summary, dict) and "KubeLinterVersion" in summary)


def read(document: Document) -> Iterator[Row]:
    """A finding for each report."""
    outline = document.outline("Reports[]", "Checks[]")
    checks = {}
    for _, check in document.each("Checks[]"):
        if isinstance(check, dict) and isinstance(name := check.get("name"), str):
            checks[name] = text(check.get("description"))
    yield _about(outline.get("Summary") if isinstance(outline, dict) else None)
    for _, report in document.each("Reports[]", _Report):
        thing = (report.object and report.object.k8s_object) or _Object()
        kind = thing.group_version_kind or _Kind()
        message = report.diagnostic and report.diagnostic.message
        container = _CONTAINER.search(message) if message else None
        yield Finding(
            rule=report.check, title=checks.get(report.check), status="fail", category="misconfiguration",
            message=message, remedy=report.remediation or None, api_group=kind.group, kind=kind.kind,
            namespace=thing.namespace or None, name=thing.name, container=container[1] if container else None,
        )


def _about(summary: Any) -> About:
    summary = summary if isinstance(summary, dict) else {}
    return About(tool_version=text(summary.get("KubeLinterVersion")), time=moment(summary.get("CheckEndTime")))
