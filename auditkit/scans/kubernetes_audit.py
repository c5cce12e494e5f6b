"""Kubernetes audit logs: events of audit.k8s.io, also inside the envelopes of GKE, AKS and EKS.

One request gives several events, one a stage, with the same ``audit_id``: count requests by that. Bodies of requests
and responses are never decoded, nor are query strings (``exec?command=…``), nor what follows ``/proxy/``.

Sources: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/ and for the envelopes the audit logs
of Google Cloud (``LogEntry``), the diagnostic logs of Azure and the log events of CloudWatch.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import msgspec

from auditkit.scans.model import Document, Event, Gap, Row
from auditkit.scans.places import kind_of, path_of
from auditkit.scans.vocabulary import moment

NAME = "kubernetes-audit"

_Code = Annotated[int, msgspec.Meta(ge=0, le=999)] | None
_LISTS = ("items", "records", "logEvents", "events")
_LOOK_AT = 100
_NESTED = 4


class _User(msgspec.Struct, gc=False):
    username: str | None = None
    groups: list[str] | None = None


class _Object(msgspec.Struct, gc=False):
    resource: str | None = None
    subresource: str | None = None
    namespace: str | None = None
    name: str | None = None
    apiGroup: str = ""


class _Response(msgspec.Struct, gc=False):
    code: _Code = None
    reason: str | None = None


class _Meta(msgspec.Struct, gc=False):
    creationTimestamp: str | None = None


class _Caller(msgspec.Struct, gc=False):
    principalEmail: str | None = None
    authoritySelector: str | None = None


class _Request(msgspec.Struct, gc=False):
    callerIp: str | None = None
    callerSuppliedUserAgent: str | None = None


class _Granted(msgspec.Struct, gc=False):
    granted: bool | None = None


class _Payload(msgspec.Struct, gc=False):
    """The ``protoPayload`` of Google Cloud."""

    serviceName: str | None = None
    methodName: str | None = None
    resourceName: str | None = None
    authenticationInfo: _Caller | None = None
    authorizationInfo: list[_Granted] | None = None
    requestMetadata: _Request | None = None
    status: _Response | None = None


class _Operation(msgspec.Struct, gc=False):
    id: str | None = None
    first: bool | str | None = None
    last: bool | str | None = None


class _Monitored(msgspec.Struct, gc=False):
    labels: dict[str, str] | None = None


class _Properties(msgspec.Struct, gc=False):
    log: Any = None


class _Line(msgspec.Struct, gc=False):
    """An audit event, or an envelope with some: a field for each thing that is kept, and for none other."""

    apiVersion: Any = None
    auditID: str | None = None
    level: str | None = None
    stage: str | None = None
    verb: str | None = None
    requestURI: str | None = None
    user: _User | None = None
    impersonatedUser: _User | None = None
    sourceIPs: list[str] | None = None
    userAgent: str | None = None
    objectRef: _Object | None = None
    responseStatus: _Response | None = None
    requestReceivedTimestamp: str | None = None
    stageTimestamp: str | None = None
    timestamp: str | int | None = None
    metadata: _Meta | None = None
    annotations: dict[str, str] | None = None
    # Google Cloud
    protoPayload: _Payload | None = None
    operation: _Operation | None = None
    resource: _Monitored | str | None = None
    labels: dict[str, str] | None = None
    # Azure, CloudWatch, and collectors that wrap a line as text or as an object
    properties: _Properties | str | None = None
    category: Any = None
    resourceId: str | None = None
    log_s: Any = None
    message: Any = None
    log: Any = None
    logGroup: str | None = None
    logStream: Any = None
    items: list[Any] | None = None
    records: list[Any] | None = None
    logEvents: list[Any] | None = None
    events: list[Any] | None = None


def recognise(document: Document) -> bool:
    """An event, a list of events, or an envelope, among the first things in it."""
    if document.form == "lines":
        return any(_is_audit(value) for value in islice(document.values(), _LOOK_AT))
    return document.form in ("json", "yaml") and _is_audit(document.head)


def read(document: Document) -> Iterator[Row]:
    """An `Event` for each stage of each request."""
    log = _Log()
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
        yield Gap(f"{log.others} records in it are no audit events", log.others)


class _Log:
    """A log that is being read; ``others`` counts the records that could not be made sense of."""

    def __init__(self) -> None:
        self.others = 0

    def convert(self, value: Any, cluster: str | None, depth: int = 0) -> Iterator[Row]:
        """The events in a decoded value."""
        try:
            yield from self.rows(msgspec.convert(value, _Line), cluster, depth)
        except msgspec.ValidationError:
            self.others += 1

    def rows(self, line: _Line, cluster: str | None, depth: int = 0) -> Iterator[Row]:
        """The events in a line."""
        cluster = _cluster(line.logGroup, line.resourceId) or cluster
        if line.auditID is not None and (line.stage or line.verb):
            yield _event(line, cluster)
        elif line.protoPayload is not None:
            if line.protoPayload.serviceName == "k8s.io":
                yield _google(line, line.protoPayload)
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
    for name in _LISTS:
        if (values := getattr(line, name)) is not None:
            return values
    held = line.properties.log if isinstance(line.properties, _Properties) else line.properties
    for value in (held, line.log_s, line.message, line.log):
        if value is not None:
            return [value]
    return None


def _is_known_other(line: _Line) -> bool:
    """Empty lists of events, and records of a log that holds other things too."""
    return line.category is not None or line.logStream is not None or (
        isinstance(line.apiVersion, str) and line.apiVersion.startswith("audit.k8s.io/"))


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
    inner = [held, value.get("log_s"), value.get("message"), value.get("log"), *(value.get(name) for name in _LISTS)]
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
    user, other, thing = line.user or _User(), line.impersonatedUser or _User(), line.objectRef or _Object()
    notes, response = line.annotations or {}, line.responseStatus or _Response()
    on_object = line.objectRef is not None
    return Event(
        time=_time(line), source="k8s_audit", cluster=cluster,
        user=user.username, groups=_joined(user.groups),
        impersonated_user=other.username, impersonated_groups=_joined(other.groups),
        verb=line.verb, api_group=thing.apiGroup if on_object else None,
        resource=thing.resource, subresource=thing.subresource, kind=kind_of(thing.resource),
        namespace=thing.namespace or None, name=thing.name or None, path=path_of(line.requestURI),
        code=response.code, decision=notes.get("authorization.k8s.io/decision"),
        reason=notes.get("authorization.k8s.io/reason") or None,
        level=line.level, stage=line.stage, audit_id=line.auditID,
        source_ip=line.sourceIPs[0] if line.sourceIPs else None, user_agent=line.userAgent,
        message=_message(response, notes),
    )


def _time(line: _Line) -> Any:
    """When the stage was reached; old logs (v1beta1 of 2018) have less precise times only."""
    return (moment(line.stageTimestamp) or moment(line.requestReceivedTimestamp) or moment(line.timestamp)
            or moment(line.metadata and line.metadata.creationTimestamp))


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


class _Failure(msgspec.Struct, gc=False):
    policy: str = ""
    binding: str = ""
    validationActions: list[str] = []


def _policies(note: str) -> list[str]:
    try:
        failures = msgspec.json.decode(note, type=list[_Failure])
    except msgspec.DecodeError:
        return ["an admission policy failed"]
    return [f"policy {failure.policy} by binding {failure.binding} failed ({', '.join(failure.validationActions)})"
            for failure in failures]


# google.rpc.Code → HTTP status, as Google's API design guide pairs them
_HTTP = {0: 200, 1: 499, 2: 500, 3: 400, 4: 504, 5: 404, 6: 409, 7: 403, 8: 429, 9: 400, 10: 409, 11: 400, 12: 501,
         13: 500, 14: 503, 15: 500, 16: 401}
_OF_NAMESPACES = frozenset({"finalize", "status"})


def _google(line: _Line, payload: _Payload) -> Row:
    caller, request = payload.authenticationInfo or _Caller(), payload.requestMetadata or _Request()
    operation, labels = line.operation or _Operation(), line.labels or {}
    around = line.resource.labels if isinstance(line.resource, _Monitored) and line.resource.labels else {}
    thing = _resource_of(payload.resourceName)
    granted = payload.authorizationInfo[0].granted if payload.authorizationInfo else None
    return Event(
        time=moment(line.timestamp), source="k8s_audit", cluster=around.get("cluster_name"),
        user=caller.principalEmail, impersonated_user=caller.authoritySelector,
        verb=payload.methodName.rpartition(".")[2] if payload.methodName else None,
        api_group=thing.apiGroup if thing else None, resource=thing and thing.resource,
        subresource=thing and thing.subresource, kind=kind_of(thing.resource) if thing else None,
        namespace=thing and thing.namespace, name=thing and thing.name,
        path=None if thing else path_of(payload.resourceName),
        code=_http(payload.status),
        decision=labels.get("authorization.k8s.io/decision") or {True: "allow", False: "forbid"}.get(granted),
        reason=labels.get("authorization.k8s.io/reason") or None,
        stage=_stage(operation), audit_id=operation.id,
        source_ip=request.callerIp, user_agent=request.callerSuppliedUserAgent, message=_message(_Response(), labels),
    )


def _http(status: _Response | None) -> int | None:
    if status is None:
        return None
    code = status.code or 0
    return _HTTP.get(code, code if code >= 100 else None)


def _stage(operation: _Operation) -> str | None:
    if str(operation.last).lower() == "true":
        return "ResponseComplete"
    return "ResponseStarted" if str(operation.first).lower() == "true" else None


def _resource_of(name: str | None) -> _Object | None:
    """``rbac.authorization.k8s.io/v1/clusterroles/x``, ``core/v1/namespaces/n/pods/p/exec`` → what they name."""
    parts = (name or "").split("/")
    if len(parts) < 3:
        return None
    group, rest, namespace = parts[0], parts[2:], None
    if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in _OF_NAMESPACES:
        namespace, rest = rest[1], rest[2:]
    rest += [""] * 3
    return _Object(rest[0], rest[2] or None, namespace, rest[1] or None, "" if group == "core" else group)
