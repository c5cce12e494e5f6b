"""What a scan does not say is not "none": identity, acceptance, age, completeness, and each scan once."""

import datetime as dt
import io
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from finding_worlds import ENDED, OLD, YOUNG, finding, only, pod, shop, snapshot, thing
from scan_worlds import read, records, written

from auditkit.analysis.findings.images import references
from auditkit.scans import registry
from auditkit.scans.input import skim
from auditkit.scans.input.document import File
from auditkit.scans.vocabulary import identity, image_id, until

A, B, C = ("sha256:" + letter * 64 for letter in "abc")
NIGHT = dt.datetime(2026, 1, 25, tzinfo=dt.UTC)


# --- an ID is no digest ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "digest", "own_id"),
    [
        ("docker-pullable://shop/api@sha256:beef", "sha256:beef", None),
        ("shop/api@sha256:beef", "sha256:beef", None),
        ("docker://sha256:beef", None, "sha256:beef"),
        ("sha256:beef", None, "sha256:beef"),
        ("BEEF", None, "sha256:beef"),
        (None, None, None),
    ],
)
def test_only_what_is_named_has_a_digest(said: Any, digest: Any, own_id: Any) -> None:
    assert identity(said) == {"image_digest": digest, "image_id": own_id}
    assert image_id("shop/api:1") is None


def test_a_bare_id_of_a_runtime_is_no_repository() -> None:
    parts = references(pd.Series(["a" * 64, "docker://" + B], dtype="string[pyarrow]"))
    assert parts["digest"].tolist() == [A, B] and parts["repository"].isna().all()


@pytest.mark.parametrize(("trivy", "own_id"), [("0.55.0", A), ("v0.56.2", A), (None, A), ("0.57.1", None), ("1.0", None)])
def test_old_reports_of_the_operator_have_an_id_for_a_digest(trivy: Any, own_id: Any, tmp_path: Path) -> None:
    report = {"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "VulnerabilityReport", "metadata": {"name": "a"},
              "report": {"artifact": {"repository": "shop/api", "tag": "1", "digest": A}, "vulnerabilities": [],
                         "scanner": {"version": trivy}}}
    frames, _ = read(written(tmp_path, "a.json", report))
    (one,) = records(frames["findings"])
    assert (one["image_digest"], one["image_id"]) == (A, own_id)


RUNS = shop("shop/api:1.4", "docker.io/shop/api@" + A)


@pytest.mark.parametrize(
    ("identity_", "match"),
    [
        ({"image_digest": A}, "digest"),
        ({"image_digest": B}, "moved"),
        ({"image_digest": B, "image_id": B}, "reference"),
        ({"image_digest": A, "image_id": A}, "digest"),
        ({"image_id": B}, "reference"),
        ({"image_digest": B, "image_id": C}, "moved"),
    ],
)
def test_an_id_says_nothing_against_a_digest(identity_: dict, match: str) -> None:
    found = snapshot(RUNS, findings=[finding(image="shop/api:1.4", **identity_)]).frame("image_findings")
    assert found["match"].tolist() == [match]


def test_where_the_node_tells_an_id_another_id_is_another_image() -> None:
    given = shop("shop/api:1.4", B)
    rows = [finding(image="shop/api:1.4", image_digest=A, image_id=B), finding(image="shop/api:1.4", image_id=C),
            finding(image="shop/api:1.4", image_digest=A)]
    assert snapshot(given, findings=rows).frame("image_findings")["match"].tolist() == ["digest", "moved", "reference"]


def test_of_several_repositories_the_one_that_is_named_counts(tmp_path: Path) -> None:
    def digests(*repositories: str) -> Any:
        report = {"SchemaVersion": 2, "ArtifactName": "shop/api:1", "ArtifactType": "container_image", "Results": [
            {"Target": "a", "Class": "os-pkgs", "Vulnerabilities": []}],
            "Metadata": {"ImageID": C, "RepoDigests": list(repositories)}}
        (one,) = records(read(written(tmp_path, "a.json", report))[0]["findings"])
        return one["image_digest"], one["image_id"]

    assert digests(f"other/api@{A}", f"docker.io/shop/api@{B}") == (B, C)
    assert digests(f"mirror/api@{A}") == (A, C)
    assert digests(f"x/api@{A}", f"y/api@{B}") == (None, C), "it is not said which of them"


# --- SARIF -----------------------------------------------------------------------------------------------------------

RULES = [{"id": "R1", "guid": "g-1", "defaultConfiguration": {"level": "note"}}, {"id": "R2"},
         {"id": "R3", "properties": {"security-severity": "9.8"}}]


def sarif(*results: dict, overrides: list[list[dict]] = (), extensions: list[dict] = ()) -> dict:  # type: ignore[assignment]
    return {"version": "2.1.0", "runs": [{
        "tool": {"driver": {"name": "t", "rules": RULES}, "extensions": list(extensions)}, "results": list(results),
        "invocations": [{"executionSuccessful": True, "ruleConfigurationOverrides": each} for each in overrides]}]}


def override(level: str, **descriptor: Any) -> dict:
    return {"descriptor": descriptor, "configuration": {"level": level}}


EXTENSION = {"name": "plug-in", "guid": "e-1", "rules": [{"id": "X", "guid": "g-x"}]}


@pytest.mark.parametrize(
    ("result", "overrides", "level"),
    [
        ({"ruleId": "R1"}, [], "note"),
        ({"ruleId": "R1"}, [[override("error", id="R1")]], "error"),
        ({"ruleIndex": 0}, [[override("error", index=0)]], "error"),
        ({"rule": {"guid": "g-1"}}, [[override("error", guid="g-1")]], "error"),
        ({"ruleId": "R2"}, [[override("error", id="R1")]], "warning"),
        ({"ruleId": "R1/part"}, [[override("error", id="R1")]], "error"),
        ({"ruleId": "R1", "level": "warning"}, [[override("error", id="R1")]], "warning"),
        ({"ruleId": "R1", "provenance": {"invocationIndex": 1}},
         [[override("error", id="R1")], [override("warning", id="R1")]], "warning"),
        ({"ruleId": "R1", "provenance": {"invocationIndex": 1}}, [[override("error", id="R1")], []], "note"),
        ({"ruleId": "R1"}, [[override("note", id="R1")], [override("error", id="R1")]], "error"),
        ({"ruleId": "R1"}, [[{"descriptor": 5}, override("loud", id="R1")]], "note"),
        ({"rule": {"index": 0, "toolComponent": {"index": 0}}},
         [[override("error", index=0, toolComponent={"guid": "e-1"})]], "error"),
        ({"ruleId": "R1", "kind": "pass"}, [[override("error", id="R1")]], "none"),
        ({"ruleId": "R3", "kind": "informational"}, [], "none"),
        ({"ruleId": "R3", "kind": "open"}, [], "none"),
        ({"ruleId": "R3"}, [], "9.8"),
    ],
)
def test_levels_of_sarif(result: dict, overrides: list, level: str, tmp_path: Path) -> None:
    path = written(tmp_path, "a.sarif", sarif(result, overrides=overrides, extensions=[EXTENSION]))
    (one,) = records(read(path)[0]["findings"])
    assert one["tool_severity"] == level
    assert one["severity"] == {"note": "low", "warning": "medium", "error": "high", "none": "unknown"}.get(level, "critical")


# --- acceptances -----------------------------------------------------------------------------------------------------


def test_a_term_that_ends_with_a_day_includes_it() -> None:
    assert until("2026-01-30") == dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
    assert until("2026-01-30T12:00:00Z") == dt.datetime(2026, 1, 30, 12, tzinfo=dt.UTC)
    assert until(None) is None


@pytest.mark.parametrize(
    ("end", "verdict"), [(None, "pass"), (ENDED + dt.timedelta(1), "pass"), (ENDED - dt.timedelta(1), "fail")])
def test_what_is_accepted_until_before_the_snapshot_fails(end: Any, verdict: str) -> None:
    row = finding(image="shop/api:1.4", image_digest=A, status="accepted", accepted_until=end)
    assert only("findings.vulnerabilities_handled", snapshot(RUNS, findings=[row]))[0] == verdict
    of_pod = {"category": "misconfiguration", "kind": "Pod", "name": "web", "namespace": "shop", "package": None}
    row = finding(status="accepted", accepted_until=end, **of_pod)
    assert only("findings.misconfigurations_handled", snapshot([pod("web")], findings=[row]))[0] == verdict


def sysdig(*risks: dict, refs: Sequence[str] = ("a",)) -> dict:
    return {"info": {"scanTime": "2026-11-23T08:00:00Z"}, "scanner": {"name": "sysdig-cli-scanner"}, "result": {
        "assetType": "containerImage", "metadata": {"pullString": "shop/api:1", "digest": A, "imageId": B},
        "packages": {"p": {"name": "zlib", "version": "1"}},
        "vulnerabilities": {"v": {"name": "CVE-2026-1", "severity": "high", "packageRef": "p", "riskAcceptRefs": list(refs)}},
        "riskAccepts": {risk["id"]: risk for risk in risks}}}


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (sysdig({"id": "a", "status": "active"}), "accepted"),
        (sysdig({"id": "a"}), "accepted"),
        (sysdig({"id": "a", "status": "active", "expirationDate": "2026-11-23"}), "accepted"),
        (sysdig({"id": "a", "status": "active", "expirationDate": "2026-11-22"}), "fail"),
        (sysdig({"id": "a", "status": "expired"}), "fail"),
        (sysdig({"id": "b", "status": "active"}), "unknown"),
        (sysdig(refs=[]), "fail"),
    ],
)
def test_risks_that_sysdig_accepted(report: dict, status: str, tmp_path: Path) -> None:
    (one,) = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert (one["status"], one["image_digest"], one["image_id"]) == (status, A, B)


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({"acknowledged_date": "2026-10-01T00:00:00Z"}, "accepted"),
        ({"acknowledged_date": "2026-10-01T00:00:00Z", "ack_expiration_days": 30}, "fail"),
        ({"acknowledged_date": "2026-10-01T00:00:00Z", "ack_expiration_days": 90}, "accepted"),
        ({"acknowledged_date": "2026-10-01T00:00:00Z", "ack_expiration_days": 0}, "accepted"),
        ({"acknowledged_date": "1970-01-01T00:00:00Z"}, "fail"),
    ],
)
def test_acknowledgements_of_aqua(more: dict, status: str, tmp_path: Path) -> None:
    vulnerability = {"name": "CVE-2026-1", "aqua_severity": "high", **more}
    report = {"image": "shop/api:1", "scan_started": {"seconds": 1793491200}, "vulnerability_summary": {"total": 1},
              "resources": [{"resource": {"name": "zlib"}, "vulnerabilities": [vulnerability]}]}
    assert [one["status"] for one in records(read(written(tmp_path, "a.json", report))[0]["findings"])] == [status]


@pytest.mark.parametrize(
    ("exceptions", "status"),
    [([{}], "accepted"), ([{"expirationDate": "2026-12-01T00:00:00Z"}], "accepted"),
     ([{"expirationDate": "2026-10-01T00:00:00Z"}], "fail"),
     ([{"expirationDate": "2026-10-01T00:00:00Z"}, {"expirationDate": None}], "accepted")],
)
def test_exceptions_of_kubescape(exceptions: list, status: str, tmp_path: Path) -> None:
    control = {"controlID": "C-0001", "name": "c", "status": {"status": "passed", "subStatus": "w/exceptions"},
               "rules": [{"name": "r", "status": "passed", "subStatus": "w/exceptions", "exception": exceptions}]}
    report = {"generationTime": "2026-11-01T00:00:00Z", "summaryDetails": {"controls": {"C-0001": {"name": "c"}}},
              "results": [{"resourceID": "/v1/default/Pod/a", "controls": [control]}], "resources": []}
    (one,) = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert one["status"] == status


def test_only_what_trivy_ignored_is_accepted(tmp_path: Path) -> None:
    words = {"ignored": "accepted", "not_affected": "pass", "fixed": "pass", "affected": "fail", "unknown": "unknown",
             "under_investigation": "unknown", "": "unknown"}
    modified = [{"Type": "vulnerability", "Status": word, "Finding": {"VulnerabilityID": f"CVE-{at}", "Severity": "HIGH"}}
                for at, word in enumerate(words)]
    report = {"SchemaVersion": 2, "ArtifactName": "a", "ArtifactType": "container_image",
              "Results": [{"Target": "a", "Class": "os-pkgs", "ExperimentalModifiedFindings": modified}]}
    found = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert [one["status"] for one in found if one["rule"]] == list(words.values())


@pytest.mark.parametrize(
    ("suppressions", "status"),
    [([{"kind": "external"}], "accepted"), ([{"kind": "external", "status": "underReview"}], "fail"),
     ([{"kind": "external", "properties": {"expiryUtc": "2026-10-01T00:00:00Z"}}], "fail"),
     ([{"kind": "external", "properties": {"expiryUtc": "2026-12-01T00:00:00Z"}}], "accepted")],
)
def test_suppressions_of_sarif_end(suppressions: list, status: str, tmp_path: Path) -> None:
    log = sarif({"ruleId": "R1", "suppressions": suppressions})
    log["runs"][0]["invocations"] = [{"endTimeUtc": "2026-11-01T00:00:00Z"}]
    assert [one["status"] for one in records(read(written(tmp_path, "a.sarif", log))[0]["findings"])] == [status]


@pytest.mark.parametrize(("said", "status"), [("MUTED", "accepted"), ("MUTED (FAIL)", "accepted"), ("FAIL", "fail")])
def test_words_of_prowler_for_muted(said: str, status: str, tmp_path: Path) -> None:
    row = {"metadata": {"event_code": "x", "product": {"name": "Prowler"}}, "status": "New", "status_id": 3,
           "status_code": said, "finding_info": {"title": "t"}, "severity": "High"}
    assert [one["status"] for one in records(read(written(tmp_path, "a.json", [row]))[0]["findings"])] == [status]


# --- what nothing checked --------------------------------------------------------------------------------------------


def test_a_control_without_checks_does_not_pass_in_details(tmp_path: Path) -> None:
    nothing = [{"checkID": "", "severity": "", "success": True}]
    report = {"apiVersion": "aquasecurity.github.io/v1alpha1", "kind": "ClusterComplianceReport",
              "metadata": {"name": "cis"}, "spec": {"compliance": {"id": "k8s-cis-1.23", "controls": [
                  {"id": "1.1", "checks": [{"id": "KSV012"}]}, {"id": "1.2"}]}},
              "status": {"detailReport": {"results": [{"id": "1.1", "checks": nothing}, {"id": "1.2", "checks": nothing}]}}}
    found = records(read(written(tmp_path, "a.json", report))[0]["findings"])
    assert [(one["rule"], one["status"]) for one in found] == [("1.1", "unknown"), ("1.2", "manual")]


def test_a_control_that_nothing_was_subject_to_does_not_pass(tmp_path: Path) -> None:
    report = {"generationTime": "2026-11-01T00:00:00Z", "results": [], "resources": [],
              "summaryDetails": {"controls": {"C-0001": {"name": "c", "statusInfo": {"status": "passed"}}}}}
    assert [one["status"] for one in records(read(written(tmp_path, "a.json", report))[0]["findings"])] == ["unknown"]
    control = {"id": "1", "name": "n", "pass": True, "objectsCount": 0, "acceptedCount": 0, "passingCount": 0}
    page = {"data": [{"requirementId": "r", "policyName": "p", "name": "1.1 x", "controls": [
        control, {**control, "passingCount": 2}]}], "totalCount": 1}
    assert [one["status"] for one in records(read(written(tmp_path, "b.json", page))[0]["findings"])] == ["unknown", "pass"]


# --- CSV -------------------------------------------------------------------------------------------------------------

ROWS = ('AUTH_METHOD;TIMESTAMP;FINDING_UID;CHECK_ID;STATUS;STATUS_EXTENDED;MUTED\r\n'
        'k;2026-11-01;u1;c1;FAIL;"a; ""b""";False\r\nk;2026-11-01;u2;c2;PASS;"two\r\nlines";False\r\n'
        'k;2026-11-01;u3;c3;PASS;x;False\r\n')


def csv_of(tmp_path: Path, text: str) -> tuple[list, Any]:
    frames, (entry,) = read(written(tmp_path, "a.csv", text))
    return [one["rule"] for one in records(frames["findings"])], entry


def test_a_whole_csv(tmp_path: Path) -> None:
    rules, entry = csv_of(tmp_path, ROWS)
    assert (rules, entry.outcome, entry.reason) == (["c1", "c2", "c3"], "complete", "")


def test_a_csv_that_is_cut_anywhere_within_a_row_is_partial(tmp_path: Path) -> None:
    for cut in range(ROWS.index("k;"), len(ROWS) - 2):
        if ROWS[:cut].endswith(("\r\n", "\r")) and ROWS[:cut].count('"') % 2 == 0:
            continue  # cut between two rows, which no reader of CSV can see
        opened = File("a.csv", lambda cut=cut: io.BytesIO(ROWS[:cut].encode()))
        assert len(list(opened.values())) < 4
        assert opened.gaps and all("line" in gap.reason for gap in opened.gaps), ROWS[:cut]


def test_a_shifted_row_is_told_with_its_line(tmp_path: Path) -> None:
    rules, entry = csv_of(tmp_path, ROWS.replace("k;2026-11-01;u3", "k;u3"))
    assert (rules, entry.outcome) == (["c1", "c2"], "partial")
    assert "line 5 (it has 6 cells for 7 columns)" in entry.reason
    rules, entry = csv_of(tmp_path, ROWS.replace("u1;c1", "u1;;c1"))
    assert (rules, entry.outcome) == (["c2", "c3"], "partial") and "line 2" in entry.reason


# --- keys wherever they stand ----------------------------------------------------------------------------------------

FILL = [{"Target": "x" * 1000, "Class": "os-pkgs", "Vulnerabilities": []}] * 400


def test_keys_are_found_in_any_place() -> None:
    random.seed(7)

    def value(depth: int = 0) -> Any:
        pick = random.random()
        if depth > 3 or pick < 0.4:
            return random.choice([1, None, True, 'x\\"y{[:', "\\", "a" * random.randint(0, 40), '":{', "é"])
        if pick < 0.6:
            return [value(depth + 1) for _ in range(random.randint(0, 4))]
        return {random.choice(["k", "a:", "d{"]) + str(at): value(depth + 1) for at in range(random.randint(0, 4))}

    def expected(root: dict) -> list[tuple[str, int]]:
        return [pair for key, inner in root.items()
                for pair in [(key, 1), *((name, 2) for name in (inner if isinstance(inner, dict) else ()))]]

    for chunk, window in ((64, 16), (1 << 20, 16 << 10)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(skim, "_CHUNK", chunk)
            patch.setattr(skim, "WINDOW", window)
            for _ in range(200):
                root = {f"r{at}": value() for at in range(4)}
                for document in (root, [root, value()]):
                    text = json.dumps(document).encode()
                    found = list(skim.keys(io.BytesIO(text)))
                    assert [(key.name, key.depth) for key in found] == expected(root)
                    assert all(text[key.at:key.at + len(key.value)] == key.value for key in found)


@pytest.mark.parametrize("tool", ["", "trivy="])
@pytest.mark.parametrize(
    ("report", "resource"),
    [
        ({"Results": FILL, "Metadata": {"ImageID": A}, "ArtifactType": "container_image", "ArtifactName": "shop/api:1",
          "SchemaVersion": 2}, "scan:trivy:a.json"),
        ({"Resources": [{"Kind": "Pod", "Name": "a", "Namespace": "b", "Results": FILL}], "ClusterName": "prod"},
         "scan:trivy:a.json"),
    ],
)
def test_a_report_is_recognised_by_keys_at_its_end(report: dict, resource: str, tool: str, tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", report)
    _, (entry,) = read(f"{tool}{path}")
    assert (entry.resource, entry.outcome) == (resource, "complete")


def test_other_tools_are_recognised_by_keys_at_their_end(tmp_path: Path) -> None:
    controls = {f"C-{at:04}": {"name": "x" * 200} for at in range(2000)}
    reports = {
        "kubescape": {"results": [], "resources": [{"resourceID": "x" * 300}] * 1000, "summaryDetails": {"controls": {}}},
        "polaris": {"Results": [{"Name": "x" * 300, "Results": {}}] * 1000, "PolarisOutputVersion": "1.0"},
        "sarif": {"runs": [{"tool": {"driver": {"name": "t"}}, "artifacts": ["x" * 300] * 1000, "results": []}],
                  "version": "2.1.0"},
        "popeye": {"popeye": {"sections": [{"linter": "x" * 300}] * 1000, "score": 1}, "ClusterName": "c"},
        "neuvector": {"report": {"modules": [{"name": "x" * 300}] * 1000, "cvedb_version": "1", "checks": []}},
        "sysdig": {"result": {"layers": controls, "packages": {}, "metadata": {}, "assetType": "containerImage"},
                   "info": {}, "scanner": {"name": "sysdig-cli-scanner"}},
    }
    for tool, report in reports.items():
        _, (entry,) = read(written(tmp_path, f"{tool}.json", report))
        assert entry.resource == f"scan:{tool}:{tool}.json", entry.reason


def test_a_tool_that_is_named_is_found_after_other_lines(tmp_path: Path) -> None:
    alert = {"rule": "R", "priority": "Error", "output_fields": {}, "time": "2026-11-01T00:00:00Z"}
    path = written(tmp_path, "a.jsonl", [{"other": at} for at in range(500)] + [alert])
    assert read(path)[1][0].outcome == "failed"
    frames, (entry,) = read(f"falco={path}")
    assert entry.resource == "scan:falco:a.jsonl" and len(frames["events"]) == 1
    assert read(f"vault={path}")[1][0].reason == "it is not output of vault"


# --- each scan once --------------------------------------------------------------------------------------------------

REPORT = {"SchemaVersion": 2, "CreatedAt": "2026-11-01T00:00:00Z", "ArtifactName": "shop/api:1",
          "ArtifactType": "container_image", "Results": [{"Target": "a", "Class": "os-pkgs", "Vulnerabilities": [
              {"VulnerabilityID": "CVE-2026-1", "PkgName": "zlib", "Severity": "HIGH"}]}]}


def test_the_same_file_counts_once(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", REPORT)
    (tmp_path / "copy.json").write_bytes(path.read_bytes())
    for given in ([path, path], [tmp_path], [tmp_path, path]):
        frames, entries = read(*given)
        assert len(frames["findings"]) == len(frames["scans"]) == 1
        assert {entry.outcome for entry in entries} == {"complete"}
        assert entries[-1].reason == "it is a copy of a.json and was not read again"


def test_results_of_two_nodes_may_be_the_same(tmp_path: Path) -> None:
    results = {"tests": [{"section": "1", "results": [{"test_number": "4.1.1", "status": "PASS"}]}],
               "version": "cis-1.12", "node_type": "node"}
    for node in ("n1", "n2"):
        written(tmp_path, f"{node}.json", [results])
    assert len(read(tmp_path)[0]["findings"]) == 2


def image(**more: Any) -> dict:
    return finding(**{"image": "shop/api:1.4", "image_digest": A, **more})


NEWER = {"scan": "trivy:b", "seen": NIGHT}
CLEAN = {"status": "pass", "rule": None, "rule_id": None, "package": None, "severity": None, **NEWER}
SCANS = [{"scan": "trivy:a", "truncated": False}, {"scan": "trivy:b", "truncated": False}]
TRUNCATED = [SCANS[0], {"scan": "trivy:b", "truncated": True}]


@pytest.mark.parametrize(
    ("newer", "of", "closed", "verdict"),
    [
        (image(**CLEAN), SCANS, NIGHT, "pass"),
        (image(rule_id="CVE-2026-2", severity="low", **NEWER), SCANS, NIGHT, "pass"),
        (image(**NEWER), SCANS, None, "fail"),
        (image(rule_id="CVE-2026-2", severity="low", **NEWER), TRUNCATED, None, "fail"),
        (image(**{**CLEAN, "tool": "aqua", "scan": "aqua:b"}), SCANS, None, "fail"),
        (image(**{**CLEAN, "category": "secret"}), SCANS, None, "fail"),
        (image(**{**CLEAN, "image_digest": B}), SCANS, None, "fail"),
        (image(**{**CLEAN, "seen": None}), SCANS, None, "fail"),
        (image(**{**CLEAN, "seen": OLD}), SCANS, None, "fail"),
    ],
)
def test_a_newer_scan_closes_what_it_does_not_list(newer: dict, of: list, closed: Any, verdict: str) -> None:
    given = snapshot(RUNS, scans=of, findings=[image(), newer])
    for table in ("image_findings", "findings_tied"):
        frame = given.frame(table)
        first = frame[frame["seen"] == YOUNG].iloc[0]
        assert (first["closed"] if closed else None) == closed and pd.isna(first["closed"]) == (closed is None)
    assert only("findings.vulnerabilities_handled", given)[0] == verdict


def test_one_scan_in_two_files_is_counted_once() -> None:
    frame = snapshot(RUNS, scans=SCANS, findings=[image(), image(scan="trivy:b")]).frame("image_findings")
    assert frame["superseded"].tolist() == [False, True] and frame["closed"].isna().all()


# --- age -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written_", "seen", "verdict"),
    [(ENDED, None, "pass"), (dt.datetime(2017, 5, 1, tzinfo=dt.UTC), None, "unknown"), (None, None, "pass"),
     (ENDED, dt.datetime(2017, 5, 1, tzinfo=dt.UTC), "unknown"), (dt.datetime(2027, 1, 1, tzinfo=dt.UTC), None, "pass")],
)
@pytest.mark.parametrize("status", ["pass", "fail"])
def test_files_of_kube_bench_get_too_old(written_: Any, seen: Any, verdict: str, status: str) -> None:
    row = {"tool": "kube-bench", "rule_id": "cis-1.12/4.1.1", "node": "n1", "scan": "kube-bench:n1.json",
           "status": status, "seen": seen}
    given = snapshot([thing("Node", "n1", None)], findings=[row],
                     scans=[{"scan": "kube-bench:n1.json", "tool": "kube-bench", "file_time": written_}])
    found = only("node_files.permissions", given)
    assert found[0] == ("fail" if (verdict, status) == ("pass", "fail") else verdict)
    if verdict == "unknown":
        assert found[1] == "the results of kube-bench for this node are more than 90 days old"


def test_fresh_results_of_kube_bench_count_beside_old_ones() -> None:
    rows = [{"tool": "kube-bench", "rule_id": "cis-1.12/4.1.1", "node": "n1", "status": status, "seen": seen, "scan": scan}
            for status, seen, scan in (("fail", OLD.replace(year=2017), "kube-bench:a"), ("pass", YOUNG, "kube-bench:b"))]
    assert only("node_files.permissions", snapshot([thing("Node", "n1", None)], findings=rows))[0] == "pass"


def test_the_age_of_each_scan_at_the_time_of_the_snapshot() -> None:
    given = snapshot(scans=[
        {"scan": "a", "tool": "trivy", "file": "a.json", "time": ENDED - dt.timedelta(31), "file_time": ENDED},
        {"scan": "b", "tool": "kube-bench", "file": "b", "file_time": ENDED - dt.timedelta(31)},
        {"scan": "c", "tool": "sarif", "file": "c"}])
    frame = given.frame("evidence_age")
    assert frame["time_from"].fillna("-").tolist() == ["scan", "file", "-"]
    assert frame["age_days"].fillna(-1).tolist() == [31, 31, -1]
    assert frame["max_age_days"].tolist() == [30, 90, 30]
    assert [None if pd.isna(old) else bool(old) for old in frame["old"]] == [True, False, None]


def test_the_file_says_how_old_a_scan_is_at_least(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", REPORT)
    os.utime(path, (1_500_000_000, 1_500_000_000))
    assert read(path)[0]["scans"]["file_time"][0] == pd.Timestamp(1_500_000_000, unit="s", tz="UTC")


def test_old_data_on_vulnerabilities_show_nothing(tmp_path: Path) -> None:
    clean = image(**{**CLEAN, "data_time": dt.datetime(2019, 1, 1, tzinfo=dt.UTC)})
    given = snapshot(RUNS, scans=SCANS, findings=[clean])
    for check in ("vulnerabilities_handled", "images_scanned_recently"):
        assert only(f"findings.{check}", given) == (
            "unknown", "the scanner's data on vulnerabilities were more than 30 days old")
    report = {"report": {"cvedb_version": "1", "cvedb_create_time": "2019-01-01T00:00:00Z", "vulnerabilities": [
        {"name": "CVE-1", "package_name": "zlib"}]}}
    frames, _ = read(written(tmp_path, "n.json", report))
    assert frames["findings"]["data_time"][0].year == 2019


def test_an_old_audit_log_does_not_show_what_is_logged_now() -> None:
    for time, verdict in ((YOUNG, "pass"), (OLD, "unknown")):
        event = {"tool": "kubernetes-audit", "scan": "kubernetes-audit:a", "time": time, "verb": "get", "api_group": "",
                 "resource": "secrets", "level": "Metadata"}
        log = {"scan": "kubernetes-audit:a", "tool": "kubernetes-audit", "file": "a", "truncated": False}
        assert only("audit_log.secret_reads_logged", snapshot(scans=[log], events=[event]))[0] == verdict


# --- what a tool is good for -----------------------------------------------------------------------------------------


def test_a_reader_says_what_its_tool_is_good_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(registry.Providers("policies")) == {"gatekeeper", "policyreport", "plural", "aqua", "sysdig"}
    assert tuple(registry.Providers("nodes")) == ("kube-bench",) and "trivy" in registry.Providers("images")

    class New:
        NAME = "new"
        PROVIDES = frozenset({"images"})

    known = registry.all_readers()
    monkeypatch.setattr(registry, "all_readers", lambda: (*known, New))
    assert "new" in registry.Providers("images") and "new" not in registry.Providers("state")
