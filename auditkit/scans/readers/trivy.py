"""Trivy: reports of images, files and repositories, of clusters in three shapes, and of compliance (JSON).

Never decoded: ``Match`` and ``Code`` of secrets, ``CauseMetadata`` with the lines of a file, the history and
configuration of images, packages without findings. Source: https://trivy.dev and the structs of its reports.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Position, Reference, Row
from auditkit.scans.vocabulary import Text, benchmark, digest, image_id, moment, severity, text

NAME = "trivy"
PROVIDES = frozenset({"images", "fixed versions", "state"})

_IN_CLUSTER = ("Resources", "Findings", "Vulnerabilities", "Misconfigurations")
_LISTS = "Vulnerabilities|Misconfigurations|Secrets|Licenses|ExperimentalModifiedFindings"
_IN_ANY = "|".join(_IN_CLUSTER)
_UNUSED = "Packages|CustomResources|ModifiedFindings|MisconfSummary"
_UNUSED_METADATA = "Metadata.ImageConfig|Layers|DiffIDs|OS"

_PACKAGE_CLASSES = {"os-pkgs", "lang-pkgs"}
_IMAGE_TARGET = re.compile(r"^(?P<image>\S+) \(.+\)$")
_SUBJECT = re.compile(r"^(?:Container '(?P<container>[^']+)' of )?(?P<kind>[A-Z][A-Za-z]+) '(?P<name>[^']+)'")
_MISCONFIGURED = {"FAIL": "fail", "PASS": "pass", "EXCEPTION": "accepted"}
_VULNERABLE = {"not_affected": "pass", "under_investigation": "unknown"}
_MODIFIED = {"not_affected": "pass", "fixed": "pass", "ignored": "accepted", "affected": "fail"}
"""What is ignored is so by Trivy's own file, whose dates it obeys; the others are words of VEX."""


class _Metadata(msgspec.Struct, gc=False):
    ImageID: Text = None
    RepoTags: list[Text] | None = None
    RepoDigests: list[Text] | None = None


class _Result(msgspec.Struct, gc=False):
    Target: Text = None
    Class: Text = None
    Type: Text = None
    Results: list["_Result"] | None = None
    ID: Text = None
    Name: Text = None
    Severity: Text = None


class _Resource(msgspec.Struct, gc=False):
    Namespace: Text = None
    Kind: Text = None
    Name: Text = None
    Error: Text = None
    Metadata: _Metadata | list[_Metadata] | None = None
    Results: list[_Result] | None = None


class _Version(msgspec.Struct, gc=False):
    Version: Text = None


class _Control(msgspec.Struct, gc=False):
    ID: Text = None
    Name: Text = None
    Severity: Text = None
    Status: Text = None
    TotalFail: int | None = None


class _Report(msgspec.Struct, gc=False):
    ArtifactName: Text = None
    ArtifactType: Text = None
    CreatedAt: Text = None
    ClusterName: Text = None
    Trivy: _Version | None = None
    Metadata: _Metadata | None = None
    ID: Text = None
    Title: Text = None
    Version: Text = None
    SummaryControls: list[_Control] | None = None
    Results: list[_Result] | None = None
    Resources: list[_Resource] | None = None
    Findings: list[_Resource] | None = None
    Vulnerabilities: list[_Resource] | None = None
    Misconfigurations: list[_Resource] | None = None


class _Found(msgspec.Struct, gc=False):
    """An element of any of the lists of a result."""

    Status: Text = None
    Severity: Text = None
    Title: Text = None
    VulnerabilityID: Text = None
    PkgName: Text = None
    PkgPath: Text = None
    InstalledVersion: Text = None
    FixedVersion: Text = None
    ID: Text = None
    AVDID: Text = None
    Message: Text = None
    Resolution: Text = None
    RuleID: Text = None
    Category: Text = None
    Name: Text = None
    FilePath: Text = None
    Finding: "_Found | None" = None


def recognise(document: Document) -> bool:
    """A report by its schema and artifact, a cluster's by its resources, a compliance report by its controls."""
    head = document.head
    if isinstance(head, list):
        return bool(head) and isinstance(head[0], dict) and "Target" in head[0] and bool(
            head[0].keys() & {"Vulnerabilities", "Misconfigurations", "Type", "Secrets"})
    if not isinstance(head, dict) or "apiVersion" in head:
        return False
    if "ClusterName" in head:
        return "SchemaVersion" in head or any(isinstance(head.get(key), list) for key in _IN_CLUSTER)
    if "ID" in head and "Title" in head:
        return "SummaryControls" in head or "RelatedResources" in head or _has_controls(head.get("Results"))
    return ("Results" in head and bool({"SchemaVersion", "ArtifactName"} & head.keys())) or (
        {"SchemaVersion", "ArtifactType"} <= head.keys())


def _has_controls(results: Any) -> bool:
    return isinstance(results, list) and bool(results) and isinstance(results[0], dict) and "Name" in results[0]


def read(document: Document) -> Iterator[Row]:
    """A finding for each vulnerability, misconfiguration, secret and licence; one that passes for what has none."""
    head = document.head
    if isinstance(head, list):
        yield from _Legacy(document).rows()
    elif "ClusterName" in head:
        yield from _Cluster(document).rows()
    elif "ID" not in head or "ArtifactName" in head:
        yield from _Artifact(document).rows()
    else:
        yield from _Compliance(document).rows()


class _Reading:
    """One report: its frame in memory, and the lists of its results streamed past it."""

    path = ""

    def __init__(self, document: Document):
        self._document = document
        outline = document.outline(f"{self.path}.{_LISTS}[]", f"{self.path}.{_UNUSED}", _UNUSED_METADATA,
                                   f"{_IN_ANY}[].{_UNUSED_METADATA}",
                                   f"{_IN_ANY}[].{_UNUSED_METADATA.replace('.', '[].')}")
        self.report = msgspec.convert({"Results": outline} if isinstance(outline, list) else outline, _Report)
        self.results = self.report.Results or []
        self._vulnerable: set[Position] = set()

    def rows(self) -> Iterator[Row]:
        report = self.report
        yield About(tool_version=text((report.Trivy or _Version()).Version), time=moment(report.CreatedAt),
                    cluster=text(report.ClusterName))
        for position, found in self._document.each(f"{self.path}.{_LISTS}[]", _Found):
            at, kind = position[:-2], position[-2]
            if kind == "Vulnerabilities":
                self._vulnerable.add(self.owner(at))
            yield _KINDS[str(kind)](found, self.place(at))
            yield from self.references(at, found)
        yield from self.without()

    def owner(self, at: Position) -> Position:
        """Which artifact or resource a result is of."""
        return ()

    def place(self, at: Position) -> dict[str, Any]:
        """Where the findings of a result lie."""
        raise NotImplementedError

    def references(self, at: Position, found: _Found) -> Iterator[Row]:
        yield from ()

    def without(self) -> Iterator[Row]:
        """Findings that pass, for what was scanned and has none."""
        yield from ()


class _Artifact(_Reading):
    """An image, a file system or a repository."""

    path = "Results[]"

    def place(self, at: Position) -> dict[str, Any]:
        report = self.report
        if report.ArtifactType not in (None, "container_image"):
            return {"name": text(self.results[int(at[0])].Target)}
        image = text(report.ArtifactName) or _first((report.Metadata or _Metadata()).RepoTags)
        return {"image": image, **_identity(report.Metadata, image)}

    def without(self) -> Iterator[Row]:
        if self.report.ArtifactType in (None, "container_image") and not self._vulnerable:
            if not self.results:
                yield Finding(title="it has no findings and does not state what was scanned", status="unknown",
                              category="vulnerability", **self.place(()))
            elif any(result.Class in _PACKAGE_CLASSES for result in self.results):
                yield _clean(self.place(()))


class _Legacy(_Reading):
    """A list of results, as Trivy wrote before its schema had a version."""

    path = "[]"

    def place(self, at: Position) -> dict[str, Any]:
        target = text(self.results[int(at[0])].Target) or ""
        image = _IMAGE_TARGET.match(target)
        return {"image": image["image"]} if image else {"name": target}

    def owner(self, at: Position) -> Position:
        return at

    def without(self) -> Iterator[Row]:
        for at in range(len(self.results)):
            if (at,) not in self._vulnerable:
                yield _clean(self.place((at,)))


class _Cluster(_Reading):
    """The resources of a cluster, in a list, or apart for vulnerabilities and misconfigurations."""

    path = f"{_IN_ANY}[].Results[]"

    def owner(self, at: Position) -> Position:
        return at[:2]

    def place(self, at: Position) -> dict[str, Any]:
        resource = getattr(self.report, str(at[0]))[int(at[1])]
        known = _Cluster._object(resource)
        metadata = resource.Metadata if isinstance(resource.Metadata, list) else [resource.Metadata or _Metadata()]
        result = (resource.Results or [])[int(at[2])]
        image = _IMAGE_TARGET.match(text(result.Target) or "") if result.Class == "os-pkgs" else None
        if image:
            known["image"] = image["image"]
            metadata = [one for one in metadata if image["image"] in (one.RepoTags or ())] or metadata
        if len(metadata) == 1 and result.Class != "config":
            known["image"] = known.get("image") or _first(metadata[0].RepoTags)
            known |= _identity(metadata[0], known["image"])
        return known

    @staticmethod
    def _object(resource: _Resource) -> dict[str, Any]:
        kind, name = text(resource.Kind), text(resource.Name)
        if kind in ("NodeInfo", "Node"):
            return {"kind": "Node", "name": name, "node": name}
        return {"kind": kind, "namespace": text(resource.Namespace), "name": name}

    def without(self) -> Iterator[Row]:
        for key in _IN_CLUSTER:
            for at, resource in enumerate(getattr(self.report, key) or ()):
                if text(resource.Error):
                    yield Finding(title="the scan of it failed", status="error", **self._object(resource))
                    yield Gap("the scan of a resource failed", 1)
                elif (key, at) not in self._vulnerable:
                    looked_at = [number for number, result in enumerate(resource.Results or ())
                                 if result.Class in _PACKAGE_CLASSES]
                    yield from (_clean(self.place((key, at, number))) for number in looked_at[:1])


class _Compliance(_Reading):
    """Controls, each with the results of its checks; or a summary, with how many failed."""

    path = "Results[].Results[]"

    def place(self, at: Position) -> dict[str, Any]:
        control = self.results[int(at[0])]
        target = text((control.Results or [])[int(at[1])].Target)
        kind, slash, name = (target or "").rpartition("/")
        known = {"kind": kind.rpartition("/")[2], "name": name} if slash else {"name": target}
        return {"tool_severity": text(control.Severity), **known}

    def references(self, at: Position, found: _Found) -> Iterator[Row]:
        rule = text(found.ID) or text(found.AVDID) or text(found.VulnerabilityID)
        yield Reference(rule=rule, framework=self._framework, reference=text(self.results[int(at[0])].ID))

    @property
    def _framework(self) -> str | None:
        return text(self.report.ID) or text(self.report.Title)

    def without(self) -> Iterator[Row]:
        for control in self.report.SummaryControls or ():
            yield self._control(control, control_status(text(control.Status), control.TotalFail))
        for result in self.results:
            if not result.Results:
                yield self._control(_Control(result.ID, result.Name, result.Severity), "manual")

    def _control(self, control: _Control, status: str) -> Any:
        rule = text(control.ID)
        return Finding(rule=rule, rule_id=f"{benchmark(self._framework)}/{rule}", title=text(control.Name),
                       status=status, tool_status=text(control.Status), tool_severity=text(control.Severity),
                       category="compliance",
                       message=None if control.TotalFail is None else f"{control.TotalFail} checks failed")


def control_status(word: str | None, failed: int | None) -> str:
    """The status of a control in a summary; one without a count has no check, so people must look."""
    if word:
        return {"FAIL": "fail", "PASS": "pass", "WARN": "warn"}.get(word.upper(), "manual")
    return "manual" if failed is None else "fail" if failed else "pass"


# --- findings ------------------------------------------------------------------------------------------------------


def _vulnerability(found: _Found, place: dict[str, Any]) -> Any:
    word = text(found.Status)
    return Finding(**{
        "rule": text(found.VulnerabilityID), "title": text(found.Title), "status": _VULNERABLE.get(word or "", "fail"),
        "tool_status": word, "package": text(found.PkgName), "installed_version": text(found.InstalledVersion),
        "fixed_version": text(found.FixedVersion), "category": "vulnerability", **place,
        "tool_severity": text(found.Severity) or place.get("tool_severity")})


def _misconfiguration(found: _Found, place: dict[str, Any]) -> Any:
    word, rule = text(found.Status), text(found.ID) or text(found.AVDID)
    message = text(found.Message)
    if "kind" not in place:
        place = {**place, **subject_of(message)}
    return Finding(**{
        "rule": rule, "title": text(found.Title), "status": _MISCONFIGURED.get(word or "", "unknown"),
        "tool_status": word, "message": message, "remedy": text(found.Resolution), "category": "misconfiguration",
        "container": subject_of(message).get("container"), **place,
        "tool_severity": text(found.Severity) or place.get("tool_severity")})


def _secret(found: _Found, place: dict[str, Any]) -> Any:
    return Finding(**{"rule": text(found.RuleID), "title": text(found.Title), "status": "fail", "category": "secret",
                      **place, "tool_severity": text(found.Severity)})


def _licence(found: _Found, place: dict[str, Any]) -> Any:
    """A licence that was found: Trivy rates what it obliges to, from forbidden to permissive, and judges no further."""
    status = {"high": "fail", "critical": "fail", "low": "pass"}.get(severity(text(found.Severity)), "warn")
    return Finding(**{"rule": text(found.Name), "title": text(found.Category), "status": status,
                      "package": text(found.PkgName) or text(found.FilePath), "category": "license",
                      **place, "tool_severity": text(found.Severity)})


def _modified(found: _Found, place: dict[str, Any]) -> Any:
    """A finding that was set aside: ignored by a policy, or by a statement that it does not apply."""
    inside, word = found.Finding or _Found(), text(found.Status)
    finding = (_vulnerability if inside.VulnerabilityID else _secret if inside.RuleID else
               _licence if inside.Name else _misconfiguration)(inside, place)
    finding.status, finding.tool_status = _MODIFIED.get(word or "", "unknown"), word
    return finding


_KINDS = {"Vulnerabilities": _vulnerability, "Misconfigurations": _misconfiguration, "Secrets": _secret,
          "Licenses": _licence, "ExperimentalModifiedFindings": _modified}


def _clean(place: dict[str, Any]) -> Any:
    return Finding(title="no vulnerability was found", status="pass", category="vulnerability", **place)


def subject_of(message: str | None) -> dict[str, str]:
    """The container, kind and name in "Container 'x' of Deployment 'y' should ..."."""
    found = _SUBJECT.match(message or "")
    return {key: value for key, value in found.groupdict().items() if value} if found else {}


def _identity(metadata: _Metadata | None, image: str | None) -> dict[str, str | None]:
    """Digest and ID of an image. Of several repositories that it was pulled from, the digest in the one that is named
    counts: the same image can have another manifest elsewhere."""
    known = metadata or _Metadata()
    digests = [word for one in known.RepoDigests or () if (word := text(one))]
    name = _repository(image)
    named = [word for word in digests if name and _repository(word) == name]
    return {"image_digest": digest((named or digests)[0]) if named or len(digests) == 1 else None,
            "image_id": image_id(text(known.ImageID))}


def _repository(reference: str | None) -> str:
    """The repository of a reference, as Docker completes it."""
    name = (reference or "").partition("@")[0]
    name = name[:name.rindex(":")] if ":" in name.rpartition("/")[2] else name
    return re.sub(r"^(?:index\.)?docker\.io/|^library/", "", re.sub(r"^(?:index\.)?docker\.io/library/", "", name))


def _first(values: list[Text] | None) -> str | None:
    return text(values[0]) if values else None
