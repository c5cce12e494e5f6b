"""What holds of every export: the same bytes, harmless text, the numbers of the frames, no pass that is none."""

import json
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import report_worlds
from command_line import auditkit
from export_worlds import hostile, mixed
from scan_worlds import read

import auditkit as package
from auditkit.errors import NoSuchName
from auditkit.exports.formats import FORMATS, find
from auditkit.exports.judged import judged, unsaid
from auditkit.snapshots.snapshot import Snapshot


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_evaluation_gives_the_same_bytes(name: str) -> None:
    assert find(name).encoded(mixed()) == find(name).encoded([mixed()])


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_is_no_control_character_of_the_output(name: str) -> None:
    content = find(name).encoded(hostile())
    assert not set(content.decode()) & set("\x00\x1b\u202e")
    if name != "junit":
        assert content.isascii()


@pytest.mark.parametrize("name", ["sarif", "policyreport", "openreports"])
def test_no_evaluation_is_an_empty_document(name: str) -> None:
    document = json.loads(find(name).encoded([]))
    assert document["runs" if name == "sarif" else "items"] == []


def test_an_unknown_format_is_a_sentence() -> None:
    with pytest.raises(NoSuchName, match="format 'osca'; did you mean oscal"):
        find("osca")


def test_keys_are_different_and_those_of_the_next_snapshot() -> None:
    keys = [verdict.key for each in judged(mixed()) for verdict in each.verdicts()]
    assert len(keys) == len(set(keys)) == 8
    assert set(keys) == {verdict.key for each in judged(mixed(pods="partial")) for verdict in each.verdicts()}


def test_what_no_verdict_says_is_told_apart() -> None:
    assert [unsaid(result) for result in mixed().results] == ["", "", ""]
    assert [unsaid(result) for result in report_worlds.judged(pods="forbidden").results] == ["unknown", "unknown", ""]


def test_the_verb_writes_a_file_and_prints_its_path(acme: Snapshot, tmp_path: Path) -> None:
    place, file = acme.apart().write(tmp_path / "store"), tmp_path / "results.sarif"
    done = auditkit("export", place, "-f", "pss-baseline", "--format", "sarif", "-o", file)
    assert (done.returncode, done.stdout) == (0, f"{file}\n")
    assert file.read_bytes() == package.export(place, "sarif", ["pss-baseline"])


def test_the_verb_prints_the_document_and_refuses_what_is_no_format() -> None:
    done: subprocess.CompletedProcess[str] = auditkit("export", "demo", "-f", "pss-baseline", "--format", "junit")
    assert done.returncode == 0 and done.stdout.startswith("<?xml")
    wrong = auditkit("export", "demo", "--format", "xlsy")
    assert wrong.returncode == 2 and "There is no format 'xlsy'" in wrong.stderr


@pytest.mark.parametrize("name", ["sarif", "policyreport", "openreports"])
def test_results_of_auditkit_are_no_evidence_for_auditkit(name: str, tmp_path: Path) -> None:
    file = tmp_path / f"own.{'sarif' if name == 'sarif' else 'json'}"
    file.write_bytes(find(name).encoded(mixed()))
    frames, (entry,) = read(file)
    assert len(frames["findings"]) == 0
    assert entry.outcome in ("partial", "failed") and "the results of auditkit itself are no evidence" in entry.reason


def test_tables_are_files_in_a_folder(tmp_path: Path) -> None:
    done = auditkit("export", "demo", "-f", "hipaa", "--format", "parquet", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    written = [Path(line) for line in done.stdout.splitlines()]
    assert {file.name for file in written} >= {"hipaa-verdicts.parquet", "hipaa-ledger.parquet", "hipaa-columns.parquet"}
    assert len(pq.read_table(tmp_path / "hipaa-verdicts.parquet")) == len(package.evaluate("demo", "hipaa").verdicts())


def test_tables_need_a_folder() -> None:
    done = auditkit("export", "demo", "-f", "hipaa", "--format", "csv")
    assert done.returncode == 2
    assert "--format csv writes several files. Give their folder with --output." in done.stderr
