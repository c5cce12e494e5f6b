"""Pod Security as a real API server and the plug-in's own fixtures have it; and each pod judged for itself."""

import gzip
import json
import os
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import derived, frames

from auditkit.analysis import inputs
from auditkit.analysis.pod_security.levels import (
    LEVELS,
    NEWEST,
    explain,
    in_force,
    minor_version,
    pod_specs,
    template_pod_security,
)
from auditkit.analysis.pod_security.rules import APPARMOR_ANNOTATION
from auditkit.base.go_text import go_quoted
from auditkit.checks import pss
from auditkit.errors import UsageError

TRUTH = Path(os.environ.get("AUDITKIT_TRUTH") or Path(__file__).parents[4] / "shared" / "truth")
PAIRS = ["baseline:latest", "restricted:latest", "baseline:v1.25", "restricted:v1.25", "restricted:v1.18"]
TABLES = [name.removeprefix("all_") for name in inputs(pod_specs)]
TEMPLATES = inputs(template_pod_security)
CONTROLLERS = ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "CronJob"]
GROUPS = {"seccompProfile_baseline": "seccompProfile", "seccompProfile_restricted": "seccompProfile",
          "procMount_restricted": "procMount"}
"""The fixtures call two rules of the plug-in by what they have in common."""


def lines(path):
    return [json.loads(line) for line in gzip.open(path)]


@cache
def corpus():
    """Pods with what kube-apiserver 1.36.2 said of them, by pair of level and version."""
    return lines(Path(__file__).parents[2] / "truth" / "pss.dev.jsonl.gz")


@cache
def world():
    return frames([case["pod"] for case in corpus()])


def judging(tables):
    """What the checks read."""
    return derived(tables, "all_pods", "pod_specs", "spec_security")


def by_pod(tables):
    return derived(tables, "pod_security")[0]


@cache
def judged():
    return by_pod(world())


def words(expected):
    return "" if expected["allowed"] else expected["reasons"]


def template(pod, kind):
    """A workload controller whose pods are like this one, and are called the same."""
    inside = {"metadata": {"annotations": pod["metadata"].get("annotations")}, "spec": pod["spec"]}
    spec = {"jobTemplate": {"spec": {"template": inside}}} if kind == "CronJob" else {"template": inside}
    name = {"name": pod["metadata"]["name"], "namespace": pod["metadata"].get("namespace", "")}
    return {"kind": kind, "metadata": name, "spec": spec}


def pod(name="a", annotations=None, containers=None, **spec):
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "x", "annotations": annotations or {}},
            "spec": {"containers": containers or [{"name": "c"}], **spec}}


def said(*pods, level="baseline", version="latest", server=""):
    """What the plug-in says of pods."""
    tables = frames(pods)
    found = in_force(by_pod(tables), level=level, version=version, server=server)
    return explain(tables["pods"], found).tolist()


# --- agreement -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", PAIRS)
def test_the_words_of_the_real_plugin(pair):
    level, version = pair.split(":")
    found = explain(world()["pods"], in_force(judged(), level=level, version=version))
    wrong = [(case["id"], words(case["expected"][pair]), text)
             for case, text in zip(corpus(), found, strict=True) if words(case["expected"][pair]) != text]
    assert len(found) > 490 and wrong == []


@pytest.mark.parametrize("pair", PAIRS)
def test_templates_are_judged_like_their_pods(pair):
    level, version = pair.split(":")
    kinds = cycle(CONTROLLERS)
    tables = frames([template(case["pod"], next(kinds)) for case in corpus()])
    security = template_pod_security(*(tables[name] for name in TEMPLATES))
    found = explain(tables["templates"], in_force(security, level=level, version=version))
    by_name = dict(zip(tables["templates"]["name"], found, strict=True))
    assert by_name == {case["pod"]["metadata"]["name"]: words(case["expected"][pair]) for case in corpus()}
    assert set(security["kind"]) == set(CONTROLLERS)


@cache
def fixtures():
    """The plug-in's fixtures: (security, by level and version: pod → failing rules and, where stated, details)."""
    paths = sorted(TRUTH.glob("pss-upstream*.jsonl.gz"))
    if not paths:
        pytest.skip(f"the plug-in's own fixtures are not here: no pss-upstream*.jsonl.gz in {TRUTH}")
    cases = [case for path in paths for case in lines(path)]
    tables = frames([{**case["pod"], "metadata": {**case["pod"]["metadata"], "name": case["id"]}} for case in cases])
    wanted = {}
    for case in cases:
        expected = case["expected"]
        own = f"{expected['level']}:{expected['version']}"
        wanted.setdefault(own, {})[case["id"]] = (expected["failing_checks"], expected["details"])
        for pair, rules in expected["also"].items():
            wanted.setdefault(pair, {})[case["id"]] = (rules, None)
    return by_pod(tables), wanted


@pytest.mark.parametrize("level", LEVELS[1:])
@pytest.mark.parametrize("version", ["latest", *(f"v1.{minor}" for minor in range(NEWEST + 1))])
def test_the_fixtures_of_the_plugin(level, version):
    """They are those of an alpha of v1.37, and ``latest`` is what it was for that."""
    security, wanted = fixtures()
    found = in_force(security, level=level, version=version, server=f"v1.{NEWEST}.0-alpha.1")
    got = {}
    for name, rule, message in zip(found["pod"], found["rule"], found["message"], strict=True):
        got.setdefault(name, []).append((GROUPS.get(rule, rule), message))
    cases = wanted[f"{level}:{version}"]
    assert len(cases) > 10
    for name, (rules, details) in cases.items():
        mine = got.get(name, [])
        assert sorted(rule for rule, _ in mine) == sorted(rules), name
        if details is not None:
            assert sorted(message.partition(" (")[2][:-1] for _, message in mine) == sorted(details), name


# --- each pod for itself -------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30), st.sampled_from(PAIRS), st.integers(0, 99))
def test_neither_company_nor_order_matter(places, pair, seed):
    """Some of the pods in another order, with the rows of all tables mixed: each is judged as before."""
    places = list(dict.fromkeys(place % len(corpus()) for place in places))
    shuffled = np.random.default_rng(seed)
    tables = world() | {"pods": world()["pods"].iloc[places]}
    for name in TABLES[1:]:
        frame = world()[name]
        rank = {owner: at for at, owner in enumerate(shuffled.permutation(frame["pod"].unique().tolist()))}
        tables[name] = frame.iloc[np.argsort([rank[owner] for owner in frame["pod"]], kind="stable")]
    level, version = pair.split(":")
    found = in_force(by_pod(tables), level=level, version=version)
    assert explain(tables["pods"], found).tolist() == [words(corpus()[place]["expected"][pair]) for place in places]


def test_pods_of_one_spec_are_judged_once_and_others_each_for_itself():
    """Names of volumes that nobody minds, annotations on other things and the order of ports make no difference."""
    token = {"name": "token-x7k2p", "projected": {"sources": []}}
    path = {"name": "h", "hostPath": {"path": "/"}}
    ports = [{"containerPort": 1}, {"containerPort": 2, "protocol": "UDP"}]
    same = [pod("a", {"checksum": "1"}, volumes=[token]),
            pod("b", volumes=[{**token, "name": "token-9"}], containers=[{"name": "c", "ports": ports}])]
    others = [pod("d", containers=[{"name": "other"}]), pod("e", containers=[{"name": "c"}, {"name": "c2"}]),
              pod("f", initContainers=[{"name": "c2"}]), pod("g", volumes=[path]), pod("h", volumes=[{**path, "name": "i"}]),
              pod("i", hostUsers=False), pod("j", containers=[{"name": "c", "ports": [{"containerPort": 1, "hostPort": 1}]}]),
              pod("k", {f"{APPARMOR_ANNOTATION}c": "unconfined"}), pod("l", os={"name": "windows"}),
              pod("m", containers=[{"name": "c", "securityContext": {"capabilities": {"drop": ["ALL"]}}}]),
              pod("n", containers=[{"name": "c", "securityContext": {"capabilities": {"add": ["ALL"]}}}])]
    [specs] = derived(frames([*same, *others]), "pod_specs")
    assert specs["spec"].tolist()[0] == specs["spec"].tolist()[1]
    assert specs["spec"].nunique() == 1 + len(others)


CONTEXT = st.fixed_dictionaries({}, optional={
    "runAsNonRoot": st.booleans(),
    "runAsUser": st.sampled_from([0, 1000]),
    "allowPrivilegeEscalation": st.booleans(),
})


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(CONTEXT, st.lists(st.tuples(st.sampled_from("ire"), CONTEXT), min_size=1, max_size=4)),
                min_size=1, max_size=12), st.sampled_from([18, 22, 23, 34, 35]), st.booleans())
def test_running_as_root_said_plainly(specs, minor, host_users):
    """The rules on users and privilege escalation, written again for one pod at a time."""
    pods = []
    for at, (context, containers) in enumerate(specs):
        named = [(kind, {"name": f"c{i}", "securityContext": own}) for i, (kind, own) in enumerate(containers)]
        spec = {field: [container for kind, container in named if kind == letter] for letter, field in (
            ("i", "initContainers"), ("r", "containers"), ("e", "ephemeralContainers"))}
        spec["containers"] = [*spec["containers"], {"name": "last"}]
        pods.append(pod(f"p{at}", securityContext=context, hostUsers=host_users, **spec))
    tables = frames(pods)
    found = in_force(by_pod(tables), level="restricted", version=f"v1.{minor}")
    for thing in pods:
        rules = set(found["rule"][found["pod"] == thing["metadata"]["name"]])
        contexts = [thing["spec"]["securityContext"]]
        inside = [container.get("securityContext", {}) for field, containers in thing["spec"].items()
                  if field.lower().endswith("containers") for container in containers]
        exempt = minor >= 35 and not host_users
        explicit = any(context.get("runAsNonRoot") is False for context in contexts + inside)
        implicit = contexts[0].get("runAsNonRoot") is not True and any("runAsNonRoot" not in own for own in inside)
        root = any(context.get("runAsUser") == 0 for context in contexts + inside)
        assert ("runAsNonRoot" in rules) == ((explicit or implicit) and not exempt)
        assert ("runAsUser" in rules) == (root and minor >= 23 and not exempt)
        assert ("allowPrivilegeEscalation" in rules) == any(
            own.get("allowPrivilegeEscalation") is not False for own in inside)


def test_a_pod_and_a_template_of_one_name_in_two_namespaces_are_two():
    good, bad = pod("a"), pod("a", hostPID=True)
    bad["metadata"]["namespace"] = "y"
    assert said(good, bad) == ["", "host namespaces (hostPID=true)"]


def test_the_checks_judge_templates_without_pods():
    """A controller with pods is judged by them; what belongs to another controller is that one's matter."""
    bad = {"containers": [{"name": "c", "securityContext": {"privileged": True}}]}
    set_of = {**template(pod("old", **bad), "ReplicaSet")}
    set_of["metadata"]["ownerReferences"] = [{"kind": "Deployment", "name": "web", "controller": True, "uid": "u"}]
    running = pod("web-1")
    running["metadata"]["ownerReferences"] = [{"kind": "DaemonSet", "name": "agent", "controller": True, "uid": "v"}]
    over = pod("job-1", **bad)
    over["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "job", "controller": True, "uid": "w"}]
    over["status"] = {"phase": "Succeeded"}
    found = frames([running, over, set_of, template(pod("web", **bad), "Deployment"),
                    template(pod("agent", **bad), "DaemonSet"), template(pod("job", **bad), "Job"),
                    template(pod("good"), "CronJob")])
    pods, *security = judging(found)
    judged = dict(zip(pods["kind"] + " " + pods["name"], pss.privileged(pods, *security).ok, strict=True))
    assert judged == {"Pod web-1": True, "Pod job-1": False, "Deployment web": False, "Job job": False, "CronJob good": True}
    assert set(derived(found, "pod_security")[0]["pod"]) == {"web-1", "job-1"}


def test_controllers_of_one_name_are_told_apart_by_their_kind():
    tables = frames([template(pod(), "Deployment"), template(pod(hostIPC=True), "StatefulSet")])
    found = in_force(template_pod_security(*(tables[name] for name in TEMPLATES)), level="baseline")
    assert found[["kind", "namespace", "pod", "rule"]].values.tolist() == [["StatefulSet", "x", "a", "hostNamespaces"]]


def test_no_pods_no_violations():
    tables = frames([])
    assert in_force(by_pod(tables), level="restricted").empty


# --- versions ------------------------------------------------------------------------------------------------------


def test_versions():
    assert minor_version("v1.0") == 0
    assert minor_version("latest") == 36
    assert minor_version("v1.37") == 37
    assert minor_version("latest", server="v1.31.4-gke.100") == 31
    assert minor_version("v1.35", server="v1.31.4") == 31, "a server judges by what it knows"
    assert minor_version("v1.25", server="1.31+") == 25
    assert minor_version("latest", server="v1.99.0") == NEWEST


@pytest.mark.parametrize("version", ["", "1.25", "v1.025", "v1.25.3", "v2.0", "v1.", "Latest", "v1.25\n", "v1.٣"])
def test_no_versions(version):
    with pytest.raises(UsageError, match="not a version"):
        minor_version(version)


def test_no_level():
    with pytest.raises(UsageError, match="not a level"):
        in_force(judged(), level="strict")


def test_privileged_has_nothing_against_anybody():
    assert in_force(judged(), level="privileged").empty


def test_sysctls_of_the_alpha_are_not_yet_latest():
    sysctl = {"sysctls": [{"name": "net.ipv4.tcp_notsent_lowat", "value": "1"}]}
    assert said(pod(securityContext=sysctl)) == ["forbidden sysctls (net.ipv4.tcp_notsent_lowat)"]
    assert said(pod(securityContext=sysctl), version="v1.37") == [""]
    assert said(pod(securityContext=sysctl), version="v1.37", server="v1.36.2") != [""]


# --- what the corpora have little of -------------------------------------------------------------------------------


def test_seccomp_annotations_count_to_v1_18_for_containers_that_exist():
    prefix = "container.seccomp.security.alpha.kubernetes.io/"
    one = pod(annotations={"seccomp.security.alpha.kubernetes.io/pod": "unconfined", prefix + "c": "",
                           prefix + "gone": "unconfined", prefix + "init": "localhost/a",
                           prefix + "old": "docker/default", prefix + "new": "runtime/default"},
              initContainers=[{"name": "init"}, {"name": "old"}, {"name": "new"}])
    assert said(one, version="v1.18") == [
        f'seccompProfile (forbidden annotations {prefix}c="", seccomp.security.alpha.kubernetes.io/pod="unconfined")']
    assert said(one, version="v1.19") == [""]


def test_many_things_of_a_pod_are_listed_as_the_plugin_lists_them():
    probe = {"httpGet": {"host": "b", "port": 1}}
    ports = [{"containerPort": 1, "hostPort": 80}, {"containerPort": 2, "hostPort": 9}]
    one = pod(containers=[{"name": "z", "ports": ports, "livenessProbe": probe},
                          {"name": "y", "securityContext": {"capabilities": {"add": ["SYS_TIME", "BPF", "KILL"]}},
                           "lifecycle": {"preStop": {"tcpSocket": {"host": "a", "port": 1}}}}],
              ephemeralContainers=[{"name": "e", "securityContext": {"capabilities": {"add": ["BPF"]}}}],
              initContainers=[{"name": "i", "ports": [{"containerPort": 1, "hostPort": 80}]}])
    assert said(one) == [
        'non-default capabilities (containers "y", "e" must not include "BPF", "SYS_TIME" in '
        'securityContext.capabilities.add), hostPort (containers "i", "z" use hostPorts 80, 9), '
        'probe or lifecycle host (containers "y", "z" use probe or lifecycle hosts "a", "b")']


def test_all_that_sets_selinux_options_is_named():
    one = pod(securityContext={"seLinuxOptions": {"user": "u", "type": "container_engine_t"}},
              containers=[{"name": "c", "securityContext": {"seLinuxOptions": {"type": "spc_t", "role": "r"}}}])
    assert said(one) == ['seLinuxOptions (pod and container "c" set forbidden securityContext.seLinuxOptions: '
                         'type "spc_t"; user may not be set; role may not be set)']
    assert 'types "container_engine_t", "spc_t"; user' in said(one, version="v1.30")[0]


@pytest.mark.parametrize(("text", "quoted"), [
    ("unconfined", '"unconfined"'), ('a"b\\', r'"a\"b\\"'), ("\n\t\x00\x7f", r'"\n\t\x00\x7f"'),
    ("é\u200b\u0085", '"é\\u200b\\u0085"'), ("\U000e0001", r'"\U000e0001"'),
])
def test_annotations_are_quoted_as_go_does(text, quoted):
    assert go_quoted(text) == quoted
