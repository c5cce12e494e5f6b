"""Admission: to be there is not to act. Policies, webhooks and plug-ins count for what they refuse."""

import pytest
from network_worlds import namespace, verdicts
from worlds import frames

from auditkit.analysis import derivation, inputs
from auditkit.checks import find
from auditkit.evaluation.engine import run
from auditkit.proof.prove import world

PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}
SPACES = [namespace("prod", **{"kubernetes.io/metadata.name": "prod", "team": "a"}), namespace("test", team="b")]


def policy(name: str = "p", rules: dict | None = None, **spec: object) -> dict:
    match = {"resourceRules": [rules or PODS], **spec.pop("match", {})}
    return {"kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": {
        "matchConstraints": match, "validations": [{"expression": "object.spec.x == 1"}], **spec}}


def binding(name: str = "b", policy: str = "p", **spec: object) -> dict:
    return {"kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": name},
            "spec": {"policyName": policy, "validationActions": ["Deny"], **spec}}


def matching(**resources: object) -> dict:
    return {"matchResources": resources}


def in_space(**labels: str) -> dict:
    return {"namespaceSelector": {"matchLabels": labels}}


MAP = {"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}}
LIMITS = {"kind": "ConfigMap", "metadata": {"name": "limits", "namespace": "prod"}}
NODES = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["nodes"]}
DEPLOYMENTS = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["deployments"]}

WIDGETS = PODS | {"apiGroups": ["example.com"], "resources": ["widgets"]}
SERVED = {"kind": "APIService", "metadata": {"name": "v1.example.com"}, "spec": {"group": "example.com", "version": "v1"}}


def param(action: str | None, name: str = "limits", space: str | None = "prod", **more: object) -> dict:
    return {"paramRef": {"name": name, "namespace": space, "parameterNotFoundAction": action, **more}}


@pytest.mark.parametrize(("objects", "verdict"), [
    ([policy(), binding()], "pass"),
    ([policy()], "fail"),
    ([policy(), binding(policy="other")], "fail"),
    ([policy(), binding(validationActions=["Audit", "Warn"])], "fail"),
    ([policy(failurePolicy="Ignore"), binding()], "fail"),
    # where
    ([policy(), binding(**matching(**in_space(team="a")))], "pass"),
    ([policy(), binding(**matching(**in_space(team="c")))], "fail"),
    ([policy(match=in_space(team="c")), binding()], "fail"),
    ([policy(match=in_space(team="a")), binding(**matching(**in_space(team="b")))], "fail"),
    ([policy(rules=NODES), binding(**matching(**in_space(team="c")))], "unknown"),
    ([policy(), binding(**matching(**in_space(team="c"))), binding("b2")], "pass"),
    # what is left out
    ([policy(), binding(**matching(objectSelector={"matchLabels": {"a": "b"}}))], "unknown"),
    ([policy(), binding(**matching(objectSelector={}))], "pass"),
    ([policy(match={"objectSelector": {"matchLabels": {"a": "b"}}}), binding()], "unknown"),
    ([policy(match={"excludeResourceRules": [PODS]}), binding()], "unknown"),
    ([policy(), binding(**matching(excludeResourceRules=[PODS]))], "unknown"),
    ([policy(matchConditions=[{"name": "x", "expression": "false"}]), binding()], "unknown"),
    ([policy(), binding(**matching(resourceRules=[PODS]))], "pass"),
    ([policy(), binding(**matching(resourceRules=[DEPLOYMENTS]))], "fail"),
    ([policy(validations=[]), binding()], "fail"),
    ([policy(validations=[{"expression": " true "}]), binding()], "fail"),
    # what there is not
    ([policy(rules=PODS | {"resources": ["pod"]}), binding()], "unknown"),
    ([policy(rules=DEPLOYMENTS | {"apiGroups": [""]}), binding()], "unknown"),
    ([policy(rules=DEPLOYMENTS | {"apiGroups": ["apps/v1"]}), binding()], "fail"),
    ([policy(rules=PODS | {"scope": "Cluster"}), binding()], "unknown"),
    ([policy(rules=PODS | {"operations": ["CONNECT"], "resources": ["pods/exec"]}), binding()], "pass"),
    ([policy(rules=PODS | {"apiGroups": ["*"], "resources": ["*"]}), binding()], "pass"),
    ([policy(rules=PODS | {"apiGroups": ["batch", "apps"], "resources": ["jobs", "deployments"]}), binding()], "pass"),
    ([policy(rules=WIDGETS), binding(), SERVED], "pass"), ([policy(rules=WIDGETS), binding()], "fail"),
    ([policy(rules=WIDGETS | {"apiGroups": ["example.com", "apps"], "resources": ["*"]}), binding()], "pass"),
    # parameters
    ([policy(**MAP), binding(**param("Allow"))], "fail"),
    ([policy(**MAP), binding(**param("Deny"))], "pass"),
    ([policy(**MAP), binding(**param("Allow")), LIMITS], "pass"),
    ([policy(**MAP), binding(**param("Allow", space="test")), LIMITS], "fail"),
    ([policy(**MAP), binding(**param("Allow", space=None)), LIMITS], "unknown"),
    ([policy(**MAP), binding(**param("Allow", space=None), **matching(**in_space(team="a"))), LIMITS], "pass"),
    ([policy(**MAP), binding(**param("Allow", name=None, selector={})), LIMITS], "unknown"),
    ([policy(**MAP), binding()], "unknown"),
    ([policy(paramKind={"apiVersion": "x.example/v1", "kind": "Limit"}), binding(**param("Allow"))], "unknown"),
])
def test_a_policy_counts_where_its_binding_acts(objects, verdict):
    assert verdicts("admission.validating_policies_enforced", [*SPACES, *objects]) == {"p": verdict}


# --- images --------------------------------------------------------------------------------------------------------------

EPHEMERAL = PODS | {"operations": ["UPDATE"], "resources": ["pods/ephemeralcontainers"]}
SERVICE = {"kind": "Service", "metadata": {"name": "hook", "namespace": "s"}, "spec": {
    "selector": {"app": "hook"}, "ports": [{"port": 443}]}}


def hook(*, ready: str = "True") -> list[dict]:
    pod = {"kind": "Pod", "metadata": {"name": "hook-1", "namespace": "s", "labels": {"app": "hook"}},
           "spec": {"containers": [{"name": "c"}]},
           "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}}
    return [SERVICE, pod]


def sigstore(*rules: dict, **more: object) -> dict:
    return {"kind": more.pop("kind", "ValidatingWebhookConfiguration"), "metadata": {"name": "policy.sigstore.dev"},
            "webhooks": [{"name": "policy.sigstore.dev", "rules": list(rules) or [PODS, EPHEMERAL],
                          "clientConfig": {"service": {"name": "hook", "namespace": "s"}}} | more]}


def images(mode: str | None = "enforce", glob: str = "**", *, action: str | None = None, **spec: object) -> dict:
    authority = {"static": {"action": action}} if action else {"key": {"secretRef": {"name": "k"}}}
    return {"kind": "ClusterImagePolicy", "metadata": {"name": f"{mode}-{glob}-{action}"},
            "spec": {"mode": mode, "images": [{"glob": glob}], "authorities": [authority], **spec}}


def provenance(*objects: dict) -> str:
    """The verdict on the namespace prod, with an API server without flags."""
    check, tables = find("admission.image_provenance_policy"), frames([*SPACES, *objects])
    tables |= {name: world({"kube-apiserver": []}).frame(name) for name in ("control_plane", "control_plane_flags")}

    def derive(name: str):
        if name not in tables:
            tables[name] = derivation(name)(*map(derive, inputs(derivation(name))))
        return tables[name]

    found = check(*map(derive, check.tables)).ok.iloc[0]
    return {True: "pass", False: "fail"}.get(found, "unknown")


@pytest.mark.parametrize(("objects", "verdict"), [
    ([sigstore(), *hook(), images()], "pass"),
    ([sigstore(), *hook(), images(None)], "pass"),
    ([sigstore(), *hook(), images("warn")], "fail"),
    ([sigstore(), *hook(), images(action="pass")], "fail"),
    ([sigstore(), *hook(), images("warn"), images()], "pass"),
    ([sigstore(), *hook(), images(action="fail")], "pass"),
    ([sigstore(), *hook()], "unknown"),
    ([sigstore(), *hook(), images(glob="ghcr.io/acme/**")], "unknown"),
    ([sigstore(), *hook(), images(match=[{"group": "apps", "resource": "deployments"}])], "unknown"),
    ([sigstore(), *hook(ready="False"), images()], "unknown"),
    ([sigstore(), images()], "unknown"),
    ([sigstore(failurePolicy="Ignore"), *hook(), images()], "unknown"),
    ([sigstore(PODS), *hook(), images()], "unknown"),
    ([sigstore(PODS | {"operations": ["CREATE"]}, EPHEMERAL), *hook(), images()], "unknown"),
    ([sigstore(PODS | {"apiVersions": ["v2"]}), *hook(), images()], "fail"),
    ([sigstore(matchConditions=[{"name": "x", "expression": "false"}]), *hook(), images()], "unknown"),
    ([sigstore(objectSelector={"matchLabels": {"signed": "yes"}}), *hook(), images()], "unknown"),
    ([sigstore(namespaceSelector={"matchLabels": {"team": "b"}}), *hook(), images()], "fail"),
    ([sigstore(kind="MutatingWebhookConfiguration"), *hook(), images()], "unknown"),
    ([images()], "fail"),
])
def test_images_are_verified_where_a_policy_refuses_them(objects, verdict):
    assert provenance(*objects) == verdict


# --- plug-ins ------------------------------------------------------------------------------------------------------------

ENFORCED = {"namespaces": [{}], "namespace_labels": [{"key": "pod-security.kubernetes.io/enforce", "value": "baseline"}]}
QUOTA = {"namespaces": [{}], "resource_quotas": [{"resource": "pods", "hard": "9"}]}
LIMIT = {"namespaces": [{}], "limit_ranges": [{"type": "Container", "has_max": True}]}


def verdict(name: str, tables: dict, *flags: str) -> str:
    counts = run(find(name), world(tables | {"kube-apiserver": list(flags)})).counts
    return next(word for word, count in counts.items() if count)


@pytest.mark.parametrize(("name", "tables", "plugin"), [
    ("admission.pod_security_enforced", ENFORCED, "PodSecurity"), ("quotas.namespaces_have_quota", QUOTA, "ResourceQuota"),
    ("quotas.namespaces_have_limit_range", LIMIT, "LimitRanger"),
])
def test_what_a_plug_in_enforces_is_enforced_where_it_is_on(name, tables, plugin):
    assert verdict(name, tables) == "pass"
    assert verdict(name, tables, f"--disable-admission-plugins=X,{plugin}") == "fail"
    assert verdict(name, tables, "--disable-admission-plugins=X") == "pass"
    assert verdict(name, tables, "--admission-control=NodeRestriction") == "fail"
    assert verdict(name, tables, "--disable-admission-plugins=$(PLUGINS)") == "unknown"


def test_a_file_of_the_api_server_may_hold_exemptions():
    file = "--admission-control-config-file=/etc/k/admission.yaml"
    assert verdict("admission.pod_security_enforced", ENFORCED, file) == "unknown"
    open_ = ENFORCED | {"namespace_labels": [{"key": "pod-security.kubernetes.io/enforce", "value": "privileged"}]}
    assert verdict("admission.pod_security_enforced", open_, file) == "fail"
    off = "--disable-admission-plugins=PodSecurity"
    assert verdict("admission.pod_security_enforced", ENFORCED, file, off) == "fail"
    assert verdict("admission.pod_security_enforced", {"namespaces": [{}]}, file) == "unknown"


@pytest.mark.parametrize(("version", "gates", "expected"), [
    ("v1.21.4", None, "fail"), ("v1.22.4", None, "fail"), ("v1.22.4", "A=true,PodSecurity=true", "pass"),
    ("v1.23.0", None, "pass"), ("v1.24.9", "PodSecurity=false", "fail"), ("v1.36.0", None, "pass"),
])
def test_an_api_server_without_pod_security_admission_enforces_no_label(version, gates, expected):
    flags = [{"component": "kube-apiserver", "flag": "feature-gates", "value": gates}] if gates else []
    server = {"component": "kube-apiserver", "image": f"registry.k8s.io/kube-apiserver:{version}"}
    tables = ENFORCED | {"control_plane": [server], "control_plane_flags": flags}
    counts = run(find("admission.pod_security_enforced"), world(tables)).counts
    assert [word for word, count in counts.items() if count] == [expected]


@pytest.mark.parametrize(("version", "expected"), [("v1.20.7-eks-1", "fail"), ("v1.31.0-eks-1", "pass"), (None, "pass")])
def test_a_server_that_is_not_seen_may_tell_that_it_is_too_old_for_the_label(version, expected):
    tables = ENFORCED | {"collection": [{"server_version": version}]}
    counts = run(find("admission.pod_security_enforced"), world(tables)).counts
    assert [word for word, count in counts.items() if count] == [expected]


@pytest.mark.parametrize("scope", [{"scopes_count": 1}, {"has_scope_selector": True}])
def test_a_quota_for_some_scopes_leaves_the_other_pods_out(scope):
    quota = {"resource": "pods", "hard": "9"}
    assert verdict("quotas.namespaces_have_quota", {"namespaces": [{}], "resource_quotas": [quota | scope]}) == "unknown"
    both = [quota | scope, quota | {"name": "all"}]
    assert verdict("quotas.namespaces_have_quota", {"namespaces": [{}], "resource_quotas": both}) == "pass"
