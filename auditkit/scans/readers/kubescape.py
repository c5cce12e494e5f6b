"""Kubescape: scans in its second format (resources and their controls) and its first (frameworks and their rules).

Of the scanned objects only their names and UIDs are decoded. A control that nothing in the cluster is subject to, or
that people must review, is a finding of its own without an object. Source: the structs of kubescape/opa-utils.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Reference, Row
from auditkit.scans.readers import kubescape_objects
from auditkit.scans.vocabulary import Text, group, latest, moment, text, until

NAME = "kubescape"
PROVIDES = frozenset({"images", "fixed versions", "state"})
GROUPS, KINDS = kubescape_objects.GROUPS, kubescape_objects.KINDS
read_object = kubescape_objects.read_object

_PARTS = 4
_VERSION = re.compile(r"v\d+(?:(?:alpha|beta)\d+)?$")
_CIS_NUMBER = re.compile(r"^CIS-(\d+(?:\.\d+)*)\s")


class _Metadata(msgspec.Struct, gc=False):
    name: Text = None
    namespace: Text = None
    uid: Text = None


class _Object(msgspec.Struct, gc=False):
    """A Kubernetes object; what stands for a subject of RBAC has its name on top."""

    apiVersion: Text = None
    apiGroup: Text = None
    kind: Text = None
    name: Text = None
    namespace: Text = None
    metadata: _Metadata | None = None


class _Resource(msgspec.Struct, gc=False):
    resourceID: str
    object: _Object | None = None


class _Path(msgspec.Struct, gc=False):
    failedPath: Text = None
    reviewPath: Text = None
    deletePath: Text = None
    fixPath: dict[str, Text] | Text = None


class _Rule(msgspec.Struct, gc=False):
    status: kubescape_objects.Status | Text = None
    subStatus: Text = None
    paths: list[_Path] | None = None
    exception: list[Any] | None = None


class _Control(msgspec.Struct, gc=False):
    controlID: Text = None
    name: Text = None
    status: kubescape_objects.Status | Text = None
    rules: list[_Rule] | None = None


class _Result(msgspec.Struct, gc=False):
    resourceID: Text = None
    rawResource: _Resource | None = None
    controls: list[_Control] | None = None


class _ControlSummary(msgspec.Struct, gc=False):
    name: Text = None
    status: Text = None
    statusInfo: kubescape_objects.Status | None = None
    scoreFactor: float | None = None


class _FrameworkSummary(msgspec.Struct, gc=False):
    name: Text = None
    controls: dict[str, _ControlSummary] | None = None


class _Summary(msgspec.Struct, gc=False):
    controls: dict[str, _ControlSummary] | None = None
    frameworks: list[_FrameworkSummary] | None = None


class _ScanMetadata(msgspec.Struct, gc=False):
    kubescapeVersion: Text = None


class _Context(msgspec.Struct, gc=False):
    contextName: Text = None


class _Target(msgspec.Struct, gc=False):
    clusterContextMetadata: _Context | None = None


class _ReportMetadata(msgspec.Struct, gc=False):
    scanMetadata: _ScanMetadata | None = None
    targetMetadata: _Target | None = None


class _Report(msgspec.Struct, gc=False):
    clusterName: Text = None
    generationTime: Text = None
    summaryDetails: _Summary | None = None
    metadata: _ReportMetadata | None = None


def recognise(document: Document) -> bool:
    """A summary with results and resources, or frameworks with reports of controls."""
    head = document.head
    if isinstance(head, list):
        return _are_frameworks(head)
    if not isinstance(head, dict):
        return False
    frameworks = head.get("frameworks")
    return "summaryDetails" in head or "controlReports" in head or (
        isinstance(frameworks, list) and ("customerGUID" in head or _are_frameworks(frameworks)))


def _are_frameworks(reports: list[Any]) -> bool:
    """True if these are reports of frameworks in the first format."""
    return bool(reports) and isinstance(reports[0], dict) and "controlReports" in reports[0]


def read(document: Document) -> Iterator[Row]:
    """A finding for each control of each resource, and for each control without any."""
    if isinstance(document.head, dict) and "summaryDetails" in document.head:
        yield from _Second(document).rows()
    else:
        yield from _first(document)


# --- the second format ---------------------------------------------------------------------------------------------


class _Second:
    """One report: its summary and the names of its resources in memory, its results streamed past them."""

    def __init__(self, document: Document):
        self._document = document
        self._report = msgspec.convert(document.outline("results[]", "resources[]", "attributes"), _Report)
        summary = self._report.summaryDetails or _Summary()
        self._frameworks = summary.frameworks or []
        self._controls = summary.controls or {}
        if not self._controls:  # before version 2.0.180 or so, controls stand in their frameworks only
            self._controls = {key: control for framework in self._frameworks
                              for key, control in (framework.controls or {}).items()}
        self._seen: set[str] = set()

    def rows(self) -> Iterator[Row]:
        yield _about(self._report)
        for framework in self._frameworks:
            for key, control in (framework.controls or {}).items():
                number = _CIS_NUMBER.match(text(control.name) or "")
                yield Reference(rule=key, framework=text(framework.name), reference=number[1] if number else key)
        objects = {resource.resourceID: _coordinates(resource)
                   for _, resource in self._document.each("resources[]", _Resource)}
        for _, result in self._document.each("results[]", _Result):
            resource = text(result.resourceID) or ""
            known = objects.get(resource) or (
                _coordinates(result.rawResource) if result.rawResource else _parsed(resource))
            yield from (self._finding(control, known) for control in result.controls or ())
        yield from (self._alone(key, control) for key, control in self._controls.items() if key not in self._seen)

    def _finding(self, control: _Control, known: dict[str, Any]) -> Any:
        rule = text(control.controlID)
        self._seen.add(rule or "")
        summary = self._controls.get(rule or "", _ControlSummary())
        word, status = _status(control)
        end = _end([rule_.exception for rule_ in control.rules or () if rule_.exception])
        paths = [path for rule_ in control.rules or () for path in rule_.paths or ()]
        return Finding(
            rule=rule, title=text(control.name) or text(summary.name), status=status, tool_status=word,
            accepted_until=end if status == "accepted" else None,
            message=_joined(_place(path) for path in paths), remedy=_joined(_fix(path) for path in paths),
            category="misconfiguration", **kubescape_objects.severity(summary.scoreFactor), **known)

    def _alone(self, key: str, control: _ControlSummary) -> Any:
        """A control that no resource is subject to, or that the scan could not judge."""
        info = control.statusInfo or kubescape_objects.Status(status=control.status)
        word, status = kubescape_objects.status_of(info)
        if status == "pass":
            status = "unknown"  # it passed because there was nothing to judge
        return Finding(rule=key, title=text(control.name), status=status, tool_status=word, message=text(info.info),
                       category="misconfiguration", **kubescape_objects.severity(control.scoreFactor))


def _about(report: _Report) -> About:
    metadata = report.metadata or _ReportMetadata()
    context = (metadata.targetMetadata or _Target()).clusterContextMetadata or _Context()
    return About(tool_version=text((metadata.scanMetadata or _ScanMetadata()).kubescapeVersion),
                 time=moment(report.generationTime), cluster=text(report.clusterName) or text(context.contextName))


def _status(control: _Control) -> tuple[str | None, str]:
    """The status of a control, or where it has none (2022), the worst of its rules; one with exceptions is accepted."""
    if isinstance(control.status, kubescape_objects.Status):
        return kubescape_objects.status_of(control.status)
    if text(control.status):
        return kubescape_objects.status_of(kubescape_objects.Status(status=control.status))
    rules = control.rules or []
    each = [kubescape_objects.status_of(
        rule.status if isinstance(rule.status, kubescape_objects.Status)
        else kubescape_objects.Status(status=rule.status, subStatus=rule.subStatus)) for rule in rules]
    each = [(word, "accepted" if status == "fail" and rule.exception else status)
            for rule, (word, status) in zip(rules, each, strict=True)]
    return min(each, key=lambda pair: kubescape_objects.WORST_FIRST.index(pair[1]), default=(None, "unknown"))


def _end(exceptions: list[list[Any]]) -> dt.datetime | None:
    """Until when a control is excepted: as long as each of its rules is, and a rule as long as one of its exceptions.

    Source: kubescape/armoapi-go, ``PostureExceptionPolicy.expirationDate``.
    """
    ends = []
    for each in exceptions:
        of_rule = [until(one.get("expirationDate")) if isinstance(one, dict) else None for one in each]
        if end := latest(of_rule):
            ends.append(end)
    return min(ends, default=None)


def _coordinates(resource: _Resource) -> dict[str, Any]:
    """The object of a resource, where the report has it; else what its identifier says."""
    thing = resource.object
    if thing is None or not text(thing.kind):
        return _parsed(resource.resourceID)
    metadata = thing.metadata or _Metadata()
    return _object(thing, metadata)


def _object(thing: _Object, metadata: _Metadata) -> dict[str, Any]:
    kind, name = text(thing.kind), text(metadata.name) or text(thing.name)
    return {
        "api_group": group(thing.apiVersion) if text(thing.apiVersion) else text(thing.apiGroup), "kind": kind,
        "namespace": text(metadata.namespace) or text(thing.namespace), "name": name, "uid": text(metadata.uid),
        "node": name if kind == "Node" else None,
    }


def _parsed(resource: str) -> dict[str, Any]:
    """What an identifier says: ``GROUP/VERSION/NAMESPACE/KIND/NAME`` in a cluster, ``path=N/api=GROUP/VERSION...`` in
    files, and for a subject of RBAC ``GROUP/NAMESPACE/KIND/NAME/...`` with what it is bound by.

    The core group is empty, and so ``/v1/default/Pod/name`` begins with a slash; in files not even that is there.
    """
    identifier = resource.partition("/api=")[2] if resource.startswith("path=") else resource
    parts = identifier.split("/")
    if _VERSION.match(parts[0]):
        parts = ["", *parts]
    if len(parts) > 1 and _VERSION.match(parts[1]):
        del parts[1]
        parts[3:] = ["/".join(parts[3:])]
    if len(parts) < _PARTS:
        return {"name": resource or None}
    api_group, namespace, kind, name = parts[:_PARTS]
    return {"api_group": api_group, "namespace": namespace or None, "kind": kind, "name": name}


def _place(path: _Path) -> str | None:
    return text(path.failedPath) or text(path.reviewPath) or text(path.deletePath)


def _fix(path: _Path) -> str | None:
    if isinstance(path.fixPath, dict):
        place = text(path.fixPath.get("path"))
        return f"{place}={text(path.fixPath.get('value'))}" if place else None
    return text(path.fixPath)


def _joined(words: Iterator[str | None]) -> str | None:
    return "; ".join(dict.fromkeys(word for word in words if word)) or None


# --- the first format ----------------------------------------------------------------------------------------------


class _Alert(msgspec.Struct, gc=False):
    k8sApiObjects: list[_Object] | None = None
    externalObjects: _Object | None = None


class _Response(msgspec.Struct, gc=False):
    alertMessage: Text = None
    failedPaths: list[Text] | None = None
    ruleStatus: Text = None
    alertObject: _Alert | None = None
    exception: dict[str, Any] | None = None


class _RuleReport(msgspec.Struct, gc=False):
    ruleStatus: kubescape_objects.Status | None = None
    ruleResponses: list[_Response] | None = None


class _ControlReport(msgspec.Struct, gc=False):
    controlID: Text = None
    id: Text = None
    name: Text = None
    remediation: Text = None
    baseScore: float | None = None
    ruleReports: list[_RuleReport] | None = None
    totalResources: int | None = None


_RESPONSES = {"failed": "fail", "failure": "fail", "": "fail", "warning": "accepted", "ignore": "accepted",
              "success": "pass", "passed": "pass"}


def _first(document: Document) -> Iterator[Row]:
    """A finding for each response of a rule and each object in it; one for a control without any."""
    base = "[]" if isinstance(document.head, list) else "frameworks[]" if "frameworks" in document.head else ""
    path = f"{base}.controlReports[]".lstrip(".")
    frame = document.outline(path)
    reports = frame if base == "[]" else frame.get("frameworks") or [] if base else [frame]
    if isinstance(frame, dict):
        yield About(time=moment(frame.get("generationTime")), cluster=text(frame.get("clusterName")))
    for position, control in document.each(path, _ControlReport):
        framework = text(reports[int(position[0]) if base else 0].get("name"))
        rule = text(control.controlID) or text(control.id) or text(control.name)
        number = _CIS_NUMBER.match(text(control.name) or "")
        yield Reference(rule=rule, framework=framework, reference=number[1] if number else rule)
        yield from _responses(control, rule)


def _responses(control: _ControlReport, rule: str | None) -> Iterator[Row]:
    known = {"rule": rule, "title": text(control.name), "remedy": text(control.remediation),
             "category": "misconfiguration", **kubescape_objects.severity(control.baseScore)}
    found = False
    for report in control.ruleReports or ():
        for response in report.ruleResponses or ():
            word = text(response.ruleStatus)
            status = "accepted" if response.exception else _RESPONSES.get(word or "", "unknown")
            end = _end([[response.exception]]) if response.exception else None
            alert = response.alertObject or _Alert()
            things = (alert.k8sApiObjects or []) + ([alert.externalObjects] if alert.externalObjects else [])
            for thing in things or [_Object()]:
                found = True
                yield Finding(status=status, tool_status=word, accepted_until=end,
                              message=_joined(map(text, response.failedPaths or ())),
                              **known, **_object(thing, thing.metadata or _Metadata()))
    if not found:
        ran = [(report.ruleStatus or kubescape_objects.Status()).status for report in control.ruleReports or ()]
        passes = bool(ran) and all(word in (None, "", "success", "passed") for word in ran)
        status, message = ("pass", None) if passes else ("unknown", "its rules did not run")
        if passes and control.totalResources == 0:
            status, message = "unknown", "it has no resource to assess"
        yield Finding(status=status, message=message, **known)
