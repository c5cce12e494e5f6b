"""Objects with fields that are not understood: what depends on them is not known."""

import pandas as pd

from auditkit.analysis.columns import STRING, lookup


def unread_field(objects: pd.DataFrame, unread: pd.DataFrame, kind: str = "") -> pd.Series:
    """In words, a field of each object that is not read; <NA>: there is none.

    Objects are known by their kind (all are of ``kind``, if that is given), namespace and name.
    """
    if kind:
        objects = objects.assign(kind=pd.Series(kind, objects.index, STRING))
    objects, unread = (rows.assign(namespace=rows["namespace"].fillna("")) for rows in (objects, unread))
    field = lookup(objects, {name: name for name in ("kind", "namespace", "name")}, unread, ["field"])["field"]
    return (objects["kind"] + " " + objects["name"] + " has the field " + field
            + ", which auditkit does not read").astype(STRING)
