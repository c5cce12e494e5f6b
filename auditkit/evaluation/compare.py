"""Changes between two versions of a framework on the same snapshot: statuses and verdicts."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.words import SUBJECT

STATUSES = ["requirement", "title", "before", "after", "reason"]
VERDICTS = ["requirement", "check", *SUBJECT, "before", "after"]


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of one snapshot: by the controls in force, and by those that are proposed."""

    in_force: Evaluation
    proposed: Evaluation

    @cached_property
    def statuses(self) -> pd.DataFrame:
        """One row a requirement whose status would change: requirement, title, before, after, reason.

        ``before`` is empty for a requirement that comes, ``after`` for one that goes.
        """
        return pd.DataFrame([{
            "requirement": identifier, "title": title,
            "before": before.status if before else "", "after": after.status if after else "",
            "reason": str(after.reason) if after else "the requirement was removed",
        } for identifier, title, before, after in self._pairs
            if not (before and after and before.status == after.status)], columns=STATUSES)

    @cached_property
    def verdicts(self) -> pd.DataFrame:
        """One row a verdict that would change: requirement, check, kind, namespace, name, container, before,
        after. ``before`` is empty for a subject that comes under a requirement, ``after`` where it goes."""
        frames = [_changed(one.get(key), other.get(key)).assign(requirement=identifier, check=key[0])
                  for identifier, _, before, after in self._pairs
                  for one, other in [(_outcomes(before), _outcomes(after))] for key in one | other]
        frames = [frame for frame in frames if len(frame)]
        return (pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=VERDICTS))[VERDICTS]

    @cached_property
    def totals(self) -> pd.DataFrame:
        """The number of changed verdicts: requirement, check, before, after, subjects."""
        keys = ["requirement", "check", "before", "after"]
        return self.verdicts.groupby(keys, sort=False).size().rename("subjects").reset_index()

    @property
    def _pairs(self) -> list[tuple[str, str, Result | None, Result | None]]:
        """Each requirement: its id, its title as proposed (or else in force), and its results."""
        before = {result.requirement.id: result for result in self.in_force.results}
        after = {result.requirement.id: result for result in self.proposed.results}
        return [(identifier, result.requirement.title, before.get(identifier), after.get(identifier))
                for identifier, result in (before | after).items()]


def _outcomes(result: Result | None) -> dict[tuple[str, int], Outcome]:
    """The outcomes of a requirement by check; one that it has twice, with other parameters, is counted."""
    seen: Counter[str] = Counter()
    found = {}
    for outcome in result.outcomes if result else []:
        found[outcome.check.name, seen[outcome.check.name]] = outcome
        seen[outcome.check.name] += 1
    return found


def _changed(before: Outcome | None, after: Outcome | None) -> pd.DataFrame:
    """The subjects of a check whose verdict differs. Both have the same population: that of the snapshot."""
    outcome = after or before
    if outcome is None:
        raise ValueError("a check that neither evaluation has cannot have changed")
    old, new = _verdicts(before, outcome), _verdicts(after, outcome)
    changed = np.flatnonzero(old != new)
    return outcome.subjects(changed).assign(before=old[changed], after=new[changed])


def _verdicts(judged: Outcome | None, outcome: Outcome) -> np.ndarray:
    if judged is None:
        return np.full(len(outcome), "", object)
    return np.asarray(judged.verdict.to_numpy(zero_copy_only=False).astype(object))
