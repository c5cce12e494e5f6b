"""What each subject is granted, and what it used of it."""

from typing import Any

import pandas as pd
from access_worlds import account, bind, group, role, rule, user
from audit_worlds import ACCOUNTS, START, event, policy, refused, uses
from scan_worlds import records
from worlds import derived, frames

from auditkit.analysis.rights import granted
from auditkit.analysis.rights.beside import with_rights_beside
from auditkit.analysis.rights.granted import GROUPLESS, NOT_STATED, TRACELESS, UNNAMED, granted_uses
from auditkit.analysis.rights.policy import CONTRADICTED, LEFT_OUT, UNGIVEN
from auditkit.analysis.rights.uses import MAX_NAMES

ALL = policy({"level": "Metadata"})


def rows(objects: list[dict], *events: dict[str, Any], rules: pd.DataFrame = ALL) -> list[dict[str, Any]]:
    found = frames(objects)
    named = derived(found, "binding_subjects", "granted_rules", "role_urls", "role_powers")
    return records(granted_uses(*named, uses(*events), rules))


def one(subject: dict, given: dict, *events: dict[str, Any], namespace: str = "", rules: pd.DataFrame = ALL) -> dict[str, Any]:
    """The only row of a subject that is bound to a ClusterRole with one rule."""
    (row,) = rows([role("r", given), bind("b", "r", subject, namespace=namespace)], *events, rules=rules)
    return row


READ = rule("get list", "secrets")


def test_a_row_says_what_is_granted_and_what_was_used_of_it() -> None:
    row = one(user("alice"), rule("get list", "secrets pods"), event(resource="secrets"), event(resource="secrets"),
              event(verb="list", time=START + pd.Timedelta(days=3)), event(user="bob", verb="watch"))
    assert (row["subject"], row["binding"], row["role"], row["rule"], row["namespace"]) == ("alice", "b", "r", 0, None)
    assert (row["verbs"], row["resources"], row["powers"]) == ("get, list", "pods, secrets", "read_secrets")
    assert (row["requests"], row["used"]) == (3, "get secrets, list pods")
    assert row["last_used"] == (START + pd.Timedelta(days=3)).to_pydatetime()
    assert row["unseen"] is None and row["traceless"] is None and row["impersonated_by"] is None


def test_a_right_counts_as_used_whichever_binding_the_authorizer_named() -> None:
    objects = [role("r", READ), bind("first", "r", user("alice")), bind("second", "r", group("team"))]
    found = rows(objects, event(resource="secrets", groups="team,system:authenticated"))
    assert [row["requests"] for row in found] == [1, 1]


def test_a_group_is_used_by_its_members_and_an_account_by_its_user_name() -> None:
    asked = event(user="system:serviceaccount:pay:app", groups=ACCOUNTS.format("pay"), resource="secrets", namespace="pay")
    assert one(group("system:serviceaccounts:pay"), READ, asked)["requests"] == 1
    assert one(account("app"), READ, asked, namespace="pay")["requests"] == 1
    assert one(account("app", "other"), READ, asked)["requests"] is None


def test_a_log_without_groups_does_not_show_that_a_group_uses_nothing() -> None:
    """The audit logs of Google Cloud name the user alone, and anybody may be a member."""
    asked = event(resource="secrets", groups=None, level=None)
    assert one(group("team"), READ, asked)["unseen"] == GROUPLESS
    assert one(group("team"), READ, event(resource="secrets"))["unseen"] is None
    assert one(user("bob"), READ, asked)["unseen"] is None


def test_a_role_binding_is_used_only_in_its_namespace() -> None:
    assert one(user("alice"), READ, event(resource="secrets", namespace="two"), namespace="one")["requests"] is None
    assert one(user("alice"), READ, event(resource="secrets", namespace="one"), namespace="one")["requests"] == 1
    assert one(user("alice"), READ, event(resource="secrets"), namespace="one")["requests"] is None


def test_what_was_refused_or_passed_before_rbac_uses_no_right() -> None:
    master = event(resource="secrets", groups="system:masters,system:authenticated", reason=None)
    other = event(resource="secrets", reason="webhook: fine")
    assert one(user("alice"), READ, refused(resource="secrets"), master, other)["requests"] is None


def test_a_request_that_does_not_say_by_what_it_was_allowed_leaves_the_use_open() -> None:
    row = one(user("alice"), READ, event(resource="secrets", decision=None, reason=None))
    assert row["requests"] is None and row["unseen"] == NOT_STATED


def test_a_rule_for_names_is_used_by_these_names() -> None:
    named = rule("get", "secrets", resourceNames=["tls"])
    assert one(user("alice"), named, event(resource="secrets", name="tls"))["requests"] == 1
    assert one(user("alice"), named, event(resource="secrets", name="other"))["requests"] is None
    assert one(user("alice"), named, event(verb="list", resource="secrets"))["requests"] is None


def test_whether_a_name_was_among_very_many_is_not_known() -> None:
    many = [event(resource="secrets", name=f"n{at}") for at in range(MAX_NAMES + 1)]
    row = one(user("alice"), rule("get", "secrets", resourceNames=["tls"]), *many)
    assert row["requests"] is None and row["unseen"] == UNNAMED
    assert one(user("alice"), READ, *many)["requests"] == MAX_NAMES + 1


def test_the_impersonated_user_uses_the_right_and_the_impersonator_that_of_impersonating() -> None:
    objects = [role("r", READ), bind("b", "r", user("alice")),
               role("i", rule("impersonate", "users", resourceNames=["alice"])), bind("c", "i", user("root"))]
    asked = event(user="root", impersonated_user="alice", impersonated_groups="system:authenticated", resource="secrets",
                  reason='RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to User "alice"')
    alice, root = rows(objects, asked)
    assert alice["requests"] == 1 and alice["impersonated_by"] == "root" and alice["used"] == "get secrets"
    assert root["requests"] == 1 and root["used"] == "impersonate users"


def test_a_patch_that_makes_its_object_uses_the_right_to_create_it() -> None:
    create = rule("create", "configmaps")
    made = event(verb="patch", resource="configmaps", name="c", code=201)
    assert one(user("alice"), create, made)["used"] == "create configmaps"
    assert one(user("alice"), create, made | {"code": 200})["requests"] is None


def test_a_session_over_a_websocket_uses_the_right_to_create_it() -> None:
    opened = event(resource="pods/exec", name="web", code=101)
    assert one(user("alice"), rule("create", "pods/exec"), opened)["used"] == "create pods/exec"
    assert one(user("alice"), rule("create", "pods/exec"), opened | {"code": 500})["requests"] is None


def test_rules_on_paths_and_with_wildcards_are_used_as_the_authorizer_compares_them() -> None:
    paths = {"verbs": ["get"], "nonResourceURLs": ["/logs/*"]}
    assert one(user("alice"), paths, event(resource=None, path="/logs/a"))["used"] == "get /logs/a"
    everything = rule("*", "*", "*")
    assert one(user("alice"), everything, event(verb="delete", resource="jobs.batch"))["requests"] == 1
    assert one(user("alice"), rule("get", "*/log"), event(resource="pods/log"))["requests"] == 1


# --- what no log shows -----------------------------------------------------------------------------------------------


def test_without_a_policy_no_use_can_be_ruled_out() -> None:
    assert one(user("alice"), READ, rules=policy())["unseen"] == UNGIVEN


def test_a_policy_that_leaves_reads_out_makes_their_use_unknown() -> None:
    reads = policy({"level": "None", "verb": ["get", "list", "watch"]}, {"level": "Metadata"})
    assert one(user("alice"), READ, rules=reads)["unseen"] == LEFT_OUT
    assert one(user("alice"), rule("create", "pods"), rules=reads)["unseen"] is None


def test_a_user_may_come_with_groups_that_the_log_never_showed() -> None:
    dropped = policy({"level": "None", "user_group": ["team"]}, {"level": "Metadata"})
    assert one(user("alice"), READ, event(), rules=dropped)["unseen"] == LEFT_OUT
    assert one(account("app", "pay"), READ, rules=dropped)["unseen"] is None
    kept = policy({"level": "Metadata", "user_group": ["team"]}, {"level": "None", "user": ["bob"]}, {"level": "Metadata"})
    assert one(user("alice"), READ, event(groups="team"), rules=kept)["unseen"] is None


def test_two_policies_must_both_log_it() -> None:
    both = pd.concat([ALL, policy({"level": "None"}, scan="q")], ignore_index=True)
    assert one(user("alice"), READ, rules=both)["unseen"] == LEFT_OUT


def test_a_policy_that_does_not_explain_the_log_was_not_in_force() -> None:
    assert one(user("alice"), READ, event(level="Request"), rules=ALL)["unseen"] == CONTRADICTED
    nothing = policy({"level": "None", "user": ["bob"]}, {"level": "Metadata"})
    assert one(user("alice"), READ, event(user="bob"), rules=nothing)["unseen"] == CONTRADICTED


def test_rights_that_leave_no_trace_are_marked() -> None:
    assert one(user("alice"), rule("get", "nodes/proxy"))["unseen"] == TRACELESS
    assert one(user("alice"), {"verbs": ["get"], "nonResourceURLs": ["/metrics"]})["traceless"] == "all"
    everything = one(user("alice"), rule("*", "*", "*"))
    assert everything["traceless"] == "some" and everything["unseen"] is None


def test_who_changes_roles_may_have_used_bind_and_escalate() -> None:
    rights = rule("bind create", "roles", "rbac.authorization.k8s.io")
    objects = [role("r", rights), bind("b", "r", user("alice")),
               role("w", rule("create", "rolebindings", "rbac.authorization.k8s.io")), bind("c", "w", user("alice"))]
    made = event(verb="create", resource="rolebindings.rbac.authorization.k8s.io")
    assert [row["unseen"] for row in rows(objects)] == [None, None]
    assert [row["unseen"] for row in rows(objects, made)] == [TRACELESS, None]


def test_nobody_and_missing_roles_have_no_row() -> None:
    assert rows([bind("b", "gone", user("alice")), role("r", READ), bind("c", "r", account("x"))]) == []


def test_where_no_request_is_known_the_same_is_said_as_if_all_of_none_were_compared() -> None:
    found = frames([role("r", READ), bind("b", "r", user("ann"))])
    subjects, rules, paths = derived(found, "binding_subjects", "granted_rules", "role_urls")
    none, who = with_rights_beside(uses()), granted._who(subjects)
    rules, paths, count = granted._numbered(rules, paths)
    held = granted._held(who, rules, paths)
    covered = granted._covered(none, granted._acting(none, who), held, rules, paths, count)
    pd.testing.assert_frame_equal(granted._used(covered, none), granted._NEVER, check_index_type=False)
