"""Run a check: its judgement of every row of its population becomes verdicts.

Only here does ``True`` become ``pass``, and only in a row that no gap touches: the list that the row comes from was
collected completely, and so was everything that the check joins to it (`auditkit.analysis.sources`). A requirement
passes only where no gap is in anything that its checks read, since a gap anywhere may hide subjects that fail. So a Pod
may pass though Deployments were refused; that requirement does not.

A check that reads a table of which another version of auditkit did not collect all (`auditkit.snapshots.migration`) is
not run: every subject is unknown.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import BOOLEAN
from auditkit.checks import Check, Judgement, judge
from auditkit.errors import UsageError
from auditkit.evaluation.found import Found
from auditkit.evaluation.results import Outcome, arrow, guarded
from auditkit.evaluation.words import VERDICTS
from auditkit.snapshots.ledger import Gap, sentences
from auditkit.snapshots.snapshot import Snapshot


def run(check: Check, snapshot: Snapshot) -> Outcome:
    """Run one check on a snapshot: the verdict of every subject, in the order of its population."""
    population = snapshot.input(check.tables[0])
    judgement = _judgement(check, snapshot, population)
    if not judgement.ok.index.equals(population.index):
        raise UsageError(f"The check {check.name} judged {len(judgement.ok)} subjects of {len(population)}; "
                         "it must judge each row of its first table exactly once.")
    touching, clearing = (snapshot.touching(check.tables[0], names, check.tools)
                          for names in (check.tables, check.needs))
    verdict = verdicts_of(judgement, complete=~_touched(population, touching), cleared=~_touched(population, clearing))
    missing, stated = snapshot.missing(check.tables, check.tools), _stated(check, snapshot)
    found = Found(check, population, judgement, verdict, touching, sentences(missing), stated)
    return Outcome(check, verdict, missing, judgement.otherwise, found, stated)


def _stated(check: Check, snapshot: Snapshot) -> str:
    """On whose word a check takes which of its sources for whole; empty where on nobody's."""
    sources = dict.fromkeys(source for table in check.tables for source in snapshot.stated(table))
    return f"{snapshot.manifest.stated_by} states that all {', '.join(sources)} were supplied" if sources else ""


def _touched(population: pd.DataFrame, gaps: dict[str | None, list[Gap]]) -> np.ndarray:
    """Which subjects a gap puts in doubt."""
    if None in gaps or "kind" not in population:
        return np.full(len(population), bool(gaps))
    return np.asarray(population["kind"].isin(list(gaps)).to_numpy(bool))


def _judgement(check: Check, snapshot: Snapshot, population: pd.DataFrame) -> Judgement:
    """What a check says. One that reads what another version of auditkit did not collect is not asked."""
    if lacking := snapshot.lacks(check.tables):
        return _unknown(population, lacking)
    frames = [snapshot.input(table) for table in check.tables]
    with guarded(check):
        judgement = check(*frames)
    if not isinstance(judgement, Judgement):
        raise UsageError(f"The check {check.name} returned {type(judgement).__name__}; "
                         "it must return judge(…).")
    return judgement


def _unknown(population: pd.DataFrame, gaps: list[Gap]) -> Judgement:
    """The judgement that nothing is known of any subject, because of these gaps."""
    ok = pd.Series(pd.NA, population.index, BOOLEAN)
    return judge(population[[]], ok, reasons="; ".join(sentences(gaps)))


def verdicts_of(judgement: Judgement, *, complete: np.ndarray | bool = True,
                cleared: np.ndarray | bool = True) -> pa.DictionaryArray:
    """The verdict of each row. ``True`` is a pass only where the evidence is ``complete``, and ``False`` a failure only
    where what could clear it is (``cleared``), or where nothing could."""
    ok = arrow(judgement.ok)
    codes = np.full(len(ok), VERDICTS.index("unknown"), np.int8)
    if judgement.for_want is not None:
        cleared = cleared | _true(pc.invert(arrow(judgement.for_want)))
    codes[_true(pc.invert(ok)) & cleared] = VERDICTS.index("fail")
    codes[_true(ok) & complete] = VERDICTS.index("pass")
    if judgement.applies is not None:
        applies = arrow(judgement.applies)
        codes[~_true(pc.is_valid(applies))] = VERDICTS.index("unknown")
        out_of_scope = _true(pc.invert(applies))
        codes[out_of_scope] = VERDICTS.index("unknown")
        codes[out_of_scope & complete] = VERDICTS.index("not_applicable")
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(VERDICTS))


def _true(values: pa.Array) -> np.ndarray:
    """Where a nullable boolean is ``True``, and not merely unknown."""
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False))
