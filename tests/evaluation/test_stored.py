"""Verdicts beside their snapshot: nothing is judged twice, what is read is what was judged, and nothing else is read."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow.parquet as pq
import pytest
from pandas.testing import assert_frame_equal
from replay import ACME_PROD
from report_worlds import PRIVILEGED, pod, snapshot

from auditkit.analysis import DERIVED
from auditkit.api import evaluating, reporting, snapshots
from auditkit.api.options import Options
from auditkit.checks import Check
from auditkit.errors import SnapshotError
from auditkit.evaluation import evaluation as judging
from auditkit.evaluation import stored
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.explain import explain
from auditkit.evaluation.results import Outcome
from auditkit.reports import show
from auditkit.snapshots.snapshot import Snapshot

OTHER = "pss.host_ports"
RULES = f"""
framework: wards
title: W
version: '1'
sections: [{{id: s, title: S}}]
requirements:
  - {{id: A1, section: s, title: T, reach: evidenced, checks: [{PRIVILEGED}]}}
  - {{id: A2, section: s, title: U, reach: evidenced, checks: [{PRIVILEGED}, {OTHER}]}}
  - {{id: A3, section: s, title: V, reach: attested, look_at: the minutes}}
"""
OWN = """
from auditkit.checks import check, judge


@check(severity="high", finding="has a short name")
def named(pods):
    '''Pods have long names.'''
    with open({least!r}) as file:
        return judge(pods, pods["name"].str.len() > int(file.read()), ["name"])
"""
COUNTED = """
import os
from auditkit.evaluation import engine

judge = engine.run


def run(check, snapshot):
    with open(os.environ["JUDGED"], "a") as file:
        file.write(f"{check.name}\\n")
    return judge(check, snapshot)


engine.run = run
"""
ADDED = {"exceptions": """
exceptions:
  - owner: Platform team
    reason: It must.
    compensating_control: Few may write there.
    checks: [pss.privileged, workloads.no_privileged_containers]
    subjects: [{namespace: kube-system, name: "*"}]
    granted: 2026-01-10
    expires: 2026-12-31
""", "attestations": """
attestations:
  - framework: cis-kubernetes
    requirements: [4.1.1, "5.1.1"]
    by: Jane Roe, CISO
    says: We looked.
    since: 2026-02-01
    until: 2027-01-31
"""}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A snapshot of two pods, in a folder."""
    return snapshot(pod("bad", privileged=True), pod("excellent")).write(tmp_path / "store")


@pytest.fixture
def wards(tmp_path: Path, registry: None, write: Callable[[str, str], Path],
          monkeypatch: pytest.MonkeyPatch) -> Callable[..., Evaluation]:
    """Judges a framework of a user's own by checks of auditkit's, and writes down how often."""
    write("rules/wards.yaml", RULES)
    judge = judging.run

    def run(check: Check, snap: Snapshot) -> Outcome:
        with (tmp_path / "judged").open("a") as file:
            file.write(f"{check.name}\n")
        return judge(check, snap)

    monkeypatch.setattr(judging, "run", run)
    return lambda where, **given: evaluating.evaluate(where, "wards", controls=tmp_path / "rules", **given)


def times(folder: Path) -> int:
    """How often one of the checks of the framework ran."""
    return (folder / "judged").read_text().count(PRIVILEGED) if (folder / "judged").exists() else 0


def files(written: Path) -> list[Path]:
    return sorted(file for file in (written.parent / "verdicts").rglob("*.*") if file.suffix != ".json")


def shown(evaluation: Evaluation) -> dict[str, bytes]:
    """What a report shows of an evaluation, as bytes."""
    return {name: msgspec.json.encode(getattr(show, name)(evaluation)._repr_mimebundle_())
            for name in ("summary", "chart", "requirements", "details", "added", "dictionary", "evidence")}


def test_what_is_read_is_what_was_judged(
        acme: Snapshot, tmp_path: Path, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    place = acme.apart().write(tmp_path / "store")
    added = {name: write(f"{name}.yaml", text) for name, text in ADDED.items()}
    fresh = evaluating.evaluate(place, "cis-kubernetes", **added)
    monkeypatch.setattr(judging, "run", lambda *_: pytest.fail("it was judged"))
    read = evaluating.evaluate(place, "cis-kubernetes", **added)
    for name in ("requirements", "exceptions", "attestations", "notices", "own"):
        assert_frame_equal(getattr(fresh, name), getattr(read, name))
        assert len(getattr(fresh, name)) or name == "own"
    assert_frame_equal(fresh.verdicts(), read.verdicts())
    assert fresh.statuses == read.statuses and fresh.standard == read.standard and repr(fresh) == repr(read)
    for one, other in zip(fresh.results, read.results, strict=True):
        assert (one.reason, one.severity, one.accepted, one.attestations) == (
            other.reason, other.severity, other.accepted, other.attestations)
        for found, again in zip(one.outcomes, other.outcomes, strict=True):
            assert (found.check, found.missing, found.gaps, found.otherwise, found.stated, found.counts) == (
                again.check, again.missing, again.gaps, again.otherwise, again.stated, again.counts)
            assert found.verdict == again.verdict and len(found) == len(again) and repr(found) == repr(again)
            for verdict in (None, "pass", "fail", "unknown", "not_applicable"):
                assert found.positions(verdict).tolist() == again.positions(verdict).tolist()
                assert_frame_equal(found.rows(verdict), again.rows(verdict))
            assert [found.reasons(kind) for kind in ("fail", "unknown")] == [
                again.reasons(kind) for kind in ("fail", "unknown")]
    assert str(explain([fresh], "5.2.2")) == str(explain([read], "5.2.2"))
    assert shown(fresh) == shown(read)


def test_a_table_that_was_read_when_it_was_judged_is_described_and_not_derived_again(
        acme: Snapshot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = acme.apart().write(tmp_path / "store")
    evaluating.evaluate(place, "hipaa")
    monkeypatch.setattr(Snapshot, "_derived", lambda *_: pytest.fail("it was derived"))
    described = {table["name"]: table for table in show.dictionary(evaluating.evaluate(place, "hipaa")).content["tables"]}
    monkeypatch.undo()
    derived = [name for name in described if name in DERIVED]
    assert len(derived) > 10
    for name in derived:
        frame = acme.frame(name)
        assert described[name]["rows"] == len(frame)
        assert [column["name"] for column in described[name]["columns"]] == list(frame)


def test_nothing_is_judged_twice_and_people_are_heard_anew(
        written: Path, wards: Callable[..., Evaluation], tmp_path: Path, write: Callable[[str, str], Path]) -> None:
    assert [wards(written).distrusted for _ in range(3)] == [""] * 3
    assert times(tmp_path) == 1, "one run for two requirements and three evaluations"
    late = wards(written, attestations=write(
        "said.yaml", ADDED["attestations"].replace("cis-kubernetes", "wards").replace('4.1.1, "5.1.1"', "A3")
        .replace("2026-02-01", "2026-01-01").replace("2027-01-31", "2026-12-31")))
    assert [result.status for result in late.results] == ["fail", "fail", "attested"]
    assert times(tmp_path) == 1 and len(files(written)) == 1


def test_a_run_with_its_report_judges_once(tmp_path: Path, write: Callable[[str, str], Path]) -> None:
    write("rules/wards.yaml", RULES)
    write("sitecustomize.py", COUNTED)  # Python runs it at the start of every process, the kernel's too
    done = subprocess.run([
        sys.executable, "-m", "auditkit.cli.main", "run", "--recording", ACME_PROD, "--taken-at", "2026-11-24",
        "--store", tmp_path / "store", "-o", tmp_path / "out", "-f", "wards", "--controls", tmp_path / "rules", "-q"],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "JUDGED": str(tmp_path / "judged")})
    assert done.returncode == 0, done.stderr
    assert times(tmp_path) == 1, "the kernel of the notebook reads what the command line judged"
    assert "stored" not in done.stderr and (tmp_path / "out").is_dir()


def test_a_snapshot_that_lies_nowhere_is_written_before_it_is_judged(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditkit.cli import reporting as verbs
    from auditkit.reports.kernels import later

    seen: list[int] = []
    monkeypatch.setattr(reporting, "begin_report", lambda snap, *_, **__: seen.append(len(files(snap.path))) or later(list))
    verbs._report(snapshot(pod("a")), ["pss-baseline"], tmp_path / "out", True, Options())
    assert seen == [1], "the verdicts are there when the kernel starts"


def test_a_framework_that_changed_is_judged_anew(
        written: Path, wards: Callable[..., Evaluation], write: Callable[[str, str], Path]) -> None:
    assert wards(written).results[0].status == "fail"
    write("rules/wards.yaml", RULES.replace(f"checks: [{PRIVILEGED}]", "checks: [pss.host_ports]"))
    assert wards(written).results[0].status == "pass"


def test_a_check_of_ones_own_is_asked_each_time(
        written: Path, wards: Callable[..., Evaluation], tmp_path: Path, write: Callable[[str, str], Path]) -> None:
    """It may read what no digest tells: another file, the time, the environment."""
    write("least", "5")
    own = write("own.py", OWN.format(least=str(tmp_path / "least")))
    write("rules/wards.yaml", RULES.replace(f"[{PRIVILEGED}, {OTHER}]", "[own.named]"))
    assert [wards(written, checks=own).results[1].count("fail") for _ in range(2)] == [1, 1]
    write("least", "20")
    assert wards(written, checks=own).results[1].count("fail") == 2
    assert files(written) == [] and times(tmp_path) == 3


@pytest.mark.parametrize("spoil", [
    lambda content: content[:-1], lambda content: content[:40] + b"!" + content[41:], lambda content: b"",
    lambda content: content[:-30] + b"!" + content[-29:], lambda content: content + b"!"])
def test_a_damaged_file_is_judged_anew_and_mended(
        written: Path, wards: Callable[..., Evaluation], tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    first = wards(written)
    [file] = files(written)
    whole = file.read_bytes()
    file.write_bytes(spoil(whole))
    again = wards(written)
    assert str(file) in again.distrusted and "judged anew" in again.distrusted
    assert_frame_equal(first.verdicts(), again.verdicts())
    assert times(tmp_path) == 2 and file.read_bytes() == whole
    assert wards(written).distrusted == "" and times(tmp_path) == 2


def test_a_forged_pass_is_not_believed(
        written: Path, wards: Callable[..., Evaluation], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wards(written)
    [file] = files(written)
    table = pq.read_table(file)
    passed = table.set_column(table.column_names.index("verdict"), "verdict", [["pass"] * table.num_rows])
    with monkeypatch.context() as elsewhere:  # whoever does it seals it as well as they can
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
        pq.write_table(passed, file)
        content = file.read_bytes()
        file.unlink()
        forged = file.with_name(f"{file.stem.partition('-')[0]}-{stored.seal(content)[:32]}.parquet")
        forged.write_bytes(content)
    judged = wards(written)
    assert [result.status for result in judged.results] == ["fail", "fail", "manual"]
    assert str(forged) in judged.distrusted and times(tmp_path) == 2
    assert wards(written).distrusted == "" and times(tmp_path) == 2, "ours stands beside it now"


def test_verdicts_of_another_snapshot_are_not_believed(
        written: Path, wards: Callable[..., Evaluation], tmp_path: Path) -> None:
    other = snapshot(pod("excellent")).write(tmp_path / "store")
    assert wards(other).results[0].status == "pass" and wards(written).results[0].status == "fail"
    [good] = (stored.folder(snapshots.open(other)) or Path()).glob("*.parquet")
    [bad] = (stored.folder(snapshots.open(written)) or Path()).glob("*.parquet")
    bad.with_name(f"{bad.stem.partition('-')[0]}-{good.stem.partition('-')[2]}.parquet").write_bytes(good.read_bytes())
    bad.unlink()
    judged = wards(written)
    assert judged.results[0].status == "fail" and "judged anew" in judged.distrusted


def test_an_altered_snapshot_proves_nothing_though_it_was_judged(
        written: Path, wards: Callable[..., Evaluation]) -> None:
    wards(written)
    file = written / "pods.parquet"
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(SnapshotError, match=r"pods\.parquet was changed after collection"):
        wards(written)


def test_a_store_that_cannot_be_written_is_judged(
        written: Path, wards: Callable[..., Evaluation], tmp_path: Path) -> None:
    (written.parent / "verdicts").write_text("no folder")
    assert [wards(written).results[0].status for _ in range(2)] == ["fail", "fail"]
    assert times(tmp_path) == 2


def test_without_a_place_for_the_key_nothing_is_stored(
        written: Path, wards: Callable[..., Evaluation], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert wards(written).results[0].status == "fail" and files(written) == []


def test_pandas_alone_reads_it(written: Path, wards: Callable[..., Evaluation]) -> None:
    digest = wards(written).snapshot.digest
    [file] = files(written)
    frame = pd.read_parquet(file)
    assert file.parent.name == frame.attrs["basis"]["snapshot"] == digest
    assert frame.drop(columns="requirements").fillna("").values.tolist() == [
        [0, PRIVILEGED, "Pod", "shop", "bad", "main", "fail", *["type=regular, image=nginx, privileged=true"] * 2],
        [0, PRIVILEGED, "Pod", "shop", "excellent", "main", "pass", *["type=regular, image=nginx, privileged=false"] * 2],
        [1, OTHER, "Pod", "shop", "bad", "", "pass", "", ""],
        [1, OTHER, "Pod", "shop", "excellent", "", "pass", "", ""]]
    assert [list(each) for each in frame["requirements"]] == [["A1", "A2"]] * 2 + [["A2"]] * 2
    assert [(each["id"], each["status"], each["outcomes"]) for each in frame.attrs["requirements"]] == [
        ("A1", "fail", [0]), ("A2", "fail", [0, 1]), ("A3", "manual", [])]
    assert frame.attrs["requirements"][0]["reason"]["found"] == "1 of 2 containers runs privileged: shop/bad"
    assert [each["rows"] for each in frame.attrs["outcomes"]] == [2, 2]
