"""Which namespaces a Gateway lets in, by the words All, Same, Selector and None."""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN
from auditkit.analysis.label_selectors import select

FROM = {"All": True, "None": False}


def let_in(asked: pd.DataFrame, selectors: pd.DataFrame, labels: pd.DataFrame, on: list[str]) -> pd.Series:
    """Of each row, whether a namespace is let in: columns ``asking`` (that namespace), ``own`` (the namespace of what
    lets in), ``word`` (All, Same, Selector or None) and ``has_selector``; <NA> for another word.

    ``on`` are the columns that the rows share with their ``selectors``. A selector that is not there picks nothing,
    an empty one everything.
    """
    found = asked["word"].map(FROM).astype(BOOLEAN).mask((asked["word"] == "Same").fillna(False),
                                                         asked["own"] == asked["asking"])
    by_label = (asked["word"] == "Selector").fillna(False)
    return found.mask(by_label, asked["has_selector"].fillna(False) & _picked(asked[by_label], selectors, labels, on
                                                                             ).reindex(asked.index))


def _picked(asked: pd.DataFrame, selectors: pd.DataFrame, labels: pd.DataFrame, on: list[str]) -> pd.Series:
    """Whether the selector of each row picks the labels of the namespace that asks."""
    owners = asked[on].drop_duplicates().reset_index(drop=True)
    spaces = pd.Index(asked["asking"].unique())
    numbered = owners.assign(selector=np.arange(len(owners)))
    picked = select(selectors.merge(numbered, on=on), labels[labels["namespace"].isin(spaces)].assign(
        thing=lambda rows: spaces.get_indexer(rows["namespace"])), len(owners), len(spaces))
    owner = asked[on].merge(numbered, on=on, how="left")["selector"].to_numpy(np.int64)
    return pd.Series(picked[owner, spaces.get_indexer(asked["asking"])], asked.index, BOOLEAN)
