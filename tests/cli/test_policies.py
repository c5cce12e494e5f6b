"""`auditkit policies`."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import auditkit
from auditkit.cli.main import app

PROPOSED = """apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-host}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]}
  validations: [{expression: "!object.spec.?hostNetwork.orValue(false)", message: uses the network of its node}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: commands}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], resources: [deployments], operations: ["*"]}]}
  validations: [{expression: "object.spec.template.spec.containers.all(c, has(c.command))"}]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: billing}
spec:
  policyName: commands
  validationActions: [Warn]
  matchResources: {namespaceSelector: {matchLabels: {team: billing}}}
"""


@pytest.fixture(scope="module")
def proposed(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("policies") / "proposed.yaml"
    file.write_text(PROPOSED)
    return str(file)


def run(*arguments: str):
    return CliRunner().invoke(app, ["policies", "demo", *arguments])


def test_json_has_each_object_that_is_not_allowed(proposed: str) -> None:
    done = run("--policies", proposed, "--format", "json")
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert {each["outcome"] for each in found} == {"denied", "unknown"}
    assert found[0] == {
        "policy": "no-host", "kind": "Pod", "namespace": "analytics", "name": "adhoc-debug", "outcome": "denied",
        "binding": "", "message": "uses the network of its node", "why": None,
        "expression": "!object.spec.?hostNetwork.orValue(false)"}


def test_what_the_snapshot_does_not_have_is_named(proposed: str) -> None:
    rows = map(json.loads, run("--policies", proposed, "--format", "jsonl").stdout.splitlines())
    unknown = [each for each in rows if each["policy"] == "commands"]
    assert [each["namespace"] for each in unknown] == ["billing", "billing"]
    assert {each["why"] for each in unknown} == {
        "object.spec.template.spec.containers[0].command, which is not known"}


def test_text_is_a_table_with_a_count_of_the_outcomes(proposed: str) -> None:
    done = run("--policies", proposed)
    assert done.stdout.splitlines()[1].split() == ["outcome", "policy", "kind", "namespace", "name", "reason"]
    assert "uses the network of its node" in done.stdout
    assert done.stderr.startswith("67 decisions: ")


def test_allowed_objects_are_printed_where_they_are_asked_for(proposed: str) -> None:
    found = json.loads(run("--policies", proposed, "--format", "json", "--allowed").stdout)
    assert len(found) == 67


def test_the_same_input_gives_the_same_bytes(proposed: str) -> None:
    assert run("--policies", proposed, "--format", "json").stdout == run("--policies", proposed, "--format", "json").stdout


def test_the_same_frame_in_python(proposed: str) -> None:
    snap = auditkit.open("demo")
    found = snap.policy_decisions(proposed)
    assert list(found) == ["policy", "kind", "namespace", "name", "outcome", "binding", "message", "expression", "why"]
    assert found.equals(auditkit.policy_decisions("demo", Path(proposed)))
    assert isinstance(found.attrs["gaps"], list)


def test_without_files_the_policies_of_the_cluster_are_run() -> None:
    done = run()
    assert done.stdout.startswith("What the policies of the cluster would do\n")
    assert [line.split("\t")[:5] for line in done.stdout.splitlines()[2:]] == [
        ["warned", "no-latest-images", "Deployment", *where] for where in (
            ["analytics", "jupyterhub"], ["analytics", "spark-driver"], ["billing", "invoice-worker"], ["ci-runners", "runner"])]
    assert done.stderr == ("18 decisions: 14 allowed, 4 warned\n"
                           "the policy unbound-policy has no binding: it does nothing\n")


def test_a_level_of_pod_security_is_tried_on_the_pods_of_a_namespace() -> None:
    found = json.loads(run("--enforce", "restricted", "-n", "billing", "--format", "json").stdout)
    assert {(each["policy"], each["kind"], each["namespace"], each["outcome"]) for each in found} == {
        ("Pod Security restricted", "Pod", "billing", "denied")}
    assert len(found) == 4


def test_what_a_policy_is_for_and_a_snapshot_does_not_have_is_said(tmp_path: Path) -> None:
    one = PROPOSED.split("---", maxsplit=1)[0]
    for name, changed in {"secrets": one.replace("resources: [pods]", "resources: [secrets, pods/exec]"),
                          "all": one.replace("resources: [pods]", 'resources: ["*"]'),
                          "updates": one.replace("[CREATE]", "[UPDATE]")}.items():
        (tmp_path / f"{name}.yaml").write_text(changed.replace("no-host", name))
    assert auditkit.policy_decisions("demo", tmp_path).attrs["gaps"] == [
        "the policy all is for every kind; of Secrets, ConfigMaps and kinds without a table nothing is decided",
        "the policy secrets is for pods/exec, of which a snapshot has no objects",
        "the policy secrets is for secrets, of which a snapshot has no objects",
        "the policy updates is not for requests that create an object"]
