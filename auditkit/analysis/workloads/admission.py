"""What is asked before pods are admitted."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, has
from auditkit.analysis.label_selectors import select

_WEBHOOK = {"type": "type", "configuration": "configuration", "name": "webhook"}
_POLICY = {"type": "type", "name": "policy"}


def about_pods(rules: pd.DataFrame) -> pd.Series:
    """Whether a rule of a webhook or policy speaks of pods that are created."""
    return (rules["operation"].isin(["CREATE", "*"]) & rules["group"].isin(["", "*"])
            & rules["resource"].isin(["pods", "*", "*/*"]) & (rules["scope"] != "Cluster").fillna(True)).astype(BOOLEAN)


def pod_webhooks(webhooks: pd.DataFrame, webhook_rules: pd.DataFrame) -> pd.DataFrame:
    """The webhooks that are asked about pods: the columns of ``webhooks``."""
    return webhooks[has(webhooks, _WEBHOOK, webhook_rules[about_pods(webhook_rules)])].reset_index(drop=True)


def pod_policies(admission_policies: pd.DataFrame, admission_policy_rules: pd.DataFrame,
                 admission_policy_bindings: pd.DataFrame) -> pd.DataFrame:
    """The admission policies that refuse pods somewhere: the columns of ``admission_policies``."""
    denies = admission_policy_bindings[(admission_policy_bindings["action"] == "Deny").fillna(False)]
    speaks = admission_policy_rules[about_pods(admission_policy_rules)]
    return admission_policies[has(admission_policies, _POLICY, speaks)
                              & has(admission_policies, _POLICY, denies)].reset_index(drop=True)


def webhook_namespaces(pod_webhooks: pd.DataFrame, webhook_selectors: pd.DataFrame, namespaces: pd.DataFrame,
                       namespace_labels: pd.DataFrame) -> pd.DataFrame:
    """For which namespaces webhooks are asked about pods: type, configuration, name, failure_policy, namespace, whole.

    ``whole`` is true where they are asked about every pod of the namespace, and not only about those that have certain
    labels or meet conditions.
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
    found = pod_webhooks[["type", "configuration", "name", "failure_policy"]].take(webhook).reset_index(drop=True)
    return found.assign(namespace=namespaces["name"].take(namespace).reset_index(drop=True),
                        whole=pd.Series(~partly[webhook], dtype=BOOLEAN))
