"""The addresses at which routes of all engines are served."""

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.tables.istio_gateways import KIND

ADDRESSES = {"root_kind": STRING, "root_namespace": STRING, "root": STRING, "ip": STRING, "hostname": STRING}


def route_addresses(gateway_addresses: pd.DataFrame, contour_addresses: pd.DataFrame,
                    istio_addresses: pd.DataFrame, traefik_addresses: pd.DataFrame) -> pd.DataFrame:
    """The addresses of what routes are served at: a row for each.

    root_kind, root_namespace and root (as in `route_ways`), ip or hostname.
    """
    is_ip = gateway_addresses["type"] == "IPAddress"
    value = gateway_addresses["value"]
    gateways = gateway_addresses.assign(ip=value.where(is_ip, pd.NA), hostname=value.mask(is_ip, pd.NA),
                                        root=gateway_addresses["gateway"], root_kind="Gateway")
    proxies = contour_addresses.assign(root=contour_addresses["proxy"], root_kind="HTTPProxy")
    istio = istio_addresses.assign(root=istio_addresses["gateway"], root_kind=KIND)
    traefik = traefik_addresses.assign(namespace="", root="Traefik", root_kind="Traefik")
    return pd.concat([rows.rename(columns={"namespace": "root_namespace"}).reindex(columns=list(ADDRESSES)).astype(
        ADDRESSES) for rows in (gateways, proxies, istio, traefik)], ignore_index=True)
