"""Audit logs of Kubernetes: every stage is a row, bodies and arguments never are, envelopes of clouds are opened."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_worlds import everything, own, plain, read, records, samples, written

from auditkit.scans.readers import kubernetes_audit
from auditkit.scans.words import path_of

EVENT = {
    "kind": "Event",
    "apiVersion": "audit.k8s.io/v1",
    "level": "RequestResponse",
    "auditID": "a-1",
    "stage": "ResponseComplete",
    "verb": "create",
    "requestURI": "/api/v1/namespaces/shop/pods/web/exec?command=CANARY",
    "user": {"username": "ann", "groups": ["dev", "system:authenticated"], "extra": {"token": ["CANARY"]}},
    "impersonatedUser": {"username": "root", "groups": ["system:masters"]},
    "sourceIPs": ["10.0.0.9", "10.0.0.1"],
    "userAgent": "kubectl/v1.36",
    "objectRef": {"resource": "pods", "subresource": "exec", "namespace": "shop", "name": "web", "apiVersion": "v1"},
    "responseStatus": {"code": 403, "reason": "Forbidden", "message": "CANARY"},
    "requestObject": {"data": "CANARY"},
    "responseObject": {"data": "CANARY"},
    "requestReceivedTimestamp": "2026-11-23T09:00:00.000001Z",
    "stageTimestamp": "2026-11-23T09:00:00.123456Z",
    "annotations": {
        "authorization.k8s.io/decision": "allow",
        "authorization.k8s.io/reason": "RBAC: allowed by …",
        "other": "CANARY",
    },
}


@pytest.mark.parametrize("path", samples("k8s-audit"))
def test_each_stage_in_a_sample_is_an_event(path: Path) -> None:
    frames, (entry,) = read(path)
    expected = plain(path)
    expected = expected if isinstance(expected, list) else [expected]
    if not any("auditID" in event for event in expected):  # {"kind": 0} is a test of Falco's parser, and no event
        assert entry.resource.startswith("scan:unknown") and entry.outcome == "failed"
        return
    events = frames["events"]
    assert entry.resource == f"scan:kubernetes-audit:{path.name}" and entry.outcome == "complete"
    assert len(events) == len(expected)
    assert events["audit_id"].tolist() == [event["auditID"] for event in expected]
    assert events["user"].tolist() == [event["user"]["username"] for event in expected]
    assert events["verb"].tolist() == [event["verb"] for event in expected]
    for kept, event in zip(events.to_dict("records"), expected, strict=True):
        assert (kept["resource"] == event["objectRef"]["resource"]) and kept["code"] == event["responseStatus"]["code"]


@pytest.mark.parametrize("path", own("k8s-audit"))
def test_the_own_log_keeps_both_users_and_the_reason(path: Path) -> None:
    expected = plain(path)
    events = read(path)[0]["events"]
    assert len(events) == len(expected) == 42
    assert events["audit_id"].nunique() == len({event["auditID"] for event in expected}) == 37
    assert [event["impersonated_user"] for event in records(events)] == [
        event.get("impersonatedUser", {}).get("username") for event in expected
    ]
    assert events["reason"].notna().sum() == sum(
        bool(event.get("annotations", {}).get("authorization.k8s.io/reason")) for event in expected
    )
    failed = events[events["code"].eq(401).fillna(False)]
    assert failed["stage"].tolist() == ["ResponseStarted"] and failed["user"].isna().all()


def test_an_event_keeps_what_is_declared_and_nothing_else(tmp_path: Path) -> None:
    frames, _ = read(written(tmp_path, "audit.jsonl", [EVENT]))
    (event,) = frames["events"].to_dict("records")
    assert "CANARY" not in everything(frames)
    assert event["path"] == "/api/v1/namespaces/shop/pods/web/exec"
    assert (event["user"], event["groups"]) == ("ann", "dev,system:authenticated")
    assert (event["impersonated_user"], event["impersonated_groups"]) == ("root", "system:masters")
    assert (event["kind"], event["api_group"], event["resource"], event["subresource"]) == ("Pod", "", "pods", "exec")
    assert (event["code"], event["decision"], event["message"]) == (403, "allow", "Forbidden")
    assert event["source_ip"] == "10.0.0.9" and event["time"].isoformat() == "2026-11-23T09:00:00.123456+00:00"


def test_what_stands_behind_a_proxy_is_not_kept() -> None:
    assert path_of("/api/v1/nodes/n/proxy/run/ns/pod/c?cmd=id") == "/api/v1/nodes/n/proxy"
    assert path_of("/v1/auth/token/lookup/hvs.CAESIJ0123456789abcdefghij") == "/v1/auth/token/lookup/***"
    assert path_of("/metrics") == "/metrics" and path_of("") is None and path_of(7) == "7"


def test_notes_of_pod_security_and_admission_policies_are_kept_by_name(tmp_path: Path) -> None:
    failure = [{"policy": "pinned", "binding": "pinned-audit", "message": "CANARY", "validationActions": ["Audit"]}]
    notes = {
        "pod-security.kubernetes.io/audit-violations": 'would violate PodSecurity "restricted:latest"',
        "validation.policy.admission.k8s.io/validation_failure": json.dumps(failure),
    }
    frames, _ = read(
        written(tmp_path, "audit.jsonl", [EVENT | {"annotations": notes, "responseStatus": {"code": 201}}])
    )
    assert frames["events"]["message"].tolist() == [
        'Pod Security: would violate PodSecurity "restricted:latest"; '
        "policy pinned by binding pinned-audit failed (Audit)"
    ]
    assert "CANARY" not in everything(frames)


EKS_LOG = "/aws/eks/shop-prod/cluster"
AZURE = "/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.CONTAINERSERVICE/MANAGEDCLUSTERS/SHOP-PROD"
TEXT = json.dumps(EVENT)
ENVELOPES = {
    "a list": ([EVENT, EVENT], None),
    "EventList": ({"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [EVENT, EVENT]}, None),
    "items without a kind": (
        {
            "kind": "EventList",
            "apiVersion": "audit.k8s.io/v1",
            "items": [{key: value for key, value in EVENT.items() if key not in ("kind", "apiVersion")}] * 2,
        },
        None,
    ),
    "CloudWatch subscription": (
        {
            "messageType": "DATA_MESSAGE",
            "logGroup": EKS_LOG,
            "logStream": "kube-apiserver-audit-1",
            "logEvents": [{"id": "1", "timestamp": 1, "message": TEXT}] * 2,
        },
        "shop-prod",
    ),
    "CloudWatch get-log-events": (
        {"events": [{"timestamp": 1, "message": TEXT, "ingestionTime": 2}] * 2, "nextForwardToken": "f/1"},
        None,
    ),
    "Azure event hub": (
        {
            "records": [
                {
                    "category": "kube-audit",
                    "resourceId": AZURE,
                    "time": "2026-11-23T09:00:00Z",
                    "properties": {"log": TEXT + "\n", "stream": "stdout", "pod": "p"},
                }
            ]
            * 2
        },
        "SHOP-PROD",
    ),
}


@pytest.mark.parametrize("name", ENVELOPES)
def test_documents_of_clouds_are_opened(name: str, tmp_path: Path) -> None:
    document, cluster = ENVELOPES[name]
    frames, (entry,) = read(written(tmp_path, "audit.json", document))
    events = frames["events"]
    assert entry.resource.startswith("scan:kubernetes-audit") and entry.outcome == "complete"
    assert events["audit_id"].tolist() == ["a-1", "a-1"] and events["impersonated_user"].tolist() == ["root"] * 2
    assert events["cluster"].dropna().tolist() == ([cluster] * 2 if cluster else [])
    assert "CANARY" not in everything(frames)


@pytest.mark.parametrize(
    "line",
    [
        {"message": TEXT, "logGroup": EKS_LOG, "logStream": "kube-apiserver-audit-1", "timestamp": 1700000000000},
        {"log": TEXT, "stream": "stdout", "time": "2026-11-23T09:00:00Z"},
        {"message": EVENT},
        {"category": "kube-audit", "resourceId": AZURE, "properties": {"log": TEXT}},
        {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": [EVENT]},
    ],
)
def test_lines_of_clouds_are_opened(line: dict, tmp_path: Path) -> None:
    frames, (entry,) = read(written(tmp_path, "audit.jsonl", [line, line]))
    assert entry.outcome == "complete" and frames["events"]["audit_id"].tolist() == ["a-1", "a-1"]


def google(**payload: object) -> dict:
    return {
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": "k8s.io",
            "methodName": "io.k8s.core.v1.pods.exec.create",
            "resourceName": "core/v1/namespaces/shop/pods/web/exec",
            "authenticationInfo": {"principalEmail": "ann@acme.example"},
            "authorizationInfo": [{"granted": True, "permission": "io.k8s.core.v1.pods.exec.create"}],
            "requestMetadata": {"callerIp": "10.0.0.9", "callerSuppliedUserAgent": "kubectl"},
            "request": {"data": "CANARY"},
            "response": {"data": "CANARY"},
            **payload,
        },
        "resource": {"type": "k8s_cluster", "labels": {"cluster_name": "shop-prod", "location": "europe-west1"}},
        "labels": {"authorization.k8s.io/decision": "allow", "authorization.k8s.io/reason": "access granted by IAM"},
        "operation": {"id": "a-1", "first": True, "last": True, "producer": "k8s.io"},
        "timestamp": "2026-11-23T09:00:00Z",
        "logName": "projects/p/logs/cloudaudit.googleapis.com%2Factivity",
    }


def test_log_entries_of_google_are_events(tmp_path: Path) -> None:
    lines = [
        google(),
        google(
            resourceName="rbac.authorization.k8s.io/v1/clusterroles/x",
            status={"code": 7},
            methodName="io.k8s.authorization.rbac.v1.clusterroles.delete",
        ),
        google(resourceName="core/v1/namespaces/shop", status={}, methodName="io.k8s.core.v1.namespaces.get"),
        google(resourceName="readyz", methodName="io.k8s.get"),
        {**google(), "protoPayload": {"serviceName": "container.googleapis.com", "methodName": "Update"}},
    ]
    frames, (entry,) = read(written(tmp_path, "gke.jsonl", lines))
    events = records(frames["events"])
    assert entry.outcome == "complete" and len(events) == 4, "another service's entry is none of ours, and no loss"
    assert [
        (e["verb"], e["api_group"], e["resource"], e["subresource"], e["namespace"], e["name"]) for e in events
    ] == [
        ("create", "", "pods", "exec", "shop", "web"),
        ("delete", "rbac.authorization.k8s.io", "clusterroles", None, None, "x"),
        ("get", "", "namespaces", None, None, "shop"),
        ("get", None, None, None, None, None),
    ]
    assert [event["code"] for event in events] == [None, 403, 200, None] and events[3]["path"] == "readyz"
    assert {event["cluster"] for event in events} == {"shop-prod"} and {event["audit_id"] for event in events} == {
        "a-1"
    }
    assert "CANARY" not in everything(frames)


def test_what_is_no_event_is_counted(tmp_path: Path) -> None:
    path = written(tmp_path, "audit.jsonl", json.dumps(EVENT) + '\n{"hello": 1}\n{"auditID": 5, "verb": []}\n{"a": \n')
    frames, (entry,) = read(path)
    assert len(frames["events"]) == 1 and entry.outcome == "partial" and "2 of its lines" in entry.reason
    assert "1 records are not audit events" in entry.reason
    assert frames["scans"]["missing"].tolist() == [3] and frames["scans"]["truncated"].tolist() == [True]


def test_a_policy_is_no_log(tmp_path: Path) -> None:
    _, (entry,) = read(
        written(tmp_path, "policy.json", {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": []})
    )
    assert not entry.resource.startswith("scan:kubernetes-audit")


@pytest.mark.parametrize(
    "content",
    [
        TEXT[:200],
        TEXT + "\n" + TEXT[:200],
        ("\ufeff" + TEXT).encode("utf-16-le"),
        "null",
        "[]",
        b"\xff\x00\xfe",
        "",
        json.dumps(EVENT | {"responseStatus": {"code": 10**400}}),
        json.dumps(EVENT | {"user": "x", "objectRef": [1]}),
        '{"apiVersion": "audit.k8s.io/v1", "kind": "EventList", "items": ' + "[" * 100_000,
        json.dumps(EVENT | {"objectRef": {"resource": "=cmd|' /C calc'!A0", "name": "<script>\x1b[2J"}}),
    ],
)
def test_bad_input_is_a_sentence(content: str | bytes, tmp_path: Path) -> None:
    frames, entries = read(written(tmp_path, "audit.jsonl", content))
    (entry,) = entries
    assert entry.outcome == "complete" or 0 < len(entry.reason) < 400
    assert "CANARY" not in everything(frames)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*sorted(EVENT), "items", "message", "protoPayload"]), inner)
        ),
    )
)
def test_no_value_breaks_the_reader(value: object) -> None:
    assert kubernetes_audit._is_audit(value) in (True, False)
    list(kubernetes_audit._Log().convert(value, None))


def test_an_event_without_its_identifier_is_one_by_its_version(tmp_path: Path) -> None:
    bare = {key: value for key, value in EVENT.items() if key not in ("auditID", "stage", "level")}
    empty = {"kind": "EventList", "apiVersion": "audit.k8s.io/v1", "items": []}
    frames, (entry,) = read(written(tmp_path, "audit.jsonl", [bare, EVENT, empty]))
    assert [event["audit_id"] for event in records(frames["events"])] == [None, "a-1"] and entry.outcome == "complete"
