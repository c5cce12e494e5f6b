"""What every object says of itself: labels, the keys of its annotations, references to approvals, and who wrote it.

Not of pods, which are many and whose controllers say the same; of Secrets and ConfigMaps only who wrote them, and when:
annotations of these can hold all of their content.
"""

from auditkit.tables.model import Column, Rows, Table
from auditkit.tables.resources import RESOURCES

APPROVALS = ("*/change", "*/change-id", "*/change-request", "*/ticket", "*/ticket-id", "*/approval",
             "argocd.argoproj.io/tracking-id")
"""Annotations whose value names a change, a ticket or what a GitOps tool tracks (``*/change``: keys with this end)."""

_LABELLED = ("namespaces", "nodes")
_RBAC = "rbac.authorization.k8s.io"
_BY_TABLE = {name: resource.kind for name, resource in RESOURCES.items() if resource.form == "table"}
_NAMESAKES = (".projectcalico.org", ".policy.linkerd.io")
_BY_OBJECT = {name: resource.kind for name, resource in RESOURCES.items()
              if name != "pods" and name not in _BY_TABLE and not name.endswith(_NAMESAKES)
              and name != "gateways.networking.istio.io"}
"""Istio's Gateways, and Calico's and Linkerd's kinds are left out: some are called as those of Kubernetes or Istio,
and each object of Calico may be seen in two groups."""


def _rows(path: str, *, but: tuple[str, ...] = (), keep: tuple[str, ...] = ()) -> tuple[Rows, ...]:
    return tuple(Rows(source, path, label="object", constants={"kind": kind}, keep=keep)
                 for source, kind in _BY_OBJECT.items() if source not in but and not source.endswith(but or "-"))


def _of_object(*, tables: bool = False) -> tuple[Column, ...]:
    def place(field: str) -> str | dict[str, str]:
        objects = f"/metadata.{field}"
        return {"object": objects, "table": f"/object.metadata.{field}"} if tables else objects

    return (
        Column("kind", "string", "=kind", "kind of the object"),
        Column("namespace", "string", place("namespace"), "namespace of the object"),
        Column("object", "string", place("name"), "name of the object"),
        Column("uid", "string", place("uid"), "UID from the API server"),
    )


_KEY = Column("key", "string", "$key", "annotation")

TABLES = (
    Table(
        "object_labels",
        "labels of objects; those of pods, namespaces, nodes, roles and bindings have their own tables",
        _rows("metadata.labels{}", but=(*_LABELLED, _RBAC)),
        (*_of_object(), Column("key", "string", "$key", "label"), Column("value", "string", "$value", "its value")),
        ("kind", "namespace", "object", "key"), kind="kind", called=("object", ""),
    ),
    Table(
        "object_annotations", "annotations of objects by key; their values are not kept",
        _rows("metadata.annotations{}"), (*_of_object(), _KEY),
        ("kind", "namespace", "object", "key"), kind="kind", called=("object", ""),
    ),
    Table(
        "object_approvals",
        "annotations that name a change, a ticket or what a GitOps tool tracks; a value that has not the form of such "
        "a name is not kept",
        _rows("metadata.annotations{}", keep=APPROVALS),
        (*_of_object(), _KEY, Column("value", "string", "$value", "name of the change, ticket or application",
                                     read="reference")),
        ("kind", "namespace", "object", "key"), kind="kind", called=("object", ""),
    ),
    Table(
        "object_writers", "programs that wrote objects, and when last (managedFields); which fields is not kept",
        (*_rows("metadata.managedFields[]"),
         *(Rows(source, f"{meta}metadata.managedFields[]", label=label, constants={"kind": kind})
           for source, kind in _BY_TABLE.items() for label, meta in (("table", "object."), ("object", "")))),
        (
            *_of_object(tables=True),
            Column("manager", "string", "manager", "program that wrote it, as it calls itself"),
            Column("operation", "string", "operation", "Apply or Update"),
            Column("subresource", "string", "subresource", "subresource that it wrote to; <NA>: the object itself"),
            Column("time", "timestamp", "time", "when it wrote last"),
        ),
        ("kind", "namespace", "object", "manager", "operation", "subresource"), kind="kind", called=("object", ""),
    ),
    Table(
        "object_generations", "how often what is wanted of an object was changed (generation)",
        tuple(Rows(source, label="object", constants={"kind": kind}) for source, kind in _BY_OBJECT.items()),
        (*_of_object(), Column("generation", "int64", "metadata.generation",
                               "number of its last change; <NA>: its kind has none")),
        ("kind", "namespace", "object"), kind="kind", called=("object", ""),
    ),
)
