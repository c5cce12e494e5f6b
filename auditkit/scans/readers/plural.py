"""Plural: its compliance report (a ZIP of CSV or JSON files), policy constraints, and its own audit.

Each file of the report is a document. JSON comes without anything between the rows. Constraints and audits come from
its GraphQL API, in pages.

Source: https://github.com/pluralsh/console (its compliance data sources and its schema).
"""

import re
from collections.abc import Iterator
from typing import Any

from auditkit.scans.model import Document, Event, Finding, Gap, Row
from auditkit.scans.vocabulary import digest, moment, text
from auditkit.scans.words import count_of, given, image_of

NAME = "plural"
PROVIDES = frozenset({"images", "policies"})

_TABLES = {
    "vulnerabilities": {"cluster", "artifact", "grade"},
    "services": {"cluster", "service", "namespace", "helm_chart"},
    "cluster_users": {"cluster", "read_users", "write_users"},
    "clusters": {"cluster", "project", "kubelet_version"},
    "constraints": {"name", "violationCount"},
    "audits": {"type", "action", "insertedAt"},
}
_ANY_CASE = {table: {column.replace("_", "").lower() for column in columns} for table, columns in _TABLES.items()}
_CONNECTIONS = {"policyConstraints": "constraints", "policyConstraint": "constraints", "audits": "audits"}
_SEVERITIES = ("critical", "high", "medium", "low")
_HEALTH = {"healthy": "pass", "synced": "pass", "failed": "fail", "stale": "warn", "paused": "warn"}
_WITHOUT = re.compile(r"://[^/@\s]*@")  # credentials in the address of a repository
_ENFORCED = {"warn": "warn", "deny": "deny", "dry_run": "dryrun"}


def recognise(document: Document) -> bool:
    """Rows with the columns of one of the tables, or an answer of the API."""
    return _table_of(document.head) is not None


def _table_of(head: Any) -> str | None:
    if isinstance(head, list):
        head = head[0] if head else None
    if not isinstance(head, dict):
        return None
    if name := _connection(head):
        return _CONNECTIONS[name]
    if isinstance(head.get("node"), dict):
        head = head["node"]
    columns = {column.replace("_", "").lower() for column in head if isinstance(column, str)}
    return next((table for table, needed in _ANY_CASE.items() if needed <= columns), None)


def _connection(head: dict[str, Any]) -> str | None:
    data = head["data"] if isinstance(head.get("data"), dict) else head
    return next((name for name in _CONNECTIONS if isinstance(data.get(name), dict | list)), None)


def read(document: Document) -> Iterator[Row]:
    """Findings of the report and of constraints, events of the audit."""
    table = _table_of(document.head)
    if table is None:
        yield Gap("it is not a table that Plural writes")
        return
    reader = {"vulnerabilities": _vulnerabilities, "services": _service, "cluster_users": _users,
              "clusters": _cluster, "constraints": _constraint, "audits": _audit}[table]
    strange = 0
    for row in _rows(document):
        if isinstance(row, Gap):
            yield row
        elif isinstance(row, dict):
            yield from reader({key.replace("_", "").lower(): value for key, value in row.items()})
        else:
            strange += 1
    if strange:
        yield Gap(f"{strange} rows are not objects", strange)


def _rows(document: Document) -> Iterator[Any]:
    """The rows, and a gap where there are further pages."""
    in_list = isinstance(document.head, list)
    for value in (value for _, value in document.each("[]")) if in_list else document.values():
        name = _connection(value) if isinstance(value, dict) else None
        if name is None:
            yield value["node"] if isinstance(value, dict) and isinstance(value.get("node"), dict) else value
            continue
        held = (value["data"] if isinstance(value.get("data"), dict) else value)[name]
        edges = held.get("edges") if isinstance(held, dict) else held
        if isinstance(edges, list):
            yield from (edge.get("node", edge) if isinstance(edge, dict) else edge for edge in edges)
        else:
            yield held
        page = held.get("pageInfo") if isinstance(held, dict) else None
        if isinstance(page, dict) and page.get("hasNextPage") is True:
            yield Gap("there are further pages")


def _vulnerabilities(row: dict[str, Any]) -> Iterator[Row]:
    """How many vulnerabilities an image has; the report does not name them."""
    counts = {severity: count_of(row.get(f"{severity}count")) for severity in _SEVERITIES}
    worst = next((severity for severity, count in counts.items() if count), None)
    unknown = all(count is None for count in counts.values())
    repository, registry = given(row.get("artifactrepository")), given(row.get("artifactregistry"))
    image = given(row.get("artifact")) or image_of(
        f"{registry}/{repository}" if registry and repository else repository, given(row.get("artifacttag")))
    yield Finding(
        rule="vulnerabilities", status="unknown" if unknown else "fail" if worst else "pass",
        tool_status=given(row.get("grade")), tool_severity=worst, category="vulnerability",
        cluster=given(row.get("cluster")), image=image, image_digest=digest(given(row.get("artifactdigest"))),
        message=", ".join(f"{count} {severity}" for severity, count in counts.items() if count is not None) or None,
    )


def _service(row: dict[str, Any]) -> Iterator[Row]:
    """A deployed service: from which source at which revision, and whether it is in step with it."""
    health = given(row.get("health"))
    from_git = [given(row.get(column)) for column in ("repository", "gitref", "gitfolder", "sha")]
    from_helm = [given(row.get(column)) for column in ("helmurl", "helmchart", "helmversion")]
    yield Finding(
        rule="service", status=_HEALTH.get((health or "").lower(), "unknown"), tool_status=health,
        category="deployment", cluster=given(row.get("cluster")), kind="ServiceDeployment",
        namespace=given(row.get("namespace")), name=given(row.get("service")), seen=moment(row.get("createdat")),
        message=_WITHOUT.sub("://", "; ".join(
            f"{word} {' '.join(part for part in parts if part)}"
            for word, parts in (("git", from_git), ("helm", from_helm)) if any(parts))) or None,
    )


def _users(row: dict[str, Any]) -> Iterator[Row]:
    """Who may look at and change a cluster in Plural: for an access review, so for people to judge."""
    who = (f"{word}: {', '.join(_names(row.get(column))) or 'nobody'}" for word, column in
           (("owner", "owner"), ("read", "readusers"), ("write", "writeusers")))
    yield Finding(rule="cluster_users", status="manual", category="access", cluster=given(row.get("cluster")),
                  kind="Cluster", name=given(row.get("cluster")), message="; ".join(who))


def _names(value: Any) -> list[str]:
    people = value if isinstance(value, list) else [value]
    return [name for one in people if (name := (
        given(one.get("email")) or given(one.get("group_name")) or given(one.get("id"))
        if isinstance(one, dict) else given(one)))]


def _cluster(row: dict[str, Any]) -> Iterator[Row]:
    """A cluster of the fleet and its versions."""
    said = ((word, given(row.get(column))) for word, column in (
        ("version", "version"), ("kubelet", "kubeletversion"), ("nodes", "nodecount"), ("pods", "podcount")))
    yield Finding(rule="cluster", status="manual", category="inventory", cluster=given(row.get("cluster")),
                  kind="Cluster", name=given(row.get("cluster")), seen=moment(row.get("createdat")),
                  message=", ".join(f"{word} {value}" for word, value in said if value) or None)


def _constraint(row: dict[str, Any]) -> Iterator[Row]:
    """A constraint of Gatekeeper as Plural shows it: a finding for each violation, or one that there is none."""
    cluster = row["cluster"] if isinstance(row.get("cluster"), dict) else {"handle": row.get("cluster")}
    ref = row["ref"] if isinstance(row.get("ref"), dict) else {}
    enforcement = (text(row.get("enforcement")) or "").lower()
    known = {
        "rule": text(ref.get("kind")) or text(row.get("name")), "title": text(row.get("description")),
        "remedy": text(row.get("recommendation")), "category": "policy", "enforcement": _ENFORCED.get(enforcement),
        "cluster": given(cluster.get("handle")) or given(cluster.get("name")), "seen": moment(row.get("updatedat")),
    }
    violations = [one for one in row["violations"] if isinstance(one, dict)] if isinstance(
        row.get("violations"), list) else []
    count = count_of(row.get("violationcount"))
    for one in violations:
        yield Finding(
            **known, status="fail", api_group=text(one.get("group")) or "", kind=text(one.get("kind")),
            namespace=given(one.get("namespace")), name=text(one.get("name")), message=text(one.get("message")))
    if count and count > len(violations):
        yield Gap(f"the constraint {text(row.get('name'))} lists {len(violations)} of its {count} violations",
                  count - len(violations))
    if not violations:
        yield Finding(**known, status="unknown" if count is None else "fail" if count else "pass",
                      tool_status=None if count is None else f"violationCount={count}")


def _audit(row: dict[str, Any]) -> Iterator[Row]:
    """A change that somebody made in Plural."""
    actor = row["actor"] if isinstance(row.get("actor"), dict) else {"email": row.get("actor")}
    yield Event(
        time=moment(row.get("insertedat")), source="plural", verb=(text(row.get("action")) or "").lower() or None,
        user=given(actor.get("email")) or given(actor.get("name")) or given(actor.get("id")),
        resource=(text(row.get("type")) or "").lower() or None, name=given(row.get("repository")),
        audit_id=text(row.get("id")), source_ip=given(row.get("ip")),
    )
