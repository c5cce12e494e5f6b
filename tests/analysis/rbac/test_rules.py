"""Rules that are gathered by aggregation, and rules that cover others."""

import access_reference as slow
import pandas as pd
import pytest
from access_random import RULES
from access_worlds import cases, role, rule
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import frames

from auditkit.analysis.rbac.aggregation import granted_rules, granted_urls, with_origins
from auditkit.analysis.rbac.index import covered

# --- aggregation ----------------------------------------------------------------------------------------------------


def aggregated(name: str, *selectors: dict, rules: list[dict] | None = None, **metadata) -> dict:
    return {"kind": "ClusterRole", "metadata": {"name": name, **metadata}, "rules": rules,
            "aggregationRule": {"clusterRoleSelectors": list(selectors)}}


def rules_of(objects: list[dict]) -> pd.DataFrame:
    found = frames(objects)
    shared = [found[name] for name in ("roles", "role_labels", "role_aggregation")]
    return with_origins(granted_rules(shared[0], found["role_rules"], *shared[1:]), *shared)


def atoms(objects: list[dict]) -> set[tuple]:
    """What the authorizer reads in ClusterRoles: role, verb, group, resource, name; or role, verb, path."""
    found = set()
    for thing in objects:
        for given_rule in thing.get("rules") or []:
            for verb in given_rule["verbs"]:
                found |= {(thing["metadata"]["name"], verb, group, resource, name)
                          for group in given_rule.get("apiGroups") or []
                          for resource in given_rule.get("resources") or []
                          for name in given_rule.get("resourceNames") or [None]}
                found |= {(thing["metadata"]["name"], verb, url) for url in given_rule.get("nonResourceURLs") or []}
    return found


def atoms_of(objects: list[dict]) -> set[tuple]:
    found = frames(objects)
    shared = (found["roles"], found["role_labels"], found["role_aggregation"])
    rules = granted_rules(shared[0], found["role_rules"], *shared[1:])
    urls = granted_urls(shared[0], found["role_urls"], *shared[1:])
    rows = [*rules[["role", "verb", "group", "resource", "resource_name"]].itertuples(index=False, name=None),
            *urls[["role", "verb", "url"]].itertuples(index=False, name=None)]
    return {tuple(None if value is pd.NA else value for value in row) for row in rows}


LABELS = st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2"]), max_size=2)
EXPRESSIONS = st.one_of(
    st.fixed_dictionaries({"key": st.sampled_from(["a", "b", "c"]), "operator": st.sampled_from(["In", "NotIn"]),
                           "values": st.lists(st.sampled_from(["1", "2"]), min_size=1, max_size=2)}),
    st.fixed_dictionaries({"key": st.sampled_from(["a", "b", "c"]),
                           "operator": st.sampled_from(["Exists", "DoesNotExist"])}))
SELECTORS = st.fixed_dictionaries({}, optional={
    "matchLabels": LABELS, "matchExpressions": st.lists(EXPRESSIONS, max_size=3)})


@st.composite
def cluster_roles(draw) -> list[dict]:
    plain = [role(f"p{n}", *draw(st.lists(RULES, max_size=2)), labels=draw(LABELS)) for n in range(3)]
    gathering = [aggregated(f"g{n}", *draw(st.lists(SELECTORS, max_size=2)), labels=draw(LABELS)) for n in range(3)]
    return [*plain, *gathering]


@settings(max_examples=60, deadline=None)
@given(cluster_roles())
def test_manifests_get_the_rules_that_the_controller_would_write(objects):
    assert atoms_of(objects) == atoms(slow.gathered(objects))


def test_what_a_server_has_stored_is_what_counts():
    source = role("source", rule("get", "pods"), labels={"a": "1"})
    stored = aggregated("all", {"matchLabels": {"a": "1"}}, uid="u1")
    assert ("all", "get", "", "pods", None) not in atoms_of([source, stored])
    edited = aggregated("all", {"matchLabels": {"a": "1"}}, rules=[rule("get list", "pods")], uid="u1")
    found = rules_of([source, edited])
    origin = found[found["role"] == "all"].set_index("verb")["aggregated_from"]
    assert origin["get"] == "source"
    assert origin["list"] is pd.NA


def test_the_origin_is_found_through_roles_in_between():
    objects = [role("base", rule("get", "pods"), labels={"to": "view"}),
               role("other", rule("get", "pods"), rule("list", "pods"), labels={"to": "edit"}),
               aggregated("view", {"matchLabels": {"to": "view"}}, labels={"to": "edit"}),
               aggregated("edit", {"matchLabels": {"to": "edit"}})]
    found = rules_of(objects)
    edit = found[found["role"] == "edit"]
    assert dict(zip(edit["verb"], edit["aggregated_from"], strict=True)) == {"get": "base, other", "list": "other"}
    assert edit["rule"].tolist() == [0, 1]


def test_the_controllers_own_cases():
    for case in cases("aggregation"):
        name = case["input"]["sync"]
        given_roles = [{"kind": "ClusterRole", **thing} for thing in case["input"]["startingClusterRoles"]]
        written = case["expected"]["apply"] or next(r for r in given_roles if r["metadata"]["name"] == name)
        empty = [thing | {"rules": None} if "aggregationRule" in thing else thing for thing in given_roles]
        everywhere = [_in_a_group(thing) for thing in empty]
        got = {atom for atom in atoms_of(everywhere) if atom[0] == name}
        assert got == atoms([_in_a_group(written)]), case["id"]


def _in_a_group(thing: dict) -> dict:
    """The cases leave out the API group, without which a rule allows nothing and is not kept."""
    return thing | {"rules": [{"apiGroups": [""], **given_rule} for given_rule in thing.get("rules") or []]}


# --- covering -------------------------------------------------------------------------------------------------------


def both(rules: list[dict]) -> tuple[pd.DataFrame, pd.DataFrame]:
    found = frames([role("r", *rules)])
    return found["role_rules"], found["role_urls"]


def covers(owned: list[dict], wanted: list[dict]) -> bool:
    return all(part.all() for part in covered(both(owned), both(wanted)))


def test_the_comparators_own_cases():
    asked = cases("covers")
    for case in asked:
        owner, servant = case["input"]["ownerRules"] or [], case["input"]["servantRules"] or []
        assert covers(owner, servant) is case["expected"]["covered"], case["id"]
    for case in cases("nonresource_covers"):
        owner, path = ({"verbs": ["get"], "nonResourceURLs": [case["input"][key]]} for key in ("owner", "requested"))
        assert covers([owner], [path]) is case["expected"]["covered"], case["id"]
    assert asked


@pytest.mark.parametrize(("owned", "wanted", "result"), [
    (rule("*", "*", "*"), rule("get", "pods/log", "apps"), True),
    (rule("get", "*"), rule("*", "pods"), False),
    (rule("get", "pods"), rule("get", "*"), False),
    (rule("get", "*/log"), rule("get", "pods/log"), True),
    (rule("get", "pods/log"), rule("get", "*/log"), False),
    (rule("get", "pods"), rule("get", "pods", resourceNames=["a"]), True),
    (rule("get", "pods", resourceNames=["a"]), rule("get", "pods"), False),
    (rule("get", "pods", resourceNames=["a", "b"]), rule("get", "pods", resourceNames=["b"]), True),
    (rule("get", "pods", resourceNames=[""]), rule("get", "pods"), False),
])
def test_what_covers_what(owned, wanted, result):
    assert covers([owned], [wanted]) is result
