"""Role-based access control on plain objects: may a user do this?

The derived tables of a snapshot have an index for many questions at once; a policy asks a few, and of plain objects.
Source: k8s.io/kubernetes, ``plugin/pkg/auth/authorizer/rbac``.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from auditkit.errors import UsageError

Object = Mapping[str, Any]

_MASTERS = "system:masters"
"""The group that may do everything, whatever the roles say."""

_LISTS = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings", "Role": "roles",
          "RoleBinding": "rolebindings"}
"""The lists of objects that say who may do what, by the kind of their objects."""


@dataclass(frozen=True)
class User:
    """A user with the groups that it is in."""

    name: str
    groups: tuple[str, ...] = ()

    @classmethod
    def of_service_account(cls, namespace: str, name: str) -> "User":
        """The user that a service account is for an authorizer."""
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        return cls(f"system:serviceaccount:{namespace}:{name}", groups)


@dataclass(frozen=True)
class Question:
    """What is asked: a verb on a resource or, where it is given, on a path."""

    verb: str = ""
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(frozen=True)
class Rights:
    """Roles and bindings: lists of objects ``clusterroles``, ``clusterrolebindings``, ``roles``, ``rolebindings``."""

    objects: Mapping[str, Sequence[Object]]

    @classmethod
    def read(cls, given: Any) -> "Rights":
        """The roles and bindings of four lists by their names, or of one list of objects that have a ``kind``.

        Raises `UsageError` for anything else.
        """
        if isinstance(given, Mapping) and given.get("kind") == "List":
            given = given.get("items")
        if isinstance(given, Mapping):
            if strange := sorted(set(given) - set(_LISTS.values())):
                raise _wrong(f"it has {strange[0]!r}")
            lists = given
        elif isinstance(given, Sequence) and not isinstance(given, str):
            lists = {name: [] for name in _LISTS.values()}
            for each in given:
                kind = each.get("kind") if isinstance(each, Mapping) else None
                if kind not in _LISTS:
                    raise _wrong(f"an object has the kind {kind!r}" if kind else "an object has no kind")
                lists[_LISTS[kind]].append(each)
        else:
            raise _wrong(f"it is a {type(given).__name__}")
        return cls(lists)

    def allow(self, user: User, question: Question) -> bool:
        """Whether a user may do something, as far as the lists that are given say it."""
        if _MASTERS in user.groups:
            return True
        return any(_allows(rule, question) for rule in self._rules(user, question.namespace))

    def missing(self, user: User, question: Question) -> list[str]:
        """The lists that are not given and could allow it: bindings, and the roles that bindings name."""
        namespace = question.namespace
        asked: list[str] = []
        for name, home in [("clusterrolebindings", ""), *([("rolebindings", namespace)] if namespace else [])]:
            bound = [each for each in self.objects.get(name) or () if _binds(each, user, home)
                     and _namespace(each) == home]
            asked += [name, *sorted({f"{each['roleRef'].get('kind', 'ClusterRole').lower()}s" for each in bound})]
        return [name for name in dict.fromkeys(asked) if self.objects.get(name) is None]

    def _rules(self, user: User, namespace: str) -> Iterator[Object]:
        for binding in self.objects.get("clusterrolebindings") or ():
            if _binds(binding, user, ""):
                yield from self._roles.get(("", binding["roleRef"]["name"]), ())
        for binding in self.objects.get("rolebindings") or ():
            if namespace and _namespace(binding) == namespace and _binds(binding, user, namespace):
                role = binding["roleRef"]
                yield from self._roles.get((namespace if role.get("kind") == "Role" else "", role["name"]), ())

    @cached_property
    def _roles(self) -> dict[tuple[str, str], Sequence[Object]]:
        """The rules of roles by namespace (none: cluster roles) and name."""
        roles = [*(self.objects.get("clusterroles") or ()), *(self.objects.get("roles") or ())]
        return {(_namespace(role), role["metadata"]["name"]): role.get("rules") or () for role in roles}


def _wrong(what: str) -> UsageError:
    return UsageError(f"The rbac of the context is not understood: {what}. Give the lists "
                      f"{', '.join(_LISTS.values())}, or one list of such objects, each with its kind.")


def _namespace(thing: Object) -> str:
    return str(thing["metadata"].get("namespace") or "")


def _binds(binding: Object, user: User, namespace: str) -> bool:
    return any(_is(subject, user, namespace) for subject in binding.get("subjects") or ())


def _is(subject: Object, user: User, namespace: str) -> bool:
    if subject["kind"] == "Group":
        return subject["name"] in user.groups
    if subject["kind"] == "User":
        return bool(user.name == subject["name"])
    home = subject.get("namespace") or namespace
    return user.name == f"system:serviceaccount:{home}:{subject['name']}" and bool(home)


def _allows(rule: Object, question: Question) -> bool:
    if not _has(rule, "verbs", question.verb):
        return False
    if question.path:
        return any(_path_fits(path, question.path) for path in rule.get("nonResourceURLs") or ())
    names = rule.get("resourceNames") or ()
    return (_has(rule, "apiGroups", question.group) and _resource_fits(rule.get("resources") or (), question)
            and (not names or question.name in names))


def _has(rule: Object, field: str, wanted: str) -> bool:
    given = rule.get(field) or ()
    return "*" in given or wanted in given


def _resource_fits(resources: Sequence[str], question: Question) -> bool:
    wanted = f"{question.resource}/{question.subresource}" if question.subresource else question.resource
    any_of_it = f"*/{question.subresource}" if question.subresource else wanted
    return any(each in ("*", wanted, any_of_it) for each in resources)


def _path_fits(pattern: str, path: str) -> bool:
    return pattern in ("*", path) or (pattern.endswith("*") and path.startswith(pattern.rstrip("*")))
