"""`auditkit fleet`."""

import json
from pathlib import Path

import pytest
from command_line import auditkit
from fleet_worlds import kubeconfig, member, rules, several
from replay import ReplayServer


@pytest.fixture
def words(tmp_path: Path) -> list[object]:
    return ["-f", "wards", "--controls", rules(tmp_path), "--quiet"]


def test_contexts_are_collected_and_one_that_fails_is_a_row(server: ReplayServer, tmp_path: Path, words) -> None:
    config = kubeconfig(tmp_path, **{"prod-eu": server.url, "prod-gone": "http://127.0.0.1:9", "dev": "http://127.0.0.1:9"})
    done = auditkit("fleet", "--contexts", "prod-*", "--kubeconfig", config, "--store", tmp_path / "store", "--no-report",
                    "--processes", "1", "--timeout", "5", *words)
    assert done.returncode == 4 and "1 of 2 clusters were not judged: prod-gone." in done.stderr
    _, head, first, second = [line.split("\t") for line in done.stdout.splitlines()]
    assert head == ["cluster", "outcome", "taken", "sources read", "wards", "why"]
    assert first[:2] == ["prod-eu", "judged"] and " of " in first[3] and first[4].startswith("1 fail")
    assert second[:2] == ["prod-gone", "failed"] and "127.0.0.1" in second[5]
    assert len(list((tmp_path / "store").glob("prod-eu/*/manifest.json"))) == 1


def test_two_contexts_of_one_cluster_are_one_row_and_that_is_told(server: ReplayServer, tmp_path: Path, words) -> None:
    config = kubeconfig(tmp_path, admin=server.url, auditor=server.url)
    done = auditkit("fleet", "--contexts", "*", "--kubeconfig", config, "--store", tmp_path / "store", "--no-report",
                    "--processes", "1", *words)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3, done.stderr
    assert "leads to the same cluster as" in done.stderr and "it is one row" in done.stderr


def test_a_store_is_judged_and_the_rows_are_data(tmp_path: Path, words) -> None:
    several(tmp_path / "store")
    done = auditkit("fleet", tmp_path / "store", "--no-report", "--dataset", tmp_path / "ds", "--format", "json",
                    "--fail-on", "fail", *words)
    rows = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert [row["cluster"] for row in rows] == ["dev-eu", "lab", "prod-eu", "prod-us", "staging-eu"]
    assert [row["crossed"] for row in rows] == [[], [], ["fail"], [], []], "of the last snapshot of each"
    assert rows[2]["statuses"]["wards"]["fail"] == 1 and rows[2]["taken"] == "2026-11-22T12:00:00Z"
    assert len(list((tmp_path / "ds" / "requirements").rglob("*.parquet"))) == 6, "all days are in the data set"


def test_the_report_is_a_notebook_a_page_and_a_pdf(tmp_path: Path, words) -> None:
    several(tmp_path / "store")
    done = auditkit("fleet", tmp_path / "store", "-o", tmp_path / "reports", "--environment", "dev=dev-*",
                    "--environment", "prod=prod-*", *words)
    assert done.returncode == 0, done.stderr
    files = [Path(line) for line in done.stdout.splitlines()[-3:]]
    assert [path.suffix for path in files] == [".ipynb", ".html", ".pdf"] and all(path.stat().st_size for path in files)
    assert all(path.name.startswith("fleet-store-20261122T120000Z-") for path in files)
    page = files[1].read_text()
    assert "wards by cluster" in page and "fail: prod-eu; pass: prod-us" in page and "worse in prod than in dev" in page


@pytest.mark.parametrize(("arguments", "code", "says"), [
    ([], 2, "Give either --contexts"), (["STORE", "--contexts", "*"], 2, "Give either --contexts"),
    (["--contexts", "nope", "--kubeconfig", "CONFIG"], 2, "There is no context 'nope'"),
    (["--contexts", "*"], 4, "no kubeconfig"), (["STORE", "-f", "soc3"], 2, "did you mean soc2"),
    (["/nowhere"], 2, "has no snapshots"), (["STORE", "--environment", "="], 2, "is no environment"),
    (["STORE", "--scheduler", "tcp://127.0.0.1:9"], 2, "There is no Dask scheduler at"),
])
def test_a_mistake_is_a_sentence(arguments: list[str], code: int, says: str, tmp_path: Path,
                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.fleets.on_dask._CONNECT", 1)
    member(tmp_path / "STORE", "a")
    config = kubeconfig(tmp_path, here="http://127.0.0.1:9")
    done = auditkit("fleet", *(word.replace("STORE", str(tmp_path / "STORE")).replace("CONFIG", str(config)) for word in arguments))
    assert done.returncode == code and says in " ".join(done.stderr.split()), done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
