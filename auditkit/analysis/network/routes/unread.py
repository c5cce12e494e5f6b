"""Objects with fields that are not understood: what depends on them is not known."""

import pandas as pd

from auditkit.analysis.columns import STRING, lookup


def unread_field(objects: pd.DataFrame, unread_fields: pd.DataFrame, kind: str = "",
                 groups: str = "gateway.networking.") -> pd.Series:
    """In words, a field of each object that is not read; <NA>: there is none.

    Objects are known by their kind (all are of ``kind``, if that is given), namespace and name, in groups that begin
    with ``groups``.
    """
    if kind:
        objects = objects.assign(kind=pd.Series(kind, objects.index, STRING))
    ours = unread_fields[unread_fields["group"].str.startswith(groups).fillna(False)]
    objects, ours = (rows.assign(namespace=rows["namespace"].fillna("")) for rows in (objects, ours))
    field = lookup(objects, {name: name for name in ("kind", "namespace", "name")}, ours, ["field"])["field"]
    return (objects["kind"] + " " + objects["name"] + " has the field " + field
            + ", which auditkit does not read").astype(STRING)
