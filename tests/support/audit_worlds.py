"""Audit logs for tests: single events as tables, and logs of any length as an API server writes them."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
from worlds import empty

from auditkit import tables
from auditkit.analysis.cluster.audit_log import audit_requests
from auditkit.analysis.rights.uses import audit_uses

START = pd.Timestamp("2026-11-01T00:00:00Z")
GRANT = 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to User "{}"'
ACCOUNTS = "system:serviceaccounts,system:serviceaccounts:{},system:authenticated"


def event(user: str = "alice", verb: str = "get", resource: str | None = "pods", **more: Any) -> dict[str, Any]:
    """A request that RBAC allowed; ``resource`` may be written ``pods/log`` or ``deployments.apps``."""
    plural, _, below = (resource or "").partition("/")
    plural, _, group = plural.partition(".")
    said = {
        "tool": "kubernetes-audit", "scan": "kubernetes-audit:a", "stage": "ResponseComplete", "level": "Metadata",
        "time": START, "user": user, "groups": "system:authenticated", "verb": verb, "code": 200, "decision": "allow",
        "reason": GRANT.format(user), "resource": plural or None, "subresource": below or None,
        "api_group": group if plural else None,
    }  # fmt: skip
    return said | more


def refused(*given: Any, **more: Any) -> dict[str, Any]:
    """The same, refused."""
    return event(*given, **more) | {"decision": "forbid", "reason": "no", "code": 403}


def log(*events: dict[str, Any]) -> pd.DataFrame:
    """The table ``events`` with these; each is a request of its own unless it has an ``audit_id``."""
    rows = [{"audit_id": f"id-{at}"} | one for at, one in enumerate(events)]
    return pa.Table.from_pylist(rows, schema=tables.table("events").schema).to_pandas(types_mapper=pd.ArrowDtype)


def uses(*events: dict[str, Any]) -> pd.DataFrame:
    """`audit_uses` of these events."""
    return audit_uses(audit_requests(log(*events)), empty("collection"))


def policy(*rules: dict[str, Any], scan: str = "p") -> pd.DataFrame:
    """`audit_policy`: each rule has a ``level`` and lists by what they limit (``user``, ``verb``, ``resource`` …)."""
    rows = []
    for number, rule in enumerate(rules):
        of_rule = {"scan": scan, "tool": "audit-policy", "rule": number, "level": rule.get("level", "Metadata")}
        rows.append(of_rule | {"what": "rule"})
        for what, values in rule.items():
            for value in values if what != "level" else ():
                group, resource, name = value if what == "resource" else (None, value, None)
                rows.append(of_rule | {"what": what.replace("_", " "), "value": resource, "api_group": group, "name": name})
    return pa.Table.from_pylist(rows, schema=tables.table("audit_policy").schema).to_pandas(types_mapper=pd.ArrowDtype)


def lines(count: int, seed: int = 0, *, users: int = 200, namespaces: int = 40) -> Iterator[str]:
    """``count`` events as JSON lines, of requests that differ as those of a cluster do: service accounts that read and
    write objects whose names come and go, watches with two stages, and a few that are refused."""
    chance = random.Random(seed)
    resources = [("", "pods"), ("", "configmaps"), ("", "secrets"), ("apps", "deployments"), ("batch", "jobs"),
                 ("coordination.k8s.io", "leases")]
    written, number = 0, 0
    while written < count:
        number += 1
        space, (group, resource) = f"team-{chance.randrange(namespaces)}", chance.choice(resources)
        account = f"system:serviceaccount:{space}:app-{chance.randrange(users // namespaces)}"
        verb = chance.choices(["get", "update", "list", "watch", "create"], [60, 15, 10, 10, 5])[0]
        name = f"{resource}-{chance.randrange(400)}" if verb in ("get", "update") else None
        allowed = chance.random() > 0.02
        moment = (START + pd.Timedelta(milliseconds=number * 3)).isoformat().replace("+00:00", "Z")
        moment = moment if "." in moment else moment.replace("Z", ".000000Z")
        base = f"/api{'s/' + group if group else ''}/v1/namespaces/{space}/{resource}"
        for stage in ("ResponseStarted", "ResponseComplete") if verb == "watch" else ("ResponseComplete",):
            written += 1
            yield json.dumps({
                "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": f"{seed}-{number:032d}",
                "stage": stage, "requestURI": f"{base}/{name}" if name else f"{base}?limit=500", "verb": verb,
                "user": {"username": account, "groups": ACCOUNTS.format(space).split(",")},
                "sourceIPs": ["10.0.0.1"], "userAgent": "app/v1 (linux/amd64)",
                "objectRef": {"resource": resource, "namespace": space, "apiVersion": "v1"}
                | ({"apiGroup": group} if group else {}) | ({"name": name} if name else {}),
                "responseStatus": {"metadata": {}, "code": 200 if allowed else 403},
                "requestReceivedTimestamp": moment, "stageTimestamp": moment,
                "annotations": {"authorization.k8s.io/decision": "allow" if allowed else "forbid",
                                "authorization.k8s.io/reason": GRANT.format(account) if allowed else ""},
            })  # fmt: skip
