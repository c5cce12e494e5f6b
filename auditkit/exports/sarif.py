"""SARIF 2.1.0: a run for each framework, a rule for each check of a requirement, a result for each verdict that fails
or is unknown.

Verdicts that pass or are not applicable are no results, because code hosts show every result as an alert, whatever its
kind; their numbers stand among the properties of the rule. Unknown is a result of the kind ``open``. What is not known
of the evidence, and requirements that no verdict decides, are notifications of the run, whose execution then was not
successful: a result that is missing from it is not one that was mended.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html (3.20, 3.27, 3.33, 3.35, 3.49, 3.58)
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

import msgspec

from auditkit.base.version import VERSION
from auditkit.evaluation.evaluation import Evaluation
from auditkit.exports.judged import (
    Evaluations,
    Judged,
    Subject,
    Verdict,
    acceptances,
    digest,
    gaps,
    judged,
    left_out,
    listed,
    scope,
)

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {"low": "note", "medium": "warning", "high": "error", "critical": "error"}
_SCORES = {"low": "3.0", "medium": "5.5", "high": "8.0", "critical": "9.5"}
"""``security-severity`` as code hosts read it: the middle of each of their bands."""

_NOTICES = {"unknown": "warning", "manual": "note", "attested": "note", "fail": "error"}


def encoded(evaluations: Evaluations) -> bytes:
    """One document with a run for each evaluation."""
    return document([run(each) for each in listed(evaluations)])


def document(runs: list[dict[str, Any]]) -> bytes:
    """A document of these runs."""
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": runs}, indent=1, sort_keys=True).encode() + b"\n"


Told = Callable[[Judged], Iterable[tuple[Verdict, dict[str, Any]]]]
"""The verdicts of a check that are told, each with what its result says beside or instead."""


def _bad(each: Judged) -> Iterator[tuple[Verdict, dict[str, Any]]]:
    return ((verdict, {}) for verdict in each.verdicts("fail", "unknown"))


def run(evaluation: Evaluation, told: Told = _bad) -> dict[str, Any]:
    """The run of an evaluation."""
    framework, manifest = evaluation.framework, evaluation.snapshot.manifest
    checks = list(judged(evaluation))
    return {
        "tool": {"driver": {"name": "auditkit", "version": VERSION, "semanticVersion": VERSION,
                            "rules": [_rule(each) for each in checks]}},
        "automationDetails": {"id": f"auditkit/{quote(framework.framework)}/{quote(manifest.cluster, safe='')}/"},
        "invocations": [_invocation(evaluation)],
        "results": [result for place, each in enumerate(checks) for result in _results(each, place, told)],
        "properties": {
            "cluster": manifest.cluster, "clusterUid": manifest.cluster_uid, "snapshot": evaluation.snapshot.digest,
            "framework": framework.framework, "frameworkVersion": framework.version,
            "requirements": [{"id": one.requirement.id, "status": one.status, "reason": str(one.reason)}
                             for one in evaluation.results],
            **({"scope": said, "outOfScope": [asdict(one) for one in left_out(evaluation)]}
               if (said := scope(evaluation)) else {})},
    }


def _rule(each: Judged) -> dict[str, Any]:
    check, stated, framework = each.outcome.check, each.result.requirement, each.evaluation.framework
    help_ = "\n\n".join(filter(None, (
        f"{framework.title} {framework.version}, {stated.id}: {stated.title}",
        check.expected and f"Expected: {check.expected}", check.remedy and f"Remedy: {check.remedy}",
        check.source and f"Source: {check.source}")))
    return {
        "id": each.rule, "name": check.name, "shortDescription": {"text": check.title}, "help": {"text": help_},
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "security-severity": _SCORES[check.severity], "severity": check.severity,
            "tags": ["security", "compliance", framework.framework], "requirement": stated.id,
            "requirementStatus": each.result.status, "counts": each.outcome.counts,
            "parameters": msgspec.to_builtins(check.parameters, enc_hook=str), "gaps": each.outcome.gaps}}


def _results(each: Judged, place: int, told: Told) -> Iterator[dict[str, Any]]:
    said = acceptances(each.evaluation, each.result.requirement.id, each.outcome.check.name)
    for verdict, more in told(each):
        result = _result(each, verdict) | {"ruleId": each.rule, "ruleIndex": place} | more
        if verdict.accepted:
            result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": said}]
        yield result


def _result(each: Judged, verdict: Verdict) -> dict[str, Any]:
    check, failed = each.outcome.check, verdict.verdict == "fail"
    told = f"{verdict.subject or 'The cluster'} {check.finding or 'fails the check'}" if failed else (
        f"Unknown for {verdict.subject or 'the cluster'}")
    key = digest(*each.evaluation.snapshot.manifest.which, verdict.key)
    return {
        "kind": "fail" if failed else "open", "level": _LEVELS[check.severity] if failed else "none",
        "message": {"text": f"{told}: {verdict.reason}"},
        "locations": [location(each.evaluation.snapshot.manifest.cluster, verdict.subject)],
        "partialFingerprints": {"auditkit/v1": key},
        "properties": {"verdict": verdict.verdict, "reason": verdict.reason, "observed": verdict.seen,
                       "expected": check.expected, "requirement": each.result.requirement.id,
                       **({"team": verdict.team} if verdict.team else {})},
    }


def location(cluster: str, subject: Subject) -> dict[str, Any]:
    """Where a subject is. Code hosts ask for a file, which an object of a cluster does not have: the path is that of
    the object (cluster, namespace, kind, name), and its line is always the first."""
    parts = [cluster, *filter(None, (subject.namespace, subject.kind, subject.name))]
    logical = {"fullyQualifiedName": "/".join([*parts[1:], *filter(None, [subject.container])]) or parts[0],
               "name": subject.container or subject.name or parts[0], "kind": "resource",
               "properties": subject.parts}
    uri = "/".join(quote(part, safe="", errors="replace").replace(".", "%2E") if part in (".", "..")
                   else quote(part, safe="", errors="replace") for part in parts)
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}},
            "logicalLocations": [logical]}


def _invocation(evaluation: Evaluation) -> dict[str, Any]:
    manifest, missing = evaluation.snapshot.manifest, gaps(evaluation)
    undecided = [one for one in evaluation.results if one.status in _NOTICES and not one.count("fail")]
    notices = [{"level": "warning", "message": {"text": f"Incomplete evidence: {gap}"}} for gap in missing]
    notices += [{"level": _NOTICES[one.status], "message": {
        "text": f"{one.requirement.id} is {one.status}: {one.reason}"}} for one in undecided]
    return {"executionSuccessful": not missing and not any(one.status == "unknown" for one in undecided),
            "startTimeUtc": f"{manifest.started:%Y-%m-%dT%H:%M:%SZ}",
            "endTimeUtc": f"{manifest.ended:%Y-%m-%dT%H:%M:%SZ}", "toolExecutionNotifications": notices}
