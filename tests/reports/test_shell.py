"""In IPython: an error of auditkit is a sentence, other errors keep their traceback, and tables and columns complete."""

from collections.abc import Iterator
from typing import Any

import pytest

from auditkit.api.options import python_files
from auditkit.errors import UsageError


@pytest.fixture(scope="module")
def shell(acme: Any) -> Iterator[Any]:
    interactive = pytest.importorskip("IPython.core.interactiveshell").InteractiveShell
    running = interactive.instance()
    running.colors = "nocolor"
    running.run_cell("import auditkit\nfrom auditkit.reports import shell\nshell.set_up()")
    running.push({"snap": acme})
    yield running
    interactive.clear_instance()


@pytest.fixture
def said(shell: Any, capsys: pytest.CaptureFixture) -> Any:
    """What a cell prints."""
    def run(cell: str) -> str:
        capsys.readouterr()
        shell.run_cell(cell)
        shown = capsys.readouterr()
        return (shown.out + shown.err).strip()

    return run


@pytest.mark.parametrize(("cell", "sentence"), [
    ("snap.podz", "NoSuchTable: There is no table 'podz'; did you mean pods?"),
    ("auditkit.evaluate(snap, 'soc3')", "NoSuchName: There is no framework 'soc3'; did you mean soc2?"),
    ("auditkit.evaluate(snap, 7)", "UsageError: framework is 7. Give a text or a path, or leave it empty."),
    ("auditkit.evaluate(snap, 'soc2', exceptions=['a.yaml'])",
     "UsageError: exceptions is ['a.yaml']. Give a text or a path, or leave it empty."),
    ("auditkit.evaluate(snap, 'soc2', checks=7)", "UsageError: checks is 7. Give the paths of files as texts, or leave it empty."),
    ("auditkit.evaluate(snap, 'soc2', checks=[7])", "UsageError: checks is 7. Give a text or a path, or leave it empty."),
    ("auditkit.open('')", "UsageError: The snapshot is ''. Give the folder of a snapshot or of a store, the name of a "
                          "cluster in ./snapshots, or 'demo'."),
    ("auditkit.open(None)", "UsageError: The snapshot is None. Give the folder of a snapshot or of a store, the name of a "
                            "cluster in ./snapshots, or 'demo'."),
])
def test_an_error_is_a_sentence(said: Any, cell: str, sentence: str) -> None:
    assert said(cell) == sentence


def test_what_steers_a_terminal_is_shown_and_does_not(said: Any) -> None:
    assert said(r"auditkit.evaluate(snap, 'a\x1b]0;x\x07\u202e')").startswith(r"NoSuchName: There is no framework 'a\x1b]0;x\x07\u202e'")
    assert said(r"raise auditkit.errors.UsageError('a\x1b]0;x\u202e')") == r"UsageError: a\x1b]0;x\u202e"


def test_another_error_keeps_its_traceback(said: Any) -> None:
    output = said("def broken():\n    return 1 / 0\nbroken()")
    assert "Traceback" in output and "return 1 / 0" in output


def test_a_snapshot_has_no_attribute_that_is_no_table(acme: Any) -> None:
    assert not hasattr(acme, "podz") and hasattr(acme, "pods")


def test_no_checks_are_none() -> None:
    assert python_files(None) == python_files("") == python_files([""]) == []
    with pytest.raises(UsageError):
        python_files([["a.py"]])  # type: ignore[list-item]


@pytest.mark.parametrize(("line", "wanted"), [
    ("snap.po", "pods"), ("snap.who", "who_can"), ("snap.pods.na", "namespace"), ("snap.pods['na", "namespace"),
    ("pods = snap.pods\npods['na", "namespace"), ("auditkit.ev", "evaluate")])
def test_tables_and_columns_complete(shell: Any, line: str, wanted: str) -> None:
    completer = pytest.importorskip("IPython.core.completer")
    shell.run_cell(line.rpartition("\n")[0])
    last = line.rpartition("\n")[2]
    with completer.provisionalcompleter():
        assert wanted in [found.text for found in shell.Completer.completions(last, len(last))]
