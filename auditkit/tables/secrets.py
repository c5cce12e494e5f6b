"""Secrets and ConfigMaps by name, and what fetches Secrets from a store outside. No value of either is ever read
into a table.

A live server is asked for its ``Table`` form with metadata only, in which it sends no values. Files that somebody
made with kubectl hold whole objects; of these only the same fields are decoded.
"""

from auditkit.tables.model import Column, Rows, Table, identity


def _both(source: str) -> tuple[Rows, ...]:
    return (Rows(source, label="table"), Rows(source, label="object"))


def _metadata(field: str) -> dict[str, str]:
    return {"table": f"object.metadata.{field}", "object": f"metadata.{field}"}


def _identity() -> tuple[Column, ...]:
    return (
        Column("namespace", "string", _metadata("namespace"), "namespace of the object"),
        Column("name", "string", _metadata("name"), "name of the object"),
        Column("uid", "string", _metadata("uid"), "UID from the API server"),
        Column("created", "timestamp", _metadata("creationTimestamp"), "creation time at the API server"),
    )


_FETCHERS = {
    "externalsecrets.external-secrets.io": ("ExternalSecret", "spec.secretStoreRef.name"),
    "secretproviderclasses.secrets-store.csi.x-k8s.io": ("SecretProviderClass", "spec.provider"),
    "vaultstaticsecrets.secrets.hashicorp.com": ("VaultStaticSecret", "spec.vaultAuthRef"),
}

_KEYS = Column("keys_count", "int64", {"table": "@Data", "object": "data"}, "number of keys", read="count", absent=0)

TABLES = (
    Table(
        "secrets", "Secrets by name and type; their values are never requested", _both("secrets"),
        (*_identity(), Column("type", "string", {"table": "@Type", "object": "type"}, "type", absent="Opaque"), _KEYS),
        ("namespace", "name"), kind="Secret",
    ),
    Table(
        "config_maps", "ConfigMaps by name; their values are never requested", _both("configmaps"),
        (*_identity(), _KEYS), ("namespace", "name"), kind="ConfigMap",
    ),
    Table(
        "external_secrets", "objects that fetch secrets from an external store",
        tuple(Rows(source, label=kind, constants={"kind": kind}) for source, (kind, _) in _FETCHERS.items()),
        (
            Column("kind", "string", "=kind", "ExternalSecret, SecretProviderClass or VaultStaticSecret"),
            *identity(),
            Column("store", "string", dict(_FETCHERS.values()), "store, provider or sign-on that it fetches by"),
        ),
        ("kind", "namespace", "name"), kind="ExternalSecret",
    ),
)
