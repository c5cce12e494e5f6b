"""What each command imports: nobody waits for a package that the command does not use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import auditkit
from replay import ACME_PROD, ReplayServer

HERE = Path(__file__).parents[2]
HEAVY = ("IPython", "duckdb", "ijson", "ipykernel", "jinja2", "jsonschema", "jupyter_client", "kubernetes", "lark",
         "markdown_it", "matplotlib", "nbformat", "pandas", "papermill", "plotly", "pyarrow", "pydantic", "pypdf", "requests",
         "urllib3", "weasyprint", "xlsxwriter", "zmq")
CODE = f"""
import sys
from auditkit.cli.main import main
try:
    main()
except SystemExit as ended:
    assert not ended.code, ended.code
finally:
    print(*(name for name in {HEAVY!r} if name in sys.modules), file=sys.stderr)
"""


def imported(*arguments: object, **environment: str) -> set[str]:
    """The heavy packages that a process has imported when a command has ended."""
    done = subprocess.run([sys.executable, "-c", CODE, *map(str, arguments)], capture_output=True, text=True, check=True,
                          cwd=HERE, env={**os.environ, "KUBECONFIG": "/nowhere", **environment})
    return set(done.stderr.splitlines()[-1].split())


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    done = auditkit("collect", "-q", "--recording", ACME_PROD, "--store", tmp_path_factory.mktemp("store"))
    return Path(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("words", ["--help", "--version", "collect --help", "report --help"])
def test_whoever_asks_for_help_imports_nothing_heavy(words: str) -> None:
    assert imported(*words.split()) == set()


def test_collecting_makes_no_dataframe_and_judges_nothing(tmp_path: Path) -> None:
    assert imported("collect", "--recording", ACME_PROD, "--store", tmp_path) == {"pyarrow", "ijson"}


def test_a_cluster_is_asked_with_urllib3_alone(server: ReplayServer, kubeconfig: str, tmp_path: Path) -> None:
    found = imported("collect", "--context", "acme-prod", "--store", tmp_path, KUBECONFIG=kubeconfig)
    assert found == {"pyarrow", "ijson", "urllib3"}


def test_frameworks_are_listed_without_any_table() -> None:
    assert imported("frameworks", "list") == set()


@pytest.mark.parametrize("words", ["show STORE", "show SNAPSHOT", "verify STORE", "verify SNAPSHOT"])
def test_what_is_in_a_store_is_shown_and_verified_without_a_dataframe(words: str, taken: Path) -> None:
    assert imported(*_words(words, taken)) == {"pyarrow"}


@pytest.mark.parametrize("words", [
    "show SNAPSHOT pods", "rights SNAPSHOT", "evaluate SNAPSHOT -f cis-kubernetes", "explain SNAPSHOT CC6.1", "given SNAPSHOT",
])
def test_whoever_judges_draws_nothing(words: str, taken: Path) -> None:
    assert imported(*_words(words, taken)) == {"pyarrow", "pandas"}


def test_a_fleet_is_judged_without_drawing(taken: Path) -> None:
    assert imported("fleet", taken.parents[1], "-f", "soc2", "--no-report") == {"pyarrow", "pandas"}


def test_what_changed_is_told_without_drawing(taken: Path) -> None:
    assert imported("diff", taken, taken) == {"pyarrow", "pandas", "ijson"}


def test_what_would_change_is_told_without_drawing(taken: Path, tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: new}\n")
    found = imported("simulate", taken, "--apply", tmp_path / "m.yaml", "-f", "cis-kubernetes")
    assert found <= {"pyarrow", "pandas", "ijson"}


def _words(words: str, snapshot: Path) -> list[str]:
    return words.replace("SNAPSHOT", str(snapshot)).replace("STORE", str(snapshot.parents[1])).split()
