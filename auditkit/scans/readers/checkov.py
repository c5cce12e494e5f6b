"""Checkov: one report, or a list with a report for each kind of input; a clean run has only the summary.

Code blocks and evaluated values are never kept. A resource of Kubernetes is ``Kind.namespace.name``, where Checkov
writes the namespace ``default`` for kinds that have none too.

Source: https://www.checkov.io
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Reference, Row
from auditkit.scans.vocabulary import text
from auditkit.scans.words import is_namespaced

NAME = "checkov"
PROVIDES = frozenset({"images", "state"})

_LISTS = ("passed_checks", "failed_checks", "skipped_checks")
_STATUS = {"PASSED": "pass", "FAILED": "fail", "SKIPPED": "skip"}
_SUMMARY = {"passed", "failed", "skipped", "checkov_version"}
_OF_KUBERNETES = {"kubernetes", "helm", "kustomize"}
_CATEGORIES = {"secrets": "secret", "sca_package": "vulnerability", "sca_image": "vulnerability"}


class _Result(msgspec.Struct):
    result: Any = None


class _Check(msgspec.Struct):
    check_id: str
    check_name: Any = None
    check_result: _Result | None = None
    severity: Any = None
    resource: Any = None
    file_path: Any = None
    file_line_range: Any = None
    guideline: Any = None
    benchmarks: Any = None
    vulnerability_details: Any = None


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
            at = position[0] if root and isinstance(position[0], int) else 0
            report = reports[at] if at < len(reports) else None
            yield _finding(check, text(report.get("check_type")) if isinstance(report, dict) else None)
            references |= _references(check)
    for rule, framework, reference in sorted(references):
        yield Reference(rule=rule, framework=framework, reference=reference)


def _about(report: dict[str, Any]) -> Iterator[Row]:
    summary = report["summary"] if isinstance(report.get("summary"), dict) else report
    yield About(tool_version=text(summary.get("checkov_version")))
    results = report["results"] if isinstance(report.get("results"), dict) else {}
    errors = results.get("parsing_errors")
    count = len(errors) if isinstance(errors, list) else summary.get("parsing_errors", summary.get("parsingerrors"))
    if isinstance(count, int) and count:
        yield Gap(f"Checkov could not parse {count} files, so their content is unknown")


def _finding(check: _Check, check_type: str | None) -> Row:
    said = text(check.check_result.result) if check.check_result else None
    package = check.vulnerability_details if isinstance(check.vulnerability_details, dict) else {}
    kind, namespace, name = _object(text(check.resource), check_type)
    lines = check.file_line_range if isinstance(check.file_line_range, list) else []
    place = [text(check.file_path), "-".join(str(line) for line in lines if isinstance(line, int))]
    return Finding(
        rule=text(package.get("id")) or check.check_id, title=text(check.check_name),
        status=_STATUS.get(said or "", "unknown"), tool_status=said,
        tool_severity=_severity(check.severity) or _severity(package.get("severity")), kind=kind, namespace=namespace,
        name=name, message=":".join(part for part in place if part) or None, remedy=text(check.guideline),
        category=_CATEGORIES.get(check_type or "", "misconfiguration"), package=text(package.get("package_name")),
        installed_version=text(package.get("package_version")),
        fixed_version=text(package.get("lowest_fixed_version")) or text(package.get("fix_version")),
    )


def _severity(value: Any) -> str | None:
    """The name of a severity, which some versions write as an object."""
    return text(value.get("name") if isinstance(value, dict) else value)


def _references(check: _Check) -> set[tuple[str, str, str]]:
    """What the platform behind Checkov ties to a check."""
    benchmarks = check.benchmarks if isinstance(check.benchmarks, dict) else {}
    return {(check.check_id, framework, name) for framework, found in benchmarks.items()
            for one in (found if isinstance(found, list) else [])
            if (name := text(one.get("name") if isinstance(one, dict) else one))}


def _object(resource: str | None, check_type: str | None) -> tuple[str | None, str | None, str | None]:
    """Kind, namespace and name; outside of Kubernetes a resource has a type and a name."""
    kind, _, rest = (resource or "").partition(".")
    namespace, _, name = rest.partition(".")
    if check_type in _OF_KUBERNETES and name:
        return kind, namespace if is_namespaced(kind) else None, name
    return None, None, resource or None
