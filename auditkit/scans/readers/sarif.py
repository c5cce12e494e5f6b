"""SARIF of any tool: a finding for each result, named after the tool of its run.

Messages and snippets can hold what was matched, a secret for instance, and are not kept; of vulnerabilities the
package and its versions are. A failure without a level has the one that the invocation sets for its rule, else that
of its rule, else ``warning``; what is no failure has the level ``none``.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html (3.20.5, 3.27, 3.35, 3.49 to 3.52)
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Row
from auditkit.scans.vocabulary import digest, image_id, latest, moment, text, until
from auditkit.scans.words import image_of

NAME = "sarif"
PROVIDES = frozenset({"images", "state"})

_STATUS = {"pass": "pass", "open": "unknown", "review": "manual", "notapplicable": "skip", "informational": "skip"}
_SCORES = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.0, "low"))
_BEST = 10.0
_RANKS: dict[Any, int] = {"none": 0, "note": 1, "warning": 2, "error": 3}
_LARGE = ("artifacts", "graphs", "threadFlowLocations", "logicalLocations", "webRequests", "webResponses")
_TOOLS = {"sysdig-cli-scanner": "sysdig"}
# The lines in which scanners of vulnerabilities write what they found.
_PACKAGE = re.compile(r"^\s*Package:\s*(\S+)", re.MULTILINE)
_INSTALLED = re.compile(r"^\s*Installed Version:\s*(\S+)", re.MULTILINE)
_FIXED = re.compile(r"^\s*Fixed Version:\s*(\S+)", re.MULTILINE)
_CVE = re.compile(r"\bCVE-\d{4}-\d{4,}\b")


class _Text(msgspec.Struct):
    text: str | None = None


class _Configuration(msgspec.Struct):
    level: str | None = None


class _Rule(msgspec.Struct, rename="camel"):
    id: str | None = None
    guid: str | None = None
    name: str | None = None
    short_description: _Text | None = None
    default_configuration: _Configuration | None = None
    properties: dict[str, Any] | None = None


class _Component(msgspec.Struct, rename="camel"):
    guid: str | None = None
    name: str | None = None
    version: str | None = None
    semantic_version: str | None = None
    rules: list[Any] | None = None


class _Tool(msgspec.Struct):
    driver: _Component
    extensions: list[_Component] | None = None


class _ToolIndex(msgspec.Struct):
    index: int = -1
    guid: str | None = None
    name: str | None = None


class _RuleReference(msgspec.Struct, rename="camel"):
    id: str | None = None
    index: int | None = None
    guid: str | None = None
    tool_component: _ToolIndex | None = None


class _Override(msgspec.Struct):
    descriptor: _RuleReference
    configuration: _Configuration | None = None


class _Invocation(msgspec.Struct, rename="camel"):
    rule_configuration_overrides: list[Any] | None = None
    execution_successful: bool | None = None
    end_time_utc: str | None = None
    start_time_utc: str | None = None


class _Run(msgspec.Struct, rename="camel"):
    tool: _Tool
    invocations: list[_Invocation] | None = None
    properties: dict[str, Any] | None = None
    results: Any = msgspec.UNSET


class _Artifact(msgspec.Struct):
    uri: str | None = None


class _Region(msgspec.Struct, rename="camel"):
    start_line: int | None = None


class _Physical(msgspec.Struct, rename="camel"):
    artifact_location: _Artifact | None = None
    region: _Region | None = None


class _Location(msgspec.Struct, rename="camel"):
    physical_location: _Physical | None = None


class _Suppression(msgspec.Struct):
    status: str | None = None
    state: str | None = None  # a draft's name, which Microsoft's sarif-om 1.0.4 still writes
    properties: dict[str, Any] | None = None


class _Provenance(msgspec.Struct, rename="camel"):
    invocation_index: int = -1


class _Result(msgspec.Struct, rename="camel"):
    rule_id: str | None = None
    rule_index: int | None = None
    rule: _RuleReference | None = None
    kind: str | None = None
    level: str | None = None
    message: _Text | None = None
    locations: list[_Location] | None = None
    suppressions: list[_Suppression] | None = None
    baseline_state: str | None = None
    provenance: _Provenance | None = None
    properties: dict[str, Any] | None = None


def recognise(document: Document) -> bool:
    """A version or schema of SARIF, beside ``runs``."""
    head = document.head
    return document.form == "json" and isinstance(head, dict) and "runs" in head and (
        "sarif" in str(head.get("$schema", "")).lower() or str(head.get("version", "")).startswith("2."))


def read(document: Document) -> Iterator[Row]:
    """The findings of every run, and what runs say of their completeness."""
    runs: dict[int, _Known] = {}
    outline = document.outline("runs[].results[]", *(f"runs[].{name}" for name in _LARGE))
    listed = outline.get("runs") if isinstance(outline, dict) else None
    for at, value in enumerate(listed if isinstance(listed, list) else []):
        try:
            runs[at] = _Known(msgspec.convert(value, _Run))
        except msgspec.ValidationError:
            yield Gap("a run could not be read")
            continue
        yield from runs[at].about()
    if not listed:
        yield Gap("it has no run, so nothing was scanned")
    for position, result in document.each("runs[].results[]", _Result):
        if position[0] in runs:
            yield runs[position[0]].finding(result)


class _Known:
    """A run and its rules."""

    def __init__(self, run: _Run):
        self.run = run
        driver = run.tool.driver
        self.tool = _TOOLS.get(name := (driver.name or "unknown").strip().lower(), name)
        self.version = driver.semantic_version or driver.version
        self.components = [[_rule_of(rule) for rule in component.rules or []]
                           for component in (driver, *(run.tool.extensions or []))]
        self.by_id = {rule.id: rule for rules in reversed(self.components) for rule in rules if rule.id}
        self.guids = [component.guid for component in (driver, *(run.tool.extensions or []))]
        self.by_guid = {rule.guid: rule for rules in self.components for rule in rules if rule.guid}
        self.levels = [self._overridden(call) for call in run.invocations or []]
        self.image = _image(run.properties or {})

    def about(self) -> Iterator[Row]:
        """The version and time of the run, and whether it got to its end."""
        calls = self.run.invocations or []
        yield About(tool_version=self.version, time=next(
            (time for call in calls if (time := moment(call.end_time_utc) or moment(call.start_time_utc))), None))
        if any(call.execution_successful is False for call in calls):
            yield Gap(f"{self.tool} reports that its run did not complete")
        if self.run.results is None or self.run.results is msgspec.UNSET:
            yield Gap(f"the run of {self.tool} has no results, which means that the scan was not performed")

    def finding(self, result: _Result) -> Row:
        """A result with what its rule says."""
        rule = self._rule(result)
        failed = (result.kind or "fail").lower() == "fail"
        score = _score(rule.properties) or _score(result.properties) if failed else None
        level = self._level(result, rule) if failed else "none"
        said = result.message.text if result.message and result.message.text else ""
        package, installed, fixed = (found[1] if (found := pattern.search(said)) else None
                                     for pattern in (_PACKAGE, _INSTALLED, _FIXED))
        name = result.rule_id or (result.rule and result.rule.id) or rule.id
        status, until = _status(result)
        cve = _CVE.search(said) if package and not _CVE.search(name or "") else None
        return Finding(
            tool=self.tool, tool_version=self.version, rule=cve[0] if cve else name,
            title=(rule.short_description and rule.short_description.text) or rule.name,
            status=status, accepted_until=until, tool_status=result.kind or "fail",
            tool_severity=score[1] if score else level, severity=score[0] if score else _of_level(level),
            category="vulnerability" if package else None, package=package, installed_version=installed,
            fixed_version=fixed, message=_place(result.locations), **self.image,
        )

    def _level(self, result: _Result, rule: _Rule) -> str:
        """The level of a failure (3.27.10). Where it is not said by which of several invocations it was found, and they
        set other levels, the highest of them."""
        at = result.provenance.invocation_index if result.provenance else -1
        calls = [self.levels[at]] if 0 <= at < len(self.levels) else self.levels
        levels = {calls_for[id(rule)] for calls_for in calls if id(rule) in calls_for}
        default = (rule.default_configuration and rule.default_configuration.level) or "warning"
        return result.level or max(levels, key=lambda level: _RANKS[level], default=default)

    def _overridden(self, call: _Invocation) -> dict[int, str]:
        """The levels that an invocation sets, by the rule; a malformed one sets none."""
        levels: dict[int, str] = {}
        for value in call.rule_configuration_overrides or []:
            try:
                override = msgspec.convert(value, _Override)
            except msgspec.ValidationError:
                continue
            level = override.configuration and override.configuration.level
            rule = self._meant(override.descriptor, None)
            if rule is not None and level and level in _RANKS:
                levels[id(rule)] = level
        return levels

    def _rule(self, result: _Result) -> _Rule:
        """The rule of a result; one of which nothing is known where there is none."""
        reference = result.rule or _RuleReference()
        if result.rule_index is not None:
            reference = msgspec.structs.replace(reference, index=result.rule_index)
        return self._meant(reference, result.rule_id) or _Rule()

    def _meant(self, reference: _RuleReference, name: str | None) -> _Rule | None:
        """By its place, which may be in an extension of the tool, by its GUID, or by its identifier (3.52)."""
        index, part = reference.index, reference.tool_component or _ToolIndex()
        component = part.index + 1
        if part.guid in self.guids and part.guid is not None:
            component = self.guids.index(part.guid)
        if index is not None and 0 <= component < len(self.components) and 0 <= index < len(self.components[component]):
            rule = self.components[component][index]
            if name is None or rule.id is None or name.startswith(rule.id):
                return rule
        if reference.guid in self.by_guid and reference.guid is not None:
            return self.by_guid[reference.guid]
        name = name or reference.id or ""
        return self.by_id.get(name) or self.by_id.get(name.rpartition("/")[0])


def _rule_of(value: Any) -> _Rule:
    """A rule; one that is malformed is a rule of which nothing is known."""
    try:
        return msgspec.convert(value, _Rule)
    except msgspec.ValidationError:
        return _Rule()


def _status(result: _Result) -> tuple[str, Any]:
    """A result that is suppressed was accepted, unless that was refused or not decided yet (3.35.4); and until when.

    The format has no end of a suppression; Microsoft's tools write it among the properties.
    """
    status = _STATUS.get((result.kind or "fail").lower(), "fail")
    if result.baseline_state == "absent":
        return "skip", None
    suppressions = result.suppressions or []
    said = [one.status or one.state or "accepted" for one in suppressions]
    suppressed = set(said) == {"accepted"}
    if status != "fail" or not suppressed:
        return status, None
    ends = [until((one.properties or {}).get("expiryUtc")) for one in suppressions]
    return "accepted", latest(ends)


def _of_level(level: str) -> str | None:
    """``none`` says that a level makes no sense for this result."""
    return "unknown" if level == "none" else None


def _score(properties: dict[str, Any] | None) -> tuple[str, str] | None:
    """The severity for a score from 0 to 10, which code hosts read from ``security-severity``."""
    word = text((properties or {}).get("security-severity"))
    try:
        score = float(word or "")
    except ValueError:
        return None
    if not 0 <= score <= _BEST:
        return None
    return ("info" if score == 0 else next(severity for least, severity in _SCORES if score >= least)), word or ""


def _place(locations: list[_Location] | None) -> str | None:
    """File and line, without anything that a URI may ask."""
    physical = locations[0].physical_location if locations else None
    uri = physical.artifact_location.uri if physical and physical.artifact_location else None
    if not uri:
        return None
    line = physical.region.start_line if physical and physical.region else None
    path = uri.partition("?")[0]
    return f"{path}:{line}" if line is not None else path


def _image(properties: dict[str, Any]) -> dict[str, str | None]:
    """The image that was scanned, where the run says so: Sysdig, Trivy."""
    digests = properties.get("repoDigests")
    name = text(properties.get("pullString")) or text(properties.get("imageName"))
    first = text(digests[0]) if isinstance(digests, list) and digests else None
    return {"image": image_of(name, None), "image_digest": digest(text(properties.get("digest"))) or digest(first),
            "image_id": image_id(text(properties.get("imageID")) or text(properties.get("imageId")))}
