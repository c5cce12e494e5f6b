"""The run of a notebook: parameters that exist, a kernel of this interpreter, and no failure that goes unnoticed."""

import errno
import gc
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pypdf
import pytest
from report_worlds import PRIVILEGED, Page, executed, pod, snapshot, written

from auditkit.errors import AuditkitError, NoSuchName, UsageError
from auditkit.reports import _notebook, notebook, publish, report
from auditkit.reports.notebook_file import encoded
from auditkit.reports.panels.block import MIME

HERE = Path(__file__).parents[2]


def test_the_kernel_is_this_interpreter_and_two_runs_are_the_same(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))
    given = written(tmp_path, "import sys; print(sys.executable, number)")
    done = [notebook.execute(given, tmp_path / f"{name}.partial.ipynb", {"number": 7}) for name in ("one", "two")]
    assert done[0].cells[-1].outputs[0].text.split() == [sys.executable, "7"]
    assert encoded(done[0]) == encoded(done[1])
    gc.collect()
    assert not [record for record in caplog.records if record.levelname == "WARNING"], "channels are closed"
    assert [path.name for path in tmp_path.iterdir()] == ["given.ipynb"]


def test_a_parameter_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(NoSuchName, match="no parameter 'nubmer'; did you mean number"):
        notebook.execute(written(tmp_path), tmp_path / "out.partial.ipynb", {"nubmer": 1})
    assert [path.name for path in tmp_path.iterdir()] == ["given.ipynb"]


@pytest.mark.parametrize("cell", [
    "1 / 0",
    "class Odd:\n    def _repr_html_(self):\n        return 1 / 0\nOdd()",
    "class Odd:\n    def _repr_mimebundle_(self, include=None, exclude=None):\n        return 1 / 0\nOdd()",
])
def test_what_fails_is_said_and_what_was_reached_is_kept(tmp_path: Path, cell: str) -> None:
    with pytest.raises(AuditkitError, match=r"given.ipynb failed in its code cell 4: .*out.partial.ipynb"):
        notebook.execute(written(tmp_path, "'reached'", cell), tmp_path / "out.partial.ipynb", {"number": 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["given.ipynb", "out.partial.ipynb"]
    assert "reached" in (tmp_path / "out.partial.ipynb").read_text()
    notebook.execute(written(tmp_path), tmp_path / "out.partial.ipynb", {"number": 2})
    assert [path.name for path in tmp_path.iterdir()] == ["given.ipynb"], "the next one that succeeds removes it"


def test_a_full_disk_while_a_notebook_runs_leaves_nothing_and_names_the_folder(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import papermill.iorw

    def full(self: object, buffer: str, path: str) -> None:
        Path(path).write_text(buffer[:5])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(papermill.iorw.LocalHandler, "write", full)
    with pytest.raises(UsageError) as refused:
        notebook.execute(written(tmp_path), tmp_path / "out.partial.ipynb", {"number": 1})
    assert str(refused.value) == f"given.ipynb could not be run: the disk is full ({tmp_path})."
    assert [path.name for path in tmp_path.iterdir()] == ["given.ipynb"]


@pytest.mark.parametrize(("framework", "name"), [
    ("cis-kubernetes", "cis"), ("cis-eks", "cis"), ("soc2", "soc2"), ("hipaa", "hipaa"), ("hipaa-2025-proposal", "hipaa"),
    ("nsa-cisa", "framework"), ("of-our-own", "framework"),
])
def test_which_notebook(framework: str, name: str) -> None:
    assert _notebook(framework).name == f"{name}.ipynb"


def test_a_report_from_a_snapshot_that_was_not_written(tmp_path: Path) -> None:
    own = tmp_path / "controls"
    own.mkdir()
    (own / "house.yaml").write_text(
        "framework: house\ntitle: House rules\nversion: '3'\nsections: [{id: '1', title: Pods}]\nrequirements:\n"
        f"  - {{id: '1.1', section: '1', title: No privileges, reach: evidenced, checks: [{PRIVILEGED}]}}\n")
    told: list[str] = []
    snap = snapshot(pod("bad", privileged=True))
    files = report(snap, "house", tmp_path / "out", told.append, controls=own)
    assert told == ["house: running the notebook", "house: writing the HTML page", "house: writing the PDF"]
    digest = hashlib.sha256(files.notebook.read_bytes()).hexdigest()[:12]
    assert [path.name for path in files] == [
        f"house-acme-20260102T030405Z-{digest}.{kind}" for kind in ("ipynb", "html", "pdf")]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [*sorted(path.name for path in files), "snapshots"]
    assert snap.path is not None and snap.path.is_relative_to(tmp_path / "out" / "snapshots")
    assert snap.digest in files.html.read_text() and "Pod shop/bad" in files.html.read_text()
    page = Page(files.html.read_text())
    assert str(tmp_path) not in files.html.read_text(), "a report does not tell where it was made"
    digest = hashlib.sha256((own / "house.yaml").read_bytes()).hexdigest()
    assert f"framework house house.yaml {digest}" in page.text, "it says by what of one's own it judged"
    assert "framework = 'house' controls = 'controls'" in page.text, "and how it was called"


def test_no_report_overwrites_a_different_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    def execute(given: Path, partial: Path, parameters: dict[str, object], meanwhile: object) -> nbformat.NotebookNode:
        asked.append(parameters)
        cell = nbformat.v4.new_markdown_cell(f"# Report by {parameters['pss_version'] or 'default'}")
        cell.id = "only"
        return nbformat.v4.new_notebook(cells=[cell])

    monkeypatch.setattr(notebook, "execute", execute)
    snap = snapshot(pod("bad"))
    first, other, again = (report(snap, "soc2", tmp_path, pss_version=version) for version in ("", "v1.30", ""))
    assert len(asked) == 3 and first == again and not set(first) & set(other)
    assert "Report by default" in first.html.read_text() and "Report by v1.30" in other.html.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        ["snapshots", *(path.name for path in (*first, *other))])


def test_a_report_names_own_checks_with_their_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "wards.py": "from auditkit.checks import check, judge\n\n\n@check(severity='high')\n"
                    "def named(pods):\n    '''Pods have names.'''\n    return judge(pods, pods['name'].str.len() > 9)\n",
        "rules/wards.yaml": "framework: wards\ntitle: W\nversion: '1'\nsections: [{id: s, title: S}]\nrequirements:\n"
                            "  - {id: A-1, section: s, title: T, reach: evidenced, checks: [wards.named]}\n"
                            "  - {id: A 1, section: s, title: U, reach: evidenced, checks: [pss.privileged]}\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files = report(snapshot(pod("bad")), "wards", "out", controls="rules", checks="wards.py", pss_version="v1.99")
    page = Page(files.html.read_text())
    digest = hashlib.sha256((tmp_path / "wards.py").read_bytes()).hexdigest()
    assert f"check wards.named wards.py {digest} It is not proven" in page.text
    assert "Check wards.named reads pods. It is not proven: it fails on 0 of 0 mutants" in page.text
    assert "Pod Security Standards v1.36 instead of the requested v1.99: the server is v1.36.2" in page.text
    assert "framework = 'wards' controls = 'rules' checks = ['wards.py'] pss_version = 'v1.99'" in page.text
    assert {"r-A-1", "r-A-1-1"} <= set(page.values("id")), "names that differ have anchors that differ"
    paper = " ".join("".join(sheet.extract_text() for sheet in pypdf.PdfReader(files.pdf).pages).split())
    assert "Pod Security Standards v1.36 instead of the requested v1.99" in paper.partition("Contents")[0], "on the cover"
    assert digest[:16] in paper.replace(" ", "") and "checks = ['wards.py']" in paper


def test_importing_reports_is_cheap() -> None:
    heavy = ("papermill", "nbformat", "jinja2", "weasyprint", "plotly", "markdown_it", "nh3", "jupyter_client")
    code = f"import sys, auditkit.reports, auditkit.reports.show; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE,
                          env={**os.environ, "PYTHONPATH": str(HERE)})
    assert done.stdout.strip() == "[]"


def test_drawing_a_page_does_not_import_plotly(tmp_path: Path) -> None:
    code = "import sys; from auditkit.reports.page.html import plotly_js; assert len(plotly_js()) > 10**6; print('plotly.graph_objs' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=HERE,
                          env={**os.environ, "PYTHONPATH": str(HERE)})
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("content", "said"), [
    ("{", "is not a valid notebook"), ("[]", "is not a valid notebook"), ('{"a": 1}', "is not a valid notebook"), (None, "it does not exist"),
])
def test_publishing_what_is_no_notebook(tmp_path: Path, content: str | None, said: str) -> None:
    path = tmp_path / "given.ipynb"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UsageError, match=said):
        publish(path)


def test_publishing_a_block_of_another_version(tmp_path: Path) -> None:
    found = executed({MIME: {"kind": "requirements", "rows": [{"id": "1"}]}}, {MIME: {"kind": "new"}})
    nbformat.write(found, tmp_path / "given.ipynb")
    with pytest.raises(UsageError, match=r"another version of auditkit.*Run the notebook again"):
        publish(tmp_path / "given.ipynb")
