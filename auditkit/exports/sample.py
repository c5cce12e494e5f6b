"""A sample as a file for programs and spreadsheets: JSON with everything, CSV with the items.

Each says where the population is incomplete: JSON under ``warning``, CSV in a first row whose ``how`` is ``note``.
"""

import csv
import io
from typing import Any

import pandas as pd

from auditkit.base.hostile_text import cell
from auditkit.history import canonical
from auditkit.history.sample import Sample

ABOUT = ["population", "population_items", "population_sha256", "seed"]
"""The last columns of the CSV: from which population, and by which seed."""


NOTE = "note"
"""What ``how`` has in a row of the CSV that is no item but says what the population lacks."""


def document(sample: Sample) -> dict[str, Any]:
    """Everything about a sample, as plain data: what it is of, how it was made, its items, and their evidence."""
    population = sample.population
    return {
        "warning": population.warning, "bounds": population.bounds,
        "population": {**population.header, "items": len(population), "sha256": population.digest},
        "sample": {"seed": sample.seed, "size": sample.size.items, "size_reason": sample.size.why, "by": sample.by,
                   "requirements": list(sample.requirements)},
        "items": _records(sample.frame), "verdicts": _records(sample.verdicts), "requests": _records(sample.requests),
    }


def as_json(sample: Sample) -> bytes:
    """The document as JSON in ASCII; the same sample gives the same bytes."""
    import json

    return json.dumps(document(sample), indent=1, ensure_ascii=True).encode() + b"\n"


def as_csv(sample: Sample) -> bytes:
    """The items as CSV, safe to open in a spreadsheet."""
    population, lines = sample.population, io.StringIO()
    columns = [*sample.frame, *ABOUT]
    about = [population.name, len(population), population.digest, sample.seed]
    writer = csv.writer(lines)
    writer.writerow(map(cell, columns))
    for note in filter(None, (population.warning, population.bounds)):
        row = dict.fromkeys(columns, "") | {"how": NOTE, "reason": note} | dict(zip(ABOUT, about, strict=True))
        writer.writerow([cell(value) for value in row.values()])
    for row in sample.frame.itertuples(index=False, name=None):
        writer.writerow([cell(_flat(value)) for value in (*row, *about)])
    return lines.getvalue().encode("utf-8", "backslashreplace")


def _flat(value: Any) -> Any:
    """A value that fits a cell: times, lists and mappings as text."""
    return value if isinstance(value, str | int | float) or value is pd.NA else canonical.text(value).strip('"')


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): canonical.plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
