"""`auditkit conclude`."""

from pathlib import Path

import openpyxl
import pytest
from command_line import auditkit

from auditkit.people import conclusions
from auditkit.people.conclusions import SHEET


@pytest.fixture(scope="module")
def taken(acme, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return acme.apart().write(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def workbook(taken: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workpapers of SOC 2 on a snapshot, in which an auditor has concluded on one requirement."""
    done = auditkit("workpapers", taken, "-f", "soc2", "-o", tmp_path_factory.mktemp("papers"))
    assert done.returncode == 0, done.stderr
    path = Path(done.stdout.strip())
    book = openpyxl.load_workbook(path)
    places = {cell.value: cell.column for cell in book[SHEET][1]}
    for heading, value in {"tested by": "Jane Roe", "tested on": "2026-12-01", "result": "exception noted"}.items():
        book[SHEET].cell(2, places[heading]).value = value
    book.save(path)
    return path


def test_a_template_has_each_requirement_and_is_refused_until_it_is_filled_in(taken: Path, tmp_path: Path) -> None:
    file = tmp_path / "conclusions.yaml"
    done = auditkit("conclude", taken, "-f", "soc2", "-o", file)
    assert (done.returncode, done.stdout) == (0, f"{file}\n"), done.stderr
    assert file.read_text().count("- framework: soc2") == 61
    used = auditkit("workpapers", taken, "-f", "soc2", "--conclusions", file, "-o", tmp_path)
    assert used.returncode == 2 and "conclusions.yaml, line" in used.stderr


def test_conclusions_are_read_from_workpapers_and_stand_in_the_next(taken: Path, workbook: Path,
                                                                    tmp_path: Path) -> None:
    file = tmp_path / "conclusions.yaml"
    done = auditkit("conclude", "--from", workbook, "-o", file)
    assert (done.returncode, done.stdout) == (0, f"{file}\n") and "60 requirements without a conclusion" in done.stderr
    [found] = conclusions.read(file)
    assert (found.entry.tested_by, found.entry.result) == ("Jane Roe", "exception noted")
    again = auditkit("workpapers", taken, "-f", "soc2", "--conclusions", file, "-o", tmp_path)
    assert again.returncode == 0 and "Jane Roe" in [
        cell.value for cell in openpyxl.load_workbook(again.stdout.strip())[SHEET][2]]


def test_a_file_is_never_overwritten(workbook: Path, tmp_path: Path) -> None:
    file = tmp_path / "conclusions.yaml"
    file.write_text("mine")
    for words in (["demo", "-f", "soc2"], ["--from", workbook]):
        done = auditkit("conclude", *words, "-o", file)
        assert done.returncode == 2 and "exists already, and is not overwritten" in done.stderr
    assert file.read_text() == "mine"


@pytest.mark.parametrize("words", [[], ["demo"], ["demo", "--from", "x.xlsx"], ["demo", "-f", "soc2", "--from", "x.xlsx"],
                                   ["-f", "soc2", "--from", "x.xlsx"]])
def test_it_needs_a_snapshot_and_a_framework_or_workpapers(words: list[str], tmp_path: Path) -> None:
    done = auditkit("conclude", *words, "-o", tmp_path / "c.yaml")
    assert done.returncode == 2 and "auditkit conclude --from WORKBOOK.xlsx" in done.stderr
