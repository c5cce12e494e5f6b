"""What routes open: as entrances, with what is seen of their encryption, and as doors to pods."""

import pandas as pd

from auditkit.analysis.columns import has, lookup, named

ROUTE = ["kind", "namespace", "route"]
ROOT = ["root_kind", "root_namespace", "root"]
ON = {name: name for name in ROUTE}


def route_entrances(ways: pd.DataFrame) -> pd.DataFrame:
    """Routes as entrances: kind, namespace, name, and

    ``served`` (a way in by it is open), ``encrypted`` (no open way takes its requests in plain text, but to redirect
    them to HTTPS), ``hosts_without_tls`` (where one does), ``unsure`` (why that is not known).
    """
    opened = ways["open"]
    fine = ~opened | ways["encrypted"].where(opened.notna(), pd.NA)
    routes = ways[ROUTE].drop_duplicates(ignore_index=True)
    plain, unsure = ways[~fine.fillna(True)], ways[fine.isna()]
    served = has(routes, ON, ways[opened.fillna(False)])
    hosts = named(routes, ON, plain[[*ROUTE, "host"]].drop_duplicates(), "host")
    return routes.rename(columns={"route": "name"}).assign(
        served=served.mask(~served & has(routes, ON, ways[opened.isna()]), pd.NA),
        encrypted=(~has(routes, ON, plain)).mask((hosts == "") & has(routes, ON, unsure), pd.NA),
        hosts_without_tls=hosts.mask(hosts == "", pd.NA), unsure=lookup(routes, ON, unsure, ["why"])["why"])


def route_doors(ways: pd.DataFrame, backends: pd.DataFrame, addresses: pd.DataFrame) -> pd.DataFrame:
    """Doors that routes open to pods: a row for each way in and pod; whatever surely stays shut is left out.

    path and via_kind, via_namespace, via, host, entry and public (from ``addresses``: root_kind, root_namespace, root,
    entry, public), entry_port, protocol, namespace, pod (<NA>: not known), port, open (traffic passes as far as the
    route goes; <NA>: not known).
    """
    opened, behind = ways[ways["open"].fillna(True)], backends[backends["sends"].fillna(True)]
    found = opened[[*ROUTE, "host", *ROOT, "entry_port", "open"]].merge(
        behind[[*ROUTE, "backend_namespace", "protocol", "pod", "port", "sends"]], on=ROUTE)
    found = found.merge(addresses, how="left", on=ROOT)
    return pd.DataFrame({
        "path": found["kind"], "via_kind": found["kind"], "via_namespace": found["namespace"], "via": found["route"],
        "host": found["host"], "entry": found["entry"], "entry_port": found["entry_port"],
        "protocol": found["protocol"], "namespace": found["backend_namespace"], "pod": found["pod"],
        "port": found["port"], "public": found["public"], "open": found["open"] & found["sends"]}).drop_duplicates()
