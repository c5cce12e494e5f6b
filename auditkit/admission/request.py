"""A request to the API server, and the variables that an expression sees of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from auditkit.admission.cel.partial import ABSENT, Partial
from auditkit.admission.cel.values import Unknown
from auditkit.admission.rights import User

Object = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A kind of objects in a version of its group."""

    group: str
    version: str
    name: str

    @property
    def api_version(self) -> str:
        """The group and version as objects have it."""
        return f"{self.group}/{self.version}" if self.group else self.version


@dataclass(frozen=True)
class Resource:
    """A resource in a version of its group."""

    group: str
    version: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}.{self.group}" if self.group else self.name


@dataclass(frozen=True)
class Request:
    """What is asked of the API server, with the object as it would be stored."""

    operation: str
    kind: Kind
    resource: Resource
    subresource: str
    name: str
    namespace: str
    user: Object | None
    dry_run: bool
    options: Object | None
    object: Object | None
    old_object: Object | None
    namespace_object: Object | None
    asked_kind: Kind | None = field(default=None)
    asked_resource: Resource | None = field(default=None)

    @classmethod
    def read(cls, asked: Object) -> "Request":
        """The request of a mapping with the fields of an AdmissionRequest, and ``user``, ``namespaceObject``."""
        kind, resource = asked["kind"], asked["resource"]
        return cls(
            asked["operation"], Kind(kind.get("group") or "", kind["version"], kind["kind"]),
            Resource(resource.get("group") or "", resource["version"], resource["resource"]),
            asked.get("subResource") or "", asked.get("name") or "", asked.get("namespace") or "",
            asked.get("user"), bool(asked.get("dryRun")), asked.get("options"),
            asked.get("object"), asked.get("oldObject"), asked.get("namespaceObject"),
        )

    @property
    def about_namespace(self) -> bool:
        """True for a request about a namespace itself."""
        return self.kind == Kind("", "v1", "Namespace")

    def seen_as(self, kind: Kind, resource: Resource, new: Object | None, old: Object | None) -> "Request":
        """The request as a policy sees it that asks for another version of the resource."""
        return replace(self, kind=kind, resource=resource, object=new, old_object=old,
                       asked_kind=self.kind, asked_resource=self.resource)

    def named_object(self) -> str:
        """The resource and name as a denial has them."""
        metadata = (self.object or {}).get("metadata") or {}
        name = self.name or metadata.get("name") or metadata.get("generateName") or "Unknown"
        return f'{self.asked_resource or self.resource} "{name}"'

    def asking(self) -> User | None:
        """The user who asks; ``None`` where that is not known."""
        if self.user is None:
            return None
        return User(self.user.get("username") or "", tuple(self.user.get("groups") or ()))


def request_variable(request: Request) -> Mapping[str, Any]:
    """The variable ``request``: an AdmissionRequest as JSON, whose empty fields are left out.

    Where nobody is known to have asked, what depends on who asks, and how, is not known either.
    """
    about = _about(request)
    if request.user is None:
        unset = dict.fromkeys(("subResource", "requestSubResource", "name", "namespace"), ABSENT)
        return Partial({**unset, **about}, "request")
    user = request.user
    extra = {key: list(values) for key, values in (user.get("extra") or {}).items()}
    return {
        **about, "uid": "", "dryRun": request.dry_run, **_given(options=request.options),
        "userInfo": _given(username=user.get("username"), uid=user.get("uid"), groups=user.get("groups"), extra=extra),
    }


def _about(request: Request) -> dict[str, Any]:
    """What is asked, whoever asks."""
    return {
        "kind": _kind(request.kind), "resource": _resource(request.resource),
        "requestKind": _kind(request.asked_kind or request.kind),
        "requestResource": _resource(request.asked_resource or request.resource),
        "operation": request.operation,
        **_given(subResource=request.subresource, requestSubResource=request.subresource, name=request.name,
                 namespace=request.namespace),
    }


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _kind(kind: Kind) -> dict[str, str]:
    return {"group": kind.group, "version": kind.version, "kind": kind.name}


def _resource(resource: Resource) -> dict[str, str]:
    return {"group": resource.group, "version": resource.version, "resource": resource.name}


_METADATA = ("name", "generateName", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
             "deletionTimestamp", "deletionGracePeriodSeconds", "labels", "annotations", "finalizers")


def namespace_variable(request: Request) -> Object | Unknown | None:
    """The variable ``namespaceObject``: the namespace of the object, without what the API server hides of it."""
    namespace = request.namespace_object
    if request.about_namespace or not request.namespace:
        return None
    if namespace is None:
        return Unknown(f"the namespace {request.namespace}")
    if isinstance(namespace, Partial):
        return namespace
    metadata = namespace.get("metadata") or {}
    return {"metadata": {key: metadata[key] for key in _METADATA if key in metadata},
            "spec": namespace.get("spec") or {}, "status": namespace.get("status") or {}}
