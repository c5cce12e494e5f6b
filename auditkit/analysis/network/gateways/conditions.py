"""What controllers say of Gateway API objects, as far as it is of the generation that is there.

``True`` of an older generation says nothing of what is written now. ``Unknown`` is what the API server itself writes
before any controller has come (kubernetes-sigs/gateway-api v1.6.1, apis/v1: the defaults of ``status``).
"""

from collections.abc import Mapping

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, lookup

WORDS = {"True": True, "False": False}


def said(subjects: pd.DataFrame, on: Mapping[str, str], conditions: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Of each subject (which has a column ``generation``), in their order:

    ``holds`` (what the condition of this kind says; <NA>: nothing, or of another generation), ``awaited`` (it is
    there, and no controller has come yet), ``reason`` (as the controller gives it).
    """
    found = lookup(subjects, on, conditions[(conditions["type"] == kind).fillna(False)],
                   ["status", "reason", "observed_generation"])
    current = (found["observed_generation"] >= subjects["generation"]).fillna(False)
    holds = found["status"].map(WORDS).astype(BOOLEAN)
    return pd.DataFrame({"holds": holds.where(current, pd.NA), "reason": found["reason"],
                         "awaited": (found["status"] == "Unknown").fillna(False)}, subjects.index)
