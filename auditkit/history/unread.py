"""Changes of which no field tells what they were: an object was written, and nothing that is read of it differs.

Arguments, values of variables and of annotations, and whatever no table has, are not read. That somebody wrote them
shows in the managed fields (`object_writers`) and in the generation of the object (`object_generations`).
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from auditkit.history.cells import Field, Object
from auditkit.history.noise import WRITERS
from auditkit.snapshots.snapshot import Snapshot

WRITTEN = "last write (to fields that are not read)"
GENERATION = "generation (fields that are not read)"
_KEY = ["kind", "namespace", "object", "uid"]


def written(earlier: Snapshot, later: Snapshot) -> dict[Object, Field]:
    """The objects that are in both snapshots and were changed in between, and what shows it.

    What the programs of Kubernetes write is left out, and the generation of what an autoscaler scales: it goes up with
    every other number of pods, also where the number is the same again.
    """
    scaled = _scaled(earlier) | _scaled(later)
    found = {thing: Field(GENERATION, int(was), int(now))
             for thing, was, now in _later(_generations(earlier), _generations(later)) if thing not in scaled}
    found |= {thing: Field(WRITTEN, was.isoformat(), now.isoformat())
              for thing, was, now in _later(_writes(earlier), _writes(later))}
    return found


def _later(old: pd.Series, new: pd.Series) -> Iterator[tuple[Object, Any, Any]]:
    """Where a value is higher than before, by object."""
    both = old.to_frame("before").join(new.rename("after"), how="inner")
    for (kind, space, name, _), was, now in both[both["before"] < both["after"]].itertuples(name=None):
        yield Object(kind, space, name), was, now


def _writes(snapshot: Snapshot) -> pd.Series:
    """When each object was written last by what is no program of Kubernetes."""
    rows = snapshot.whole("object_writers")
    rows = rows[rows["subresource"].isna() & ~rows["manager"].isin(WRITERS)].dropna(subset=["time", "uid"])
    return rows.fillna({"namespace": ""}).groupby(_KEY)["time"].max()


def _generations(snapshot: Snapshot) -> pd.Series:
    rows = snapshot.whole("object_generations").dropna(subset=["generation", "uid"])
    return rows.fillna({"namespace": ""}).groupby(_KEY)["generation"].max()


def _scaled(snapshot: Snapshot) -> set[Object]:
    """What autoscalers scale."""
    rows = snapshot.whole("autoscalers")
    return {Object(*each) for each in rows[["target_kind", "namespace", "target"]].itertuples(index=False, name=None)}
