"""Which requests a policy or binding is for."""

import pytest
from policy_worlds import NAMESPACE, PODS, binding, pod, policy, request

from auditkit.admission import decide
from auditkit.admission.cel.values import Unknown
from auditkit.admission.matching import selects

SCALER = {"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler",
          "metadata": {"name": "web", "namespace": "shop"}, "spec": {"maxReplicas": 3, "targetCPUUtilizationPercentage": 80},
          "status": {"currentReplicas": 0, "desiredReplicas": 0}}
KILN = {"apiVersion": "lab.example/v1beta1", "kind": "Kiln", "metadata": {"name": "k", "namespace": "shop"}}
KILNS = {"group": "lab.example", "names": {"plural": "kilns", "kind": "Kiln"}, "scope": "Namespaced",
         "versions": [{"name": "v1", "served": True}, {"name": "v1beta1", "served": True}, {"name": "v0", "served": False}]}


def matched(asked, rules=(PODS,), context=None, bindings=None, **constraints):
    found = decide(policy("false", rules=rules, constraints=constraints), bindings or [binding()], asked, context or {})
    return {"denied": True, "not_matched": False}.get(found.outcome, found.outcome)


def rule(**changed):
    return {**PODS, **changed}


@pytest.mark.parametrize(("changed", "matches"), [
    ({}, True), ({"operations": ["UPDATE"]}, False), ({"operations": ["*"]}, True), ({"apiGroups": ["apps"]}, False),
    ({"apiGroups": ["*"]}, True), ({"apiVersions": ["v2"]}, False), ({"resources": ["*"]}, True),
    ({"resources": ["*/*"]}, True), ({"resources": ["pods/*"]}, True), ({"resources": ["pods/exec"]}, False),
    ({"resources": ["services", "pods"]}, True), ({"scope": "Namespaced"}, True), ({"scope": "Cluster"}, False),
    ({"scope": "*"}, True), ({"resourceNames": ["web"]}, True), ({"resourceNames": ["db"]}, False)])
def test_a_rule_names_operations_groups_versions_resources_scope_and_names(changed, matches):
    assert matched(request(pod()), [rule(**changed)]) is matches


@pytest.mark.parametrize(("resources", "matches"), [
    (["*"], False), (["*/*"], True), (["pods"], False), (["pods/*"], True), (["*/exec"], True), (["pods/exec"], True)])
def test_a_star_is_for_no_subresource(resources, matches):
    asked = request(pod(), subResource="exec")
    assert matched(asked, [rule(resources=resources)]) is matches


@pytest.mark.parametrize(("scope", "matches"), [("Cluster", True), ("Namespaced", False), ("*", True)])
def test_a_namespace_is_in_no_namespace_although_its_request_names_one(scope, matches):
    asked = request(NAMESPACE, resource="namespaces", namespace="shop", namespaceObject=None)
    assert matched(asked, [rule(resources=["namespaces"], scope=scope)]) is matches


def test_an_excluded_rule_takes_away():
    assert matched(request(pod()), excludeResourceRules=[rule(operations=["*"])]) is False
    assert matched(request(pod()), excludeResourceRules=[rule(operations=["DELETE"])]) is True


def test_without_rules_everything_is_matched():
    assert matched(request(pod()), rules=()) is True


@pytest.mark.parametrize(("selector", "picks"), [
    ({}, True), (None, True), ({"matchLabels": {"a": "1"}}, True), ({"matchLabels": {"a": "2"}}, False),
    ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1", "2"]}]}, True),
    ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
    ({"matchExpressions": [{"key": "b", "operator": "NotIn", "values": ["1"]}]}, True),
    ({"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "b", "operator": "DoesNotExist"}]}, True),
    ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, False)])
def test_a_selector_picks_labels(selector, picks):
    assert selects(selector, {"a": "1"}) is picks


def test_an_operator_that_is_none_is_unknown():
    with pytest.raises(Unknown, match="the label selector operator Like"):
        selects({"matchExpressions": [{"key": "a", "operator": "Like"}]}, {})


def test_the_new_or_the_old_object_is_selected():
    selector = {"matchLabels": {"tier": "web"}}
    has, lacks = pod(labels={"tier": "web"}), pod()
    for new, old, picked in ((has, None, True), (lacks, None, False), (lacks, has, True), (has, lacks, True)):
        asked = request(new, "UPDATE" if old else "CREATE", old)
        assert matched(asked, objectSelector=selector) is picked
    assert matched(request(None, "DELETE", has), [rule(operations=["DELETE"])], objectSelector=selector) is True
    assert matched(request({"apiVersion": "v1", "kind": "PodExecOptions", "metadata": {"name": "x"}}),
                   objectSelector=selector) is False


PROD = {"matchLabels": {"env": "prod"}}


def test_the_namespace_is_selected_by_its_labels():
    assert matched(request(pod()), namespaceSelector=PROD) is True
    assert matched(request(pod()), namespaceSelector={"matchLabels": {"env": "dev"}}) is False


def test_what_is_in_no_namespace_is_never_left_out():
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}
    asked = request(node, resource="nodes", namespaceObject=None)
    assert matched(asked, [rule(resources=["nodes"])], namespaceSelector=PROD) is True


def test_a_namespace_is_selected_by_the_labels_that_it_shall_have_and_when_deleted_by_those_it_has():
    rules = [rule(resources=["namespaces"], operations=["*"])]
    bare = {**NAMESPACE, "metadata": {"name": "shop"}}
    about = {"resource": "namespaces", "namespace": "shop", "namespaceObject": None}
    assert matched(request(NAMESPACE, **about), rules, namespaceSelector=PROD) is True
    assert matched(request(bare, "UPDATE", NAMESPACE, **about), rules, namespaceSelector=PROD) is False
    assert matched(request(None, "DELETE", NAMESPACE, **about), rules, namespaceSelector=PROD) is True


def test_labels_of_a_namespace_come_from_the_context_or_are_unknown():
    asked = request(pod(), namespaceObject=None)
    known = {"namespaces": [{"name": "shop", "labels": {"env": "prod"}}]}
    assert matched(asked, context=known, namespaceSelector=PROD) is True
    found = decide(policy("false", constraints={"namespaceSelector": PROD}), [binding()], asked, {})
    assert (found.outcome, found.unresolved[0].why) == ("unknown", "the labels of the namespace shop")


def test_a_binding_narrows_what_its_policy_matches():
    narrowed = [binding(matchResources={"objectSelector": {"matchLabels": {"tier": "web"}}})]
    assert matched(request(pod(labels={"tier": "web"})), bindings=narrowed) is True
    assert matched(request(pod()), bindings=narrowed) is False


def scalers(version, **more):
    return [rule(apiGroups=["autoscaling"], apiVersions=[version], resources=["horizontalpodautoscalers"])], more


def test_a_rule_for_another_version_sees_the_object_in_that_version():
    rules, _ = scalers("v2")
    sees = policy("request.kind.version == 'v2' && request.resource.version == 'v2'",
                  "request.requestKind.version == 'v1' && request.requestResource.version == 'v1'",
                  "object.apiVersion == 'autoscaling/v2'", "!has(object.spec.targetCPUUtilizationPercentage)",
                  "object.spec.metrics[0].resource.target.averageUtilization == 80", rules=rules)
    asked = request(SCALER, resource="horizontalpodautoscalers")
    assert decide(sees, [binding()], asked, {}).outcome == "allowed"
    assert matched(asked, rules, matchPolicy="Exact") is False


def test_a_binding_matches_the_version_that_was_asked_for():
    rules, _ = scalers("v2")
    for version, picked in (("v1", True), ("v2", True), ("v3", False)):
        only = [binding(matchResources={"resourceRules": scalers(version)[0]})]
        assert matched(request(SCALER, resource="horizontalpodautoscalers"), rules, bindings=only) is picked


def test_metrics_in_annotations_are_not_converted_but_unknown():
    kept = {**SCALER, "metadata": {**SCALER["metadata"], "annotations": {"autoscaling.alpha.kubernetes.io/metrics": "[]"}}}
    found = decide(policy("false", rules=scalers("v2")[0]), [binding()],
                   request(kept, resource="horizontalpodautoscalers"), {})
    assert found.outcome == "unknown"


def test_custom_kinds_are_served_in_the_versions_of_their_definition():
    def rules(version):
        return [rule(apiGroups=["lab.example"], apiVersions=[version], resources=["kilns"])]
    asked = request(KILN, resource="kilns")
    assert matched(asked, rules("v1"), {"crds": [KILNS]}) is True
    assert matched(asked, rules("v0"), {"crds": [KILNS]}) is False
    assert matched(asked, rules("v1"), {}) == "unknown"
    assert matched(asked, rules("*"), {}) is True
    webhook = {**KILNS, "conversion": {"strategy": "Webhook"}}
    assert matched(asked, rules("v1"), {"crds": [webhook]}) == "unknown"
