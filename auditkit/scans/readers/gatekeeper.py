"""OPA Gatekeeper: constraints with what their last audit found, templates, and the lines of its audit's log.

A constraint is one rule. Its violations are findings; where it has none and was audited, the constraint itself
passes; where it was never audited, or lists fewer violations than it counts (20, unless it is told otherwise), the
constraint itself is unknown. Gatekeeper has no severities: ``enforcement`` says what happens on admission.

Source: https://open-policy-agent.github.io/gatekeeper/website/docs/ (audit, violations, enforcement points).
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

import msgspec

from auditkit.scans.model import Document, Event, Finding, Gap, Row
from auditkit.scans.vocabulary import Text, group, moment, text

NAME = "gatekeeper"
PROVIDES = frozenset({"policies"})
CONSTRAINTS, TEMPLATES = "constraints.gatekeeper.sh", "templates.gatekeeper.sh"
GROUPS = frozenset({CONSTRAINTS, TEMPLATES})

_FIRST_LINES = 50
_AUDIT_POINTS = {"audit.gatekeeper.sh", "*"}
_TITLE, _PLURAL = "metadata.gatekeeper.sh/title", "policy.plural.sh/constraintData"


class _Violation(msgspec.Struct, gc=False):
    group: Text = None
    version: Text = None
    kind: Text = None
    namespace: Text = None
    name: Text = None
    message: Text = None
    enforcementAction: Text = None
    enforcementActions: list[Text] | None = None


class _Pod(msgspec.Struct, gc=False):
    errors: list[Any] | None = None


class _Status(msgspec.Struct, gc=False):
    auditTimestamp: Text = None
    totalViolations: int | None = None
    violations: list[_Violation] | None = None
    byPod: list[_Pod] | None = None
    created: bool | None = None


class _Point(msgspec.Struct, gc=False):
    name: Text = None


class _Action(msgspec.Struct, gc=False):
    action: Text = None
    enforcementPoints: list[_Point] | None = None


class _Spec(msgspec.Struct, gc=False):
    enforcementAction: Text = None
    scopedEnforcementActions: list[_Action] | None = None
    crd: dict[str, Any] | None = None


class _Metadata(msgspec.Struct, gc=False):
    name: Text = None
    uid: Text = None
    annotations: dict[str, Text] | None = None


class _Object(msgspec.Struct, gc=False):
    apiVersion: str
    kind: str
    metadata: _Metadata
    spec: _Spec | None = None
    status: _Status | None = None


# --- objects -------------------------------------------------------------------------------------------------------


def read_object(item: dict[str, Any]) -> Iterator[Row]:
    """The findings of a constraint, or the state of a template."""
    thing = msgspec.convert(item, _Object)
    if group(thing.apiVersion) == TEMPLATES:
        yield _template(thing)
    else:
        yield from _constraint(thing)


def _constraint(thing: _Object) -> Iterator[Row]:
    status, name = thing.status or _Status(), text(thing.metadata.name)
    violations = status.violations or []
    for violation in violations:
        yield _violation(thing, violation)
    total = len(violations) if status.totalViolations is None else status.totalViolations
    audited = moment(status.auditTimestamp) is not None
    errors = sum(len(pod.errors or ()) for pod in status.byPod or ())
    if errors:
        yield _itself(thing, "error", f"its status has {errors} enforcement errors")
    if not audited and not violations:
        yield _itself(thing, "unknown", _why_not_audited(thing))
    elif total > len(violations):
        yield _itself(thing, "unknown", f"{total - len(violations)} of its {total} violations are not listed")
        yield Gap(f"the constraint {thing.kind}/{name} lists {len(violations)} of its {total} violations",
                  total - len(violations))
    elif not violations and not errors:
        yield _itself(thing, "pass", "its audit found no violation")


def _why_not_audited(thing: _Object) -> str:
    scoped = (thing.spec or _Spec()).scopedEnforcementActions
    points = {point.name for action in scoped or () for point in action.enforcementPoints or ()}
    if _enforcement(thing) == "scoped" and points.isdisjoint(_AUDIT_POINTS):
        return "its enforcement points do not include the audit, so it is never audited"
    return "its status does not show an audit"


def _violation(thing: _Object, violation: _Violation) -> Any:
    scoped = [word for action in violation.enforcementActions or () if (word := text(action))]
    action = text(violation.enforcementAction)
    return Finding(
        **_rule(thing), status="fail", tool_status="violation", message=text(violation.message),
        api_group=violation.group if isinstance(violation.group, str) else None, kind=text(violation.kind),
        namespace=text(violation.namespace), name=text(violation.name),
        enforcement=",".join(scoped) or action or _enforcement(thing),
    )


def _itself(thing: _Object, status: str, message: str) -> Any:
    """A finding on the constraint itself."""
    return Finding(**_rule(thing), status=status, message=message, enforcement=_enforcement(thing),
                   api_group=CONSTRAINTS, kind=thing.kind, name=text(thing.metadata.name), uid=text(thing.metadata.uid))


def _rule(thing: _Object) -> dict[str, Any]:
    annotations = thing.metadata.annotations or {}
    return {
        "rule": f"{thing.kind}/{text(thing.metadata.name)}", "title": text(annotations.get(_TITLE)) or thing.kind,
        "category": "policy", "seen": moment((thing.status or _Status()).auditTimestamp),
        "tool_severity": _severity(annotations),
    }


def _severity(annotations: dict[str, Text]) -> str | None:
    """A severity that somebody wrote on the constraint; Plural keeps it in its data of the constraint."""
    for key, value in annotations.items():
        if key.rpartition("/")[2].lower() == "severity":
            return text(value)
    try:
        data = json.loads(str(annotations.get(_PLURAL) or "null"))
    except (TypeError, ValueError, RecursionError):
        return None
    return text(data.get("severity")) if isinstance(data, dict) else None


def _enforcement(thing: _Object) -> str:
    """What Gatekeeper does where nothing is said: deny."""
    return text((thing.spec or _Spec()).enforcementAction) or "deny"


def _template(thing: _Object) -> Any:
    """A template that was not compiled enforces nothing, and no constraint of it is audited."""
    status, annotations = thing.status or _Status(), thing.metadata.annotations or {}
    errors = sum(len(pod.errors or ()) for pod in status.byPod or ())
    state = "error" if errors else {True: "pass", None: "unknown"}.get(status.created, "fail")
    said = {"error": f"its status has {errors} errors", "pass": "it was created",
            "unknown": "it has no status, so it may not be in force"}
    return Finding(rule=_kind(thing), title=text(annotations.get(_TITLE)) or text(annotations.get("description")),
                   status=state, message=said.get(state, "it was not created"), category="policy",
                   api_group=TEMPLATES, kind=thing.kind, name=text(thing.metadata.name), uid=text(thing.metadata.uid))


def _kind(thing: _Object) -> str | None:
    """The kind of constraints that a template makes."""
    crd: Any = (thing.spec or _Spec()).crd
    try:
        return text(crd["spec"]["names"]["kind"])
    except (KeyError, TypeError):
        return text(thing.metadata.name)


# --- the log of its audit, and what it exports ----------------------------------------------------------------------


class _Line(msgspec.Struct, gc=False):
    """A line of the log; exported ones have the same in camel case."""

    event_type: Text = None
    eventType: Text = None
    ts: Text = None
    id: Text = None
    audit_id: Text = None
    msg: Text = None
    message: Text = None
    process: Text = None
    constraint_kind: Text = None
    kind: Text = None
    constraint_name: Text = None
    name: Text = None
    constraint_action: Text = None
    enforcementAction: Text = None
    constraint_enforcement_actions: list[Text] | None = None
    enforcementActions: list[Text] | None = None
    resource_group: Text = None
    resourceGroup: Text = None
    resource_kind: Text = None
    resourceKind: Text = None
    resource_namespace: Text = None
    resourceNamespace: Text = None
    resource_name: Text = None
    resourceName: Text = None
    request_username: Text = None


def recognise(document: Document) -> bool:
    """Lines of the log of an audit, or exported ones; objects of the cluster are read wherever they stand."""
    if document.form == "json":
        return _is_line(document.head)
    return document.form == "lines" and any(map(_is_line, islice(document.values(), _FIRST_LINES)))


def _is_line(value: Any) -> bool:
    return isinstance(value, dict) and (
        ("event_type" in value and "constraint_kind" in value) or ("eventType" in value and "resourceKind" in value))


def read(document: Document) -> Iterator[Row]:
    """A finding for each violation that an audit saw, an event for each that admission saw; of other lines nothing."""
    for line in document.values(_Line):
        word = text(line.event_type) or text(line.eventType)
        if word == "violation_audited":
            yield _audited(line)
        elif word in ("violation", "violation_admission"):
            yield _admitted(line)


def _action(line: _Line) -> str | None:
    scoped = [word for action in line.constraint_enforcement_actions or line.enforcementActions or ()
              if (word := text(action))]
    return ",".join(scoped) or text(line.constraint_action) or text(line.enforcementAction)


def _rule_of(line: _Line) -> str:
    return f"{text(line.constraint_kind) or text(line.kind)}/{text(line.constraint_name) or text(line.name)}"


def _audited(line: _Line) -> Any:
    return Finding(
        rule=_rule_of(line), title=text(line.constraint_kind) or text(line.kind), status="fail",
        tool_status="violation_audited", message=text(line.msg) or text(line.message), category="policy",
        seen=moment(line.audit_id) or moment(line.id) or moment(line.ts), enforcement=_action(line),
        api_group=_first_text(line.resource_group, line.resourceGroup), **_place(line))


def _admitted(line: _Line) -> Any:
    action = _action(line)
    return Event(rule=_rule_of(line), time=moment(line.ts), source=text(line.process) or "admission",
                 decision="forbid" if action == "deny" else None, reason=action, user=text(line.request_username),
                 api_group=_first_text(line.resource_group, line.resourceGroup), **_place(line))


def _place(line: _Line) -> dict[str, Any]:
    return {"kind": text(line.resource_kind) or text(line.resourceKind),
            "namespace": text(line.resource_namespace) or text(line.resourceNamespace),
            "name": text(line.resource_name) or text(line.resourceName)}


def _first_text(*values: Any) -> str | None:
    return next((value for value in values if isinstance(value, str)), None)
