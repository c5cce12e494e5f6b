"""The policies that a cluster has, run on its own objects."""

import json

import pytest
from policy_worlds import binding, copied, policy
from recorded_world import acme as recorded

import auditkit
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.model import Answer
from auditkit.snapshots.snapshot import Snapshot
from auditkit.what_if.current import current
from auditkit.what_if.decisions import policy_decisions
from auditkit.what_if.policy_set import PolicySet

GROUP = "admissionregistration.k8s.io"
LISTS = {"policies": f"validatingadmissionpolicies.{GROUP}", "bindings": f"validatingadmissionpolicybindings.{GROUP}",
         "mutating": f"mutatingadmissionpolicies.{GROUP}", "mutating_bindings": f"mutatingadmissionpolicybindings.{GROUP}"}
PRIVILEGED = "!object.spec.?hostNetwork.orValue(false)"


def cluster(**objects: list) -> Snapshot:
    """The recorded cluster with these policies and bindings instead of its own."""
    world = recorded()
    for part, source in LISTS.items():
        world.lists[source]["items"] = [{**each, "metadata": {**each["metadata"], "uid": f"{part}/{each['metadata']['name']}"}}
                                        for each in objects.get(part, [])]
    return collect(world)


def rows(snap: Snapshot, **only: str) -> list[tuple]:
    found = auditkit.policy_decisions(snap)
    for column, value in only.items():
        found = found[found[column] == value]
    return list(found[["policy", "kind", "name", "outcome"]].itertuples(index=False, name=None))


def test_the_policies_of_a_cluster_do_what_the_same_policies_in_files_do() -> None:
    """All policies of the corpus that a cluster could have at once, each with its bindings."""
    rules = [each for each in copied()["policies"].values() if not each["policy"]["spec"].get("paramKind")]
    policies = [{**each["policy"], "metadata": {"name": each["id"]}} for each in rules]
    bindings = [{"metadata": {"name": f"{each['id']}-{bound['metadata']['name']}"},
                 "spec": {**bound["spec"], "policyName": each["id"]}} for each in rules for bound in each["bindings"]]
    snap = cluster(policies=policies, bindings=bindings)
    given = PolicySet({each["metadata"]["name"]: each for each in policies}, bindings, [], ())
    ours = policy_decisions(snap, current(snap), ["billing", "analytics"])
    assert ours.equals(policy_decisions(snap, given, ["billing", "analytics"]))
    assert set(ours["outcome"]) >= {"denied", "allowed", "unknown"} and len(policies) > 50


def test_a_policy_without_a_binding_does_nothing_and_is_named() -> None:
    snap = cluster(policies=[policy(PRIVILEGED, name="alone")])
    found = auditkit.policy_decisions(snap)
    assert len(found) == 0 and found.attrs == {"gaps": [], "notes": [
        "the policy alone has no binding: it does nothing"]}


def test_where_bindings_cannot_be_read_it_is_not_said_that_nothing_is_refused() -> None:
    world = recorded()
    world.add(LISTS["policies"], "p", spec=policy(PRIVILEGED)["spec"])
    world.raw[LISTS["bindings"]] = Answer(403, b"{}")
    found = auditkit.policy_decisions(collect(world))
    assert len(found) == 0 and any(LISTS["bindings"] in gap for gap in found.attrs["gaps"])
    assert found.attrs["notes"] == []


def test_a_policy_with_a_field_that_is_not_known_here_is_not_run() -> None:
    strange = policy(PRIVILEGED)
    strange["spec"]["matchConstraints"]["someDay"] = True
    found = auditkit.policy_decisions(cluster(policies=[strange], bindings=[binding()]))
    assert len(found) == 0
    assert found.attrs["gaps"] == ["the policy p is not one that is known here (Object contains unknown field `someDay` - "
                                   "at `$.spec.matchConstraints`): what it does is unknown"]


def test_an_expression_of_another_version_makes_unknown_and_never_allowed() -> None:
    snap = cluster(policies=[policy("newFunctionOfSomeDay(object)")], bindings=[binding()])
    assert {outcome for *_, outcome in rows(snap)} == {"unknown"}


def test_a_mutating_policy_is_shown_with_what_it_matches_and_is_not_run() -> None:
    mutating = policy(constraints={"namespaceSelector": {"matchLabels": {"team": "billing"}}},
                      matchConditions=[{"name": "named", "expression": "object.metadata.name.startsWith('billing')"}])
    mutating["spec"].pop("validations")
    mutating["spec"].update(reinvocationPolicy="Never", mutations=[{
        "patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}])
    bound = {"metadata": {"name": "b"}, "spec": {"policyName": "p"}}
    snap = cluster(mutating=[mutating], mutating_bindings=[bound])
    found = auditkit.policy_decisions(snap)
    assert set(found["outcome"]) == {"matched"} and len(found) == 2
    assert all(name.startswith("billing-api-") for name in found["name"])
    assert set(found["why"]) == {"a MutatingAdmissionPolicy, which may change the object; it is not run here"}


@pytest.mark.parametrize(("reference", "outcome"), [
    ({"name": "limits", "namespace": "billing"}, "unknown"),
    ({"name": "gone", "namespace": "billing", "parameterNotFoundAction": "Deny"}, "denied"),
    ({"name": "gone", "namespace": "billing", "parameterNotFoundAction": "Allow"}, None),
    ({"selector": {"matchLabels": {"a": "b"}}, "namespace": "billing"}, "unknown")])
def test_of_a_config_map_it_is_known_whether_it_exists_and_not_what_it_says(reference: dict, outcome: str | None) -> None:
    world = recorded()
    names = {row["object"]["metadata"]["name"] for row in world.lists["configmaps"]["rows"]
             if row["object"]["metadata"]["namespace"] == "billing"}
    reference = {**reference, **({"name": sorted(names)[0]} if reference.get("name") == "limits" else {})}
    limited = policy("params.data.allowed == 'yes'", paramKind={"apiVersion": "v1", "kind": "ConfigMap"})
    snap = cluster(policies=[limited], bindings=[binding(paramRef=reference)])
    assert {found for *_, found in rows(snap, kind="Pod")} == ({outcome} if outcome else set())


def test_parameters_of_a_kind_that_the_snapshot_holds_are_read_from_it() -> None:
    named = policy("params.metadata.name != object.metadata.namespace", paramKind={"apiVersion": "v1", "kind": "Namespace"})
    snap = cluster(policies=[named], bindings=[binding(paramRef={"name": "billing", "parameterNotFoundAction": "Deny"})])
    found = auditkit.policy_decisions(snap)
    assert set(found[found["outcome"] == "denied"]["namespace"]) == {"billing"}
    assert set(found["outcome"]) == {"denied", "allowed"}


def test_the_spec_is_kept_as_it_is_with_its_keys_in_order() -> None:
    own = policy(PRIVILEGED, variables=[{"name": "v", "expression": "'<script>'"}])
    snap = cluster(policies=[own], bindings=[binding()])
    text, = snap.admission_policy_specs["spec"]
    assert json.loads(text) == own["spec"] and text == json.dumps(own["spec"], sort_keys=True, separators=(",", ":"))
    assert snap.admission_validations["expression"].tolist() == [PRIVILEGED], "its parts are read as before"


def test_the_demo_has_policies_of_its_own() -> None:
    found = auditkit.policy_decisions("demo")
    assert found["outcome"].value_counts().to_dict() == {"allowed": 14, "warned": 4}
    assert found.attrs["notes"] == ["the policy unbound-policy has no binding: it does nothing"]
