"""What names Secrets: pods and their templates, service accounts, Ingresses and Gateways."""

import pandas as pd

from auditkit.analysis.columns import STRING


def secret_users(container_env: pd.DataFrame, template_container_env: pd.DataFrame, container_env_from: pd.DataFrame,
                 template_container_env_from: pd.DataFrame, volumes: pd.DataFrame, template_volumes: pd.DataFrame,
                 projected_sources: pd.DataFrame, template_projected_sources: pd.DataFrame, pull_secrets: pd.DataFrame,
                 template_pull_secrets: pd.DataFrame, service_account_pull_secrets: pd.DataFrame,
                 ingress_tls: pd.DataFrame, gateway_certificates: pd.DataFrame) -> pd.DataFrame:
    """One row for each object that names a Secret, and how: namespace and secret (the keys of `secrets`), kind,
    user_namespace and name of the object, how (env, envFrom, volume, projected, imagePullSecrets, tls).

    The kind of a template is that of its workload. A Secret that is named need not exist. Others can use a Secret
    without a row here: programs that read it through the API, storage drivers, custom resources, among them entrances
    of Istio, Contour and Traefik (`route_certificates`) and certificates of cert-manager (`issued_certificates`).
    """
    of_pods = {
        "env": (container_env, template_container_env), "envFrom": (container_env_from, template_container_env_from),
        "volume": (volumes, template_volumes), "projected": (projected_sources, template_projected_sources),
        "imagePullSecrets": (pull_secrets, template_pull_secrets),
    }
    certificates = gateway_certificates[(gateway_certificates["ref_group"].fillna("").eq("")
                                         & gateway_certificates["ref_kind"].fillna("Secret").eq("Secret"))]
    places = certificates["ref_namespace"].fillna(certificates["namespace"])
    found = [
        *(_users(pods.assign(kind="Pod"), "pod", how) for how, (pods, _) in of_pods.items()),
        *(_users(templates, "pod", how) for how, (_, templates) in of_pods.items()),
        _users(service_account_pull_secrets.assign(kind="ServiceAccount"), "account", "imagePullSecrets"),
        _users(ingress_tls.assign(kind="Ingress"), "ingress", "tls"),
        _users(certificates.assign(secret=certificates["ref_name"]), "gateway", "tls").assign(namespace=places.array),
    ]
    every = pd.concat(found, ignore_index=True).astype(STRING)
    return every[every["secret"].notna()].drop_duplicates(ignore_index=True)


def _users(rows: pd.DataFrame, name: str, how: str) -> pd.DataFrame:
    """The rows of one table that may name a Secret of their own namespace."""
    return pd.DataFrame({"namespace": rows["namespace"], "secret": rows["secret"], "kind": rows["kind"],
                         "user_namespace": rows["namespace"], "name": rows[name], "how": how})
