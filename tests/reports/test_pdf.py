"""The PDF: an archive's file that people and screen readers can read, with the evidence attached."""

import builtins
import re
import subprocess
import sys
from pathlib import Path

import plotly.graph_objects as plotly
import pypdf
import pytest
from report_worlds import executed, judged, pod

from auditkit.errors import MissingDependency, UsageError
from auditkit.reports import show
from auditkit.reports.page import pdf
from auditkit.reports.page.document import document
from auditkit.reports.panels.block import ROWS
from auditkit.tables import RESOURCES
from tests.reports.test_page import EVIL, everything


def printed(*cells: object) -> pypdf.PdfReader:
    from io import BytesIO

    return pypdf.PdfReader(BytesIO(pdf.paper(document(executed(*cells), "house"))))


def words(reader: pypdf.PdfReader, pages: slice = slice(None)) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader.pages[pages]).split())


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> pypdf.PdfReader:
    evaluation = judged(pod("bad", privileged=True), pod("good"), services="forbidden")
    evaluation.snapshot.write(tmp_path_factory.mktemp("store"))
    return printed(*everything(evaluation))


def test_the_cover_says_which_cluster_when_by_whom_how_complete(house: pypdf.PdfReader) -> None:
    cover = words(house, slice(0, 1))
    for said in ("House", "House rules, version 3", "acme", "v1.36.2", "2026-01-02 03:04:05 UTC",
                 "read by jane (groups: auditors), with auditkit 0.1.0, from context acme", "The source services was not read",
                 f"{len(RESOURCES) + 1} of {len(RESOURCES) + 2} sources were read completely; 1 incomplete"):
        assert said in cover, said
    assert re.search(r"[0-9a-f]{64}", cover)


def test_the_answer_on_the_cover_then_the_contents(house: pypdf.PdfReader) -> None:
    cover = words(house, slice(0, 1))
    assert "2 fail 0 exception noted 0 unknown 1 manual" in cover
    for said in ("What was examined.", "What was found. 2 of 3 requirements fail. None passes.",
                 "1 of 2 containers runs privileged: shop/bad", "What could not be examined. ", "What to do next. "):
        assert said in cover, said
    assert re.search(r"Contents Answer[ .]*2", words(house, slice(1, 2)))


def test_every_page_but_the_cover_has_its_number(house: pypdf.PdfReader) -> None:
    total = len(house.pages)
    assert "Page 1 of" not in words(house, slice(0, 1))
    for number in range(1, total):
        assert f"Page {number + 1} of {total}" in words(house, slice(number, number + 1))


def test_every_requirement_what_was_found_whose_it_is_and_what_to_ask_for(house: pypdf.PdfReader) -> None:
    said = words(house)
    for part in ("fail 1.1 No privileges Level 1 1/2", "fail 1.2 No privileges, again 1/2", "manual 2.1 Somebody is in charge",
                 "1 of 2 containers runs privileged. 1 pass, 1 fail of 2 containers. Remedy:", "In: shop Owners: Pod bad",
                 "1.1, 1.2", "The chart manual: Who is in charge", "the server said no"):
        assert part in said, part
    assert not re.search(r"\d\s*%", said)


def test_it_is_tagged_and_marked_for_archives_and_for_everybody(house: pypdf.PdfReader) -> None:
    root = house.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/StructTreeRoot"] and root["/Lang"] == "en"
    metadata = root["/Metadata"].get_object().get_data().decode()
    assert 'pdfaid:part="3"' in metadata and 'pdfaid:conformance="A"' in metadata
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata


def test_bookmarks_lead_to_each_requirement(house: pypdf.PdfReader) -> None:
    def titles(outline: list) -> list[str]:
        return [title for entry in outline for title in (
            titles(entry) if isinstance(entry, list) else [entry.title])]

    assert any("1.1 No privileges" in title for title in titles(house.outline))


def test_the_evidence_is_attached(house: pypdf.PdfReader) -> None:
    import hashlib

    files = {name: content[0] for name, content in house.attachments.items()}
    assert set(files) == {"seal.json", "manifest.json", "requirements.csv", "verdicts.csv", "ledger.csv", "checks.csv",
                          "failures.csv", "gaps.csv", "objects.csv", "crosswalk.csv", "dictionary.csv"}
    assert hashlib.sha256(files["manifest.json"]).hexdigest() in words(house, slice(0, 1))
    rows = files["verdicts.csv"].decode().splitlines()
    assert len(rows) == 1 + 2 * 2, "two requirements, two containers"
    assert rows[0] == "requirement,check,severity,verdict,kind,namespace,name,container,owner,team,seen,wanted,reason,accepted"
    assert len(files["requirements.csv"].decode().splitlines()) == 1 + 3


def test_what_is_not_printed_is_named_with_the_attachments_that_have_all_of_it(house: pypdf.PdfReader) -> None:
    said, files = words(house), {name: content[0].decode() for name, content in house.attachments.items()}
    assert "Each (checks.csv, verdicts.csv, failures.csv)" in said and "privileged is not set" not in said
    assert "privileged is not set" in files["checks.csv"] and "controls the node" in files["checks.csv"]
    assert "privileged=true" in files["verdicts.csv"] and "Evidence to request" not in said
    assert "the server said no" in files["ledger.csv"] and "containers" in files["dictionary.csv"]


def test_a_table_that_the_seal_does_not_name_is_not_attached_and_says_where_it_is_whole(house: pypdf.PdfReader) -> None:
    assert "All 2 rows with all columns: in the executed notebook" in words(house)


def test_a_table_of_the_evidence_is_attached_whole() -> None:
    evaluation = judged(*[pod(f"p{number}") for number in range(30)])
    shown = show.table(evaluation.snapshot.pods[["namespace", "name"]], "Pods")
    reader = printed("# House", show.summary(evaluation), shown, show.evidence(evaluation, shown))
    assert "20 of 30 rows shown" in words(reader) and "All 30 rows: pods.csv" in words(reader)
    assert len(reader.attachments["pods.csv"][0].decode().splitlines()) == 31
    with pytest.raises(UsageError, match=r"Two attachments of the report are called pods\.csv"):
        show.evidence(evaluation, shown, shown)


def test_ten_thousand_failures_do_not_swell_it() -> None:
    evaluation = judged(*[pod(f"=web-{number}", privileged=True) for number in range(10_000)])
    reader = printed(show.details(evaluation), show.evidence(evaluation))
    assert f"The table shows {ROWS['paper']} of 10,000 subjects, failing subjects first." in words(reader)
    assert len(reader.pages) < 8
    rows = reader.attachments["verdicts.csv"][0].decode().splitlines()
    assert len(rows) == 1 + 20_000
    assert all(row.split(",")[6].startswith("'=web-") for row in rows[1:])


def test_hostile_text_is_text_that_a_font_can_draw() -> None:
    evaluation = judged(pod(f"p{EVIL}\U000f0000日本語", image=f"{EVIL}\U00013000", privileged=True), cluster=EVIL)
    said = words(printed("# House", *everything(evaluation)[1:]))
    assert "<script>alert(1)</script>" in said and "\\u{202e}" in said
    assert "\\u{f0000}" in said
    assert not [char for char in said if not char.isprintable()]


def test_a_process_that_looked_for_glyphs_ends_well_though_pango_is_unloaded_first() -> None:
    done = subprocess.run([sys.executable, "-c", """
import os
from weasyprint.text import ffi as native
from auditkit.reports.panels import glyphs
assert glyphs.drawable("\\U000f0000") == "\\\\u{f0000}"
for library in ("harfbuzz_subset", "harfbuzz", "fontconfig", "pangoft2", "pango"):
    native.ffi.dlclose(getattr(native, library))
glyphs._layout.cache_clear()
os._exit(0)  # what WeasyPrint itself keeps is not the subject
"""], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_is_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it opened a connection"))
    opened = builtins.open
    monkeypatch.setattr(builtins, "open", lambda path, *rest, **named: pytest.fail("it read a file") if "passwd" in str(path)
                        else opened(path, *rest, **named))
    printed({"text/html": "<img src='http://127.0.0.1:9/x.png'><img src='file:///etc/passwd'>"
                          "<table style='background: url(http://127.0.0.1:9/)'><tr><td>x</td></tr></table>"},
            "![p](file:///etc/passwd)")


def test_a_figure_without_a_static_form_gets_a_note() -> None:
    figure = plotly.Figure(plotly.Bar(x=["a"], y=[1]), layout={"title": {"text": "Mine"}})
    said = words(printed("# House", {"application/vnd.plotly.v1+json": figure.to_plotly_json()}))
    assert "The HTML page has an interactive figure here: Mine." in said


def test_a_notebook_without_our_blocks() -> None:
    table = "<table class='dataframe'><tr>" + "".join(f"<th>column {number}</th>" for number in range(30)) + "</tr></table>"
    reader = printed("# Mine\n\nHello.", "# Another\n\n#### Deep", {"text/html": table}, {"text/plain": "\x1b[31mred\x1b[0m"})
    said = words(reader)
    assert "Hello." in said and "The PDF shows 12 of 30 columns" in said and "red" in said
    assert "column 11" in said and "column 12" not in said


@pytest.mark.parametrize("error", [OSError("cannot load library 'libpango-1.0-0'"), ImportError("x", name="weasyprint")])
def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, error: Exception, tmp_path: Path) -> None:
    imported = builtins.__import__

    def broken(name: str, *rest: object, **named: object) -> object:
        if name == "weasyprint":
            raise error
        return imported(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", broken)
    wanted = "libpango-1.0-0 libpangoft2-1.0-0.*brew install pango" if isinstance(error, OSError) else "pip install weasyprint"
    with pytest.raises(MissingDependency, match=wanted):
        printed("# House")
