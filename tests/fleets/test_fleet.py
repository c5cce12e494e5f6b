"""A fleet: what is asked of many clusters and days is what each of them says, with its cluster and time."""

import datetime as dt
import warnings
from pathlib import Path

import pandas as pd
import pytest
from fleet_worlds import DAY, PLACES, member, rules, several

import auditkit
from auditkit.errors import GapWarning, NoSuchName, SnapshotError, UsageError
from auditkit.fleets.fleet import Fleet


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("fleet")
    rules(folder)
    several(folder / "store")
    return folder / "store"


@pytest.fixture(scope="module")
def fleet(store: Path) -> Fleet:
    return auditkit.fleet(store, "wards", environments=PLACES, controls=store.parent / "rules")


def test_every_frame_has_the_cluster_and_the_time_of_each_row(fleet: Fleet) -> None:
    assert list(fleet.pods)[:2] == ["cluster", "taken"]
    found = fleet.pods.groupby("cluster").size().to_dict()
    assert found == {"dev-eu": 1, "lab": 1, "prod-eu": 1, "prod-us": 2, "staging-eu": 1}
    assert set(fleet.pods["taken"]) == {pd.Timestamp(2026, 11, day, 12, tz="UTC") for day in (21, 22)}
    assert set(fleet.ledger["cluster"]) == set(found) and list(fleet.ledger).count("cluster") == 1
    assert len(fleet.top_owners) == len(fleet.pods)  # derived tables too


def test_requirements_and_verdicts_are_those_of_each_snapshot(fleet: Fleet) -> None:
    found = fleet.requirements.set_index(["cluster", "taken", "requirement"])["status"].unstack()
    assert found["A1"].tolist() == ["pass", "pass", "fail", "fail", "pass", "unknown"]
    assert set(found["A3"]) == {"manual"} and set(fleet.requirements["framework"]) == {"wards"}
    failing = fleet.verdicts[fleet.verdicts["verdict"] == "fail"]
    assert failing[["cluster", "name", "requirement"]].values.tolist() == [["prod-eu", "web", "A1"], ["prod-us", "web", "A1"]]


def test_what_a_scope_leaves_out_is_told_with_the_clusters(store: Path, fleet: Fleet, tmp_path: Path) -> None:
    assert fleet.scoped == []
    (tmp_path / "scope.yaml").write_text(
        "scope:\n  system: Wards\n  decided_by: Jane Roe\n  decided_on: 2026-01-01\n  period: {from: 2026-01-01, until: 2026-12-31}\n"
        "  exclude:\n  - {subjects: [{kind: Pod}], reason: Examined apart.}\n")
    [said] = auditkit.fleet(store, "wards", controls=store.parent / "rules", scope=tmp_path / "scope.yaml",
                            clusters=["dev-eu", "prod-eu"]).scoped
    assert said.startswith("Scope of dev-eu by wards, prod-eu by wards: Wards, for the period from ")
    assert "Outside the scope, without a verdict: 1 subject" in said


def test_what_is_missing_in_one_cluster_is_told_with_its_name(fleet: Fleet) -> None:
    [gap] = fleet.pods.attrs["gaps"]
    assert gap.endswith("(staging-eu)") and "pods" in gap
    assert fleet.nodes.attrs["gaps"] == []


def test_sql_is_over_all_clusters_and_days(fleet: Fleet) -> None:
    query = "select cluster, count(*) as pods, count(distinct taken) as days from pods group by 1 order by 1"
    with pytest.warns(GapWarning, match="staging-eu"):
        found = fleet.sql(query)
    assert found.values.tolist() == [["dev-eu", 1, 1], ["lab", 1, 1], ["prod-eu", 1, 1], ["prod-us", 2, 2], ["staging-eu", 1, 1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        judged = fleet.sql("select cluster from requirements where requirement = 'A1' and status = 'fail' "
                           "and taken >= '2026-11-22' order by 1")
    assert judged["cluster"].tolist() == ["prod-eu"]


@pytest.mark.parametrize("query", ["delete from pods", "copy pods to 'x.csv'", "select * from read_csv('/etc/passwd')", "sele"])
def test_sql_only_reads_tables_of_the_fleet(fleet: Fleet, query: str) -> None:
    with pytest.raises(UsageError):
        fleet.sql(query)


def test_one_row_a_cluster_says_how_its_last_snapshot_stands(fleet: Fleet) -> None:
    found = fleet.clusters.set_index("cluster")
    assert found.index[0] == "prod-eu", "the worst is first"
    assert found["wards fail"].to_dict() == {"prod-eu": 1, "dev-eu": 0, "lab": 0, "prod-us": 0, "staging-eu": 0}
    assert found["wards unknown"]["staging-eu"] > found["wards unknown"]["dev-eu"]
    assert found["snapshots"]["prod-us"] == 2 and found["environment"].to_dict()["lab"] == ""


def test_what_differs_between_clusters_that_should_be_alike(fleet: Fleet) -> None:
    found = fleet.differences.set_index("environment")
    assert found.loc["prod", ["requirement", "statuses"]].tolist() == ["A1", "fail: prod-eu; pass: prod-us"]
    assert set(found.index) == {"prod"}


def test_drift_is_told_in_the_order_of_promotion(fleet: Fleet) -> None:
    [row] = fleet.drift.loc[fleet.drift["requirement"] == "A1"].to_dict("records")
    assert (row["dev"], row["staging"], row["prod"]) == ("pass", "unknown", "fail")
    assert row["drift"] == "not known in staging; not known in staging"


def test_a_label_names_the_environment_where_no_pattern_does(tmp_path: Path) -> None:
    member(tmp_path / "store", "a", label="dev")
    member(tmp_path / "store", "b", label="prod", privileged=True)
    member(tmp_path / "store", "c")
    found = auditkit.fleet(tmp_path / "store", "wards", environments=["dev", "prod"], controls=rules(tmp_path))
    assert found.environments == {"a": "dev", "b": "prod", "c": ""}
    assert found.drift[["requirement", "drift"]].values.tolist() == [["A1", "worse in prod than in dev"]]


def test_a_renamed_cluster_stays_one_and_a_rebuilt_one_is_another(tmp_path: Path) -> None:
    store = tmp_path / "store"
    member(store, "old-name", uid="11111111-1", day=DAY - dt.timedelta(days=1))
    member(store, "eu", uid="11111111-1")
    member(store, "eu", uid="22222222-2", day=DAY + dt.timedelta(days=1))
    found = auditkit.fleet(store, "wards", controls=rules(tmp_path))
    assert found.clusters.set_index("cluster")["snapshots"].to_dict() == {"eu (11111111)": 2, "eu (22222222)": 1}


def test_a_snapshot_that_was_altered_is_told_and_does_not_count(tmp_path: Path) -> None:
    store = tmp_path / "store"
    member(store, "a")
    broken = member(store, "b")
    (broken / "manifest.json").write_bytes((broken / "manifest.json").read_bytes() + b" ")
    found = auditkit.fleet(store, "wards", controls=rules(tmp_path))
    assert list(found.clusters["cluster"]) == ["a"] and "changed after collection" in found.broken[0]
    assert any("changed after collection" in gap for gap in found.pods.attrs["gaps"])


def test_clusters_and_days_can_be_chosen(store: Path) -> None:
    how = {"frameworks": "wards", "controls": store.parent / "rules"}
    assert set(auditkit.fleet(store, clusters=["lab", "uid-of-dev-eu"], **how).clusters["cluster"]) == {"lab", "dev-eu"}
    assert len(auditkit.fleet(store, end="2026-11-21", **how).members) == 1
    with pytest.raises(NoSuchName, match="did you mean lab"):
        auditkit.fleet(store, clusters="labb", **how)
    with pytest.raises(UsageError, match="no snapshot from 2027"):
        auditkit.fleet(store, start="2027-01-01", **how)


@pytest.mark.parametrize(("given", "says"), [
    (["dev="], "NAME=PATTERN"), (["=x"], "NAME=PATTERN"), (["a", "a=b"], "given twice"), (["title=x"], "cannot be called")])
def test_a_mistake_in_environments_is_a_sentence(store: Path, given: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        auditkit.fleet(store, "wards", environments=given, controls=store.parent / "rules")


def test_names_that_do_not_exist_are_told(fleet: Fleet, tmp_path: Path) -> None:
    with pytest.raises(AttributeError, match="did you mean pods"):
        _ = fleet.podz
    with pytest.raises(NoSuchName, match="framework"):
        auditkit.fleet(tmp_path, "wardz")
    with pytest.raises(SnapshotError, match="no snapshots"):
        auditkit.fleet(tmp_path, "soc2")
