"""Attestations: what people say is told as theirs, and is never a pass."""

import datetime as dt
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import given
from worlds import arrow

from auditkit import api, attestations, tables
from auditkit.attestations import Attestation, Evidence, Written
from auditkit.checks.model import BOOLEAN, Check, judge
from auditkit.controls import Framework, Requirement, Section
from auditkit.entries import Origin
from auditkit.errors import ControlError
from auditkit.evaluation import Evaluation, Result, run, status_of
from auditkit.ledger import Entry
from auditkit.snapshot import Manifest, Snapshot

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
              for name in (*tables.RESOURCES, "discovery", "kubelets", "controlplane")]
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
        return api.evaluate(snapshot(privileged), "ours", controls=folder / "controls",
                            attestations=folder / "people")

    return judge_by


def statuses(evaluation: Evaluation) -> dict[str, str]:
    return evaluation.requirements.set_index("id")["status"].to_dict()


def test_a_manual_requirement_becomes_attested_and_says_by_whom(judged) -> None:
    found = judged()
    assert statuses(found) == {"people": "attested", "both": "pass", "shown": "pass"}
    reason = found.requirements.set_index("id").loc["people", "reason"]
    assert reason == "Jane Roe, CISO, until 2027-01-31: All staff signed the code of conduct."
    assert found.statuses["attested"] == 1
    kept = found.attestations.iloc[0]
    assert kept["files"] == f"signatures.pdf {hashlib.sha256(b'signed').hexdigest()}"
    assert (kept["requirement"], kept["state"], kept["line"]) == ("people", "valid", 3)
    assert found.notices.empty


def test_without_an_attestation_it_is_manual(folder) -> None:
    found = api.evaluate(snapshot(), "ours", controls=folder / "controls")
    assert statuses(found)["people"] == "manual"
    assert found.attestations.empty and found.exceptions.empty and found.notices.empty


@pytest.mark.parametrize(("privileged", "status"), [(False, "pass"), (True, "fail")])
def test_what_is_shown_partly_keeps_its_status_and_tells_of_the_rest(judged, privileged, status) -> None:
    found = judged(GOOD.replace("[people]", "[both]"), privileged)
    both = found.requirements.set_index("id").loc["both"]
    assert both["status"] == status
    assert "; the rest attested by Jane Roe, CISO, until 2027-01-31: All staff" in both["reason"]
    assert [len(result.attestations) for result in found.results] == [0, 1, 0]


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
    text = GOOD.replace("- signatures.pdf", f"- {{path: signatures.pdf, sha256: {digest}}}")
    assert statuses(judged(text))["people"] == "attested"
    (folder / "people" / "signatures.pdf").write_bytes(b"signed by nobody")
    found = judged(text)
    assert statuses(found)["people"] == "manual"
    assert found.notices.loc[0, "kind"] == "attestation file changed"
    assert hashlib.sha256(b"signed by nobody").hexdigest() in found.notices.loc[0, "what"]


def test_of_another_framework(judged, folder) -> None:
    found = judged(GOOD.replace("framework: ours", "framework: soc2").replace("people", "CC1.1"))
    assert statuses(found)["people"] == "manual"
    assert found.notices.empty and found.attestations.empty


@pytest.mark.parametrize(("old", "new", "line", "says"), [
    ("says:", "says_:", 3, "unknown field `says_`"),
    ("    by: Jane Roe, CISO\n", "", 3, "missing required field `by`"),
    ("    until: 2027-01-31\n", "", 3, "missing required field `until`"),
    ("2027-01-31", "2027-01-32", 8, "2027-01-32 is not a date"),
    ("2027-01-31", "2025-01-31", 3, "ends on 2025-01-31, before it begins"),
    ("2027-01-31", "2027-01-31 10:00:00", 8, "date"),
    ("[people]", "[peopel]", 3, "did you mean people"),
    ("[people]", "[]", 4, "length"),
    ("framework: ours", "framework: oors", 3, "did you mean ours"),
    ("- signatures.pdf", "- {path: signatures.pdf, sha256: ABC}", 10, "regex"),
    ("- signatures.pdf", "- {path: signatures.pdf, sha: abc}", 10, "unknown field `sha`"),
])
def test_a_mistake_is_named_with_file_and_line(folder, old, new, line, says) -> None:
    (folder / "people" / "ours.yaml").write_text(GOOD.replace(old, new))
    with pytest.raises(ControlError) as error:
        attestations.read(folder / "people", folder / "controls")
    assert says in str(error.value)
    assert f"ours.yaml, line {line}" in str(error.value)


GIVEN = st.builds(
    lambda since, until, wrong, requirements: Attestation(
        Written(framework="x", requirements=requirements, by="b", says="s", since=since, until=until),
        Origin("f", 1, "", Path("f")), [Evidence("p", "d", wrong)]),
    since=st.integers(-2, 2).map(lambda days: DAY + dt.timedelta(days)),
    until=st.integers(-2, 2).map(lambda days: DAY + dt.timedelta(days)),
    wrong=st.sampled_from(["", "", "file missing", "file changed"]),
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
        valid = [one for one in given_ if before.requirement.id in one.said.requirements
                 and not one.files[0].wrong and one.said.since <= DAY <= one.said.until]
        assert after.status == ("attested" if before.status == "manual" and valid else before.status)


HERE = Path(__file__).parents[1]


def auditkit(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "auditkit.cli", *map(str, arguments)], capture_output=True,
                          text=True, check=False, cwd=HERE, env={**os.environ, "KUBECONFIG": "/nowhere"})


def test_on_the_command_line(folder) -> None:
    (folder / "people" / "ours.yaml").write_text(GOOD)
    taken = snapshot().write(folder / "store")
    asked = ("evaluate", taken, "-f", "ours", "--controls", folder / "controls",
             "--attestations", folder / "people")
    done = auditkit(*asked, "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert {each["id"]: each["status"] for each in document["requirements"]} == {
        "people": "attested", "both": "pass", "shown": "pass"}
    assert document["attestations"][0]["by"] == "Jane Roe, CISO"
    assert hashlib.sha256(b"signed").hexdigest() in document["attestations"][0]["files"]
    text = auditkit(*asked)
    assert "attested" in text.stdout and "1 attested" in text.stderr
    (folder / "people" / "signatures.pdf").unlink()
    assert "ours.yaml, line 3: attestation file missing: signatures.pdf" in auditkit(*asked).stderr
    (folder / "people" / "ours.yaml").write_text(GOOD.replace("[people]", "[peopel]"))
    wrong = auditkit(*asked)
    assert wrong.returncode == 2 and wrong.stdout == ""
    assert "did you mean people" in wrong.stderr and "line 3" in wrong.stderr
