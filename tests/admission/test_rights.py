"""Role-based access control on plain objects."""

import pytest

from auditkit.admission.rights import Question, Rights, User


def role(*rules, name="r", **metadata):
    return {"metadata": {"name": name, **metadata}, "rules": list(rules)}


def bound(*subjects, kind="ClusterRole", name="r", **metadata):
    return {"metadata": {"name": "b", **metadata}, "roleRef": {"kind": kind, "name": name}, "subjects": list(subjects)}


LIST_PODS = {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}
ACCOUNT = {"kind": "ServiceAccount", "name": "web", "namespace": "shop"}
NONE = {"clusterroles": [], "clusterrolebindings": [], "roles": [], "rolebindings": []}
KAY = User("kay", ("dev",))
ASKED = Question("list", resource="pods", namespace="shop")


@pytest.mark.parametrize(("subject", "user", "allowed"), [
    ({"kind": "User", "name": "kay"}, KAY, True), ({"kind": "Group", "name": "dev"}, KAY, True),
    ({"kind": "User", "name": "dev"}, KAY, False), (ACCOUNT, User.of_service_account("shop", "web"), True),
    (ACCOUNT, User.of_service_account("other", "web"), False)])
def test_a_binding_is_for_its_subjects(subject, user, allowed):
    rights = Rights({**NONE, "clusterroles": [role(LIST_PODS)], "clusterrolebindings": [bound(subject)]})
    assert rights.allow(user, ASKED) is allowed


def test_a_binding_in_a_namespace_counts_only_there():
    group = {"kind": "Group", "name": "dev"}
    own = Rights({**NONE, "roles": [role(LIST_PODS, namespace="shop")],
                  "rolebindings": [bound(group, kind="Role", namespace="shop")]})
    shared = Rights({**NONE, "clusterroles": [role(LIST_PODS)], "rolebindings": [bound(group, namespace="shop")]})
    for rights in (own, shared):
        assert rights.allow(KAY, ASKED)
        assert not rights.allow(KAY, Question("list", resource="pods", namespace="other"))
        assert not rights.allow(KAY, Question("list", resource="pods"))


@pytest.mark.parametrize(("rule", "question", "allowed"), [
    (LIST_PODS, Question("get", resource="pods"), False), ({**LIST_PODS, "verbs": ["*"]}, Question("x", resource="pods"), True),
    (LIST_PODS, Question("list", "apps", "pods"), False),
    ({**LIST_PODS, "apiGroups": ["*"]}, Question("list", "apps", "pods"), True),
    (LIST_PODS, Question("list", resource="pods", subresource="log"), False),
    ({**LIST_PODS, "resources": ["*/log"]}, Question("list", resource="pods", subresource="log"), True),
    ({**LIST_PODS, "resources": ["pods/log"]}, Question("list", resource="pods", subresource="log"), True),
    ({**LIST_PODS, "resources": ["*"]}, Question("list", resource="pods", subresource="log"), True),
    ({**LIST_PODS, "resourceNames": ["a"]}, Question("list", resource="pods", name="a"), True),
    ({**LIST_PODS, "resourceNames": ["a"]}, Question("list", resource="pods"), False),
    ({"verbs": ["get"], "nonResourceURLs": ["/logs/*"]}, Question("get", path="/logs/a"), True),
    ({"verbs": ["get"], "nonResourceURLs": ["/logs"]}, Question("get", path="/logs/a"), False),
    ({"verbs": ["get"], "nonResourceURLs": ["*"]}, Question("get", resource="pods"), False)])
def test_a_rule_names_verbs_groups_resources_names_or_paths(rule, question, allowed):
    rights = Rights({**NONE, "clusterroles": [role(rule)], "clusterrolebindings": [bound({"kind": "User", "name": "kay"})]})
    assert rights.allow(KAY, question) is allowed


def test_the_masters_may_do_everything_and_nobody_else_without_a_role():
    assert Rights({}).allow(User("admin", ("system:masters",)), ASKED)
    assert not Rights({**NONE, "clusterrolebindings": [bound({"kind": "User", "name": "kay"})]}).allow(KAY, ASKED)
