"""A level of the Pod Security Standards, tried on what is there."""

import pytest

import auditkit
from auditkit.errors import NoSuchName, UsageError
from auditkit.proof.prove import world
from auditkit.snapshots.snapshot import Snapshot

SAFE = {"allow_privilege_escalation": False, "run_as_non_root": True, "seccomp_type": "RuntimeDefault"}
DROP = {"action": "drop", "capability": "ALL"}


def decided(snap: Snapshot, level: str, **options: object) -> dict[str, str]:
    found = auditkit.policy_decisions(snap, enforce=level, **options)
    return dict(zip(found["kind"] + " " + found["name"], found["outcome"], strict=True))


def test_each_pod_has_the_outcome_of_the_level_that_it_meets(acme: Snapshot) -> None:
    """`pod_levels` says which level a pod meets; the dry run of a level denies just those below it."""
    levels = dict(zip(zip(acme.pod_levels["namespace"], acme.pod_levels["name"], strict=True), acme.pod_levels["level"], strict=True))
    for tried, allowed in (("baseline", {"baseline", "restricted"}), ("restricted", {"restricted"})):
        found = auditkit.policy_decisions(acme, enforce=tried)
        pods = found[found["kind"] == "Pod"]
        assert {(row.namespace, row.name) for row in pods.itertuples() if row.outcome == "allowed"} == {
            key for key, level in levels.items() if level in allowed}
        assert len(pods) == len(levels)


def test_a_refusal_has_the_words_of_the_plug_in() -> None:
    snap = world({"pods": [{}], "containers": [{"privileged": True, "name": "c"}]})
    assert auditkit.policy_decisions(snap, enforce="baseline")["message"].tolist() == [
        'privileged (container "c" must not set securityContext.privileged=true)']


def test_a_controller_without_pods_has_a_row_of_its_own() -> None:
    snap = world({"templates": [{"kind": "Deployment"}], "template_containers": [{"kind": "Deployment", "privileged": True}],
                  "workloads": [{"kind": "Deployment"}]})
    assert decided(snap, "baseline") == {"Deployment workload-0": "denied"}


def test_the_version_of_the_standard_decides() -> None:
    snap = world({"pods": [{}], "containers": [{**SAFE, "name": "c"}]})
    assert decided(snap, "restricted", pss_version="v1.21") == {"Pod pod-0": "allowed"}
    assert decided(snap, "restricted", pss_version="v1.22") == {"Pod pod-0": "denied"}


def test_only_objects_of_the_named_namespaces_are_decided(acme: Snapshot) -> None:
    found = auditkit.policy_decisions(acme, enforce="restricted", namespaces=["billing"])
    assert set(found["namespace"]) == {"billing"} and len(found) < len(auditkit.policy_decisions(acme, enforce="restricted"))


@pytest.mark.parametrize(("options", "error", "says"), [
    ({"enforce": "strict"}, UsageError, "^'strict' is not a level of the Pod Security Standards"),
    ({"enforce": "baseline", "policies": "x.yaml"}, UsageError, "not both at once"),
    ({"pss_version": "v1.25"}, UsageError, "needs a level to try"),
    ({"namespaces": ["biling"]}, NoSuchName, "There is no namespace 'biling'; did you mean billing"),
    ({"enforce": "baseline", "pss_version": "v1.99"}, UsageError, "v1.99")])
def test_what_cannot_be_tried_is_a_sentence(options: dict, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        auditkit.policy_decisions("demo", **options)
