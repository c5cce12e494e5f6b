"""What routes open: as entrances, with what is seen of their encryption, and as doors to pods."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup, named
from auditkit.analysis.network.gateways.filters import ROUTE

ON = {name: name for name in ROUTE}
UNSEEN = "whether what comes in at the listener is encrypted is not visible"
MAY_REDIRECT = "a filter of the route may send plain requests to HTTPS, or elsewhere"


def route_entrances(attachments: pd.DataFrame) -> pd.DataFrame:
    """Routes as entrances: kind, namespace, name, and

    ``served`` (a listener on which a controller acts admits it), ``encrypted`` (no such listener takes its requests in
    plain text, but to redirect them to HTTPS), ``hosts_without_tls`` (where one does), ``unsure`` (why that is not
    known).
    """
    opened = attachments["open"]
    covered = attachments["tls"].isin(["Terminate", "Passthrough"]).astype(BOOLEAN).mask(
        (attachments["tls"] == "none").fillna(False), attachments["redirects"]).mask(attachments["tls"].isna(), pd.NA)
    fine = ~opened | covered.where(opened.notna(), pd.NA)
    routes = attachments[ROUTE].drop_duplicates(ignore_index=True)
    plain, unsure = attachments[~fine.fillna(True)], attachments[fine.isna()]
    unsure = unsure.assign(why=unsure["why"].fillna(pd.Series(UNSEEN, unsure.index, STRING).mask(
        (unsure["tls"] == "none").fillna(False), MAY_REDIRECT)))
    served = has(routes, ON, attachments[opened.fillna(False)])
    hosts = named(routes, ON, plain[[*ROUTE, "host"]].drop_duplicates(), "host")
    return routes.rename(columns={"route": "name"}).assign(
        served=served.mask(~served & has(routes, ON, attachments[opened.isna()]), pd.NA),
        encrypted=(~has(routes, ON, plain)).mask((hosts == "") & has(routes, ON, unsure), pd.NA),
        hosts_without_tls=hosts.mask(hosts == "", pd.NA), unsure=lookup(routes, ON, unsure, ["why"])["why"])


def route_doors(attachments: pd.DataFrame, route_backends: pd.DataFrame, addresses: pd.DataFrame) -> pd.DataFrame:
    """Doors that routes open to pods: a row for each host, listener and pod; whatever surely stays shut is left out.

    path and via_kind, via_namespace, via, host, entry and public (from ``addresses``: namespace, gateway, entry,
    public), entry_port, protocol, namespace, pod (<NA>: not known), port, open (traffic passes as far as the Gateway
    and the route go; <NA>: not known).
    """
    ways = attachments[attachments["open"].fillna(True)]
    behind = route_backends[route_backends["sends"].fillna(True)]
    found = ways.rename(columns={"port": "entry_port"}).drop(columns=["protocol", "tls", "why"]).merge(
        behind.drop(columns=["use", "tls", "why"]), on=ROUTE)
    found = found.merge(addresses, how="left", left_on=["root_namespace", "root"], right_on=["namespace", "gateway"],
                        suffixes=("", "_of_address"))
    return pd.DataFrame({
        "path": found["kind"], "via_kind": found["kind"], "via_namespace": found["namespace"], "via": found["route"],
        "host": found["host"], "entry": found["entry"], "entry_port": found["entry_port"],
        "protocol": found["protocol"], "namespace": found["backend_namespace"], "pod": found["pod"],
        "port": found["port"], "public": found["public"], "open": found["open"] & found["sends"]}).drop_duplicates()
