"""Objects put together from the tables of a snapshot: what is known of them is so, and the rest is unknown."""

from collections import Counter

import pytest
from policy_worlds import copied, policy
from recorded_world import acme as recorded

from auditkit.admission import decide
from auditkit.admission.cel.partial import Partial
from auditkit.admission.cel.values import Unknown
from auditkit.snapshots.snapshot import Snapshot
from auditkit.what_if.decisions import _known, _request
from auditkit.what_if.objects import objects
from auditkit.what_if.policy_set import PolicySet

EACH = 5
"""Every so many objects of a kind are looked at in the short test."""


def compared(snapshot: Snapshot, every: int) -> tuple[list, Counter]:
    """What is decided of an object of the snapshot, and of the whole object: where they differ, and how many."""
    world, corpus = recorded(), copied()
    context = {**_known(snapshot), "params": corpus["context"]["params"],
               "crds": corpus["context"]["crds"]}
    wrong, counts = [], Counter()
    for at, found in enumerate(objects(snapshot)):
        whole = next((each for each in world.items(found.resource.name) if at % every == 0
                      and each["metadata"]["name"] == found.name
                      and each["metadata"].get("namespace", "") == found.namespace), None)
        if whole:
            asked = _request(found, context)
            known = {**asked, "object": {**whole, "kind": found.resource.kind, "apiVersion": found.api_version}}
            for rules in corpus["policies"].values():
                ours, theirs = (decide(rules["policy"], rules["bindings"], each, context) for each in (asked, known))
                counts[found.resource.name, ours.outcome] += 1
                if ours.outcome != "unknown" and (ours.outcome != theirs.outcome or
                                                  ours.message not in (None, theirs.message)):
                    wrong.append((rules["id"], found.name, ours, theirs))
    return wrong, counts


def test_what_is_decided_of_some_objects_is_what_the_whole_objects_give(acme: Snapshot) -> None:
    wrong, counts = compared(acme, EACH)
    assert wrong == []
    assert counts["pods", "denied"] > 100 and counts["deployments.apps", "denied"] > 10


@pytest.mark.slow
def test_what_is_decided_of_all_objects_is_what_the_whole_objects_give(acme: Snapshot) -> None:
    wrong, counts = compared(acme, 1)
    assert wrong == []
    pods = {outcome: counts["pods", outcome] for outcome in ("allowed", "denied", "unknown")}
    assert pods["unknown"] <= 0.2 * sum(pods.values())


@pytest.fixture(scope="module")
def pod(acme: Snapshot) -> Partial:
    return next(each.thing for each in objects(acme, ["pods"]) if each.name == "adhoc-debug")


def test_what_a_table_has_is_known(pod: Partial) -> None:
    assert pod["kind"] == "Pod" and pod["metadata"]["namespace"] == "analytics"
    assert pod["spec"]["hostNetwork"] is True
    assert [each["image"] for each in pod["spec"]["containers"]]


def test_what_no_table_has_is_unknown_with_its_path(pod: Partial) -> None:
    with pytest.raises(Unknown, match=r"^object\.spec\.containers\[0\]\.command, which is not known$"):
        pod["spec"]["containers"][0]["command"]
    with pytest.raises(Unknown, match=r"^all fields of object\.spec$"):
        len(pod["spec"])


@pytest.mark.parametrize(("expression", "outcome"), [
    ("object.spec.?hostPID.orValue(false) == false", "allowed"), ("!has(object.spec.hostPID)", "allowed"),
    ("object.spec.containers.all(c, c.?securityContext.?privileged.orValue(false) in [true, false])", "allowed"),
    ("object.spec.containers.all(c, has(c.securityContext.readOnlyRootFilesystem))", "unknown"),
    ("object.spec.containers[0].command == []", "unknown"), ("object.spec.nope == 1", "unknown"),
    ("object.spec.nope == 1 || object.kind == 'Pod'", "allowed"), ("object == object", "unknown"),
    ("request.operation == 'CREATE' && !has(request.subResource)", "allowed"),
    ("request.userInfo.username == 'x'", "unknown"), ("namespaceObject.metadata.labels.team == 'data'", "allowed"),
    ("namespaceObject.spec == null", "unknown"), ("oldObject == null", "allowed")])
def test_an_expression_is_decided_where_all_that_matters_of_it_is_known(acme: Snapshot, expression: str,
                                                                        outcome: str) -> None:
    context = _known(acme)
    found = next(each for each in objects(acme, ["pods"]) if each.name == "adhoc-debug")
    whole = policy(expression)
    bound = PolicySet({"p": whole}, [], []).bindings_of("p")
    assert decide(whole, bound, _request(found, context), context).outcome == outcome
