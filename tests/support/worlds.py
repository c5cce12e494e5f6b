"""Small worlds for tests: Kubernetes objects, as a user would write them, to the tables of a snapshot."""

from collections.abc import Iterable
from functools import cache

import msgspec
import pandas as pd
import pyarrow as pa

from auditkit import tables
from auditkit.analysis import derivation, inputs
from auditkit.collectors.decode.objects import decode

SOURCES = {resource.kind: resource.name for resource in reversed(tables.RESOURCES.values())}
"""The first resource of each kind. An object that says its version is of the group that it names."""
_BY_GROUP = {(resource.kind, resource.group): resource.name for resource in tables.RESOURCES.values()}


def arrow(objects: Iterable[dict]) -> dict[str, pa.Table]:
    """Every table with the rows of these objects, in their order within a kind."""
    by_source: dict[str, list[dict]] = {}
    for thing in objects:
        group = thing.get("apiVersion", "").rpartition("/")[0]
        by_source.setdefault(_BY_GROUP.get((thing["kind"], group), SOURCES[thing["kind"]]), []).append(thing)
    batches: dict[str, list[pa.RecordBatch]] = {}
    for source, items in by_source.items():
        page = decode(msgspec.json.encode({"items": items}), source)
        assert not page.malformed, page.malformed
        for name, found in page.batches.items():
            batches.setdefault(name, []).extend(found)
    return {name: table.of(batches.get(name, []))
            for name, table in tables.TABLES.items()}


def frames(objects: Iterable[dict]) -> dict[str, pd.DataFrame]:
    """The same as DataFrames with Arrow dtypes."""
    return {name: (table.to_pandas(types_mapper=pd.ArrowDtype) if table.num_rows else empty(name)).copy(deep=False)
            for name, table in arrow(objects).items()}


@cache
def empty(name: str) -> pd.DataFrame:
    """A table without rows, made once: a test takes a hundred of them at a time."""
    return tables.table(name).empty.to_pandas(types_mapper=pd.ArrowDtype)


def derived(found: dict[str, pd.DataFrame], *names: str) -> list[pd.DataFrame]:
    """Tables by name, derived ones worked out of what is there."""
    return [found[name] if name in found else
            derivation(name)(*derived(found, *inputs(derivation(name)))) for name in names]
