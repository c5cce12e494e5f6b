"""What rules for remedies propose: manifests, or the reason why there is none."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import pandas as pd

from auditkit.simulation.places import Object
from auditkit.tables import RESOURCES

_API = {resource.kind: f"{resource.group}/{resource.versions[0]}".lstrip("/")
        for resource in reversed(RESOURCES.values())}


class Made(NamedTuple):
    """A manifest, a note of what it changes and what nobody can tell from a snapshot, and manifests that belong to it:
    they stand in its file, and are applied with it or not at all."""

    manifest: Object
    note: str
    beside: tuple[Object, ...] = ()


class Unmade(NamedTuple):
    """What no manifest is proposed for, and why."""

    what: str
    why: str


Proposed: TypeAlias = Iterator[Made | Unmade]
Failing: TypeAlias = pd.DataFrame
"""The subjects of a check that fail: kind, namespace, name."""


def manifest(kind: str, name: str, namespace: str | None = None, **rest: object) -> Object:
    """A manifest of a kind that tables have."""
    where = {"namespace": namespace} if namespace else {}
    return {"apiVersion": _API[kind], "kind": kind, "metadata": {"name": name, **where}, **rest}
