"""What the tests of findings share: a snapshot of Kubernetes objects together with findings and events."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import pandas as pd
import pyarrow as pa
from worlds import arrow

from auditkit import tables
from auditkit.checks import all_checks
from auditkit.evaluation.engine import run
from auditkit.proof.prove import world
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

ENDED = dt.datetime(2026, 1, 31, tzinfo=dt.UTC)
YOUNG, OLD = dt.datetime(2026, 1, 20, tzinfo=dt.UTC), dt.datetime(2025, 11, 1, tzinfo=dt.UTC)


def snapshot(objects: Iterable[dict] = (), *, cluster: str = "prod", **rows: list[dict[str, Any]]) -> Snapshot:
    """A snapshot of these objects and rows of tables, completely collected from the cluster ``prod``."""
    content = arrow(objects)
    rows.setdefault("collection", [{"cluster": cluster, "ended": ENDED, "cluster_uid": "uid-of-prod"}])
    for name, given in rows.items():
        schema = tables.table(name).schema
        assert all(set(row) <= set(schema.names) for row in given), given
        content[name] = pa.Table.from_pylist(given, schema=schema)
    sources = dict.fromkeys(source for table in tables.TABLES.values() for source in table.sources)
    ledger = [Entry(resource=source, outcome="complete", started=ENDED, ended=ENDED) for source in sources]
    tools = {row["scan"].partition(":")[0] for name in ("findings", "events") for row in rows.get(name, [])
             if row.get("scan")}
    ledger += [Entry(resource=f"scan:{tool}:file", outcome="complete", started=ENDED, ended=ENDED)
               for tool in sorted({"trivy", "kubescape", "gatekeeper", "kubernetes-audit"} | tools)]
    return Snapshot(Manifest(cluster=cluster, started=ENDED, ended=ENDED, ledger=ledger), content)


def thing(kind: str, name: str, namespace: str | None = "shop", uid: str | None = None,
          owner: tuple[str, str] | None = None, **more: Any) -> dict[str, Any]:
    """A Kubernetes object; its owner by kind and name, whose UID is made up of them."""
    metadata: dict[str, Any] = {"name": name, "uid": uid or f"{kind}-{name}"}
    if namespace:
        metadata["namespace"] = namespace
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "uid": "-".join(owner), "controller": True,
                                        "apiVersion": "apps/v1"}]
    return {"kind": kind, "metadata": metadata, **more}


def pod(name: str, image: str = "shop/api:1.4", *, digest: str = "", phase: str = "Running", node: str = "n1",
        container: str = "main", **more: Any) -> dict[str, Any]:
    """A pod with one container, and ready where it runs."""
    conditions = [{"type": "Ready", "status": "True"}] if phase == "Running" else []
    statuses = [{"name": container, "image": image, "imageID": digest, "ready": True}] if digest else []
    return thing("Pod", name, **more, spec={"nodeName": node, "containers": [{"name": container, "image": image}]},
                 status={"phase": phase, "conditions": conditions, "containerStatuses": statuses})


def shop(image: str = "shop/api:1.4", digest: str = "") -> list[dict[str, Any]]:
    """A Deployment with two revisions, of which one runs two pods; and a CronJob with a Job that has ended."""
    return [
        thing("Deployment", "api", spec={"replicas": 2}),
        thing("ReplicaSet", "api-new", owner=("Deployment", "api"), spec={"replicas": 2}),
        thing("ReplicaSet", "api-old", owner=("Deployment", "api"), spec={"replicas": 0}),
        pod("api-new-1", image, digest=digest, owner=("ReplicaSet", "api-new")),
        pod("api-new-2", image, digest=digest, owner=("ReplicaSet", "api-new"), node="n2"),
        thing("CronJob", "backup"), thing("Job", "backup-1", owner=("CronJob", "backup")),
        pod("backup-1-x", "shop/backup:1", phase="Succeeded", owner=("Job", "backup-1")),
    ]


def finding(**columns: Any) -> dict[str, Any]:
    """A finding of Trivy: a critical vulnerability that has a fix, seen lately."""
    return {"tool": "trivy", "scan": "trivy:a", "rule": "CVE-2026-1", "rule_id": "CVE-2026-1", "status": "fail",
            "severity": "critical", "category": "vulnerability", "package": "zlib", "fixed_version": "1.3",
            "seen": YOUNG, **columns}


def verdicts(check: str, given: Snapshot | dict[str, Any], **parameters: Any) -> pd.DataFrame:
    """The verdicts of a check on a snapshot, or on the tables of a world."""
    found = run(all_checks()[check].with_parameters(parameters), given if isinstance(given, Snapshot) else world(given))
    return found.rows()


def only(check: str, given: Snapshot | dict[str, Any], **parameters: Any) -> tuple[str, str]:
    """The verdict and the reason of the only subject."""
    rows = verdicts(check, given, **parameters)
    assert len(rows) == 1, rows
    return rows["verdict"].iloc[0], rows["reason"].iloc[0]
