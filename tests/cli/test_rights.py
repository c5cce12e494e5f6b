"""`auditkit rights` and `auditkit rights propose`."""

import json
from pathlib import Path

import pytest
import yaml
from scan_worlds import OWN
from typer.testing import CliRunner

import auditkit
from auditkit.cli.main import app
from auditkit.errors import NoSuchName, UsageError

LOG = str(OWN / "k8s-audit" / "acme-prod-audit.jsonl")
POLICY = str(OWN / "k8s-audit-policy" / "acme-prod-audit-policy.yaml")


def run(*arguments: str):
    return CliRunner().invoke(app, ["rights", *arguments])


def test_a_file_that_may_be_a_log_and_cannot_be_read_leaves_nothing_unused(tmp_path: Path) -> None:
    """It may have the uses of a right that the other files do not show."""
    damaged = tmp_path / "audit-2.log.gz"
    damaged.write_bytes(b"\x1f\x8b\x08 not compressed")
    taken = {"recording": Path(__file__).parents[1] / "clusters" / "acme-prod", "taken_at": "2026-11-23T09:20:00Z"}
    said = "audit-2.log.gz was not read, and may be an audit log: its compressed data is cut off or damaged after 0 bytes"
    within = auditkit.rights(auditkit.collect(**taken, scans=[LOG, POLICY, damaged]))
    beside = auditkit.rights(auditkit.collect(**taken), logs=[LOG, POLICY, damaged])
    assert said in within.attrs["period"].gaps and said in beside.attrs["period"].gaps


def test_one_api_server_among_pods_that_were_not_all_listed_need_not_be_the_only_one(tmp_path: Path) -> None:
    pod = tmp_path / "pod.yaml"
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-a"}}
    pod.write_text(yaml.safe_dump(node) + "---\n" + yaml.safe_dump({"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": "kube-apiserver-a", "namespace": "kube-system", "labels": {"component": "kube-apiserver", "tier": "control-plane"},
        "annotations": {"kubernetes.io/config.source": "file", "kubernetes.io/config.mirror": "x"}},
        "spec": {"containers": [{"name": "kube-apiserver", "image": "kube-apiserver", "command": ["kube-apiserver"]}]}}))
    for complete, known in ((["pods"], False), (["pods", "nodes"], True)):
        snap = auditkit.collect(recording=pod, taken_at="2026-11-23T09:20:00Z", complete=complete)
        assert len(snap.api_servers) == 1 and bool(snap.gaps("api_servers")) is not known
        gaps = auditkit.rights(snap, logs=[LOG, POLICY]).attrs["period"].gaps
        assert any(each.startswith("how many API servers there are is not known") for each in gaps) is not known


def test_rights_are_shown_without_naming_the_command() -> None:
    done = run("demo", "ci-runners/runner", "--log", LOG, "--log", POLICY)
    title, head, row = done.stdout.splitlines()
    assert title == "Rights on acme-prod, granted and used since 2026-08-25"
    assert row.split("\t") == ["used", "ServiceAccount ci-runners/runner", "read_secrets", "everywhere",
                               "get, list, watch on secrets", "list secrets", "2026-11-23", "admin",
                               "ClusterRoleBinding runner-secrets → secret-reader, rule 0"]
    assert len(head.split("\t")) == len(row.split("\t"))
    assert done.stderr.splitlines() == [
        "1 right: 1 used",
        "no right is known to be unused: the audit log begins on 2026-11-23, and so reaches over 0 of 90 days"]
    assert run("show", "demo", "ci-runners/runner", "--log", LOG, "--log", POLICY).stdout == done.stdout


def test_json_has_the_period_and_why_rights_are_unknown() -> None:
    found = json.loads(run("demo", "vault/vault", "--log", LOG, "--since", "7", "--format", "json").stdout)
    assert (found["since"], found["until"]) == ("2026-11-16T08:27:00Z", "2026-11-23T08:27:00Z")
    assert {row["state"] for row in found["rights"]} == {"unknown"}
    assert any("the audit policy was not given" in row["why"] for row in found["rights"]) and found["gaps"]
    (line, *_) = run("demo", "vault/vault", "--log", LOG, "--format", "jsonl").stdout.splitlines()
    assert json.loads(line)["subject"] == "vault"


def test_bindings_that_kubernetes_ships_are_shown_on_demand() -> None:
    few, all_ = (json.loads(run("demo", *more, "--format", "json").stdout)["rights"] for more in ([], ["--all"]))
    assert not any(row["binding"] == "system:kube-scheduler" for row in few) and few
    assert any(row["binding"] == "system:kube-scheduler" for row in all_)


def test_a_proposal_is_yaml_and_says_what_was_replayed() -> None:
    done = run("propose", "dana@acme.example", "demo", "--log", LOG, "--log", POLICY)
    assert done.exit_code == 0
    assert "replayed 20 requests and 1 question beside them: 0 refused that were allowed; 0 are allowed to everybody by " \
           "default" in done.stderr
    kinds = [thing["kind"] for thing in yaml.safe_load_all(done.stdout)]
    assert kinds == ["ClusterRole", "ClusterRoleBinding", *["Role", "RoleBinding"] * 3]
    assert done.stdout.startswith("# Rights that User dana@acme.example used: 20 requests, of which these roles refuse 0.\n")


def test_applied_to_a_cluster_it_allows_what_was_used_and_little_else(tmp_path: Path) -> None:
    """By the way of every manifest: as a file that is collected."""
    file = Path(run("propose", "ci-runners/runner", "demo", "--log", LOG, "--output", str(tmp_path)).stdout.strip())
    snap = auditkit.collect(recording=file)
    asked = {"user": "system:serviceaccount:ci-runners:runner", "resource": "secrets"}
    assert snap.can(verb="list", namespace="vault", **asked) is True
    assert snap.who_can("list", "secrets", namespace="billing")["subject"].tolist() == ["system:masters"]
    assert snap.who_can("get", "secrets", namespace="vault")["subject"].tolist() == ["system:masters"]


def test_a_file_that_exists_is_not_overwritten(tmp_path: Path) -> None:
    arguments = ["propose", "ci-runners/runner", "demo", "--log", LOG, "--output", str(tmp_path)]
    assert run(*arguments).exit_code == 0
    again = run(*arguments)
    assert isinstance(again.exception, UsageError) and "exists already, and is not overwritten" in str(again.exception)


def test_who_used_nothing_gets_no_file(tmp_path: Path) -> None:
    done = run("propose", "vault/vault", "demo", "--log", LOG, "--output", str(tmp_path / "new"))
    assert done.stdout == "" and "used no right in these logs, so nothing is proposed" in done.stderr
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(("said", "wrong", "says"), [
    ("nobody@acme.example", NoSuchName, "There is no subject"), ("group:dana@acme.example", NoSuchName, "There is no subject"),
    ("default", NoSuchName, "did you mean"),
])
def test_a_subject_that_is_not_there_is_refused(said: str, wrong: type, says: str) -> None:
    with pytest.raises(wrong, match=says):
        auditkit.rights("demo", said)


@pytest.mark.parametrize("said", ["ci-runners/runner", "system:serviceaccount:ci-runners:runner", "serviceaccount:ci-runners/runner"])
def test_a_subject_has_several_names(said: str) -> None:
    assert auditkit.rights("demo", said)["subject"].unique().tolist() == ["runner"]


def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"kind": "Pod"}')
    with pytest.raises(UsageError, match=f"None of 1 file in {tmp_path} is an audit log"):
        auditkit.rights("demo", logs=[tmp_path])
    with pytest.raises(UsageError, match="0 is not a number of days"):
        auditkit.rights("demo", days=0)


def test_logs_of_the_snapshot_and_beside_it_say_the_same() -> None:
    taken = {"recording": Path(__file__).parents[1] / "clusters" / "acme-prod", "taken_at": "2026-11-23T09:20:00Z"}
    within = auditkit.rights(auditkit.collect(**taken, scans=[LOG, POLICY]))
    beside = auditkit.rights(auditkit.collect(**taken), logs=[LOG, POLICY])
    assert within.equals(beside) and within.attrs == beside.attrs
