"""Whose objects are: by their own label, else by that of their workload, else by that of their namespace."""

import pandas as pd
import pytest
from report_worlds import snapshot

import auditkit
from auditkit.analysis.columns import STRING
from auditkit.analysis.workloads.teams import LABELS, teams, teams_of
from auditkit.errors import NoSuchName
from auditkit.snapshots.snapshot import Snapshot


def named(kind: str, name: str, namespace: str = "", team: str = "", owner: tuple[str, str] | None = None) -> dict:
    metadata = {"name": name, "uid": f"{kind}-{namespace}-{name}", "labels": {"team": team} if team else {"app": name}}
    if namespace:
        metadata["namespace"] = namespace
    if owner:
        metadata["ownerReferences"] = [{"kind": owner[0], "name": owner[1], "controller": True, "uid": "x", "apiVersion": "apps/v1"}]
    return {"kind": kind, "metadata": metadata, "spec": {"containers": [{"name": "main", "image": "nginx"}]} if kind == "Pod" else {}}


@pytest.fixture(scope="module")
def snap() -> Snapshot:
    return snapshot(
        named("Namespace", "shop", team="retail"), named("Namespace", "bank"), named("Node", "n1", team="platform"),
        named("Deployment", "web", "shop", team="frontend"), named("ReplicaSet", "web-1", "shop", owner=("Deployment", "web")),
        named("Pod", "web-1-a", "shop", owner=("ReplicaSet", "web-1")), named("Pod", "own", "shop", team="sre"),
        named("Pod", "bare", "shop"), named("Pod", "bare", "bank"))


@pytest.mark.parametrize(("kind", "namespace", "name", "team"), [
    ("Pod", "shop", "own", "sre"), ("Pod", "shop", "web-1-a", "frontend"), ("ReplicaSet", "shop", "web-1", "frontend"),
    ("Deployment", "shop", "web", "frontend"), ("Pod", "shop", "bare", "retail"), ("Secret", "shop", "any", "retail"),
    ("Pod", "bank", "bare", ""), ("Namespace", None, "shop", "retail"), ("Namespace", None, "bank", ""),
    ("Node", None, "n1", "platform"), ("ClusterRole", None, "shop", ""), ("Pod", "nowhere", "own", ""),
])
def test_the_nearest_label_counts(snap: Snapshot, kind: str, namespace: str | None, name: str, team: str) -> None:
    found = teams("team", snap.top_owners, **{table: snap.frame(table) for table in LABELS})
    subject = pd.DataFrame({"kind": [kind], "namespace": [namespace], "name": [name]}, dtype=STRING)
    assert teams_of(subject, found).tolist() == [team]


def test_a_label_that_nothing_has_is_refused(snap: Snapshot) -> None:
    with pytest.raises(NoSuchName, match="no label 'taem'; did you mean team"):
        auditkit.evaluate(snap, "soc2", owner_label="taem")


def test_teams_stand_in_verdicts_failures_and_findings_and_change_no_verdict(snap: Snapshot) -> None:
    from auditkit.exports.frames import TABLES
    from auditkit.reports import show
    from auditkit.reports.panels.attached import unpack

    plain, judged = (auditkit.evaluate(snap, "soc2", owner_label=label) for label in ("", "team"))
    assert plain.verdicts().equals(judged.verdicts())
    rows = pd.concat(TABLES["failures"].rows(judged))
    chosen = rows[(rows["name"] == "web-1-a") & (rows["kind"] == "Pod")]
    assert len(chosen) and set(chosen["team"]) == {"frontend"}
    files = {file["name"]: unpack(file).decode() for file in show.evidence(judged).content["files"]}
    assert "Pod,shop,web-1-a,main,Deployment web,frontend," in files["verdicts.csv"]
    assert "Pod,shop,web-1-a,Pod-shop-web-1-a,Deployment web,frontend,pods,pods" in files["objects.csv"]
    teams_said = [row["teams"] for row in show.findings(judged).content["rows"]]
    assert {"frontend", "no team"} <= {one.partition(" (")[0] for said in teams_said for one in said.split(", ")}
    assert {row["teams"] for row in show.findings(plain).content["rows"]} == {""}
