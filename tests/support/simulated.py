"""Objects of many kinds for simulations, and snapshots of which everything is known."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import yaml
from worlds import arrow

from auditkit import tables
from auditkit.simulation.applying import Simulation, simulate
from auditkit.snapshots.ledger import SCANNED, Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

TIME = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
NAMESPACES = ("kube-system", "default", "shop")


def namespace(name: str, **labels: str) -> dict:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {
        "name": name, "uid": f"ns-{name}", "labels": {"kubernetes.io/metadata.name": name, **labels}}}


def snapshot(*objects: dict, gaps: Iterable[str] = ()) -> Snapshot:
    """A cluster with these objects in the namespace shop, all of it completely read but for the gaps."""
    there = {each["metadata"]["name"] for each in objects if each["kind"] == "Namespace"}
    every = [*objects, *(namespace(name) for name in NAMESPACES if name not in there)]
    sources = {source for table in tables.TABLES.values() for source in table.sources} - set(SCANNED)
    ledger = [Entry(resource=source, outcome="forbidden" if source in gaps else "complete", started=TIME, ended=TIME)
              for source in sorted(sources)]
    found = Manifest(cluster="c", cluster_uid="ns-kube-system", server_version="v1.36.0", started=TIME, ended=TIME,
                     ledger=ledger)
    return Snapshot(found, arrow(every))


def applied(snap: Snapshot, folder: Path, *manifests: dict | str, delete: Iterable[str] = (), **options) -> Simulation:
    """The simulation of these manifests, written into a file of the folder."""
    file = folder / "manifests.yaml"
    file.write_text("---\n".join(each if isinstance(each, str) else yaml.safe_dump(each) for each in manifests))
    return simulate(snap, file if manifests else None, list(delete), **options)


def thing(kind: str, name: str, version: str = "v1", space: str | None = "shop", **rest) -> dict:
    """An object of the namespace shop."""
    where = {"namespace": space} if space else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **where}, **rest}


def stored(kind: str, name: str, version: str = "v1", space: str | None = "shop", **rest) -> dict:
    """The same as the API server has stored it."""
    found = thing(kind, name, version, space, **rest)
    found["metadata"] |= {"uid": f"{kind}-{name}", "creationTimestamp": "2026-10-01T00:00:00Z"}
    return found


def pod_spec(**rest) -> dict:
    return {"containers": [{"name": "c", "image": "registry/app:1", "imagePullPolicy": "IfNotPresent"}], **rest}


def template(**rest) -> dict:
    return {"metadata": {"labels": {"app": "web"}}, "spec": pod_spec(**rest)}


def owned(by: str, name: str) -> list[dict]:
    return [{"apiVersion": "apps/v1", "kind": by, "name": name, "uid": f"{by}-{name}", "controller": True}]


def deployment(replicas: int = 2) -> list[dict]:
    """A Deployment with its ReplicaSet, a former one, and pods that are ready."""
    old = stored("ReplicaSet", "web-old", "apps/v1", spec={"replicas": 0, "template": template()})
    now = stored("ReplicaSet", "web-1", "apps/v1", spec={"replicas": replicas, "template": template()})
    now["spec"]["template"]["metadata"]["labels"]["pod-template-hash"] = "1"
    for each in (old, now):
        each["metadata"]["ownerReferences"] = owned("Deployment", "web")
    pods = []
    for letter in "abcdef"[:replicas]:
        pod = stored("Pod", f"web-1-{letter}", spec={**pod_spec(), "nodeName": "n1", "serviceAccountName": "default"})
        pod["metadata"] |= {"ownerReferences": owned("ReplicaSet", "web-1"), "labels": {"app": "web"}}
        pod["status"] = {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": "True"}]}
        pods.append(pod)
    spec = {"replicas": replicas, "strategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10, "template": template()}
    return [stored("Deployment", "web", "apps/v1", spec=spec, status={"readyReplicas": replicas}), old, now, *pods]
