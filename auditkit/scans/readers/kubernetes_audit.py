"""Kubernetes audit logs: events of audit.k8s.io, also inside the envelopes of GKE, AKS and EKS.

One request gives several events, one a stage, with the same ``audit_id``: count requests by that. Bodies of requests
and responses are never decoded, nor are query strings (``exec?command=…``), nor what follows ``/proxy/``.

Sources: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ and for the envelopes the audit logs
of Google Cloud (``LogEntry``), the diagnostic logs of Azure and the log events of CloudWatch.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import msgspec

from auditkit.scans.model import Document, Event, Gap, Row
from auditkit.scans.vocabulary import moment
from auditkit.scans.words import kind_of, path_of

NAME = "kubernetes-audit"
PROVIDES = frozenset({"audit log", "use of rights"})

_Code = Annotated[int, msgspec.Meta(ge=0, le=999)] | None
_LISTS = ("items", "records", "logEvents", "events")
_LOOK_AT = 100
_NESTED = 4


class _User(msgspec.Struct, gc=False):
    username: str | None = None
    groups: list[str] | None = None


_NOBODY = _User()


class _Object(msgspec.Struct, gc=False, rename="camel"):
    resource: str | None = None
    subresource: str | None = None
    namespace: str | None = None
    name: str | None = None
    api_group: str = ""


class _Response(msgspec.Struct, gc=False):
    code: _Code = None
    reason: str | None = None


class _Meta(msgspec.Struct, gc=False, rename="camel"):
    creation_timestamp: str | None = None


class _Caller(msgspec.Struct, gc=False, rename="camel"):
    principal_email: str | None = None
    authority_selector: str | None = None


class _Request(msgspec.Struct, gc=False, rename="camel"):
    caller_ip: str | None = None
    caller_supplied_user_agent: str | None = None


class _Granted(msgspec.Struct, gc=False):
    granted: bool | None = None


class _Payload(msgspec.Struct, gc=False, rename="camel"):
    """The ``protoPayload`` of Google Cloud."""

    service_name: str | None = None
    method_name: str | None = None
    resource_name: str | None = None
    authentication_info: _Caller | None = None
    authorization_info: list[_Granted] | None = None
    request_metadata: _Request | None = None
    status: _Response | None = None


class _Operation(msgspec.Struct, gc=False):
    id: str | None = None
    first: bool | str | None = None
    last: bool | str | None = None


class _Monitored(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None


class _Properties(msgspec.Struct, gc=False):
    log: Any = None


class _Line(msgspec.Struct, gc=False, rename="camel"):
    """An audit event, or an envelope with some: a field for each thing that is kept, and for none other."""

    api_version: Any = None
    audit_id: str | None = msgspec.field(name="auditID", default=None)
    level: str | None = None
    stage: str | None = None
    verb: str | None = None
    request_uri: str | None = msgspec.field(name="requestURI", default=None)
    user: _User | None = None
    impersonated_user: _User | None = None
    source_ips: list[str] | None = msgspec.field(name="sourceIPs", default=None)
    user_agent: str | None = None
    object_ref: _Object | None = None
    response_status: _Response | None = None
    request_received_timestamp: str | None = None
    stage_timestamp: str | None = None
    timestamp: str | int | float | None = None
    metadata: _Meta | None = None
    annotations: dict[str, str] | None = None
    # Google Cloud
    proto_payload: _Payload | None = None
    operation: _Operation | None = None
    resource: _Monitored | str | None = None
    labels: dict[str, str] | None = None
    # Azure, CloudWatch, and collectors that wrap a line as text or as an object
    properties: _Properties | str | None = None
    category: Any = None
    resource_id: str | None = None
    log_s: Any = msgspec.field(name="log_s", default=None)
    message: Any = None
    log: Any = None
    log_group: str | None = None
    log_stream: Any = None
    items: list[Any] | None = None
    records: list[Any] | None = None
    log_events: list[Any] | None = None
    events: list[Any] | None = None


def recognise(document: Document) -> bool:
    """An event, a list of events, or an envelope, among the first things in it."""
    if document.form == "lines":
        return any(_is_audit(value) for value in islice(document.values(), _LOOK_AT))
    return document.form in ("json", "yaml") and _is_audit(document.head)


def read(document: Document, *, brief: bool = False) -> Iterator[Row]:
    """An `Event` for each stage of each request; a ``brief`` one says only who asked for what and when, and not the
    kind, the source, the message, nor the path of what is an object."""
    log = _Log(brief=brief)
    if document.form == "json" and (path := _list_in(document.head)):
        around = document.head if isinstance(document.head, dict) else {}
        cluster = _cluster(around.get("logGroup"), around.get("resourceId"))
        for _, value in document.each(path):
            yield from log.convert(value, cluster)
    elif document.form == "lines":
        for line in document.values(_Line):
            yield from log.rows(line, None)
    else:
        for value in document.values():
            yield from log.convert(value, None)
    if log.others:
        yield Gap(f"{log.others} records are not audit events", log.others)


class _Log:
    """A log that is being read; ``others`` counts the records that could not be made sense of."""

    def __init__(self, *, brief: bool = False) -> None:
        self.others = 0
        self._brief = brief

    def convert(self, value: Any, cluster: str | None, depth: int = 0) -> Iterator[Row]:
        """The events in a decoded value."""
        try:
            yield from self.rows(msgspec.convert(value, _Line), cluster, depth)
        except msgspec.ValidationError:
            self.others += 1

    def rows(self, line: _Line, cluster: str | None, depth: int = 0) -> Iterator[Row]:
        """The events in a line."""
        cluster = _cluster(line.log_group, line.resource_id) or cluster
        if _is_event(line):
            yield _brief(line, cluster) if self._brief else _event(line, cluster)
        elif line.proto_payload is not None:
            if line.proto_payload.service_name == "k8s.io":
                yield _google(line, line.proto_payload)
        elif (inner := _inner(line)) is None or depth >= _NESTED:
            self.others += not _is_known_other(line)
        else:
            for value in inner:
                yield from self._unwrap(value, cluster, depth + 1)

    def _unwrap(self, value: Any, cluster: str | None, depth: int) -> Iterator[Row]:
        if isinstance(value, str):
            if not value.lstrip().startswith("{"):
                return  # a line of another component in the same log
            try:
                value = msgspec.json.decode(value, type=_Line)
            except msgspec.DecodeError:
                self.others += 1
                return
            yield from self.rows(value, cluster, depth)
        else:
            yield from self.convert(value, cluster, depth)


def _inner(line: _Line) -> list[Any] | None:
    """What an envelope holds."""
    for values in (line.items, line.records, line.log_events, line.events):
        if values is not None:
            return values
    held = line.properties.log if isinstance(line.properties, _Properties) else line.properties
    for value in (held, line.log_s, line.message, line.log):
        if value is not None:
            return [value]
    return None


def _is_event(line: _Line) -> bool:
    """An event by its identifier, or by the API version that it states."""
    stated = isinstance(line.api_version, str) and line.api_version.startswith("audit.k8s.io/")
    return (line.audit_id is not None or (stated and line.items is None)) and (
        line.stage is not None or line.verb is not None or line.annotations is not None)


def _is_known_other(line: _Line) -> bool:
    """Records of a log that holds other things too."""
    return line.category is not None or line.log_stream is not None


def _is_audit(value: Any, depth: int = 0) -> bool:
    if isinstance(value, list) and value:
        return _is_audit(value[0], depth + 1)
    if isinstance(value, str) and value.lstrip().startswith("{") and depth:
        return '"audit.k8s.io/' in value or ('"auditID"' in value and '"stage"' in value)
    if not isinstance(value, dict) or depth > _NESTED:
        return False
    if str(value.get("apiVersion", "")).startswith("audit.k8s.io/") or {"auditID", "stage", "verb"} <= value.keys():
        return value.get("kind") != "Policy"
    payload = value.get("protoPayload")
    if isinstance(payload, dict):
        return payload.get("serviceName") == "k8s.io"
    properties = value.get("properties")
    held = properties.get("log") if isinstance(properties, dict) else properties
    inner = [held, *(value.get(name) for name in ("log_s", "message", "log", *_LISTS))]
    return any(_is_audit(one, depth + 1) for one in inner if one is not None)


def _list_in(head: Any) -> str | None:
    """Where a document holds its events, so that they can be read one at a time."""
    if isinstance(head, list):
        return "[]"
    return next((f"{name}[]" for name in _LISTS if isinstance(head, dict) and isinstance(head.get(name), list)), None)


def _cluster(log_group: Any, resource_id: Any) -> str | None:
    """The name in ``/aws/eks/NAME/cluster``, or at the end of an Azure resource ID."""
    if isinstance(log_group, str) and log_group.startswith("/aws/eks/"):
        return log_group.split("/")[3] or None
    if isinstance(resource_id, str) and "/managedclusters/" in resource_id.lower():
        return resource_id.rstrip("/").rpartition("/")[2] or None
    return None


def _event(line: _Line, cluster: str | None) -> Row:
    user, other, thing = line.user or _User(), line.impersonated_user or _User(), line.object_ref or _Object()
    notes, response = line.annotations or {}, line.response_status or _Response()
    on_object = line.object_ref is not None
    return Event(
        time=_time(line), source="k8s_audit", cluster=cluster,
        user=user.username, groups=_joined(user.groups),
        impersonated_user=other.username, impersonated_groups=_joined(other.groups),
        verb=line.verb, api_group=thing.api_group if on_object else None,
        resource=thing.resource, subresource=thing.subresource, kind=kind_of(thing.resource),
        namespace=thing.namespace or None, name=thing.name or None, path=path_of(line.request_uri),
        code=response.code, decision=notes.get("authorization.k8s.io/decision"),
        reason=notes.get("authorization.k8s.io/reason") or None,
        level=line.level, stage=line.stage, audit_id=line.audit_id,
        source_ip=line.source_ips[0] if line.source_ips else None, user_agent=line.user_agent,
        message=_message(response, notes),
    )


def _brief(line: _Line, cluster: str | None) -> Row:
    user, thing, notes = line.user, line.object_ref, line.annotations
    other = line.impersonated_user or _NOBODY
    return Event(
        time=_time(line), cluster=cluster,
        user=user.username if user else None, groups=_joined(user.groups) if user else None,
        impersonated_user=other.username, impersonated_groups=_joined(other.groups), verb=line.verb,
        api_group=thing.api_group if thing else None, resource=thing and thing.resource,
        subresource=thing and thing.subresource, namespace=(thing and thing.namespace) or None,
        name=(thing and thing.name) or None, path=None if thing else path_of(line.request_uri),
        code=line.response_status.code if line.response_status else None,
        decision=notes.get("authorization.k8s.io/decision") if notes else None,
        reason=(notes.get("authorization.k8s.io/reason") or None) if notes else None,
        level=line.level, stage=line.stage, audit_id=line.audit_id)


def _time(line: _Line) -> Any:
    """When the stage was reached; old logs (v1beta1 of 2018) have less precise times only."""
    return (moment(line.stage_timestamp) or moment(line.request_received_timestamp) or moment(line.timestamp)
            or moment(line.metadata and line.metadata.creation_timestamp))


def _joined(words: list[str] | None) -> str | None:
    return ",".join(words) if words else None


def _message(response: _Response, notes: dict[str, str]) -> str | None:
    """Why it failed in one word, and what Pod Security and admission policies noted (their names, not their text)."""
    said = [response.reason] if response.reason else []
    if violations := notes.get("pod-security.kubernetes.io/audit-violations"):
        said.append(f"Pod Security: {violations}")
    if failures := notes.get("validation.policy.admission.k8s.io/validation_failure"):
        said += _policies(failures)
    return "; ".join(said) or None


class _Failure(msgspec.Struct, gc=False, rename="camel"):
    policy: str = ""
    binding: str = ""
    validation_actions: list[str] = []


def _policies(note: str) -> list[str]:
    try:
        failures = msgspec.json.decode(note, type=list[_Failure])
    except msgspec.DecodeError:
        return ["an admission policy failed"]
    return [f"policy {failure.policy} by binding {failure.binding} failed ({', '.join(failure.validation_actions)})"
            for failure in failures]


# google.rpc.Code → HTTP status, as Google's API design guide pairs them
_HTTP = {0: 200, 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501,
         13: 500, 14: 503, 15: 500, 16: 401}
_DECISIONS = {True: "allow", False: "forbid", None: None}
_LEAST_HTTP = 100
_IN_NAMESPACE = re.compile(r"namespaces/([^/]+)/(?!(?:finalize|status)$)(.+)$")


def _google(line: _Line, payload: _Payload) -> Row:
    caller, request = payload.authentication_info or _Caller(), payload.request_metadata or _Request()
    operation, labels = line.operation or _Operation(), line.labels or {}
    around = line.resource.labels if isinstance(line.resource, _Monitored) and line.resource.labels else {}
    thing = _resource_of(payload.resource_name)
    granted = payload.authorization_info[0].granted if payload.authorization_info else None
    return Event(
        time=moment(line.timestamp), source="k8s_audit", cluster=around.get("cluster_name"),
        user=caller.principal_email, impersonated_user=caller.authority_selector,
        verb=payload.method_name.rpartition(".")[2] if payload.method_name else None,
        api_group=thing.api_group if thing else None, resource=thing and thing.resource,
        subresource=thing and thing.subresource, kind=kind_of(thing.resource) if thing else None,
        namespace=thing and thing.namespace, name=thing and thing.name,
        path=None if thing else path_of(payload.resource_name),
        code=_http(payload.status),
        decision=labels.get("authorization.k8s.io/decision") or _DECISIONS[granted],
        reason=labels.get("authorization.k8s.io/reason") or None,
        stage=_stage(operation), audit_id=operation.id,
        source_ip=request.caller_ip, user_agent=request.caller_supplied_user_agent,
        message=_message(_Response(), labels),
    )


def _http(status: _Response | None) -> int | None:
    if status is None:
        return None
    code = status.code or 0
    return _HTTP.get(code, code if code >= _LEAST_HTTP else None)


def _stage(operation: _Operation) -> str | None:
    if str(operation.last).lower() == "true":
        return "ResponseComplete"
    return "ResponseStarted" if str(operation.first).lower() == "true" else None


def _resource_of(name: str | None) -> _Object | None:
    """``rbac.authorization.k8s.io/v1/clusterroles/x``, ``core/v1/namespaces/n/pods/p/exec`` → what they name."""
    group, _, rest = (name or "").partition("/")
    _, _, rest = rest.partition("/")
    if not rest:
        return None
    namespace = None
    if found := _IN_NAMESPACE.match(rest):
        namespace, rest = found.groups()
    resource, _, rest = rest.partition("/")
    thing, _, subresource = rest.partition("/")
    return _Object(resource, subresource or None, namespace, thing or None, "" if group == "core" else group)
