"""What a check that was just run found of its subjects: worked out from its judgement when somebody asks for it."""

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.checks import Check, Judgement
from auditkit.evaluation.results import arrow, called, guarded, joined
from auditkit.snapshots.ledger import Gap, sentences

UNSAID = {"fail": "it does not have the expected state", "unknown": "the value is unknown"}
"""The reason of verdicts for which a check gives none."""


@dataclass(frozen=True)
class Found:
    """The detail of an outcome (`auditkit.evaluation.results.Detail`) that was judged in this process.

    ``touching`` are the gaps that put subjects in doubt, by their kind (under ``None``: all of them), ``gaps`` all of
    what the check reads, in sentences.
    """

    check: Check
    population: pd.DataFrame
    judgement: Judgement
    verdict: pa.DictionaryArray
    touching: dict[str | None, list[Gap]]
    gaps: list[str]
    stated: str

    def called(self, chosen: np.ndarray) -> dict[str, pa.Array]:
        """What the subjects at these places are called: kind, namespace, name, container."""
        return called(self.population, self.check.tables[0], chosen)

    def said(self, chosen: np.ndarray) -> tuple[pa.Array, pa.Array]:
        """What was seen of the subjects at these places, and the reason of each verdict."""
        with guarded(self.check):
            evidence, reasons = self.judgement.evidence, self.judgement.reasons
        decided = arrow(self.judgement.ok.iloc[chosen]).is_valid()
        seen = _seen(evidence.iloc[chosen], pc.if_else(decided, "not set", "unknown"))
        stated = pa.scalar(reasons) if isinstance(reasons, str) else _texts(reasons.iloc[chosen])
        return seen, self._reasons(chosen, _first(stated, seen))

    def _reasons(self, chosen: np.ndarray, told: pa.Array) -> pa.Array:
        """The reason of each verdict; ``told`` is what the check says of the subject."""
        verdict = self.verdict.take(pa.array(chosen)).cast(pa.string())
        reason = told
        for name, unsaid in UNSAID.items():
            reason = pc.if_else(pc.equal(verdict, name), _first(reason, unsaid), reason)
        if self.stated:
            stated = pc.if_else(pc.equal(told, ""), self.stated, pc.binary_join_element_wise(told, self.stated, "; "))
            reason = pc.if_else(pc.equal(verdict, "pass"), stated, reason)
        reason = pc.if_else(pc.equal(verdict, "not_applicable"), joined(self.judgement.otherwise, self.stated), reason)
        if not self.gaps:
            return reason
        judged = arrow(self.judgement.ok.iloc[chosen]).is_valid()
        doubtful = pc.and_(pc.equal(verdict, "unknown"), judged)
        return pc.if_else(doubtful, self._doubts(self.called(chosen)["kind"]), reason)

    def _doubts(self, kinds: pa.Array) -> pa.Array:
        """Why subjects of these kinds are in doubt though the check judged them."""
        said = {kind: "; ".join(sentences([*self.touching.get(None, ()), *self.touching.get(kind, ())]) or self.gaps)
                for kind in kinds.unique().to_pylist()}
        return pa.array([said[kind] for kind in kinds.to_pylist()], pa.string())


def _seen(evidence: pd.DataFrame, missing: pa.Array) -> pa.Array:
    """The values that were looked at, as ``name=value`` separated by commas; ``missing`` is said of those that are not
    there. Where a check could decide, the object does not set them; elsewhere they may not have been read."""
    shown = [pc.binary_join_element_wise(f"{name}=", _first(_texts(evidence[name]), missing), "")
             for name in evidence]
    return (reduce(lambda one, other: pc.binary_join_element_wise(one, other, ", "), shown) if shown
            else pa.array([""] * len(evidence), pa.string()))


def _first(text: pa.Array, otherwise: pa.Array | str) -> pa.Array:
    """Each text, and something else where it is empty."""
    return pc.if_else(pc.equal(text, ""), otherwise, text)


def _texts(values: pd.Series) -> pa.Array:
    """Values as people read them; empty for what is missing."""
    if isinstance(values.dtype, pd.ArrowDtype):
        kind = values.dtype.pyarrow_dtype
        if pa.types.is_string(kind) or pa.types.is_boolean(kind) or pa.types.is_integer(kind):
            return pc.fill_null(arrow(values).cast(pa.string()), "")
    return pa.array(map(_text, values.tolist()), pa.string())


def _text(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
