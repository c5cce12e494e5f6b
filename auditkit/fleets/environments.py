"""Environments: which clusters should be alike, and in which order changes reach them (dev, staging, prod).

An environment is written as ``NAME=PATTERN``, a shell pattern on names of clusters, or as ``NAME`` alone: then those
clusters belong to it whose namespace kube-system has the label `LABEL` (or another that is named) with this value. The
order in which they are given is that of promotion, the first is where changes begin.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

from auditkit.errors import UsageError
from auditkit.fleets.compare import DRIFT
from auditkit.fleets.members import Member

LABEL = "environment"
"""The label of the namespace kube-system that says of which environment a cluster is."""
_SYSTEM = "kube-system"


class Environment(NamedTuple):
    """An environment: its name, and the pattern of its clusters' names; without one, their label says it."""

    name: str
    pattern: str = ""


def read(given: Iterable[str]) -> list[Environment]:
    """Environments as people write them. Raises `UsageError` for one without a name, or that is given twice."""
    found: list[Environment] = []
    for written in given:
        name, equals, pattern = (part.strip() for part in written.partition("="))
        if not name or (equals and not pattern):
            raise UsageError(f"{written!r} is no environment. Write NAME=PATTERN, such as prod=prod-*, or NAME alone, "
                             "where clusters have a label.")
        if name in DRIFT:
            raise UsageError(f"An environment cannot be called {name!r}: tables have a column of that name.")
        if name in {each.name for each in found}:
            raise UsageError(f"The environment {name!r} is given twice. Give one pattern for each.")
        found.append(Environment(name, pattern))
    return found


def of(member: Member, environments: list[Environment], label: str = LABEL) -> str:
    """The environment of a cluster; empty where none is known to be its own. A pattern counts before the label."""
    for each in environments:
        if each.pattern and fnmatchcase(member.cluster, each.pattern):
            return each.name
    told = _labelled(member, label)
    return told if told in {each.name for each in environments if not each.pattern} else ""


def _labelled(member: Member, label: str) -> str:
    labels = member.snapshot.frame("namespace_labels")
    values = labels.loc[(labels["namespace"] == _SYSTEM) & (labels["key"] == label), "value"]
    return str(values.iloc[0]) if len(values) else ""
