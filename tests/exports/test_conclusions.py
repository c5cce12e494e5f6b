"""Files of conclusions: a template that is refused until it is filled in, and what an auditor filled into workpapers."""

import datetime as dt
import io
import sys
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_worlds import judged, pod

from auditkit.base.hostile_text import visible
from auditkit.errors import AuditkitError, DefinitionError, MissingDependency, UsageError
from auditkit.evaluation.conclusions import Carried
from auditkit.exports.conclusions import _encoded, of_workpapers, template
from auditkit.exports.workbook import workpapers
from auditkit.framework.definition import DIGITS, definition
from auditkit.people import conclusions
from auditkit.people.conclusions import COVER, RESULTS, SHEET, TO_FILL

OURS = """
framework: house
title: House rules
version: '3'
sections: [{id: '1', title: Pods}, {id: '2', title: People}]
requirements:
  - {id: '1.1', section: '1', title: No privileges, reach: attested, look_at: x}
  - {id: '1.2', section: '1', title: No privileges, reach: attested, look_at: x}
  - {id: '2.1', section: '2', title: Somebody, reach: attested, look_at: x}
"""
ROE = {"tested by": "Jane Roe", "tested on": dt.date(2026, 2, 1), "result": "operated"}


@pytest.fixture(scope="module")
def evaluation():
    return judged(pod("bad", privileged=True), pod("good"))


@pytest.fixture(scope="module")
def papers(evaluation) -> bytes:
    return workpapers(evaluation)


@pytest.fixture
def own(write) -> Path:
    return write("own/house.yaml", OURS).parent


@pytest.fixture
def filled(papers, tmp_path):
    """Workpapers that somebody filled in: values by address in the sheet, or by row and heading."""

    def made(*rows: dict, sheet: str = SHEET, cells: dict | None = None, content: bytes | None = None) -> Path:
        book = openpyxl.load_workbook(io.BytesIO(content or papers))
        places = {value.value: value.column for value in book[SHEET][1]}
        for number, row in enumerate(rows, 2):
            for heading, value in row.items():
                book[SHEET].cell(number, places[heading]).value = value
        for address, value in (cells or {}).items():
            book[sheet][address].value = value
        book.save(tmp_path / "papers.xlsx")
        return tmp_path / "papers.xlsx"

    return made


def entries(content: bytes, folder: Path, own: Path) -> list[conclusions.ConclusionEntry]:
    (folder / "read.yaml").write_bytes(content)
    return [each.entry for each in conclusions.read(folder / "read.yaml", own)]


def address(path: Path, heading: str, row: int) -> str:
    sheet = openpyxl.load_workbook(path)[SHEET]
    return next(f"{SHEET}!{each.column_letter}{row}" for each in sheet[1] if each.value == heading)


def test_a_template_is_refused_until_each_entry_is_filled_in(evaluation, write, own):
    text = template(evaluation).decode()
    assert text.count("- framework: house") == len(evaluation.results) == 3
    with pytest.raises(DefinitionError, match="tested_by"):
        conclusions.read(write("conclusions.yaml", text), own)
    text = text.replace("tested_by:\n", "tested_by: Jane Roe\n").replace("result:\n", "result: operated\n")
    with pytest.raises(DefinitionError, match="tested_on"):
        conclusions.read(write("conclusions.yaml", text), own)
    text = text.replace("tested_on:\n", "tested_on: 2026-02-01\n")
    found = conclusions.read(write("conclusions.yaml", text), own)
    assert [each.entry.requirement for each in found] == ["1.1", "1.2", "2.1"]
    assert {each.spoken_of for each in found} == {evaluation.snapshot.digest}
    assert [each.entry.definition for each in found] == [
        definition(each.requirement)[:DIGITS] for each in evaluation.results]
    assert list(Carried(evaluation, found).current) == ["1.1", "1.2", "2.1"]


def test_the_name_of_a_cluster_cannot_write_into_a_template(write):
    hostile = judged(pod("good"), cluster="x\nconclusions: [{}]\u2028# \u202e", title="T\n- framework: other")
    lines = template(hostile).decode().splitlines()
    assert "\\u{a}conclusions" in lines[0] and lines.count("conclusions:") == 1
    assert sum(line.startswith("- framework:") for line in lines) == 3


def test_rows_that_a_filter_hides_are_read(filled, tmp_path, own):
    """Spreadsheets save a filter as hidden rows; readers that leave them out lose what was filled in."""
    path = filled(ROE, {**ROE, "result": "not operated"})
    book = openpyxl.load_workbook(path)
    book[SHEET].auto_filter.ref = book[SHEET].dimensions
    book[SHEET].row_dimensions[3].hidden = True
    book.save(path)
    content, without = of_workpapers(path, own)
    assert [(each.requirement, each.result) for each in entries(content, tmp_path, own)] == [
        ("1.1", "operated"), ("1.2", "not operated")]
    assert without == 1


def test_what_was_filled_in_is_read_with_the_digests_of_the_workpapers(evaluation, filled, tmp_path, own):
    path = filled({**ROE, "sample": 25, "remark": "Ärger\nand more", "sign off": dt.date(2026, 2, 2)}, {"remark": " "},
                  {**ROE, "tested on": "2026-02-03", "result": "Not Operated", "conclusion": "'=odd"})
    content, without = of_workpapers(path, own)
    one, other = entries(content, tmp_path, own)
    assert without == 1 and content == of_workpapers(path, own)[0]
    assert (one.framework, one.requirement, one.tested_by, one.tested_on, one.result) == (
        "house", "1.1", "Jane Roe", dt.date(2026, 2, 1), "operated")
    assert (one.sample, one.remark, one.sign_off) == ("25", "Ärger\nand more", "2026-02-02")
    assert (other.requirement, other.tested_on, other.result, other.conclusion) == (
        "2.1", dt.date(2026, 2, 3), "not operated", "=odd")
    assert one.snapshots == other.snapshots == [evaluation.snapshot.digest]
    assert [one.definition, other.definition] == [
        definition(evaluation.results[place].requirement)[:DIGITS] for place in (0, 2)]


def test_workpapers_that_were_filled_from_a_file_give_the_file_again(evaluation, tmp_path, own, write):
    """Texts that a spreadsheet would take for formulas, of several lines, and longer than a cell."""
    said = {"remark": "=1+1\nline\tand tab", "conclusion": "-" + "\n@x" * 20_000, "sample": "+ 25 of 310"}
    entry = {"framework": "house", "requirement": "1.1", "tested_by": "@roe", "tested_on": dt.date(2026, 2, 1),
             "result": "exception noted", **said, "snapshots": [evaluation.snapshot.digest],
             "definition": definition(evaluation.results[0].requirement)[:DIGITS]}
    given = conclusions.read(write("given.yaml", _encoded([], [("", entry)]).decode()), own)
    (tmp_path / "papers.xlsx").write_bytes(workpapers(evaluation, Carried(evaluation, given)))
    [found] = entries(of_workpapers(tmp_path / "papers.xlsx", own)[0], tmp_path, own)
    assert found == given[0].entry


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_text_in_a_file_is_read_as_it_was(text: str):
    import yaml

    seen = visible(text)
    [found] = yaml.load(_encoded([], [("", {"remark": seen})]), yaml.CSafeLoader)["conclusions"]
    assert found == {"remark": seen}


@pytest.mark.parametrize(("heading", "value", "says"), [
    ("result", "fine", f"'fine' is none of: {', '.join(RESULTS)}"),
    ("result", None, "result is empty, and the row has a conclusion on 1.1"),
    ("result", "=A1", "it is a formula: enter the value itself"),
    ("tested by", " ", "tested by is empty"),
    ("tested on", "1.2.2026", "'1.2.2026' is not a day; write it as 2026-09-30"),
    ("tested on", "46054", "'46054' is not a day"),
    ("tested on", None, "tested on is empty"),
    ("remark", "=1+1", "it is a formula"),
    ("definition", "4c37", "'4c37' is not the digest of a definition"),
    ("id", "9.9", "house has no requirement '9.9'"),
])
def test_a_cell_that_is_not_allowed_is_named(filled, own, heading, value, says):
    path = filled(ROE | {heading: value})
    with pytest.raises(UsageError) as error:
        of_workpapers(path, own)
    assert f"1 cell to correct. {address(path, heading, 2)}: {says}" in str(error.value)


def test_every_cell_that_is_not_allowed_is_named(filled, own):
    with pytest.raises(UsageError) as error:
        of_workpapers(filled({"remark": "x"}, ROE | {"id": "1.1"}, {"reviewed by": "R"} | {"id": "1.1"}), own)
    assert "papers.xlsx: 8 cells to correct." in str(error.value)
    assert "Requirements!A3: Requirements!A2 has 1.1 too; keep one." in str(error.value)


def test_a_text_that_goes_on_elsewhere_must_fit(evaluation, filled, own, tmp_path, write):
    entry = {"framework": "house", "requirement": "1.1", **{key.replace(" ", "_"): value for key, value in ROE.items()},
             "remark": "long " * 10_000, "snapshots": [evaluation.snapshot.digest]}
    given = conclusions.read(write("given.yaml", _encoded([], [("", entry)]).decode()), own)
    content = workpapers(evaluation, Carried(evaluation, given))
    [found] = entries(of_workpapers(filled(content=content), own)[0], tmp_path, own)
    assert found.remark == ("long " * 10_000).strip()
    sheet = openpyxl.load_workbook(io.BytesIO(content))[SHEET]
    [remark] = [each for each in sheet[2] if str(each.value).startswith("long long")]
    path = filled(content=content, cells={remark.coordinate: f"Not so {remark.value}"})
    with pytest.raises(UsageError, match=rf"{remark.coordinate}: its text goes on as L1 of the sheet Long texts"):
        of_workpapers(path, own)


def test_empty_workpapers_have_no_conclusion(filled, own):
    with pytest.raises(UsageError, match="has no conclusion: the auditor's columns of the sheet Requirements are empty"):
        of_workpapers(filled(), own)


@pytest.mark.parametrize(("change", "says"), [
    (lambda book: book.remove(book[SHEET]), "has no sheets Cover and Requirements"),
    (lambda book: book[COVER].delete_rows(1, 90), "has no sheets Cover and Requirements"),
    (lambda book: book[SHEET].delete_rows(1, 60), "has no sheets Cover and Requirements"),
    (lambda book: setattr(book[COVER]["A2"], "value", "Clutter"), "its cover does not say 'Cluster'"),
    (lambda book: setattr(book[SHEET]["A1"], "value", "identifier"), "Requirements has no columns 'id'"),
    (lambda book: setattr(book[SHEET]["B1"], "value", "result"), "Requirements has 2 columns 'result'"),
])
def test_what_are_not_our_workpapers_is_a_sentence(papers, tmp_path, own, change, says):
    book = openpyxl.load_workbook(io.BytesIO(papers))
    change(book)
    book.save(tmp_path / "papers.xlsx")
    with pytest.raises(UsageError, match=says):
        of_workpapers(tmp_path / "papers.xlsx", own)


def test_a_framework_that_is_not_known_is_named_with_its_cell(filled, tmp_path):
    with pytest.raises(UsageError, match=r"papers.xlsx, Cover!B\d+: There is no framework 'house'"):
        of_workpapers(filled(ROE))


def test_a_cover_without_the_digest_of_a_snapshot_is_refused(evaluation, filled, own, papers):
    cover = openpyxl.load_workbook(io.BytesIO(papers))[COVER]
    [place] = [row[1].coordinate for row in cover.iter_rows() if row[1].value == evaluation.snapshot.digest]
    with pytest.raises(UsageError, match=rf"papers.xlsx, Cover!{place}: 'abc' is not the digest of a snapshot"):
        of_workpapers(filled(ROE, sheet=COVER, cells={place: "abc"}), own)


def test_bytes_that_are_no_workbook_are_a_sentence(papers, tmp_path, own):
    path = tmp_path / "papers.xlsx"
    for content in (b"", b"PK\x03\x04", papers[:-200], papers.replace(b"sheet1", b"sheetX"), b"a,b\n"):
        path.write_bytes(content)
        with pytest.raises(AuditkitError, match=r"papers\.xlsx"):
            of_workpapers(path, own)


def test_without_its_reader_a_sentence_says_what_to_install(filled, own, monkeypatch):
    path = filled(ROE)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingDependency, match="needs the package openpyxl: install it"):
        of_workpapers(path, own)


def test_every_column_to_fill_in_is_read(evaluation, filled, own, tmp_path):
    said = {name.replace("_", " "): f"the {name}" for name in TO_FILL if name not in ("tested_on", "result")}
    [found] = entries(of_workpapers(filled(ROE | said), own)[0], tmp_path, own)
    assert {name: getattr(found, name) for name in TO_FILL} == {
        **{name: f"the {name}" for name in TO_FILL}, "tested_on": dt.date(2026, 2, 1), "result": "operated"}
