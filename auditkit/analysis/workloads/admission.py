"""What is asked before pods are admitted, and whether it acts."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, has, lookup
from auditkit.analysis.label_selectors import select

_WEBHOOK = {"type": "type", "configuration": "configuration", "name": "webhook"}
_POLICY = {"type": "type", "name": "policy"}
IMAGES_CHANGE = (("CREATE", "pods"), ("UPDATE", "pods"), ("UPDATE", "pods/ephemeralcontainers"))
"""Requests by which an image gets into a pod: its image can be changed later, and ephemeral containers be added.
Source: Kubernetes documentation, Pod update and replacement; Ephemeral Containers."""


def about_pods(rules: pd.DataFrame) -> pd.Series:
    """True if a rule of a webhook or policy speaks of pods that are created."""
    return _about(rules, *IMAGES_CHANGE[0])


def _about(rules: pd.DataFrame, operation: str, resource: str) -> pd.Series:
    """True if a rule speaks of this operation on pods or a subresource of theirs."""
    pattern = ("pods/*", "*/" + resource.partition("/")[2]) if "/" in resource else ("*",)
    return (rules["operation"].isin([operation, "*"]) & rules["group"].isin(["", "*"])
            & rules["version"].isin(["v1", "*"]) & rules["resource"].isin([resource, *pattern, "*/*"])
            & (rules["scope"] != "Cluster").fillna(True)).astype(BOOLEAN)


def pod_webhooks(webhooks: pd.DataFrame, webhook_rules: pd.DataFrame) -> pd.DataFrame:
    """The webhooks that are asked about pods: the columns of ``webhooks``."""
    return webhooks[has(webhooks, _WEBHOOK, webhook_rules[about_pods(webhook_rules)])].reset_index(drop=True)


def pod_policies(admission_policies: pd.DataFrame, admission_policy_rules: pd.DataFrame,
                 binding_effects: pd.DataFrame) -> pd.DataFrame:
    """The admission policies that refuse pods somewhere, or may: the columns of ``admission_policies``."""
    denies = binding_effects[binding_effects["acts"].fillna(True)]
    speaks = admission_policy_rules[about_pods(admission_policy_rules)]
    return admission_policies[has(admission_policies, _POLICY, speaks)
                              & has(admission_policies, _POLICY, denies)].reset_index(drop=True)


def webhook_service(pod_webhooks: pd.DataFrame, services: pd.DataFrame, service_backends: pd.DataFrame,
                    pod_readiness: pd.DataFrame) -> pd.DataFrame:
    """The availability of the service behind each webhook: type, configuration, name, served.

    ``served`` is true where a ready pod stands behind the service, false where there is no such service or no ready
    pod, and ``<NA>`` for an address outside of the cluster, a service without a selector, or where that is not known.
    """
    where = {"service_namespace": "namespace", "service": "name"}
    behind = {"service_namespace": "namespace", "service": "service"}
    selects = lookup(pod_webhooks, where, services, ["name", "selector_count"])
    ready = lookup(service_backends, {"namespace": "namespace", "pod": "pod"}, pod_readiness, ["ready"])["ready"]
    served = has(pod_webhooks, behind, service_backends[ready.fillna(False)])
    unsure = ~served & has(pod_webhooks, behind, service_backends[ready.isna()])
    unsure |= pod_webhooks["service"].isna() | (selects["selector_count"] == 0).fillna(False)
    return pod_webhooks[["type", "configuration", "name"]].assign(served=served.mask(unsure, pd.NA))


def webhook_namespaces(pod_webhooks: pd.DataFrame, webhook_rules: pd.DataFrame, webhook_selectors: pd.DataFrame,
                       webhook_service: pd.DataFrame, namespaces: pd.DataFrame,
                       namespace_labels: pd.DataFrame) -> pd.DataFrame:
    """The namespaces whose pods each webhook receives: type, configuration, name, failure_policy, namespace, whole,
    served (see `webhook_service`).

    ``whole`` is true where they are asked about every pod of the namespace whenever its images may change, and not only
    about those that have certain labels or meet conditions.
    """
    keys = list(_WEBHOOK.values())
    number = pod_webhooks[list(_WEBHOOK)].set_axis(keys, axis=1)
    number["selector"] = np.arange(len(pod_webhooks))
    rows = webhook_selectors.merge(number, on=keys)
    of_namespaces = (rows["of"] == "namespaceSelector").fillna(False)
    things = namespaces[["name"]].set_axis(["namespace"], axis=1)
    things["thing"] = np.arange(len(namespaces))
    labels = namespace_labels.merge(things, on="namespace")
    webhook, namespace = np.nonzero(select(rows[of_namespaces], labels, len(number), len(namespaces))[:-1])

    partly = pod_webhooks["conditions_count"].ne(0).fillna(True).to_numpy(dtype=bool, copy=True)
    partly[rows.loc[~of_namespaces, "selector"].to_numpy(np.int64)] = True
    for change in IMAGES_CHANGE:
        partly |= ~has(pod_webhooks, _WEBHOOK, webhook_rules[_about(webhook_rules, *change)]).to_numpy(bool)
    found = pod_webhooks[["type", "configuration", "name", "failure_policy"]].take(webhook).reset_index(drop=True)
    return found.assign(namespace=namespaces["name"].take(namespace).reset_index(drop=True),
                        whole=pd.Series(~partly[webhook], dtype=BOOLEAN),
                        served=webhook_service["served"].take(webhook).reset_index(drop=True))


def image_rules(image_policies: pd.DataFrame, image_policy_globs: pd.DataFrame,
                image_policy_authorities: pd.DataFrame) -> pd.DataFrame:
    """The effect of each ClusterImagePolicy: name, mode, every_image (it covers all images), verifies.

    ``verifies`` is true where no image that it is about is admitted without a signature: it enforces, and none of its
    authorities, of which one is enough, passes everything. Source: documentation of Sigstore's policy controller.
    """
    on = {"name": "policy"}
    passes = image_policy_authorities[(image_policy_authorities["static_action"] == "pass").fillna(False)]
    whole = has(image_policies, on, image_policy_globs[(image_policy_globs["glob"] == "**").fillna(False)])
    verifies = ((image_policies["mode"] == "enforce").fillna(False)
                & has(image_policies, on, image_policy_authorities) & ~has(image_policies, on, passes))
    return image_policies[["name", "mode"]].assign(every_image=whole & (image_policies["match_count"] == 0),
                                                   verifies=verifies.astype(BOOLEAN))
