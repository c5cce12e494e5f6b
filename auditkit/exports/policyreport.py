"""Policy reports: a report for each namespace and one or more for the cluster, as a List that kubectl applies.

Most tools read wgpolicyk8s.io/v1alpha2 today (Kyverno writes it unless told otherwise); openreports.io/v1alpha1 is to
take its place. ``unknown`` is the result ``error``, ``not_applicable`` is ``skip``. A requirement that fails or is
unknown without a verdict that says so has a result of its own in the report of the cluster.

Source: the API of the Kubernetes policy working group; https://github.com/openreports/reports-api
"""

import json
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Any

from auditkit.evaluation.evaluation import Evaluation
from auditkit.exports.judged import (
    Evaluations,
    Judged,
    Subject,
    Verdict,
    acceptances,
    judged,
    left_out,
    listed,
    scope,
    unsaid,
)

LARGEST = 1000
"""Results in one report: an object of a cluster has at most about a megabyte."""

_RESULTS = {"pass": "pass", "fail": "fail", "unknown": "error", "not_applicable": "skip"}
_KINDS = {"wgpolicyk8s.io/v1alpha2": "PolicyReport", "openreports.io/v1alpha1": "Report"}


def encoded(evaluations: Evaluations) -> bytes:
    """The reports as objects of wgpolicyk8s.io/v1alpha2."""
    return _encoded(evaluations, "wgpolicyk8s.io/v1alpha2")


def openreports(evaluations: Evaluations) -> bytes:
    """The reports as objects of openreports.io/v1alpha1."""
    return _encoded(evaluations, "openreports.io/v1alpha1")


def _encoded(evaluations: Evaluations, api: str) -> bytes:
    items = [report for evaluation in listed(evaluations) for report in _reports(evaluation, api)]
    document = {"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def _reports(evaluation: Evaluation, api: str) -> Iterator[dict[str, Any]]:
    """The reports of a framework, those of the cluster first."""
    results = sorted(_results(evaluation), key=lambda pair: pair[0])
    for namespace, group in groupby(results, key=lambda pair: pair[0]):
        found = [result for _, result in group]
        for number, first in enumerate(range(0, len(found), LARGEST), 1):
            yield _report(evaluation, api, namespace, number, found[first:first + LARGEST])


def _report(evaluation: Evaluation, api: str, namespace: str, number: int,
            results: list[dict[str, Any]]) -> dict[str, Any]:
    counts = Counter(result["result"] for result in results)
    metadata: dict[str, Any] = {
        "name": f"auditkit-{_label(evaluation.framework.framework)}-{number}",
        "labels": {"app.kubernetes.io/managed-by": "auditkit"},
        "annotations": {"auditkit/snapshot": evaluation.snapshot.digest,
                        "auditkit/cluster": evaluation.snapshot.manifest.cluster,
                        "auditkit/statuses": json.dumps(evaluation.statuses),
                        **({"auditkit/scope": said} if (said := scope(evaluation)) else {})}}
    return {"apiVersion": api, "kind": f"{'' if namespace else 'Cluster'}{_KINDS[api]}",
            "metadata": metadata | ({"namespace": namespace} if namespace else {}),
            "summary": {name: counts[name] for name in ("pass", "fail", "warn", "error", "skip")}, "results": results}


def _results(evaluation: Evaluation) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each result with the namespace of its subject."""
    for result in evaluation.results:
        if status := unsaid(result):
            yield "", _result(evaluation, result.requirement.id, status) | {
                "rule": result.requirement.id, "message": str(result.reason)}
    for left in left_out(evaluation):
        yield "", _result(evaluation, left.id, "not_applicable") | {"rule": left.id, "message": left.reason}
    for each in judged(evaluation):
        said = acceptances(evaluation, each.result.requirement.id, each.outcome.check.name)
        for verdict in each.verdicts():
            yield verdict.subject.namespace, _of_verdict(each, verdict, said)


def _of_verdict(each: Judged, verdict: Verdict, said: str) -> dict[str, Any]:
    check = each.outcome.check
    found = _result(each.evaluation, each.result.requirement.id, verdict.verdict) | {
        "rule": f"{each.result.requirement.id}/{check.name}", "severity": check.severity,
        "message": f"{check.title} {verdict.reason}"}
    if verdict.subject.kind or verdict.subject.name:
        found["resources"] = [_reference(verdict.subject)]
    found["properties"] |= {name: text for name, text in (
        ("observed", verdict.seen), ("expected", check.expected), ("remediation", check.remedy),
        ("accepted", said if verdict.accepted else ""), ("container", verdict.subject.container),
        ("team", verdict.team)) if text}
    return found


def _result(evaluation: Evaluation, requirement: str, status: str) -> dict[str, Any]:
    framework = evaluation.framework.framework
    return {"source": "auditkit", "policy": framework, "category": framework, "result": _RESULTS[status],
            "scored": True, "properties": {"standard": framework, "controls": requirement},
            "timestamp": {"seconds": int(evaluation.snapshot.manifest.moment.timestamp()), "nanos": 0}}


def _reference(subject: Subject) -> dict[str, str]:
    """An object as Kubernetes refers to it; a container is a field of its pod."""
    reference = {"kind": subject.kind, "namespace": subject.namespace, "name": subject.name,
                 "fieldPath": f"spec.containers{{{subject.container}}}" if subject.container else ""}
    return {name: text for name, text in reference.items() if text}


def _label(name: str) -> str:
    """A name as objects of Kubernetes may have it."""
    return "".join(char if char.isascii() and char.isalnum() else "-" for char in name.lower()).strip("-") or "own"
