"""The data model: every table, in one place."""

from auditkit.errors import NoSuchName
from auditkit.tables import (
    access,
    admin_network,
    admission,
    cluster,
    findings,
    network,
    pods,
    secrets,
    storage,
    workloads,
)
from auditkit.tables.model import Column, Resource, Rows, Table
from auditkit.tables.resources import RESOURCES

__all__ = ["RESOURCES", "TABLES", "Column", "Resource", "Rows", "Table", "table"]

TABLES: dict[str, Table] = {
    table.name: table
    for module in (cluster, pods, workloads, access, secrets, network, admin_network, admission, storage, findings)
    for table in module.TABLES
}


def table(name: str) -> Table:
    """The declaration of a table. Raises `NoSuchName`."""
    if name not in TABLES:
        raise NoSuchName("table", name, TABLES)
    return TABLES[name]
