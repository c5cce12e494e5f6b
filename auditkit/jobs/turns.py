"""What turned since the run before: requirements with deviations or unknown, and clusters that are gone."""

from typing import NamedTuple

from auditkit.evaluation.words import DEVIATING
from auditkit.jobs.state import State

BAD = (*DEVIATING, "unknown")


class Turn(NamedTuple):
    """A requirement of a cluster that turned to fail, exception noted or unknown; or, without a framework, what
    became of a cluster."""

    cluster: str
    framework: str
    requirement: str
    before: str
    now: str


def turns(state: State) -> list[Turn]:
    """What turned for the worse, in the order of clusters, frameworks and requirements: compared with the last day on
    which the cluster was judged. That it is not judged is told on the first such day.

    A cluster that was not there before, and a requirement that was not judged before, have not turned. A context that
    leads to another cluster than before (another UID) is told, and its requirements are not compared.
    """
    found: list[Turn] = []
    for source, row in state.rows.items():
        before = state.known.get(source)
        if before is None:
            continue
        if not row.taken:
            found += [] if source in state.missed else [Turn(before.cluster, "", "", "judged", row.outcome)]
        elif row.which != before.which:
            found.append(Turn(row.cluster, "", "", "judged", "another cluster than before"))
        else:
            found += [Turn(row.cluster, framework, requirement, before.requirements[framework][requirement], status)
                      for framework, statuses in row.requirements.items() for requirement, status in statuses.items()
                      if _worse(before.requirements.get(framework, {}).get(requirement, status), status)]
    return found


def _worse(before: str, now: str) -> bool:
    """True if a requirement turned; what failed and has exceptions noted now was no better before."""
    return now in BAD and before != now and (before, now) != ("fail", "exception_noted")
