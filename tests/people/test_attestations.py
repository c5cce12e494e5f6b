"""Attestations: what people say is told as theirs, and is never a pass."""

import datetime as dt
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import pandas as pd
import pytest
from command_line import auditkit
from hypothesis import given
from worlds import arrow

from auditkit import tables
from auditkit.api import evaluating
from auditkit.checks.model import BOOLEAN, Check, judge
from auditkit.errors import DefinitionError
from auditkit.evaluation.engine import run
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Result
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Framework, Requirement, Section
from auditkit.people import attestations
from auditkit.people.attestations import OUTSIDE, Attestation, AttestationEntry, Evidence
from auditkit.people.entries import Origin
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

DAY = dt.date(2026, 6, 15)
NIGHT = dt.datetime(2026, 6, 16, 1, tzinfo=dt.timezone(dt.timedelta(hours=2)))  # still the 15th in UTC

GOOD = """
attestations:
  - framework: ours
    requirements: [people]
    by: Jane Roe, CISO
    says: All staff signed the code of conduct.
    since: 2026-02-01
    until: 2027-01-31
    files:
      - signatures.pdf
"""

OURS = """
framework: ours
title: Ours
version: "1"
sections: [{id: s, title: S}]
requirements:
  - {id: people, section: s, title: People, reach: attested, look_at: the minutes}
  - {id: both, section: s, title: Both, reach: partly, checks: [pss.privileged], cannot_show: what people do}
  - {id: shown, section: s, title: Shown, reach: evidenced, checks: [pss.privileged]}
"""


def snapshot(privileged: bool = False) -> Snapshot:
    """A snapshot of one pod, all of it complete, taken on `DAY`."""
    ledger = [Entry(resource=name, outcome="complete", started=NIGHT, ended=NIGHT)
              for name in (*tables.RESOURCES, "discovery", "engines", "kubelets", "controlplane")]
    pod = {"kind": "Pod", "metadata": {"name": "p", "namespace": "n"},
           "spec": {"containers": [{"name": "c", "securityContext": {"privileged": privileged}}]}}
    return Snapshot(Manifest(cluster="c", started=NIGHT, ended=NIGHT, ledger=ledger), arrow([pod]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A user's folder: a framework, and the file of an attestation."""
    (tmp_path / "controls").mkdir()
    (tmp_path / "controls" / "ours.yaml").write_text(OURS)
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "signatures.pdf").write_bytes(b"signed")
    return tmp_path


@pytest.fixture
def judged(folder: Path) -> Callable[..., Evaluation]:
    def judge_by(text: str = GOOD, privileged: bool = False) -> Evaluation:
        (folder / "people" / "ours.yaml").write_text(text)
        return evaluating.evaluate(snapshot(privileged), "ours", controls=folder / "controls",
                            attestations=folder / "people")

    return judge_by


def statuses(evaluation: Evaluation) -> dict[str, str]:
    return evaluation.requirements.set_index("id")["status"].to_dict()


def test_a_manual_requirement_becomes_attested_and_says_by_whom(judged) -> None:
    found = judged()
    assert statuses(found) == {"people": "attested", "both": "manual", "shown": "pass"}
    reason = found.requirements.set_index("id").loc["people", "reason"]
    assert reason == "Jane Roe, CISO, until 2027-01-31: All staff signed the code of conduct."
    assert found.statuses["attested"] == 1
    kept = found.attestations.iloc[0]
    assert kept["files"] == f"signatures.pdf {hashlib.sha256(b'signed').hexdigest()}"
    assert (kept["requirement"], kept["state"], kept["line"]) == ("people", "valid", 3)
    assert found.notices.empty


def test_without_an_attestation_it_is_manual(folder) -> None:
    found = evaluating.evaluate(snapshot(), "ours", controls=folder / "controls")
    assert statuses(found)["people"] == "manual"
    assert found.attestations.empty and found.exceptions.empty and found.notices.empty


@pytest.mark.parametrize(("privileged", "status", "reason"), [
    (False, "attested", "the cluster meets its part: 1 passed, none failed; not shown by a cluster: what people do; attested by"),
    (True, "fail", "1 of 1 pods has a privileged container: "),
])
def test_of_what_is_shown_partly_both_are_told(judged, privileged, status, reason) -> None:
    found = judged(GOOD.replace("[people]", "[both]"), privileged)
    both = found.requirements.set_index("id").loc["both"]
    assert both["status"] == status
    assert both["reason"].endswith(" Jane Roe, CISO, until 2027-01-31: All staff signed the code of conduct.")
    assert both["reason"].startswith(reason)
    assert [len(result.attestations) for result in found.results] == [0, 1, 0]


@pytest.mark.parametrize("identifier", ["people", "both", "shown"])
@pytest.mark.parametrize("privileged", [False, True])
def test_a_word_that_it_does_not_hold_is_a_failure(judged, identifier, privileged) -> None:
    denial = GOOD.replace("[people]", f"[{identifier}]").replace("    since:", "    holds: false\n    since:")
    found = judged(denial + GOOD.replace("attestations:\n", "").replace("[people]", f"[{identifier}]"), privileged)
    row = found.requirements.set_index("id").loc[identifier]
    assert row["status"] == "fail" and not row["accepted"]
    assert row["reason"].startswith("attested as not met by Jane Roe, CISO, until 2027-01-31: All staff signed")
    assert ("checks found: " in row["reason"]) == (identifier != "people")
    assert found.crosses("fail") and found.crosses("unaccepted")
    assert found.attestations["holds"].tolist() == [False, True] and found.notices.empty


def test_a_word_against_an_accepted_failure(judged, folder) -> None:
    (folder / "accepted.yaml").write_text("""
exceptions:
  - {owner: o, reason: r, compensating_control: c, checks: [pss.privileged], subjects: [{name: p}],
     granted: 2026-06-01, expires: 2026-06-30}
""")
    (folder / "people" / "ours.yaml").write_text(
        GOOD.replace("[people]", "[shown]").replace("    since:", "    holds: false\n    since:"))
    found = evaluating.evaluate(snapshot(privileged=True), "ours", controls=folder / "controls",
                         exceptions=folder / "accepted.yaml", attestations=folder / "people")
    assert found.requirements.set_index("id")["accepted"].to_dict() == {"people": False, "both": True, "shown": False}
    assert found.crosses("unaccepted")


INSTEAD = GOOD.replace("[people]", "[addressable]").replace(
    "    since:", "    alternative: {measure: A locked room, reason: nobody else is in the building}\n    since:")


@pytest.mark.parametrize(("reach", "checks", "privileged", "status"), [
    ("partly", "[pss.privileged]", True, "attested"), ("partly", "[pss.privileged]", False, "attested"),
    ("evidenced", "[pss.privileged]", True, "attested"), ("attested", "[]", True, "attested"),
    ("evidenced", "[pss.privileged]", False, "pass"),
])
def test_an_addressable_specification_is_met_by_an_alternative(judged, folder, reach, checks, privileged, status) -> None:
    (folder / "controls" / "ours.yaml").write_text(OURS + (
        f"  - {{id: addressable, section: s, title: A, obligation: addressable, reach: {reach}, checks: {checks}, "
        "cannot_show: the room}\n"))
    found = judged(INSTEAD, privileged)
    row = found.requirements.set_index("id").loc["addressable"]
    assert row["status"] == status
    assert row["failed"] == (privileged and checks != "[]"), "verdicts stay as they are"
    if status == "attested":
        assert row["reason"].startswith("met by an alternative measure: A locked room, because nobody else is in the building; "
                                        "attested by Jane Roe, CISO, until 2027-01-31: All staff")
        assert ("; checks found: " in row["reason"]) == (checks != "[]")
        assert found.attestations["alternative"].tolist() == ["A locked room, because nobody else is in the building"]
    else:
        assert found.notices["kind"].tolist() == ["attestation unused"]
    alone = Framework(framework="ours", title="t", version="1", sections=[Section("s", "S")], requirements=[
        each for each in found.framework.requirements if each.id == "addressable"])
    again = evaluating.evaluate(found.snapshot, alone, attestations=folder / "people", controls=folder / "controls")
    assert not any(again.crosses(each) for each in ("fail", "unaccepted", "unknown", "critical"))


def test_a_term_of_more_than_a_year_is_said(judged) -> None:
    assert judged(GOOD.replace("2027-01-31", "2027-02-01")).notices.empty
    found = judged(GOOD.replace("2027-01-31", "2027-02-02"))
    assert statuses(found)["people"] == "attested"
    assert found.notices[["kind", "what"]].values.tolist() == [
        ["attestation too long", "the period from 2026-02-01 to 2027-02-02 is 367 days; the maximum is 366"]]


def test_an_attestation_of_what_fails_needs_a_note(judged) -> None:
    text = GOOD.replace("[people]", "[both]")
    assert judged(text).notices.empty
    found = judged(text, privileged=True)
    assert found.notices[["kind", "what"]].values.tolist() == [["attestation without a note", (
        "both fails: 1 of 1 pods has a privileged container: n/p; say in its note what this means for the requirement "
        "and what is done about it")]]


def test_a_note_on_failures_is_told_and_changes_no_status(judged) -> None:
    noted = GOOD.replace("[people]", "[both]").replace("    since:", "    note: The pod is removed in July.\n    since:")
    found = judged(noted, privileged=True)
    assert found.notices.empty and statuses(found)["both"] == "fail" and found.crosses("unaccepted")
    assert found.requirements.set_index("id").loc["both", "reason"].endswith(
        "All staff signed the code of conduct. Note: The pod is removed in July.")
    assert found.attestations["note"].tolist() == ["The pod is removed in July."]


def test_a_word_about_what_the_cluster_shows_is_unused(judged) -> None:
    found = judged(GOOD.replace("[people]", "[shown]"), privileged=True)
    assert statuses(found)["shown"] == "fail"
    assert found.notices["kind"].tolist() == ["attestation unused"]


@pytest.mark.parametrize(("since", "until", "status", "notice"), [
    ("2026-06-15", "2026-06-15", "attested", []),
    ("2026-01-01", "2026-06-14", "manual", ["attestation expired"]),
    ("2026-06-16", "2026-12-31", "manual", ["attestation not in force yet"]),
])
def test_both_days_count_and_the_day_is_that_of_the_snapshot(judged, since, until, status, notice) -> None:
    found = judged(GOOD.replace("2026-02-01", since).replace("2027-01-31", until))
    assert statuses(found)["people"] == status
    assert found.notices["kind"].tolist() == notice


def test_a_missing_file_is_no_evidence(judged, folder) -> None:
    (folder / "people" / "signatures.pdf").unlink()
    found = judged()
    assert statuses(found)["people"] == "manual"
    assert found.notices[["kind", "what"]].values.tolist() == [["attestation file missing", "signatures.pdf"]]


def test_a_file_must_keep_the_digest_that_is_stated(judged, folder) -> None:
    digest = hashlib.sha256(b"signed").hexdigest()
    text = GOOD.replace("- signatures.pdf", f"- {{path: signatures.pdf, sha256: {digest.upper()}}}")
    assert statuses(judged(text))["people"] == "attested"
    (folder / "people" / "signatures.pdf").write_bytes(b"signed by nobody")
    found = judged(text)
    assert statuses(found)["people"] == "manual"
    assert found.notices.loc[0, "kind"] == "attestation file changed"
    assert hashlib.sha256(b"signed by nobody").hexdigest() in found.notices.loc[0, "what"]


@pytest.mark.parametrize("named", ["../secret.txt", "ABSOLUTE", "link", "folder/secret.txt", "../people-other/secret.txt"])
def test_what_is_outside_of_the_folder_is_no_evidence_and_is_not_read(judged, folder, named) -> None:
    secret, people = folder / "secret.txt", folder / "people"
    (folder / "people-other").mkdir()
    for path in (secret, folder / "people-other" / "secret.txt"):
        path.write_bytes(b"signed")
    (people / "link").symlink_to(secret)
    (people / "folder").symlink_to(folder)
    given = str(secret) if named == "ABSOLUTE" else named
    digest = hashlib.sha256(b"signed").hexdigest()
    found = judged(GOOD.replace("- signatures.pdf", f"- {{path: {given}, sha256: {digest}}}"))
    assert statuses(found)["people"] == "manual"
    assert found.notices["kind"].tolist() == ["attestation file outside of its folder"]
    assert found.notices.loc[0, "what"].startswith(f"{given}: put it below the folder")
    assert found.attestations.loc[0, "files"] == f"{given} file outside of its folder"


def test_links_inside_of_the_folder_are_followed(judged, folder) -> None:
    people = folder / "people"
    (people / "..data").mkdir()  # as a volume of a ConfigMap has its files
    (people / "signatures.pdf").rename(people / "..data" / "signatures.pdf")
    (people / "signatures.pdf").symlink_to("..data/signatures.pdf")
    assert statuses(judged())["people"] == "attested"
    (people / "loop").symlink_to("loop")
    found = judged(GOOD.replace("signatures.pdf", "loop"))
    assert found.notices["kind"].tolist() == ["attestation file missing"]


def test_of_another_framework(judged, folder) -> None:
    found = judged(GOOD.replace("framework: ours", "framework: soc2").replace("people", "CC1.1"))
    assert statuses(found)["people"] == "manual"
    assert found.notices.empty and found.attestations.empty


def test_an_alternative_to_what_is_required_is_refused(folder) -> None:
    hipaa = INSTEAD.replace("ours", "hipaa")
    path = folder / "people" / "ours.yaml"
    path.write_text(hipaa.replace("[addressable]", '["164.312(a)(2)(iv)"]'))
    assert attestations.read(path)[0].entry.alternative.measure == "A locked room"
    path.write_text(hipaa.replace("[addressable]", '["164.312(a)(2)(iv)", "164.312(a)(2)(i)"]'))
    with pytest.raises(DefinitionError, match=r"ours\.yaml, line 3: .*164\.312\(a\)\(2\)\(i\), which is required"):
        attestations.read(path)


@pytest.mark.parametrize(("old", "new", "line", "says"), [
    ("says:", "says_:", 6, "did you mean says"),
    ("    by: Jane Roe, CISO\n", "", 3, "has no key 'by'"),
    ("    until: 2027-01-31\n", "", 3, "has no key 'until'"),
    ("2027-01-31", "2027-01-32", 8, "2027-01-32 is not a date"),
    ("2027-01-31", "2025-01-31", 3, "ends on 2025-01-31, before it begins"),
    ("2027-01-31", "2027-01-31 10:00:00", 8, "until must be a day"),
    ("[people]", "[peopel]", 3, "did you mean people"),
    ("[people]", "[]", 4, "requirements must"),
    ("framework: ours", "framework: oors", 3, "did you mean ours"),
    ("- signatures.pdf", "- {path: signatures.pdf, sha256: ABC}", 10, "sha256 must be a SHA-256 of 64 hexadecimal digits, but is 'ABC'"),
    ("- signatures.pdf", "- {path: signatures.pdf, sha: abc}", 10, "no key 'sha'"),
    ("    since:", "    holds: perhaps\n    since:", 7, "holds must be true or false"),
    ("    since:", "    alternative: {measure: M}\n    since:", 7, "has no key 'reason'"),
    ("    since:", "    alternative: {measure: M, reason: ' '}\n    since:", 7, "reason must be text that is not empty"),
    ("    since:", "    alternative: {measure: M, reason: R, cost: 3}\n    since:", 7, "no key 'cost'"),
    ("    since:", "    alternative: {measure: M, reason: R}\n    since:", 3,
     "an alternative to people, which is not graded. Only addressable requirements"),
    ("    since:", "    alternative: {measure: M, reason: R}\n    holds: false\n    since:", 3,
     "names an alternative and also states that the requirement is not met"),
])
def test_a_mistake_is_named_with_file_and_line(folder, old, new, line, says) -> None:
    (folder / "people" / "ours.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(DefinitionError) as error:
        attestations.read(folder / "people", folder / "controls")
    assert says in str(error.value)
    assert f"ours.yaml, line {line}" in str(error.value)


GIVEN = st.builds(
    lambda since, until, wrong, requirements, holds: Attestation(
        AttestationEntry(framework="x", requirements=requirements, by="b", says="s", since=since, until=until, holds=holds),
        Origin("f", 1, "", Path("f")), [Evidence("p", "d", wrong)]),
    since=st.integers(-2, 2).map(lambda days: DAY + dt.timedelta(days)),
    until=st.integers(-2, 2).map(lambda days: DAY + dt.timedelta(days)),
    wrong=st.sampled_from(["", "", "file missing", "file changed", OUTSIDE]), holds=st.sampled_from([True, True, False]),
    requirements=st.lists(st.sampled_from(["0", "1", "2", "3"]), min_size=1, max_size=3))


@given(st.lists(st.tuples(st.sampled_from([None, "pass", "fail", "unknown"]),
                          st.sampled_from(["evidenced", "partly", "attested"])), min_size=1, max_size=4),
       st.lists(GIVEN, max_size=4))
def test_a_word_never_makes_a_pass(kinds, given_) -> None:
    """Requirements without a check, or with one that passes, fails or does not know, of any reach."""
    taken, values = snapshot(), {"pass": True, "fail": False, "unknown": None}

    def says(value: bool | None) -> Check:
        def function(pods: pd.DataFrame):
            return judge(pods, pd.Series([value], dtype=BOOLEAN))

        return Check("t.check", function, "It is so.", "high")

    results = []
    for number, (kind, reach) in enumerate(kinds):
        requirement = Requirement(id=str(number), section="s", title="t", reach=reach)
        outcomes = [run(says(values[kind]), taken)] if kind else []
        results.append(Result(requirement, *status_of(requirement, outcomes), outcomes))
    framework = Framework(framework="x", title="X", version="1", sections=[Section("s", "S")])
    found = Evaluation(taken, framework, results, attestations=given_)
    for before, after in zip(results, found.results, strict=True):
        valid = [one for one in given_ if before.requirement.id in one.entry.requirements
                 and not one.files[0].wrong and one.entry.since <= DAY <= one.entry.until]
        denied = not all(one.entry.holds for one in valid)
        assert after.status == ("fail" if denied else "attested" if before.status == "manual" and valid
                                else before.status)
        assert after.status != "pass" or before.requirement.reach == "evidenced"


def test_on_the_command_line(folder) -> None:
    (folder / "people" / "ours.yaml").write_text(GOOD)
    taken = snapshot().write(folder / "store")
    asked = ("evaluate", taken, "-f", "ours", "--controls", folder / "controls",
             "--attestations", folder / "people")
    done = auditkit(*asked, "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {each["id"]: each["status"] for each in document["requirements"]} == {
        "people": "attested", "both": "manual", "shown": "pass"}
    [attestation] = document["frameworks"][0]["attestations"]
    assert attestation["by"] == "Jane Roe, CISO"
    assert hashlib.sha256(b"signed").hexdigest() in attestation["files"]
    text = auditkit(*asked)
    assert "attested" in text.stdout and "1 attested" in text.stderr
    (folder / "people" / "signatures.pdf").unlink()
    assert "ours.yaml, line 3: attestation file missing: signatures.pdf" in auditkit(*asked).stderr
    (folder / "people" / "ours.yaml").write_text(GOOD.replace("[people]", "[peopel]"))
    wrong = auditkit(*asked)
    assert wrong.returncode == 2 and wrong.stdout == ""
    assert "did you mean people" in wrong.stderr and "line 3" in wrong.stderr
