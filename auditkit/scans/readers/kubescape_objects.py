"""What Kubescape's operator keeps in the cluster: configuration scans of workloads, vulnerabilities, summaries.

The API server sends the specification of these objects empty in lists, unless it is asked for full ones; summaries
then say how many findings of which severity there are.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from auditkit.scans.model import Finding, Row
from auditkit.scans.vocabulary import Text, identity, moment, text

GROUPS = frozenset({"spdx.softwarecomposition.kubescape.io"})
KINDS = frozenset({
    "WorkloadConfigurationScan", "WorkloadConfigurationScanSummary", "ConfigurationScanSummary",
    "VulnerabilityManifest", "VulnerabilityManifestSummary", "VulnerabilitySummary"})

_LABEL = "kubescape.io/workload-"
_IMAGE, _IMAGE_ID = "kubescape.io/image-tag", "kubescape.io/image-id"

WORST_FIRST = ("fail", "error", "unknown", "warn", "manual", "accepted", "skip", "pass")

_STATUS = {"passed": "pass", "failed": "fail", "skipped": "skip", "excluded": "accepted", "irrelevant": "skip",
           "warning": "accepted", "error": "error", "success": "pass", "failure": "fail"}
_SUB_STATUS = {
    ("passed", "w/exceptions"): "accepted", ("passed", "irrelevant"): "skip",
    ("skipped", "manual review"): "manual", ("skipped", "requires review"): "manual",
    ("skipped", "configuration"): "unknown", ("skipped", "integration"): "unknown",
}
_FACTORS = ((9, "Critical"), (7, "High"), (4, "Medium"), (1, "Low"))


class Status(msgspec.Struct, gc=False):
    """Passed, failed or skipped, and why."""

    status: Text = None
    subStatus: Text = None
    info: Text = None


def status_of(status: Status) -> tuple[str | None, str]:
    """Kubescape's words for a status, and ours."""
    word, more = text(status.status), text(status.subStatus)
    ours = _SUB_STATUS.get((word or "", more or "")) or _STATUS.get(word or "", "unknown")
    return f"{word} ({more})" if word and more else word, ours


def severity(factor: float | None) -> dict[str, str | None]:
    """The severity that Kubescape makes of the score factor of a control."""
    word = next((word for least, word in _FACTORS if factor is not None and factor >= least), None)
    return {"tool_severity": word}


class _Metadata(msgspec.Struct, gc=False):
    name: Text = None
    namespace: Text = None
    creationTimestamp: Text = None
    labels: dict[str, Text] | None = None
    annotations: dict[str, Text] | None = None


class _Severity(msgspec.Struct, gc=False):
    severity: Text = None
    scoreFactor: float | None = None


class _Path(msgspec.Struct, gc=False):
    failedPath: Text = None
    fixPath: Text = None


class _Rule(msgspec.Struct, gc=False):
    paths: list[_Path] | None = None


class _Control(msgspec.Struct, gc=False):
    controlID: Text = None
    name: Text = None
    severity: _Severity | None = None
    status: Status | None = None
    rules: list[_Rule] | None = None


class _Counter(msgspec.Struct, gc=False):
    all: int = 0


class _Fix(msgspec.Struct, gc=False):
    versions: list[Text] | None = None
    state: Text = None


class _Vulnerability(msgspec.Struct, gc=False):
    id: Text = None
    severity: Text = None
    fix: _Fix | None = None


class _Artifact(msgspec.Struct, gc=False):
    name: Text = None
    version: Text = None


class _Match(msgspec.Struct, gc=False):
    vulnerability: _Vulnerability
    artifact: _Artifact | None = None


class _Payload(msgspec.Struct, gc=False):
    matches: list[_Match] | UnsetType | None = UNSET


class _Tool(msgspec.Struct, gc=False):
    name: Text = None
    version: Text = None


class _Reference(msgspec.Struct, gc=False):
    name: Text = None


class _Created(msgspec.Struct, gc=False):
    createdAt: Text = None


class _About(msgspec.Struct, gc=False):
    tool: _Tool | None = None
    report: _Created | None = None


class _Spec(msgspec.Struct, gc=False):
    controls: dict[str, _Control] | None = None
    severities: dict[str, _Counter | int] | None = None
    payload: _Payload | None = None
    metadata: _About | None = None
    vulnerabilitiesRef: dict[str, _Reference] | list[Any] | None = None
    summaryRef: list[Any] | None = None


class _Object(msgspec.Struct, gc=False):
    kind: str
    metadata: _Metadata
    spec: _Spec | None = None


def read_object(item: dict[str, Any]) -> Iterator[Row]:
    """The findings of a scan; of a summary without any, how many of which severity it counts."""
    thing = msgspec.convert(item, _Object)
    spec = thing.spec or _Spec()
    if thing.kind == "VulnerabilityManifest":
        yield from _vulnerabilities(thing, spec)
    elif spec.controls:
        yield from (_control(key, control, thing) for key, control in spec.controls.items())
    elif spec.severities:
        yield from _counts(thing, spec)


def _place(thing: _Object) -> dict[str, Any]:
    """The workload that an object is about, from its labels."""
    labels, annotations = thing.metadata.labels or {}, thing.metadata.annotations or {}
    return {
        "api_group": text(labels.get(f"{_LABEL}api-group")), "kind": text(labels.get(f"{_LABEL}kind")),
        "namespace": text(labels.get(f"{_LABEL}namespace")) or text(thing.metadata.namespace),
        "name": text(labels.get(f"{_LABEL}name")) or text(thing.metadata.name),
        "container": text(labels.get(f"{_LABEL}container-name")),
        "image": text(annotations.get(_IMAGE)), **identity(text(annotations.get(_IMAGE_ID))),
        "seen": moment(thing.metadata.creationTimestamp),
    }


def _control(key: str, control: _Control, thing: _Object) -> Any:
    word, status = status_of(control.status or Status())
    paths = [path for rule in control.rules or () for path in rule.paths or ()]
    rated = control.severity or _Severity()
    return Finding(
        rule=text(control.controlID) or key, title=text(control.name), status=status, tool_status=word,
        tool_severity=text(rated.severity) or severity(rated.scoreFactor)["tool_severity"], category="misconfiguration",
        message="; ".join(word for path in paths if (word := text(path.failedPath))) or None,
        remedy="; ".join(word for path in paths if (word := text(path.fixPath))) or None, **_place(thing))


def _vulnerabilities(thing: _Object, spec: _Spec) -> Iterator[Row]:
    """The matches of an image, or one that passes where there are none; of an empty manifest that is not known."""
    about, matches = spec.metadata or _About(), (spec.payload or _Payload()).matches
    tool = about.tool or _Tool()
    known = {**_place(thing), "category": "vulnerability", "tool_version": text(tool.version)}
    known["seen"] = moment((about.report or _Created()).createdAt) or known["seen"]
    if matches:
        yield from (_match(match, known) for match in matches)
    elif matches == [] or (matches is None and text(tool.name)):
        yield Finding(title="no vulnerability was found", status="pass", **known)
    else:
        yield Finding(title="the manifest has no list of matches", status="unknown", **known)


def _match(match: _Match, known: dict[str, Any]) -> Any:
    found, package = match.vulnerability, match.artifact or _Artifact()
    fix = found.fix or _Fix()
    return Finding(
        rule=text(found.id), title=text(found.id), status="fail", tool_status=text(fix.state),
        tool_severity=text(found.severity), package=text(package.name), installed_version=text(package.version),
        fixed_version=", ".join(word for version in fix.versions or () if (word := text(version))) or None, **known)


def _counts(thing: _Object, spec: _Spec) -> Iterator[Row]:
    """Counts by severity. Zeros pass only where the summary refers to what it sums up: an empty one has them, too."""
    counts = {word: count.all if isinstance(count, _Counter) else count
              for word, count in (spec.severities or {}).items()}
    known = {**_place(thing),
             "category": "vulnerability" if thing.kind.startswith("Vulnerability") else "misconfiguration"}
    for word, count in counts.items():
        if count:
            yield Finding(title=f"{count} findings of this severity are counted but not listed", status="fail",
                          tool_severity=word, **known)
    if not any(counts.values()):
        references = spec.vulnerabilitiesRef or spec.summaryRef
        refers = (any(text(reference.name) for reference in references.values()) if isinstance(references, dict)
                  else bool(references))
        title, status = ("nothing was found", "pass") if refers else ("the summary is empty", "unknown")
        yield Finding(title=title, status=status, **known)
