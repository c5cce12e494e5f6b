"""Whether an audit policy logs every use of a right."""

import pytest
from audit_worlds import policy
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.analysis.rights.policy import Policy, Right, Who, policies

ALICE = Who("alice", frozenset({"system:authenticated"}), exact=True)
STRANGER = Who("alice", frozenset({"system:authenticated"}), exact=False)
TEAM = Who(None, frozenset({"team"}), exact=False)
SECRETS = Right("get", "", "secrets", None)
LOG = {"level": "Metadata"}


def of(*rules: dict) -> Policy:
    (found,) = policies(policy(*rules))
    return found


@pytest.mark.parametrize(("who", "right", "rules", "logged"), [
    (ALICE, SECRETS, [LOG], True),
    (ALICE, SECRETS, [{"level": "None"}], False),
    (ALICE, SECRETS, [{"level": "Request", "omitted_stage": ["ResponseComplete"]}], False),
    (ALICE, SECRETS, [{"level": "Request", "omitted_stage": ["RequestReceived", "ResponseStarted"]}], True),
    (ALICE, SECRETS, [{"level": "Metadata", "verb": ["list"]}], False),  # nothing else matches
    (ALICE, SECRETS, [{"level": "None", "verb": ["get", "list", "watch"]}, LOG], False),
    (ALICE, Right("create", "", "secrets"), [{"level": "None", "verb": ["get", "list", "watch"]}, LOG], True),
    (ALICE, Right("*", "", "secrets"), [{"level": "None", "verb": ["get"]}, LOG], False),
    (ALICE, SECRETS, [{"level": "None", "user": ["bob"]}, LOG], True),
    (TEAM, SECRETS, [{"level": "None", "user": ["bob"]}, LOG], False),  # bob may be a member
    (STRANGER, SECRETS, [{"level": "None", "user_group": ["contractors"]}, LOG], False),
    (ALICE, SECRETS, [{"level": "None", "user_group": ["contractors"]}, LOG], True),
    (STRANGER, SECRETS, [{"level": "None", "user_group": ["system:nodes", "system:serviceaccounts:kube-system"]}, LOG], True),
    (ALICE, SECRETS, [{"level": "None", "namespace": ["kube-system"]}, LOG], False),
    (ALICE, SECRETS._replace(namespace="pay"), [{"level": "None", "namespace": ["kube-system"]}, LOG], True),
    (ALICE, SECRETS, [{"level": "None", "resource": [("", "events", None)]}, LOG], True),
    (ALICE, SECRETS, [{"level": "None", "resource": [("", "secrets", "noisy")]}, LOG], False),
    (ALICE, SECRETS._replace(name="quiet"), [{"level": "None", "resource": [("", "secrets", "noisy")]}, LOG], True),
    (ALICE, SECRETS, [{"level": "None", "resource": [("apps", None, None)]}, LOG], True),
    (ALICE, Right("get", "*", "*"), [{"level": "None", "resource": [("", "events", None)]}, LOG], False),
    (ALICE, Right("get", "*", "*"), [{"level": "None", "url": ["/healthz*"]}, LOG], True),
    (ALICE, Right("get", "", "pods/log"), [{"level": "None", "resource": [("", "pods", None)]}, LOG], True),
    (ALICE, Right("get", "", "pods/log"), [{"level": "None", "resource": [("", "pods/*", None)]}, LOG], False),
    (ALICE, Right("get", "", "pods"), [{"level": "None", "resource": [("", "pods/*", None)]}, LOG], False),
    (ALICE, Right("get", "", "pods/log"), [{"level": "None", "resource": [("", "*/log", None)]}, LOG], False),
    (ALICE, Right("get", "", "*/log"), [{"level": "None", "resource": [("", "pods/exec", None)]}, LOG], True),
    (ALICE, Right("get", path="/metrics"), [{"level": "None", "url": ["/healthz*"]}, LOG], True),
    (ALICE, Right("get", path="/health*"), [{"level": "None", "url": ["/healthz*"]}, LOG], False),
    (ALICE, Right("get", path="/healthz/etcd"), [{"level": "None", "url": ["/healthz*"]}, LOG], False),
    (ALICE, Right("get", path="/metrics"), [{"level": "None", "resource": [("", None, None)]}, LOG], True),
])
def test_a_right_is_logged_only_where_each_of_its_requests_is(who: Who, right: Right, rules: list, logged: bool) -> None:
    assert of(*rules).logged(who, right) is logged


def plain(rule: dict, asked: dict) -> bool:
    """Whether a rule matches one request, as the API server decides it (checker.go)."""
    if "user" in rule and asked["user"] not in rule["user"]:
        return False
    if "user_group" in rule and not set(rule["user_group"]) & asked["groups"]:
        return False
    if "verb" in rule and asked["verb"] not in rule["verb"]:
        return False
    if "namespace" in rule and asked["namespace"] not in rule["namespace"]:
        return False
    if "resource" not in rule:
        return True
    resource, _, below = asked["resource"].partition("/")
    return any(
        group == asked["group"] and (
            word is None or ((name is None or name == asked["name"]) and (
                word in ("*", asked["resource"]) or (below and word == f"*/{below}") or word == f"{resource}/*")))
        for group, word, name in rule["resource"])


RULES = st.lists(st.fixed_dictionaries({"level": st.sampled_from(["None", "Metadata", "Request"])}, optional={
    "user": st.lists(st.sampled_from(["alice", "bob"]), min_size=1, unique=True),
    "user_group": st.lists(st.sampled_from(["team", "other"]), min_size=1, unique=True),
    "verb": st.lists(st.sampled_from(["get", "list", "create"]), min_size=1, unique=True),
    "namespace": st.lists(st.sampled_from(["one", "two", ""]), min_size=1, unique=True),
    "resource": st.lists(st.tuples(st.sampled_from(["", "apps"]), st.sampled_from([None, "*", "pods", "pods/log", "pods/*", "*/log"]),
                                   st.sampled_from([None, "a"])), min_size=1, unique=True),
}), max_size=4)
REQUESTS = st.fixed_dictionaries({
    "user": st.sampled_from(["alice", "bob", "carol"]), "groups": st.frozensets(st.sampled_from(["team", "other"])),
    "verb": st.sampled_from(["get", "list"]), "group": st.sampled_from(["", "apps"]),
    "resource": st.sampled_from(["pods", "pods/log", "jobs"]), "namespace": st.sampled_from(["one", "two", ""]),
    "name": st.sampled_from(["a", "b"])})


@given(RULES, REQUESTS, st.sets(st.sampled_from(["verb", "group", "resource", "namespace", "name", "who"])))
@settings(max_examples=400, deadline=None)
def test_what_counts_as_logged_is_logged_by_the_rule_that_the_server_would_take(
        rules: list, asked: dict, open_: set) -> None:
    taken = next((rule["level"] for rule in rules if plain(rule, asked)), "None")
    found = of({"level": "Metadata", "user": ["nobody"]}, *rules)
    who = Who(asked["user"], asked["groups"], exact=True)
    right = Right(asked["verb"], asked["group"], asked["resource"], asked["namespace"], asked["name"])
    assert found.level(who, right) == taken
    assert found.logged(who, right) == (taken != "None")
    wider = right._replace(**{key: {"namespace": None, "name": None}.get(key, "*") for key in open_ - {"who"}})
    if found.logged(Who(None, asked["groups"], exact=False) if "who" in open_ else who, wider):
        assert taken != "None", "a right that is logged has no request that is not"
