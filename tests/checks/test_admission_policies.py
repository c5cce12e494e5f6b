"""Existing objects against the admission policies that deny: what is a failure, and what is not known."""

import json

import pytest
from simulated import pod_spec, snapshot, stored

from auditkit.checks import find
from auditkit.errors import MissingDependency
from auditkit.evaluation import engine

CHECK = find("admission_policies.existing_objects_meet_policies")
VERSION = "admissionregistration.k8s.io/v1"
OWN_NETWORK = "!has(object.spec.hostNetwork) || !object.spec.hostNetwork"
POD = stored("Pod", "web", spec=pod_spec())


def policy(expression: str = OWN_NETWORK, resources: tuple[str, ...] = ("pods",), operations: tuple[str, ...] = ("CREATE",),
           **spec: object) -> dict:
    return stored("ValidatingAdmissionPolicy", "guard", VERSION, None, spec={"failurePolicy": "Fail", "matchConstraints": {
        "resourceRules": [{"apiGroups": ["*"], "apiVersions": ["v1"], "operations": list(operations), "resources": list(resources)}]},
        "validations": [{"expression": expression}], **spec})


def binding(*actions: str, name: str = "b", **spec: object) -> dict:
    return stored("ValidatingAdmissionPolicyBinding", name, VERSION, None, spec={
        "policyName": "guard", "validationActions": list(actions or ["Deny"]), **spec})


def judged(*objects: dict, gaps: tuple[str, ...] = ()) -> tuple[str, str]:
    found = engine.run(CHECK, snapshot(*objects, gaps=gaps)).rows()
    return found["verdict"].iloc[0], found["reason"].iloc[0]


def test_what_meets_the_policy_passes_and_what_it_would_refuse_fails() -> None:
    assert judged(policy(), binding(), POD) == ("pass", "")
    bad = stored("Pod", "old", spec=pod_spec(hostNetwork=True))
    assert judged(policy(), binding(), POD, bad) == (
        "fail", f"1 object would be refused, Pod shop/old: failed expression: {OWN_NETWORK}")
    assert judged(policy(), binding("Warn"), POD, bad) == ("not_applicable", "no binding of the policy denies")


@pytest.mark.parametrize(("objects", "says"), [
    ((policy("object.spec.nope == 1"), binding(), POD), "Pod shop/web: "),
    ((policy(resources=("pods", "services")), binding(), POD), "it is for Service too, which this check does not decide"),
    ((policy(resources=("pods", "secrets")), binding(), POD), "the policy guard is for *"),
    ((policy(matchConditions=[{"name": "n", "expression": "false"}]), binding(), POD), "it applies to no object that exists"),
    ((policy(), binding(matchResources={"namespaceSelector": {"matchLabels": {"team": "x"}}}), POD), "it applies to no object"),
    ((policy(operations=("UPDATE",)), binding(), POD), "the policy guard is not for requests that create an object"),
    ((policy(), binding(), binding("Deny", name="c", newField={"a": 1}), POD), "the binding c is not one that is known here"),
    ((policy(newField=1), binding(), POD), "the policy is not one that auditkit knows"),
    ((policy(validations=[], auditAnnotations=[{"key": "a", "valueExpression": "'x'"}]), binding(), POD),
     "it has no validation, so that it refuses nothing"),
    ((policy("1 / 0 == 1", failurePolicy="Ignore"), binding(), POD),
     "Pod shop/web is only admitted because its failurePolicy is Ignore: "),
    ((policy(), binding(matchResources={"namespaceSelector": {"matchLabels": {"team": "x"}}}), binding("Warn", name="c"),
      stored("Pod", "old", spec=pod_spec(hostNetwork=True))), "it applies to no object that exists"),
])
def test_a_policy_of_which_not_all_is_decided_is_unknown(objects: tuple[dict, ...], says: str) -> None:
    verdict, why = judged(*objects)
    assert verdict == "unknown" and why.startswith(says.removesuffix("*")), why


def test_where_policies_cannot_be_run_or_a_list_is_missing_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(policy(), binding(), POD, gaps=("pods",))[0] == "unknown"

    def lacking(*given: object, **more: object) -> None:
        raise MissingDependency("it is not installed")
    monkeypatch.setattr("auditkit.what_if.decisions.policy_decisions", lacking)
    assert judged(policy(), binding(), POD) == ("unknown", "it is not installed")


def test_text_of_a_policy_is_kept_as_text() -> None:
    """A message that others wrote is shown through the same doors as any text of a cluster."""
    said = "\x1b[2J<script>"
    bad = policy("false")
    bad["spec"]["validations"] = [{"expression": "false", "message": said}]
    verdict, why = judged(bad, binding(), POD)
    assert verdict == "fail" and json.dumps(said)[1:-1] in json.dumps(why)
