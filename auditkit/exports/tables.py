"""The tables of an evaluation as CSV or Parquet, for programs and for people's own analysis."""

import io
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from auditkit.base import whole
from auditkit.base.files import unwritable
from auditkit.base.text_tables import TextTable
from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.exports.columns import Column, Exported
from auditkit.exports.frames import TABLES

DICTIONARY = "columns"
"""The table of all columns with their types and meanings, which is written beside the others."""


def write_tables(evaluation: Evaluation, folder: Path | str, format: str = "csv") -> list[Path]:
    """Write the tables of an evaluation, a file for each, as ``FRAMEWORK-TABLE.csv`` or ``.parquet``; returns them.

    The tables are those of `auditkit.exports.frames`, and ``columns``, the meaning of each of their columns. In CSV,
    text is one line, and an apostrophe stands before what a spreadsheet would take for a formula; Parquet has each text
    as it is, the meanings in the schema, and what was judged by what under ``auditkit`` in the metadata. The same
    evaluation gives the same bytes. Raises `UsageError` for another format or a folder that cannot be written.
    """
    if format not in ("csv", "parquet"):
        raise UsageError(f"Tables are written as csv or parquet, not as {format!r}.")
    folder, name = Path(folder), evaluation.framework.framework
    encoded: Callable[[Evaluation, Exported], bytes] = _csv if format == "csv" else _parquet
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(unwritable(folder, error)) from None
    written = []
    for table in (*TABLES.values(), _dictionary()):
        written.append(folder / f"{name}-{table.name}.{format}")
        whole.write(written[-1], encoded(evaluation, table))
    return written


def csv(frames: Iterable[pd.DataFrame | pa.Table], columns: list[str]) -> bytes:
    """Frames or Arrow tables, one under the other, as CSV in UTF-8, safe to open in a spreadsheet."""
    return b"".join(TextTable.of(frames, columns).csv())


def _csv(evaluation: Evaluation, table: Exported) -> bytes:
    return csv(table.arrow(evaluation), [column.name for column in table.columns])


def _parquet(evaluation: Evaluation, table: Exported) -> bytes:
    content, about = io.BytesIO(), evaluation.framework
    said = json.dumps({"snapshot": evaluation.snapshot.digest, "framework": about.framework, "version": about.version,
                       "table": table.name, "meaning": table.meaning}, sort_keys=True)
    schema = table.schema.with_metadata({"auditkit": said})
    with pq.ParquetWriter(content, schema, compression="zstd", store_schema=True) as writer:
        for rows in table.arrow(evaluation):
            writer.write_table(rows.replace_schema_metadata(schema.metadata))
    return content.getvalue()


def _dictionary() -> Exported:
    """The table of the columns of all tables."""
    columns = (Column("table", "Table"), Column("column", "Column"), Column("type", "Type in Parquet"),
               Column("meaning", "Meaning of the column"))
    rows = [(table.name, column.name, column.type, column.meaning)
            for table in TABLES.values() for column in table.columns]

    def frames(_: Evaluation) -> Iterator[pd.DataFrame]:
        yield pd.DataFrame(rows, columns=[column.name for column in columns])

    return Exported(DICTIONARY, "The meaning of each column", columns, frames)
