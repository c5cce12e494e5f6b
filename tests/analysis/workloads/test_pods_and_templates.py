"""Which pod templates are judged: those that may have pods, and have none by which they are judged."""

import pytest
from worlds import derived, frames

POD = {"containers": [{"name": "c"}]}


def thing(kind, name, owner=None, uid=None, **spec):
    """A controller, or a pod; ``owner`` is (kind, name, UID)."""
    inside = {"template": {"metadata": {}, "spec": POD}, **spec}
    if kind == "CronJob":
        inside = {"jobTemplate": {"spec": {"template": inside["template"]}}}
    meta = {"name": name, "namespace": "x", "uid": uid or f"uid-of-{kind}-{name}"}
    if owner:
        meta["ownerReferences"] = [dict(zip(("kind", "name", "uid"), owner, strict=True)) | {"controller": True}]
    return {"kind": kind, "metadata": meta, "spec": inside}


def of(kind, name):
    return kind, name, f"uid-of-{kind}-{name}"


def pod(name, owner=None, phase="Running"):
    found = thing("Pod", name, owner)
    return {**found, "spec": POD, "status": {"phase": phase}}


def idle(*objects):
    [found] = derived(frames(objects), "idle_templates")
    return {f"{kind} {name}" for kind, name in zip(found["kind"], found["name"], strict=True)}


WEB = (thing("Deployment", "web", replicas=1), thing("ReplicaSet", "web-1", of("Deployment", "web"), replicas=1),
       pod("web-1-a", of("ReplicaSet", "web-1")))


def test_what_has_pods_is_judged_by_them():
    assert idle(*WEB) == set()
    assert idle(*WEB, thing("ReplicaSet", "web-0", of("Deployment", "web"), replicas=0)) == set()
    nightly = (thing("CronJob", "nightly"), thing("Job", "nightly-1", of("CronJob", "nightly")))
    assert idle(*nightly, pod("nightly-1-a", of("Job", "nightly-1"))) == set()
    assert idle(*nightly, pod("nightly-1-a", of("Job", "nightly-1"), "Succeeded")) == {"CronJob nightly"}


def test_what_has_none_is_judged_as_it_is_written():
    scaled = (thing("Deployment", "web", replicas=0), thing("ReplicaSet", "web-1", of("Deployment", "web"), replicas=0))
    assert idle(*scaled) == {"Deployment web"}
    assert idle(thing("DaemonSet", "agent"), thing("CronJob", "nightly"), thing("Job", "once")) == {
        "DaemonSet agent", "CronJob nightly", "Job once"}


@pytest.mark.parametrize("owner", [
    of("Deployment", "web"), of("CronJob", "evil"), ("Deployment", "gone", "u"), ("Operator", "op", "u"),
])
def test_nobody_but_a_cron_job_s_job_and_a_deployment_s_set_is_somebody_else_s_matter(owner):
    assert "CronJob evil" in idle(*WEB, thing("CronJob", "evil", owner))
    assert "Deployment mine" in idle(*WEB, thing("Deployment", "mine", owner, replicas=0))


@pytest.mark.parametrize("owner", [("Deployment", "gone", "u"), ("Deployment", "web", "another"), ("Rollout", "web", "u")])
def test_a_set_whose_deployment_is_not_there_stands_for_itself(owner):
    assert idle(*WEB, thing("ReplicaSet", "lost", owner, replicas=0)) == {"ReplicaSet lost"}


def test_pods_of_another_of_the_name_are_not_its_own():
    """A StatefulSet of another API group has the same kind, and may have the same name."""
    assert idle(thing("StatefulSet", "db"), pod("db-0", ("StatefulSet", "db", "another"))) == {"StatefulSet db"}


def test_a_set_that_wants_pods_and_has_none_is_judged():
    stuck = thing("ReplicaSet", "web-2", of("Deployment", "web"), replicas=1)
    assert idle(*WEB, stuck) == {"ReplicaSet web-2"}
    waits = thing("Job", "nightly-2", of("CronJob", "nightly"), suspend=True)
    assert idle(thing("CronJob", "nightly"), waits) == {"CronJob nightly", "Job nightly-2"}


def test_what_can_have_no_pods_any_more_is_not_judged():
    rollout = ("Rollout", "shop", "r")
    assert idle(thing("ReplicaSet", "shop-1", rollout, replicas=0), thing("ReplicaSet", "shop-2", rollout, replicas=1),
                pod("shop-2-a", of("ReplicaSet", "shop-2"))) == set()
    assert idle({**thing("Job", "once"), "status": {"completionTime": "2026-01-01T00:00:00Z"}}) == set()


@pytest.mark.parametrize(("condition", "status", "over"), [
    ("Complete", "True", True), ("Failed", "True", True), ("Failed", "False", False), ("Suspended", "True", False),
    ("FailureTarget", "True", False)])
def test_a_job_that_is_over_makes_no_more_pods(condition, status, over):
    job = {**thing("Job", "once"), "status": {"conditions": [{"type": condition, "status": status}]}}
    assert idle(job, pod("once-a", of("Job", "once"), "Failed")) == (set() if over else {"Job once"})


def test_without_uids_names_tell():
    files = [{**each, "metadata": {key: value for key, value in each["metadata"].items() if key != "uid"}} for each in WEB]
    assert idle(*files) == set()


def _rollout(kind, status, **spec):
    """A controller with a pod, and what its status says of the roll-out."""
    controller = thing(kind, "web", **spec)
    controller["metadata"]["generation"] = 2
    owner = of(kind, "web")
    between = ()
    if kind == "Deployment":
        between = (thing("ReplicaSet", "web-1", owner, replicas=1),)
        owner = of("ReplicaSet", "web-1")
    return (controller | {"status": status}, *between, pod("web-1-a", owner))


DONE = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1}
EVERY_NODE = {"observedGeneration": 2, "currentNumberScheduled": 1, "updatedNumberScheduled": 1}
ON_DELETE = {"type": "OnDelete"}
PARTED = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}


@pytest.mark.parametrize(("kind", "status", "spec", "waits"), [
    ("Deployment", DONE, {"replicas": 1}, False),
    ("Deployment", DONE, {"replicas": 1, "paused": True}, False),
    ("Deployment", DONE | {"updatedReplicas": None}, {"replicas": 1, "paused": True}, True),
    ("Deployment", {}, {"replicas": 1, "paused": True}, True),
    ("Deployment", {}, {"replicas": 1}, False),
    ("Deployment", DONE, {"replicas": 2}, False),  # one more pod is wanted, and all are of the template
    ("Deployment", DONE | {"replicas": 3}, {"replicas": 2}, False),  # under way, with a pod of the new template
    ("Deployment", DONE | {"observedGeneration": 1}, {"replicas": 1}, True),
    ("DaemonSet", EVERY_NODE, {"updateStrategy": ON_DELETE}, False),
    ("DaemonSet", EVERY_NODE | {"updatedNumberScheduled": None}, {"updateStrategy": ON_DELETE}, True),
    ("DaemonSet", {}, {"updateStrategy": ON_DELETE}, True),
    ("DaemonSet", {}, {}, False),
    ("StatefulSet", DONE, {"replicas": 1, "updateStrategy": PARTED}, False),
    ("StatefulSet", DONE | {"updatedReplicas": 0}, {"replicas": 1, "updateStrategy": PARTED}, True),
    ("StatefulSet", {}, {"replicas": 1, "updateStrategy": PARTED}, True),
    ("StatefulSet", {}, {"replicas": 1, "updateStrategy": ON_DELETE}, True),
])
def test_what_waits_to_be_rolled_out_is_judged_beside_the_pods(kind, status, spec, waits):
    assert idle(*_rollout(kind, status, **spec)) == ({f"{kind} web"} if waits else set())
