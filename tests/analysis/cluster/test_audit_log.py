"""The audit log as derived tables: requests told apart, silences, and which grants were used."""

import json
from collections import defaultdict
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_worlds import OWN, read, records
from worlds import frames

from auditkit import tables
from auditkit.analysis import DERIVED, derivation
from auditkit.analysis.cluster import audit_log

LOG = OWN / "k8s-audit" / "acme-prod-audit.jsonl"
EVENTS = tables.table("events").schema
START = pd.Timestamp("2026-11-23T09:00:00Z")


def log(*rows: dict[str, Any]) -> pd.DataFrame:
    """Events of an audit log; what is not given is usual or missing."""
    usual = {
        "tool": "kubernetes-audit",
        "stage": "ResponseComplete",
        "verb": "get",
        "user": "ann",
        "code": 200,
        "decision": "allow",
        "api_group": "",
        "resource": "pods",
        "level": "Metadata",
        "scan": "s",
    }
    rows = [
        usual | {"audit_id": f"id-{at}", "time": START + pd.Timedelta(seconds=at)} | row for at, row in enumerate(rows)
    ]
    return pa.Table.from_pylist(rows, schema=EVENTS).to_pandas(types_mapper=pd.ArrowDtype)


def requests(*rows: dict[str, Any]) -> pd.DataFrame:
    return audit_log.audit_requests(log(*rows))


@pytest.fixture(scope="module")
def plain() -> dict[str, dict[str, Any]]:
    """The last stage of each request of the own log, by plain JSON."""
    found = defaultdict(list)
    for line in LOG.read_text().splitlines():
        event = json.loads(line)
        found[event["auditID"]].append(event)
    return {key: max(events, key=lambda event: audit_log.STAGES.index(event["stage"])) for key, events in found.items()}


@pytest.fixture(scope="module")
def asked() -> pd.DataFrame:
    return audit_log.audit_requests(read(LOG)[0]["events"])


# --- the recorded log ------------------------------------------------------------------------------------------------


def test_each_request_is_one_row(plain: dict, asked: pd.DataFrame) -> None:
    rows = {row["audit_id"]: row for row in records(asked)}
    assert rows.keys() == plain.keys() and len(asked) == len(plain)
    for key, event in plain.items():
        acting = event.get("impersonatedUser") or event["user"]
        assert rows[key]["actor"] == acting.get("username") and rows[key]["code"] == event["responseStatus"]["code"]
        assert rows[key]["refused"] == (
            event["responseStatus"]["code"] == 401
            or event.get("annotations", {}).get("authorization.k8s.io/decision") == "forbid"
        )
        assert rows[key]["succeeded"] == (event["responseStatus"]["code"] < 400)


def test_what_people_did(plain: dict, asked: pd.DataFrame) -> None:
    def of(**wanted: Any) -> set[str]:
        return {
            key
            for key, event in plain.items()
            if all(event.get("objectRef", {}).get(name) in value for name, value in wanted.items())
        }

    reads = {
        key for key in of(resource=["secrets"], subresource=[None]) if plain[key]["verb"] in ("get", "list", "watch")
    }
    assert set(audit_log.secret_reads(asked)["audit_id"]) == reads
    sessions = of(resource=["pods"], subresource=["exec", "portforward"]) | of(
        resource=["nodes"], subresource=["proxy"]
    )
    assert set(audit_log.pod_sessions(asked)["audit_id"]) == sessions
    changes = {key for key in of(apiGroup=["rbac.authorization.k8s.io"]) if plain[key]["verb"] in ("create", "delete")}
    assert set(audit_log.rbac_changes(asked)["audit_id"]) == changes
    failed = audit_log.failed_authentications(asked)
    assert sorted(failed["failure"]) == ["anonymous", "credentials"]
    sources = audit_log.audit_sources(asked)
    assert sources["requests"].sum() == len(plain) and sources["refused"].sum() == asked["refused"].sum()
    pairs = {
        (event["user"].get("username"), event.get("impersonatedUser", {}).get("username")) for event in plain.values()
    }
    assert {(row["user"], row["impersonated_user"]) for row in records(sources)} == pairs


def test_the_restart_is_a_silence_and_levels_are_those_of_the_policy(asked: pd.DataFrame) -> None:
    events = read(LOG)[0]["events"]
    (silence,) = records(audit_log.audit_silences(events))
    assert 25 < silence["seconds"] < 40
    (period,) = records(audit_log.audit_periods(events))
    assert period["events"] == 42 and period["longest_silence"] == silence["seconds"]
    levels = records(audit_log.audit_levels(events))
    assert {row["level"] for row in levels if row["api_group"] == "rbac.authorization.k8s.io"} == {"RequestResponse"}
    assert {row["level"] for row in levels if row["resource"] == "secrets"} == {"Metadata"}
    assert sum(row["events"] for row in levels) == 42


def test_uses_of_the_recorded_grants(asked: pd.DataFrame, acme: Any) -> None:
    subjects = audit_log.subject_uses(asked, acme.binding_subjects)
    assert len(subjects) == len(acme.binding_subjects)
    granted = asked["binding"].notna().sum()
    assert subjects["requests"].sum() == granted, "every grant that the log names stands in the cluster"
    assert (subjects["last_used"].isna() == subjects["requests"].eq(0)).all()
    rights = audit_log.right_uses(asked, acme.binding_subjects, acme.role_rules, acme.role_urls)
    used = rights[rights["requests"].gt(0)]
    assert set(used["binding"]) == set(asked["binding"].dropna())
    assert used.loc[used["binding"].eq("anonymous-metrics"), "url"].tolist() == ["/metrics"]
    assert used.loc[used["binding"].eq("runner-secrets"), "verb"].tolist() == ["list"]


# --- requests --------------------------------------------------------------------------------------------------------


def test_stages_and_repetitions_are_one_request() -> None:
    stages = [
        {"audit_id": "a", "stage": "ResponseComplete", "code": 500},
        {"audit_id": "a", "stage": "RequestReceived", "code": None},
        {"audit_id": "a", "stage": "ResponseStarted", "code": 101},
        {"audit_id": "a", "stage": "ResponseStarted", "code": 101},
        {"audit_id": None},
        {"audit_id": None},
    ]
    rows = records(requests(*stages))
    assert [(row["audit_id"], row["stages"]) for row in rows] == [("a", 3), (None, 1), (None, 1)]
    assert rows[0]["code"] == 500 and rows[0]["time"] == START + pd.Timedelta(seconds=1) and rows[0]["ended"] == START


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(audit_log.STAGES)), max_size=12), st.randoms())
def test_the_order_of_events_does_not_matter(pairs: list[tuple[str, str]], chance: Any) -> None:
    rows = [
        {"audit_id": key, "stage": stage, "code": 200 + audit_log.STAGES.index(stage), "time": START}
        for key, stage in pairs
    ]
    found = requests(*rows).sort_values("audit_id", ignore_index=True)
    assert found["audit_id"].tolist() == sorted({key for key, _ in pairs})
    assert found["stages"].tolist() == [len({s for k, s in pairs if k == key}) for key in found["audit_id"]]
    chance.shuffle(rows)
    pd.testing.assert_frame_equal(requests(*rows).sort_values("audit_id", ignore_index=True), found)


def test_other_tools_are_not_read_and_nothing_is_an_answer() -> None:
    assert requests({"tool": "falco"}, {"tool": "vault"}).empty
    empty = log()
    for name, function in DERIVED.items():
        if function.startswith("auditkit.analysis.cluster.audit_log:"):
            inputs = {"events": empty, "audit_requests": audit_log.audit_requests(empty), **frames([])}
            arguments = [inputs[parameter] for parameter in derivation(name).__annotations__ if parameter != "return"]
            assert derivation(name)(*arguments).empty, name


def test_what_is_not_said_is_not_known() -> None:
    silent, denied, unknown = records(
        requests(
            {"code": None, "decision": None}, {"code": None, "decision": "forbid"}, {"code": 403, "decision": "allow"}
        )
    )
    assert (silent["succeeded"], silent["refused"]) == (None, None)
    assert (denied["succeeded"], denied["refused"]) == (None, True)
    assert (unknown["succeeded"], unknown["refused"]) == (False, False), "what admission refuses was authorized"


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (
            'RBAC: allowed by ClusterRoleBinding "a" of ClusterRole "b" to User "c"',
            ("ClusterRoleBinding", None, "a", "ClusterRole", "b", "User", None, "c"),
        ),
        (
            'RBAC: allowed by RoleBinding "a/shop" of Role "b" to Group "c/d"',
            ("RoleBinding", "shop", "a", "Role", "b", "Group", None, "c/d"),
        ),
        (
            'RBAC: allowed by RoleBinding "a/shop" of ClusterRole "b" to ServiceAccount "c/ns"',
            ("RoleBinding", "shop", "a", "ClusterRole", "b", "ServiceAccount", "ns", "c"),
        ),
        (
            r'RBAC: allowed by ClusterRoleBinding "a" of ClusterRole "b" to User "say \"hi\" \\o"',
            ("ClusterRoleBinding", None, "a", "ClusterRole", "b", "User", None, r'say "hi" \o'),
        ),
        (
            'EKS Access Policy: allowed by ClusterRoleBinding "arn::1:role/x" of ClusterRole "p" to User "AROA:x"',
            ("ClusterRoleBinding", None, "arn::1:role/x", "ClusterRole", "p", "User", None, "AROA:x"),
        ),
        ("access granted by IAM permissions.", (None,) * 8),
        ("", (None,) * 8),
        (None, (None,) * 8),
    ],
)
def test_the_words_of_the_authorizer(reason: str | None, expected: tuple) -> None:
    (row,) = records(requests({"reason": reason}))
    assert tuple(row[name] for name in audit_log.GRANT) == expected


@pytest.mark.parametrize(
    ("row", "subject"),
    [
        ({"groups": "system:masters,system:authenticated"}, "system:masters"),
        ({"groups": "dev,system:masters"}, "system:masters"),
        ({"groups": "not-system:masters"}, None),
        ({"groups": "system:masters", "impersonated_user": "bob", "impersonated_groups": "dev"}, None),
        ({"groups": "dev", "impersonated_user": "bob", "impersonated_groups": "system:masters"}, "system:masters"),
        ({"groups": "system:masters", "decision": "forbid"}, None),
        ({"groups": "system:masters", "decision": None}, None),
    ],
)
def test_masters_pass_without_a_binding(row: dict, subject: str | None) -> None:
    (found,) = records(requests(row))
    assert (found["subject"], found["binding"]) == (subject, None)


def test_secrets_are_read_by_lists_too() -> None:
    rows = [
        {"resource": "secrets", "verb": "list"},
        {"resource": "secrets", "verb": "watch", "namespace": "shop"},
        {"resource": "secrets", "verb": "get", "namespace": "shop", "name": "db"},
        {"resource": "secrets", "verb": "create"},
        {"resource": "secrets", "verb": "get", "api_group": "acme.example"},
        {"resource": "secrets", "verb": "get", "subresource": "status"},
        {"resource": None},
    ]
    assert audit_log.secret_reads(requests(*rows))["reach"].tolist() == ["cluster", "namespace", "object"]


def test_sessions_of_every_kind() -> None:
    pods = [
        {"subresource": how, "verb": verb}
        for how in ("exec", "attach", "portforward", "proxy")
        for verb in ("get", "create")
    ]
    debug = [{"subresource": "ephemeralcontainers", "verb": verb} for verb in ("patch", "update", "get")]
    other = [
        {"subresource": "log"},
        {"subresource": None},
        {"resource": "nodes", "subresource": "proxy"},
        {"resource": "services", "subresource": "proxy"},
    ]
    found = audit_log.pod_sessions(requests(*pods, *debug, *other))
    assert found["how"].tolist() == ["exec"] * 2 + ["attach"] * 2 + ["portforward"] * 2 + ["proxy"] * 2 + [
        "ephemeralcontainers"
    ] * 2 + ["nodes/proxy"]


def test_silences_are_those_of_one_cluster() -> None:
    times = [0, 5, 14.9, 25, 26]
    one = [{"time": START + pd.Timedelta(seconds=at), "cluster": "one"} for at in times]
    two = [{"time": START + pd.Timedelta(seconds=20), "cluster": "two"}, {"time": None, "cluster": "one"}]
    (silence,) = records(audit_log.audit_silences(log(*one, *two)))
    assert silence["cluster"] == "one" and silence["seconds"] == pytest.approx(10.1)
    periods = {row["cluster"]: row for row in records(audit_log.audit_periods(log(*one, *two)))}
    assert periods["one"]["untimed"] == 1 and periods["two"]["longest_silence"] is None


# --- grants ----------------------------------------------------------------------------------------------------------


def role(name: str, rules: list[dict], namespace: str | None = None) -> dict[str, Any]:
    kind = "Role" if namespace else "ClusterRole"
    return {"kind": kind, "metadata": {"name": name, **({"namespace": namespace} if namespace else {})}, "rules": rules}


def binding(name: str, of: str, subjects: list[dict], namespace: str | None = None, kind: str = "ClusterRole") -> dict:
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "subjects": subjects,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": of},
    }


CORE = {"apiGroups": [""]}
WORLD = frames(
    [
        role(
            "ops",
            [
                {**CORE, "resources": ["pods", "pods/exec"], "verbs": ["get", "create"]},
                {"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["*"]},
                {**CORE, "resources": ["configmaps"], "resourceNames": ["a"], "verbs": ["get"]},
                {"nonResourceURLs": ["/metrics", "/logs/*"], "verbs": ["get"]},
            ],
        ),
        role("ops", [{**CORE, "resources": ["secrets"], "verbs": ["get"]}], "shop"),
        binding(
            "all",
            "ops",
            [{"kind": "User", "name": "ann"}, {"kind": "ServiceAccount", "name": "bot", "namespace": "ci"}],
        ),
        binding("here", "ops", [{"kind": "ServiceAccount", "name": "bot"}], "shop", "Role"),
        binding("gone", "missing", [{"kind": "User", "name": "ann"}]),
    ]
)
ALL = 'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "ops" to User "ann"'
HERE = 'RBAC: allowed by RoleBinding "here/shop" of Role "ops" to ServiceAccount "bot/shop"'


def uses(*rows: dict[str, Any]) -> set[tuple]:
    """The rights that were used: binding, verb, resource or path, name, how often."""
    found = audit_log.right_uses(
        requests(*rows), *(WORLD[name] for name in ("binding_subjects", "role_rules", "role_urls"))
    )
    assert len(found) == 8 + 1, "eight of the ClusterRole (two of them paths), one of the Role; none of a missing one"
    return {
        (row["binding"], row["verb"], row["resource"] or row["url"], row["resource_name"], row["requests"])
        for row in records(found)
        if row["requests"]
    }


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"reason": ALL}, {("all", "get", "pods", None, 1)}),
        ({"reason": ALL, "subresource": "exec", "verb": "create"}, {("all", "create", "pods/exec", None, 1)}),
        (
            {"reason": ALL, "api_group": "apps", "resource": "deployments", "subresource": "scale", "verb": "patch"},
            {("all", "*", "*/scale", None, 1)},
        ),
        ({"reason": ALL, "resource": "configmaps", "name": "a"}, {("all", "get", "configmaps", "a", 1)}),
        ({"reason": ALL, "resource": "configmaps", "name": "b"}, set()),
        ({"reason": ALL, "resource": None, "api_group": None, "path": "/logs/x"}, {("all", "get", "/logs/*", None, 1)}),
        (
            {"reason": ALL, "resource": None, "api_group": None, "path": "/metrics"},
            {("all", "get", "/metrics", None, 1)},
        ),
        ({"reason": ALL, "resource": None, "api_group": None, "path": "/logs"}, set()),
        ({"reason": HERE, "resource": "secrets"}, {("here", "get", "secrets", None, 1)}),
        ({"reason": HERE}, set()),
        ({"reason": None}, set()),
        ({"reason": ALL, "verb": "delete"}, set()),
    ],
)
def test_rights_that_cover_a_request(row: dict, expected: set) -> None:
    assert uses(row) == expected


def test_when_subjects_used_their_bindings() -> None:
    rows = [{"reason": ALL}, {"reason": ALL}, {"reason": HERE, "resource": "secrets"}, {"reason": None}]
    found = audit_log.subject_uses(requests(*rows), WORLD["binding_subjects"])
    kept = {(row["binding"], row["subject"]): (row["requests"], row["last_used"]) for row in records(found)}
    assert kept == {
        ("all", "ann"): (2, START + pd.Timedelta(seconds=1)),
        ("all", "bot"): (0, None),
        ("here", "bot"): (1, START + pd.Timedelta(seconds=2)),
        ("gone", "ann"): (0, None),
    }
    assert set(found["log_from"]) == {START} and set(found["log_to"]) == {START + pd.Timedelta(seconds=3)}
    assert found[WORLD["binding_subjects"].columns].equals(WORLD["binding_subjects"])


def test_break_glass_is_seen_by_binding_and_actor() -> None:
    rows = [{"reason": ALL}, {"groups": "system:masters", "user": "root"}, {"decision": "forbid", "code": 403}]
    found = {
        (row["binding"], row["subject"], row["actor"]): row["requests"]
        for row in records(audit_log.binding_uses(requests(*rows)))
    }
    assert found == {("all", "ann", "ann"): 1, (None, "system:masters", "root"): 1}


@pytest.mark.parametrize(
    ("row", "refused"),
    [
        ({"code": 403, "decision": None}, True),  # who asked may not impersonate
        ({"code": 403, "decision": "forbid"}, True),
        ({"code": 403, "decision": "allow"}, False),  # an admission plug-in said no
        ({"code": 401, "decision": None}, True),
        ({"code": 403, "decision": None, "level": None}, None),  # Google Cloud
        ({"code": 403, "decision": None, "impersonated_user": "bob"}, None),
    ],
)
def test_a_refused_impersonation_is_forbidden_without_a_decision(row: dict, refused: bool | None) -> None:
    assert records(requests(row))[0]["refused"] is refused


def test_stages_of_one_request_count_once() -> None:
    stages = ("RequestReceived", "ResponseStarted", "ResponseComplete")
    rows = [{"audit_id": "one", "stage": stage, "resource": "nodes", "subresource": "proxy"} for stage in stages]
    assert len(audit_log.pod_sessions(requests(*rows, {"resource": "nodes", "subresource": "proxy"}))) == 2


IMPERSONATOR = frames(
    [
        role(
            "as",
            [
                {**CORE, "resources": ["users"], "resourceNames": ["bob"], "verbs": ["impersonate"]},
                {**CORE, "resources": ["groups"], "verbs": ["impersonate"]},
                {"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "verbs": ["approve", "sign"]},
                {**CORE, "resources": ["nodes/metrics"], "verbs": ["get"]},
                {**CORE, "resources": ["pods"], "verbs": ["list"]},
            ],
        ),
        role("plain", [{**CORE, "resources": ["pods"], "verbs": ["list"]}]),
        binding("as", "as", [{"kind": "Group", "name": "ops"}, {"kind": "User", "name": "eve"}]),
        binding("plain", "plain", [{"kind": "User", "name": "eve"}]),
    ]
)


def of_impersonator(*rows: dict[str, Any]) -> tuple[dict, dict]:
    """How often each right and each subject was used."""
    asked, tables = requests({"reason": ALL}, *rows), ("role_rules", "role_urls")
    rights = audit_log.right_uses(asked, IMPERSONATOR["binding_subjects"], *(IMPERSONATOR[name] for name in tables))
    subjects = audit_log.subject_uses(asked, IMPERSONATOR["binding_subjects"], *(IMPERSONATOR[name] for name in tables))
    return (
        {(row["binding"], row["verb"], row["resource"]): row["requests"] for row in records(rights)},
        {(row["binding"], row["subject"]): row["requests"] for row in records(subjects)},
    )


def test_rights_that_stand_in_no_request_are_never_said_to_be_unused() -> None:
    rights, subjects = of_impersonator()
    assert rights == {
        ("as", "impersonate", "users"): None,
        ("as", "impersonate", "groups"): None,
        ("as", "approve", "signers"): None,
        ("as", "sign", "signers"): None,
        ("as", "get", "nodes/metrics"): None,
        ("as", "list", "pods"): 0,
        ("plain", "list", "pods"): 0,
    }
    assert subjects == {("as", "ops"): None, ("as", "eve"): None, ("plain", "eve"): 0}


@pytest.mark.parametrize(
    ("row", "rights", "subjects"),
    [
        ({"user": "ann", "groups": "ops,system:authenticated", "impersonated_user": "bob"}, {"users"}, {"ops"}),
        ({"user": "eve", "groups": "ops", "impersonated_user": "bob"}, {"users"}, {"ops", "eve"}),
        ({"user": "eve", "impersonated_user": "carl"}, set(), set()),
        ({"user": "eve", "impersonated_user": "carl", "impersonated_groups": "x,y"}, {"groups"}, {"eve"}),
        ({"user": "eve", "impersonated_user": "carl", "impersonated_groups": "system:authenticated"}, set(), set()),
        ({"user": "root", "groups": "ops,system:masters", "impersonated_user": "bob"}, set(), set()),
        (
            {
                "user": "eve",
                "verb": "update",
                "api_group": "certificates.k8s.io",
                "resource": "certificatesigningrequests",
                "subresource": "approval",
            },
            {"signers"},
            {"eve"},
        ),
    ],
)
def test_what_the_log_shows_of_them_after_all(row: dict, rights: set, subjects: set) -> None:
    of_rights, of_subjects = of_impersonator({"reason": None, **row})
    assert {resource for (_, _, resource), count in of_rights.items() if count} == rights
    assert {subject for (_, subject), count in of_subjects.items() if count} == subjects
    assert {count for count in (*of_rights.values(), *of_subjects.values()) if count} <= {1}


@pytest.mark.parametrize("rows", [[], [{"reason": "access granted by IAM permissions."}]])
def test_without_a_log_that_names_bindings_their_use_is_not_known(rows: list) -> None:
    subjects = audit_log.subject_uses(requests(*rows), WORLD["binding_subjects"])
    rights = audit_log.right_uses(
        requests(*rows), *(WORLD[name] for name in ("binding_subjects", "role_rules", "role_urls"))
    )
    assert len(subjects) and len(rights)
    assert subjects["requests"].isna().all() and rights["requests"].isna().all()
    assert subjects["log_from"].isna().all() == (not rows)
