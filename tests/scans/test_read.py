"""Scans to tables and ledger: provenance, what is lost, and that no file costs another."""

import copy
import gzip
import hashlib
import io
import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scan_worlds import everything, read, records, written

from auditkit import tables
from auditkit.errors import UsageError
from auditkit.scans import output, registry
from auditkit.scans import read as reading
from auditkit.scans.model import About, Event, Finding, Gap, Reference
from auditkit.scans.read import read_objects, read_scans
from auditkit.scans.registry import all_readers
from auditkit.tables.findings import EVENTS, FINDINGS, REFERENCES

TRIVY = {
    "SchemaVersion": 2,
    "ArtifactName": "shop/web:1",
    "ArtifactType": "container_image",
    "CreatedAt": "2026-11-01T10:00:00Z",
    "Trivy": {"Version": "0.60.0"},
    "Metadata": {"RepoDigests": ["shop/web@sha256:aa"]},
    "Results": [
        {
            "Target": "shop/web:1 (debian 12)",
            "Class": "os-pkgs",
            "Vulnerabilities": [
                {"VulnerabilityID": "CVE-2026-1", "PkgName": "zlib", "InstalledVersion": "1", "Severity": "HIGH"}
            ],
        }
    ],
}
CONSTRAINT = {
    "apiVersion": "constraints.gatekeeper.sh/v1beta1",
    "kind": "K8sNoLatest",
    "metadata": {"name": "no-latest"},
    "status": {"auditTimestamp": "2026-11-01T10:00:00Z", "totalViolations": 0},
}
POLARIS = {"PolarisOutputVersion": "1.0", "AuditTime": "2026-11-01T10:00:00Z", "SourceType": "Cluster", "Results": []}


# --- the contract --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("struct", "table"), [(Finding, FINDINGS), (Event, EVENTS), (Reference, REFERENCES)])
def test_a_row_has_exactly_the_columns_of_its_table(struct: Any, table: tables.Table) -> None:
    assert struct.__struct_fields__ == tuple(column.name for column in table.columns)
    assert tables.TABLES[table.name] is table


def test_readers_keep_the_contract() -> None:
    names = [reader.NAME for reader in all_readers()]
    assert len(names) == len(set(names)) >= 22
    groups = [group for reader in all_readers() for group in getattr(reader, "GROUPS", ())]
    assert len(groups) == len(set(groups))
    assert all(hasattr(reader, "read_object") for reader in all_readers() if hasattr(reader, "GROUPS"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


class Fake:
    """A document with this beginning."""

    def __init__(self, head: Any, form: str):
        self.name, self.head, self.form = "x", head, form

    def values(self, type: Any = Any) -> Any:
        yield from [self.head]


KEYS = [
    "apiVersion",
    "kind",
    "Results",
    "results",
    "Controls",
    "tests",
    "vulnerabilities",
    "nodes",
    "services",
    "items",
    "ClusterName",
    "SchemaVersion",
    "ID",
    "Title",
    "summaryDetails",
    "frameworks",
    "controlReports",
    "resources",
    "image",
    "cves",
    "result",
    "count",
    "page",
    "runs",
    "popeye",
    "metadata",
    "data",
    "Checks",
    "Reports",
    "Target",
]
KNOWN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["v1", "List", "FAIL"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
)


@given(
    st.tuples(JSON | KNOWN, st.sampled_from(["json", "lines", "yaml"]))
    | st.tuples(st.dictionaries(st.sampled_from(KEYS), st.text(max_size=5)), st.just("csv"))
)
@settings(max_examples=500, deadline=None)
def test_recognising_raises_for_nothing(beginning: tuple[Any, str]) -> None:
    for reader in all_readers():
        assert reader.recognise(Fake(*beginning)) in (True, False)


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reports_with_anything_in_place_of_anything(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A report in which one value was replaced is read, or it is said what is wrong; the file after it is read."""
    report = copy.deepcopy(data.draw(st.sampled_from([TRIVY, CONSTRAINT, POLARIS])))
    place, key = report, data.draw(st.sampled_from(sorted(report)))
    while isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place))))
    place[key] = data.draw(JSON)
    folder = tmp_path_factory.mktemp("scans")
    written(folder, "a.json", report)
    written(folder, "b.json", TRIVY)
    frames, entries = read(folder)
    assert {entry.path for entry in entries} == {"a.json", "b.json"}
    assert entries[1].outcome == "complete"
    assert len(frames["findings"].query("scan == 'trivy:b.json'")) == 1


# --- provenance ----------------------------------------------------------------------------------------------------


def test_a_scan_has_a_row_and_an_entry(tmp_path: Path) -> None:
    path = written(tmp_path, "report.json", TRIVY)
    frames, (entry,) = read(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (scan,) = records(frames["scans"])
    assert abs(scan.pop("file_time").timestamp() - path.stat().st_mtime) < 1
    assert scan == {
        "scan": "trivy:report.json",
        "tool": "trivy",
        "tool_version": "0.60.0",
        "file": "report.json",
        "sha256": digest,
        "bytes": path.stat().st_size,
        "time": pd.Timestamp("2026-11-01T10:00:00Z"),
        "cluster": None,
        "items": 1,
        "findings": 1,
        "events": 0,
        "truncated": False,
        "missing": None,
        "reason": None,
    }
    assert (entry.resource, entry.outcome, entry.items, entry.reason) == ("scan:trivy:report.json", "complete", 1, "")
    assert [(body.path, body.sha256, body.bytes) for body in entry.bodies] == [("report.json", digest, scan["bytes"])]
    (finding,) = records(frames["findings"])
    assert (finding["tool"], finding["tool_version"], finding["scan"]) == ("trivy", "0.60.0", "trivy:report.json")
    assert finding["seen"] == scan["time"] and finding["severity"] == "high" and finding["rule_id"] == "CVE-2026-1"


def test_the_digest_is_that_of_the_file_as_it_lies_there(tmp_path: Path) -> None:
    content = gzip.compress(json.dumps(TRIVY).encode())
    frames, (entry,) = read(written(tmp_path, "report.json.gz", content))
    assert entry.bodies[0].sha256 == frames["scans"]["sha256"][0] == hashlib.sha256(content).hexdigest()


def test_a_file_that_changes_under_way_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a.json", TRIVY)
    trivy = next(reader for reader in all_readers() if reader.NAME == "trivy")

    def meddling(document: Any) -> Any:
        path.write_text(json.dumps(TRIVY) + "   ")
        yield Finding(rule="x")

    monkeypatch.setattr(trivy, "read", meddling)
    _, (entry,) = read(path)
    assert entry.outcome == "partial" and "changed while it was read" in entry.reason


def test_files_of_one_name_are_two_scans(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        written(tmp_path / folder, "report.json", {**TRIVY, "ArtifactName": f"shop/{folder}:1"})
    frames, entries = read(tmp_path / "a" / "report.json", tmp_path / "b" / "report.json")
    assert len({entry.resource for entry in entries}) == frames["scans"]["scan"].nunique() == 2


def test_the_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", type("", (), {"buffer": io.BytesIO(json.dumps(TRIVY).encode())}))
    frames, (entry,) = read("-")
    assert entry.resource == "scan:trivy:-" and len(frames["findings"]) == 1


# --- which tool ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("null", "does not show whether"),
        ("{}", "does not show whether"),
        ("[]", "does not show whether"),
        ('{"hello": "world"}', "not output of any tool"),
        ('{"apiVersion": "v1", "kind": "Pod"}', "(Pod)"),
        ('{"apiVersion": "v1", "kind": "List", "items": []}', "of no kind"),
        ("[[[[]]]]", "not output of any tool"),
        ("<svg onload=alert(1)>", "neither JSON"),
        ("{" * 100_000, "neither JSON"),
        ('{"a": ' * 1000 + "1" + "}" * 1000, "nested"),
    ],
)
def test_what_is_no_scan_is_an_entry_and_the_others_are_read(content: str, reason: str, tmp_path: Path) -> None:
    written(tmp_path, "a.json", TRIVY)
    written(tmp_path, "b.json", content)
    written(tmp_path, "c.json", POLARIS)
    frames, entries = read(tmp_path)
    assert [entry.outcome for entry in entries] == ["complete", "failed", "complete"]
    assert entries[1].resource == "scan:unknown:b.json" and reason in entries[1].reason
    assert list(frames["scans"]["tool"]) == ["trivy", "polaris"]


def test_a_tool_that_is_named_must_be_the_right_one(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", TRIVY)
    assert read(f"trivy={path}")[1][0].outcome == "complete"
    (entry,) = read(f"polaris={path}")[1]
    assert entry.outcome == "failed" and entry.reason == "it is not output of polaris"


def test_what_two_tools_write_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("other")
    other.NAME = "other"  # type: ignore[attr-defined]
    other.recognise = lambda document: True  # type: ignore[attr-defined]
    other.read = lambda document: iter([Finding(rule="it")])  # type: ignore[attr-defined]
    monkeypatch.setattr(reading, "all_readers", lambda: (*all_readers(), other))
    path = written(tmp_path, "a.json", TRIVY)
    (entry,) = read(path)[1]
    assert entry.outcome == "failed" and "name the tool, for example trivy=FILE" in entry.reason
    assert read(f"other={path}")[1][0].resource == "scan:other:a.json"


@pytest.mark.parametrize("path", ["missing.json", "trivy=missing.json", "nobody=a.json"])
def test_a_path_that_does_not_exist_is_said_before_anything_is_read(path: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no scan"):
        read_scans([written(tmp_path, "a.json", TRIVY), path])


def test_a_reader_that_fails_costs_its_file_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trivy = next(reader for reader in all_readers() if reader.NAME == "trivy")

    def failing(document: Any) -> Any:
        yield Finding(rule="before")
        raise KeyError("hunter2")

    monkeypatch.setattr(trivy, "read", failing)
    written(tmp_path, "a.json", TRIVY)
    written(tmp_path, "b.json", POLARIS)
    frames, entries = read(tmp_path)
    assert list(frames["findings"]["rule"]) == ["before"]
    assert entries[0].outcome == "partial" and "KeyError" in entries[0].reason and "hunter2" not in entries[0].reason
    assert entries[1].outcome == "complete"


def test_readers_of_other_packages_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("other")
    other.NAME = "other"  # type: ignore[attr-defined]
    other.recognise = lambda document: document.head == {"other": 1}  # type: ignore[attr-defined]
    other.read = lambda document: iter([Finding(rule="it", tool_severity="high")])  # type: ignore[attr-defined]
    entry_point = SimpleNamespace(name="other", load=lambda: other)
    monkeypatch.setattr(registry, "entry_points", lambda group: [entry_point] if group == "auditkit.scans" else [])
    monkeypatch.setattr(reading, "all_readers", registry.all_readers.__wrapped__)
    frames, (entry,) = read(written(tmp_path, "a.json", {"other": 1}))
    assert (entry.resource, entry.outcome) == ("scan:other:a.json", "complete")
    assert records(frames["findings"])[0]["severity"] == "high"


# --- rows ----------------------------------------------------------------------------------------------------------


def filled(*found: Any) -> tuple[dict[str, pa.Table], output.Scan]:
    filling, scan = output.Tables(), output.Scan(scan="t:f", tool="t", file="f")
    for row in found:
        filling.add(scan, row)
    filling.end(scan)
    return filling.arrow(), scan


def test_what_the_scan_says_of_itself_fills_its_rows() -> None:
    time = pd.Timestamp("2026-01-01", tz="UTC").to_pydatetime()
    found, _ = filled(
        About(tool_version="1", time=time, cluster="c"),
        Finding(rule="r"),
        Event(rule="e"),
        Finding(rule="r", tool="other", cluster="d", seen=None),
        Reference(rule="r", framework="f"),
    )
    findings = found["findings"].to_pylist()
    assert [(row["tool"], row["cluster"], row["seen"]) for row in findings] == [("t", "c", time), ("other", "d", time)]
    assert findings[0]["status"] == "unknown" and findings[0]["severity"] == "unknown"
    assert found["events"]["cluster"].to_pylist() == ["c"] and found["finding_references"]["tool"].to_pylist() == ["t"]


def test_gaps_add_up() -> None:
    found, scan = filled(*[Gap("pages", 3), Gap("pages", 4), Gap("cut")], *[Gap(f"more {at}") for at in range(9)])
    assert scan.missing == 7 and scan.reason == "pages; cut; more 0; more 1; more 2; and 6 more"
    assert found["scans"].to_pylist()[0]["truncated"] is True


def test_values_of_another_type_become_text_or_missing() -> None:
    found, _ = filled(
        Finding(rule="a", name=5, message=True, seen="2026-01-01T00:00:00Z", title=["x"]),
        Finding(rule="\ud800", message="x" * 10_000, seen="never"),
        Event(rule="e", code=1 << 80),
        Event(rule="e", code="200"),
        Event(rule="e", code=200),
    )
    first, second = found["findings"].to_pylist()
    assert (first["name"], first["message"], first["title"]) == ("5", None, None) and first["seen"].year == 2026
    assert second["rule"] == "?" and len(second["message"]) == output.MAX_TEXT and second["seen"] is None
    assert found["events"]["code"].to_pylist() == [None, None, 200]


def test_many_rows_lie_in_a_file_meanwhile_and_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [Finding(rule=f"rule {at}", message="x" * 100) for at in range(5000)]
    expected = filled(*many)[0]["findings"]
    monkeypatch.setattr(output, "BATCH", 100)
    monkeypatch.setattr(output, "IN_MEMORY", 50_000)
    spilled = filled(*many)[0]["findings"]
    assert spilled.equals(expected.cast(spilled.schema))
    assert len(spilled.column("rule").chunks) == 50


def test_a_full_disk_is_no_mistake_of_a_scan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output, "IN_MEMORY", 0)
    monkeypatch.setattr(output.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(output.tempfile, "TemporaryFile", lambda: open("/dev/full", "w+b"))  # noqa: SIM115
    written(tmp_path, "report.json", TRIVY)
    with pytest.raises(UsageError, match=f"^{tmp_path} cannot be written: the disk is full. Free some space.$"):
        read(tmp_path / "report.json")


def test_hostile_text_is_kept_as_text(tmp_path: Path) -> None:
    evil = "=cmd|' /C calc'!A0 <script>alert(1)</script> \x1b[31m \u202e \x00 {{7*7}}"
    report = copy.deepcopy(TRIVY)
    report["Results"][0]["Vulnerabilities"][0].update(Title=evil, PkgName=evil, VulnerabilityID=evil)
    frames, _ = read(written(tmp_path, "a.json", report))
    (finding,) = records(frames["findings"])
    assert finding["title"] == finding["package"] == finding["rule"] == evil
    assert pa.Table.from_pandas(frames["findings"]).num_rows == 1


# --- objects -------------------------------------------------------------------------------------------------------


def test_objects_are_read_wherever_they_stand(tmp_path: Path) -> None:
    other = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    untyped = {key: value for key, value in CONSTRAINT.items() if key not in ("apiVersion", "kind")}
    shapes: dict[str, Any] = {
        "object.json": CONSTRAINT,
        "array.json": [other, CONSTRAINT],
        "list.json": {"apiVersion": "v1", "kind": "List", "items": [other, CONSTRAINT]},
        "typed.json": {"apiVersion": CONSTRAINT["apiVersion"], "kind": "K8sNoLatestList", "items": [untyped]},
        "by_resource.json": {"a.b.c": [other], "k8snolatest.constraints.gatekeeper.sh": {"items": [CONSTRAINT]}},
        "lines.jsonl": [other, CONSTRAINT],
        "documents.yaml": "---\n" + json.dumps(other) + "\n---\n" + json.dumps(CONSTRAINT),
    }
    for name, content in shapes.items():
        frames, (entry,) = read(written(tmp_path, name, content))
        assert (entry.resource, entry.outcome, entry.items) == (f"scan:gatekeeper:{name}", "complete", 1), name
        assert [(row["rule"], row["status"]) for row in records(frames["findings"])] == [
            ("K8sNoLatest/no-latest", "pass")
        ]


def test_objects_of_several_tools_are_several_scans(tmp_path: Path) -> None:
    report = {"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport", "metadata": {"name": "r"}, "results": []}
    frames, entries = read(written(tmp_path, "all.json", [CONSTRAINT, report]))
    assert [entry.resource for entry in entries] == ["scan:gatekeeper:all.json", "scan:policyreport:all.json"]
    assert list(frames["scans"]["items"]) == [1, 1]


def test_an_empty_list_of_a_kind_is_a_scan_that_found_nothing(tmp_path: Path) -> None:
    body = {"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "VulnerabilityReportList", "items": []}
    _, (entry,) = read(written(tmp_path, "a.json", body))
    assert (entry.resource, entry.outcome) == ("scan:trivy-operator:a.json", "complete")


def test_objects_without_findings_are_no_scan(tmp_path: Path) -> None:
    body = {"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "SbomReport", "metadata": {"name": "x"}}
    assert read(written(tmp_path, "a.json", body))[1][0].outcome == "failed"


def test_an_object_of_another_shape_costs_itself_only(tmp_path: Path) -> None:
    broken = {**CONSTRAINT, "metadata": {"name": "broken"}, "status": {"violations": "many"}}
    frames, (entry,) = read(written(tmp_path, "a.json", [broken, CONSTRAINT]))
    assert entry.outcome == "partial" and "K8sNoLatest broken" in entry.reason
    assert len(frames["findings"]) == 1


def test_objects_from_a_collector() -> None:
    found = read_objects(
        [CONSTRAINT, msgspec.json.encode(CONSTRAINT), {"apiVersion": "v1", "kind": "Pod"}, {}], "k8snolatest"
    )
    assert found["findings"].num_rows == 2
    assert [(row["scan"], row["items"]) for row in found["scans"].to_pylist()] == [("gatekeeper:k8snolatest", 2)]


def test_the_recorded_cluster_has_findings_of_its_scanners(acme: Any) -> None:
    tools = set(acme.scans["tool"])
    assert {"gatekeeper", "trivy-operator", "policyreport"} <= tools
    statuses = set(acme.findings["status"].dropna())
    assert statuses <= {"pass", "fail", "warn", "manual", "skip", "accepted", "error", "unknown"}
    assert "Bearer" not in everything({"findings": acme.findings})
