"""who-can and the access review as a user has them, and the membership file."""

import hashlib
import json
from pathlib import Path

import msgspec
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from auditkit.api import evaluating, reporting, snapshots
from auditkit.base import shipped
from auditkit.cli import main as cli
from auditkit.errors import UsageError
from auditkit.snapshots.snapshot import Snapshot

MEMBERS = "user,group,since\nalice@acme.example,acme:platform-admins,2025\n bob@acme.example , acme:billing ,\n"


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("members") / "members.csv"
    path.write_text(MEMBERS, "utf-8-sig")
    return path


@pytest.fixture(scope="module")
def snap(members: Path) -> Snapshot:
    return snapshots.collect(recording=shipped.demo(), members=members)


@pytest.fixture(scope="module")
def taken(snap: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return snap.write(tmp_path_factory.mktemp("work") / "snapshots")


def auditkit(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments], env={"COLUMNS": "400"})


def changed(snap: Snapshot, *, days: int, without: str = "", gap: str = "", rename: str = "") -> Snapshot:
    """The snapshot some days later: without a binding, with a table that is not whole, with another name of it."""
    tables = {name: snap.arrow(name) for name in snap._tables}
    for name in ("bindings", "binding_subjects") if without or rename else ():
        frame = snap.frame(name)
        column = "name" if name == "bindings" else "binding"
        frame = frame[frame[column] != without].replace({column: {rename.partition("=")[0]: rename.partition("=")[2]}})
        tables[name] = tables[name].from_pandas(frame, schema=tables[name].schema, preserve_index=False)
    later = pd.Timedelta(days=days).to_pytimedelta()
    ledger = [msgspec.structs.replace(entry, outcome="forbidden", reason="no rights") if entry.resource == gap else entry
              for entry in snap.manifest.ledger]
    times = {name: moment + later for name in ("started", "ended", "observed_from", "observed_until")
             if (moment := getattr(snap.manifest, name)) is not None}
    manifest = msgspec.structs.replace(snap.manifest, ledger=ledger, **times)
    return Snapshot(manifest, tables)


# --- who can ---


def test_who_can_says_each_chain(taken: Path) -> None:
    done = auditkit("who-can", "get", "secrets", "-n", "billing", taken)
    assert done.exit_code == 0
    line = next(line for line in done.stdout.splitlines() if "acme:billing" in line and line.startswith("Group"))
    assert "RoleBinding billing/billing-team → Role billing-admin, rule 0" in line
    assert "1 by the membership file" in line
    assert "bob@acme.example (through the group acme:billing)" in done.stdout
    assert "may be missing" not in done.stderr


@pytest.mark.parametrize("question", [
    {"namespace": "billing"}, {"namespace": "billing", "name": "smtp"}, {"name": "smtp"}, {}])
def test_json_has_what_the_library_says(snap: Snapshot, taken: Path, question: dict[str, str]) -> None:
    options = [part for name, value in question.items() for part in (f"--{name}", value)]
    wanted = snap.who_can("get", "secrets", **question)
    document = json.loads(auditkit("who-can", "get", "secrets", taken, *options, "--format", "json").stdout)
    assert document["snapshot"] == snap.digest and document["gaps"] == []
    assert [row["subject"] for row in document["holders"]] == wanted["subject"].to_list()
    lines = auditkit("who-can", "get", "secrets", taken, *options, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines] == document["holders"]


def test_a_path_is_no_resource(snap: Snapshot, taken: Path) -> None:
    rows = auditkit("who-can", "get", "/metrics", taken, "--format", "jsonl").stdout.splitlines()
    assert [json.loads(row)["role"] for row in rows] == snap.who_can("get", path="/metrics")["role"].replace(
        {pd.NA: None}).to_list()


def test_gaps_are_said_on_stderr(snap: Snapshot, tmp_path: Path) -> None:
    path = changed(snap, days=0, gap="rolebindings.rbac.authorization.k8s.io").write(tmp_path)
    done = auditkit("who-can", "get", "secrets", path, "--format", "json")
    assert "subjects may be missing: access to rolebindings" in done.stderr and json.loads(done.stdout)["gaps"]


def test_a_resource_that_is_not_served_is_said(taken: Path) -> None:
    assert "no resource 'secretz'" in auditkit("who-can", "get", "secretz", taken).stderr
    assert "no resource" not in auditkit("who-can", "create", "pods/exec", taken).stderr
    assert "no resource" not in auditkit("who-can", "get", "deployments.apps", taken).stderr


def test_names_cannot_steer_the_terminal(snap: Snapshot, tmp_path: Path) -> None:
    path = changed(snap, days=0, rename="billing-team=evil\x1b[2J\u202e").write(tmp_path)
    done = auditkit("who-can", "get", "secrets", "-n", "billing", path)
    assert "evil" in done.stdout and "\x1b" not in done.stdout and "\u202e" not in done.stdout


def test_the_newest_snapshot_of_the_only_cluster(
        taken: Path, snap: Snapshot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert isinstance(auditkit("who-can", "get", "secrets").exception, UsageError)
    snap.write(tmp_path / "snapshots")
    newer = changed(snap, days=1).write(tmp_path / "snapshots")
    done = auditkit("who-can", "get", "secrets")
    assert done.exit_code == 0 and newer.name in done.stderr
    assert "observed not before 20" in done.stderr and snap.manifest.cluster_uid in done.stderr
    other = msgspec.structs.replace(snap.manifest, cluster="another", cluster_uid="9-9")
    Snapshot(other, snap._tables).write(tmp_path / "snapshots")
    wrong = auditkit("who-can", "get", "secrets").exception
    assert isinstance(wrong, UsageError) and "another (UID 9-9), newest snapshots/another/" in str(wrong)


# --- the review ---


def decided(path: Path, snap: Snapshot, taken: Path, **decisions: str) -> Path:
    """A packet, filled in; ``decisions`` by the binding, else the right is kept."""
    assert auditkit("access-review", "packet", taken, "-o", path).exit_code == 0
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame["decision"] = frame["binding"].map(lambda name: decisions.get(name.replace("-", "_"), "keep"))
    frame["reviewer"], frame["reviewed"] = "carol@acme.example", f"{snap.manifest.started:%Y-%m-%d}"
    frame.to_csv(path, index=False)
    return path


def test_the_packet_is_written(taken: Path, tmp_path: Path) -> None:
    done = auditkit("access-review", "packet", taken, "--output", tmp_path / "review.xlsx")
    assert done.stdout.strip() == str(tmp_path / "review.xlsx")
    assert (tmp_path / "review.xlsx").read_bytes().startswith(b"PK")


def test_decisions_are_checked(snap: Snapshot, taken: Path, tmp_path: Path) -> None:
    file = decided(tmp_path / "review.csv", snap, taken)
    assert auditkit("access-review", "check", file, "--snapshot", taken).exit_code == 0
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    frame.loc[frame["binding"] == "billing-team", "reviewer"] = "bob@acme.example"
    frame.to_csv(file, index=False)
    done = auditkit("access-review", "check", file, "--snapshot", taken)
    assert done.exit_code == 1 and "a member of the reviewed group" in done.stdout


def test_a_packet_that_nobody_has_filled_in(taken: Path, tmp_path: Path) -> None:
    auditkit("access-review", "packet", taken, "-o", tmp_path / "review.csv")
    done = auditkit("access-review", "check", tmp_path / "review.csv", "--snapshot", taken, "--format", "jsonl")
    problems = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 1
    assert {row["problem"] for row in problems if row["kind"] == "error"} == {"the line has no decision"}



def test_revocations_are_proven_or_not(snap: Snapshot, taken: Path, tmp_path: Path) -> None:
    file = decided(tmp_path / "review.csv", snap, taken, old_contractor="revoke")
    same = changed(snap, days=1).write(tmp_path)
    gone = changed(snap, days=2, without="old-contractor").write(tmp_path)
    done = auditkit("access-review", "proof", file, "--snapshot", taken, "--later", same)
    assert done.exit_code == 1 and "still names the subject" in done.stdout
    done = auditkit("access-review", "proof", file, "--snapshot", taken, "--later", gone, "--format", "jsonl")
    assert done.exit_code == 0 and [json.loads(line)["status"] for line in done.stdout.splitlines()] == ["revoked"]
    frame = pd.read_csv(file, dtype=str, keep_default_na=False)
    frame.loc[frame["decision"] == "revoke", "line"] = "0123456789abcdef"
    frame.to_csv(file, index=False)
    done = auditkit("access-review", "proof", file, "--snapshot", taken, "--later", gone)
    assert done.exit_code == 1 and "1 do not match a line" in done.stderr, "what cannot be looked up is not proven"


def test_a_report_of_notebooks_only(monkeypatch: pytest.MonkeyPatch, taken: Path, tmp_path: Path) -> None:
    asked = []
    monkeypatch.setattr(reporting, "report_notebook", lambda snap, name, output, progress: asked.append(name) or ["made.html"])
    monkeypatch.setattr(evaluating, "evaluate", lambda *_, **__: pytest.fail("no framework was asked for"))
    done = auditkit("report", taken, "--notebook", "access", "--notebook", "network", "-o", tmp_path)
    assert done.exit_code == 0 and asked == ["access", "network"] and done.stdout.split() == ["made.html"] * 2


# --- who is in which group ---


def test_the_membership_file_is_part_of_the_ledger(snap: Snapshot, members: Path, taken: Path) -> None:
    assert snapshots.open(taken).memberships.to_dict("records") == [
        {"user": "alice@acme.example", "group": "acme:platform-admins"},
        {"user": "bob@acme.example", "group": "acme:billing"}]
    entry = snap.ledger[snap.ledger["resource"] == "memberships"].iloc[0]
    assert entry["sha256"] == hashlib.sha256(members.read_bytes()).hexdigest() and entry["items"] == 2
    assert snap.gaps("memberships") == [] and snap.can(user="alice@acme.example", verb="get", resource="secrets")
    assert str(members.parent) not in snap.ledger.to_csv()


def test_without_a_file_memberships_are_not_known() -> None:
    assert snapshots.demo().gaps("memberships") == ["the snapshot does not include memberships"]


@pytest.mark.parametrize(("content", "says"), [
    (b"name,team\na,b\n", "must have the columns"), (b"", "must have the columns"),
    (b"user,group\na,b\nc\n", "line 3: the line has no group"), (b"user,group\n,b\n", "line 2: the line has no user"),
    (b"user,group\n\xff,b\n", "cannot be read"), (b'user,group\n"a,b\n', "cannot be read"), (None, "cannot be read"),
])
def test_a_broken_membership_file_is_refused_with_its_line(content: bytes | None, says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "members.csv").write_bytes(content)
    with pytest.raises(UsageError, match=says):
        snapshots.collect(recording=shipped.demo(), members=tmp_path / "members.csv")
