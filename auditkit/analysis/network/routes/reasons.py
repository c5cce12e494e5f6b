"""A verdict and its reason: the first doubt that holds decides."""

from collections.abc import Sequence

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING

Doubt = tuple[pd.Series, object, object]
"""Where it holds, the verdict there (false, or <NA>: not known), and why, in words (a text, or one for each row)."""


def decided(index: pd.Index, doubts: Sequence[Doubt]) -> tuple[pd.Series, pd.Series]:
    """For each row true, unless a doubt holds: then what the first of them says, and why."""
    verdict, why = pd.Series(True, index, BOOLEAN), pd.Series(pd.NA, index, STRING)
    for holds, said, words in reversed(doubts):
        here = holds.fillna(False).astype(bool)
        verdict, why = verdict.mask(here, said), why.mask(here, words)
    return verdict.astype(BOOLEAN), why.astype(STRING)
