"""The trace of a verdict: its object with UID and owner, the table that has it, and the sources of that table."""

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.analysis import collected
from auditkit.analysis.columns import array
from auditkit.analysis.workloads.owners import owners_of
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
    snap, owners = evaluation.snapshot, evaluation.snapshot.top_owners
    wanted = _judged(evaluation)
    for table in tables.TABLES.values():
        if table.name in _SAYS_OF_OTHERS or "uid" not in table.schema.names:
            continue
        found = _of_table(snap, table.name)
        keys = _keys(found)
        chosen = found[pc.is_in(keys, value_set=wanted).to_numpy(zero_copy_only=False)].drop_duplicates(OBJECT)
        wanted = wanted.filter(pc.invert(pc.is_in(wanted, value_set=keys)))
        if len(chosen):
            yield chosen.assign(owner=owners_of(chosen, owners), team=evaluation.teams_of(chosen), table=table.name,
                                sources=" ".join(table.sources))


def _of_table(snap: Snapshot, name: str) -> pd.DataFrame:
    """The objects of a table, called as verdicts call them, with their UIDs."""
    frame = snap.frame(name)
    parts = called(frame, name, pd.RangeIndex(len(frame)).to_numpy())
    return frame_of({part: parts[part] for part in OBJECT}).assign(uid=frame["uid"].to_numpy(object))


def _judged(evaluation: Evaluation) -> pa.Array:
    """The objects that checks judged, each once, as keys."""
    outcomes = {id(outcome): outcome for result in evaluation.results for outcome in result.outcomes}
    keys = [_keys(outcome.population).unique() for outcome in outcomes.values() if len(outcome)]
    return pa.chunked_array(keys, pa.string()).combine_chunks().unique()


def _keys(frame: pd.DataFrame) -> pa.Array:
    parts = (pc.fill_null(array(frame[name]).cast(pa.string()), "") for name in OBJECT)
    return pc.binary_join_element_wise(*parts, "\0")
