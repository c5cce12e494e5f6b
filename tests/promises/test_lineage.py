"""Lineage: a check reads the tables that its parameters name, and nothing else; each of them is filled by a collector,
and each is missed when it is taken away."""

import msgspec
import pytest

from auditkit import tables
from auditkit.analysis import DERIVED, GIVEN, derivation, inputs
from auditkit.checks import Check, all_checks
from auditkit.collectors.decode.structs import struct_for
from auditkit.evaluation.engine import run
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Requirement
from auditkit.snapshots.alike import Alike, Memory
from auditkit.snapshots.ledger import SCAN, SCANNED
from auditkit.snapshots.snapshot import Snapshot

CHECKS = all_checks()
MEMORY = Memory()
"""The tables that the snapshots below have in common: each lacks one source."""

PROBE = Requirement(id="0", section="0", title="t", reach="evidenced")


@pytest.fixture(scope="module")
def snapshot(acme: Snapshot) -> Snapshot:
    return acme


def closure(names: tuple[str, ...], *, needed: bool = False) -> set[str]:
    """The tables of these names, and those that derived ones among them are made of (or only those they need)."""
    found: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        found.add(name)
        todo += [table for table in inputs(derivation(name))
                 if not (needed and table in GIVEN.get(name, ()))] if name in DERIVED else ()
    return found


class Recording(Alike):
    """A snapshot that notes which tables are asked of it."""

    def input(self, name: str):
        self.asked.add(name)
        return super().input(name)


def without(snapshot: Snapshot, source: str) -> Snapshot:
    """The snapshot as if a source had never been asked."""
    ledger = [entry for entry in snapshot.manifest.ledger
              if entry.resource != source and not (source in SCANNED and entry.resource.startswith(SCAN))]
    kept = {name: snapshot.arrow(name) for name in tables.TABLES}
    return Alike.of(MEMORY, msgspec.structs.replace(snapshot.manifest, ledger=ledger), kept)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_asks_for_what_it_names(name: str, snapshot: Snapshot) -> None:
    watched = Recording.of(MEMORY, snapshot.manifest, {n: snapshot.arrow(n) for n in tables.TABLES})
    watched.asked = set()
    run(CHECKS[name], watched)
    assert watched.asked == closure(CHECKS[name].tables)


def test_every_table_that_a_check_reads_is_filled_by_a_collector() -> None:
    for check in CHECKS.values():
        for name in closure(check.tables) - set(DERIVED):
            for rows in tables.table(name).rows:
                assert struct_for(rows.source, "table" if rows.label == "table" else "object"), (check.name, name)


def test_no_table_can_be_taken_away_unnoticed(snapshot: Snapshot) -> None:
    """Each source in turn was never asked: no requirement that rests on it passes, and no object of that kind."""
    sources = {source for table in tables.TABLES.values() for source in table.sources}
    passed = []
    for source in sorted(sources):
        poorer = without(snapshot, source)
        for check in CHECKS.values():
            if not reads(check, source):
                continue
            outcome = run(check, poorer)
            kind = tables.RESOURCES[source].kind if source in tables.RESOURCES else ""
            kinds = set(outcome.subjects(outcome.positions("pass"))["kind"]) if outcome.counts["pass"] else set()
            if kind in kinds or status_of(PROBE, [outcome])[0] == "pass":
                passed.append((check.name, source))
    assert not passed


def reads(check: Check, source: str) -> bool:
    return any(source in tables.table(name).sources for name in closure(check.tables, needed=True) - set(DERIVED))
