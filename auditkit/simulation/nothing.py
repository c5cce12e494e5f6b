"""A cluster of which nothing is known: what manifests are judged on where there is no snapshot."""

import datetime as dt

from auditkit import tables
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES

NAME = "manifests"
_WHY = "only manifests were given; what else the cluster has is not known"


def nothing(now: dt.datetime | None = None) -> Snapshot:
    """A snapshot without any object, in which every list of the API is known in part only."""
    moment = now or dt.datetime.now(dt.UTC).replace(microsecond=0)
    ledger = [Entry(resource=name, outcome="partial", reason=_WHY, started=moment, ended=moment) for name in RESOURCES]
    ledger.append(Entry(resource="collection", outcome="complete", started=moment, ended=moment))
    return Snapshot(Manifest(cluster=NAME, started=moment, ended=moment, source="no cluster", ledger=ledger),
                    {name: table.empty for name, table in tables.TABLES.items()})
