"""Calico's policies count where its agent acts, in its own order, and are unknown by name where that is not known."""

import pytest
from engine_truth import CHECKS, IMAGES, decided, judged, objects, world
from network_worlds import agent, derive
from worlds import frames

from auditkit.analysis.network.calico.selectors import NotASelector, parse, render
from auditkit.tables.engines import decider

V3, STORED = "projectcalico.org/v3", "crd.projectcalico.org/v1"


def policy(name: str = "own", space: str | None = "shop", api: str = V3, **spec: object) -> dict:
    kind = "NetworkPolicy" if space else "GlobalNetworkPolicy"
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": space} if space else {"name": name},
            "spec": spec}


CLOSED = policy("closed", types=["Ingress", "Egress"])


@pytest.mark.parametrize("name", CHECKS)
def test_a_policy_of_calico_closes_its_namespace(name):
    assert judged(world("calico", [CLOSED]), name) == {"shop": "pass", "bank": "fail", "kube-system": "fail"}


@pytest.mark.parametrize(("selector", "bank"), [
    ("", "pass"), ("all()", "pass"), ("team == 'money'", "pass"), ("projectcalico.org/name == 'bank'", "pass"),
    ("team == 'sales'", "fail"), ("global()", "fail"),
])
def test_a_global_policy_closes_the_namespaces_that_it_is_for(selector, bank):
    wide = policy("closed", None, namespaceSelector=selector, types=["Ingress"])
    assert judged(world("calico", [wide]), "network.default_deny_ingress")["bank"] == bank


@pytest.mark.parametrize(("action", "rule", "first", "verdict", "isolated"), [
    ("Deny", None, "pass", "pass", True), ("Pass", None, "unknown", "fail", False),
    ("Pass", {"action": "Deny"}, "pass", "pass", False),
    ("Pass", {"action": "Deny", "source": {"selector": "app == 'web'"}}, "pass", "fail", False),
    ("Pass", {"action": "Allow", "source": {"selector": "app == 'web'"}}, "unknown", "fail", False),
])
def test_a_tier_that_passes_on_what_no_rule_matches_denies_nothing_by_default(action, rule, first, verdict, isolated):
    tier = {"apiVersion": V3, "kind": "Tier", "metadata": {"name": "early"}, "spec": {"defaultAction": action}}
    wide = policy("early.all", None, tier="early", types=["Ingress"], ingress=[rule] if rule else [])
    tables = world("calico", [tier, wide])
    assert [judged(tables, name)["bank"] for name in CHECKS[:2]] == [first, verdict]
    assert set(derive(tables, "isolation")["ingress_isolated"]) == {isolated, False}


@pytest.mark.parametrize(("rule", "verdict"), [
    ({"action": "Allow"}, "unknown"), ({"action": "Pass"}, "unknown"), ({"action": "Deny"}, "pass"),
    ({"action": "Allow", "protocol": "TCP", "destination": {"ports": [80]}}, "pass"),
])
def test_a_rule_that_may_open_what_is_denied_leaves_it_unknown(rule, verdict):
    tables = world("calico", [policy(ingress=[rule], types=["Ingress"])])
    assert judged(tables, "network.default_deny_ingress")["shop"] == verdict


@pytest.mark.parametrize(("spec", "rules", "verdict"), [
    ({"selector": "projectcalico.org/namespace == 'shop'"}, [{}], "unknown"),
    ({"selector": "projectcalico.org/namespace contains ''"}, [{}], "unknown"),
    ({"selector": "projectcalico.org/orchestrator == 'k8s'"}, [{}], "unknown"),
    ({"selector": "app == 'web'"}, [{}], "pass"), ({"selector": "app contains ''"}, [{}], "pass"),
    ({}, [{"source": {"namespaceSelector": "kubernetes.io/metadata.name starts with ''"}}], "unknown"),
    ({}, [{"source": {"namespaceSelector": "projectcalico.org/name == 'bank'"}}], "pass"),
    ({}, [{"protocol": "TCP", "destination": {"ports": [f"{at}:{at + 3999}"]}} for at in (1, 4001, 8001)], "unknown"),
    ({}, [{"protocol": "TCP", "destination": {"ports": ["1:4000"]}}, {
        "protocol": "TCP", "source": {"selector": "app == 'web'"}, "destination": {"ports": ["4001:8000"]}}], "pass"),
])
def test_what_limits_a_rule_in_words_alone_leaves_the_default_denial_unknown(spec, rules, verdict):
    allowing = policy("early", None, order=1, types=["Ingress"], ingress=[{"action": "Allow"} | rule for rule in rules], **spec)
    tables = world("calico", [allowing, policy("closed", None, types=["Ingress"])])
    assert judged(tables, "network.default_deny_ingress")["shop"] == verdict


@pytest.mark.parametrize(("agents", "why"), [
    ([], "no agent of Calico is recognised"),
    (agent(IMAGES["calico"], name="calico", nodes=("n2",)), "the agent of Calico is not seen ready on every node"),
    ([*agent(IMAGES["calico"], name="calico", nodes=("n1", "n2")), *agent(IMAGES["cilium"], name="cilium", nodes=("n1",))],
     "Cilium may enforce policies beside it"),
])
def test_where_nobody_is_seen_to_act_what_policies_decide_is_not_known(agents, why):
    tables = frames([*objects(), *agents, CLOSED])
    assert derive(tables, "undecided_traffic")["words"].tolist() == [f"NetworkPolicy shop/closed of Calico ({why})"]
    assert {name: judged(tables, name)["shop"] for name in CHECKS} == dict.fromkeys(CHECKS, "unknown")


@pytest.mark.parametrize(("spec", "why"), [
    ({"selector": "app = 'x'"}, "its selector is none: an operator after app is missing"),
    ({"tier": "gone"}, "its tier gone is not known"),
    ({"ingress": [{"action": "Allow", "destination": {"ports": [80]}}]},
     "a rule has ports and no protocol, which Calico refuses"),
    ({"ingress": [{"action": "Perhaps"}]}, "the action of a rule is none"),
    ({"ingress": [{"action": "Allow", "source": {"nets": ["10.0.0.0/99"]}}]}, "the range 10.0.0.0/99 is none"),
    ({"later": 1}, "the field spec.later is not understood"),
    ({"selector": "projectcalico.org/orgID == 'x'"}, "a label of its selector is not read: projectcalico.org/orgID"),
    ({"serviceAccountSelector": "role == 'x'"}, "labels of service accounts are not read"),
    ({"ingress": [{"action": "Allow", "source": {"selector": "!"}}]},
     "the selector of a rule is none: a label, has(), all() or global() is missing"),
])
def test_a_policy_that_is_not_understood_is_unknown_by_name(spec, why):
    tables = world("calico", [policy(**spec)])
    assert derive(tables, "undecided_traffic")["words"].tolist() == [f"NetworkPolicy shop/own of Calico ({why})"]
    assert judged(tables, CHECKS[1]) == {"shop": "unknown", "bank": "fail", "kube-system": "fail"}


LONG = " && ".join(f"has(label-{at})" for at in range(55))
DEEP = "!(has(a) || " * 29 + "has(b)" + ")" * 29


@pytest.mark.parametrize("spec", [
    {"source": {"selector": LONG, "namespaceSelector": LONG}}, {"source": {"selector": DEEP, "namespaceSelector": DEEP}},
    {"source": {"serviceAccounts": {"names": [f"account-number-{at}" for at in range(80)]}}},
    {"source": {"serviceAccounts": {"names": ["one's \"own\""]}}},
])
def test_selectors_that_are_long_deep_or_odd_together_are_read(spec):
    tables = world("calico", [policy(types=["Ingress"], ingress=[{"action": "Allow"} | spec])])
    assert derive(tables, "undecided_traffic").empty
    assert None not in decided(tables, ["web > db 80"]).values()


def test_more_fields_than_are_named_leave_the_whole_policy_not_understood():
    rules = [{"action": "Allow", "later": 1}] * 100 + [{"action": "Deny", "later": 1}]
    tables = world("calico", [policy(ingress=rules)])
    assert derive(tables, "undecided_traffic")["words"].tolist() == [
        "NetworkPolicy shop/own of Calico (the field (further fields) is not understood)"]


@pytest.mark.parametrize(("table", "connection"), [
    ("calico_sets", "203.0.113.5 > db 80"), ("calico_host_endpoints", "web > n1 80")])
def test_where_sets_or_host_endpoints_may_be_missing_what_they_would_decide_is_not_known(table, connection):
    rule = {"action": "Allow", "source": {"selector": "good == 'yes'"}}
    tables = world("calico", [policy(ingress=[rule], types=["Ingress"])])
    assert decided(tables | {}, [connection])[connection] is (table == "calico_host_endpoints")
    tables = world("calico", [policy(ingress=[rule], types=["Ingress"])])
    tables[table].attrs["gaps"] = [f"{table} could not be read"]
    assert decided(tables, [connection])[connection] is None


def test_isolation_names_a_policy_that_is_seen_through_both_groups_once():
    stored = policy("default.closed", api=STORED, types=["Ingress", "Egress"])
    found = derive(world("calico", [CLOSED, stored]), "isolation").set_index("name")
    assert found.loc["web", ["ingress_isolated", "policies", "ingress_by"]].tolist() == [
        True, 1, "Calico NetworkPolicy shop/closed"]


def test_a_policy_of_calico_and_one_of_kubernetes_may_have_one_name():
    own = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "closed", "namespace": "shop"},
           "spec": {"podSelector": {}}}
    found = derive(world("calico", [CLOSED, own]), "isolation").set_index("name")
    assert found.loc["web", ["policies", "ingress_by"]].tolist() == [
        2, "NetworkPolicy shop/closed, Calico NetworkPolicy shop/closed"]


@pytest.mark.parametrize("plural", ["stagednetworkpolicies", "stagedglobalnetworkpolicies", "networkpolicies"])
def test_staged_policies_and_those_that_are_read_are_no_other_engine(plural):
    kind = {"stagednetworkpolicies": "StagedNetworkPolicy", "networkpolicies": "NetworkPolicy"}.get(
        plural, "StagedGlobalNetworkPolicy")
    assert decider("projectcalico.org", plural, kind) is decider("crd.projectcalico.org", plural, kind) is None


@pytest.mark.parametrize("text", [
    "app == 'db'", 'app == "d\'b"', "a in {'b', 'c'} || !(has(d) && e != 'f')", "a not in {}", "a starts with 'b'",
    "a ends with 'b' && a contains 'c'", "all()", "global()", "(a == 'b')", "!!has(a)", "notin in {'a'}",
])
def test_a_selector_is_the_same_when_it_is_written_anew(text):
    assert parse(render(parse(text))) == parse(text)


@pytest.mark.parametrize("text", [
    "a =", "a == b", "(a == 'b'", "a == 'b' c", "has(", "has()", "a in 'b'", "&&", "a in {'b' 'c'}", "a == 'b' &&", "a b 'c'",
    "!", "a == 'b", "(" * 60 + "all()" + ")" * 60, "has(" + "a" * 1100 + ")", "ä == 'b'", "all() all()", "a inn {'b'}",
])
def test_what_is_no_selector_is_said_to_be_none(text):
    with pytest.raises(NotASelector):
        parse(text)
