"""NeuVector: vulnerabilities and compliance checks of an image, a workload or a host, as its REST API gives them.

Source: https://open-docs.neuvector.com (REST API).
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Reference, Row
from auditkit.scans.vocabulary import digest, image_id, moment, text
from auditkit.scans.words import image_of

NAME = "neuvector"
PROVIDES = frozenset({"images", "fixed versions", "state"})

_STATUS = {"PASS": "pass", "WARN": "warn", "HIGH": "fail", "NOTE": "manual", "INFO": "manual", "ERROR": "error"}


class _Check(msgspec.Struct):
    test_number: str
    description: str | None = None
    remediation: str | None = None
    level: str | None = None
    type: str | None = None
    tags: list[Any] | dict[str, Any] | None = None
    tags_v2: dict[str, Any] | None = None


class _Vulnerability(msgspec.Struct):
    name: str
    severity: str | None = None
    package_name: str | None = None
    package_version: str | None = None
    fixed_version: str | None = None
    tags: list[Any] | None = None


def recognise(document: Document) -> bool:
    """Checks with a test number, or a report with vulnerabilities and the version of their database."""
    head = document.head
    if document.form != "json" or not isinstance(head, dict) or "apiVersion" in head:
        return False
    report = head.get("report")
    if isinstance(report, dict):
        return _are(report.get("checks"), "test_number") or _are(report.get("vulnerabilities"), "package_name") or (
            "cvedb_version" in report)
    has_versions = bool(head.keys() & {"kubernetes_cis_version", "docker_cis_version", "run_timestamp"})
    return _are(head.get("items"), "test_number") or (has_versions and "items" in head)


def _are(items: Any, key: str) -> bool:
    return isinstance(items, list) and bool(items) and isinstance(items[0], dict) and key in items[0]


def read(document: Document) -> Iterator[Row]:
    """A finding for each vulnerability and each check."""
    head = document.outline("report.vulnerabilities[]", "report.modules[]", "report.checks[]", "report.secrets[]",
                            "report.cmds[]", "items[]")
    head = head if isinstance(head, dict) else {}
    report = head["report"] if isinstance(head.get("report"), dict) else {}
    yield About(time=moment(head.get("run_at")) or moment(head.get("run_timestamp")),
                data_time=moment(report.get("cvedb_create_time")))
    if text(head.get("error_message")):
        yield Gap("NeuVector reports that the scan ended with an error")
    repository, registry = text(report.get("repository")), text(report.get("registry"))
    host = registry.split("://")[-1].rstrip("/") + "/" if registry and repository else ""
    asset = {"image": image_of(f"{host}{repository}" if repository else None, text(report.get("tag"))),
             "image_digest": digest(text(report.get("digest"))), "image_id": image_id(text(report.get("image_id")))}
    for _, found in document.each("report.vulnerabilities[]", _Vulnerability):
        yield Finding(
            rule=found.name, status="accepted" if "accepted" in (found.tags or []) else "fail",
            tool_severity=found.severity, category="vulnerability", package=found.package_name,
            installed_version=found.package_version, fixed_version=found.fixed_version or None, **asset)
    seen: set[str] = set()
    for path in ("report.checks[]", "items[]"):
        for _, check in document.each(path, _Check):
            status = _STATUS.get((check.level or "").upper(), "unknown")
            yield Finding(rule=check.test_number, title=check.description, status=status, tool_status=check.level,
                          category="compliance", remedy=check.remediation or None, **asset)
            if check.test_number not in seen:
                seen.add(check.test_number)
                yield from _references(check)


def _references(check: _Check) -> Iterator[Row]:
    """Tags name a framework; newer ones its requirements too."""
    tags = check.tags_v2 or check.tags or []
    named = tags if isinstance(tags, dict) else {tag: None for tag in tags if isinstance(tag, str)}
    for framework, requirements in named.items():
        numbers = [text(one.get("id")) if isinstance(one, dict) else None
                   for one in (requirements if isinstance(requirements, list) else [None])]
        for number in numbers or [None]:
            yield Reference(rule=check.test_number, framework=framework, reference=number)
