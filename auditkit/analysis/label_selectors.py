"""Label selectors on many things at once."""

import numpy as np
import pandas as pd


def distinct(*columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows that are equal in all of these columns: the first of each class, and the class of each row."""
    code = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        values, _ = pd.factorize(column)
        code, _ = pd.factorize(code * (values.max(initial=0) + 1) + values)
    first = np.full(code.max(initial=-1) + 1, len(code), np.int64)
    np.minimum.at(first, code, np.arange(len(code)))
    return first, code


def distinct_columns(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of a boolean matrix that are equal: the first of each class, and the class of each column."""
    packed = np.packbits(matrix, axis=0).T
    if not packed.shape[1]:
        return np.arange(min(1, matrix.shape[1])), np.zeros(matrix.shape[1], np.int64)
    # As byte strings of one length: numpy ignores zeros at their end, which are the same in equal strings only.
    keys = np.ascontiguousarray(packed).view(f"S{packed.shape[1]}").ravel()
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return first, inverse


def select(requirements: pd.DataFrame, labels: pd.DataFrame, selectors: int, things: int) -> np.ndarray:
    """Which selector picks which thing: a boolean matrix, selectors by things.

    ``requirements`` has the columns selector (a number), form, requirement, key, operator, value (one row a value);
    ``labels`` has thing (a number), key, value. A selector without requirements picks everything; one with an
    operator that Kubernetes does not have picks nothing. A last row of ``True`` stands for no selector.
    """
    picked = np.ones((selectors + 1, things), bool)
    if requirements.empty:
        return picked
    rows = requirements.sort_values(["selector", "form", "requirement"], ignore_index=True)
    first = ~rows.duplicated(["selector", "form", "requirement"])
    holds = np.logical_or.reduceat(_has(rows, labels, things), np.flatnonzero(first), axis=0)
    operator = rows.loc[first, "operator"].to_numpy(object)
    holds ^= np.isin(operator, ["NotIn", "DoesNotExist"])[:, None]
    holds &= np.isin(operator, ["In", "NotIn", "Exists", "DoesNotExist"])[:, None]
    owners, starts = np.unique(rows.loc[first, "selector"].to_numpy(np.int64), return_index=True)
    picked[owners] = np.logical_and.reduceat(holds, starts, axis=0)
    return picked


def _has(rows: pd.DataFrame, labels: pd.DataFrame, things: int) -> np.ndarray:
    """Which thing has the label that a row names, with its value or, where the operator takes none, with any.

    An operator that takes values and has none (``<NA>``) finds nothing.
    """
    valued = rows["operator"].isin(["In", "NotIn"])
    named = pd.concat([rows.loc[valued, ["key", "value"]].dropna().drop_duplicates(),
                       rows.loc[~valued, ["key"]].drop_duplicates()], ignore_index=True)
    named["atom"] = np.arange(len(named))
    pairs, keys = named[named["value"].notna()], named[named["value"].isna()].drop(columns="value")
    found = np.zeros((len(named) + 1, things), bool)
    for some, on in ((pairs, ["key", "value"]), (keys, ["key"])):
        hits = some.merge(labels, on=on)
        found[hits["atom"].to_numpy(np.int64), hits["thing"].to_numpy(np.int64)] = True
    which = rows[["key"]].assign(value=rows["value"].where(valued), takes=valued)
    by_pair = which.merge(pairs, on=["key", "value"], how="left")["atom"]
    by_key = which.merge(keys, on="key", how="left")["atom"]
    return np.asarray(found[by_pair.where(which["takes"], by_key).fillna(-1).to_numpy(np.int64)])
