"""Checkov: one report, or a list with a report for each kind of input; a clean run has only the summary.

Code blocks and evaluated values are never kept. A resource of Kubernetes is ``Kind.namespace.name``, where Checkov
writes the namespace ``default`` for kinds that have none too.

Source: https://www.checkov.io
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Reference, Row
from auditkit.scans.places import is_namespaced
from auditkit.scans.vocabulary import text

NAME = "checkov"

_LISTS = ("passed_checks", "failed_checks", "skipped_checks")
_STATUS = {"PASSED": "pass", "FAILED": "fail", "SKIPPED": "skip"}
_SUMMARY = {"passed", "failed", "skipped", "checkov_version"}
_OF_KUBERNETES = {"kubernetes", "helm", "kustomize"}
_CATEGORIES = {"secrets": "secret", "sca_package": "vulnerability", "sca_image": "vulnerability"}


class _Result(msgspec.Struct):
    result: str | None = None


class _Package(msgspec.Struct):
    id: str | None = None
    package_name: str | None = None
    package_version: str | None = None
    fix_version: str | None = None
    severity: str | None = None


class _Benchmark(msgspec.Struct):
    name: str | None = None


class _Check(msgspec.Struct):
    check_id: str
    check_name: str | None = None
    check_result: _Result | None = None
    severity: str | None = None
    resource: str | None = None
    file_path: str | None = None
    file_line_range: list[int | None] | None = None
    guideline: str | None = None
    benchmarks: dict[str, list[_Benchmark]] | None = None
    vulnerability_details: _Package | None = None


def recognise(document: Document) -> bool:
    """Results in three lists, or the bare summary."""
    head = document.head
    if document.form != "json":
        return False
    return _is_report(head[0] if isinstance(head, list) and head else head)


def _is_report(report: Any) -> bool:
    if not isinstance(report, dict):
        return False
    results = report.get("results")
    has_lists = isinstance(results, dict) and bool(results.keys() & {*_LISTS, "parsing_errors"})
    return (has_lists and "check_type" in report) or report.keys() >= _SUMMARY


def read(document: Document) -> Iterator[Row]:
    """A finding for each check of each resource; a gap for files that Checkov could not parse."""
    root = "[]." if isinstance(document.head, list) else ""
    lists = {name: f"{root}results.{name}[]" for name in _LISTS}
    outline = document.outline(*lists.values())
    reports = outline if isinstance(outline, list) else [outline]
    for report in reports:
        if isinstance(report, dict):
            yield from _about(report)
    references: set[tuple[str, str, str]] = set()
    for path in lists.values():
        for position, check in document.each(path, _Check):
            report = reports[position[0]] if root and position[0] < len(reports) else reports[0]
            yield _finding(check, text(report.get("check_type")) if isinstance(report, dict) else None)
            references |= {(check.check_id, framework, one.name)
                           for framework, found in (check.benchmarks or {}).items() for one in found if one.name}
    for rule, framework, reference in sorted(references):
        yield Reference(rule=rule, framework=framework, reference=reference)


def _about(report: dict[str, Any]) -> Iterator[Row]:
    summary = report["summary"] if isinstance(report.get("summary"), dict) else report
    yield About(tool_version=text(summary.get("checkov_version")))
    results = report["results"] if isinstance(report.get("results"), dict) else {}
    errors = results.get("parsing_errors")
    count = len(errors) if isinstance(errors, list) else summary.get("parsing_errors", summary.get("parsingerrors"))
    if isinstance(count, int) and count:
        yield Gap(f"Checkov could not parse {count} files, so nothing is known of what is in them")


def _finding(check: _Check, check_type: str | None) -> Row:
    said = check.check_result.result if check.check_result else None
    package = check.vulnerability_details or _Package()
    kind, namespace, name = _object(check.resource, check_type)
    lines = "-".join(str(line) for line in check.file_line_range or [] if line is not None)
    return Finding(
        rule=package.id or check.check_id, title=check.check_name, status=_STATUS.get(said or "", "unknown"),
        tool_status=said, tool_severity=check.severity or package.severity, kind=kind, namespace=namespace, name=name,
        message=f"{check.file_path}:{lines}" if check.file_path and lines else check.file_path,
        remedy=check.guideline, category=_CATEGORIES.get(check_type or "", "misconfiguration"),
        package=package.package_name, installed_version=package.package_version, fixed_version=package.fix_version,
    )


def _object(resource: str | None, check_type: str | None) -> tuple[str | None, str | None, str | None]:
    """Kind, namespace and name; outside of Kubernetes a resource has a type and a name."""
    kind, _, rest = (resource or "").partition(".")
    namespace, _, name = rest.partition(".")
    if check_type in _OF_KUBERNETES and name:
        return kind, namespace if is_namespaced(kind) else None, name
    return None, None, resource or None
