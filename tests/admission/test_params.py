"""The parameters of a policy: found by name or selector, absent, or of a kind that is not served."""

import pytest
from policy_worlds import NAMESPACE, PODS, binding, pod, policy, request

from auditkit.admission import decide

KIND = {"apiVersion": "v1", "kind": "ConfigMap"}
GUARD = {"group": "lab.example", "names": {"plural": "guards", "kind": "Guard"}, "scope": "Cluster",
         "versions": [{"name": "v1", "served": True}]}


def config(name, namespace="shop", **labels):
    return {**KIND, "metadata": {"name": name, "namespace": namespace, "labels": labels}}


def guard(name):
    return {"apiVersion": "lab.example/v1", "kind": "Guard", "metadata": {"name": name}}


def seen(reference, params, kind=KIND, asked=None, **more):
    """The names of the parameters that a policy saw, or the outcome and message where it did not see one."""
    spec = {"paramKind": kind, **more}
    failing = {"expression": "false", "messageExpression": "params == null ? 'none' : params.metadata.name"}
    context = {"params": params, "crds": [GUARD]}
    found = decide(policy(failing, **spec), [binding("Warn", **({"paramRef": reference} if reference else {}))],
                   asked or request(pod()), context)
    return [each.split(": ")[-1].rstrip('"') for each in found.warnings] or [found.outcome, found.message]


PARAMS = [config("b", set="x"), config("a", set="x"), config("a", "other", set="x"), config("c")]
BY = "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: failed to configure binding: "


def test_a_parameter_is_found_by_name_in_the_namespace_of_the_object_or_a_given_one():
    assert seen({"name": "a"}, PARAMS[1:]) == ["a"]
    assert seen({"name": "a", "namespace": "other"}, [PARAMS[2]]) == ["a"]


def test_parameters_that_are_selected_are_used_one_after_the_other():
    assert seen({"selector": {"matchLabels": {"set": "x"}}}, PARAMS) == ["a", "b"]
    assert seen({"selector": {}}, PARAMS) == ["a", "b", "c"]


def test_which_of_several_parameters_denies_first_is_not_known():
    denying = {"expression": "false", "messageExpression": "params.metadata.name"}
    bound = [binding(paramRef={"selector": {}})]
    found = decide(policy(denying, paramKind=KIND), bound, request(pod()), {"params": PARAMS})
    assert (found.outcome, found.message) == ("unknown", None)
    assert found.unresolved[0].why.startswith("the order in which the API server takes the parameters")
    same = decide(policy({**denying, "messageExpression": "'same'"}, paramKind=KIND), bound, request(pod()),
                  {"params": PARAMS})
    assert same.outcome == "denied"


def test_without_a_reference_or_a_kind_there_is_none():
    assert seen(None, PARAMS) == ["none"]
    found = decide(policy("params == null"), [binding(paramRef={"name": "a"})], request(pod()), {})
    assert found.outcome == "allowed"


def test_one_that_is_not_found_allows_or_denies():
    missing = "no params found for policy binding with `Deny` parameterNotFoundAction"
    assert seen({"name": "x", "parameterNotFoundAction": "Allow"}, PARAMS) == ["not_matched", None]
    assert seen({"name": "x", "parameterNotFoundAction": "Deny"}, PARAMS) == ["denied", BY + missing]
    assert seen({"name": "x", "parameterNotFoundAction": "Deny"}, PARAMS, failurePolicy="Ignore") == ["allowed", None]


def test_a_parameter_in_a_namespace_needs_one():
    node = request({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}, resource="nodes", namespaceObject=None)
    nodes = [{**PODS, "resources": ["nodes"]}]
    found = decide(policy("true", rules=nodes, paramKind=KIND), [binding(paramRef={"name": "a"})], node, {"params": []})
    assert found.message.endswith("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    about = request(NAMESPACE, resource="namespaces", namespace="shop", namespaceObject=None)
    found = decide(policy("params.metadata.name == 'a'", rules=[{**PODS, "resources": ["namespaces"]}], paramKind=KIND),
                   [binding(paramRef={"name": "a"})], about, {"params": PARAMS})
    assert found.outcome == "allowed"


def test_a_parameter_of_the_cluster_may_name_no_namespace():
    kind = {"apiVersion": "lab.example/v1", "kind": "Guard"}
    assert seen({"name": "g"}, [guard("g")], kind) == ["g"]
    assert seen({"name": "g", "namespace": "shop"}, [guard("g")], kind) == [
        "denied", BY + "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"]


@pytest.mark.parametrize(("kind", "name"), [
    ({"apiVersion": "lab.example/v1", "kind": "Nothing"}, "lab.example/v1, Kind=Nothing"),
    ({"apiVersion": "lab.example/v2", "kind": "Guard"}, "lab.example/v2, Kind=Guard"),
    ({"apiVersion": "v1", "kind": "Nothing"}, "/v1, Kind=Nothing")])
def test_a_kind_that_is_not_served_denies_by_the_policy_itself(kind, name):
    assert seen({"name": "a"}, [], kind) == [
        "denied", "pods \"web\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: "
                  f"failed to find resource referenced by paramKind: '{name}'"]
    assert seen({"name": "a"}, [], kind, failurePolicy="Ignore") == ["allowed", None]


@pytest.mark.parametrize(("kind", "context", "why"), [
    ({"apiVersion": "lab.example/v1", "kind": "Guard"}, {},
     "whether lab.example/v1 Guard is served, the kind of the parameters"),
    ({"apiVersion": "storage.k8s.io/v9", "kind": "Any"}, {"crds": []},
     "whether storage.k8s.io/v9 Any is served, the kind of the parameters"),
    (KIND, {}, "the parameters (ConfigMap)")])
def test_parameters_that_are_not_given_are_unknown(kind, context, why):
    found = decide(policy("true", paramKind=kind), [binding(paramRef={"name": "a"})], request(pod()), context)
    assert found.outcome == "unknown"
    assert found.unresolved[0].why == why
