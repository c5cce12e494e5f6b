"""What a client asked for: the request, the resource its path names, and the form its Accept header wants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

RESOURCE_PATH = re.compile(
    r"(?P<prefix>/api|/apis/(?P<group>[^/]+))/(?P<version>[^/]+)"
    r"(?:/namespaces/(?P<namespace>[^/]+))?/(?P<resource>[^/]+)"
    r"(?:/(?P<name>[^/]+)(?:/(?P<subresource>.+))?)?"
)


class Form(NamedTuple):
    """How a body is wanted: `as`, `g` and `v` of Accept, such as `Table`; all None is plain JSON."""

    kind: str | None = None
    group: str | None = None
    version: str | None = None


PLAIN = Form()


def forms(accept: str | None) -> list[Form]:
    """The forms that an Accept header names, in its order; parameters count, not their order."""
    found = []
    for clause in (accept or "*/*").split(","):
        parameters = dict(part.strip().partition("=")[::2] for part in clause.split(";")[1:])
        found.append(Form(parameters.get("as"), parameters.get("g"), parameters.get("v")))
    return found


@dataclass(frozen=True)
class Target:
    """The resource, or one object of it, that a path names."""

    group: str
    version: str
    namespace: str | None
    resource: str
    name: str | None
    subresource: str | None
    prefix: str

    @classmethod
    def of(cls, path: str) -> Target | None:
        """None where the path names no resource (discovery, `/version`)."""
        match = RESOURCE_PATH.fullmatch(path)
        return cls(**{**match.groupdict(), "group": match["group"] or ""}) if match else None

    @property
    def collection(self) -> str:
        """The path that lists the resource in all namespaces."""
        return f"{self.prefix}/{self.version}/{self.resource}"

    @property
    def full_name(self) -> str:
        """The resource as rules name it: `pods`, `nodes/proxy` (of a subresource path, its first part)."""
        return f"{self.resource}/{self.subresource.split('/')[0]}" if self.subresource else self.resource


@dataclass
class Request:
    """One request as it came in; `status` is that of the answer, None until (and unless) there is one."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any = None
    status: int | None = field(default=None, compare=False)

    @cached_property
    def path(self) -> str:
        return urlsplit(self.url).path

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @cached_property
    def target(self) -> Target | None:
        return Target.of(self.path)

    @property
    def verb(self) -> str:
        """The verb of RBAC, of the few methods that the replay server knows."""
        if self.method != "GET":
            return "create"
        return "get" if self.target is None or self.target.name else "list"

    @property
    def accept(self) -> str | None:
        return self.headers.get("Accept")

    @property
    def impersonated(self) -> str | None:
        return self.headers.get("Impersonate-User")
