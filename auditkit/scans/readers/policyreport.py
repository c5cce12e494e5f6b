"""PolicyReports of Kyverno and other engines: wgpolicyk8s.io, openreports.io, and Kyverno's own reports.

``tool`` is the engine that a result or its report names. Source: the API of the Kubernetes policy working group
and of openreports.io.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import Document, Finding, Gap, Reference, Row
from auditkit.scans.vocabulary import Text, group, moment, text
from auditkit.scans.words import is_namespaced

NAME = "policyreport"
PROVIDES = frozenset({"policies"})
GROUPS = frozenset({"wgpolicyk8s.io", "openreports.io", "reports.x-k8s.io", "reports.kyverno.io", "kyverno.io"})
KINDS = frozenset(f"{scope}{kind}" for scope in ("", "Cluster") for kind in (
    "PolicyReport", "Report", "AdmissionReport", "BackgroundScanReport", "EphemeralReport"))

_STATUS = {"pass": "pass", "fail": "fail", "warn": "warn", "error": "error", "skip": "skip"}
_ENGINE_LABELS = ("app.kubernetes.io/managed-by", "policy.kubernetes.io/engine")


class _Object(msgspec.Struct, gc=False):
    apiVersion: Text = None
    kind: Text = None
    namespace: Text = None
    name: Text = None
    uid: Text = None


class _Result(msgspec.Struct, gc=False):
    source: Text = None
    policy: Text = None
    rule: Text = None
    category: Text = None
    severity: Text = None
    result: Text = None
    status: Text = None
    scored: bool | None = None
    message: Text = None
    description: Text = None
    resources: list[_Object] | None = None
    subjects: list[_Object] | None = None
    properties: dict[str, Any] | None = None
    timestamp: dict[str, Any] | Text = None


class _Metadata(msgspec.Struct, gc=False):
    name: Text = None
    labels: dict[str, Text] | None = None
    ownerReferences: list[_Object] | None = None
    namespace: Text = None


class _Content(msgspec.Struct, gc=False):
    source: Text = None
    scope: _Object | None = None
    owner: _Object | None = None
    results: list[Any] | None = None
    summary: dict[str, Any] | None = None


class _Report(_Content, gc=False):
    metadata: _Metadata | None = None
    spec: dict[str, Any] | None = None


def recognise(document: Document) -> bool:
    """Reports are objects of the cluster, which are read wherever they stand."""
    return False


def read(document: Document) -> Iterator[Row]:
    """Nothing but objects holds reports."""
    yield from ()


def read_object(item: dict[str, Any]) -> Iterator[Row]:
    """A finding for each result and each object that it speaks of."""
    report = msgspec.convert(item, _Report)
    content: _Content = report
    if report.results is None and report.spec:
        content = msgspec.convert(report.spec, _Content)
    metadata = report.metadata or _Metadata()
    source, count = _engine(content, metadata), 0
    for raw in content.results or ():
        result = msgspec.convert(raw, _Result)
        count += 1
        for thing in _subjects(result, content, metadata):
            if thing.namespace is None and is_namespaced(text(thing.kind)):
                thing.namespace = metadata.namespace
            yield _finding(result, thing, source)
        yield from _references(result)
    stated = sum(value for value in (content.summary or {}).values() if type(value) is int)
    if stated > count:
        yield Gap(f"the report {metadata.name} counts results that it does not list", stated - count)


def _engine(content: _Content, metadata: _Metadata) -> str | None:
    labels = metadata.labels or {}
    return text(content.source) or next((text(labels[label]) for label in _ENGINE_LABELS if label in labels), None)


def _subjects(result: _Result, content: _Content, metadata: _Metadata) -> list[_Object]:
    """What a result speaks of: its own objects, the scope of the report, or the owner of Kyverno's early reports."""
    things = result.resources or result.subjects
    if things:
        return things
    if scope := content.scope or content.owner:
        return [scope]
    if content.results is not None and content.owner is None and metadata.ownerReferences:
        return [metadata.ownerReferences[0]]
    return [_Object()]


def _finding(result: _Result, thing: _Object, source: str | None) -> Any:
    properties = result.properties or {}
    word = text(result.result) or text(result.status)
    status = _STATUS.get((word or "").lower(), "unknown")
    if status == "fail" and result.scored is False:
        status = "warn"
    return Finding(
        tool=text(result.source) or source, rule=_rule(result), title=text(result.policy), status=status,
        tool_status=word, tool_severity=text(result.severity) or text(properties.get("severity")),
        message=text(result.message) or text(result.description), category=_category(result),
        api_group=group(thing.apiVersion), kind=text(thing.kind), namespace=text(thing.namespace),
        name=text(thing.name), uid=text(thing.uid), seen=_time(result.timestamp),
        package=text(properties.get("pkgName")) or text(properties.get("resource")),
        installed_version=text(properties.get("installedVersion")),
        fixed_version=text(properties.get("fixedVersion")), remedy=text(properties.get("remediation")),
    )


def _rule(result: _Result) -> str | None:
    """``policy/rule``, or what there is of it."""
    return "/".join(word for word in (text(result.policy), text(result.rule)) if word) or None


def _category(result: _Result) -> str:
    return "vulnerability" if (text(result.policy) or "").upper().startswith(("CVE-", "GHSA-")) else "policy"


def _time(value: Any) -> Any:
    return moment(value.get("seconds") if isinstance(value, dict) else value)


def _references(result: _Result) -> Iterator[Row]:
    """What the report ties to a rule: its category, and standards among the properties."""
    rule, properties = _rule(result), result.properties or {}
    standard = text(properties.get("standards")) or text(properties.get("standard"))
    if standard:
        yield Reference(rule=rule, framework=standard, reference=text(properties.get("controls")))
    elif category := text(result.category):
        yield Reference(rule=rule, framework=category, reference=text(properties.get("index")))
