"""Columns and tables of exports: declared once for CSV, Parquet, workbooks and their dictionaries."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pyarrow as pa

from auditkit.evaluation.evaluation import Evaluation

Type = Literal["string", "int64", "bool", "timestamp", "date"]

ARROW: dict[Type, pa.DataType] = {
    "string": pa.string(), "int64": pa.int64(), "bool": pa.bool_(), "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}
"""The Arrow type of each type of a column; times are in UTC."""


@dataclass(frozen=True)
class Column:
    """A column: its name, its meaning, its type, and in workbooks its heading and its greatest width in characters.

    People fill in a column that is ``fill``; with ``choices``, with one of these. ``optional`` columns are left out of
    a workbook where they are empty throughout. A ``word`` is a verdict or status, shown in its text and colour.
    """

    name: str
    meaning: str
    type: Type = "string"
    heading: str = ""
    widest: int = 30
    fill: bool = False
    choices: tuple[str, ...] = ()
    optional: bool = False
    word: bool = False

    @property
    def title(self) -> str:
        """The heading in workbooks."""
        return self.heading or self.name.replace("_", " ")


@dataclass(frozen=True)
class Exported:
    """A table of an evaluation: its name, its meaning, its columns, and its rows in one frame or several, of pandas or
    Arrow."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    frames: Callable[[Evaluation], Iterator[pd.DataFrame | pa.Table]]

    @property
    def schema(self) -> pa.Schema:
        """The columns as a schema of Arrow; each field has its meaning as ``description``."""
        return pa.schema([pa.field(column.name, ARROW[column.type], metadata={"description": column.meaning})
                          for column in self.columns])

    def arrow(self, evaluation: Evaluation) -> Iterator[pa.Table]:
        """Its rows in this schema, in one table or several."""
        for frame in self.frames(evaluation):
            yield (frame.select(self.schema.names).cast(self.schema) if isinstance(frame, pa.Table) else pa.table(
                [pa.array(frame[column.name], ARROW[column.type], from_pandas=True) for column in self.columns],
                self.schema))

    def rows(self, evaluation: Evaluation) -> Iterator[pd.DataFrame]:
        """Its rows as DataFrames, whose columns have the types of the schema."""
        for table in self.arrow(evaluation):
            yield table.to_pandas(types_mapper=pd.ArrowDtype)
