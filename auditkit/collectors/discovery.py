"""The resources that an API server serves, from its discovery documents (aggregated, or one for each group).

A group of which a document does not say what it serves now is unknown: one whose document is stale or does not come,
or that has no version. A version without any resource proves nothing either: lists of its group are asked for anyway.

Source: kubernetes/api, ``apidiscovery/v2/types.go`` (``freshness``: clients that need what is served now must not use a
document that is not ``Current``); kubernetes/client-go, ``discovery/discovery_client.go`` (a group that was answered by
an empty list is an error to kubectl too).
"""

from typing import Any

import msgspec

from auditkit.base.undecodable import UNDECODABLE, verify_text
from auditkit.collectors.sources.model import Answer, NoAnswer, Source

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


class _Subresource(msgspec.Struct):
    subresource: str
    verbs: list[str] = []


class _Resource(msgspec.Struct):
    resource: str
    scope: str = ""
    responseKind: dict[str, str] | None = None
    verbs: list[str] = []
    subresources: list[_Subresource] = []


class _Version(msgspec.Struct):
    version: str
    resources: list[_Resource] = []
    freshness: str = ""


class _Metadata(msgspec.Struct):
    name: str = ""


class _Group(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    versions: list[_Version] = []


class _Kind(msgspec.Struct):
    kind: str = ""
    apiVersion: str = ""


class _Aggregated(msgspec.Struct):
    items: list[_Group]


class _PlainResource(msgspec.Struct):
    name: str
    kind: str = ""
    namespaced: bool = False
    verbs: list[str] = []


class _PlainList(msgspec.Struct):
    resources: list[_PlainResource]
    kind: str = ""
    groupVersion: str = ""


class _GroupVersion(msgspec.Struct):
    groupVersion: str


class _PlainGroup(msgspec.Struct):
    name: str
    versions: list[_GroupVersion] = []


class _PlainGroups(msgspec.Struct):
    groups: list[_PlainGroup]


class Served(msgspec.Struct):
    """What is served: rows for the table ``api_resources``, the groups of which that is not known, and those in which
    a version has no resources."""

    resources: list[dict[str, Any]]
    unknown_groups: list[str]
    answers: list[tuple[str, Answer]]
    empty_groups: list[str] = []

    def versions(self, plural: str, group: str) -> list[str]:
        """The versions in which a resource is served, in the server's order; none where it is not served."""
        return [row["version"] for row in self.resources if (row["group"], row["resource"]) == (group, plural)]

    @property
    def groups(self) -> set[str]:
        """The groups of which it is known what is served in them."""
        return {row["group"] for row in self.resources} - {*self.unknown_groups, *self.empty_groups}


def discover(source: Source) -> Served | str:
    """What a source serves, or why that is not known. Raises `NoAnswer`."""
    served = Served([], [], [])
    for path in ("/api", "/apis"):
        answer = source.get(path, AGGREGATED)
        served.answers.append((path, answer))
        if answer.status != 200:
            return answer.note or f"{path} returned HTTP {answer.status}"
        try:
            verify_text(answer.body)
            kind = msgspec.json.decode(answer.body, type=_Kind)
            if kind.kind == "APIGroupDiscoveryList" and kind.apiVersion.startswith("apidiscovery.k8s.io/"):
                _aggregated(served, answer)
            elif kind.kind == ("APIVersions" if path == "/api" else "APIGroupList"):
                _one_by_one(served, source, path, answer)
            else:
                return f"{path} returned an object of kind {kind.kind[:60]!r} instead of a discovery document"
        except UNDECODABLE as error:
            return f"{path} returned an invalid discovery document: {error}"
        if not served.resources:
            return f"{path} lists no resources, which is impossible for a Kubernetes API server"
    return served


def _aggregated(served: Served, answer: Answer) -> None:
    for group in msgspec.json.decode(answer.body, type=_Aggregated).items:
        if not group.versions:
            served.unknown_groups.append(group.metadata.name)
        for version in group.versions:
            if version.freshness != "Current":
                served.unknown_groups.append(group.metadata.name)
            elif not version.resources:
                served.empty_groups.append(group.metadata.name)
            for resource in version.resources:
                row = {"group": group.metadata.name, "version": version.version, "resource": resource.resource,
                       "kind": (resource.responseKind or {}).get("kind", ""),
                       "namespaced": resource.scope == "Namespaced", "verbs": resource.verbs}
                served.resources.append(row)
                served.resources.extend(
                    {**row, "resource": f"{resource.resource}/{sub.subresource}", "verbs": sub.verbs}
                    for sub in resource.subresources)


def _one_by_one(served: Served, source: Source, path: str, answer: Answer) -> None:
    """The older form: one document for each group and version."""
    if path == "/api":
        versions = [("", "v1", "/api/v1")]
    else:
        groups = msgspec.json.decode(answer.body, type=_PlainGroups).groups
        served.unknown_groups += [group.name for group in groups if not group.versions]
        versions = [(group.name, v.groupVersion.rpartition("/")[2], f"/apis/{v.groupVersion}")
                    for group in groups for v in group.versions]
    for group, version, where in versions:
        found = _plain_list(served, source, where)
        if not found:
            (served.unknown_groups if found is None else served.empty_groups).append(group)
        for resource in found or ():
            served.resources.append({"group": group, "version": version, "resource": resource.name,
                                     "kind": resource.kind, "namespaced": resource.namespaced,
                                     "verbs": resource.verbs})


def _plain_list(served: Served, source: Source, where: str) -> list[_PlainResource] | None:
    """The resources of one group and version; ``None`` where they are not known."""
    try:
        answer = source.get(where)
        served.answers.append((where, answer))
        verify_text(answer.body)
        found = msgspec.json.decode(answer.body, type=_PlainList)
    except (NoAnswer, *UNDECODABLE):
        return None
    of = where.removeprefix("/apis/").removeprefix("/api/")
    return found.resources if (found.kind, found.groupVersion) == ("APIResourceList", of) else None
