"""Trivy Operator: its reports in the cluster, one a container or object, and its compliance reports.

A report is deleted when its time to live is over, or with its object: one that is missing says nothing. ``match`` of
exposed secrets is never decoded. Source: https://aquasecurity.github.io/trivy-operator/latest/docs/crds/.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from auditkit.scans.model import Finding, Reference, Row
from auditkit.scans.readers.trivy import control_status, subject_of
from auditkit.scans.vocabulary import Text, benchmark, group, moment, text
from auditkit.scans.words import kind_of

NAME = "trivy-operator"
PROVIDES = frozenset({"images", "fixed versions", "state"})
GROUPS = frozenset({"aquasecurity.github.io"})

KINDS = frozenset(f"{scope}{kind}" for scope in ("", "Cluster") for kind in (
    "VulnerabilityReport", "ConfigAuditReport", "ExposedSecretReport", "RbacAssessmentReport",
    "InfraAssessmentReport", "ComplianceReport", "ComplianceDetailReport"))

_VERSION, _DIGEST_SINCE = re.compile(r"v?(\d+)\.(\d+)"), (0, 57)
_LABEL = "trivy-operator.resource."
_CONTAINER = "trivy-operator.container.name"
_CATEGORIES = {
    "ConfigAuditReport": "misconfiguration", "RbacAssessmentReport": "rbac", "InfraAssessmentReport": "infra",
}
_VERDICTS: dict[bool | None, str] = {True: "pass", False: "fail"}
_DETAILS = {"FAIL": "fail", "PASS": "pass", "WARN": "warn"}


class _Owner(msgspec.Struct, gc=False):
    apiVersion: Text = None
    kind: Text = None
    name: Text = None
    uid: Text = None


class _Metadata(msgspec.Struct, gc=False):
    name: Text = None
    namespace: Text = None
    creationTimestamp: Text = None
    labels: dict[str, Text] | None = None
    annotations: dict[str, Text] | None = None
    ownerReferences: list[_Owner] | None = None


class _Scanner(msgspec.Struct, gc=False):
    version: Text = None


class _Artifact(msgspec.Struct, gc=False):
    repository: Text = None
    tag: Text = None
    digest: Text = None


class _Registry(msgspec.Struct, gc=False):
    server: Text = None


class _Check(msgspec.Struct, gc=False):
    checkID: Text = None
    title: Text = None
    severity: Text = None
    success: bool | None = None
    messages: list[Text] | None = None
    remediation: Text = None
    target: Text = None


class _Vulnerability(msgspec.Struct, gc=False):
    vulnerabilityID: Text = None
    title: Text = None
    severity: Text = None
    resource: Text = None
    installedVersion: Text = None
    fixedVersion: Text = None


class _Secret(msgspec.Struct, gc=False):
    ruleID: Text = None
    title: Text = None
    severity: Text = None
    target: Text = None


class _Detail(msgspec.Struct, gc=False):
    msg: Text = None
    name: Text = None
    namespace: Text = None
    status: Text = None


class _CheckResult(msgspec.Struct, gc=False):
    id: Text = None
    objectType: Text = None
    details: list[_Detail] | None = None


class _ControlCheck(msgspec.Struct, gc=False):
    """A control in a summary (``totalFail``), in details (``checks``), or in the first version (``checkResults``)."""

    id: Text = None
    name: Text = None
    severity: Text = None
    totalFail: int | None = None
    checks: list[_Check] | None = None
    checkResults: list[_CheckResult] | None = None


class _Type(msgspec.Struct, gc=False):
    name: Text = None
    version: Text = None


class _Report(msgspec.Struct, gc=False):
    scanner: _Scanner | None = None
    artifact: _Artifact | None = None
    registry: _Registry | None = None
    updateTimestamp: Text = None
    checks: list[_Check] | UnsetType | None = UNSET
    vulnerabilities: list[_Vulnerability] | UnsetType | None = UNSET
    secrets: list[_Secret] | UnsetType | None = UNSET
    controlCheck: list[_ControlCheck] | None = None
    type: _Type | None = None


class _Id(msgspec.Struct, gc=False):
    id: Text = None


class _Control(msgspec.Struct, gc=False):
    id: Text = None
    name: Text = None
    severity: Text = None
    checks: list[_Id] | None = None
    defaultStatus: Text = None


class _Compliance(msgspec.Struct, gc=False):
    id: Text = None
    title: Text = None
    version: Text = None
    controls: list[_Control] | None = None


class _Spec(msgspec.Struct, gc=False):
    compliance: _Compliance | None = None


class _Summary(msgspec.Struct, gc=False):
    controlCheck: list[_ControlCheck] | None = None


class _Details(msgspec.Struct, gc=False):
    results: list[_ControlCheck] | None = None


class _Status(msgspec.Struct, gc=False):
    summaryReport: _Summary | None = None
    detailReport: _Details | None = None
    updateTimestamp: Text = None


class _Object(msgspec.Struct, gc=False):
    kind: str
    metadata: _Metadata
    report: _Report | None = None
    spec: _Spec | None = None
    status: _Status | None = None


def recognise(document: Any) -> bool:
    """Reports are objects of the cluster, which are read wherever they stand."""
    return False


def read(document: Any) -> Iterator[Row]:
    """Nothing but objects holds reports."""
    yield from ()


def read_object(item: dict[str, Any]) -> Iterator[Row]:
    """The findings of one report."""
    thing = msgspec.convert(item, _Object)
    kind = thing.kind.removeprefix("Cluster")
    report, place = thing.report or _Report(), _place(thing)
    if kind == "VulnerabilityReport":
        yield from _listed(report.vulnerabilities, _vulnerability, "vulnerability", place)
    elif kind == "ExposedSecretReport":
        yield from _listed(report.secrets, _secret, "secret", place)
    elif kind in _CATEGORIES:
        yield from _listed(report.checks, _check, _CATEGORIES[kind], place)
    elif kind == "ComplianceReport":
        yield from _compliance(thing)
    elif kind == "ComplianceDetailReport":
        yield from _first_details(thing)


# --- where ---------------------------------------------------------------------------------------------------------


def _place(thing: _Object) -> dict[str, Any]:
    """The object that a report is of, from its labels and its owner; with the image where it is of one.

    The name in a label is a hash where the true one is too long or has other characters; then an annotation has it.
    """
    metadata, report = thing.metadata, thing.report or _Report()
    labels, annotations = metadata.labels or {}, metadata.annotations or {}
    owner = (metadata.ownerReferences or [_Owner()])[0]
    kind = text(labels.get(f"{_LABEL}kind")) or text(owner.kind)
    name = text(annotations.get(f"{_LABEL}name")) or text(labels.get(f"{_LABEL}name")) or text(owner.name)
    owned = owner.kind == kind and text(owner.name) in (name, None)
    return {
        "kind": kind, "name": name, "uid": text(owner.uid) if owned else None,
        "api_group": group(owner.apiVersion) if owner.kind == kind else None,
        "namespace": text(labels.get(f"{_LABEL}namespace")) or text(metadata.namespace),
        "container": text(labels.get(_CONTAINER)), "node": name if kind == "Node" else None,
        "image": _image(report), **_identity(report),
        "tool_version": text((report.scanner or _Scanner()).version),
        "seen": moment(report.updateTimestamp) or moment(metadata.creationTimestamp),
    }


def _identity(report: _Report) -> dict[str, str | None]:
    """The digest of the image; in reports of older versions it is the ID of the image.

    Source: aquasecurity/trivy-operator, pkg/plugins/trivy: ``parseImageRef(imageRef, Metadata.ImageID)`` (issue 2259)
    until 0.22, the first of ``RepoDigests`` since 0.23. A report has the version of Trivy only, which was 0.57 then.
    """
    said = text((report.artifact or _Artifact()).digest)
    version = _VERSION.match(text((report.scanner or _Scanner()).version) or "")
    sure = version is not None and (int(version[1]), int(version[2])) >= _DIGEST_SINCE
    return {"image_digest": said, "image_id": None if sure else said}


def _image(report: _Report) -> str | None:
    artifact, server = report.artifact or _Artifact(), text((report.registry or _Registry()).server)
    if not text(artifact.repository):
        return None
    name = f"{server}/{artifact.repository}" if server else text(artifact.repository)
    return f"{name}:{artifact.tag}" if text(artifact.tag) else name


# --- what ----------------------------------------------------------------------------------------------------------


def _listed(found: Any, finding: Any, category: str, place: dict[str, Any]) -> Iterator[Row]:
    """A finding for each that is listed. An empty list passes: the operator records failures only, unless it is told
    otherwise; and so the object is known to be scanned. Where there is no list at all, that is not known."""
    known = {**place, "category": category}
    if found is UNSET:
        yield Finding(title="the report has no list of findings", status="unknown", **known)
    elif not found:
        yield Finding(title="nothing was found", status="pass", **known)
    else:
        yield from (finding(one, known) for one in found)


def _vulnerability(found: _Vulnerability, place: dict[str, Any]) -> Any:
    return Finding(
        rule=text(found.vulnerabilityID), title=text(found.title), status="fail", tool_severity=text(found.severity),
        package=text(found.resource), installed_version=text(found.installedVersion),
        fixed_version=text(found.fixedVersion), **place)


def _secret(found: _Secret, place: dict[str, Any]) -> Any:
    return Finding(rule=text(found.ruleID), title=text(found.title), status="fail",
                   tool_severity=text(found.severity), message=text(found.target), **place)


def _check(check: _Check, place: dict[str, Any]) -> Any:
    rule, title = text(check.checkID), text(check.title)
    message = "; ".join(word for part in check.messages or () if (word := text(part))) or None
    return Finding(
        rule=rule or title, title=title, message=message, remedy=text(check.remediation),
        status=_VERDICTS.get(check.success, "unknown"),
        tool_status=None if check.success is None else f"success: {str(check.success).lower()}",
        tool_severity=text(check.severity),
        **{**place, "container": place.get("container") or subject_of(message).get("container")})


def _compliance(thing: _Object) -> Iterator[Row]:
    """A finding for each control, or each of its checks; what the report ties to a framework are references."""
    compliance = (thing.spec or _Spec()).compliance or _Compliance()
    framework = text(compliance.id) or text(compliance.title) or text(thing.metadata.name)
    status = thing.status or _Status()
    known = {"seen": moment(status.updateTimestamp), "category": "compliance"}
    declared = compliance.controls or []
    for control in declared:
        for check in control.checks or ():
            yield Reference(rule=text(check.id), framework=framework, reference=text(control.id))
    controls = (status.detailReport or _Details()).results or (status.summaryReport or _Summary()).controlCheck
    if controls is None:
        controls = [_ControlCheck(id=one.id, name=one.name, severity=one.severity) for one in declared]
        yield from (_control(one, framework, "unknown", known) for one in controls)
        return
    manual = {text(one.id) for one in declared if not one.checks}
    for judged in controls:
        yield from _judged(judged, framework, known, text(judged.id) in manual)


def _judged(control: _ControlCheck, framework: str | None, known: dict[str, Any], manual: bool) -> Iterator[Row]:
    """The checks of a control. Of one without failures details have ``success: true`` without a check, whether it
    passed or nothing was looked at (``FromDetailReport``): that is not known. One without any check is for people."""
    for check in control.checks or ():
        if text(check.checkID):
            yield _check(check, {**known, **_target(text(check.target))})
        else:
            unchecked = "manual" if manual else "unknown"
            yield _control(control, framework, "fail" if check.success is False else unchecked, known)
    if not control.checks:
        status = control_status(None, control.totalFail)
        yield _control(control, framework, "manual" if manual and status == "pass" else status, known)


def _control(control: _ControlCheck, framework: str | None, status: str, known: dict[str, Any]) -> Any:
    rule = text(control.id)
    return Finding(
        rule=rule, rule_id=f"{benchmark(framework)}/{rule}", title=text(control.name), status=status,
        tool_severity=text(control.severity),
        message=None if control.totalFail is None else f"{control.totalFail} checks failed", **known)


def _target(target: str | None) -> dict[str, Any]:
    """``namespace/kind-name`` as details of compliance write it."""
    namespace, _, rest = (target or "").rpartition("/")
    kind, dash, name = rest.partition("-")
    return {"namespace": namespace or None, "kind": kind_of(kind) if dash else None, "name": name if dash else target}


def _first_details(thing: _Object) -> Iterator[Row]:
    """The details of compliance in the operator's first versions."""
    report = thing.report or _Report()
    framework, seen = text((report.type or _Type()).name), moment(report.updateTimestamp)
    for control in report.controlCheck or ():
        for result in control.checkResults or ():
            rule = text(result.id) or text(control.id)
            yield Reference(rule=rule, framework=framework, reference=text(control.id))
            for detail in result.details or ():
                word, kind, name = text(detail.status), text(result.objectType), text(detail.name)
                yield Finding(
                    rule=rule, title=text(control.name), status=_DETAILS.get(word or "", "unknown"),
                    tool_status=word, tool_severity=text(control.severity), kind=kind,
                    namespace=text(detail.namespace), name=(name or "").removeprefix(f"{kind}-".lower()) or None,
                    message=text(detail.msg), category="compliance", seen=seen)
