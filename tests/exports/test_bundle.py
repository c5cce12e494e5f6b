"""The bundle: the same content gives the same bytes, and what was done to it afterwards is named."""

import hashlib
import io
import stat
import warnings
import zipfile
from pathlib import Path

import pytest
from report_worlds import framework, pod, snapshot

from auditkit.api import handing_over
from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import evaluate
from auditkit.evaluation.inputs import Input
from auditkit.exports.archive import Archive
from auditkit.exports.bundle import bundle, bundle_findings
from auditkit.snapshots.snapshot import Snapshot


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    made = snapshot(pod("bad", privileged=True), cluster="acme <b>*x*", services="forbidden")
    made.write(tmp_path_factory.mktemp("store"))
    return made


def packed(held: Snapshot, folder: Path, **given: object) -> Path:
    evaluation = evaluate(held, framework())
    evaluation.inputs = [Input("exceptions", "accepted.yaml", b"exceptions: []\n")]
    paper = folder / "workpaper.xlsx"
    paper.write_bytes(b"work")
    path = folder / "bundle.zip"
    path.write_bytes(bundle([held], [evaluation], files=[paper], **given))
    return path


def test_it_has_the_snapshot_the_files_and_the_pages_for_people(held: Snapshot, tmp_path: Path) -> None:
    archive = Archive(packed(held, tmp_path))
    names = set(archive.names)
    assert names >= {"index.html", "LETTER.md", "bundle.json", "SHA256SUMS", "files/workpaper.xlsx",
                     "people/exceptions/accepted.yaml"}
    [manifest] = [name for name in names if name.endswith("manifest.json")]
    assert archive.digest(manifest)[0] == held.digest
    letter, page = (archive.read(name).decode() for name in ("LETTER.md", "index.html"))
    assert "services was not read completely (forbidden: the server said no)" in letter
    assert "1 requirement for which a person must supply evidence: 2.1" in letter
    assert "gives no opinion" in letter
    assert held.digest in page and "<b>" not in page and "<script" not in page
    assert "\\<b\\>\\*x\\*" in letter


def test_the_same_content_gives_the_same_bytes_and_it_is_whole(held: Snapshot, tmp_path: Path) -> None:
    one = packed(held, tmp_path).read_bytes()
    (tmp_path / "other").mkdir()
    path = packed(held, tmp_path / "other")
    assert path.read_bytes() == one
    found = bundle_findings(path)
    assert found.wrong == [] and found.files > 100


def test_sha256sum_agrees(held: Snapshot, tmp_path: Path) -> None:
    archive = Archive(packed(held, tmp_path))
    archive.unfold(tmp_path / "out")
    lines = (tmp_path / "out" / "SHA256SUMS").read_text().splitlines()
    assert {line[66:] for line in lines} == set(archive.names) - {"SHA256SUMS"}
    for line in lines:
        assert hashlib.sha256((tmp_path / "out" / line[66:]).read_bytes()).hexdigest() == line[:64]


def rewritten(path: Path, change) -> Path:
    """The bundle with the same entries, of which ``change`` makes others: name and content, or none."""
    whole = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(whole, "w") as new:
        for name in old.namelist():
            for entry in change(name, old.read(name)):
                new.writestr(*entry)
    path.write_bytes(whole.getvalue())
    return path


@pytest.mark.parametrize(("change", "wrong"), [
    (lambda name, content: [] if name == "files/workpaper.xlsx" else [(name, content)], "files/workpaper.xlsx is missing."),
    (lambda name, content: [(name, content + b"x" * (name == "LETTER.md"))], "LETTER.md was changed: its SHA-256 is not"),
    (lambda name, content: [(name, content), *([("files/more.txt", b"")] if name == "LETTER.md" else [])],
     "files/more.txt was added: bundle.json does not name it."),
    (lambda name, content: [(name, content + b"x" * (name == "SHA256SUMS"))], "SHA256SUMS does not have the digests"),
    (lambda name, content: [] if name == "SHA256SUMS" else [(name, content)], "SHA256SUMS is missing."),
])
def test_what_is_missing_added_or_changed_is_named(held: Snapshot, tmp_path: Path, change, wrong: str) -> None:
    found = bundle_findings(rewritten(packed(held, tmp_path), change)).wrong
    assert len(found) == 1 and found[0].startswith(wrong)


def test_a_changed_byte_anywhere_in_a_file_is_found(held: Snapshot, tmp_path: Path) -> None:
    path = packed(held, tmp_path)
    content = path.read_bytes()
    place = content.index(b"PAR1") + 8
    path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1:])
    with pytest.raises(UsageError, match=r"parquet cannot be read: Bad CRC-32"):
        bundle_findings(path)


def archive_of(path: Path, *entries: tuple[zipfile.ZipInfo | str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore")
        for entry, content in entries:
            archive.writestr(entry, content)
    return path


def link() -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    return entry


@pytest.mark.parametrize(("entries", "wrong"), [
    ([("../out.txt", b"")], "leads out of the archive"),
    ([("/out.txt", b"")], "leads out of the archive"),
    ([("a\\..\\out.txt", b"")], "leads out of the archive"),
    ([("C:out.txt", b"")], "leads out of the archive"),
    ([("a//out.txt", b"")], "is not a name of a file"),
    ([("a\u202eb.txt", b"")], "is not a name of a file"),
    ([("folder/", b"")], "is no file but a folder, a link or a device"),
    ([(link(), b"/etc/hostname")], "is no file but a folder, a link or a device"),
    ([("one", b"a"), ("one", b"b")], "it lists a name twice"),
])
def test_an_archive_that_is_made_to_do_harm_is_refused(tmp_path: Path, entries, wrong: str) -> None:
    with pytest.raises(UsageError, match=wrong):
        Archive(archive_of(tmp_path / "bundle.zip", *entries))
    assert list(tmp_path.iterdir()) == [tmp_path / "bundle.zip"]


def test_an_archive_that_unfolds_too_far_is_refused(tmp_path: Path) -> None:
    path = archive_of(tmp_path / "bundle.zip", ("zeros", bytes(300 << 20)), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(UsageError, match="it would unfold to 314,572,800 bytes"):
        Archive(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello" * 100])
def test_what_is_no_archive_ends_as_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not a whole zip archive"):
        bundle_findings(path)
    with pytest.raises(UsageError, match="does not exist"):
        bundle_findings(tmp_path / "none.zip")


def test_an_index_that_is_none_ends_as_a_sentence(tmp_path: Path) -> None:
    for index in (b"[]", b"{}", b'{"predicateType": "x", "subject": []}', b"[" * 100_000):
        with pytest.raises(UsageError, match="is no index of a bundle"):
            bundle_findings(archive_of(tmp_path / "bundle.zip", ("bundle.json", index)))


def test_nothing_to_pack_and_two_files_of_one_name_are_refused(held: Snapshot, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing to pack"):
        handing_over.bundle([], [], tmp_path / "bundle.zip")
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "same.csv").write_text(place)
    with pytest.raises(UsageError, match=r"Two different files would be files/same\.csv"):
        bundle([held], [], files=[tmp_path / "a" / "same.csv", tmp_path / "b" / "same.csv"])


@pytest.mark.slow
def test_the_reports_of_a_bundle_are_re_performed_from_the_snapshots_in_it(tmp_path: Path) -> None:
    path = handing_over.bundle(["demo"], ["soc2"], tmp_path / "bundle.zip")
    assert bundle_findings(path).wrong == []
    found = handing_over.reperform_all(path)
    assert [(one.report.suffix, one.same) for one in found] == [(".ipynb", True), (".pdf", True)]
