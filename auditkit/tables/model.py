"""The declaration of tables: columns with their place in the object, and the meaning of their absence.

From these declarations come the decoder (`auditkit.collectors.decode.objects`), the Arrow schema and the data
dictionary, so a column that no collector fills cannot exist.

A **path** is read from the row's own object, with these marks:

=====================  ==========================================================================
``spec.nodeName``      a field of the row's object (``""`` in `Rows` is the listed object itself)
``/metadata.name``     a field of the listed object, whatever the row is
``^name``              a field of the object one level up (the container of a port)
``ports[]``            in `Rows.path`: one row for each element; in a column: the row is repeated
                       for each element of that list of strings (``each="required"`` drops rows without any)
``labels{}``           in `Rows.path`: one row for each entry of a map, with ``$key`` and ``$value``
``.``                  the element itself, where rows are strings
``#``, ``^#``          the position of the row, of its parent, in their lists (from 0)
``@Data``              the cell of this name, where the server was asked for its ``Table`` form
``=kind``              a constant that `Rows` gives
=====================  ==========================================================================
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Literal

import msgspec
import pyarrow as pa

DTYPES = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}

Read = Literal["value", "present", "empty", "count", "text", "first_of", "reference", "hosts", "redirection",
               "json"]


class Column(msgspec.Struct, frozen=True, omit_defaults=True):
    """One column: its name, dtype, place and meaning.

    ``absent`` is what the API takes when the field is not there; without it an absent field stays ``<NA>``.
    ``read`` says how the place is read: its value, whether it is ``present``, whether it is an ``empty`` text, the
    ``count`` of its elements, an integer or string as ``text``, which of the keys in ``path`` (``a|b|c``) is there
    (``first_of``; an empty list is not), a text that has the form of a ``reference`` to a ticket or an object, the
    ``hosts`` that a rule of Traefik is for, the ports in arguments of a ``redirection`` to a proxy, or all that lies
    there as ``json`` (keys in order, no spaces): only for what can hold no secret.
    ``each`` (for paths that end in ``[]``) keeps a row without elements (``optional``) or drops it.
    ``path`` may differ by the label of the rows.
    """

    name: str
    dtype: str
    path: str | dict[str, str]
    doc: str
    absent: str | bool | int | None = None
    read: Read = "value"
    each: Literal["required", "optional"] = "required"

    @property
    def fingerprint(self) -> str:
        """A digest of what the column holds and from where, whatever ``doc`` says: another one means another thing."""
        return _fingerprint(msgspec.structs.replace(self, doc=""))

    @property
    def repeats(self) -> bool:
        """True if some row is repeated for each element that lies at its place."""
        return any(path.endswith("[]") for path in ([self.path] if isinstance(self.path, str) else self.path.values()))

    def place(self, label: str) -> str:
        """The path for rows of this label."""
        return self.path if isinstance(self.path, str) else self.path[label]


class Rows(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where rows come from: a resource of the API, a path in its objects, and constants for ``=`` columns.

    ``keep`` limits rows of a map to keys with these beginnings, or with these ends (``*/ticket``): an allow-list for
    annotations. ``pattern`` limits rows of a list of texts to those that match it as a whole, and keeps of each only
    its groups: an allow-list for arguments.
    """

    source: str
    path: str = ""
    label: str = ""
    constants: dict[str, str] = {}
    keep: tuple[str, ...] = ()
    pattern: str = ""


class Table(msgspec.Struct, frozen=True, dict=True):
    """A table: name, one line of meaning, where its rows come from, its columns, and the key of a row.

    As the subject of a verdict a row is called by its ``kind`` (a column of this name goes first) and by the columns
    ``called``: that of its name, and that of its container where it has one.
    """

    name: str
    doc: str
    rows: tuple[Rows, ...]
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    kind: str = ""
    called: tuple[str, str] = ("name", "")

    @property
    def sources(self) -> tuple[str, ...]:
        """The resources that must be read completely for this table to be complete."""
        return tuple(dict.fromkeys(rows.source for rows in self.rows))

    @property
    def fingerprint(self) -> str:
        """A digest of what decides which rows the table has: where they come from, which are kept, and the columns that
        repeat them. Another one, and rows may be missing, or be of other things."""
        repeated = [column.fingerprint for column in self.columns if column.repeats]
        return _fingerprint([sorted(map(_fingerprint, self.rows)), sorted(repeated)])

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema; its metadata have the meaning of the table and of each column, and their fingerprints, by
        which another version of auditkit knows what they are (`auditkit.snapshots.migration`)."""
        return pa.schema(
            [pa.field(c.name, DTYPES[c.dtype], metadata={"doc": c.doc, "declared": c.fingerprint})
             for c in self.columns],
            metadata={"doc": self.doc, "declared": self.fingerprint},
        )

    @cached_property
    def empty(self) -> pa.Table:
        """The table without rows: one for all, since Arrow tables do not change."""
        return self.schema.empty_table()

    def of(self, batches: Sequence[pa.RecordBatch]) -> pa.Table:
        """The table with the rows of these batches."""
        return pa.Table.from_batches(batches, schema=self.schema) if batches else self.empty


def _fingerprint(declared: object) -> str:
    """The beginning of the SHA-256 of a declaration. What it leaves to defaults is not in it, so that a mark which is
    added to declarations changes no fingerprint of those without it."""
    return hashlib.sha256(msgspec.json.encode(declared, order="deterministic")).hexdigest()[:16]


class Resource(msgspec.Struct, frozen=True):
    """A resource that collectors ask for: ``plural.group``, its kind, versions in order of preference.

    ``form="table"`` asks the API server for its ``Table`` form with metadata only, in which it sends no values.
    ``builtin`` resources belong to Kubernetes itself; others (custom resources, newer kinds) may not be served,
    and then the discovery document proves that there are none. ``namespaced`` is ``None`` where that is not known.
    Objects of ``exact`` resources decide by all of their fields: those that no table reads are rows of the path
    ``unreadFields[]``, by their place, but for those that are known to be ``harmless``: they change nothing that is
    worked out from the tables, with all that is in them.
    """

    name: str
    kind: str
    versions: tuple[str, ...] = ("v1",)
    form: Literal["object", "table"] = "object"
    namespaced: bool | None = True
    builtin: bool = True
    exact: bool = False
    harmless: tuple[str, ...] = ()

    @property
    def plural(self) -> str:
        return self.name.partition(".")[0]

    @property
    def group(self) -> str:
        return self.name.partition(".")[2]


def identity(*, namespaced: bool = True, root: str = "/metadata") -> tuple[Column, ...]:
    """The columns that nearly every object has: namespace, name, uid, created."""
    space = (Column("namespace", "string", f"{root}.namespace", "namespace of the object"),) if namespaced else ()
    return (
        *space,
        Column("name", "string", f"{root}.name", "name of the object"),
        Column("uid", "string", f"{root}.uid", "UID from the API server"),
        Column("created", "timestamp", f"{root}.creationTimestamp", "creation time at the API server"),
    )
