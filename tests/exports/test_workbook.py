"""Workpapers: a workbook that an auditor can work in, and whose numbers are those of the evaluation."""

import csv
import io

import openpyxl
import pandas as pd
import pytest
from command_line import auditkit

from auditkit.api import evaluating
from auditkit.exports.columns import Column
from auditkit.exports.sheets import LONG, MOST_CHARACTERS, workbook
from auditkit.exports.tables import write_tables
from auditkit.exports.workbook import workpapers
from auditkit.people.conclusions import RESULTS


@pytest.fixture(scope="module")
def judged(acme):
    return evaluating.evaluate(acme, "soc2")


@pytest.fixture(scope="module")
def papers(judged):
    return workpapers(judged)


@pytest.fixture(scope="module")
def book(papers):
    return openpyxl.load_workbook(io.BytesIO(papers))


def rows(sheet) -> list[dict]:
    head, *found = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in found]


def drawn(columns, frames, **options):
    content = workbook(lambda book: book.table("Data", columns, frames), title="t", **options)
    return openpyxl.load_workbook(io.BytesIO(content))


def test_the_same_evaluation_gives_the_same_bytes(judged, papers):
    assert workpapers(judged) == papers


def test_the_numbers_are_those_of_the_evaluation(judged, book):
    assert len(rows(book["Tests"])) == len(judged.verdicts())
    assert len(rows(book["Exceptions"])) == len(judged.verdicts("fail"))
    shown = {row["id"]: (row["status"], row["failed"], row["unknown"]) for row in rows(book["Requirements"])}
    frame = judged.requirements
    assert shown == {row.id: (row.status.replace("_", " "), row.failed, row.unknown) for row in frame.itertuples()}


def test_pandas_reads_texts_as_they_are_the_way_the_guide_says():
    """Without these options, 1.1 and 1.10 are one number to pandas, and "NA" is missing."""
    table = pd.DataFrame({"id": ["1.1", "1.10"], "answer": ["NA", "no"]})
    content = workbook(lambda book: book.table("Tests", [Column("id", "its identifier"), Column("answer", "its answer")], [table]), title="t")
    found = pd.read_excel(io.BytesIO(content), sheet_name="Tests", dtype=str, keep_default_na=False)
    assert found.to_dict("list") == {"id": ["1.1", "1.10"], "answer": ["NA", "no"]}


def test_a_sheet_filters_keeps_its_heading_and_offers_the_results(book):
    sheet = book["Requirements"]
    assert (sheet.freeze_panes, sheet.print_title_rows, sheet.page_setup.orientation) == ("D2", "$1:$1", "landscape")
    assert sheet.auto_filter.ref == sheet.dimensions
    choices = [each.formula1 for each in sheet.data_validations.dataValidation if each.type == "list"]
    assert choices == [f'"{",".join(RESULTS)}"']


def test_no_cell_is_a_formula_and_control_characters_are_written_out():
    hostile = ["=1+1", "+1", "-1", "@x", "a\x00b\x1b", "\ud800"]
    sheet = drawn([Column("a", "")], [pd.DataFrame({"a": hostile}, dtype=object)])["Data"]
    assert [cell.data_type for cell in sheet["A"]] == ["s"] * 7
    assert [cell.value for cell in sheet["A"]][1:] == ["'=1+1", "'+1", "'-1", "'@x", "a\\u{0}b\\u{1b}", "\\u{d800}"]


def test_a_table_longer_than_a_sheet_goes_on_in_the_next_and_says_so():
    book = drawn([Column("a", "")], [pd.DataFrame({"a": list("abcdefg")})], most_rows=5)
    assert book.sheetnames == ["Data", "Data (2)", "Data (3)"]
    found = [[cell.value for cell in sheet["A"]] for sheet in book]
    assert found == [["a", "a", "b", "c", "Continued in the sheet Data (2)."],
                     ["a", "d", "e", "f", "Continued in the sheet Data (3)."], ["a", "g"]]


@pytest.mark.parametrize("text", ["x" * 40_000, "\N{GRINNING FACE}" * 20_000])
def test_a_text_longer_than_a_cell_is_whole_in_another_sheet(text):
    book = drawn([Column("a", "")], [pd.DataFrame({"a": [text]})])
    assert "".join(row["content"] for row in rows(book[LONG])) == text
    assert all(len(cell.value.encode("utf-16-le")) // 2 <= MOST_CHARACTERS
               for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str))


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_tables_have_the_same_bytes_each_time(judged, tmp_path, format):
    first, again = (write_tables(judged, tmp_path / name, format) for name in "ab")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in again]


def test_parquet_has_every_verdict_and_the_meaning_of_each_column(judged, tmp_path):
    files = {path.stem: path for path in write_tables(judged, tmp_path, "parquet")}
    found = pd.read_parquet(files["soc2-verdicts"])
    assert found["verdict"].value_counts().to_dict() == judged.verdicts()["verdict"].value_counts().to_dict()
    assert pd.read_parquet(files["soc2-columns"])["meaning"].ne("").all()


def test_a_sample_of_ours_fills_its_sheet_and_its_notes_are_no_items(acme, tmp_path):
    taken = acme.apart().write(tmp_path / "store")
    sampled = auditkit("sample", taken, "--population", "findings", "--size", 3, "--seed", "Roe", "--format", "csv",
                       "--output", tmp_path / "sample.csv")
    assert sampled.returncode == 0, sampled.stderr
    with_notes = list(csv.DictReader(io.StringIO((tmp_path / "sample.csv").read_text("utf-8"))))
    notes = [row["reason"] for row in with_notes if row["how"] == "note"]
    assert len(with_notes) == 3 + len(notes) and notes
    done = auditkit("workpapers", taken, "-f", "soc2", "--sample", tmp_path / "sample.csv", "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    book = openpyxl.load_workbook(done.stdout.strip())
    assert book["Sample"].max_row == 1 + 3
    cover = [str(cell.value) for row in book["Cover"].iter_rows() for cell in row if cell.value]
    assert any("3 items of sample.csv" in said for said in cover)
    assert all(any(note in said for said in cover) for note in notes)


def test_a_sample_that_is_no_table_is_a_sentence(tmp_path):
    (tmp_path / "sample.csv").write_bytes(b"\xff\xfe\x00")
    done = auditkit("workpapers", "demo", "-f", "soc2", "--sample", tmp_path / "sample.csv", "--output", tmp_path)
    assert done.returncode == 2 and "cannot be read as a sample" in done.stderr
