"""``authorizer``: what the user of a request, or a service account, may do (``pkg/cel/library/authz.go``)."""

from dataclasses import dataclass, replace

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.library.formats import dns_label, dns_subdomain
from auditkit.admission.cel.values import CelError, Opaque, Unknown
from auditkit.admission.rights import Question, Rights, User

_AUTHORIZER = "kubernetes.authorization"


@dataclass(frozen=True)
class Authorizer(Opaque):
    """Who is asked about, and the rights (``None``: not known)."""

    user: User | None
    rights: Rights | None
    type_name = f"{_AUTHORIZER}.Authorizer"


@dataclass(frozen=True)
class PathCheck(Opaque):
    """A question about a path that is no resource."""

    authorizer: Authorizer
    path: str
    type_name = f"{_AUTHORIZER}.PathCheck"


@dataclass(frozen=True)
class GroupCheck(Opaque):
    """A question about a resource of this group."""

    authorizer: Authorizer
    group: str
    type_name = f"{_AUTHORIZER}.GroupCheck"


@dataclass(frozen=True)
class ResourceCheck(Opaque):
    """A question about a resource."""

    authorizer: Authorizer
    question: Question
    type_name = f"{_AUTHORIZER}.ResourceCheck"


@dataclass(frozen=True)
class Decision(Opaque):
    """An answer."""

    allowed: bool
    type_name = f"{_AUTHORIZER}.Decision"


def request_resource(authorizer: Authorizer, group: str, question: Question) -> ResourceCheck:
    """``authorizer.requestResource``: the question about the resource of the request."""
    return ResourceCheck(authorizer, replace(question, group=group))


def _name(of: str) -> str:
    return f"{_AUTHORIZER}.{of}"


@function(f"{_name('Authorizer')}.path(string) -> {_name('PathCheck')}")
def path(authorizer: Authorizer, text: str) -> PathCheck:
    if not text.strip():
        raise CelError("path must not be empty")
    return PathCheck(authorizer, text)


@function(f"{_name('Authorizer')}.group(string) -> {_name('GroupCheck')}")
def group(authorizer: Authorizer, name: str) -> GroupCheck:
    return GroupCheck(authorizer, name)


@function(f"{_name('Authorizer')}.serviceAccount(string, string) -> {_name('Authorizer')}")
def service_account(authorizer: Authorizer, namespace: str, name: str) -> Authorizer:
    if dns_subdomain(name):
        raise CelError("Invalid service account name")
    if dns_label(namespace):
        raise CelError("Invalid service account namespace")
    return Authorizer(User.of_service_account(namespace, name), authorizer.rights)


@function(f"{_name('GroupCheck')}.resource(string) -> {_name('ResourceCheck')}")
def resource(check: GroupCheck, name: str) -> ResourceCheck:
    if not name.strip():
        raise CelError("resource must not be empty")
    return ResourceCheck(check.authorizer, Question(group=check.group, resource=name))


def _with(check: ResourceCheck, **changed: str) -> ResourceCheck:
    return replace(check, question=replace(check.question, **changed))


@function(f"{_name('ResourceCheck')}.subresource(string) -> {_name('ResourceCheck')}")
def subresource(check: ResourceCheck, name: str) -> ResourceCheck:
    return _with(check, subresource=name)


@function(f"{_name('ResourceCheck')}.namespace(string) -> {_name('ResourceCheck')}")
def namespace(check: ResourceCheck, name: str) -> ResourceCheck:
    return _with(check, namespace=name)


@function(f"{_name('ResourceCheck')}.name(string) -> {_name('ResourceCheck')}")
def named(check: ResourceCheck, name: str) -> ResourceCheck:
    return _with(check, name=name)


@function(f"{_name('ResourceCheck')}.fieldSelector(string) -> {_name('ResourceCheck')}",
          f"{_name('ResourceCheck')}.labelSelector(string) -> {_name('ResourceCheck')}")
def selector(check: ResourceCheck, text: str) -> ResourceCheck:
    """Role-based access control looks at no selectors."""
    return check


@function(f"{_name('PathCheck')}.check(string) -> {_name('Decision')}")
def check_path(check: PathCheck, verb: str) -> Decision:
    return _decide(check.authorizer, Question(path=check.path, verb=verb))


@function(f"{_name('ResourceCheck')}.check(string) -> {_name('Decision')}")
def check_resource(check: ResourceCheck, verb: str) -> Decision:
    return _decide(check.authorizer, replace(check.question, verb=verb))


def _decide(authorizer: Authorizer, question: Question) -> Decision:
    if authorizer.rights is None:
        raise Unknown("the rights of users and service accounts (authorizer)")
    if authorizer.user is None:
        raise Unknown("who asks (authorizer)")
    if authorizer.rights.allow(authorizer.user, question):
        return Decision(True)
    if missing := authorizer.rights.missing(authorizer.user, question):
        raise Unknown(f"the {' and '.join(missing)} (authorizer)")
    return Decision(False)


@function(f"{_name('Decision')}.allowed() -> bool")
def allowed(decision: Decision) -> bool:
    return decision.allowed


@function(f"{_name('Decision')}.errored() -> bool")
def errored(decision: Decision) -> bool:
    """Role-based access control gives an answer to every question."""
    return False


@function(f"{_name('Decision')}.error() -> string")
def error_of(decision: Decision) -> str:
    return ""


@function(f"{_name('Decision')}.reason() -> string")
def reason(decision: Decision) -> str:
    raise Unknown("the reason that the authorizer gives")
