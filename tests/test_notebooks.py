"""The notebooks that ship: thin, without outputs, and runnable as they are."""

import ast
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest

from auditkit.base import shipped
from auditkit.reports import notebook, publish
from auditkit.reports.notebook_file import encoded
from auditkit.reports.page import cells
from auditkit.reports.page.document import document

NOTEBOOKS = sorted(shipped.folder("notebooks").glob("*.ipynb"))
JUDGE_NONE = {"access", "findings", "network"}
OTHERS = {
    "fleet": ["store", "frameworks", "clusters", "environments", "environment_label", "exceptions", "attestations", "controls",
              "checks", "scope", "categories", "pss_version"],
    "drift": ["snapshot", "earlier"], "period": ["store", "framework", "start", "end", "cluster"],
    "questions": ["snapshot", "framework", "person"],
    "what-if": ["snapshot", "manifests", "delete", "namespace", "frameworks", "exceptions", "attestations", "controls", "checks",
                "scope", "categories", "pss_version"],
    "workpapers": ["snapshot", "framework", "population", "seed", "frequency", "conclusions", "output"],
}
"""Notebooks with parameters of their own."""
LONGEST = 140
MOST_CELLS, MOST_LINES = 15, 6  # a report has thirteen sections, and two charts
FORBIDDEN = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.With, ast.Try, ast.If)


def named(path: Path) -> str:
    return path.stem


def code(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]


def test_they_are_there() -> None:
    assert {"cis", "soc2", "hipaa", "explore", "framework", *JUDGE_NONE, *OTHERS} <= {path.stem for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_thin(path: Path) -> None:
    assert len(code(path)) <= MOST_CELLS + 1 or path.stem == "questions", "the parameters do not count"
    for cell in code(path):
        if "parameters" in cell.metadata.get("tags", []):
            continue
        tree = ast.parse(cell.source)
        assert sum(bool(line.strip()) for line in cell.source.splitlines()) <= MOST_LINES, cell.source
        for node in ast.walk(tree):
            assert not isinstance(node, FORBIDDEN), cell.source
            if isinstance(node, ast.Import):
                assert all(alias.name.partition(".")[0] == "auditkit" for alias in node.names), cell.source
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] == "auditkit", cell.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_is_stored_without_outputs(path: Path) -> None:
    assert all(not cell.outputs and cell.execution_count is None for cell in code(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_parameters_are_told(path: Path) -> None:
    papermill = pytest.importorskip("papermill")
    known = papermill.inspect_notebook(str(path))
    added = ["framework", "exceptions", "attestations", "controls", "checks", "scope", "categories", "pss_version",
             "owner_label"]
    assert list(known) == OTHERS.get(path.stem, ["snapshot", *([] if path.stem in JUDGE_NONE else added)])
    assert path.stem in ("fleet", "period") or known["snapshot"]["default"] == '"demo"'
    assert all(one["help"] for one in known.values())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=named)
def test_a_notebook_has_a_title_and_headings(path: Path) -> None:
    found = document(nbformat.read(path, 4), "none")
    assert found.title != "none" and len(found.contents) > 3


def test_each_of_fifteen_questions_is_answered_in_three_lines() -> None:
    *_, notebook = [nbformat.read(path, 4).cells for path in NOTEBOOKS if path.stem == "questions"]
    questions = [(cell.source, after.source) for cell, after in pairwise(notebook) if re.match(r"## \d+\. .*\?\n", cell.source)]
    assert len(questions) == 15
    assert all(len(answer.splitlines()) <= 3 and max(map(len, answer.splitlines())) <= LONGEST for _, answer in questions)


@pytest.mark.parametrize("name", ["soc2", "explore", "questions", *sorted(JUDGE_NONE)])
def test_a_notebook_runs_as_it_is(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = notebook.execute(shipped.folder("notebooks") / f"{name}.ipynb", tmp_path / "partial.ipynb", {})
    shown = [part.kind for part in cells.parts(done)]
    assert "block" in shown and ("figure" in shown or name == "questions")
    (tmp_path / "done.ipynb").write_bytes(encoded(done))
    files = publish(tmp_path / "done.ipynb")
    assert files.pdf.read_bytes().startswith(b"%PDF-") and "acme-prod" in files.html.read_text()
