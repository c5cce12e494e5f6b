"""What stands behind services and ingresses: the pods, and the ports of theirs that traffic comes out at."""

import pandas as pd

from auditkit.analysis.columns import INTEGER, STRING
from auditkit.analysis.workloads.lifecycle import lasting

SERVICE = ["namespace", "service"]


def service_backends(services: pd.DataFrame, service_ports: pd.DataFrame, service_selectors: pd.DataFrame,
                     pod_labels: pd.DataFrame, container_ports: pd.DataFrame) -> pd.DataFrame:
    """The pods behind services.

    namespace, service, pod, service_port, name, target_port, node_port, protocol, port (of the pod, by number).

    A service without a selector has none here; a port whose name a pod does not have is left out for that pod. Names
    are those of regular containers and of sidecars, not of other init containers (Kubernetes 1.36,
    pkg/api/v1/pod: FindPort).
    """
    wanted = services[services["selector_count"] > 0].rename(columns={"name": "service"})
    hits = service_selectors.merge(pod_labels[["namespace", "pod", "key", "value"]], on=["namespace", "key", "value"])
    hits = hits.groupby([*SERVICE, "pod"]).size().rename("hits").reset_index()
    pods = wanted[[*SERVICE, "selector_count", "type"]].merge(hits, on=SERVICE)
    pods = pods[(pods["hits"] == pods["selector_count"]) & (pods["type"] != "ExternalName")]
    found = pods[[*SERVICE, "pod"]].merge(service_ports.rename(columns={"port": "service_port"}), on=SERVICE)
    key = ["namespace", "pod", "target_port", "protocol"]
    serving = container_ports[lasting(container_ports)]
    named = serving.rename(columns={"name": "target_port", "port": "named"}).dropna(subset="target_port")
    found = found.merge(named[[*key, "named"]].drop_duplicates(key), on=key, how="left")
    number = found["target_port"].where(found["target_port"].str.fullmatch(r"\d{1,5}").fillna(False)).astype(INTEGER)
    found["port"] = number.fillna(found["named"]).fillna(
        found["service_port"].where(found["target_port"].isna())).astype(INTEGER)
    columns = [*SERVICE, "pod", "service_port", "name", "target_port", "node_port", "protocol", "port"]
    return found.loc[found["port"].notna(), columns].reset_index(drop=True)


def ingress_backends(ingresses: pd.DataFrame, ingress_paths: pd.DataFrame,
                     service_backends: pd.DataFrame) -> pd.DataFrame:
    """The pods behind ingresses: namespace, ingress, host, and the columns of `service_backends`.

    An ingress names a port of the service by number or name; ingress-nginx takes its target port for it too.
    """
    default = ingresses[ingresses["default_service"].notna()].rename(columns={
        "name": "ingress", "default_service": "service", "default_port": "port", "default_port_name": "port_name"})
    paths = pd.concat([ingress_paths, default], ignore_index=True)
    paths["asked"] = paths["port"].fillna(paths["port_name"])
    paths = paths[["namespace", "ingress", "host", "service", "asked"]].drop_duplicates()
    found = paths.merge(service_backends, on=SERVICE)
    fits = [(found["asked"] == found[name].astype(STRING)).fillna(False)
            for name in ("service_port", "name", "target_port")]
    return found[fits[0] | fits[1] | fits[2]].drop(columns="asked").reset_index(drop=True)
