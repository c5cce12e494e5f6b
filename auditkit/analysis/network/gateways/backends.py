"""What is behind routes of the Gateway API: services, their pods, and whether a route may send them anything."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup
from auditkit.analysis.network.gateways.filters import ROUTE, may_answer
from auditkit.analysis.network.gateways.grants import granted
from auditkit.analysis.network.routes.backends import BACKENDS
from auditkit.analysis.network.routes.unread import unread_field
from auditkit.analysis.shortcuts import empty_without_rows

BACKEND = {"backend_namespace": "namespace", "backend": "name"}


@empty_without_rows(BACKENDS)
def gateway_backends(
    gateway_routes: pd.DataFrame, gateway_route_backends: pd.DataFrame, gateway_route_filters: pd.DataFrame,
    reference_grants_from: pd.DataFrame, reference_grants_to: pd.DataFrame, backend_tls_policies: pd.DataFrame,
    unread_route_fields: pd.DataFrame, unread_grant_fields: pd.DataFrame, unread_tls_policy_fields: pd.DataFrame,
    services: pd.DataFrame, service_ports: pd.DataFrame, service_backends: pd.DataFrame,
) -> pd.DataFrame:
    """What is behind routes of the Gateway API: the columns of `route_backends`.

    ``tls`` is true where a BackendTLSPolicy is for all ports of the service.
    """
    found = gateway_route_backends.assign(
        ref_namespace=gateway_route_backends["ref_namespace"].fillna(gateway_route_backends["namespace"]))
    found["granted"] = granted(found, reference_grants_from, reference_grants_to,
                               unread_grant_fields)
    found = found.rename(columns={"ref_kind": "backend_kind", "ref_namespace": "backend_namespace",
                                  "ref_name": "backend", "port": "service_port"})
    found["protocol"] = pd.Series("TCP", found.index, STRING).mask(found["kind"] == "UDPRoute", "UDP")
    unread = unread_field(gateway_routes, unread_route_fields)
    routes = gateway_routes.assign(unread=unread).rename(columns={"name": "route"})
    found = found.merge(routes[[*ROUTE, "unread"]], on=ROUTE)
    found["may_answer"] = may_answer(found, gateway_route_filters)
    found["is_service"] = (found["backend_kind"] == "Service") & (found["ref_group"] == "")
    found["sends"], found["why"] = _sends(found, services, service_ports)
    found["tls"] = _over_tls(found, backend_tls_policies, unread_tls_policy_fields)
    return _pods(found, service_backends).astype(BACKENDS)[list(BACKENDS)].drop_duplicates(ignore_index=True)


def _sends(found: pd.DataFrame, services: pd.DataFrame, ports: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether a route may send its backend traffic, and why not. A reference that is not granted is refused."""
    service = lookup(found, BACKEND, services, ["name", "type", "selector_count"])
    has_port = has(found.assign(port=found["service_port"].astype(STRING)), {
        "backend_namespace": "namespace", "backend": "service", "port": "port", "protocol": "protocol"},
        ports.assign(port=ports["port"].astype(STRING)))
    called = found["backend_kind"] + " " + found["backend_namespace"] + "/" + found["backend"]
    doubts = (
        (~found["granted"].fillna(True), False, "no ReferenceGrant lets it refer to " + called),
        ((found["weight"] == 0).fillna(False), False, called + " has the weight 0"),
        (found["is_service"] & service["name"].isna(), False, called + " is not there"),
        (found["is_service"] & found["service_port"].isna(), False, "it names no port of " + called),
        (found["is_service"] & ~has_port, False, called + " has no such port"),
        (found["unread"].notna(), pd.NA, found["unread"]),
        (found["granted"].isna(), pd.NA, "whether it may refer to " + called + " is not known"),
        (~found["is_service"], pd.NA, "auditkit does not read " + called),
        ((service["type"] == "ExternalName").fillna(False), pd.NA, called + " is a name outside of the cluster"),
        ((service["selector_count"] == 0).fillna(False), pd.NA, called + " has no selector"),
        (found["may_answer"], pd.NA, "a filter of its rule may answer or refuse requests itself"),
    )
    sends, why = pd.Series(True, found.index, BOOLEAN), pd.Series(pd.NA, found.index, STRING)
    for holds, verdict, words in reversed(doubts):
        sends, why = sends.mask(holds.astype(bool), verdict), why.mask(holds.astype(bool), words)
    return sends, why


def _over_tls(found: pd.DataFrame, policies: pd.DataFrame, unread: pd.DataFrame) -> pd.Series:
    """Whether a BackendTLSPolicy is for all ports of each service, or for some (not known which)."""
    of_services = policies[((policies["target_kind"] == "Service") & (policies["target_group"] == "")).fillna(False)]
    strange = unread_field(of_services.assign(name=of_services["policy"]), unread, "BackendTLSPolicy")
    sure = of_services["section"].isna() & strange.isna()
    on = {"backend_namespace": "namespace", "backend": "target"}
    perhaps = has(found, on, of_services[~sure])
    return has(found, on, of_services[sure]).mask(perhaps, pd.NA) & found["is_service"]


def _pods(found: pd.DataFrame, backends: pd.DataFrame) -> pd.DataFrame:
    """A row for each pod behind the port of each service."""
    behind = backends[["namespace", "service", "service_port", "protocol", "pod", "port"]].rename(
        columns={"namespace": "backend_namespace", "service": "backend"})
    served = found[found["is_service"].astype(bool)].merge(
        behind, on=["backend_namespace", "backend", "service_port", "protocol"], how="left")
    return pd.concat([served, found[~found["is_service"].astype(bool)]], ignore_index=True)
