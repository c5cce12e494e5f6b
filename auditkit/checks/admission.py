"""Admission: what refuses unsafe pods and images, and whether it can be bypassed."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, has, named
from auditkit.analysis.pod_security.levels import ENFORCE
from auditkit.analysis.workloads.admission_bindings import in_served_group
from auditkit.checks.api_server import API_SERVER, plugin_on
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support.flags import Flags
from auditkit.checks.support.values import lists

SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
OF_KUBERNETES = "a namespace of Kubernetes itself"
NO_NAMESPACE = "every cluster has namespaces, yet none is visible"

NO_POD_SECURITY = "the API server has no Pod Security admission, or it is off"

NOT_SERVED = "its policy covers only API groups or versions that the server does not serve"

SIGSTORE = "policy.sigstore.dev"
"""The webhook of Sigstore's policy controller, whose policies are read. What others verify (Connaisseur, Portieris,
Ratify, Kyverno) is in settings that are not read."""

_POD_SECURITY_SINCE, _POD_SECURITY_ALWAYS = 23, 25
"""Minor versions of Kubernetes: Pod Security admission is on by default; it can no longer be switched off by a gate."""

_OF_NAMESPACE = {"name": "namespace"}


@check(
    severity="high", if_empty=NO_NAMESPACE, finding="admits privileged pods",
    wanted=f"label {ENFORCE}: baseline or restricted",
    remedy=f"Label the namespace {ENFORCE}=baseline or restricted. Try the level with warn and audit first, to see "
           "which pods it would refuse.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.1; Kubernetes documentation: Pod Security admission",
    needs=("webhook_namespaces", "pod_policies", "api_servers"),
)
def pod_security_enforced(namespaces: pd.DataFrame, namespace_levels: pd.DataFrame, namespace_labels: pd.DataFrame,
                          webhook_namespaces: pd.DataFrame, pod_policies: pd.DataFrame, api_servers: pd.DataFrame,
                          collection: pd.DataFrame, *, exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Every namespace refuses privileged pods.

    A privileged pod can take over its node. The API server enforces an invalid level as restricted, and an invalid
    version as latest. A file of the control plane may exempt users, runtime classes and namespaces, and the admission
    plug-in may be off.
    """
    labelled = has(namespaces, _OF_NAMESPACE, namespace_labels[(namespace_labels["key"] == ENFORCE).fillna(False)])
    level, version = namespace_levels["enforce"], namespace_levels["enforce_version"]
    unsafe, file = level == "privileged", _may_have_defaults(api_servers)
    others = webhook_namespaces[(webhook_namespaces["type"] == "Validating").fillna(False)]
    asked = ", ".join(pod_policies["name"].tolist())
    engines = named(namespaces, _OF_NAMESPACE, others, "name") + (f", {asked}" if asked else "")
    by_default = unsafe & ~labelled & file
    wrong = namespace_levels["errors"]
    reasons = (level + " (" + version + ") is enforced; invalid labels: " + wrong).fillna("").mask(
        ~unsafe & file, "a file of the control plane may exempt it (--admission-control-config-file)").mask(
        by_default, "a file of the control plane may set the level of namespaces without a label")
    ok, reasons = if_asked((~unsafe).mask(by_default | (~unsafe & file), pd.NA), reasons, api_servers, "PodSecurity")
    if _without_pod_security(api_servers, collection):
        ok, reasons = ok & False, pd.Series(NO_POD_SECURITY, ok.index, STRING)
    elsewhere = ~ok.fillna(False) & unsafe.where(ok.isna(), True) & (engines != "")
    ok, reasons = ok.mask(elsewhere, pd.NA), reasons.mask(
        elsewhere, "whether other admission rules refuse privileged pods is not known: " + engines.str.strip(", "))
    return judge(namespaces.assign(enforce=level.where(labelled), enforce_version=version.where(labelled)),
                 ok, ["enforce", "enforce_version"], reasons=reasons,
                 applies=~namespaces["name"].isin(exempt), otherwise=OF_KUBERNETES)


def _without_pod_security(api_servers: pd.DataFrame, collection: pd.DataFrame) -> bool:
    """Whether an API server is known to have no Pod Security admission: it is on since 1.23, was behind a feature gate
    that was off in 1.22, and until 1.24 could be switched off by that (Kubernetes documentation: feature gates,
    removed; PodSecurity)."""
    told = collection["server_version"].str.extract(r"^v?1\.(\d+)", expand=False).dropna().astype(INTEGER)
    gate = Flags(api_servers, API_SERVER)["feature-gates"]
    minor = api_servers["minor"]
    off = (minor < _POD_SECURITY_SINCE) & ~lists(gate, "PodSecurity=true")
    off |= (minor < _POD_SECURITY_ALWAYS) & lists(gate, "PodSecurity=false")
    return bool(off.fillna(False).any() or (api_servers.empty and (told < _POD_SECURITY_SINCE - 1).any()))


def if_asked(ok: pd.Series, reasons: pd.Series, api_servers: pd.DataFrame, plugin: str) -> tuple[pd.Series, pd.Series]:
    """Verdicts and reasons that depend on an admission plug-in, which is on by default and may be off."""
    on = plugin_on(api_servers, plugin, by_default=True)
    if (~on).fillna(False).any():
        return ok & False, pd.Series(f"the admission plug-in {plugin} is off", ok.index, STRING)
    if on.isna().any():
        holds = ok.fillna(False)
        return ok.mask(holds, pd.NA), reasons.mask(holds, f"whether the admission plug-in {plugin} is on is not known")
    return ok, reasons


def _may_have_defaults(api_servers: pd.DataFrame) -> bool:
    """Whether a visible API server reads a file that can set defaults of Pod Security admission, or may read one."""
    file = Flags(api_servers, API_SERVER).set("admission-control-config-file")
    return bool(file.fillna(True).any())


@check(
    severity="medium", if_empty=NO_NAMESPACE, finding="admits images without verifying their signatures",
    wanted="a webhook with failurePolicy: Fail verifies the image signatures of every pod",
    remedy="Install an admission controller that verifies image signatures, such as Sigstore's policy controller, for "
           "this namespace, with failurePolicy: Fail.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.5.1; NSA/CISA Kubernetes Hardening Guidance 1.2: image scanning",
    needs=("webhook_namespaces", "api_servers"),
)
def image_provenance_policy(namespaces: pd.DataFrame, webhook_namespaces: pd.DataFrame, api_servers: pd.DataFrame,
                            image_rules: pd.DataFrame, *, exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Only images with a verified signature are admitted.

    Where nothing verifies signatures, an image that was replaced in the registry runs like the original.
    """
    ours = ((webhook_namespaces["name"] == SIGSTORE) & (webhook_namespaces["type"] == "Validating")).fillna(False)
    closed = (webhook_namespaces["failure_policy"] == "Fail").fillna(False)
    asks = ours & closed & webhook_namespaces["whole"] & webhook_namespaces["served"].fillna(True)
    verified, why = _verified(image_rules)
    asked_here = has(namespaces, _OF_NAMESPACE, webhook_namespaces[asks])
    ok = asked_here & pd.Series(verified, namespaces.index, BOOLEAN).fillna(False)
    idle = asks & (verified is False)  # it is asked, and known to refuse nothing
    asked = named(namespaces, _OF_NAMESPACE, webhook_namespaces[~idle], "name")
    plugin = _image_policy_plugin(api_servers)
    known = ok | ((asked == "") & (plugin == ""))
    reasons = (pd.Series("nothing verifies image signatures", namespaces.index, STRING)
               .mask(ok, "a webhook verifies image signatures")
               .mask(~known, "whether these verify image signatures is not known: " + asked.where(asked != "", plugin))
               .mask(asked_here & ~ok, why))
    return judge(namespaces, ok.where(known), applies=~namespaces["name"].isin(exempt), otherwise=OF_KUBERNETES,
                 reasons=reasons)


def _verified(image_rules: pd.DataFrame) -> tuple[bool | None, str]:
    """Whether the policies of Sigstore's controller verify every image, and if not, why.

    A setting that is not read decides whether an image is admitted that no policy covers.
    """
    if (image_rules["verifies"] & image_rules["every_image"]).fillna(False).any():
        return True, ""
    if len(image_rules) and not image_rules["verifies"].fillna(True).any() and image_rules["every_image"].any():
        return False, "no ClusterImagePolicy refuses images: they only warn, or pass every image"
    return None, "no ClusterImagePolicy verifies every image; whether images without a policy are refused is not read"


def _image_policy_plugin(api_servers: pd.DataFrame) -> str:
    """What in the API server may verify images and is not visible; empty where ImagePolicyWebhook is off."""
    if api_servers.empty:
        return "plug-ins of an API server that is not visible"
    off = ~plugin_on(api_servers, "ImagePolicyWebhook").fillna(True)
    return "" if off.all() else "plug-in ImagePolicyWebhook, whose rules are in a file"


@check(
    severity="medium", finding="is set to let requests pass when no answer comes",
    wanted="failurePolicy: Fail",
    remedy="Set failurePolicy: Fail, run several replicas of the webhook, and exclude its own namespace.",
    source="Kubernetes documentation: good practices for admission webhooks; NIST SP 800-53 SC-24",
)
def webhooks_fail_closed(webhooks: pd.DataFrame) -> Judgement:
    """Requests are refused while an admission webhook does not answer.

    With failurePolicy: Ignore, requests are admitted unchecked while the webhook does not answer. Whoever can stop or
    overload the webhook bypasses it.
    """
    return judge(webhooks, webhooks["failure_policy"] == "Fail", ["type", "configuration", "failure_policy"])


@check(
    severity="medium", finding="has no binding in effect that denies, or no failurePolicy: Fail",
    wanted="a binding with the action Deny that takes effect, and failurePolicy: Fail",
    remedy="Bind the policy with validationActions: [Deny], after a trial with Warn and Audit. Set failurePolicy: "
           "Fail.",
    source="Kubernetes documentation: validating admission policies",
    needs=("admission_policy_bindings", "admission_binding_rules", "admission_policy_rules", "namespaces",
           "namespace_labels", "config_maps", "api_services"),
)
def validating_policies_enforced(admission_policies: pd.DataFrame, admission_policy_bindings: pd.DataFrame,
                                 binding_effects: pd.DataFrame, admission_policy_rules: pd.DataFrame,
                                 api_services: pd.DataFrame) -> Judgement:
    """Validating admission policies refuse requests that violate them.

    Without a binding that denies, a policy only warns or records. A binding counts only if it is in effect: it selects
    a namespace that exists, its parameters exist, and its policy covers an API group and version that the server
    serves.
    """
    on = {"type": "type", "name": "policy"}
    served = has(admission_policies, on, admission_policy_rules[in_served_group(admission_policy_rules, api_services)])
    seen = admission_policies.assign(actions=named(admission_policies, on, admission_policy_bindings, "action"))
    acts = binding_effects["acts"]
    sure, perhaps = (has(admission_policies, on, binding_effects[rows.fillna(False)]) for rows in (acts, acts.isna()))
    ok = sure.mask(~sure & perhaps, pd.NA) & served & (admission_policies["failure_policy"] == "Fail")
    why = named(admission_policies, on, binding_effects[~acts.fillna(False)], "why").mask(sure, "")
    ruled = has(admission_policies, on, admission_policy_rules)
    return judge(seen, ok, ["actions", "failure_policy"], applies=admission_policies["type"] == "Validating",
                 otherwise="a mutating policy refuses nothing", reasons=why.mask(ruled & ~served, NOT_SERVED))
