"""The data dictionary: the tables that checks read, and what their columns mean."""

import inspect
from typing import Any

import pandas as pd

from auditkit import tables
from auditkit.analysis import DERIVED, derivation, inputs
from auditkit.evaluation.evaluation import Evaluation
from auditkit.reports.panels.block import Block
from auditkit.snapshots.snapshot import Snapshot


def dictionary(source: Evaluation | Snapshot, names: list[str] | None = None) -> Block:
    """The meaning of columns, for the tables of an evaluation or a snapshot, or for the named tables."""
    snap = source.snapshot if isinstance(source, Evaluation) else source
    attached = ["dictionary.csv"] if isinstance(source, Evaluation) and names is None else []
    if names is None:
        names = _read(source) if isinstance(source, Evaluation) else list(tables.TABLES)
    return Block("dictionary", title="Data dictionary", tables=[_table(snap, name) for name in names],
                 attached=attached)


def columns(evaluation: Evaluation) -> pd.DataFrame:
    """The dictionary as a table: one row for each column of a table that the checks read."""
    snap = evaluation.snapshot
    return pd.DataFrame([
        {"table": described["name"], "column": column["name"], "type": column["dtype"], "meaning": column["doc"],
         "table_meaning": described["doc"], "table_rows": described["rows"], "derived": described["derived"],
         "table_gaps": "; ".join(described["gaps"])}
        for described in (_table(snap, name) for name in _read(evaluation)) for column in described["columns"]])


def _read(evaluation: Evaluation) -> list[str]:
    """The tables that the checks of an evaluation read, in the order of the data model."""
    used = {name for result in evaluation.results for outcome in result.outcomes for name in outcome.check.tables}
    return [name for name in [*tables.TABLES, *DERIVED] if name in used]


def _table(snap: Snapshot, name: str) -> dict[str, Any]:
    if name in DERIVED:
        doc = (inspect.getdoc(derivation(name)) or "").partition("\n\n")[0].replace("`", "")
        known, shape = _meanings(name), snap.shape(name)
        columns = [{"name": column, "dtype": dtype, "doc": known.get(column, "")}
                   for column, dtype in shape.columns]
        rows = shape.rows
    else:
        doc, rows = tables.table(name).doc, snap.arrow(name).num_rows
        columns = [{"name": c.name, "dtype": c.dtype, "doc": c.doc} for c in tables.table(name).columns]
    return {"name": name, "doc": doc, "rows": rows, "gaps": snap.gaps(name), "columns": columns,
            "derived": name in DERIVED}


def _meanings(name: str) -> dict[str, str]:
    """What columns mean in the tables that a derived one is made of; where it has the name, it has the meaning."""
    if name not in DERIVED:
        return {column.name: column.doc for column in tables.table(name).columns}
    found: dict[str, str] = {}
    for source in inputs(derivation(name)):
        found = {**_meanings(source), **found}
    return found
