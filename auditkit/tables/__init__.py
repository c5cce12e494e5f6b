"""The data model: every table, in one place."""

import hashlib
from functools import cache

from auditkit.errors import NoSuchName
from auditkit.tables import (
    access,
    admin_network,
    admission,
    calico,
    cert_manager,
    cilium,
    cluster,
    contour,
    devices,
    engines,
    findings,
    gateway_api,
    istio,
    istio_gateways,
    linkerd,
    meshes,
    metadata,
    network,
    openshift,
    placement,
    pods,
    secrets,
    settings,
    spire,
    storage,
    traefik,
    workloads,
)
from auditkit.tables.model import Column, Resource, Rows, Table
from auditkit.tables.resources import RESOURCES

__all__ = ["RESOURCES", "TABLES", "Column", "Resource", "Rows", "Table", "digest", "table"]

TABLES: dict[str, Table] = {
    table.name: table
    for module in (cluster, pods, workloads, access, secrets, network, admin_network, cilium, calico, gateway_api,
                   openshift, contour, istio_gateways, traefik, cert_manager, meshes, istio, linkerd, spire,
                   admission, engines, storage, devices, findings, placement, metadata, settings)
    for table in module.TABLES
}


@cache
def digest() -> str:
    """SHA-256 of what all tables hold and from where: snapshots of another one cannot be judged by these tables."""
    said = [(one.name, one.rows, [(c.name, c.dtype, c.path, c.absent, c.read, c.each) for c in one.columns])
            for one in TABLES.values()]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def table(name: str) -> Table:
    """The declaration of a table. Raises `NoSuchName`."""
    if name not in TABLES:
        raise NoSuchName("table", name, TABLES)
    return TABLES[name]
