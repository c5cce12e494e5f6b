"""The trace: each judged object with its UID and the table that has it, and where its table was asked for."""

import pandas as pd
import pytest

import auditkit
from auditkit.checks import find
from auditkit.exports.frames import TABLES
from auditkit.exports.trace import OBJECT, population_of, sources_of
from auditkit.snapshots.snapshot import Snapshot


@pytest.fixture(scope="module")
def found(acme: Snapshot) -> dict[str, pd.DataFrame]:
    evaluation = auditkit.evaluate(acme, "soc2")
    return {name: pd.concat(TABLES[name].rows(evaluation), ignore_index=True) for name in ("objects", "failures", "crosswalk", "verdicts")}


def test_every_object_with_a_uid_is_there_once_with_the_uid_of_its_table(acme: Snapshot, found: dict) -> None:
    objects = found["objects"]
    assert not objects.duplicated(OBJECT).any() and objects["uid"].notna().all()
    pods = objects[objects["kind"] == "Pod"].merge(acme.pods, on=["namespace", "name"], suffixes=("", "_of_pod"))
    assert len(pods) == len(acme.pods) and (pods["uid"] == pods["uid_of_pod"]).all()
    assert set(pods["table"]) == {"pods"} and set(pods["sources"]) == {"pods"}


def test_every_object_was_judged(found: dict) -> None:
    judged = set(found["verdicts"][OBJECT].fillna("").itertuples(index=False, name=None))
    assert set(found["objects"][OBJECT].fillna("").itertuples(index=False, name=None)) <= judged


def test_a_failure_leads_to_its_table_and_to_the_ledger(acme: Snapshot, found: dict) -> None:
    failures = found["failures"]
    assert set(failures["sources"].str.split(" ").explode()) <= set(acme.ledger["resource"]) | {"memberships"}, "nobody gave memberships"
    assert any(source.startswith("scan:trivy-operator:") for source in failures["sources"].str.split(" ").explode())
    chosen = failures[failures["check"] == "workloads.no_privileged_containers"]
    assert set(chosen["table"]) == {"all_containers"} and "pods" in chosen["sources"].iloc[0].split(" ")
    pods = chosen[chosen["kind"] == "Pod"]
    traced = pods.merge(found["objects"], on=OBJECT)
    assert len(traced) == len(pods) > 0 and traced["uid"].str.len().eq(36).all()


def test_sources_are_those_of_all_tables_that_a_check_reads(acme: Snapshot) -> None:
    check = find("workloads.no_privileged_containers")
    assert population_of(check) == "all_containers" and {"pods", "deployments.apps", "cronjobs.batch"} <= set(sources_of(check, acme))


def test_the_crosswalk_has_each_check_that_was_judged(found: dict) -> None:
    own = found["crosswalk"][found["crosswalk"]["framework"] == "soc2"]
    assert set(own["check"]) >= set(found["verdicts"]["check"])
