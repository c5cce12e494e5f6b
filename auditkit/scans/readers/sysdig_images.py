"""What Sysdig says of images: results of its scanner (two formats), and reports of vulnerabilities (JSON, CSV)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Row
from auditkit.scans.vocabulary import digest, image_id, latest, moment, text, until
from auditkit.scans.words import given, kind_of

_STATUS = {"passed": "pass", "failed": "fail", "accepted": "accepted", "notapplicable": "skip", "nopolicy": "unknown"}

# Columns of reports: the same fact as the old and the new JSON, and the old, new and scanner's CSV call it, each
# without anything but letters and digits.
_COLUMNS = {
    "rule": ("vulnname", "vulnid", "vulnerabilityid", "vulnerabilityname", "cveid"),
    "tool_severity": ("vulnseverity", "severity", "vulnerabilityseverity", "cveseverity"),
    "package": ("packagename", "scanpackagename"),
    "installed_version": ("packageversion", "scanpackageversion"),
    "fixed_version": ("vulnfixversion", "vulnfixedinversion", "fixversion", "packagesuggestedfix"),
    "image": ("imagepullstring", "containerimage", "image", "imagename"),
    "image_id": ("imageid", "containerimageid"),
    "image_digest": ("imagedigest", "containerimagedigest"),
    "cluster": ("k8sclustername", "kubernetesclustername"),
    "namespace": ("k8snamespacename", "kubernetesnamespacename"),
    "kind": ("k8sworkloadtype", "kubernetesworkloadtype"),
    "name": ("k8sworkloadname", "kubernetesworkloadname"),
    "container": ("k8spodcontainername", "k8scontainername", "kubernetespodcontainername", "kubernetescontainername"),
    "accepted": ("riskaccepted", "vulnriskaccepted", "isriskaccepted"),
    "host": ("hostname", "assetname"),
}
_NAMED = {column: name for name, columns in _COLUMNS.items() for column in columns}
_PACKAGES = frozenset(_COLUMNS["package"])
_RULES = frozenset(_COLUMNS["rule"])


def _plain(column: str) -> str:
    return "".join(character for character in column.lower() if character.isalnum())


def is_row(row: Any) -> bool:
    """A row of a report: it names a vulnerability and a package."""
    if not isinstance(row, dict):
        return False
    columns = {_plain(column) for column in row if isinstance(column, str)}
    return bool(columns & _RULES) and bool(columns & _PACKAGES) and bool(columns & {
        "vulncvssscore", "cvssscore", "vulnseverity", "severity", "vulnerabilityseverity"})


def of_rows(row: dict[str, Any]) -> Iterator[Row]:
    """A vulnerability of a package in an image, in a workload where the report is of running ones."""
    found: dict[str, Any] = {}
    for column, value in row.items():
        if (name := _NAMED.get(_plain(column))) and name not in found and (word := given(value)):
            found[name] = word
        elif name == "accepted" and isinstance(value, bool):
            found[name] = str(value)
    accepted = found.pop("accepted", "").lower() == "true"
    host = found.pop("host", None)
    found["image_id"] = image_id(said := found.get("image_id"))
    found["kind"] = kind_of(found.get("kind"))
    yield Finding(**found, status="accepted" if accepted else "fail", category="vulnerability",
                  node=host if found.get("kind") is None and "image" not in found else None,
                  message=f"image ID {said}" if said else None)


def of_results(row: dict[str, Any]) -> Iterator[Row]:
    """An entry in the list of results: which asset was scanned, and what the policies say of it."""
    totals = row["vulnTotalBySeverity"] if isinstance(row.get("vulnTotalBySeverity"), dict) else {}
    said = text(row.get("policyEvaluationResult")) or text(row.get("policyEvaluationsResult"))
    yield Finding(
        rule="policyEvaluation", status=_status(said), tool_status=said, category="vulnerability",
        message=", ".join(f"{count} {word}" for word, count in totals.items() if isinstance(count, int)) or None,
        seen=moment(row.get("createdAt")), **_asset(row),
    )


def of_packages(row: dict[str, Any]) -> Iterator[Row]:
    """A package with one vulnerability, together with the asset it is in."""
    package = row["package"] if isinstance(row.get("package"), dict) else {}
    vulnerability = package.get("vulnerability")
    if isinstance(vulnerability, dict) and vulnerability:
        yield _vulnerability(
            _listed_risks(vulnerability), _asset(row), rule=text(vulnerability.get("name")),
            tool_severity=text(vulnerability.get("severity")), package=text(package.get("name")),
            fixed_version=text(vulnerability.get("fixVersion")),
            installed_version=text(package.get("version")))


def _asset(row: dict[str, Any]) -> dict[str, Any]:
    metadata = row["metadata"] if isinstance(row.get("metadata"), dict) else {}
    scope = row["scope"] if isinstance(row.get("scope"), dict) else {}
    return {
        "image": text(metadata.get("pullString")) or text(row.get("pullString")) or text(row.get("mainAssetName")),
        "image_digest": digest(text(metadata.get("digest"))), "image_id": image_id(text(metadata.get("imageId"))),
        "node": text(metadata.get("hostName")) or given(scope.get("host.hostName")),
        "cluster": given(scope.get("kubernetes.cluster.name")),
        "namespace": given(scope.get("kubernetes.namespace.name")),
        "kind": kind_of(given(scope.get("kubernetes.workload.type"))),
        "name": given(scope.get("kubernetes.workload.name")),
        "container": given(scope.get("kubernetes.pod.container.name")),
    }


def _status(word: str | None) -> str:
    return _STATUS.get((word or "").replace(" ", "").lower(), "unknown")


# --- the result of a scan of one image -------------------------------------------------------------------------------


class _Value(msgspec.Struct, gc=False):
    value: str | None = None


class _Accept(msgspec.Struct, rename="camel"):
    """An acceptance of a risk: for how long, and what it is for (a CVE, an image, a package ...)."""

    id: str | None = None
    status: str | None = None
    expiration_date: str | None = None


class _Vulnerability(msgspec.Struct, rename="camel"):
    """In the first format a vulnerability lies in its package, in the second it refers to it."""

    name: str | None = None
    severity: _Value | str | None = None
    fix_version: str | None = None
    fixed_in_version: str | None = None
    package_ref: str | None = None
    risk_accept_refs: list[str] | None = None
    accepted_risks: list[_Accept] | None = None


class _Package(msgspec.Struct, rename="camel"):
    name: str | None = None
    version: str | None = None
    vulns: list[_Vulnerability] | None = None


class _Rule(msgspec.Struct, rename="camel"):
    rule_id: str | int | None = None
    rule_type: str | None = None
    description: str | None = None
    evaluation_result: str | None = None


class _Bundle(msgspec.Struct):
    name: str | None = None
    rules: list[_Rule] | None = None


class _Evaluation(msgspec.Struct):
    name: str | None = None
    bundles: list[_Bundle] | None = None


class _Policies(msgspec.Struct):
    evaluations: list[_Evaluation] | None = None


class _Image(msgspec.Struct, rename="camel"):
    pull_string: str | None = None
    digest: str | None = None
    image_id: str | None = None
    host_name: str | None = None


class _Result(msgspec.Struct, rename="camel"):
    metadata: _Image | None = None
    policies: _Policies | None = None
    policy_evaluations: list[_Evaluation] | None = None
    risk_accepts: dict[str, _Accept] | None = None
    risk_acceptance_definitions: list[_Accept] | None = None


class _Info(msgspec.Struct, rename="camel"):
    scan_time: str | None = None


class _Scanner(msgspec.Struct):
    version: str | None = None


class _Producer(msgspec.Struct, rename="camel"):
    produced_at: str | None = None


class _Report(_Result, rename="camel"):
    """What the scanner writes, and the same result as the API gives it, without anything around it."""

    info: _Info | None = None
    scanner: _Scanner | None = None
    producer: _Producer | None = None
    result: _Result | None = None


def is_image(head: dict[str, Any]) -> bool:
    """A result of the scanner, with or without what it writes around it."""
    scanner, result = head.get("scanner"), head.get("result")
    if isinstance(result, dict) and isinstance(scanner, dict) and "sysdig" in str(scanner.get("name", "")).lower():
        return True
    result = result if isinstance(result, dict) and "info" in head else head
    return isinstance(result.get("metadata"), dict) and isinstance(result.get("packages"), dict | list) and bool(
        result.keys() & {"assetType", "policyEvaluations", "vulnTotalBySeverity", "policies"})


def of_image(document: Document) -> Iterator[Row]:
    """The vulnerabilities of an image, and what each rule of each policy says of it."""
    head = document.head["result"] if isinstance(document.head.get("result"), dict) else document.head
    root = "" if head is document.head else "result."
    lists = [f"{root}{name}" for name in ("packages", "vulnerabilities", "layers", "baseImages")]
    try:
        report = msgspec.convert(document.outline(*lists), _Report)
    except msgspec.ValidationError as error:
        yield Gap(f"its metadata could not be read ({error})")
        report = _Report()
    result = report.result or report
    yield About(tool_version=report.scanner.version if report.scanner else None,
                time=moment(report.info and report.info.scan_time)
                or moment(report.producer and report.producer.produced_at))
    image = result.metadata or _Image()
    asset = {"image": image.pull_string, "image_digest": digest(image.digest), "image_id": image_id(image.image_id),
             "node": image.host_name}
    accepts = _accepts(result)
    for package, found in _pairs(document, root, isinstance(head.get("packages"), list)):
        severity = found.severity.value if isinstance(found.severity, _Value) else found.severity
        references = [*(found.risk_accept_refs or []), *(risk.id for risk in found.accepted_risks or [])]
        yield _vulnerability(
            _acceptance([accepts.get(reference) for reference in references]), asset, rule=found.name,
            tool_severity=severity, package=package.name,
            installed_version=package.version, fixed_version=found.fix_version or found.fixed_in_version)
    yield from _policies(result, asset)


def _accepts(result: _Result) -> dict[Any, _Accept]:
    """The acceptances of risks that the result defines."""
    accepts = dict(result.risk_accepts or {})
    return accepts | {accept.id: accept for accept in result.risk_acceptance_definitions or [] if accept.id}


def _acceptance(accepts: list[_Accept | None]) -> dict[str, Any]:
    """Status and end of a vulnerability with these acceptances; ``None`` is one that is not defined in the result.

    Without one that is active it fails, and it is not known where the only ones are not defined.
    """
    active = [accept for accept in accepts if accept and (accept.status or "active").lower() == "active"]
    if not active:
        return {"status": "unknown" if None in accepts else "fail"}
    ends = [until(accept.expiration_date) for accept in active]
    return {"status": "accepted", "accepted_until": latest(ends)}


def _listed_risks(vulnerability: dict[str, Any]) -> dict[str, Any]:
    """The acceptance of a vulnerability in a list of packages, which may only name its acceptances."""
    accepts = vulnerability.get("riskAccepts")
    values = list(accepts.values()) if isinstance(accepts, dict) else accepts if isinstance(accepts, list) else []
    if values:
        return _acceptance([_accept(value) for value in values])
    return _acceptance([None] if vulnerability.get("riskAcceptRefs") else [])


def _accept(value: Any) -> _Accept | None:
    try:
        return msgspec.convert(value, _Accept)
    except msgspec.ValidationError:
        return None


def _pairs(document: Document, root: str, nested: bool) -> Iterator[tuple[_Package, _Vulnerability]]:
    """Each vulnerability with its package, one at a time: an image can have thousands."""
    if nested:
        for _, package in document.each(f"{root}packages[]", _Package):
            yield from ((package, found) for found in package.vulns or [])
        return
    packages = {position[-1]: package for position, package in document.each(f"{root}packages.*", _Package)}
    for _, found in document.each(f"{root}vulnerabilities.*", _Vulnerability):
        yield packages.get(found.package_ref or "", _Package()), found


def _vulnerability(accepted: dict[str, Any], asset: dict[str, Any], **known: str | None) -> Row:
    return Finding(**known, **asset, **accepted, category="vulnerability")


def _policies(result: _Result, asset: dict[str, Any]) -> Iterator[Row]:
    evaluations = (result.policies and result.policies.evaluations) or result.policy_evaluations or []
    for evaluation in evaluations:
        for bundle in evaluation.bundles or []:
            for rule in bundle.rules or []:
                yield Finding(
                    rule=f"{bundle.name}/{rule.rule_id or rule.rule_type}", title=rule.description, category="policy",
                    status=_status(rule.evaluation_result), tool_status=rule.evaluation_result,
                    message=f"policy {evaluation.name}", **asset)
