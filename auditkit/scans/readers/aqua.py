"""Aqua: image scans of its command line (also as Azure DevOps jobs keep them), of its API, and of its second API.

Of sensitive data that was found only the kind is kept. Severities are Aqua's own where it gives one.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Row
from auditkit.scans.vocabulary import Text, digest, image_id, moment, text

NAME = "aqua"
PROVIDES = frozenset({"images", "fixed versions", "state", "policies"})

_NEVER = 1970
_LONGEST = 36500


class _Package(msgspec.Struct, gc=False):
    name: Text = None
    version: Text = None
    path: Text = None


class _Vulnerability(msgspec.Struct, gc=False):
    name: Text = None
    aqua_severity: Text = None
    nvd_severity_v3: Text = None
    nvd_cvss3_severity: Text = None
    vendor_severity_v3: Text = None
    vendor_severity: Text = None
    nvd_severity: Text = None
    severity: Text = None
    fix_version: Text = None
    solution: Text = None
    acknowledged_date: Text = None
    already_acknowledged: bool | None = None
    ack_expiration_days: int | None = None
    ack_expiration_date: Text = None
    last_found_date: Text = None
    resource: _Package | None = None
    file: Text = None
    image_name: Text = None
    image_digest: Text = None
    registry: Text = None


class _Sensitive(msgspec.Struct, gc=False):
    type: Text = None
    path: Text = None
    filename: Text = None


class _Resource(msgspec.Struct, gc=False):
    resource: _Package | None = None
    vulnerabilities: list[_Vulnerability] | None = None


class _Assured(msgspec.Struct, gc=False):
    control: Text = None
    policy_name: Text = None
    failed: bool = False


class _Assurance(msgspec.Struct, gc=False):
    checks_performed: list[_Assured] | None = None


class _Summary(msgspec.Struct, gc=False):
    total: int | None = None


class _Image(msgspec.Struct, gc=False):
    image: Text = None
    image_name: Text = None
    registry: Text = None
    digest: Text = None
    scan_started: dict[str, Any] | Text = None
    image_assurance_results: _Assurance | None = None
    vulnerability_summary: _Summary | None = None
    sensitive_data: list[_Sensitive] | None = None
    malware: list[_Sensitive] | None = None


def recognise(document: Document) -> bool:
    """Resources of an image, its ``cves``, or a page of the API; a list of such for DevOps jobs."""
    head = document.head
    if isinstance(head, list):
        head = head[0].get("results") if head and isinstance(head[0], dict) and "image_name" in head[0] else None
    if not isinstance(head, dict):
        return False
    if "cves" in head:
        return "image_name" in head or "status" in head
    if isinstance(head.get("result"), list) and {"count", "page"} <= head.keys():
        return "pagesize" in head or "query" in head
    return isinstance(head.get("resources"), list) and bool(
        {"image", "image_name"} & head.keys() and {"scan_started", "image_assurance_results", "vulnerability_summary"}
        & head.keys())


def read(document: Document) -> Iterator[Row]:
    """A finding for each vulnerability in a package, each check of image assurance, each sensitive file."""
    head = document.head
    if isinstance(head, list):
        for at, part in enumerate(document.outline("[].results.resources[]") or []):
            yield from _image_rows(document, part.get("results") or {}, "[].results.resources[]", at)
    elif "result" in head:
        yield from _page(document)
    elif "cves" in head:
        image = msgspec.convert(document.outline("cves[]"), _Image)
        yield from (_vulnerability(image, None, found) for _, found in document.each("cves[]", _Vulnerability))
    else:
        yield from _image_rows(document, document.outline("resources[]"), "resources[]", None)


def _page(document: Document) -> Iterator[Row]:
    """A page of the API: vulnerabilities of any images, and how many there are in all."""
    frame, listed = document.outline("result[]"), 0
    for _, found in document.each("result[]", _Vulnerability):
        listed += 1
        yield _vulnerability(_Image(), None, found)
    count = frame.get("count")
    if isinstance(count, int) and count > listed:
        yield Gap(f"it is page {frame.get('page')} of several", count - listed)
    if frame.get("is_partial_data") is True or frame.get("more_data_all_pages"):
        yield Gap("the tool states that its data is partial")


def _image_rows(document: Document, frame: dict[str, Any], path: str, at: int | None) -> Iterator[Row]:
    """The rows of one image; ``at`` is its place where there are several."""
    image, listed = msgspec.convert(frame, _Image), 0
    yield About(time=_started(image.scan_started))
    for position, resource in document.each(path, _Resource):
        if at is None or position[0] == at:
            for found in resource.vulnerabilities or ():
                listed += 1
                yield _vulnerability(image, resource.resource, found)
    for check in (image.image_assurance_results or _Assurance()).checks_performed or ():
        yield _finding(image, rule=text(check.control), title=text(check.policy_name), category="policy",
                       status="fail" if check.failed else "pass")
    for category, things in (("secret", image.sensitive_data), ("malware", image.malware)):
        for thing in things or ():
            yield _finding(image, rule=text(thing.type) or category, status="fail", category=category,
                           name=text(thing.path) or text(thing.filename))
    stated = (image.vulnerability_summary or _Summary()).total
    if stated and stated > listed:
        yield Gap("it counts vulnerabilities that it does not list", stated - listed)
    if not listed and not stated:
        yield _finding(image, title="no vulnerability was found", status="pass", category="vulnerability")


def _started(value: Any) -> Any:
    return moment(value.get("seconds") if isinstance(value, dict) else value)


def _vulnerability(image: _Image, package: _Package | None, found: _Vulnerability) -> Any:
    package = package or found.resource or _Package()
    acknowledged = _day(found.acknowledged_date)
    accepted = found.already_acknowledged or acknowledged is not None
    return _finding(
        image, found, rule=text(found.name), title=text(found.name), status="accepted" if accepted else "fail",
        tool_severity=_severity(found), package=text(package.name) or text(package.path) or text(found.file),
        installed_version=text(package.version), fixed_version=text(found.fix_version), remedy=text(found.solution),
        category="vulnerability", seen=moment(found.last_found_date),
        accepted_until=_end(found, acknowledged) if accepted else None,
    )


def _day(value: Any) -> Any:
    """A time; Aqua writes the first days of 1970 or of the year 1 where there is none."""
    time = moment(value)
    return time if time and time.year > _NEVER else None


def _end(found: _Vulnerability, acknowledged: Any) -> Any:
    """When an acknowledgement ends: on a date, or so many days after it was made; 0 days are without an end.

    Source: the fields of ``ack_expiration_*`` in Aqua's API of vulnerabilities (its Terraform provider).
    """
    if end := _day(found.ack_expiration_date):
        return end
    days = found.ack_expiration_days or 0
    return acknowledged + dt.timedelta(days=days) if acknowledged and 0 < days < _LONGEST else None


def _severity(found: _Vulnerability) -> str | None:
    for word in (found.aqua_severity, found.nvd_severity_v3, found.nvd_cvss3_severity, found.vendor_severity_v3,
                 found.vendor_severity, found.nvd_severity, found.severity):
        if text(word):
            return text(word)
    return None


def _finding(image: _Image, found: _Vulnerability | None = None, **known: Any) -> Any:
    found = found or _Vulnerability()
    name = text(found.image_name) or text(image.image) or text(image.image_name)
    told = digest(text(found.image_digest))
    either = image_id(text(image.digest))  # of the command line's ``digest`` it is not documented which one it is
    return Finding(image=name, image_digest=told or either, image_id=None if told else either, **known)
