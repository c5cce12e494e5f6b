"""Re-performance: the figures of a report are computed anew from its snapshot, and each that differs is named."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import auditkit as run
from report_worlds import executed, published

from auditkit.api import evaluating, handing_over, snapshots
from auditkit.errors import SnapshotError, UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.reports import Files, show
from auditkit.reports.page import pdf
from auditkit.reports.page.document import document
from auditkit.reports.reading import read
from auditkit.snapshots.snapshot import Snapshot

HOUSE = """
framework: house
title: House rules
version: "3"
publisher: the house
sections: [{id: "1", title: Workloads}]
requirements:
  - {id: H.1, section: "1", title: Containers have no privileges, level: 1, reach: evidenced,
     checks: [workloads.no_privileged_containers]}
  - {id: H.2, section: "1", title: Nobody has all rights, reach: partly, cannot_show: Who is who,
     ask_next: A list, checks: [access.cluster_admin_only_where_needed, access.no_wildcards]}
  - {id: H.3, section: "1", title: Somebody is in charge, reach: attested, cannot_show: Who, ask_next: The chart}
"""
EXCEPTIONS = """
exceptions:
  - {owner: jane@example.org, reason: an agent needs it, compensating_control: the host is watched, granted: 2026-11-01,
     expires: 2026-12-31, framework: house, requirements: [H.1], subjects: [{namespace: kube-system, name: "*"}]}
"""


class House:
    """A report of a small framework on the recorded cluster, with an exception."""

    def __init__(self, folder: Path, acme: Snapshot):
        self.folder = folder
        (folder / "controls").mkdir()
        (folder / "controls" / "house.yaml").write_text(HOUSE)
        (folder / "accepted.yaml").write_text(EXCEPTIONS)
        self.snapshot = snapshots.open(acme.apart().write(folder / "snapshots"))
        self.evaluation = evaluating.evaluate(self.snapshot, "house", controls=folder / "controls",
                                       exceptions=folder / "accepted.yaml")
        self.files: Files = published(folder, *cells(self.evaluation))

    def pdf(self, name: str, change) -> Path:
        """The PDF of a notebook in which ``change`` changed the blocks."""
        notebook = executed(*cells(self.evaluation))
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                for kind, block in output.data.items():
                    if kind.startswith("application/vnd.auditkit"):
                        change(block)
        path = self.folder / f"{name}.pdf"
        path.write_bytes(pdf.paper(document(notebook, "house")))
        return path


def cells(evaluation: Evaluation) -> list[object]:
    return ["# House", "## Answer", show.summary(evaluation), "## All", show.requirements(evaluation), "## Each",
            show.details(evaluation), "## Findings", show.findings(evaluation), "## Requests", show.requests(evaluation),
            show.added(evaluation), "## Ledger", show.ledger(evaluation.snapshot),
            "## Evidence", show.evidence(evaluation)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> House:
    return House(tmp_path_factory.mktemp("house"), snapshots.demo())


@pytest.mark.parametrize("kind", ["pdf", "notebook"])
def test_a_report_is_the_same_when_it_is_computed_anew(house: House, kind: str) -> None:
    found = handing_over.reperform(getattr(house.files, kind))
    assert found.differences == []
    assert found.verdicts == len(house.evaluation.verdicts())
    assert found.figures > 13 * found.verdicts, "every column of every verdict is a figure"
    assert found.evaluation.statuses == house.evaluation.statuses


def test_it_is_judged_with_the_files_that_the_report_carries(house: House, tmp_path: Path) -> None:
    copy = tmp_path / "report.pdf"
    copy.write_bytes(house.files.pdf.read_bytes())
    found = handing_over.reperform(copy, store=house.folder / "snapshots")
    assert found.same
    assert len(found.evaluation.exceptions) == 1
    assert found.evaluation.exceptions["covers"].item() > 0


def test_stored_verdicts_are_not_believed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def stored(*_: object) -> None:
        raise AssertionError("stored verdicts were read")

    monkeypatch.setattr("auditkit.evaluation.stored.load", stored)
    assert handing_over.reperform(house.files.notebook).same


def _status(block: dict) -> None:
    for row in block.get("rows", ()):
        if block["kind"] == "requirements" and row["id"] == "H.1":
            row["status"] = "pass"


def _number(block: dict) -> None:
    for row in block.get("rows", ()):
        if block["kind"] == "requirements" and row["id"] == "H.2":
            row["failed"] += 1


def _cover(block: dict) -> None:
    if block["kind"] == "summary":
        block["statuses"] = [[name, number + (name == "pass")] for name, number in block["statuses"]]


def _tally(block: dict) -> None:
    if block["kind"] == "findings":
        row = next(row for row in block["rows"] if row["check"] == "workloads.no_privileged_containers")
        row["counts"] = [[verdict, number + 1] for verdict, number in row["counts"]]


def _sentence(block: dict) -> None:
    for part in block.get("answer", ()):
        part["sentences"] = [sentence.replace("65 pods", "64 pods") for sentence in part["sentences"]]


def _owner(block: dict) -> None:
    if block["kind"] == "findings":
        block["rows"][-1]["owners"] = "Deployment innocent"


def _request(block: dict) -> None:
    if block["kind"] == "requests":
        block["rows"][0]["request"] = "Nothing"


@pytest.mark.parametrize(("change", "named"), [
    (_status, "H.1: status"), (_number, "H.2: failing subjects"), (_cover, "requirements with the status pass"),
    (_tally, "H.1 workloads.no_privileged_containers")])
def test_a_figure_of_a_page_that_is_another_is_named_with_its_page(house: House, change, named: str) -> None:
    found = handing_over.reperform(house.pdf("changed", change))
    assert named in {each.what for each in found.differences}
    assert all(each.where.startswith("page ") for each in found.differences)
    assert any(named in said for said in handing_over.report_findings(house.folder / "changed.pdf").wrong)


@pytest.mark.parametrize(("change", "named"), [
    (_sentence, "65 pods and 72 containers"), (_owner, "owners: "), (_request, "request: ")])
def test_a_sentence_of_the_core_that_is_another_is_named(house: House, change, named: str) -> None:
    found = handing_over.reperform(house.pdf("reworded", change))
    assert [each.reported for each in found.differences] == ["not found"]
    assert named in found.differences[0].what


def test_a_paper_with_all_details_and_no_findings_is_compared_by_its_tallies(house: House, tmp_path: Path) -> None:
    path = tmp_path / "full.pdf"
    chosen = [cell for cell in cells(house.evaluation) if getattr(cell, "kind", "") not in ("findings", "requests")]
    path.write_bytes(pdf.paper(document(executed(*chosen), "house")))
    assert handing_over.reperform(path, store=house.folder / "snapshots").differences == []
    assert handing_over.report_findings(path).wrong == []


def test_a_verdict_that_is_another_is_named(house: House, tmp_path: Path) -> None:
    path = tmp_path / "report.ipynb"
    path.write_text(house.files.notebook.read_text().replace('"status": "fail"', '"status": "pass"'))
    found = handing_over.reperform(path, store=house.folder / "snapshots")
    assert {each.where for each in found.differences} >= {"block requirements", "block details"}
    assert {(each.reported, each.computed) for each in found.differences} == {("pass", "fail")}


def test_another_snapshot_and_none_are_refused(house: House, tmp_path: Path) -> None:
    other = snapshots.demo()
    other.manifest.cluster = "other"
    with pytest.raises(SnapshotError, match="is another snapshot"):
        handing_over.reperform(house.files.pdf, snapshot=other.apart().write(tmp_path))
    with pytest.raises(UsageError, match="is not in .* Give its folder with --snapshot"):
        handing_over.reperform(house.files.pdf, store=tmp_path / "empty")


def test_a_changed_table_of_the_snapshot_is_refused(house: House, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / house.snapshot.path.name
    shutil.copytree(house.snapshot.path, copy)
    table = copy / "pods.parquet"
    table.write_bytes(table.read_bytes()[:-1] + b"x")
    with pytest.raises(SnapshotError, match="pods.parquet was changed after collection"):
        handing_over.reperform(house.files.pdf, snapshot=copy)


def test_checks_that_a_report_carries_are_never_run(house: House) -> None:
    def own(block: dict) -> None:
        if block["kind"] == "evidence":
            seal = next(file for file in block["files"] if file["name"] == "seal.json")
            from auditkit.reports.panels.attached import packed, unpack

            content = json.loads(unpack(seal))
            content["given"].append({"kind": "checks", "name": "evil.py", "attachment": "manifest.json",
                                     "sha256": content["files"]["manifest.json"]})
            seal.update(packed("seal.json", "application/json", "", json.dumps(content).encode()))

    with pytest.raises(UsageError, match=r"evil\.py. A report's Python is never run: give the file with --checks"):
        handing_over.reperform(house.pdf("own", own))


def test_the_command_exits_with_0_1_and_2_and_explains_down_to_the_request(house: House) -> None:
    done = run("reperform", house.files.pdf, "--explain", "H.2")
    assert done.returncode == 0, done.stderr
    assert "Every figure is the same." in done.stdout
    assert "Row " in done.stdout and "of binding_subjects: " in done.stdout
    assert "resourceVersion" in done.stdout and "sha256" in done.stdout
    assert run("reperform", house.pdf("other", _number)).returncode == 1
    assert run("reperform", house.files.html).returncode == 2


# What a report shows of itself


def test_a_report_is_verified_by_itself(house: House) -> None:
    for path in (house.files.pdf, house.files.notebook):
        found = handing_over.report_findings(path)
        assert found.wrong == []
        assert len(found.verified) == 2
        assert any("give --store" in said for said in found.unverified)


def test_with_a_store_every_figure_is_computed_anew(house: House) -> None:
    found = handing_over.report_findings(house.files.pdf, house.folder / "snapshots")
    assert found.wrong == []
    assert any("computed anew" in said for said in found.verified)


def test_every_changed_byte_of_a_pdf_is_found(house: House, tmp_path: Path) -> None:
    """Of a thousand bytes over the whole file, one at a time."""
    from auditkit.reports.page import integrity

    content = house.files.pdf.read_bytes()
    assert integrity.whole(content)
    for place in range(0, len(content), len(content) // 1000):
        assert not integrity.whole(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:]), place
    assert not integrity.whole(content + b"\n")
    assert not integrity.whole(content[:-1])


def test_the_page_that_was_changed_is_named(house: House, tmp_path: Path) -> None:
    import pikepdf

    path = tmp_path / "changed.pdf"
    with pikepdf.open(house.files.pdf) as file:
        page = file.pages[2]
        page.Contents.write(page.Contents.read_bytes() + b"\n0 0 m")
        file.save(path)
    wrong = handing_over.report_findings(path).wrong
    assert [said for said in wrong if said.startswith("Page ")] == ["Page 3 is not as it was written."]


@pytest.mark.parametrize("name", ["manifest.json", "verdicts.csv", "requirements.csv", "ledger.csv",
                                  "exceptions--accepted.yaml", "controls--house.yaml"])
def test_an_attachment_that_was_changed_taken_away_or_added_is_named(house: House, tmp_path: Path, name: str) -> None:
    import pikepdf

    path = tmp_path / "changed.pdf"
    with pikepdf.open(house.files.pdf) as file:
        content = file.attachments[name].get_file().read_bytes()
        file.attachments[name] = pikepdf.AttachedFileSpec(file, content + b"\n", filename=name)
        file.attachments["extra.txt"] = pikepdf.AttachedFileSpec(file, b"more", filename="extra.txt")
        file.save(path)
    wrong = handing_over.report_findings(path).wrong
    assert any(said.startswith(f"The attachment {name} was changed") for said in wrong)
    assert any(said.startswith("The attachment extra.txt was added") for said in wrong)
    with pikepdf.open(house.files.pdf) as file:
        del file.attachments[name]
        file.save(path)
    assert f"The attachment {name} is missing." in handing_over.report_findings(path).wrong


@pytest.mark.parametrize("content", [b"%PDF-1.7\n", b"%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 1 0 R/Kids[1 0 R]>>\nendobj\n"
                                     b"trailer\n<</Root 1 0 R>>\n%%EOF", b"", b"PK\x03\x04", b"%PDF-" + b"<<" * 20_000])
def test_what_is_no_report_ends_as_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="report.pdf"):
        handing_over.report_findings(path)


def test_each_attachment_is_named_once_in_the_catalogue(house: House) -> None:
    import pypdf

    root = pypdf.PdfReader(house.files.pdf).trailer["/Root"]
    named = [str(each) for each in root["/AF"]]
    assert len(named) == len(set(named)) == len(root["/Names"]["/EmbeddedFiles"]["/Names"]) // 2 == 15


def test_the_cover_has_the_seal(house: House) -> None:
    report = read(house.files.pdf)
    cover = "".join(report.pages[0].split())
    for digest in (report.seal.snapshot, report.seal.files["verdicts.csv"], report.seal.framework_sha256,
                   report.seal.rules_sha256):
        assert cover.count(digest) >= 1 and cover.count(digest[:12]) >= 2
    assert report.seal.snapshot == house.snapshot.digest


# What people attest with files


ATTESTATIONS = """
attestations:
  - {by: "Jane Roe, head of security", says: The chart names who is in charge., since: 2026-11-20, until: 2026-12-31,
     framework: house, requirements: [H.3], files: [chart.txt]}
"""


@pytest.fixture(scope="module")
def attested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attested")
    (folder / "controls").mkdir()
    (folder / "controls" / "house.yaml").write_text(HOUSE)
    (folder / "attested.yaml").write_text(ATTESTATIONS)
    (folder / "chart.txt").write_text("jane")
    snapshot = snapshots.open(snapshots.demo().write(folder / "snapshots"))
    evaluation = evaluating.evaluate(snapshot, "house", controls=folder / "controls", attestations=folder / "attested.yaml")
    assert evaluation.statuses["attested"] == 1
    return published(folder, show.summary(evaluation), show.evidence(evaluation)).notebook


def test_attested_files_must_be_given(attested: Path) -> None:
    with pytest.raises(UsageError, match="name files, which it does not carry"):
        handing_over.reperform(attested)
    assert handing_over.reperform(attested, attestations=attested.parent / "attested.yaml").same


def test_other_attestations_than_those_of_the_report_are_refused(attested: Path, tmp_path: Path) -> None:
    other = tmp_path / "attested.yaml"
    other.write_text(ATTESTATIONS.replace("Jane", "John"))
    with pytest.raises(UsageError, match="is not the file of the report"):
        handing_over.reperform(attested, attestations=other)


def test_an_attested_file_that_changed_since_is_a_difference(attested: Path) -> None:
    chart = attested.parent / "chart.txt"
    try:
        chart.write_text("john")
        found = handing_over.reperform(attested, attestations=attested.parent / "attested.yaml")
    finally:
        chart.write_text("jane")
    assert any(each.where == "attestations.csv" for each in found.differences)


def test_a_pdf_whose_bytes_were_changed_is_told_though_its_figures_are_the_same(house: House, tmp_path: Path) -> None:
    changed = tmp_path / "changed.pdf"
    changed.write_bytes(house.files.pdf.read_bytes() + b"\n%\n")
    found = handing_over.reperform(changed, store=house.folder / "snapshots")
    assert found.same and found.notes[0].startswith("The bytes of the PDF are not those that were written")
    assert not any("bytes of the PDF" in note for note in handing_over.reperform(house.files.pdf, store=house.folder / "snapshots").notes)


def test_what_the_reader_of_pdfs_remarks_reaches_no_terminal(house: House, tmp_path: Path) -> None:
    """In a process of its own: pytest takes what is logged."""
    hostile = tmp_path / "hostile.pdf"
    content = house.files.pdf.read_bytes()
    hostile.write_bytes(content[:content.rindex(b"startxref")] + b"startxref\n1\n%%EOF\n")
    done = subprocess.run([sys.executable, "-m", "auditkit.cli.main", "verify", str(hostile)], capture_output=True,
                          check=False, text=True)
    assert done.returncode in (1, 2) and "Traceback" not in done.stderr
    assert all(line.startswith(("wrong: ", "note: ", "Verified ", "auditkit: ")) for line in
               [*done.stdout.splitlines(), *done.stderr.splitlines()] if line)
