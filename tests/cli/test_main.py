"""The command line as a user has it: exit codes, clean stdout, sentences on stderr; real processes where they matter."""

import contextlib
import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import auditkit
from replay import ACME_PROD, ReplayServer

from auditkit.reports.panels.requirements import about
from auditkit.snapshots.store import open_snapshot

HERE = Path(__file__).parents[2]


def process(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """The same as `auditkit` by a process of its own."""
    return subprocess.run([sys.executable, "-m", "auditkit.cli.main", *map(str, arguments)], capture_output=True, text=True,
                          check=False, cwd=HERE, env={**os.environ, "KUBECONFIG": "/nowhere", **environment})


def on_a_terminal(*arguments: object) -> str:
    """What a terminal of 80 columns shows on stdout."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-m", "auditkit", *map(str, arguments)], stdout=theirs, cwd=HERE,
                               stderr=subprocess.DEVNULL, env={**os.environ, "KUBECONFIG": "/nowhere", "TERM": "dumb"})
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # it ends so when they close it
        while more := os.read(ours, 65536):
            shown += more
    os.close(ours)
    assert process.wait() == 0
    return shown.decode().replace("\r\n", "\n")


@pytest.fixture(scope="module")
def taken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("store")
    done = auditkit("collect", "--recording", ACME_PROD, "--store", store)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1])


def test_collect_prints_the_path_last(taken: Path) -> None:
    assert (taken / "manifest.json").is_file()


def test_collect_from_a_live_cluster(server: ReplayServer, kubeconfig: str, tmp_path: Path) -> None:
    done = auditkit("collect", "--context", "acme-prod", "--store", tmp_path, KUBECONFIG=kubeconfig)
    assert done.returncode == 0, done.stderr
    assert (Path(done.stdout.splitlines()[-1]) / "pods.parquet").is_file()
    assert "collecting as admin" in done.stderr and "pods: complete" in done.stderr
    assert "\x1b" not in done.stderr, "no colours where there is no terminal"


def test_quiet(tmp_path: Path) -> None:
    done = auditkit("collect", "-q", "--recording", ACME_PROD, "--store", tmp_path)
    who, *missing = done.stderr.splitlines()
    assert who == "collecting as admin (system:masters, system:authenticated)"
    assert missing and {line.split()[0] for line in missing} <= {"partial", "failed"}
    assert len(done.stdout.splitlines()) == 1


def test_quiet_or_not_it_is_shown_who_asks_a_cluster(server: ReplayServer, kubeconfig: str, tmp_path: Path) -> None:
    server.forbid("secrets")
    server.fault("*/selfsubjectreviews", status=403)
    for option in ("--quiet", "--strict"):
        done = auditkit("collect", option, "--context", "acme-prod", "--store", tmp_path, KUBECONFIG=kubeconfig)
        assert done.stderr.splitlines()[0] == "collecting as an unknown identity"
        assert ("this identity cannot read secrets;" in done.stderr) == (option == "--strict")


@pytest.mark.parametrize(("arguments", "code", "says"), [
    (["frob"], 2, "No such command"),
    (["collect", "--frob"], 2, "No such option"),
    (["collect", "--context", "x", "--recording", "y"], 2, "cannot be combined"),
    (["collect", "--recording", "/nowhere/at/all"], 4, "does not exist"),
    (["collect", "--context", "nowhere"], 4, "kubeconfig"),
    (["collect"], 4, "auditkit demo"),
    (["evaluate", "/nowhere", "-f", "soc2"], 2, "is not a snapshot"),
    (["evaluate", "demo", "-f", "soc3"], 2, "did you mean soc2"),
    (["run", "--recording", str(ACME_PROD), "-f", "soc3"], 2, "did you mean soc2"),
    (["evaluate", "demo", "-f", "soc2", "--fail-on", "sometimes"], 2, "Invalid value"),
    (["show", "podz"], 2, "did you mean"),
])
def test_wrong_usage_is_a_sentence(arguments: list[str], code: int, says: str) -> None:
    done = auditkit(*arguments)
    assert done.returncode == code
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr and done.stdout == ""


def test_strict(tmp_path: Path) -> None:
    done = auditkit("collect", "--strict", "--recording", ACME_PROD, "--store", tmp_path)
    assert done.returncode == 3 and "kubelets" in done.stderr
    assert (Path(done.stdout.splitlines()[-1]) / "manifest.json").is_file(), "what was collected is kept"


def test_nothing_could_be_collected(server: ReplayServer, kubeconfig: str, tmp_path: Path) -> None:
    server.fault("*", status=403)
    done = auditkit("collect", "--store", tmp_path, KUBECONFIG=kubeconfig)
    assert done.returncode == 4 and "Nothing could be collected" in done.stderr
    assert not list(tmp_path.rglob("manifest.json"))


def test_json_is_one_document_and_nothing_else(taken: Path) -> None:
    done = auditkit("evaluate", taken, "-f", "cis-kubernetes", "--format", "json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert list(document) == ["snapshot", "cluster", "cluster_uid", "source", "collected_as", "collected", "observed",
                              "frameworks", "comparisons", "requirements"]
    assert list(document["frameworks"][0]) == ["framework", "version", "pss_version", "pss_version_asked", "scope", "own",
                                               "exceptions", "attestations", "notices"]
    snapshot = open_snapshot(taken)
    assert (document["snapshot"], document["cluster"]) == (snapshot.digest, "acme-prod")
    assert document["collected"] == f"{snapshot.manifest.started:%Y-%m-%dT%H:%M:%SZ}"
    assert len(document["requirements"]) == 131
    assert list(document["requirements"][0]) == [
        "framework", "id", "section", "title", "obligation", "level", "reach", "status", "accepted", "severity", "reason",
        "checks", "passed", "failed", "unknown", "not_applicable"]
    assert document["requirements"][0]["level"] == 1 and document["requirements"][0]["framework"] == "cis-kubernetes"
    assert done.stdout.isascii()


def test_json_is_one_document_and_jsonl_lines_for_verdicts_too(taken: Path) -> None:
    twice = ("-f", "pss-baseline", "-f", "nsa-cisa", "-f", "pss-baseline")
    document = json.loads(auditkit("evaluate", taken, *twice, "--subjects", "--format", "json").stdout)
    assert [each["framework"] for each in document["frameworks"]] == ["pss-baseline", "nsa-cisa"], "each framework once"
    lines = auditkit("evaluate", taken, *twice, "--subjects", "--format", "jsonl").stdout.splitlines()
    assert list(map(json.loads, lines)) == document["verdicts"]
    lines = auditkit("evaluate", taken, *twice, "--format", "jsonl").stdout.splitlines()
    document = json.loads(auditkit("evaluate", taken, *twice, "--format", "json").stdout)
    assert list(map(json.loads, lines)) == document["requirements"]


def test_subjects_for_people_fit_a_terminal(taken: Path) -> None:
    asked = ("evaluate", taken, "-f", "pss-baseline", "--subjects", "--pss-version", "v1.99")
    narrow = on_a_terminal(*asked)
    assert max(map(len, narrow.splitlines())) <= 80
    done = auditkit(*asked)
    said = " ".join(done.stdout.split())
    assert said == " ".join(narrow.split()), "a pipe has a line a subject, a terminal the same words"
    assert "fail Pod analytics/adhoc-debug: host namespaces (hostNetwork=true, hostIPC=true) (observed: " in said
    assert said.count("expected: hostNetwork, hostPID and hostIPC are not set remedy: Remove hostNetwork, hostPID and hostIPC. Expose the pod through a Service.") == 1
    assert "source: Kubernetes Pod Security Standards, baseline: host namespaces" in said
    assert "Pod Security Standards v1.36 instead of the requested v1.99: the server is v1.36" in done.stderr


def test_what_cannot_be_written_is_a_sentence(taken: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for source in (taken, "demo"):
        done = auditkit("report", source, "-f", "soc2", "-q", "-o", tmp_path / "file")
        assert done.returncode == 2 and "Traceback" not in done.stderr and "Give a writable folder with --output" in done.stderr
    if Path("/dev/full").exists():
        for form in ("text", "jsonl"):
            with open("/dev/full", "w") as disk:
                full = subprocess.run([sys.executable, "-m", "auditkit", "evaluate", taken, "-f", "soc2", "--format", form],
                                      stdout=disk, stderr=subprocess.PIPE, text=True, check=False, cwd=HERE)
            assert full.returncode == 2 and full.stderr.splitlines()[-1].startswith("auditkit: The output could not be")
            assert "Traceback" not in full.stderr and "Exception" not in full.stderr


def test_a_table_in_a_pipe_has_a_line_a_row_and_a_tab_between_cells(taken: Path) -> None:
    lines = auditkit("evaluate", taken, "-f", "cis-kubernetes").stdout.splitlines()
    title, heading, *rows = lines[next(place for place, line in enumerate(lines) if line.startswith("CIS")):]
    assert title.startswith("CIS") and heading.split("\t") == ["status", "id", "title", "reason"]
    assert len(rows) > 100 and all(line.count("\t") == 3 and "  " not in line for line in rows)
    narrow = on_a_terminal("evaluate", taken, "-f", "cis-kubernetes")
    assert max(map(len, narrow.splitlines())) <= 80 and "\t" not in narrow


def test_evaluate_begins_with_what_to_fix_first(taken: Path) -> None:
    lines = auditkit("evaluate", taken).stdout.splitlines()
    assert lines[0].startswith("Fix first on acme-prod: 5 of ")
    assert lines[1].split("\t") == ["severity", "finding", "where", "whose", "remedy", "requirements"]
    severity, finding, where, whose, remedy, requirements = lines[2].split("\t")
    assert (severity, finding) == ("critical", "14 of 98 subjects of bindings hold a right to bind, escalate or impersonate.")
    assert where.startswith("whole cluster (7)") and whose and remedy.startswith("Remove the right")
    assert requirements == "cis-kubernetes 5.1.8; soc2 CC6.3; hipaa 164.308(a)(4)(ii)(B)"
    unknown = next(line for line in lines if "requirements are unknown" in line)
    assert lines.index(unknown) < next(place for place, line in enumerate(lines) if line.startswith("CIS")), "no pass"
    narrow = on_a_terminal("evaluate", taken)
    assert narrow.startswith("Fix first") and "\n  to do: Remove the right" in narrow
    assert max(map(len, narrow.splitlines())) <= 80


def test_a_run_ends_with_the_answer_and_writes_its_verdicts_for_programs(tmp_path: Path) -> None:
    done = auditkit("run", "--recording", ACME_PROD, "-f", "pss-baseline", "--store", tmp_path / "s", "-o", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    notebook, page, paper, record, snapshot = done.stdout.splitlines()
    assert [Path(each).suffix for each in (notebook, page, paper, record)] == [".ipynb", ".html", ".pdf", ".json"]
    assert {Path(each).stem for each in (page, paper, record)} == {Path(notebook).stem}
    said = done.stderr.splitlines()
    assert "[1/3] pss-baseline: running the notebook" in said and said[-1] == f"Open {page}"
    assert "acme-prod: 10 of 12 requirements of pss-baseline fail." in said
    assert any("The worst: 16 of 66 pods have a privileged container. Where: falco (4)" in line for line in said)

    document = json.loads(Path(record).read_text())
    asked = json.loads(auditkit("evaluate", snapshot, "-f", "pss-baseline", "--format", "json").stdout)
    assert {name: document[name] for name in asked} == asked, "it has all that --format json has"
    assert [*document] == [*list(asked)[:-1], "findings", "requirements", "verdicts"]
    rows = [json.loads(line) for line in auditkit("evaluate", snapshot, "-f", "pss-baseline", "--subjects", "--format",
                                                  "jsonl").stdout.splitlines()]
    wanted = [row for row in rows if row["verdict"] in ("fail", "unknown")]
    assert sorted(map(json.dumps, document["verdicts"])) == sorted(map(json.dumps, wanted)) != []
    assert [each["failed"] for each in document["findings"]][:2] == [16, 15] and len(document["findings"]) == 10


def test_a_quiet_run_says_no_answer(tmp_path: Path) -> None:
    done = auditkit("run", "-q", "--recording", ACME_PROD, "-f", "pss-baseline", "--store", tmp_path / "s",
                    "-o", tmp_path / "r")
    assert done.returncode == 0 and "Open " not in done.stderr and "[1/3]" not in done.stderr


def test_where_no_check_fails_it_is_said_what_is_unknown_and_not_that_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text('{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": '
                                           '"Namespace", "metadata": {"name": "a"}}]}')
    path = auditkit("collect", "--recording", tmp_path / "objects.json", "--store", tmp_path / "s").stdout.splitlines()[-1]
    lines = auditkit("evaluate", path, "-f", "pss-baseline").stdout.splitlines()
    assert lines[0] == "objects: no check fails on the available evidence."
    assert lines[1].startswith("12 requirements are unknown, because evidence is missing.")


def test_a_terminal_that_knows_ascii_only(taken: Path) -> None:
    done = process("evaluate", taken, "-f", "soc2", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and "SOC 2 \\u2013 Trust Services Criteria" in done.stdout


def test_one_figure_says_how_complete_a_snapshot_is(taken: Path) -> None:
    said = auditkit("collect", "--recording", ACME_PROD, "--store", taken.parents[1]).stderr
    whole = re.search(r"(\d+ of \d+) sources read completely", said)
    assert whole and whole[1] in auditkit("show", taken.parents[1]).stdout and whole[1] in auditkit("show", taken).stdout
    gaps = about(open_snapshot(taken))
    assert whole[1] == f"{gaps['sources'] - len(gaps['gaps'])} of {gaps['sources']}", "and that is what reports say"


def test_controls_of_which_nothing_is_judged_are_said(taken: Path, tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text("framework: house\ntitle: H\nversion: '1'\nextends: pss-baseline\n")
    unused = auditkit("evaluate", taken, "-f", "pss-baseline", "--controls", tmp_path)
    assert unused.returncode == 0 and "was evaluated. Name one with --framework (house)" in unused.stderr
    used = auditkit("evaluate", taken, "-f", "house", "--controls", tmp_path, "--format", "json")
    assert "--framework" not in used.stderr
    [judged] = json.loads(used.stdout)["frameworks"]
    own = judged["own"]
    assert [(each["what"], each["name"], each["file"]) for each in own] == [("framework", "house", "house.yaml")]


def test_subjects_are_json_lines(taken: Path) -> None:
    done = auditkit("evaluate", taken, "-f", "cis-kubernetes", "--subjects", "--format", "jsonl")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {tuple(row) for row in rows} == {
        ("framework", "requirement", "check", "severity", "kind", "namespace", "name", "container", "verdict", "reason",
         "seen", "wanted", "source", "remedy", "accepted")}
    assert {row["verdict"] for row in rows} <= {"pass", "fail", "unknown", "not_applicable"}
    privileged = [row for row in rows if row["check"] == "workloads.no_privileged_containers" and row["verdict"] == "fail"]
    pods = json.loads(gzip.decompress((ACME_PROD / "api__v1__pods%3Flimit%3D500.json.gz").read_bytes()))["items"]
    assert len(privileged) == sum(
        (container.get("securityContext") or {}).get("privileged") is True for pod in pods
        for kind in ("containers", "initContainers", "ephemeralContainers") for container in pod["spec"].get(kind) or [])
    assert privileged


@pytest.mark.parametrize(("threshold", "code"), [("never", 0), ("fail", 1), ("unknown", 1), ("low", 1)])
def test_fail_on(taken: Path, threshold: str, code: int) -> None:
    assert auditkit("evaluate", taken, "-f", "cis-kubernetes", "--fail-on", threshold).returncode == code


def test_text_for_people(taken: Path) -> None:
    done = auditkit("evaluate", taken, "-f", "hipaa")
    assert done.returncode == 0 and "164.312(b)" in done.stdout
    assert "66 requirements:" in done.stderr


def test_show(taken: Path) -> None:
    store = auditkit("show", taken.parents[1])
    assert store.returncode == 0 and str(taken) in store.stdout
    assert "containers" in auditkit("show", taken).stdout
    assert "billing" in auditkit("show", taken, "namespaces").stdout
    assert "has all rights on the node" in auditkit("show", "containers").stdout
    assert "cis-kubernetes" in auditkit("show").stdout


def test_a_closed_pipe_is_no_error(taken: Path) -> None:
    done = subprocess.run(f"{sys.executable} -m auditkit.cli.main evaluate {taken} -f hipaa --subjects --format jsonl | head -1",
                          shell=True, capture_output=True, text=True, check=False, cwd=HERE)
    assert "Traceback" not in done.stderr


def test_terminal_escapes_of_a_cluster_do_not_reach_the_terminal(tmp_path: Path) -> None:
    evil = "x\x1b]0;owned\x07\x9b31m\u202egnp"
    objects = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": evil, "namespace": "[red]n[/red]"},
                "spec": {"containers": [{"name": "c", "image": evil, "securityContext": {"privileged": True}}]}}]
    (tmp_path / "pods.json").write_text(json.dumps({"apiVersion": "v1", "kind": "PodList", "items": objects}))
    done = auditkit("collect", "--recording", tmp_path / "pods.json", "--store", tmp_path / "store")
    path = done.stdout.splitlines()[-1]
    for arguments in (["evaluate", path, "--subjects"], ["evaluate", path, "--subjects", "--format", "jsonl"],
                      ["show", path, "pods"]):
        shown = auditkit(*arguments)
        assert shown.returncode == 0, shown.stderr
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(shown.stdout + shown.stderr)
    assert "[red]n[/red]" in shown.stdout


def test_files_are_collected_with_the_users_word_and_it_is_said_what_to_hand_in_next(tmp_path: Path) -> None:
    (tmp_path / "pods.json").write_text('{"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, '
                                        '"items": [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", '
                                        '"namespace": "n"}, "spec": {"containers": [{"name": "c"}]}}]}')
    given = ["--recording", str(tmp_path / "pods.json"), "--store", str(tmp_path / "s")]
    done = auditkit("collect", *given, "--complete", "pods,rc", "--taken-at", "2026-01-31")
    assert done.returncode == 0
    assert "observed 2026-01-31 00:00:00 UTC to 2026-01-31 23:59:59 UTC, stated by " in done.stderr
    assert "Next: auditkit collect --script" in done.stderr and "kubectl get $K -A -o json" in done.stderr
    refused = auditkit("collect", *given, "--complete", "pdos")
    assert refused.returncode == 2 and "There is no kind 'pdos'" in refused.stderr


def test_the_script_is_printed_and_nothing_is_collected() -> None:
    done = auditkit("collect", "--script")
    assert done.returncode == 0 and done.stdout.startswith("#!/bin/sh\n") and not done.stderr
