"""Services that routes name: whether traffic gets to them, and the pods behind."""

from collections.abc import Sequence

import pandas as pd

from auditkit.analysis.columns import STRING, has, lookup
from auditkit.analysis.network.routes.backends import BACKENDS
from auditkit.analysis.network.routes.reasons import Doubt, decided

SERVICE = {"backend_namespace": "namespace", "backend": "name"}
PORT = {"backend_namespace": "namespace", "backend": "service", "port_text": "port", "protocol": "protocol"}


def to_services(found: pd.DataFrame, services: pd.DataFrame, ports: pd.DataFrame, behind: pd.DataFrame,
                doubts: Sequence[Doubt] = ()) -> pd.DataFrame:
    """The columns of `route_backends` for rows that name a Service, or something else (backend_kind), with its
    namespace (backend_namespace), name (backend) and port (service_port): one row for each pod behind it.

    Its protocol is TCP where ``found`` has no column for it. ``doubts`` go before those about the service itself.
    """
    if "protocol" not in found:
        found = found.assign(protocol=pd.Series("TCP", found.index, STRING))
    found = found.assign(port_text=found["service_port"].astype(STRING))
    service = lookup(found, SERVICE, services, ["name", "type", "selector_count"])
    is_service = (found["backend_kind"] == "Service").fillna(False)
    has_port = has(found, PORT, ports.assign(port=ports["port"].astype(STRING)))
    called = found["backend_kind"] + " " + found["backend_namespace"] + "/" + found["backend"]
    found["sends"], found["why"] = decided(found.index, (
        *doubts,
        (~is_service, pd.NA, "auditkit does not read " + called),
        (service["name"].isna(), False, called + " is not there"),
        (service["type"] == "ExternalName", pd.NA, called + " is a name outside of the cluster"),
        (~has_port, False, called + " has no such port"),
        (service["selector_count"] == 0, pd.NA, called + " has no selector"),
    ))
    pods = behind[["namespace", "service", "service_port", "protocol", "pod", "port"]].rename(
        columns={"namespace": "backend_namespace", "service": "backend"})
    found = found.drop(columns=[name for name in ("pod", "port") if name in found]).merge(
        pods, on=["backend_namespace", "backend", "service_port", "protocol"], how="left")
    return found.reindex(columns=list(BACKENDS)).astype(BACKENDS).drop_duplicates(ignore_index=True)
