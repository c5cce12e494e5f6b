"""What an API server serves, from its discovery documents (aggregated, or one for each group)."""

import msgspec

from auditkit.collectors.sources.model import Answer, Source

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
    freshness: str = "Current"


class _Metadata(msgspec.Struct):
    name: str = ""


class _Group(msgspec.Struct):
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    versions: list[_Version] = []


class _Aggregated(msgspec.Struct):
    kind: str
    items: list[_Group]


class _PlainResource(msgspec.Struct):
    name: str
    kind: str = ""
    namespaced: bool = False
    verbs: list[str] = []


class _PlainList(msgspec.Struct):
    resources: list[_PlainResource]


class _GroupVersion(msgspec.Struct):
    groupVersion: str


class _PlainGroup(msgspec.Struct):
    name: str
    versions: list[_GroupVersion] = []


class _PlainGroups(msgspec.Struct):
    groups: list[_PlainGroup]


class Served(msgspec.Struct):
    """What is served: rows for the table ``api_resources``, and the groups that could not be asked."""

    resources: list[dict]
    unknown_groups: list[str]
    answers: list[tuple[str, Answer]]

    def version(self, plural: str, group: str, wanted: tuple[str, ...]) -> str:
        """The first of the wanted versions in which a resource is served; empty where it is in none of them."""
        served = {row["version"] for row in self.resources if (row["group"], row["resource"]) == (group, plural)}
        return next((version for version in wanted if version in served), "")


def discover(source: Source) -> Served | str:
    """What a source serves, or why that is not known. Raises `NoAnswer`."""
    served = Served([], [], [])
    for path in ("/api", "/apis"):
        answer = source.get(path, AGGREGATED)
        served.answers.append((path, answer))
        if answer.status != 200:
            return answer.note or f"{path} was answered by HTTP {answer.status}"
        try:
            _aggregated(served, answer) or _one_by_one(served, source, path, answer)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            return f"{path} cannot be understood: {error}"
    return served


def _aggregated(served: Served, answer: Answer) -> bool:
    if b'"APIGroupDiscoveryList"' not in answer.body[:200]:
        return False
    for group in msgspec.json.decode(answer.body, type=_Aggregated).items:
        for version in group.versions:
            if version.freshness != "Current":
                served.unknown_groups.append(group.metadata.name)
            for resource in version.resources:
                row = {"group": group.metadata.name, "version": version.version, "resource": resource.resource,
                       "kind": (resource.responseKind or {}).get("kind", ""),
                       "namespaced": resource.scope == "Namespaced", "verbs": resource.verbs}
                served.resources.append(row)
                served.resources.extend(
                    {**row, "resource": f"{resource.resource}/{sub.subresource}", "verbs": sub.verbs}
                    for sub in resource.subresources)
    return True


def _one_by_one(served: Served, source: Source, path: str, answer: Answer) -> None:
    """The older form: one document for each group and version."""
    if path == "/api":
        versions = [("", "v1", "/api/v1")]
    else:
        groups = msgspec.json.decode(answer.body, type=_PlainGroups).groups
        versions = [(group.name, v.groupVersion.rpartition("/")[2], f"/apis/{v.groupVersion}")
                    for group in groups for v in group.versions]
    for group, version, where in versions:
        answer = source.get(where)
        served.answers.append((where, answer))
        if answer.status != 200:
            served.unknown_groups.append(group)
            continue
        for resource in msgspec.json.decode(answer.body, type=_PlainList).resources:
            served.resources.append({"group": group, "version": version, "resource": resource.name,
                                     "kind": resource.kind, "namespaced": resource.namespaced,
                                     "verbs": resource.verbs})
