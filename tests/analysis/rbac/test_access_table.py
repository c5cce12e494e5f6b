"""The table of all access has a right if and only if the authorizer allows it."""

import access_reference as slow
import pandas as pd
import pyarrow as pa
from access_random import EMPTY, worlds
from access_worlds import account, bind, group, role, rule, user
from hypothesis import given, settings
from worlds import frames

from auditkit import tables
from auditkit.analysis import inputs
from auditkit.analysis.rbac.access_table import ONLY_ASKED, access
from auditkit.analysis.rbac.aggregation import granted_rules

SERVED = [  # group, resource, namespaced, verbs
    ("", "pods", True, "get list"), ("", "pods/log", True, "get"), ("apps", "log", True, "get Get"),
    ("", "nodes", False, "get list"), ("", "namespaces", False, "get list"),
]


def served() -> pd.DataFrame:
    rows = [(group, "v1", resource, "K", inside, verb)
            for group, resource, inside, verbs in SERVED for verb in verbs.split()]
    schema = tables.table("api_resources").schema
    arrays = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema).to_pandas(types_mapper=pd.ArrowDtype)


def table(objects: list[dict], resources: pd.DataFrame | None = None) -> pd.DataFrame:
    found = frames(objects) | {"api_resources": served() if resources is None else resources}
    found["granted_rules"] = granted_rules(*(found[name] for name in inputs(granted_rules)))
    return access(*(found[name] for name in inputs(access)))


def rows(frame: pd.DataFrame, *columns: str) -> set[tuple]:
    plain = frame.astype("string[pyarrow]").astype(object).where(frame.notna(), None)
    return set(plain[list(columns)].itertuples(index=False, name=None))


ALL = ("subject_kind", "subject_namespace", "subject", "verb", "group", "resource", "namespace", "name")


def mine(frame: pd.DataFrame, *columns: str) -> set[tuple]:
    """The rows of others than system:masters."""
    return rows(frame[frame["subject"] != "system:masters"], *columns)


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_a_right_is_listed_if_and_only_if_it_is_allowed(objects):
    found = table(objects)
    listed = rows(found, *ALL)
    assert len(listed) == len(found)
    subjects = {(kind, space, name) for kind, space, name, *_ in listed}
    for kind, space, name, verb, api_group, resource, namespace, named in listed:
        asked = _request(kind, space, name, verb, api_group, resource, namespace or "",
                         "no-such-object" if named is None else named)
        assert slow.allowed(_only(objects, kind, space, name), asked), asked
    for kind, space, name in subjects - {("Group", None, "system:masters")}:
        own = _only(objects, kind, space, name)
        for api_group, resource, verb, inside in _askable():
            for namespace in ("", "one", "two") if inside else ("",):
                for named in ("no-such-object", "a"):
                    asked = _request(kind, space, name, verb, api_group, resource, namespace, named)
                    covered = any((kind, space, name, verb, api_group, resource, ns, n) in listed
                                  for ns in {None, namespace or None} for n in (None, named))
                    assert slow.allowed(own, asked) == covered, asked


def _askable() -> list[tuple[str, str, str, bool]]:
    standing = [(group, resource, verb, inside or (resource == "namespaces" and verb == "get"))
                for group, resource, inside, verbs in SERVED for verb in verbs.split()]
    return [*standing, *ONLY_ASKED]


def _request(kind, space, name, verb, api_group, resource, namespace, named) -> dict:
    plain, _, sub = resource.partition("/")
    plain = plain if sub else resource  # a rule may name "*/", which is the subresource of nothing
    who = {"user": "", "groups": [name]} if kind == "Group" else {
        "user": f"system:serviceaccount:{space}:{name}" if kind == "ServiceAccount" else name, "groups": []}
    return EMPTY | who | {"verb": verb, "group": api_group, "resource": plain, "subresource": sub,
                          "namespace": namespace, "name": named, "path": ""}


def _only(objects: list[dict], kind: str, space: str | None, name: str) -> list[dict]:
    """The world with no other subjects than this one, as bindings name it."""
    def same(subject: dict, scope: str) -> bool:
        home = (subject.get("namespace") or scope or None) if subject["kind"] == "ServiceAccount" else None
        return (subject["kind"], home, subject["name"]) == (kind, space, name)

    return [thing if "subjects" not in thing else thing | {
        "subjects": [s for s in thing["subjects"] if same(s, thing["metadata"].get("namespace", ""))]}
        for thing in objects]


def test_wildcards_are_written_out_against_what_is_served():
    objects = [role("r", rule("*", "pods")), bind("b", "r", user("alice"))]
    assert mine(table(objects), "verb", "resource") == {("get", "pods"), ("list", "pods")}
    objects = [role("r", rule("get", "*")), bind("b", "r", user("alice"), namespace="one")]
    assert mine(table(objects), "verb", "resource") == {("get", "pods"), ("get", "pods/log"), ("get", "namespaces")}
    objects = [role("r", rule("get", "*/log", "*")), bind("b", "r", user("alice"))]
    assert mine(table(objects), "group", "resource") == {("", "pods/log")}


def test_what_is_not_served_stays_as_it_is_written():
    objects = [role("r", rule("* get", "widgets", "example.com"), rule("use", "*", "policy"), rule("get", "*/x", "*")),
               bind("b", "r", user("alice"))]
    assert mine(table(objects), "verb", "group", "resource") == {
        ("*", "example.com", "widgets"), ("get", "example.com", "widgets"), ("use", "policy", "*"), ("get", "*", "*/x")}
    nothing = served().iloc[:0]
    assert ("get", "", "*") in mine(table([role("r", rule("get", "*")), bind("b", "r", user("alice"))], nothing),
                                    "verb", "group", "resource")


def test_everything_also_means_what_only_authorization_knows():
    objects = [role("r", rule("*", "*", "*")), bind("b", "r", user("alice")),
               bind("c", "r", user("bob"), namespace="one")]
    found = table(objects)
    asked = {(verb, resource) for _, resource, verb, _ in ONLY_ASKED}
    assert asked <= rows(found[found["subject"] == "alice"], "verb", "resource")
    bob = rows(found[found["subject"] == "bob"], "verb", "resource")
    assert ("impersonate", "serviceaccounts") in bob and ("bind", "clusterroles") in bob
    assert ("impersonate", "users") not in bob and ("get", "nodes") not in bob


def test_a_right_that_several_bindings_give_is_listed_once():
    objects = [role("r", rule("get", "pods")), role("s", rule("get list", "pods")),
               bind("a", "r", account("ci", "one"), namespace="one"), bind("b", "s", account("ci"), namespace="one"),
               bind("c", "r", account("ci", "one")), bind("d", "gone", group("team")),
               bind("e", "r", account("nobody"))]
    found = table(objects)
    found = found[found["subject"] != "system:masters"]
    assert len(found) == 3
    assert rows(found, *ALL) == {
        ("ServiceAccount", "one", "ci", "get", "", "pods", "one", None),
        ("ServiceAccount", "one", "ci", "list", "", "pods", "one", None),
        ("ServiceAccount", "one", "ci", "get", "", "pods", None, None)}


def test_the_super_group_is_there_without_a_binding():
    found = table([])
    assert set(found["subject"]) == {"system:masters"}
    assert ("get", "nodes") in rows(found, "verb", "resource")


def test_missing_texts_are_not_unequal_but_missing():
    found = table([role("r", rule("get", "pods")), bind("b", "r", user("alice"))])
    everywhere = found[found["subject"] == "alice"]["namespace"] == "one"
    assert everywhere.tolist() == [pd.NA]
