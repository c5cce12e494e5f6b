"""Jobs of two small clusters that lie in a folder as kubectl wrote them."""

import datetime as dt
from pathlib import Path

from auditkit.jobs.config import Job
from auditkit.jobs.job import Outcome, work

POD = """
apiVersion: v1
kind: List
items:
- {{apiVersion: v1, kind: Namespace, metadata: {{name: kube-system, uid: {uid}}}}}
- {{apiVersion: v1, kind: Namespace, metadata: {{name: shop}}}}
- apiVersion: v1
  kind: Pod
  metadata: {{name: web, namespace: shop}}
  spec: {{containers: [{{name: main, image: web, securityContext: {{privileged: {privileged}}}}}]}}
"""
NIGHT = dt.datetime(2026, 11, 22, 2, 0, tzinfo=dt.UTC)


def cluster(folder: Path, name: str, *, privileged: bool = False, uid: str = "") -> None:
    """What kubectl wrote of a cluster with one pod."""
    (folder / f"{name}.yaml").write_text(POD.format(uid=uid or f"uid-of-{name}", privileged=str(privileged).lower()))


def written(folder: Path, more: str = "") -> Path:
    clusters = "".join(f"- {{recording: {name}.yaml, name: {name}, complete: [all], taken_at: '2026-11-22T01:00:00Z'}}\n" for name in "ab")
    path = folder / "nightly.yaml"
    path.write_text(f"clusters:\n{clusters}frameworks: [wards]\ncontrols: rules\nlimits: {{processes: 1}}\n{more or 'reports: {faces: []}'}\n")
    return path


def run(folder: Path, more: str = "", *, night: int = 0, again: bool = False) -> tuple[Outcome, list[str]]:
    """The outcome of a run on one of several nights, and what it told."""
    told: list[str] = []
    job = Job(written(folder, more))
    return work(job, lambda text, **fields: told.append(text), again=again, now=lambda: NIGHT + dt.timedelta(days=night)), told


def snapshots(folder: Path) -> int:
    return len(list((folder / "snapshots").rglob("manifest.json")))
