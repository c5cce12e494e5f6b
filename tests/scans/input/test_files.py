"""Files of any form, and hostile ones: a document, or a sentence that says what is wrong."""

import errno
import gzip
import io
import itertools
import json
import os
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.base import unpacking
from auditkit.errors import UsageError
from auditkit.scans.input import document, files, yaml_stream
from auditkit.scans.input.document import File
from auditkit.scans.input.files import Source
from auditkit.scans.model import Broken

REPORT: dict[str, Any] = {"name": "Grüße", "results": [{"id": at} for at in range(3)]}
TEXT = json.dumps(REPORT, ensure_ascii=False)
PRETTY = json.dumps(REPORT, ensure_ascii=False, indent=2)


def source(path: Path) -> Source:
    return next(files.find(str(path)))


def opened(tmp_path: Path, content: bytes | str, name: str = "scan") -> File:
    """The only document of a file."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    found = source(path)
    assert not found.problems
    return found.documents[0]


def problem(tmp_path: Path, content: bytes) -> str:
    """Why a file has no document."""
    path = tmp_path / "scan"
    path.write_bytes(content)
    found = source(path)
    assert not found.documents
    return found.problems[""]


# --- forms ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        TEXT.encode(),
        PRETTY.encode(),
        b"\xef\xbb\xbf" + PRETTY.encode(),
        PRETTY.encode("utf-16"),
        PRETTY.encode("utf-16-le"),
        PRETTY.encode("utf-16-be"),
        b"\xfe\xff" + PRETTY.encode("utf-16-be"),
        gzip.compress(PRETTY.encode(), mtime=0),
        gzip.compress(PRETTY.encode("utf-16"), mtime=0),
        b"\n\n  " + PRETTY.encode() + b"\n\n",
        b"[INFO] starting\n2024-01-01 {level: 3} go\n" + PRETTY.encode(),
        b"2024-01-01T00:00:00Z stdout F " + TEXT.encode(),
    ],
)
def test_one_json_document_in_every_wrapping(content: bytes, tmp_path: Path) -> None:
    opened_file = opened(tmp_path, content)
    assert opened_file.head == REPORT
    assert list(opened_file.values()) == [REPORT]
    assert [element for _, element in opened_file.each("results[]")] == REPORT["results"]
    assert opened_file.outline("results[]") == {"name": "Grüße", "results": []}
    assert not opened_file.gaps


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (f"{TEXT}\n{TEXT}\n", 2),
        (f"{TEXT}\r\n{TEXT}\r\n", 2),
        (f"started\n{TEXT}\nlog line\n\n{TEXT}", 2),
        (f"{PRETTY}\n{PRETTY}\n{PRETTY}", 3),
        (f"2024-01-01T00:00:00Z stdout F {TEXT}\n" * 4, 4),
        (f"[pod/falco-1/falco] {TEXT}\n" * 4, 4),
    ],
)
def test_json_documents_one_after_another(content: str, count: int, tmp_path: Path) -> None:
    opened_file = opened(tmp_path, content)
    assert opened_file.form == "lines"
    assert opened_file.head == REPORT
    assert list(opened_file.values()) == [REPORT] * count
    assert [json.loads(line) for line in opened_file.lines()] == [REPORT] * count
    assert opened_file.items == count
    assert not opened_file.gaps


def test_a_reader_of_one_document_is_told_that_there_are_more(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, f"{TEXT}\n{TEXT}\n")
    assert [element for _, element in opened_file.each("results[]")] == REPORT["results"]
    assert "several documents" in opened_file.gaps[0].reason


def test_yaml_documents(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, "# a comment\n---\nkind: A\nwhen: 2024-01-01T00:00:00Z\nis: =\n---\n---\nkind: B\n")
    assert opened_file.form == "yaml"
    assert list(opened_file.values()) == [{"kind": "A", "when": "2024-01-01T00:00:00Z", "is": "="}, {"kind": "B"}]


def test_csv(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, 'ID,Severity,Package name\n1,high,"a, b"\n2,low,\n')
    assert opened_file.form == "csv"
    assert list(opened_file.values()) == [
        {"ID": "1", "Severity": "high", "Package name": "a, b"},
        {"ID": "2", "Severity": "low", "Package name": ""},
    ]


@given(
    st.lists(
        st.dictionaries(
            st.text("abc", min_size=1, max_size=2), st.text(max_size=4) | st.integers(0, 9), min_size=1, max_size=3
        ),
        min_size=2,
        max_size=5,
    )
)
@settings(max_examples=100, deadline=None)
def test_json_lines_of_anything(lines: list[dict]) -> None:
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()
    assert list(File("x", lambda: io.BytesIO(content)).values()) == lines


def test_lines_that_cannot_be_read_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    lines = [TEXT, TEXT, '{"cut": ', TEXT, '"x": 1}', '{"n": ' + "9" * 6000 + "}", TEXT]
    opened_file = opened(tmp_path, "\n".join(lines))
    assert len(list(opened_file.values())) == len(list(opened_file.values())) == 4
    assert opened_file.gaps[0].missing == 3
    assert "3 of its lines" in opened_file.gaps[0].reason and "line 3" in opened_file.gaps[0].reason


def test_a_first_line_that_is_cut_does_not_cost_the_others(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, '{"a": "cut of\n' + f"{TEXT}\n" * 4)
    assert list(opened_file.values()) == [REPORT] * 4
    assert opened_file.gaps[0].missing == 1


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("count", [10, 100_000])
def test_documents_larger_than_their_beginning(indent: int | None, count: int, tmp_path: Path) -> None:
    report = {"name": "x", "results": list(range(count))}
    opened_file = opened(tmp_path, json.dumps(report, indent=indent))
    assert (opened_file.form, opened_file.head["name"]) == ("json", "x")
    assert sum(1 for _ in opened_file.each("results[]")) == count
    assert not opened_file.gaps


def test_a_line_without_end_is_lost_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_LINE", 1000)
    opened_file = opened(tmp_path, f'{TEXT}\n{{"a": "{"x" * 5000}"}}\n{TEXT}\n')
    assert list(opened_file.values()) == [REPORT] * 2
    assert "line 2" in opened_file.gaps[0].reason


# --- broken --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"  \n\t ", "it is empty"),
        (b"\x00\x01\x02\x03", "neither"),
        (b"hello", "neither"),
        (b"\x89PNG\r\n\x1a\n0000", "neither"),
        (b"<html><script>alert(1)</script></html>", "neither"),
        (b"\x1f\x8b\x08\x00broken", "is cut off or damaged"),
        (b"PK\x03\x04broken", "broken ZIP archive"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-20], "is cut off or damaged"),
        (b"\xff\xfe\x00\xd8", "UTF-16"),
        (b"key: [1, 2\nother: {", "not YAML at line"),
        (b"=cmd|' /C calc'!A0", "neither"),
        (b"\x1b[31mred\x1b[0m", "neither"),
        (b"- " * 5000 + b"x", "nested deeper"),
        (b"a: " + b"[" * 900, "nested deeper"),
    ],
)
def test_what_is_no_document_is_a_sentence(content: bytes, reason: str, tmp_path: Path) -> None:
    assert reason in problem(tmp_path, content)


def test_null_is_a_document_without_anything(tmp_path: Path) -> None:
    assert opened(tmp_path, "null\n").head is None


@given(
    st.binary(max_size=300)
    | st.text(max_size=200).map(str.encode)
    | st.lists(
        st.sampled_from([b"{", b"}", b"[", b"]", b'"a"', b":", b",", b"\n", b"- ", b"a: ", b"1", b"\xff"]), max_size=40
    ).map(b"".join)
)
@settings(max_examples=400, deadline=None)
def test_nothing_else_than_broken_is_raised(content: bytes) -> None:
    try:
        opened_file = File("x", files.recoded(lambda: io.BufferedReader(io.BytesIO(content))))
    except Broken:
        return
    for values in (opened_file.values(), opened_file.lines(), opened_file.each("[]"), opened_file.each("a[]")):
        list(values)
    opened_file.outline("[]")


@pytest.mark.parametrize("cut", range(1, len(PRETTY.encode()), 7))
def test_a_document_that_breaks_off_is_read_as_far_as_it_goes(cut: int, tmp_path: Path) -> None:
    content = PRETTY.encode()[:cut]
    opened_file = opened(tmp_path, content)
    kept = [element for _, element in opened_file.each("results[]")]
    assert kept == REPORT["results"][: len(kept)]
    assert "is cut off" in opened_file.gaps[0].reason


def test_elements_of_another_shape_are_named_and_the_others_kept(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, json.dumps({"a": [{"b": [{"x": 1}, {"x": "s"}]}, {"b": [{"x": 2}, 7]}]}))
    assert len(list(opened_file.each("a[].b[]", dict[str, int]))) == 2
    assert opened_file.gaps[0].missing == 2
    assert "a[0].b[1]" in opened_file.gaps[0].reason


def test_what_should_be_a_list_and_is_none_is_a_gap(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, json.dumps({"results": "all of them"}))
    opened_file.outline("results[]")
    assert "results is not a list" in opened_file.gaps[0].reason


# --- hostile -------------------------------------------------------------------------------------------------------


def zipped(tmp_path: Path, members: dict[str, bytes]) -> Path:
    path = tmp_path / "archive"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_an_archive_is_read_without_a_path_being_made(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    members = {
        "ok/a.json": TEXT.encode(),
        "b.json.gz": gzip.compress(TEXT.encode()),
        "../evil.json": TEXT.encode(),
        "/etc/evil.json": TEXT.encode(),
        "a\\..\\..\\evil.json": TEXT.encode(),
        "C:\\evil.json": TEXT.encode(),
        "x.zip": b"PK\x03\x04",
        "empty.json": b"",
    }
    found = source(zipped(inside, members))
    assert [one.name for one in found.documents] == ["archive!ok/a.json", "archive!b.json.gz"]
    assert all(list(one.values()) == [REPORT] for one in found.documents)
    assert sum("outside the archive" in reason for reason in found.problems.values()) == 4
    assert "archive within an archive" in found.problems["x.zip"] and "empty" in found.problems["empty.json"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["archive", "inside"]


def test_links_and_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "archive"
    with zipfile.ZipFile(path, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    content = bytearray(zipped(tmp_path, {"a.json": TEXT.encode()}).read_bytes())
    central = content.index(b"PK\x01\x02")
    content[central + 8] |= 1
    (tmp_path / "locked").write_bytes(content)
    assert "encrypted" in source(tmp_path / "locked").problems["a.json"]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "symbolic link" in source(path).problems["link"]


def test_what_unfolds_too_far_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "_RATIO_COUNTS_FROM", 1 << 20)
    line = b'{"a": "' + b"x" * 10_000 + b'"}\n'
    bomb = gzip.compress(line * 1000)
    opened_file = opened(tmp_path, bomb)
    assert len(list(opened_file.values())) < 1000
    assert "expands to more than" in opened_file.gaps[0].reason
    assert "expand to" in source(zipped(tmp_path, {"a": line * 1000})).problems[""]


def test_an_archive_of_too_many_files_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_MEMBERS", 3)
    assert "4 files" in source(zipped(tmp_path, {str(at): b"{}" for at in range(4)})).problems[""]


@pytest.mark.parametrize(
    "body",
    [
        "\n".join(
            ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
            + [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 10)}]" for at in range(1, 12)]
        ),
        "a0: &a0 {x: 1}\n"
        + "\n".join(f"a{at}: &a{at} {{<<: [{', '.join([f'*a{at - 1}'] * 10)}]}}" for at in range(1, 12)),
    ],
)
def test_laughing_yaml_is_refused(body: str, tmp_path: Path) -> None:
    assert "aliases expand" in problem(tmp_path, body.encode())


def test_harmless_aliases_are_read(tmp_path: Path) -> None:
    assert opened(tmp_path, "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\n").head["c"] == {"x": 1, "y": 2}


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system [id]", "!!python/name:os.system", "!unknown x"])
def test_yaml_makes_no_objects(tag: str, tmp_path: Path) -> None:
    assert "not YAML" in problem(tmp_path, f"a: {tag}".encode())


def test_too_much_yaml_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_stream, "MAX_BYTES", 100)
    assert "use the JSON output of the tool" in problem(tmp_path, b"a: 1\n" * 100)


def test_broken_content_is_never_quoted(tmp_path: Path) -> None:
    secret = "hunter2-hunter2"
    for content in (
        f'{{"a": ["{secret}", {secret}',
        f"a: {secret}\n b: [{secret}",
        f'{{"a": "{secret}",\n"b": {secret}}}',
    ):
        found = source(opened_path(tmp_path, content))
        reasons = [*found.problems.values()]
        for one in found.documents:
            list(one.values())
            reasons += [gap.reason for gap in one.gaps]
        assert reasons and not any(secret in reason for reason in reasons)


def opened_path(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "scan"
    path.write_text(content)
    return path


# --- folders -------------------------------------------------------------------------------------------------------


def test_a_folder_is_read_in_order_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("b/two.json", "a.json", ".hidden", ".git/three.json", "b/.four"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TEXT)
    assert [one.name for one in files.find(str(tmp_path))] == ["a.json", "b/two.json"]


def test_every_reading_begins_at_the_beginning(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, gzip.compress((f"{TEXT}\n" * 10).encode()))
    assert len(list(itertools.islice(opened_file.values(), 3))) == 3
    assert len(list(opened_file.values())) == 10


def test_a_file_that_is_cut_after_it_was_opened_ends_there(tmp_path: Path) -> None:
    opened_file = opened(tmp_path, f"a line of a log\n{TEXT}\n")
    (tmp_path / "scan").write_bytes(b"a")
    assert list(opened_file.each("results[]")) == []
    assert "is cut off" in opened_file.gaps[0].reason


def test_a_folder_or_file_that_cannot_be_read_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "good.json").write_text(TEXT)

    def walk(folder: Path, onerror: Any) -> Any:
        onerror(PermissionError(13, "Permission denied", str(tmp_path / "secret")))
        yield str(tmp_path), [], ["good.json", "dangling"]

    monkeypatch.setattr(files.os, "walk", walk)
    dangling, good, secret = files.find(str(tmp_path))
    assert (good.name, good.problems) == ("good.json", {})
    assert "cannot be read" in dangling.problems[""]
    assert (secret.name, secret.problems) == ("secret", {"": "the folder cannot be read: this user has no permission"})


def test_a_pipe_is_read_once_and_kept(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(TEXT))
    writer.start()
    found = source(pipe)
    writer.join()
    assert found.bytes == len(TEXT.encode())
    assert list(found.documents[0].values()) == list(found.documents[0].values()) == [REPORT]


def test_what_is_read_once_goes_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    found = files._kept(io.BytesIO(TEXT.encode()), "-")
    [kept] = tmp_path.iterdir()
    assert kept.stat().st_mode & 0o077 == 0 and (kept / "input").read_text() == TEXT
    del found
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_with_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(files.shutil, "copyfileobj", full)
    with pytest.raises(UsageError, match=f"^{tmp_path}/auditkit.partial-.*/input cannot be written: the disk is full"):
        files._kept(io.BytesIO(b"{}"), "-")
    assert list(tmp_path.iterdir()) == []
