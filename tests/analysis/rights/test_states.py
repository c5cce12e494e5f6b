"""Used, unused or unknown."""

import pandas as pd
from access_worlds import bind, role, rule, user
from audit_worlds import START, event, policy, uses
from worlds import derived, frames

from auditkit.analysis.rights import states
from auditkit.analysis.rights.granted import TRACELESS, granted_uses
from auditkit.analysis.rights.reach import Period

WHOLE = Period(START, START + pd.Timedelta(days=90), ())
SECRETS, PODS = rule("get", "secrets"), rule("list", "pods")


def granted(*rules: dict, events: tuple = ()) -> pd.DataFrame:
    found = frames([role("r", *rules), bind("b", "r", user("alice"))])
    named = derived(found, "binding_subjects", "granted_rules", "role_urls", "role_powers")
    return granted_uses(*named, uses(*events), policy({"level": "Metadata"}))


def test_the_worst_comes_first() -> None:
    found = states.with_states(granted(PODS, SECRETS, rule("get", "configmaps"), rule("get", "nodes/proxy"), events=(
        event(resource="configmaps"),)), WHOLE)
    assert found[["state", "rule"]].to_numpy().tolist() == [["unused", 1], ["unused", 0], ["unknown", 3], ["used", 2]]
    assert found["why"].dropna().tolist() == [TRACELESS]


def test_what_was_used_before_the_period_is_unused_in_it() -> None:
    used = granted(SECRETS, events=(event(resource="secrets", time=START - pd.Timedelta(days=1)),))
    assert states.unused(used, WHOLE).tolist() == [True]
    assert states.unused(used, WHOLE._replace(since=START - pd.Timedelta(days=1))).tolist() == [False]


def test_a_gap_makes_unknown_what_is_not_used_and_nothing_else() -> None:
    found = states.with_states(granted(PODS, SECRETS, events=(event(resource="secrets"),)), WHOLE._replace(gaps=("a gap",)))
    assert found[["state", "why"]].fillna("").to_numpy().tolist() == [["unknown", "a gap"], ["used", ""]]


def test_a_binding_is_unused_if_all_is_that_leaves_a_trace() -> None:
    proxy = rule("get", "nodes/proxy")
    for rules, events, expected in (
        ((SECRETS, PODS), (), True), ((SECRETS, PODS), (event(resource="secrets"),), False), ((SECRETS, proxy), (), True),
        ((proxy,), (), pd.NA),
    ):
        found = states.bindings_unused(granted(*rules, events=events), WHOLE)
        assert found["unused"].tolist() == [expected]
    assert found["unseen"].tolist() == [TRACELESS]


def test_one_rule_that_is_used_does_not_excuse_another() -> None:
    found = states.rules_unused(granted(SECRETS, rule("create", "pods"), events=(event(resource="secrets"),)), WHOLE)
    assert found["unused"].tolist() == [True] and found["what"].tolist() == ["rule 1 of r (create_pods)"]
    proxy = states.rules_unused(granted(SECRETS, rule("get", "nodes/proxy"), events=(event(resource="secrets"),)), WHOLE)
    assert proxy["unused"].tolist() == [pd.NA]
