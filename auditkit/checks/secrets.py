"""Secrets: how containers get them, how long they are valid, and where they come from. No value is ever read."""

import pandas as pd

from auditkit.analysis.columns import IN_CONTAINER, has, named
from auditkit.checks.admission import NO_NAMESPACE
from auditkit.checks.model import Judgement, check, judge

_CLUSTERS_OWN = ("kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token", "helm.sh/release.v1")
"""Types of Secrets that the cluster and its tools create for themselves."""

_STORES = ("onepassword.com", "secrets.doppler.com", "secrets.infisical.com", "akeyless.io", "k8s.bitwarden.com",
           "kubernetes-client.io", "spv.no", "vault.banzaicloud.com", "external-secrets.io", "secrets.hashicorp.com")
"""API groups of operators that fetch Secrets from a store by objects that no table holds."""

_STORE_IMAGE = r"(?:^|/)(?:vault|openbao|conjur)(?:[:@]|$)"
_OF_NAMESPACE = {"name": "namespace"}


@check(
    severity="medium", finding="takes environment variables from a Secret",
    wanted="no environment variable comes from a Secret", remedy="Mount the Secret as a file.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.4.1",
)
def not_in_environment(all_containers: pd.DataFrame, all_container_env: pd.DataFrame,
                       all_container_env_from: pd.DataFrame, container_contexts: pd.DataFrame) -> Judgement:
    """Containers take no environment variables from Secrets.

    Environment variables are copied into logs, crash dumps and child processes.
    """
    by_key = (all_container_env["origin"] == "secretKeyRef").fillna(False)
    taken = all_container_env[all_container_env["secret"].notna() | by_key]
    whole = all_container_env_from[all_container_env_from["secret"].notna()]
    ok = ~has(all_containers, IN_CONTAINER, taken) & ~has(all_containers, IN_CONTAINER, whole)
    return judge(lambda: all_containers.assign(variables=named(all_containers, IN_CONTAINER, taken, "name"),
                                               whole_secrets=named(all_containers, IN_CONTAINER, whole, "secret")),
                 ok, ["type", "variables", "whole_secrets"], applies=~container_contexts["ended"],
                 otherwise="its pod has ended")


@check(
    severity="medium", finding="holds a service account token that does not expire",
    wanted="no Secret of type kubernetes.io/service-account-token",
    remedy="Delete the Secret. Use the tokens that are mounted into pods, or `kubectl create token`.",
    source="Kubernetes documentation: manually created API tokens; CIS Kubernetes Benchmark 2.0.1, 5.1",
)
def no_legacy_token_secrets(secrets: pd.DataFrame) -> Judgement:
    """No Secret holds a service account token that never expires.

    Whoever copies such a token can use it until the Secret or the service account is deleted.
    """
    return judge(secrets, secrets["type"] != "kubernetes.io/service-account-token", ["type", "created"])


@check(
    severity="low", finding="holds Secrets of applications, but nothing that fetches Secrets from an external store",
    wanted="an operator, a CSI driver or an agent fetches Secrets for the namespace from an external store",
    remedy="Fetch Secrets from a store, for example with External Secrets, the Secrets Store CSI driver or Vault, or "
           "record why not.",
    source="CIS Kubernetes Benchmark 2.0.1, 5.4.2", if_empty=NO_NAMESPACE,
    needs=("secret_fetchers",),
)
def external_store_in_use(namespaces: pd.DataFrame, secrets: pd.DataFrame, secret_fetchers: pd.DataFrame,
                          containers: pd.DataFrame, crds: pd.DataFrame) -> Judgement:
    """Where applications have Secrets, something fetches Secrets from an external store.

    A store keeps secrets for many clusters in one place, where they can be rotated and their use is logged.
    """
    uses = has(namespaces, _OF_NAMESPACE, secret_fetchers)
    seen = namespaces.assign(fetched_by=named(namespaces, _OF_NAMESPACE, secret_fetchers, "by"))
    runs = containers["image"].str.contains(_STORE_IMAGE, regex=True).fillna(False)
    elsewhere = bool(runs.any() or crds["group"].isin(_STORES).any())
    own = secrets[~secrets["type"].isin(_CLUSTERS_OWN)]
    ok = uses.where(uses) if elsewhere else uses
    unknown = "a store or its operator runs in the cluster; whether this namespace uses it is not known"
    reasons = pd.Series(unknown, namespaces.index).where(ok.isna(), "")
    return judge(seen, ok, ["fetched_by"], applies=has(namespaces, _OF_NAMESPACE, own) | uses, reasons=reasons,
                 otherwise="it holds no Secret of an application")
