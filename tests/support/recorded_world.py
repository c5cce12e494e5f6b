"""A recording as objects that can be changed: what a server answers to each list."""

import copy
import datetime as dt
import json
from typing import Any

from replay import ACME_PROD

from auditkit import tables
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.model import Answer
from auditkit.collectors.sources.observed import Observed

WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps", "jobs.batch")
RBAC = "rbac.authorization.k8s.io"
DENY = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
"""What the NetworkPolicy that refuses everything says."""


class World:
    """What a server answers: ``lists`` (resource → list as it answers it, with ``items`` or ``rows``), and the rest."""

    proves_absence = True
    assembles = False
    stated: frozenset[str] = frozenset()
    stated_by = ""
    pages = 10_000
    kubelet_seconds = 60.0

    def __init__(self) -> None:
        source = open_files(ACME_PROD)
        self.name, self.described, self._source = source.name, source.described, source
        self.lists: dict[str, dict[str, Any]] = {}
        self.raw: dict[str, Answer] = {}
        self.configz: dict[str, dict[str, Any]] = {}
        self.other: dict[tuple[str, str], Answer] = {}

    def get(self, path: str, accept: str = "application/json", until: float | None = None) -> Answer:
        bare, _, query = path.partition("?")
        if bare.endswith("/proxy/configz"):
            config = self.configz.get(bare.split("/")[-3])
            return Answer(200, json.dumps({"kubeletconfig": config}).encode()) if config else Answer(403, b"{}")
        name = resource_of(bare)
        if name and "continue=" in query:
            return Answer(410, json.dumps({"kind": "Status", "reason": "Expired", "message": "expired"}).encode())
        if name in self.raw:
            return self.raw[name]
        if name and name not in self.lists:
            answer = self._source.get(path, accept)
            if answer.status == 200:
                self.lists[name] = json.loads(answer.body)
            else:
                return answer
        if name:
            return Answer(200, json.dumps(self.lists[name]).encode())
        if (path, accept) not in self.other:
            self.other[path, accept] = self._source.get(path, accept)
        return self.other[path, accept]

    def review(self, path: str, body: dict, until: float | None = None) -> Answer:
        return self._source.review(path, body)

    def transport(self, newest: dt.datetime | None = None) -> list[str]:
        return []

    def observed(self, started: dt.datetime, ended: dt.datetime) -> Observed:
        return self._source.observed(started, ended)

    def items(self, name: str) -> list[dict[str, Any]]:
        """The objects of a list, to be changed."""
        found = self.lists.get(name) or {}
        return found.get("items") or []

    def add(self, resource: str, name: str, namespace: str = "", **content: Any) -> dict[str, Any]:
        """Put an object into a list, in the place of one of the same name; its UID is that of no other.

        Lists with an object twice, and lists that share UIDs, are doubted: what they say would not be judged.
        """
        where = {"namespace": namespace} if namespace else {}
        metadata = {"name": name, **where, "uid": f"{resource}/{namespace}/{name}"}
        found = self.lists[resource]
        found["items"] = [one for one in found["items"] if (
            one["metadata"]["name"], one["metadata"].get("namespace", "")) != (name, namespace)]
        found["items"].append({"metadata": metadata, **content})
        return found["items"][-1]

    def copy(self) -> "World":
        other = copy.copy(self)
        other.lists, other.raw = copy.deepcopy(self.lists), dict(self.raw)
        other.configz = copy.deepcopy(self.configz)
        return other


def resource_of(path: str) -> str:
    """The resource that a path lists; empty for other paths and kinds that the tables do not know."""
    parts = path.strip("/").split("/")
    at = 2 if parts[0] == "api" else 3
    if len(parts) != at + 1:
        return ""
    name = parts[at] if at == 2 else f"{parts[at]}.{parts[1]}"
    return name if name in tables.RESOURCES else ""


def acme() -> World:
    """The recorded cluster, with the whole of each list in memory."""
    world = World()
    collect(world, workers=1)
    return world


def pod_spec(thing: dict[str, Any]) -> dict[str, Any]:
    """The spec of a pod, or of the pods that a workload makes."""
    spec = thing["spec"]
    spec = spec["jobTemplate"]["spec"] if "jobTemplate" in spec else spec
    return spec["template"]["spec"] if "template" in spec else spec
