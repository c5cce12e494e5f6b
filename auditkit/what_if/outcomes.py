"""What decisions say: the frame that all of them share."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

COLUMNS = ("policy", "kind", "namespace", "name", "outcome", "binding", "message", "expression", "why")
_ORDER = ("denied", "warned", "audited", "unknown", "matched", "allowed")


def framed(rows: pd.DataFrame | Sequence[Mapping[str, Any]], *, gaps: Sequence[str], notes: Sequence[str] = ()
           ) -> pd.DataFrame:
    """The decisions as a frame with `COLUMNS`, the worst outcome first, and what else is to be known as its attrs."""
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype("string[pyarrow]")
    order = frame["outcome"].map({outcome: at for at, outcome in enumerate(_ORDER)})
    found = frame.assign(order=order).sort_values(
        ["order", "policy", "kind", "namespace", "name"], ignore_index=True).drop(columns="order")
    found.attrs["gaps"], found.attrs["notes"] = list(gaps), list(notes)
    return found
