"""Which manifest the subject of a verdict comes from."""

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

from auditkit.collectors.decode.objects import decode
from auditkit.simulation.applying import Simulation
from auditkit.simulation.world import Reference
from auditkit.tables import RESOURCES, TABLES
from auditkit.what_if.manifests import Document


class Called(NamedTuple):
    """What the subject of a verdict is called; its parts are empty where it has none."""

    kind: str
    namespace: str
    name: str


class Subjects:
    """The subjects of verdicts that manifests brought or changed."""

    def __init__(self, simulation: Simulation):
        self._simulation = simulation

    def document(self, called: Called) -> Document | None:
        """The manifest that a subject comes from; None where it comes from none."""
        return self._documents.get(called)

    def added(self, called: Called) -> bool:
        """True if the subject is of an object that was not there before."""
        return called in self._added

    @cached_property
    def _documents(self) -> Mapping[Called, Document]:
        return {called: document for reference, document in self._simulation.origin.items()
                for called in self._called.get(reference, ())}

    @cached_property
    def _added(self) -> frozenset[Called]:
        return frozenset(called for reference, found in self._called.items()
                         if reference not in self._simulation.there for called in found)

    @cached_property
    def _called(self) -> dict[Reference, set[Called]]:
        """What the rows that tables have of each changed object are called as subjects."""
        found: dict[Reference, set[Called]] = {}
        for (source, key), thing in self._simulation.changed.items():
            if thing is None:
                continue
            found[source, key] = {Called(RESOURCES[source].kind, *key)}
            page = decode(msgspec.json.encode({"items": [thing]}), source)
            for table, batches in ((TABLES[each], batches) for each, batches in page.batches.items()):
                columns = {column.name for column in table.columns}
                name = table.called[0]
                for row in (row for batch in batches for row in batch.to_pylist() if table.kind and name in columns):
                    kind = row["kind"] if "kind" in columns else table.kind
                    found[source, key].add(Called(kind or "", row.get("namespace") or "", row[name] or ""))
        return found
