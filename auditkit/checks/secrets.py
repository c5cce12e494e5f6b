"""Secrets: how they reach programs, how long they live, and where they come from. Their values are never read."""

import pandas as pd

from auditkit.analysis.columns import IN_CONTAINER, has, named
from auditkit.checks.model import Judgement, check, judge

_CLUSTERS_OWN = ("kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token", "helm.sh/release.v1")
"""Types of Secrets that the cluster and its tools make for themselves."""

_STORES = ("onepassword.com", "secrets.doppler.com", "secrets.infisical.com", "akeyless.io", "k8s.bitwarden.com",
           "kubernetes-client.io", "spv.no", "vault.banzaicloud.com", "external-secrets.io", "secrets.hashicorp.com")
"""API groups of operators that fetch from a store, by objects that are not among the tables."""

_STORE_IMAGE = r"(?:^|/)(?:vault|openbao|conjur)(?:[:@]|$)"
_OF_NAMESPACE = {"name": "namespace"}


@check(
    severity="medium", wanted="no variable that is taken from a Secret",
    remedy="Mount the Secret as a file; variables end up in logs, dumps and child processes.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.4.1",
)
def not_in_environment(all_containers: pd.DataFrame, all_container_env: pd.DataFrame,
                       all_container_env_from: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Secrets reach containers as files and not as environment variables."""
    by_key = (all_container_env["origin"] == "secretKeyRef").fillna(False)
    taken = all_container_env[all_container_env["secret"].notna() | by_key]
    whole = all_container_env_from[all_container_env_from["secret"].notna()]
    ok = ~has(all_containers, IN_CONTAINER, taken) & ~has(all_containers, IN_CONTAINER, whole)
    return judge(lambda: all_containers.assign(variables=named(all_containers, IN_CONTAINER, taken, "name"),
                                               whole_secrets=named(all_containers, IN_CONTAINER, whole, "secret")),
                 ok, ["type", "variables", "whole_secrets"], applies=~container_contexts["ended"],
                 otherwise="its pod has ended: no process of it has variables")


@check(
    severity="medium", wanted="no Secret of type kubernetes.io/service-account-token",
    remedy="Delete the Secret and let programs use the tokens that are mounted into pods, or `kubectl create token`.",
    source="Kubernetes documentation: manually created API tokens; CIS Kubernetes Benchmark 2.0.1, 5.1",
)
def no_legacy_token_secrets(secrets: pd.DataFrame) -> Judgement:
    """No token of a service account lives for ever."""
    return judge(secrets, secrets["type"] != "kubernetes.io/service-account-token", ["type", "created"])


@check(
    severity="low", wanted="secrets of the namespace come from a store outside of the cluster",
    remedy="Let an operator (External Secrets, Secrets Store CSI driver, Vault) fetch them, or record why not.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.4.2", if_empty="every cluster has namespaces, yet none is visible",
    needs=("secret_fetchers",),
)
def external_store_in_use(namespaces: pd.DataFrame, secrets: pd.DataFrame, secret_fetchers: pd.DataFrame,
                          containers: pd.DataFrame, crds: pd.DataFrame) -> Judgement:
    """Secrets of applications come from a store outside of the cluster."""
    uses = has(namespaces, _OF_NAMESPACE, secret_fetchers)
    seen = namespaces.assign(fetched_by=named(namespaces, _OF_NAMESPACE, secret_fetchers, "by"))
    runs = containers["image"].str.contains(_STORE_IMAGE, regex=True).fillna(False)
    elsewhere = bool(runs.any() or crds["group"].isin(_STORES).any())
    own = secrets[~secrets["type"].isin(_CLUSTERS_OWN)]
    ok = uses.where(uses) if elsewhere else uses
    unknown = "a store or its operator runs in the cluster; whether this namespace reads from it is not known"
    reasons = pd.Series(unknown, namespaces.index).where(ok.isna(), "")
    return judge(seen, ok, ["fetched_by"], applies=has(namespaces, _OF_NAMESPACE, own) | uses, reasons=reasons,
                 otherwise="it holds no Secret of an application")
