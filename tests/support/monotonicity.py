"""Whether a changed cluster is judged better or worse than it was.

A world is collected as any recording is, so what is changed goes the whole way. Only checks that read something changed
are judged anew.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec
from recorded_world import World

from auditkit import tables
from auditkit.analysis import sources
from auditkit.checks import Check, all_checks
from auditkit.collectors.cluster import collect
from auditkit.evaluation.engine import run
from auditkit.evaluation.results import Outcome
from auditkit.evaluation.status import status_of
from auditkit.framework import library, model
from auditkit.snapshots.ledger import SCAN, SCANNED
from auditkit.snapshots.snapshot import Snapshot

GOOD = {"pass", "not_applicable", "manual"}
"""Statuses that nothing harmful may lead to from others; ``manual``, as what a cluster shows of it holds then."""
FRAMEWORKS = ("cis-kubernetes", "soc2", "hipaa", "nsa-cisa", "pss-baseline", "pss-restricted")


@dataclass
class Judged:
    """A world with what checks found in it, and the status of each requirement."""

    snapshot: Snapshot
    outcomes: dict[tuple, Outcome]
    statuses: dict[str, str] = field(default_factory=dict)


def judge(world: World, base: Judged | None = None) -> Judged:
    """Collect a world and judge it by all frameworks; what hangs on nothing changed is taken from the ``base``."""
    snapshot = collect(world, workers=1)
    changed = _changed(base.snapshot, snapshot) if base else None
    if base:
        snapshot._frames |= {name: frame for name, frame in base.snapshot._frames.items()
                             if name != "collection" and not changed & set(sources.sources(name, sources.OPTIONAL))}
    judged = Judged(snapshot, {})
    for requirement, asked in REQUIREMENTS:
        outcomes = [_outcome(check, judged, base, changed) for check in asked]
        judged.statuses[requirement.id] = status_of(requirement, outcomes)[0]
    return judged


def _requirements() -> Iterator[tuple[model.Requirement, list[Check]]]:
    """Requirements of all frameworks, by the name of their framework; and one for each check alone."""
    for name in FRAMEWORKS:
        for requirement in library.load(name).requirements:
            if requirement.run_by != "provider":
                yield msgspec.structs.replace(requirement, id=f"{name} {requirement.id}"), requirement.resolved()
    for name, check in all_checks().items():
        yield model.Requirement(id=name, section="", title=name, reach="evidenced"), [check]


REQUIREMENTS = list(_requirements())


def _outcome(check: Check, judged: Judged, base: Judged | None, changed: set[str] | None) -> Outcome:
    key = (check.name, repr(sorted(check.parameters.items())))
    if key not in judged.outcomes:
        read = {source for name in (*check.tables, *check.needs) for source in sources.sources(name, sources.OPTIONAL)}
        judged.outcomes[key] = base.outcomes[key] if base and not read & changed else run(check, judged.snapshot)
    return judged.outcomes[key]


def _changed(before: Snapshot, after: Snapshot) -> set[str]:
    """The sources that say something else."""
    said = [{entry.resource: (entry.outcome, entry.reason) for entry in snapshot.manifest.ledger}
            for snapshot in (before, after)]
    found = {name for name in said[0] | said[1] if said[0].get(name) != said[1].get(name)}
    for name, table in tables.TABLES.items():
        if name != "collection" and not before.arrow(name).equals(after.arrow(name)):
            found |= set(table.sources)
    return found | (set(SCANNED) if any(name.startswith(SCAN) for name in found) else set())


def improved(before: Judged, after: Judged) -> dict[str, str]:
    """Requirements that were not good, and are, with both statuses: what nothing harmful may lead to."""
    return {name: f"{status} → {after.statuses[name]}" for name, status in before.statuses.items()
            if status not in GOOD and after.statuses[name] in GOOD}


def failed(before: Judged, after: Judged) -> dict[str, str]:
    """Requirements that passed, and fail: what nothing helpful may lead to."""
    return {name: f"{status} → {after.statuses[name]}" for name, status in before.statuses.items()
            if status == "pass" and after.statuses[name] == "fail"}
