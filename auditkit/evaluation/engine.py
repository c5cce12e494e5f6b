"""Run a check: its judgement of every row of its population becomes verdicts.

Only here does ``True`` become ``pass``, and only where every table that the check reads was collected completely.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.checks import Check, Judgement
from auditkit.errors import UsageError
from auditkit.evaluation.results import Outcome, guarded
from auditkit.evaluation.words import VERDICTS
from auditkit.snapshots.snapshot import Snapshot


def run(check: Check, snapshot: Snapshot) -> Outcome:
    """Run one check on a snapshot: the verdict of every subject, in the order of its population."""
    population = snapshot.frame(check.tables[0])
    judgement = _judgement(check, [snapshot.frame(table) for table in check.tables])
    if len(judgement.ok) != len(population) or not judgement.ok.index.equals(population.index):
        raise UsageError(f"The check {check.name} judged {len(judgement.ok)} subjects of {len(population)}; "
                         "it must judge each row of its first table exactly once.")
    gaps, clearing = (list(dict.fromkeys(gap for table in names for gap in snapshot.gaps(table, check.tools)))
                      for names in (check.tables, check.needs))
    verdict = verdicts_of(judgement, complete=not gaps, cleared=not clearing)
    return Outcome(check, population, judgement, verdict, gaps)


def _judgement(check: Check, frames: list[pd.DataFrame]) -> Judgement:
    """What a check says."""
    with guarded(check):
        judgement = check(*frames)
    if not isinstance(judgement, Judgement):
        raise UsageError(f"The check {check.name} returned {type(judgement).__name__}; "
                         "it must return judge(…).")
    return judgement


def verdicts_of(judgement: Judgement, *, complete: bool = True, cleared: bool = True) -> pa.DictionaryArray:
    """The verdict of each row. ``True`` is a pass only where the evidence is complete, ``False`` a failure only where
    what could clear it is."""
    ok = pa.chunked_array(judgement.ok.array.__arrow_array__()).combine_chunks()
    codes = np.full(len(ok), VERDICTS.index("unknown"), np.int8)
    if cleared:
        codes[_true(pc.invert(ok))] = VERDICTS.index("fail")
    if complete:
        codes[_true(ok)] = VERDICTS.index("pass")
    if judgement.applies is not None:
        applies = pa.chunked_array(judgement.applies.array.__arrow_array__()).combine_chunks()
        codes[~_true(pc.is_valid(applies))] = VERDICTS.index("unknown")
        out_of_scope = _true(pc.invert(applies))
        codes[out_of_scope] = VERDICTS.index("not_applicable" if complete else "unknown")
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(VERDICTS))


def _true(values: pa.Array) -> np.ndarray:
    """Where a nullable boolean is ``True``, and not merely unknown."""
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)
