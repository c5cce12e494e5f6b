"""Sysdig: the CLI scanner, vulnerability reports, posture (CSPM) and runtime events.

The vulnerabilities of images are in `sysdig_images`. A risk that was accepted is not a failure; a page holds fewer
rows than its ``totalCount``; runtime severities are numbers.

Source: https://docs.sysdig.com (Event Forwarding, Secure API) and the plug-ins that Sysdig publishes.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from auditkit.scans.model import Document, Event, Finding, Gap, Reference, Row
from auditkit.scans.readers import falco, sysdig_images
from auditkit.scans.vocabulary import moment, text, until
from auditkit.scans.words import code_of, count_of, given, image_of, kind_of, path_of

NAME = "sysdig"
PROVIDES = frozenset({"images", "fixed versions", "state", "policies"})

_LOOK_AT = 20
_SEVERITIES = ("high", "high", "high", "high", "medium", "medium", "low", "info")
_ACTIVITIES = {"command", "connection", "fileaccess", "kubernetes"}
_KEYS: tuple[tuple[str, set[str]], ...] = (
    ("requirement", {"requirementId", "policyName"}),
    ("resource", {"passed", "hash", "type", "zones"}),
    ("resource", {"passed", "acceptance", "type"}),
    ("package", {"resultId", "package"}),
    ("result", {"resultId", "vulnTotalBySeverity"}),
)
_ACCEPTED, _FAILED, _PASSED = "accepted", "fail", "pass"


def recognise(document: Document) -> bool:
    """By the keys of the whole, and of the first row."""
    return _shape(document) is not None


def read(document: Document) -> Iterator[Row]:
    """Findings of scans and posture, events of the runtime."""
    shape = _shape(document)
    if shape == "image":
        yield from sysdig_images.of_image(document)
        return
    if shape is None:
        if not isinstance(document.head, dict) or document.head.get("data") != []:
            yield Gap("it is not an output format of Sysdig")
        return
    path = _rows_at(document.head) if document.form == "json" else None
    rows = (row for _, row in document.each(path)) if path else document.values()
    reader = {"vulnerability": sysdig_images.of_rows, "result": sysdig_images.of_results,
              "package": sysdig_images.of_packages, "requirement": _requirements, "resource": _resources,
              "event": _events}[shape]
    count = strange = 0
    for row in rows:
        count += 1
        if isinstance(row, dict):
            yield from reader(row)
        else:
            strange += 1
    if strange:
        yield Gap(f"{strange} rows are not objects", strange)
    yield from _rest_of_page(document.head, count)


def _rest_of_page(head: Any, count: int) -> Iterator[Row]:
    """What the page says there is beyond it."""
    if not isinstance(head, dict):
        return
    page = head["page"] if isinstance(head.get("page"), dict) else {}
    total = count_of(head.get("totalCount", page.get("total")))
    if total is not None and total > count:
        yield Gap(f"this page has {count} of {total} rows", total - count)
    elif total is None and page.get("next"):
        yield Gap("there are further pages")


# --- which of its shapes ---------------------------------------------------------------------------------------------


def _rows_at(head: Any) -> str | None:
    """Where a document has its rows: the list itself, ``data``, or the data of panels (scheduled reports)."""
    if isinstance(head, list):
        return "[]"
    if isinstance(head, dict) and isinstance(head.get("data"), list):
        return "data[]"
    return "panels[].data[]" if isinstance(head, dict) and isinstance(head.get("panels"), list) else None


def _shape(document: Document) -> str | None:
    head = document.head
    if document.form == "lines":
        shapes = (_shape_of(value) for value in islice(document.values(), _LOOK_AT))
        return next((shape for shape in shapes if shape), None)
    if document.form == "csv":
        return "vulnerability" if sysdig_images.is_row(head) else None
    if isinstance(head, dict) and sysdig_images.is_image(head):
        return "image"
    if isinstance(head, dict) and isinstance(panels := head.get("panels"), list):
        head = panels[0] if panels and isinstance(panels[0], dict) else {}
    if isinstance(head, dict) and isinstance(head.get("data"), list):
        is_page = head.keys() & {"page", "totalCount"} and head.keys() <= {"data", "page", "totalCount"}
        head = head["data"] or ([{"vulnName": "", "packageName": "", "vulnSeverity": ""}] if is_page else [])
    return _shape_of(head[0] if isinstance(head, list) and head else head) if document.form == "json" else None


def _shape_of(row: Any) -> str | None:
    if not isinstance(row, dict):
        return None
    if sysdig_images.is_row(row):
        return "vulnerability"
    if _is_event(row):
        return "event"
    return next((shape for shape, keys in _KEYS if keys <= row.keys()), None)


def _is_event(row: dict[str, Any]) -> bool:
    keys = row.keys()
    if "timestamp" not in keys or "id" not in keys:
        return False
    return ("severity" in keys and bool(keys & {"content", "eventLabels", "policyId"})) or (
        text(row.get("type")) in _ACTIVITIES and bool(keys & {"agentId", "labels"}))


# --- posture ---------------------------------------------------------------------------------------------------------


def _requirements(row: dict[str, Any]) -> Iterator[Row]:
    """A requirement of a policy: a finding for each of its controls, tied to the requirement."""
    controls = row.get("controls")
    if not isinstance(controls, list):
        control = row.get("control")
        controls = [control if isinstance(control, dict) else {**row, "id": row.get("requirementId")}]
    policy, requirement = text(row.get("policyName")), text(row.get("name"))
    number = (requirement or "").split(" ", 1)[0].rstrip(".")
    numbered = bool(number) and any(character.isdecimal() for character in number)
    for control in controls:
        if not isinstance(control, dict):
            continue
        rule = text(control.get("id"))
        yield Finding(
            rule=rule, title=text(control.get("name")), category="compliance", status=_of_control(control),
            tool_status=f"pass={str(control.get('pass')).lower()}", tool_severity=text(control.get("severity")),
            kind=text(control.get("resourceKind")), message=_counts(control), seen=moment(control.get("lastUpdate")),
        )
        if rule and policy and requirement:
            yield Reference(rule=rule, framework=policy, reference=number if numbered else requirement)


def _of_control(control: dict[str, Any]) -> str:
    if control.get("isManual") is True:
        return "manual"
    if control.get("pass") is True:
        counts = [control.get(name) for name in ("objectsCount", "acceptedCount", "passingCount")]
        return "unknown" if counts == [0, 0, 0] else _PASSED  # there was nothing that it could judge
    if control.get("pass") is not False:
        return "unknown"
    failing, accepted = control.get("objectsCount"), control.get("acceptedCount")
    return _ACCEPTED if failing and failing == accepted else _FAILED


def _counts(control: dict[str, Any]) -> str | None:
    words = ((control.get(key), word) for key, word in (
        ("objectsCount", "fail"), ("acceptedCount", "accepted"), ("passingCount", "pass")))
    said = [f"{count} {word}" for count, word in words if isinstance(count, int)]
    return f"resources: {', '.join(said)}" if said else None


def _resources(row: dict[str, Any]) -> Iterator[Row]:
    """A resource that a control looked at; the page does not say which control."""
    passed = row.get("passed")
    status = "unknown" if not isinstance(passed, bool) else _PASSED if passed else _FAILED
    acceptance = row["acceptance"] if isinstance(row.get("acceptance"), dict) else {}
    end = until(acceptance.get("expiresAt")) or until(acceptance.get("expirationDate"))
    if status == _FAILED and acceptance and acceptance.get("isExpired") is not True:
        status = _ACCEPTED
    yield Finding(
        status=status, tool_status=f"passed={str(passed).lower()}", category="compliance",
        tool_severity=text(row.get("severity")), kind=kind_of(text(row.get("type"))),
        name=text(row.get("name")), namespace=given(row.get("namespace")), cluster=given(row.get("clusterName")),
        message=f"account {account}" if (account := given(row.get("account"))) else None,
        seen=moment(row.get("lastSeenDate")), accepted_until=end,
    )


# --- runtime ---------------------------------------------------------------------------------------------------------


def _events(row: dict[str, Any]) -> Iterator[Row]:
    """A policy event, an activity of the audit, or a request to Sysdig itself (``audittrail``)."""
    labels = _pairs(row.get("labels") or row.get("eventLabels"))
    content = row["content"] if isinstance(row.get("content"), dict) else {}
    where = _where(labels)
    times = (row.get(key) for key in ("timestampRFC3339Nano", "timestampNs", "timestamp"))
    time = next((found for value in times if (found := moment(value))), None)
    if row.get("type") == "audittrail":
        yield Event(time=time, source="auditTrail", verb=text(content.get("requestMethod")),
                    path=path_of(content.get("requestUri")), user=text(content.get("userId")),
                    code=code_of(content.get("responseStatusCode")), source_ip=text(content.get("userOriginIP")))
    elif text(row.get("type")) in _ACTIVITIES and not content:
        yield _activity(row, time, where)
    else:
        fields = _fields(content.get("fields") or row.get("fields"))
        named = _pairs(row.get("fields")).get("falco.rule")
        rule = text(content.get("ruleName")) or text(named) or text(row.get("name"))
        yield falco.event(rule, fields, time=time, **_severity(row.get("severity")), source=text(row.get("source")),
                          message=f"policy {name}" if (name := text(row.get("name"))) else None, **where)
        if rule and isinstance(tags := content.get("ruleTags"), list):
            yield from falco.references(rule, tags)


def _activity(row: dict[str, Any], time: Any, where: dict[str, Any]) -> Row:
    user = row["user"] if isinstance(row.get("user"), dict) else {"username": row.get("username")}
    groups = user.get("groups")
    addresses = row.get("sourceAddresses")
    known = {
        "verb": row["type"], "user": text(user.get("username")), "resource": text(row.get("resource")),
        "groups": ",".join(word for one in groups if (word := text(one))) if isinstance(groups, list) else None,
        "subresource": text(row.get("subResource")), "audit_id": text(row.get("auditId")),
        "source_ip": text(addresses[0]) if isinstance(addresses, list) and addresses else None,
        "user_agent": text(row.get("userAgent")), "namespace": text(row.get("namespace")),
        "name": text(row.get("name")),
    }
    return Event(**{**where, **{key: value for key, value in known.items() if value}}, time=time, source="activity")


def _pairs(value: Any) -> dict[str, Any]:
    """Labels, which older events write as a list of keys and values."""
    if isinstance(value, list):
        return {one["key"]: one.get("value") for one in value
                if isinstance(one, dict) and isinstance(one.get("key"), str)}
    return value if isinstance(value, dict) else {}


def _fields(value: Any) -> Any:
    try:
        return msgspec.convert(_pairs(value), falco.Fields)
    except msgspec.ValidationError:
        return falco.Fields()


def _where(labels: dict[str, Any]) -> dict[str, Any]:
    pod, workload = given(labels.get("kubernetes.pod.name")), given(labels.get("kubernetes.workload.name"))
    return {
        "cluster": given(labels.get("kubernetes.cluster.name")),
        "namespace": given(labels.get("kubernetes.namespace.name")),
        "kind": "Pod" if pod else kind_of(given(labels.get("kubernetes.workload.type"))) if workload else None,
        "name": pod or workload,
        "container": given(labels.get("container.label.io.kubernetes.container.name"))
        or given(labels.get("container.name")),
        "image": image_of(given(labels.get("container.image.repo")), given(labels.get("container.image.tag"))),
        "node": given(labels.get("kubernetes.node.name")) or given(labels.get("host.hostName")),
    }


def _severity(value: Any) -> dict[str, str]:
    """0 to 3 high, 4 and 5 medium, 6 low, 7 info."""
    known = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(_SEVERITIES)
    return {"tool_severity": text(value) or "", "severity": _SEVERITIES[value] if known else "unknown"}
