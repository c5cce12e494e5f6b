"""Fleets: stores with snapshots of several small clusters, and a framework that tells them apart."""

import datetime as dt
import json
from pathlib import Path

from report_worlds import PRIVILEGED, pod, snapshot
from years import noon, written

RULES = f"""
framework: wards
title: Rules of the wards
version: '1'
sections: [{{id: s, title: S}}]
requirements:
  - {{id: A1, section: s, title: No privileged containers, reach: evidenced, checks: [{PRIVILEGED}]}}
  - {{id: A2, section: s, title: Known reclaim policies, reach: evidenced, checks: [storage.reclaim_policy_known]}}
  - {{id: A3, section: s, title: Staff know the rules, reach: attested, ask_next: Ask., look_at: the list}}
"""
DAY = dt.date(2026, 11, 22)
PLACES = ["dev=dev-*", "staging=staging-*", "prod=prod-*"]


def rules(folder: Path) -> Path:
    """A folder with the framework ``wards``."""
    (folder / "rules").mkdir(exist_ok=True)
    (folder / "rules" / "wards.yaml").write_text(RULES)
    return folder / "rules"


def member(store: Path, cluster: str, *, privileged: bool = False, day: dt.date = DAY, uid: str = "", label: str = "",
           **outcomes: str) -> Path:
    """The folder of a snapshot of a cluster with one pod; ``label`` is the environment that its kube-system names."""
    labelled = [{"kind": "Namespace", "metadata": {"name": "kube-system", "labels": {"environment": label}}}] if label else []
    content = snapshot(pod("web", privileged=privileged), *labelled, **outcomes)
    return written(store, content, noon(day), cluster=cluster, cluster_uid=uid or f"uid-of-{cluster}")


def several(store: Path) -> None:
    """Five clusters: production differs, and of staging the pods are not known."""
    member(store, "dev-eu")
    member(store, "staging-eu", pods="forbidden")
    member(store, "prod-eu", privileged=True)
    member(store, "prod-us", day=DAY - dt.timedelta(days=1), privileged=True)
    member(store, "prod-us")
    member(store, "lab")


def kubeconfig(folder: Path, **servers: str) -> Path:
    """A kubeconfig with a context for each server, by its address."""
    path = folder / "kubeconfig"
    path.write_text(json.dumps({
        "clusters": [{"name": name, "cluster": {"server": url}} for name, url in servers.items()],
        "users": [{"name": "auditor", "user": {}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": "auditor"}} for name in servers],
        "current-context": next(iter(servers))}))
    return path
