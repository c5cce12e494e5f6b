"""OCSF 1.8.0, class Compliance Finding (2003): an event for each requirement and for each verdict, as JSON lines.

A verdict alone says nothing of its requirement, which may be manual or unknown although each verdict passes; so each
requirement has an event of its own, with the type ``requirement``; those of verdicts have the type ``verdict``.

Source: https://schema.ocsf.io/1.8.0/classes/compliance_finding
"""

import json
from collections.abc import Iterator
from typing import Any

from auditkit.base.version import VERSION
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Result
from auditkit.evaluation.words import DEVIATING, word
from auditkit.exports.judged import Evaluations, Judged, Left, Verdict, acceptances, digest, left_out, listed, of, scope

SCHEMA = "1.8.0"

_STATUS = {"pass": 1, "fail": 3, "exception_noted": 2, "unknown": 0}
"""An exception noted is a warning: somebody must examine it. Its failing verdicts are events with the status fail."""
_OTHER = 99
"""What OCSF has no status for: manual, attested, not applicable. ``compliance.status`` has the word."""

_SEVERITY = {"": 0, "low": 2, "medium": 3, "high": 4, "critical": 5}
_INFORMATIONAL = 1
_NEW, _SUPPRESSED = 1, 3
OUT_OF_SCOPE = "out of scope"
"""The status of a requirement that the scope leaves out."""


def encoded(evaluations: Evaluations) -> bytes:
    """The events of all evaluations, one a line."""
    return b"".join(f"{json.dumps(event, sort_keys=True)}\n".encode()
                    for evaluation in listed(evaluations) for event in _events(evaluation))


def _events(evaluation: Evaluation) -> Iterator[dict[str, Any]]:
    for result in evaluation.results:
        yield _of_requirement(evaluation, result)
        for judged in of(evaluation, result):
            yield from _of_verdicts(judged)
    yield from (_of_outside(evaluation, left) for left in left_out(evaluation))


def _of_requirement(evaluation: Evaluation, result: Result) -> dict[str, Any]:
    stated = result.requirement
    event = _event(evaluation, stated.id, stated.title, result.status, str(result.reason))
    key = digest(evaluation.framework.framework, stated.id)
    return {**event, "severity_id": _severity(result.status, result.severity),
            "status_id": _SUPPRESSED if result.accepted else _NEW,
            "finding_info": _finding(evaluation, key, stated.title, "requirement")}


def _of_outside(evaluation: Evaluation, left: Left) -> dict[str, Any]:
    """The event of a requirement that the scope leaves out."""
    event = _event(evaluation, left.id, left.title, OUT_OF_SCOPE, left.reason)
    key = digest(evaluation.framework.framework, left.id)
    return {**event, "severity_id": _INFORMATIONAL, "status_id": _NEW,
            "finding_info": _finding(evaluation, key, left.title, "requirement")}


def _of_verdicts(judged: Judged) -> Iterator[dict[str, Any]]:
    evaluation, check = judged.evaluation, judged.outcome.check
    said = acceptances(evaluation, judged.result.requirement.id, check.name)
    stated = judged.result.requirement
    base = _event(evaluation, stated.id, stated.title, "", "")
    base["unmapped"]["requirement_status"] = judged.result.status
    for verdict in judged.verdicts():
        event = base | {"message": verdict.reason,
                        "compliance": base["compliance"] | _status(verdict.verdict, verdict.reason)}
        event["compliance"]["checks"] = [{"uid": check.name, "name": check.title, "severity": check.severity,
                                          "status": word(verdict.verdict),
                                          "status_id": _STATUS.get(verdict.verdict, _OTHER)}]
        event |= {"severity_id": _severity(verdict.verdict, check.severity),
                  "status_id": _SUPPRESSED if verdict.accepted else _NEW,
                  "finding_info": _finding(evaluation, verdict.key, check.title, "verdict"),
                  "resources": [_resource(evaluation, verdict)]}
        if verdict.accepted:
            event["comment"] = f"accepted: {said}"
        if check.remedy:
            event["remediation"] = {"desc": check.remedy}
        event["unmapped"] = {**base["unmapped"], "seen": verdict.seen, "expected": check.expected,
                             **verdict.subject.parts, **({"team": verdict.team} if verdict.team else {})}
        yield event


def _event(evaluation: Evaluation, requirement: str, title: str, status: str, reason: str) -> dict[str, Any]:
    """What all events share. ``message`` repeats nothing that a cluster calls its objects."""
    framework, manifest, said = evaluation.framework, evaluation.snapshot.manifest, scope(evaluation)
    return {
        "class_uid": 2003, "class_name": "Compliance Finding", "category_uid": 2, "category_name": "Findings",
        "activity_id": 1, "activity_name": "Create", "type_uid": 200301,
        "time": _milliseconds(evaluation), "message": reason,
        "metadata": {"version": SCHEMA, "product": {"name": "auditkit", "vendor_name": "auditkit", "version": VERSION},
                     "correlation_uid": evaluation.snapshot.digest},
        "compliance": {"control": requirement, "requirements": [requirement],
                       "standards": [f"{framework.title} {framework.version}"], "desc": title,
                       **_status(status, reason)},
        "unmapped": {"snapshot": evaluation.snapshot.digest, "cluster": manifest.cluster,
                     "cluster_uid": manifest.cluster_uid, "framework": framework.framework,
                     "requirement_status": status, **({"scope": said} if said else {})},
    }


def _status(status: str, reason: str) -> dict[str, Any]:
    return {"status_id": _STATUS.get(status, _OTHER), "status": word(status), "status_code": status,
            "status_detail": reason}


def _finding(evaluation: Evaluation, key: str, title: str, of_what: str) -> dict[str, Any]:
    """``uid`` is of the cluster, the rule and the subject: it is the same in the next snapshot."""
    return {"uid": digest(*evaluation.snapshot.manifest.which, key), "title": title, "types": [of_what]}


def _resource(evaluation: Evaluation, verdict: Verdict) -> dict[str, Any]:
    subject = verdict.subject
    parts = {"type": subject.kind, "namespace": subject.namespace, "name": str(subject) or "cluster"}
    uid = digest(*evaluation.snapshot.manifest.which, str(subject.parts))
    return {"uid": uid, **{name: text for name, text in parts.items() if text}}


def _severity(status: str, severity: str) -> int:
    """The severity of what fails or may fail; anything else informs."""
    return _SEVERITY[severity] if status in (*DEVIATING, "unknown") else _INFORMATIONAL


def _milliseconds(evaluation: Evaluation) -> int:
    return round(evaluation.snapshot.manifest.moment.timestamp() * 1000)
