"""A job by its file, as a scheduler runs it: each step once a day, and what was stopped is gone on with."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from command_line import auditkit
from fleet_worlds import kubeconfig, rules
from job_worlds import cluster, run, snapshots, written
from replay import ReplayServer

ROOT = Path(__file__).parents[2]


def test_a_second_run_of_a_day_does_nothing_unless_told(folder: Path) -> None:
    first, _ = run(folder)
    assert [row.statuses["wards"]["pass"] for row in first.rows] == [1, 1] and not first.idle and snapshots(folder) == 2
    second, told = run(folder)
    assert second.idle and snapshots(folder) == 2 and told == ["Nothing to do: the job nightly was done at 2026-11-22 02:00:00 UTC."]
    assert [row.snapshot for row in second.rows] == [row.snapshot for row in first.rows]
    cluster(folder, "a", privileged=True)
    third, _ = run(folder, again=True)
    assert third.rows[0].statuses["wards"]["fail"] == 1 and snapshots(folder) == 4
    assert not run(folder, night=1)[0].idle, "the next day is another"


def test_a_cluster_that_failed_is_tried_again_and_the_others_are_not(folder: Path) -> None:
    (folder / "b.yaml").unlink()
    first, _ = run(folder)
    assert [row.outcome for row in first.rows] == ["judged", "failed"] and "does not exist" in first.rows[1].problem
    cluster(folder, "b")
    second, told = run(folder)
    assert [row.outcome for row in second.rows] == ["judged", "judged"] and snapshots(folder) == 2
    assert [line for line in told if line.startswith("[")] == [line for line in told if "b: judged" in line]


@pytest.mark.slow
def test_a_job_that_was_changed_judges_what_it_has_and_collects_nothing(folder: Path) -> None:
    before, _ = run(folder)
    after, told = run(folder, "reports: {faces: []}\npss_version: v1.30\n")
    assert not after.idle and snapshots(folder) == 2 and sum(line.startswith("[") for line in told) == 2
    (folder / "rules" / "wards.yaml").write_text((folder / "rules" / "wards.yaml").read_text().replace("'1'", "'2'"))
    assert not run(folder, "reports: {faces: []}\npss_version: v1.30\n")[0].idle, "files of people decide too"
    assert [row.snapshot for row in after.rows] == [row.snapshot for row in before.rows]


@pytest.mark.slow
def test_a_snapshot_that_was_taken_away_is_collected_again(folder: Path) -> None:
    first, _ = run(folder)
    shutil.rmtree(Path(first.rows[0].path).parent)
    state = json.loads((folder / "runs" / "nightly" / "2026-11-22.json").read_text())
    state["finished_by"] = ""
    (folder / "runs" / "nightly" / "2026-11-22.json").write_text(json.dumps(state))
    assert Path(run(folder)[0].rows[0].path).is_dir() and snapshots(folder) == 2


# --- webhooks --------------------------------------------------------------------------------------------------------

class Receiver(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.got: list[dict] = []
        self.status = 200
        self.url = f"http://127.0.0.1:{self.server_port}/hook-of-the-team"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("HOOK", server.url)
        yield server
        server.shutdown()


NOTIFY = "reports: {faces: []}\nnotify:\n- {kind: json, url_env: HOOK}\n- {kind: slack, url_file: hook}\n"


def test_what_turned_is_told_once_and_what_stays_is_not(folder: Path, receiver: Receiver) -> None:
    (folder / "hook").write_text(f"{receiver.url}\n")
    run(folder, NOTIFY)
    assert receiver.got == [], "on the first day nothing has turned"
    cluster(folder, "a", privileged=True)
    _, told = run(folder, NOTIFY, night=1)
    plain, slack = receiver.got
    turned = {"cluster": "a", "framework": "wards", "requirement": "A1", "before": "pass", "now": "fail"}
    assert plain == {"job": "nightly", "day": "2026-11-23", "turned": [turned]}
    assert slack["text"].splitlines()[1] == "• a: wards A1 is fail, was pass"
    assert "hook-of-the-team" not in "".join(told) and "a: wards A1 is fail, was pass" in told
    run(folder, NOTIFY, night=1)
    run(folder, NOTIFY, night=2)
    assert len(receiver.got) == 2


@pytest.mark.slow
def test_a_message_that_was_not_taken_is_sent_by_the_next_run(folder: Path, receiver: Receiver) -> None:
    (folder / "hook").write_text(receiver.url)
    run(folder, NOTIFY)
    (folder / "a.yaml").unlink()
    receiver.status = 404
    outcome, _ = run(folder, NOTIFY, night=1)
    assert len(outcome.problems) == 2 and "status 404" in outcome.problems[0] and "hook-of" not in outcome.problems[0]
    receiver.status, receiver.got = 200, []
    assert run(folder, NOTIFY, night=1)[0].problems == []
    assert receiver.got[0]["turned"] == [{"cluster": "a", "framework": "", "requirement": "", "before": "judged", "now": "failed"}]


# --- reports, metrics, the command line ---------------------------------------------------------------------------------

def test_pages_alone_are_drawn_once_and_measured(folder: Path) -> None:
    config = written(folder, "reports: {faces: [page], fleet: true}\nmetrics: m.prom\n")
    done = auditkit("run", "--config", config, "--log-format", "json")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert {line["level"] for line in lines} == {"info"} and lines[0]["outcome"] == "judged" and "time" in lines[0]
    names = [Path(line).name for line in done.stdout.splitlines()]
    assert sum(name.endswith(".html") for name in names) == 3 and not any(name.endswith(".pdf") for name in names)
    assert sum(name.startswith("fleet-snapshots-") for name in names) == 2
    assert 'auditkit_requirements{job="nightly",cluster="a"' in (folder / "m.prom").read_text()
    again = auditkit("run", "--config", config)
    assert again.returncode == 0 and "Nothing to do" in again.stderr and len(again.stdout.splitlines()) == 2


@pytest.mark.slow
def test_one_report_that_fails_does_not_take_the_others_along_and_names_the_cell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat

    from auditkit.reports import _notebook

    notebook = nbformat.read(_notebook("wards"), 4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    cells[3].source = "assert snap.manifest.cluster != 'a', 'not of this cluster'"
    nbformat.write(notebook, folder / "framework.ipynb")
    monkeypatch.setattr("auditkit.reports._notebook", lambda name: folder / "framework.ipynb")
    outcome, _ = run(folder, "reports: {faces: [page]}")
    [problem] = outcome.problems
    assert "failed in its code cell 5: AssertionError: not of this cluster" in problem and "/a/" in problem
    assert [path.suffix for path in outcome.files] == [".ipynb", ".html"] and "-b-" in outcome.files[0].name
    assert not run(folder, "reports: {faces: [page]}")[0].idle, "it is tried again"


@pytest.mark.parametrize(("more", "words", "code", "says"), [
    ("frameworkz: x", [], 2, "nightly.yaml, line"), ("notify: [{kind: json, url_env: NOT_SET}]", [], 2, "has no address"),
    ("", ["--context", "x"], 2, "--context cannot be combined with --config"), ("", ["--strict"], 2, "--strict cannot be"),
    ("exceptions: none.yaml", [], 2, "none.yaml cannot be read"), ("reports: {environments: ['=']}", [], 2, "is no environment"),
    ("reports: {faces: []}\nfail_on: [fail]", [], 1, ""),
])
def test_the_command_line_says_what_is_wrong(folder: Path, more: str, words: list[str], code: int, says: str) -> None:
    cluster(folder, "b", privileged=True)
    done = auditkit("run", "--config", written(folder, more), *words)
    assert done.returncode == code and says in " ".join(done.stderr.split()), done.stderr
    assert (snapshots(folder) == 0) == (code == 2) and "Traceback" not in done.stderr


def test_options_of_jobs_need_a_job(folder: Path) -> None:
    for words in (["--again"], ["--metrics", "m"]):
        done = auditkit("run", "--recording", folder / "a.yaml", *words)
        assert done.returncode == 2 and "it needs --config FILE" in done.stderr


# --- stopped in the middle ----------------------------------------------------------------------------------------------

def process(config: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-m", "auditkit", "run", "--config", str(config)], cwd=config.parent, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)})


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_sigterm_ends_with_a_code_of_its_own_and_the_next_run_goes_on(server: ReplayServer, tmp_path: Path) -> None:
    rules(tmp_path)
    cluster(tmp_path, "a")
    kubeconfig(tmp_path, slow=server.url)
    slow = server.fault("/api/v1/pods*", kind="hang")
    config = tmp_path / "nightly.yaml"
    config.write_text("clusters:\n- {recording: a.yaml, name: a, complete: [all]}\n- {context: slow, kubeconfig: kubeconfig}\n"
                      "frameworks: [wards]\ncontrols: rules\nreports: {faces: []}\n")
    state = tmp_path / "runs" / "nightly"
    first = process(config)
    until(lambda: server.count("/api/v1/pods") and list(state.glob("*.json")))
    first.send_signal(signal.SIGTERM)
    out, err = first.communicate(timeout=60)
    assert first.returncode == 143 and out == "" and "Traceback" not in err, err
    manifests = list((tmp_path / "snapshots").rglob("manifest.json"))
    assert len(manifests) == 1 and auditkit("verify", tmp_path / "snapshots").returncode == 0
    server._faults.remove(slow)
    second = process(config)
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0 and len(out.splitlines()) == 2, err
    assert "[1/1] slow: judged" in err, "what was done is not done again"
    assert auditkit("verify", tmp_path / "snapshots").returncode == 0
    assert not list(tmp_path.rglob(".partial-*")), "what the stopped run left is cleared"


@pytest.mark.slow
def test_of_two_runs_of_a_job_one_works_and_the_other_finds_all_done(folder: Path) -> None:
    config = written(folder)
    both = [process(config) for _ in range(2)]
    told = [each.communicate(timeout=300)[1] for each in both]
    assert [each.returncode for each in both] == [0, 0], told
    assert sorted("Nothing to do" in said for said in told) == [False, True] and snapshots(folder) == 2
