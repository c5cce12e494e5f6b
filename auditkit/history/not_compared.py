"""Kinds whose objects nobody reads, so that a comparison says nothing of them, by name."""

from collections.abc import Iterator

from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES

NOT_READ = "its objects are not read"
BY_NAME = "its objects are compared by their names; their content is not read"
NOT_KNOWN = "which kinds the API server serves beside those that are read is not known"

_OBSERVED = frozenset((
    ("", "events"), ("events.k8s.io", "events"), ("", "componentstatuses"), ("", "endpoints"),
    ("apps", "controllerrevisions"), ("coordination.k8s.io", "leases"), ("discovery.k8s.io", "endpointslices"),
    ("storage.k8s.io", "csinodes"), ("storage.k8s.io", "csistoragecapacities"),
    ("storage.k8s.io", "volumeattachments"), ("networking.k8s.io", "ipaddresses"),
    ("resource.k8s.io", "resourceslices")))
"""What the cluster writes of itself, without anybody's decision."""
_GROUPS_OBSERVED = ("metrics.k8s.io", "wgpolicyk8s.io", "aquasecurity.github.io")
"""Groups of measurements and of results of scanners."""


def not_compared(earlier: Snapshot, later: Snapshot) -> Iterator[tuple[str, str]]:
    """The kinds that somebody can write in either cluster and that are not compared, or not wholly, and why."""
    kinds = {key: kind for snapshot in (earlier, later) for key, kind in _kinds(snapshot).items()}
    read = {(each.group, each.plural) for each in RESOURCES.values()}
    by_name = _by_name(earlier) | _by_name(later)
    for key, kind in sorted(kinds.items(), key=lambda each: (each[1], each[0])):
        if key not in read | _OBSERVED and key[0] not in _GROUPS_OBSERVED:
            group = f" ({key[0]})" if key[0] else ""
            yield f"{kind}{group}", BY_NAME if (key[0], kind) in by_name else NOT_READ
    if any(snapshot.gaps("api_resources") for snapshot in (earlier, later)):
        yield "other kinds", NOT_KNOWN


def _kinds(snapshot: Snapshot) -> dict[tuple[str, str], str]:
    """The kinds that can be listed and written, by group and resource: those that are served, and those defined."""
    served = snapshot.frame("api_resources")
    verbs: dict[tuple[str, str, str], set[str]] = {}
    for group, resource, kind, verb in served[["group", "resource", "kind", "verb"]].dropna(
            subset=["resource", "kind", "verb"]).fillna({"group": ""}).itertuples(index=False, name=None):
        verbs.setdefault((group, resource, kind), set()).add(verb)
    found = {(group, resource): kind for (group, resource, kind), able in verbs.items()
             if "/" not in resource and {"list", "update"} <= able}
    defined = snapshot.frame("crds").dropna(subset=["group", "plural", "kind"])
    return found | {(row.group, row.plural): row.kind for row in defined.itertuples(index=False)}


def _by_name(snapshot: Snapshot) -> set[tuple[str, str]]:
    """The kinds of other engines, whose objects have rows without their content."""
    kinds = snapshot.frame("engine_kinds")
    listed = kinds.loc[kinds["listed"].fillna(False).astype(bool), ["group", "kind"]]
    return set(listed.itertuples(index=False, name=None))
