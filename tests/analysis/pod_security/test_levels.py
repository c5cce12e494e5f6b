"""What namespaces ask for, which level pods meet, the checks, and that nothing passes which is not known."""

import pandas as pd
import pyarrow as pa
import pytest
from worlds import frames

from auditkit import checks, tables
from auditkit.analysis import DERIVED, derivation, inputs
from auditkit.analysis.pod_security.levels import (
    explain,
    in_force,
    namespace_levels,
    pod_levels,
    template_pod_levels,
    template_pod_security,
)
from auditkit.analysis.pod_security.rules import RULES
from auditkit.checks import pss
from auditkit.framework import library
from tests.analysis.pod_security.test_rules import PAIRS, by_pod, corpus, judged, judging, pod, template, words, world

LABEL = "pod-security.kubernetes.io/"
TABLE_OF = {"capabilities": "container_capabilities", "ports": "container_ports", "handlers": "container_handlers",
            "sysctls": "pod_sysctls"}
RESTRICTED = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}}


def namespace(name="x", **labels):
    """A namespace with Pod Security labels: ``enforce_version`` is ``enforce-version``."""
    labels = {LABEL + key.replace("_", "-"): value for key, value in labels.items()}
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def strict(**changes):
    """A pod that restricted lets pass, in which every table has a row; but for some fields of its spec."""
    container = {"name": "c", "securityContext": SAFE, "ports": [{"containerPort": 80}],
                 "livenessProbe": {"httpGet": {"port": 80}}}
    sysctl = [{"name": "kernel.shm_rmid_forced", "value": "0"}]
    spec = {"containers": [container], "volumes": [{"name": "v"}], "securityContext": {**RESTRICTED, "sysctls": sysctl}}
    return pod(**(spec | changes))


def server(version):
    return pd.DataFrame({"server_version": pd.Series([version], dtype=pd.ArrowDtype(pa.string()))})


def secured(objects):
    world = frames(objects)
    return world, by_pod(world)


# --- namespaces ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("labels", "enforce", "audit", "warn", "wrong"), [
    ({}, "privileged:latest", "privileged:latest", "privileged:latest", []),
    ({"enforce": "baseline"}, "baseline:latest", "privileged:latest", "baseline:latest", []),
    ({"enforce": "restricted", "enforce_version": "v1.25"},
     "restricted:v1.25", "privileged:latest", "restricted:v1.25", []),
    ({"enforce": "restricted", "enforce_version": "v1.25", "warn": "privileged"},
     "restricted:v1.25", "privileged:latest", "privileged:latest", []),
    ({"enforce": "restricted", "enforce_version": "v1.25", "warn_version": "v1.30"},
     "restricted:v1.25", "privileged:latest", "restricted:v1.30", []),
    ({"enforce": "privileged", "enforce_version": "v1.25"},
     "privileged:v1.25", "privileged:latest", "privileged:latest", []),
    ({"audit": "restricted", "audit_version": "latest", "warn": "baseline", "warn_version": "v1.0"},
     "privileged:latest", "restricted:latest", "baseline:v1.0", []),
    ({"enforce": "Baseline"}, "restricted:latest", "privileged:latest", "privileged:latest", ["enforce"]),
    ({"enforce": ""}, "restricted:latest", "privileged:latest", "privileged:latest", ["enforce"]),
    ({"audit": "strict", "warn": "strict", "enforce": "baseline"},
     "baseline:latest", "privileged:latest", "privileged:latest", ["audit", "warn"]),
    ({"enforce": "baseline", "enforce_version": "1.25"},
     "baseline:latest", "privileged:latest", "baseline:latest", ["enforce-version"]),
    ({"enforce": "baseline", "enforce_version": "v1.25", "warn_version": "v1.025"},
     "baseline:v1.25", "privileged:latest", "baseline:latest", ["warn-version"]),
    ({"enforce": "baseline", "enforce_version": "latestv1.1"},
     "baseline:latest", "privileged:latest", "baseline:latest", ["enforce-version"]),
])
def test_labels_of_a_namespace(labels, enforce, audit, warn, wrong):
    world = frames([namespace("other", enforce="restricted"), namespace("x", **labels), namespace("last")])
    levels = namespace_levels(world["namespaces"], world["namespace_labels"])
    assert levels["name"].tolist() == ["other", "x", "last"]
    row = levels.iloc[1]
    assert [f"{row[mode]}:{row[mode + '_version']}" for mode in ("enforce", "audit", "warn")] == [enforce, audit, warn]
    errors = [] if pd.isna(row["errors"]) else [text.partition("=")[0] for text in row["errors"].split(", ")]
    assert errors == [LABEL + key for key in wrong]


def test_what_a_namespace_has_against_its_pods():
    unmasked = {"securityContext": {**SAFE, "procMount": "Unmasked"}}
    objects = [
        namespace("x", enforce="baseline", audit="restricted", audit_version="v1.18"),
        strict(), pod("b", hostPID=True), pod("c"),
        pod("d", hostUsers=False, securityContext=RESTRICTED, containers=[{"name": "c", **unmasked}]),
        {**pod("e"), "metadata": {"name": "e", "namespace": "unlisted"}},
    ]
    world, security = secured(objects)
    levels = namespace_levels(world["namespaces"], world["namespace_labels"])
    found = pod_levels(world["pods"], security, levels, server("")).set_index("name")
    assert found["level"].to_dict() == {
        "a": "restricted", "b": "privileged", "c": "baseline", "d": "baseline", "e": "baseline"}
    assert found["enforce"].tolist()[:4] == ["", "host namespaces (hostPID=true)", "", ""]
    assert found["warn"].tolist()[:4] == found["enforce"].tolist()[:4], "warn follows enforce"
    assert found["audit"].tolist()[:4] == [
        "", 'host namespaces (hostPID=true), allowPrivilegeEscalation != false (container "c" must set '
        'securityContext.allowPrivilegeEscalation=false), runAsNonRoot != true (pod or container "c" must set '
        "securityContext.runAsNonRoot=true)",
        'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), '
        'runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)',
        'procMount (container "c" must not set securityContext.procMount to "Unmasked")']
    assert found.loc["e", ["enforce", "audit", "warn"]].isna().all(), "its namespace is not known"


def test_levels_of_workload_controllers():
    objects = [namespace("x", audit="restricted"), template(strict(), "Deployment"),
               template(pod(hostIPC=True), "CronJob"), template(pod(), "Job")]
    world = frames(objects)
    security = template_pod_security(*(world[name] for name in inputs(template_pod_security)))
    found = template_pod_levels(world["templates"], security,
                                namespace_levels(world["namespaces"], world["namespace_labels"]), server(""))
    assert dict(zip(found["kind"], found["level"], strict=True)) == {
        "Deployment": "restricted", "CronJob": "privileged", "Job": "baseline"}
    assert dict(zip(found["kind"], found["audit"] == "", strict=True)) == {
        "Deployment": True, "CronJob": False, "Job": False}


def test_a_server_of_the_user_s_own_version():
    world, security = secured([namespace("x", enforce="baseline", enforce_version="v1.36"),
                               strict(containers=[{"name": "c", "securityContext": SAFE,
                                                   "livenessProbe": {"tcpSocket": {"host": "h", "port": 1}}}])])
    levels = namespace_levels(world["namespaces"], world["namespace_labels"])
    assert pod_levels(world["pods"], security, levels, server("weird"))["level"].item() == "privileged"
    old = pod_levels(world["pods"], security, levels, server("v1.33.1"))
    assert (old["level"].item(), old["enforce"].item()) == ("restricted", "")


def test_derived_tables_are_registered_and_read_tables_that_exist():
    names = ["pod_specs", "spec_security", "pod_security", "template_pod_security", "namespace_levels", "pod_levels", "template_pod_levels"]
    for name in names:
        assert derivation(name).__name__ == name
        assert all(table in tables.TABLES or table in DERIVED for table in inputs(derivation(name)))


# --- checks --------------------------------------------------------------------------------------------------------


def resolved(framework, level, version):
    """The checks of a framework, by name, asked for a version."""
    for requirement in library.load(framework).requirements:
        for check in requirement.resolved():
            given = {"version": version, "level": level}
            yield check.with_parameters({key: given[key] for key in check.parameters if key in given})


@pytest.mark.parametrize("pair", PAIRS)
def test_the_checks_of_a_framework_together_say_what_the_plugin_says(pair):
    level, version = pair.split(":")
    said = [set() for _ in corpus()]
    for check in resolved(f"pss-{level}", level, version):
        judgement = check(*judging(world()))
        applies = judgement.applies is None or judgement.applies.all()
        assert judgement.ok.notna().all() and judgement.ok.index.equals(world()["pods"].index)
        for at, (ok, reason) in enumerate(zip(judgement.ok, judgement.reasons if applies else [], strict=applies)):
            assert ok == (reason == "")
            said[at] |= {reason} - {""}
    for case, mine in zip(corpus(), said, strict=True):
        text = words(case["expected"][pair])
        assert all(message in text for message in mine)
        assert sum(map(len, mine)) + max(2 * len(mine) - 2, 0) == len(text), (case["id"], mine, text)


def test_a_rule_that_the_version_does_not_have_speaks_of_no_pod():
    for check, last in ((pss.host_probes, "v1.33"), (pss.run_as_user, "v1.22"), (pss.privilege_escalation, "v1.7")):
        judgement = check(*judging(world()), version=last)
        assert not judgement.applies.any() and last in judgement.otherwise
        following = f"v1.{int(last[3:]) + 1}"
        assert check(*judging(world()), version=following).applies.all()


def test_restricted_keeps_proc_masked_in_user_namespaces_too():
    container = {"name": "c", "securityContext": {**SAFE, "procMount": "Unmasked"}}
    world = frames([strict(hostUsers=False, containers=[container])])
    for version, level, ok in (("latest", "baseline", True), ("latest", "restricted", False),
                               ("v1.34", "baseline", False), ("v1.34", "restricted", False)):
        assert pss.proc_mount(*judging(world), version=version, level=level).ok.item() is ok


# --- nothing passes that is not known ------------------------------------------------------------------------------


def verdicts(world):
    """For each check whether it found the first pod to keep its rule: True, False or None."""
    return {check.name: None if pd.isna(ok := check(*judging(world)).ok.iloc[0]) else bool(ok)
            for level in ("baseline", "restricted") for check in resolved(f"pss-{level}", level, "latest")}


def test_a_strict_pod_passes_every_check():
    assert set(verdicts(frames([strict()])).values()) == {True}


@pytest.mark.parametrize(("rule", "place"), [(rule, place) for rule in RULES for place in rule.known],
                         ids=lambda value: getattr(value, "id", value))
def test_a_value_that_is_not_known_is_no_pass(rule, place):
    world = frames([strict(), {**strict(), "metadata": {"name": "other", "namespace": "x"}}])
    table, column = place.split(".")
    table = TABLE_OF.get(table, table)
    frame = world[table].copy()
    assert len(frame) > 1
    frame.loc[0, column] = pd.NA
    security = by_pod({**world, table: frame})
    found = explain(world["pods"], in_force(security, level=rule.level, only=[rule.id]))
    assert (found.fillna("not known") == "").tolist() == [False, True]


@pytest.mark.parametrize("gone", ["all of them", "the regular one"])
def test_a_pod_whose_containers_are_not_known_passes_no_check_on_containers(gone):
    world = frames([strict(initContainers=[{"name": "i", "securityContext": SAFE}])])
    world["containers"] = world["containers"].query("type == 'init'") if gone == "the regular one" \
        else world["containers"].iloc[:0]
    found = verdicts(world)
    of_pods = {"pss.host_namespaces", "pss.host_path_volumes", "pss.sysctls", "pss.volume_types"}
    assert {name for name, ok in found.items() if ok} == of_pods
    levels = pod_levels(world["pods"], by_pod(world),
                        namespace_levels(world["namespaces"], world["namespace_labels"]), server(""))
    assert levels["level"].isna().all()


def test_what_is_known_to_be_wrong_fails_though_other_things_are_not_known():
    world = frames([strict(securityContext={**RESTRICTED, "runAsNonRoot": False})])
    world["containers"] = world["containers"].iloc[:0]
    found = verdicts(world)
    assert (found["pss.run_as_non_root"], found["pss.run_as_user"]) == (False, None)


@pytest.mark.parametrize(("twins", "ok"), [
    ([pod(), pod(hostPID=True)], [True, False]), ([pod(hostPID=True), pod()], [False, True]),
    ([pod(hostPID=True)] * 2, [False, False])])
def test_of_a_pod_that_is_listed_twice_the_containers_are_the_first_one_s(twins, ok):
    """What stands in the pod itself is judged for each; of the containers of the second nothing is known."""
    found = judging(frames(twins))
    assert pss.host_namespaces(*found).ok.tolist() == ok
    assert pss.privileged(*found).ok.tolist() == [True, pd.NA]


def test_columns_that_must_be_known_are_those_that_have_a_default():
    """Without a default an absent field is ``<NA>``, and says that it is not set."""
    for rule in RULES:
        for place in rule.known:
            table, _, name = place.partition(".")
            column = next(c for c in tables.table(TABLE_OF.get(table, table)).columns if c.name == name)
            assert column.absent is not None or name in ("name", "capability"), place


def test_every_check_has_what_a_report_needs():
    found = [check for name, check in checks.all_checks().items() if name.startswith("pss.")]
    assert len(found) == 18
    for check in found:
        assert check.title and check.wanted and check.remedy and check.source and "version" in check.parameters


def test_dtypes():
    texts = judged()[["namespace", "pod", "rule", "level", "message"]]
    assert set(texts.dtypes) == {pd.ArrowDtype(pa.string())}
    assert judged()["until"].dtype == pd.ArrowDtype(pa.int64()) == judged()["since"].dtype
