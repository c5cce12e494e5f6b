"""Admission: what refuses unsafe pods, and whether it can be passed by."""

import pandas as pd

from auditkit.analysis.columns import STRING, has, named
from auditkit.analysis.pod_security.levels import ENFORCE
from auditkit.checks.api_server import API_SERVER, plugin_on
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support.flags import Flags

SYSTEM = ("kube-system", "kube-public", "kube-node-lease")
OF_KUBERNETES = "a namespace of Kubernetes itself"
NO_NAMESPACE = "every cluster has namespaces, yet none is visible"

VERIFIERS = r"^policy\.sigstore\.dev$|^connaisseur[\w.-]*\.svc$|\.securityenforcement\.admission\.cloud\.ibm\.com$"
"""Names of webhooks that do nothing else than verify signatures of images."""

_OF_NAMESPACE = {"name": "namespace"}


@check(
    severity="high", if_empty=NO_NAMESPACE,
    wanted=f"label {ENFORCE}: baseline or restricted",
    remedy=f"Label the namespace {ENFORCE}=baseline or restricted; first with warn and audit, to see what breaks.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.2.1; Kubernetes documentation: Pod Security admission",
    needs=("webhook_namespaces", "pod_policies", "api_servers"),
)
def pod_security_enforced(namespaces: pd.DataFrame, namespace_levels: pd.DataFrame, namespace_labels: pd.DataFrame,
                          webhook_namespaces: pd.DataFrame, pod_policies: pd.DataFrame, api_servers: pd.DataFrame, *,
                          exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Every namespace refuses unsafe pods.

    A level that is not valid is enforced as restricted, and a version that is not as latest.
    """
    labelled = has(namespaces, _OF_NAMESPACE, namespace_labels[(namespace_labels["key"] == ENFORCE).fillna(False)])
    level, version = namespace_levels["enforce"], namespace_levels["enforce_version"]
    ok = level != "privileged"
    others = webhook_namespaces[(webhook_namespaces["type"] == "Validating").fillna(False)]
    asked = ", ".join(pod_policies["name"].tolist())
    engines = named(namespaces, _OF_NAMESPACE, others, "name") + (f", {asked}" if asked else "")
    elsewhere, by_default = ~ok & (engines != ""), ~labelled & _may_have_defaults(api_servers)
    wrong = namespace_levels["errors"]
    reasons = (level + " (" + version + ") is enforced; labels that are not valid: " + wrong).fillna("").mask(
        by_default, "what namespaces without a label enforce may stand in a file of the control plane").mask(
        elsewhere, "whether rules of another kind are of equal worth is not known: " + engines.str.strip(", "))
    return judge(namespaces.assign(enforce=level.where(labelled), enforce_version=version.where(labelled)),
                 ok.mask(elsewhere | by_default), ["enforce", "enforce_version"], reasons=reasons,
                 applies=~namespaces["name"].isin(exempt), otherwise=OF_KUBERNETES)


def _may_have_defaults(api_servers: pd.DataFrame) -> bool:
    """Whether an API server that is seen reads a file that can hold defaults of Pod Security admission, or may."""
    file = Flags(api_servers, API_SERVER).set("admission-control-config-file")
    return bool(file.fillna(True).any())


@check(
    severity="medium", if_empty=NO_NAMESPACE,
    wanted="a webhook that verifies signatures of images is asked about every pod, and refuses where it cannot answer",
    remedy="Install an admission controller that verifies signatures, such as Sigstore's policy controller, for this "
           "namespace, with failurePolicy: Fail.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.5.1; NSA/CISA Kubernetes Hardening Guidance 1.2: image scanning",
    needs=("webhook_namespaces", "api_servers"),
)
def image_provenance_policy(namespaces: pd.DataFrame, webhook_namespaces: pd.DataFrame, api_servers: pd.DataFrame, *,
                            exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Only images whose origin is proved are admitted."""
    verifies = webhook_namespaces["name"].str.contains(VERIFIERS, regex=True).fillna(False)
    sure = verifies & (webhook_namespaces["failure_policy"] == "Fail").fillna(False) & webhook_namespaces["whole"]
    ok = has(namespaces, _OF_NAMESPACE, webhook_namespaces[sure])
    asked = named(namespaces, _OF_NAMESPACE, webhook_namespaces[~sure], "name")
    plugin = _image_policy_plugin(api_servers)
    known = ok | ((asked == "") & (plugin == ""))
    reasons = (pd.Series("nothing verifies signatures of images", namespaces.index, STRING)
               .mask(ok, "a webhook verifies signatures of images")
               .mask(~known, "whether they verify images is not known: " + asked.where(asked != "", plugin)))
    return judge(namespaces, ok.where(known), applies=~namespaces["name"].isin(exempt), otherwise=OF_KUBERNETES,
                 reasons=reasons)


def _image_policy_plugin(api_servers: pd.DataFrame) -> str:
    """What of the API server may verify images unseen; empty where ImagePolicyWebhook is known to be off."""
    if api_servers.empty:
        return "plug-ins of an API server that is not visible"
    off = ~plugin_on(api_servers, "ImagePolicyWebhook").fillna(True)
    return "" if off.all() else "plug-in ImagePolicyWebhook, whose rules are in a file"


@check(
    severity="medium",
    wanted="failurePolicy: Fail",
    remedy="Set failurePolicy: Fail, with several replicas of the webhook, and leave out its own namespace.",
    source="Kubernetes documentation: good practices for admission webhooks; NIST SP 800-53 SC-24",
)
def webhooks_fail_closed(webhooks: pd.DataFrame) -> Judgement:
    """A webhook that cannot be asked lets nothing pass."""
    return judge(webhooks, webhooks["failure_policy"] == "Fail", ["type", "configuration", "failure_policy"])


@check(
    severity="medium",
    wanted="bound with the action Deny, and failurePolicy: Fail",
    remedy="Bind the policy with validationActions: [Deny], after a time with Warn and Audit; and failurePolicy: Fail.",
    source="Kubernetes documentation: validating admission policies", needs=("admission_policy_bindings",),
)
def validating_policies_enforced(admission_policies: pd.DataFrame,
                                 admission_policy_bindings: pd.DataFrame) -> Judgement:
    """Admission policies refuse what breaks them."""
    on = {"type": "type", "name": "policy"}
    denies = admission_policy_bindings[(admission_policy_bindings["action"] == "Deny").fillna(False)]
    seen = admission_policies.assign(actions=named(admission_policies, on, admission_policy_bindings, "action"))
    ok = has(admission_policies, on, denies) & (admission_policies["failure_policy"] == "Fail")
    return judge(seen, ok, ["actions", "failure_policy"], applies=admission_policies["type"] == "Validating",
                 otherwise="it changes objects and refuses none")
