"""Derived tables that have no rows where what they are made of has none: most clusters use one engine, or no other."""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec

import pandas as pd

_Given = ParamSpec("_Given")


def empty_without_rows(
    columns: Mapping[str, pd.ArrowDtype], tables: int = 1,
) -> Callable[[Callable[_Given, pd.DataFrame]], Callable[_Given, pd.DataFrame]]:
    """Let a derivation return a table with these columns and no rows at once, where none of its first ``tables`` tables
    has any."""
    def shorten(function: Callable[_Given, pd.DataFrame]) -> Callable[_Given, pd.DataFrame]:
        @wraps(function)
        def shortened(*args: _Given.args, **kwargs: _Given.kwargs) -> pd.DataFrame:
            given: list[Any] = [*args, *kwargs.values()]
            if any(len(table) for table in given[:tables]):
                return function(*args, **kwargs)
            return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in columns.items()})
        return shortened
    return shorten
