"""The trace of a verdict: its object with UID and owner, the table that has it, and the sources of that table."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.analysis import collected
from auditkit.analysis.columns import array
from auditkit.analysis.workloads.owners import Owners
from auditkit.checks import Check
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import called, frame_of
from auditkit.snapshots.ledger import SCAN, SCANNED
from auditkit.snapshots.snapshot import Snapshot

OBJECT = ["kind", "namespace", "name"]
_SAYS_OF_OTHERS = ("findings", "object_labels", "object_annotations", "object_approvals", "object_writers")
"""Tables whose UIDs are those of objects that have a table of their own."""


def sources_of(check: Check, snap: Snapshot) -> list[str]:
    """The sources of all that a check reads, as the ledger calls them: findings and events are in the files of scans.

    A source that the ledger does not have was not asked for.
    """
    scans = [entry.resource for entry in snap.manifest.ledger if entry.resource.startswith(SCAN)]
    return list(dict.fromkeys(
        one for name in collected(*check.tables) for source in tables.table(name).sources
        for one in ((scans or [source]) if source in SCANNED else [source])))


def population_of(check: Check) -> str:
    """The table whose rows a check judges."""
    return check.tables[0]


def objects(evaluation: Evaluation) -> Iterator[pd.DataFrame]:
    """The judged objects of each collected table that has UIDs: kind, namespace, name, uid, owner, team, table,
    sources.

    An object that two tables have is in the first of them.
    """
    snap, owners = evaluation.snapshot, Owners(evaluation.snapshot.top_owners)
    wanted = _judged(evaluation)
    for table in tables.TABLES.values():
        if table.name in _SAYS_OF_OTHERS or "uid" not in table.schema.names or not len(snap.arrow(table.name)):
            continue
        found = _of_table(snap, table.name)
        keys = _keys(found)
        chosen = frame_of({name: found[name].filter(pc.is_in(keys, value_set=wanted)) for name in found})
        wanted = wanted.filter(pc.invert(pc.is_in(wanted, value_set=keys)))
        chosen = chosen.drop_duplicates(OBJECT)
        if len(chosen):
            yield chosen.assign(owner=owners.of(chosen), team=evaluation.teams_of(chosen), table=table.name,
                                sources=" ".join(table.sources))


def _of_table(snap: Snapshot, name: str) -> dict[str, pa.Array]:
    """The objects of a table, called as verdicts call them, with their UIDs."""
    frame = snap.input(name)
    parts = called(frame, name, np.arange(len(frame)))
    return {**{part: parts[part] for part in OBJECT}, "uid": array(frame["uid"])}


def _judged(evaluation: Evaluation) -> pa.Array:
    """The objects that checks judged, each once, as keys."""
    outcomes = {id(outcome): outcome for result in evaluation.results for outcome in result.outcomes}
    keys = [_keys(outcome.detail.called(outcome.positions())).unique() for outcome in outcomes.values() if len(outcome)]
    return pa.chunked_array(keys, pa.string()).combine_chunks().unique()


def _keys(subjects: Mapping[str, pa.Array]) -> pa.Array:
    parts = (pc.fill_null(subjects[name].cast(pa.string()), "") for name in OBJECT)
    return pc.binary_join_element_wise(*parts, "\0")
