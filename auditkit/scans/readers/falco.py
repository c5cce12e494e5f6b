"""Falco: runtime alerts as JSON lines, also as falcosidekick hands them on (plain, or as CloudEvents).

``output`` and the fields with command lines are never decoded: they have arguments, and with them credentials.

Source: https://falco.org/docs/reference/rules/supported-fields/ and the payload of falcosidekick.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from auditkit.scans.model import Document, Event, Gap, Reference, Row
from auditkit.scans.vocabulary import moment
from auditkit.scans.words import code_of, framework_of, given, image_of, kind_of, path_of

NAME = "falco"

_LOOK_AT = 100
_MANY_RULES = 50_000
_DROP = re.compile(r"^falco internal: .*drop", re.IGNORECASE)

_FIELDS = {
    "event": "evt.type", "time": "evt.time", "hostname": "evt.hostname",
    "user": "user.name", "container": "container.name", "container_id": "container.id",
    "image": "container.image.repository", "tag": "container.image.tag",
    "namespace": "k8s.ns.name", "pod": "k8s.pod.name", "node": "k8s.node.name",
    "meta_namespace": "k8smeta.ns.name", "meta_pod": "k8smeta.pod.name", "meta_node": "k8smeta.node.name",
    "cluster": "k8s.cluster.name", "cluster_name": "cluster_name", "just_cluster": "cluster",
    "audit_user": "ka.user.name", "audit_groups": "ka.user.groups", "as_user": "ka.impuser.name",
    "verb": "ka.verb", "resource": "ka.target.resource", "subresource": "ka.target.subresource",
    "target_namespace": "ka.target.namespace", "target": "ka.target.name", "code": "ka.response.code",
    "uri": "ka.uri", "decision": "ka.auth.decision", "reason": "ka.auth.reason", "audit_id": "ka.auditid",
    "user_agent": "ka.useragent", "source_ips": "ka.sourceips",
}
Fields: Any = msgspec.defstruct(
    "Fields", [(name, Any, None) for name in _FIELDS], rename=_FIELDS, gc=False, module=__name__,
    namespace={"__doc__": "The fields of an event that are kept; Sysdig writes them in the same words."},
)


class _Alert(msgspec.Struct, gc=False):
    rule: str | None = None
    priority: str | None = None
    time: Any = None
    source: Any = None
    hostname: Any = None
    tags: Any = None
    output_fields: Fields | None = None
    data: Any = None


def recognise(document: Document) -> bool:
    """Alerts with a rule and a priority, among the first lines."""
    if document.form == "lines":
        return any(_is_alert(value) for value in islice(document.values(), _LOOK_AT))
    head = document.head
    return document.form == "json" and _is_alert(head[0] if isinstance(head, list) and head else head)


def _is_alert(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    if str(value.get("type", "")).startswith("falco."):
        return _is_alert(value.get("data"))
    return {"rule", "priority"} <= value.keys() and bool(value.keys() & {"output", "output_fields"})


def read(document: Document) -> Iterator[Row]:
    """An `Event` for each alert; a `Gap` where Falco says that it dropped what it should have seen."""
    rules: set[str] = set()
    strange = drops = 0
    for alert in _alerts(document):
        if alert is None or alert.rule is None or alert.priority is None:
            strange += 1
            continue
        drops += bool(_DROP.match(alert.rule))
        yield event(alert.rule, alert.output_fields or Fields(), tool_severity=alert.priority,
                    source=given(alert.source), time=moment(alert.time), node=given(alert.hostname))
        if isinstance(alert.tags, list) and alert.rule not in rules and len(rules) < _MANY_RULES:
            rules.add(alert.rule)
            yield from references(alert.rule, alert.tags)
    if drops:
        yield Gap(f"Falco reported dropped events {drops} times, so its events are incomplete")
    if strange:
        yield Gap(f"{strange} records are not alerts", strange)


def _alerts(document: Document) -> Iterator[_Alert | None]:
    if document.form == "json" and isinstance(document.head, list):
        found: Iterable[Any] = (_converted(value) for _, value in document.each("[]"))
    else:
        found = document.values(_Alert)
    for alert in found:
        inside = alert is not None and alert.rule is None and alert.data is not None
        yield _converted(alert.data) if inside else alert


def _converted(value: Any) -> _Alert | None:
    try:
        return msgspec.convert(value, _Alert)
    except msgspec.ValidationError:
        return None


def references(rule: str, tags: Iterable[Any]) -> Iterator[Row]:
    """The framework references among the tags of a rule."""
    for framework, reference in sorted({found for tag in tags if (found := framework_of(tag))}):
        yield Reference(rule=rule, framework=framework, reference=reference)


def event(rule: str | None, fields: Any, **known: object) -> Row:
    """An event from the fields of Falco's language; what is ``known`` otherwise goes first."""
    on_api = given(fields.verb) is not None or given(fields.resource) is not None
    pod = given(fields.pod) or given(fields.meta_pod)
    found = {
        "rule": rule, "time": moment(fields.time),
        "user": given(fields.audit_user) or (None if on_api else given(fields.user)),
        "groups": _joined(fields.audit_groups), "impersonated_user": given(fields.as_user),
        "verb": given(fields.verb) if on_api else given(fields.event),
        "resource": given(fields.resource), "subresource": given(fields.subresource),
        "path": path_of(fields.uri),
        "kind": kind_of(given(fields.resource)) if on_api else "Pod" if pod else None,
        "namespace": (given(fields.target_namespace) if on_api
                      else given(fields.namespace) or given(fields.meta_namespace)),
        "name": given(fields.target) if on_api else pod,
        "container": given(fields.container) or given(fields.container_id),
        "image": image_of(given(fields.image), given(fields.tag)),
        "node": given(fields.node) or given(fields.meta_node) or given(fields.hostname),
        "cluster": given(fields.cluster) or given(fields.cluster_name) or given(fields.just_cluster),
        "code": code_of(fields.code), "decision": given(fields.decision), "reason": given(fields.reason),
        "audit_id": given(fields.audit_id), "user_agent": given(fields.user_agent),
        "source_ip": _first(fields.source_ips),
    }
    return Event(**{**found, **{name: value for name, value in known.items() if value is not None}})


def _first(value: Any) -> str | None:
    if isinstance(value, list):
        return given(value[0]) if value else None
    return (given(value) or "").strip("() ").partition(",")[0] or None


def _joined(value: Any) -> str | None:
    if isinstance(value, list):
        return ",".join(word for one in value if (word := given(one))) or None
    return (given(value) or "").strip("()") or None
