"""Prowler: findings as OCSF, as CSV, in the AWS Security Finding Format (ASFF), and as its old JSON.

The status of a check is ``status_code``; ``status`` says whether it was muted. A muted failure was accepted. The map
of frameworks stands beside what passed, too.

Source: https://docs.prowler.com (reporting).
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Reference, Row
from auditkit.scans.vocabulary import moment, text
from auditkit.scans.words import given

NAME = "prowler"
PROVIDES = frozenset({"state"})

_LOOK_AT = 5
_STATUS = {"PASS": "pass", "FAIL": "fail", "MANUAL": "manual", "INFO": "manual", "WARNING": "warn",
           "PASSED": "pass", "FAILED": "fail", "NOT_AVAILABLE": "manual", "SUCCESS": "pass", "FAILURE": "fail"}
_BOTH, _PASS = frozenset({"pass", "fail"}), frozenset({"pass"})
_DOUBTED = {
    "apiserver_event_rate_limit": _BOTH, "apiserver_deny_service_external_ips": _BOTH,
    "controllermanager_rotate_kubelet_server_cert": _BOTH, "rbac_minimize_secret_access": _BOTH,
    "core_no_secrets_envs": _PASS, "core_minimize_net_raw_capability_admission": _PASS,
    "core_minimize_privileged_containers": _PASS, "core_minimize_root_containers_admission": _PASS,
    "core_minimize_allowPrivilegeEscalation_containers": _PASS, "core_minimize_admission_hostport_containers": _PASS,
    "apiserver_anonymous_requests": _PASS,
}
"""Results of checks that do not say what their title says; they count as unknown.

Source: the checks' own code in Prowler 5.46.0, run on loopback (findings/prowler-*.sh). Three say the opposite, one
judges Roles by another role, and a pass of the others does not look at all that the requirement speaks of (init
containers, what holds for the whole pod, what holds by default, references to Secrets, added capabilities, ports of the
host).
"""
_CUT = 63  # Prowler cuts longer lists of requirements off at this length, in the middle of a word


def recognise(document: Document) -> bool:
    """By the product that findings name, or by the columns of the CSV."""
    if document.form == "csv":
        columns = {column.upper() for column in document.head or {}}
        return "CHECK_ID" in columns and bool(columns & {"FINDING_UID", "FINDING_UNIQUE_ID", "STATUS_EXTENDED"})
    if document.form == "lines":
        return _reader(document) is not None
    return document.form == "json" and _reader_of(_first(document.head)) is not None


def _first(head: Any) -> Any:
    if isinstance(head, dict) and isinstance(head.get("Findings"), list):
        head = head["Findings"]
    return head[0] if isinstance(head, list) and head else head


def read(document: Document) -> Iterator[Row]:
    """A finding for each result of a check, and the requirements that Prowler ties to it."""
    reader = _reader(document)
    if reader is None:
        if document.head not in ([], {"Findings": []}):
            yield Gap("it is not an output format of Prowler")
        return
    said: set[tuple[str | None, ...]] = set()
    for row in _rows(document, _Ocsf if reader is _of_ocsf else dict[str, Any]):
        for found in reader(row):
            if isinstance(found, Finding):
                yield found
            elif (key := _key(found)) not in said:
                said.add(key)
                yield found


def _reader(document: Document) -> Any:
    """What reads a row of this document."""
    if document.form == "csv":
        return _of_csv
    if document.form == "lines":
        return next((found for value in islice(document.values(), _LOOK_AT) if (found := _reader_of(value))), None)
    return _reader_of(_first(document.head))


def _rows(document: Document, kind: Any) -> Iterator[Any]:
    if document.form == "json" and isinstance(document.head, list):
        return (row for _, row in document.each("[]", kind))
    if document.form == "json" and "Findings" in (document.head or {}):
        return (row for _, row in document.each("Findings[]", kind))
    return document.values(kind)


def _key(row: Row) -> tuple[str | None, ...]:
    if isinstance(row, Reference):
        return "reference", row.rule, row.framework, row.reference
    return "about", row.tool_version, str(row.time), row.cluster


def _reader_of(row: Any) -> Any:
    """Which form a finding has."""
    if not isinstance(row, dict):
        return None
    metadata = row["metadata"] if isinstance(row.get("metadata"), dict) else {}
    product = metadata["product"] if isinstance(metadata.get("product"), dict) else {}
    if "prowler" in str(product.get("name", "")).lower() and {"finding_info", "finding", "status_code"} & row.keys():
        return _of_ocsf
    if "prowler" in f"{row.get('GeneratorId', '')} {row.get('ProductArn', '')}".lower() and "Compliance" in row:
        return _of_asff
    return _of_json if {"CheckID", "StatusExtended", "Status"} <= row.keys() else None


# --- OCSF ------------------------------------------------------------------------------------------------------------


class _Feature(msgspec.Struct):
    uid: Any = None


class _Product(msgspec.Struct):
    version: Any = None
    feature: _Feature | None = None


class _Metadata(msgspec.Struct):
    event_code: Any = None
    product: _Product | None = None


class _Info(msgspec.Struct):
    title: Any = None


class _Resource(msgspec.Struct):
    name: Any = None
    uid: Any = None
    type: Any = None
    namespace: Any = None


class _Advice(msgspec.Struct):
    desc: Any = None


class _Unmapped(msgspec.Struct):
    compliance: Any = None


class _Ocsf(msgspec.Struct):
    """A finding of Prowler 4 and later, or of 3 (``finding``, without a ``status_code``)."""

    metadata: _Metadata
    finding_info: _Info | None = None
    finding: _Info | None = None
    severity: Any = None
    status: Any = None
    status_code: Any = None
    status_detail: Any = None
    message: Any = None
    resources: list[_Resource] | None = None
    remediation: _Advice | None = None
    unmapped: _Unmapped | None = None
    time_dt: Any = None
    time: Any = None


def _of_ocsf(found: _Ocsf) -> Iterator[Row]:
    resource = found.resources[0] if found.resources else _Resource()
    product, info = found.metadata.product or _Product(), found.finding_info or found.finding or _Info()
    time = moment(found.time_dt) or moment(found.time)
    rule = text(found.metadata.event_code) or text(product.feature and product.feature.uid)
    status = text(found.status) or ""
    muted = status.lower() == "suppressed"  # 4.2 writes the ``status_id`` of suppressed ones beside ``New``, too
    yield About(tool_version=text(product.version), time=time)
    yield _finding(
        rule=rule, title=text(info.title), said=text(found.status_code) or status,
        muted=muted, tool_severity=text(found.severity), kind=text(resource.type),
        namespace=text(resource.namespace), name=text(resource.name) or text(resource.uid), seen=time,
        message=text(found.status_detail) or text(found.message),
        remedy=text(found.remediation and found.remediation.desc),
    )
    yield from _references(rule, found.unmapped and found.unmapped.compliance)


# --- CSV and old JSON ------------------------------------------------------------------------------------------------


def _of_csv(row: dict[str, Any]) -> Iterator[Row]:
    cell = {column.upper(): given(value) for column, value in row.items()}
    time, rule = moment(cell.get("TIMESTAMP") or cell.get("ASSESSMENT_START_TIME")), cell.get("CHECK_ID")
    yield About(tool_version=cell.get("PROWLER_VERSION"), time=time, cluster=_context(cell.get("ACCOUNT_NAME")))
    yield _finding(
        rule=rule, title=cell.get("CHECK_TITLE"), said=cell.get("STATUS"),
        muted=(cell.get("MUTED") or "").lower() == "true", tool_severity=cell.get("SEVERITY"),
        kind=cell.get("RESOURCE_TYPE"), namespace=_namespace(cell.get("REGION") or cell.get("NAMESPACE")),
        name=cell.get("RESOURCE_NAME") or cell.get("RESOURCE_UID") or cell.get("RESOURCE_ID"), seen=time,
        message=cell.get("STATUS_EXTENDED"), remedy=cell.get("REMEDIATION_RECOMMENDATION_TEXT"),
    )
    pairs = (part.partition(": ") for part in (cell.get("COMPLIANCE") or "").split(" | "))
    yield from _references(rule, {framework: ids.split(", ") for framework, _, ids in pairs if ids})


def _of_json(row: dict[str, Any]) -> Iterator[Row]:
    time, rule = moment(row.get("AssessmentStartTime")), text(row.get("CheckID"))
    advice = row["Remediation"] if isinstance(row.get("Remediation"), dict) else {}
    advice = advice["Recommendation"] if isinstance(advice.get("Recommendation"), dict) else {}
    yield About(time=time)
    yield _finding(
        rule=rule, title=text(row.get("CheckTitle")), said=text(row.get("Status")), muted=False,
        tool_severity=text(row.get("Severity")), kind=text(row.get("ResourceType")),
        namespace=_namespace(text(row.get("Namespace"))), seen=time,
        name=text(row.get("ResourceId")) or text(row.get("ResourceName")),
        message=text(row.get("StatusExtended")), remedy=text(advice.get("Text")),
    )
    yield from _references(rule, row.get("Compliance"))


# --- ASFF ------------------------------------------------------------------------------------------------------------


def _of_asff(row: dict[str, Any]) -> Iterator[Row]:
    """Security Hub has no word for muted: Prowler then writes WARNING. In the hub itself a finding can be suppressed,
    or archived, which means that it is not observed any more (AWS: RecordState)."""
    product, severity, compliance, remediation = (
        row[key] if isinstance(row.get(key), dict) else {}
        for key in ("ProductFields", "Severity", "Compliance", "Remediation"))
    resources = row["Resources"] if isinstance(row.get("Resources"), list) else []
    resource = resources[0] if resources and isinstance(resources[0], dict) else {}
    advice = remediation["Recommendation"] if isinstance(remediation.get("Recommendation"), dict) else {}
    workflow = text(row["Workflow"].get("Status")) if isinstance(row.get("Workflow"), dict) else None
    said, time = text(compliance.get("Status")), moment(row.get("UpdatedAt")) or moment(row.get("CreatedAt"))
    rule = (text(row.get("GeneratorId")) or "").removeprefix("prowler-") or None
    yield About(tool_version=text(product.get("ProviderVersion")), time=time)
    yield _finding(
        rule=rule, title=text(row.get("Title")), said=said, muted=said == "WARNING" or workflow == "SUPPRESSED",
        gone=text(row.get("RecordState")) == "ARCHIVED",
        tool_severity=text(severity.get("Label")), kind=text(resource.get("Type")), namespace=None,
        name=text(resource.get("Id")), seen=time, message=text(row.get("Description")), remedy=text(advice.get("Text")),
    )
    requirements = compliance.get("RelatedRequirements")
    words = [word for one in (requirements if isinstance(requirements, list) else []) if (word := text(one))]
    pairs = (word.rpartition(" ")[0].partition(" ") if len(word) == _CUT else word.partition(" ") for word in words)
    yield from _references(rule, {framework: ids.split() for framework, _, ids in pairs if ids})


# --- what they share -------------------------------------------------------------------------------------------------


def _finding(*, said: str | None, muted: bool, kind: str | None, gone: bool = False, **known: Any) -> Row:
    """A finding. The first versions with a mute list say ``MUTED`` in place of the result: what passes is not muted."""
    word = (said or "").upper()
    status = "accepted" if word.startswith("MUTED") else _STATUS.get(word, "unknown")
    if muted and status in ("fail", "warn"):
        status = "accepted"
    if status in _DOUBTED.get(known.get("rule") or "", ()):
        status = "unknown"
    status = "skip" if gone else status
    return Finding(**known, status=status, tool_status=f"{said} (muted)" if muted else said, category="compliance",
                   kind=kind.removeprefix("Kubernetes") or None if kind else None)


def _references(rule: str | None, compliance: Any) -> Iterator[Row]:
    for framework, requirements in (compliance.items() if rule and isinstance(compliance, dict) else ()):
        for requirement in requirements if isinstance(requirements, list) else [requirements]:
            if reference := text(requirement):
                yield Reference(rule=rule, framework=framework, reference=reference)


def _namespace(region: str | None) -> str | None:
    """Prowler writes the namespace where clouds have their region."""
    return region.removeprefix("namespace: ") or None if region and region.startswith("namespace: ") else None


def _context(account: str | None) -> str | None:
    return account.removeprefix("context: ") or None if account and account.startswith("context: ") else None
