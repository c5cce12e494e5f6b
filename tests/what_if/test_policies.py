"""Policies that somebody proposes, read from YAML files."""

from pathlib import Path

import pytest

from auditkit.errors import DefinitionError, UsageError
from auditkit.what_if.policies import read

POLICY = """apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: p}
spec:
  matchConstraints: {resourceRules: [{apiGroups: [""], apiVersions: [v1], resources: [pods], operations: [CREATE]}]}
  validations: [{expression: "has(object.spec.hostNetwork)"}]
"""
BINDING = """apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: b}
spec: {policyName: p, validationActions: [Warn]}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"


def written(folder: Path, text: str, name: str = "a.yaml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def test_policies_bindings_and_parameters_are_read_from_files_of_several_documents(tmp_path: Path) -> None:
    written(tmp_path, f"{POLICY}---\n{BINDING}")
    written(tmp_path, CONFIG, "b.yml")
    written(tmp_path, "nothing", "c.txt")
    found = read(tmp_path)
    assert list(found.policies) == ["p"]
    assert [each["metadata"]["name"] for each in found.bindings_of("p")] == ["b"]
    assert [each["kind"] for each in found.others] == ["ConfigMap"]


def test_a_list_is_read_as_its_items(tmp_path: Path) -> None:
    indented = POLICY.replace("\n", "\n    ").rstrip()
    assert list(read(written(tmp_path, f"kind: List\nitems:\n  - {indented}\n")).policies) == ["p"]


def test_a_policy_without_a_binding_is_taken_to_deny(tmp_path: Path) -> None:
    assert read(written(tmp_path, POLICY)).bindings_of("p")[0]["spec"]["validationActions"] == ["Deny"]


@pytest.mark.parametrize(("text", "says"), [
    ("a: [", "line 2: it is no YAML: did not find expected node content."),
    ("just text", "line 1: this document is no Kubernetes object: it has no kind."),
    (f"{CONFIG}---\n- 1\n", "line 5: this document is no Kubernetes object: it has no kind."),
    ("kind: ConfigMap\nmetadata: {name: c}\n", "line 1: this is no ConfigMap: Object missing required field `apiVersion`."),
    (f"{CONFIG}---\n{POLICY.replace('  validations', '  validation')}".replace("matchConstraints", "match"),
     "line 5: this is no ValidatingAdmissionPolicy: Object contains unknown field `match` - at `$.spec`."),
    (POLICY.replace("  validations", "  validation"),
     "line 1: this is no ValidatingAdmissionPolicy: Object contains unknown field `validation` - at `$.spec`."),
    (POLICY.replace("  matchConstraints", "#"),
     "line 1: this is no ValidatingAdmissionPolicy: Object missing required field `matchConstraints` - at `$.spec`."),
    (f"{POLICY}---\n{BINDING.replace('[Warn]', 'Warn')}",
     "line 8: this is no ValidatingAdmissionPolicyBinding: Expected `array`, got `str` - at `$.spec.validationActions`."),
    (f"{POLICY}---\n{POLICY}", "line 8: there is another ValidatingAdmissionPolicy p."),
    (POLICY.replace("has(object.spec.hostNetwork)", "object.spec"), "line 1: the expression 'object.spec' cannot be used: it "
     "must evaluate to bool but evaluates to dyn."),
    (POLICY.replace("has(object.spec.hostNetwork)", "nobody.hostNetwork"), "line 1: the expression 'nobody.hostNetwork' cannot be used: it does not "
     "compile: ERROR: <input>:1:7: undeclared reference to 'nobody.hostNetwork' (in container '')."),
    ("\x00", "line 1: it is no YAML: control characters are not allowed.")])
def test_a_mistake_is_a_sentence_with_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(DefinitionError) as caught:
        read(file)
    assert str(caught.value) == f"{file}, {says}"


def test_without_a_policy_there_is_nothing_to_propose(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no ValidatingAdmissionPolicy"):
        read(written(tmp_path, CONFIG))
    with pytest.raises(UsageError, match="it does not exist"):
        read(tmp_path / "nowhere.yaml")
