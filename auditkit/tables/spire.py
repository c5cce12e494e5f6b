"""SPIRE: the ClusterSPIFFEIDs of its controller, which register identities for pods by their labels.

Templates name fields of pods and hold no secret. Entries that are registered otherwise (by ClusterStaticEntries or the
server's own API) are not read.

Source of fields: spiffe/spire-controller-manager, ``api/v1alpha1/clusterspiffeid_types.go`` (2026).
"""

from auditkit.tables.model import Column, Resource, Rows, Table, identity
from auditkit.tables.network import SELECTOR, selector_rows

IDS = "clusterspiffeids.spire.spiffe.io"
RESOURCES = (Resource(IDS, "ClusterSPIFFEID", ("v1alpha1",), namespaced=False, builtin=False),)

TABLES = (
    Table(
        "spire_ids", "ClusterSPIFFEIDs of SPIRE: which identity its server registers for pods", (Rows(IDS),),
        (*identity(namespaced=False),
         Column("template", "string", "spec.spiffeIDTemplate", "the identity, with fields of the pod in it"),
         Column("class", "string", "spec.className", "controller that it is for; <NA>: one that takes any"),
         Column("selected", "int64", "status.stats.podsSelected", "pods that the controller found; <NA>: not stated")),
        ("name",), kind="ClusterSPIFFEID",
    ),
    Table(
        "spire_id_selectors", "pods that ClusterSPIFFEIDs are for: one row for each requirement and value",
        tuple(rows for of in ("podSelector", "namespaceSelector")
              for rows in selector_rows(IDS, f"spec.{of}", {"of": of})),
        (Column("spire_id", "string", "/metadata.name", "name of the ClusterSPIFFEID"),
         Column("of", "string", "=of", "podSelector or namespaceSelector"), *SELECTOR),
        ("spire_id", "of", "form", "requirement", "value"),
    ),
)
