"""Bad input to every command: one sentence that names it, the exit code of its kind, and never a traceback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest
import typer
from bad_inputs import BAD
from command_line import HOUSE, auditkit
from replay import ACME_PROD, ReplayServer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from auditkit.api import snapshots
from auditkit.cli import main as cli
from auditkit.snapshots.snapshot import Snapshot

FOLDERS = frozenset({"missing", "folder"})
"""What is no mistake where a folder is written."""

COMMANDS: dict[str, tuple[int, str, frozenset[str]]] = {
    "collect --recording BAD": (4, "", frozenset()),
    "collect --recording BAD --complete all": (4, ".tar.gz", frozenset()),
    "collect --kubeconfig BAD": (4, "", frozenset()),
    "collect --recording RECORDING --members BAD": (2, ".csv", frozenset()),
    "collect --recording RECORDING --store BAD": (2, "", FOLDERS),
    "run --recording /nowhere --store BAD": (2, "", FOLDERS),
    "run --recording /nowhere --output BAD": (2, "", FOLDERS),
    "run --recording /nowhere --exceptions BAD": (2, ".yaml", frozenset()),
    "evaluate BAD": (2, "", frozenset()),
    "evaluate SNAPSHOT --exceptions BAD": (2, ".yaml", frozenset()),
    "evaluate SNAPSHOT --attestations BAD": (2, ".yaml", frozenset()),
    "evaluate SNAPSHOT --controls BAD": (2, "", frozenset()),
    "evaluate SNAPSHOT --controls WITH-BAD": (2, ".yaml", frozenset({"missing"})),
    "evaluate SNAPSHOT --checks BAD": (2, ".py", frozenset()),
    "explain BAD CC6.1": (2, "", frozenset()),
    "rights BAD": (2, "", frozenset()),
    "rights SNAPSHOT --log BAD": (2, "", frozenset({"pipe"})),  # which is read, as any log
    "rights propose default BAD": (2, "", frozenset()),
    "rights propose group:system:authenticated SNAPSHOT --log BAD": (2, "", frozenset({"pipe"})),
    "policies BAD": (2, "", frozenset()),
    "policies SNAPSHOT --policies BAD": (2, ".yaml", frozenset()),
    "report BAD": (2, "", frozenset()),
    "report SNAPSHOT --output BAD": (2, "", FOLDERS),
    "report SNAPSHOT --notebook BAD --output OUT": (2, ".ipynb", frozenset()),
    "demo --output BAD": (2, "", FOLDERS),
    "show BAD": (2, "", frozenset()),
    "show BAD pods": (2, "", frozenset()),
    "show WITH-MANIFEST": (2, "", frozenset({"missing"})),
    "who-can get secrets BAD": (2, "", frozenset()),
    "access-review packet BAD -o OUT": (2, "", frozenset()),
    "access-review packet SNAPSHOT -o BAD/x.csv": (2, "", frozenset({"folder"})),
    "access-review check BAD --snapshot SNAPSHOT": (2, ".csv", frozenset()),
    "access-review check --snapshot SNAPSHOT BAD": (2, ".xlsx", frozenset()),
    "access-review check PACKET --snapshot BAD": (2, "", frozenset()),
    "access-review proof BAD --snapshot SNAPSHOT --later SNAPSHOT": (2, ".csv", frozenset()),
    "access-review proof PACKET --snapshot SNAPSHOT --later BAD": (2, "", frozenset()),
    "bridge BAD -f soc2 --since 2026-01-01": (2, "", frozenset()),
    "bridge SNAPSHOT -f soc2 --since 2026-01-01 --conclusions BAD": (2, ".yaml", frozenset()),
    "conclude BAD -f soc2 -o OUT": (2, "", frozenset()),
    "conclude SNAPSHOT -f soc2 -o BAD/x.csv": (2, "", frozenset({"folder"})),
    "conclude --from BAD -o OUT": (2, ".xlsx", frozenset()),
    "frameworks list --controls BAD": (2, "", frozenset()),
    "frameworks show soc2 --controls BAD": (2, "", frozenset()),
    "frameworks lint --controls BAD": (2, "", frozenset()),
    "frameworks lint --checks BAD": (2, ".py", frozenset()),
    "frameworks test --checks BAD": (2, ".py", frozenset()),
}
"""Each command with its exit code, the suffix of the bad file, and what of `BAD` is no mistake there."""


@pytest.fixture(scope="module")
def taken(acme: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return acme.apart().write(tmp_path_factory.mktemp("work") / "store")


@pytest.fixture(scope="module")
def packet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packet") / "packet.csv"
    path.write_text("line,reviewer,decision,comment,reviewed\n")
    return path


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that was refused says on its one line."""
    assert done.stdout == "", "nothing is printed before a mistake is said"
    assert done.stderr.startswith("auditkit: ") and done.stderr.count("\n") == 1, done.stderr
    assert "Errno" not in done.stderr and "Traceback" not in done.stderr
    return done.stderr.removeprefix("auditkit: ").rstrip("\n")


@pytest.mark.parametrize(("command", "bad"), [
    (command, bad) for command, (_, _, fine) in COMMANDS.items() for bad in BAD if bad not in fine])
def test_bad_input_is_one_sentence_with_its_exit_code(
        taken: Path, packet: Path, tmp_path: Path, command: str, bad: str) -> None:
    code, suffix, _ = COMMANDS[command]
    path = tmp_path / f"bad{suffix}"
    if "WITH-MANIFEST" in command:
        path = tmp_path / f"x-{'a' * 12}" / "manifest.json"
        path.parent.mkdir()
    BAD[bad](path)
    places = {"RECORDING": ACME_PROD, "SNAPSHOT": taken, "PACKET": packet, "OUT": tmp_path / "out", "BAD": path,
              "BAD/x.csv": path / "x.csv", "WITH-BAD": tmp_path, "WITH-MANIFEST": path.parent}
    done = auditkit(*(places.get(word, word) for word in command.split()))
    assert done.returncode == code, done.stderr
    assert path.name in one_sentence(done)


def test_no_scan_costs_the_collection_and_each_that_cannot_be_read_is_in_the_ledger(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    kinds = set(BAD) - {"missing", "pipe", "folder"}
    for bad in kinds:
        BAD[bad](folder / bad)
    os.mkfifo(tmp_path / "pipe")
    (folder / "pipe").symlink_to(tmp_path / "pipe")
    done = auditkit("collect", "--recording", ACME_PROD, "--scan", folder, "--store", tmp_path / "store")
    assert done.returncode == 0 and "Errno" not in done.stderr
    ledger = snapshots.open(done.stdout.strip()).ledger.set_index("resource")
    scans = ledger[ledger.index.str.startswith("scan:unknown:")]
    assert set(scans["path"]) == kinds | {"pipe"}
    assert set(scans["outcome"]) == {"failed"} and scans["reason"].str.len().gt(10).all()
    assert scans.loc["scan:unknown:pipe", "reason"] == "it cannot be read: it is not a file but a pipe or a device"


@pytest.mark.parametrize(("suffix", "bad"), [(".yaml", bad) for bad in BAD] + [(".py", bad) for bad in BAD])
def test_lint_tells_a_mistake_in_a_file_from_a_file_that_cannot_be_read(tmp_path: Path, suffix: str, bad: str) -> None:
    BAD[bad](path := tmp_path / f"bad{suffix}")
    done = auditkit("frameworks", "lint", path)
    if path.is_file():
        assert done.returncode == 1 and done.stdout.startswith("error: ") and path.name in done.stdout
    else:
        assert done.returncode == 2 and path.name in one_sentence(done)


def test_a_mistyped_scan_is_said_before_anything_is_asked(tmp_path: Path, server: ReplayServer, kubeconfig: str) -> None:
    done = auditkit("collect", "--scan", tmp_path / "trviy.json", "--store", tmp_path / "store", KUBECONFIG=kubeconfig)
    assert done.returncode == 2 and "There is no scan" in one_sentence(done)
    assert server.requests == [] and not (tmp_path / "store").exists()


# --- empty words ----------------------------------------------------------------------------------------------------


def taking(command: TyperCommand | TyperGroup, *words: str) -> Iterator[list[str]]:
    """A command line for each option and each argument that takes a value, which is still to be added at its end."""
    if isinstance(command, TyperGroup):
        for name, one in command.commands.items():
            yield from taking(one, *words, name)
    for one in command.params:
        if isinstance(one, TyperArgument):
            yield [*words, *("x" for each in command.params[:command.params.index(one)] if isinstance(each, TyperArgument))]
        elif not (one.is_flag or one.is_eager):
            yield from ([*words, name] for name in one.opts)


EMPTY = [*taking(typer.main.get_command(cli.app))]


def test_the_words_of_all_commands_are_found() -> None:
    lines = {" ".join(words) for words in EMPTY}
    assert {"collect --store", "run --recording", "evaluate", "show x", "report -o", "frameworks test",
            "access-review check --snapshot", "controls lint --controls"} <= lines and len(lines) > 100


@pytest.mark.parametrize("words", EMPTY, ids=" ".join)
def test_an_empty_word_is_an_unset_variable_and_never_a_default(words: list[str]) -> None:
    ways = [[*words, ""], *([[*words[:-1], f"{words[-1]}="]] if words[-1].startswith("--") else [])]
    for way in ways:
        done = auditkit(*way)
        assert done.returncode == 2 and one_sentence(done) == (
            f"The value after {words[-1]} is empty. Set the shell variable that it is taken from, or leave the option or "
            "argument out.")


def test_a_tool_without_a_file_is_no_scan_of_the_current_folder(tmp_path: Path) -> None:
    done = auditkit("collect", "--recording", ACME_PROD, "--scan", "trivy=", "--store", tmp_path)
    assert done.returncode == 2 and one_sentence(done).startswith("There is no scan ''")


# --- show -----------------------------------------------------------------------------------------------------------


def test_show_opens_the_demo_as_other_commands_do() -> None:
    assert "acme-prod" in auditkit("show", "demo").stdout
    assert "first 5 of" in auditkit("show", "demo", "pods").stdout


def test_show_names_what_it_takes(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("")
    file, store = auditkit("show", tmp_path / "x.txt"), auditkit("show", tmp_path, "pods")
    assert "x.txt is not a snapshot: it is not a folder." in one_sentence(file)
    assert f"{tmp_path} is not a snapshot and has no snapshots." in one_sentence(store)
    assert "podz is neither a snapshot nor a store. There is no table 'podz'; did you mean pods" in one_sentence(auditkit("show", "podz"))


def test_a_broken_snapshot_does_not_hide_the_others_of_its_store(acme: Snapshot, tmp_path: Path) -> None:
    whole = acme.apart().write(tmp_path)
    broken = tmp_path / "other" / f"20260101T000000Z-{'0' * 12}"
    broken.mkdir(parents=True)
    (broken / "manifest.json").write_text('{"cluster":')
    done = auditkit("show", tmp_path)
    assert done.returncode == 2 and whole.name in done.stdout and "Traceback" not in done.stderr
    reason, end = done.stderr.splitlines()
    assert reason.startswith(f"{broken / 'manifest.json'} cannot be read: Input data was truncated.")
    assert end.startswith(f"auditkit: 1 of 2 snapshots in {tmp_path} cannot be opened.")


def test_a_broken_table_of_a_snapshot_is_one_sentence(acme: Snapshot, tmp_path: Path) -> None:
    path = acme.apart().write(tmp_path)
    (path / "pods.parquet").write_bytes(b"PAR1" + bytes(100))
    assert "pods.parquet was changed after collection" in one_sentence(auditkit("show", path, "pods"))


# --- the process ----------------------------------------------------------------------------------------------------


def process(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "auditkit", *map(str, arguments)]


@pytest.mark.parametrize("arguments", [["show"], ["evaluate", "demo", "-f", "soc2", "--subjects"]])
def test_a_reader_that_goes_away_is_no_threshold_that_was_crossed(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(process(*arguments), stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=HOUSE)
    os.close(writing)
    assert done.returncode == cli.CLOSED and "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_messages_that_nobody_reads_are_no_threshold_that_was_crossed(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    for arguments in (["show", "nope"], ["collect", "--recording", ACME_PROD, "--store", tmp_path]):
        done = subprocess.run(process(*arguments), stdout=subprocess.PIPE, stderr=writing, check=False, cwd=HOUSE)
        assert done.returncode in (2, cli.CLOSED)
    os.close(writing)


def test_an_error_of_auditkit_itself_shows_no_data_and_has_a_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a value of the cluster")

    monkeypatch.setattr(snapshots, "open", broken)
    done = auditkit("evaluate", "demo")
    said = one_sentence(done)
    assert done.returncode == cli.BROKEN and "KeyError in test_bad_input.py, line" in said and "a value" not in said


@pytest.mark.parametrize("pattern", ["*", "/api/v1/pods"])
def test_an_interrupt_ends_a_collection_at_once(
        tmp_path: Path, server: ReplayServer, kubeconfig: str, pattern: str) -> None:
    server.fault(pattern, kind="hang")
    running = subprocess.Popen(process("collect", "--store", tmp_path / "store", "--timeout", "60"), stderr=subprocess.PIPE,
                               text=True, cwd=HOUSE, env={**os.environ, "KUBECONFIG": kubeconfig},
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))  # a shell's "&" ignores it
    patience = time.monotonic() + 60
    while not any(fnmatch(request.path, pattern) for request in list(server.requests)) and time.monotonic() < patience:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    try:
        _, said = running.communicate(timeout=20)
    finally:
        running.kill()
    assert running.returncode == cli.INTERRUPTED and "Traceback" not in said
    assert not list(tmp_path.rglob("manifest.json"))
