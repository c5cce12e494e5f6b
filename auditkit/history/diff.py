"""What changed between two snapshots: object by object and field by field, weighted, without noise.

Silence is not evidence: of a kind that was not read completely in one of the two, nothing is said to have come or gone;
`Diff.not_comparable` lists it with the reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.base import display
from auditkit.history import others
from auditkit.history.approvals import Approvals
from auditkit.history.authors import Author, Authors
from auditkit.history.cells import Field, Object, Side, fields
from auditkit.history.network_order import NUMBERED, renumbered
from auditkit.history.noise import MADE_IN_NAMESPACES
from auditkit.history.not_compared import not_compared
from auditkit.history.pods import TABLES, strangers
from auditkit.history.population import OWNERS, WORKLOADS, Population, pod_keys
from auditkit.history.rows import blanked, only_in, without
from auditkit.history.tickets import Ticket
from auditkit.history.unread import written
from auditkit.history.views import TableViews, all_views, listing, sources
from auditkit.history.weights import LOW, WEIGHTS, weight
from auditkit.snapshots.ledger import sentences
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES, table

RECREATED = "recreated"
"""The field of an object that was deleted and made anew under its name: its UIDs."""
_TEXT = pd.ArrowDtype(pa.string())
FIELD_COLUMNS = ["change", "kind", "namespace", "name", "field", "before", "after", "weight"]
OBJECT_COLUMNS = ["change", "kind", "namespace", "name", "weight", "what", "recreated", "who", "when", "program",
                  "known_by", "approval"]


@dataclass(frozen=True)
class Change:
    """An object that was added, removed or changed, and the fields that say it."""

    change: str
    object: Object
    fields: tuple[Field, ...]
    recreated: bool = False

    @cached_property
    def weight(self) -> str:
        """The weight of the heaviest of its fields, or of its coming and going."""
        found = [weight(self.object.kind, each.field) for each in self.fields]
        if self.change != "changed":
            found.append(weight(self.object.kind, ""))
        return min(found or [LOW], key=WEIGHTS.index)

    @property
    def said(self) -> list[str]:
        """Its fields in words, one each."""
        return [_words(self.change, each) for each in self.fields]

    @property
    def what(self) -> str:
        """Its fields in words."""
        return "; ".join(self.said)

    def plain(self, author: Author, approval: str | None) -> dict[str, Any]:
        """As plain data for JSON."""
        return {"change": self.change, "kind": self.object.kind, "namespace": self.object.namespace or None,
                "name": self.object.name, "fields": [each._asdict() for each in self.fields], "weight": self.weight,
                "recreated": self.recreated, "who": author.who, "when": author.when and author.when.isoformat(),
                "program": author.program, "known_by": author.known_by, "approval": approval}


class Diff:
    """The changes from an earlier to a later snapshot.

    ``changes`` has a row for each field, ``by_object`` one for each object, the worst first; ``not_comparable`` what
    nothing can be said of, and why; ``not_compared`` the kinds whose objects nobody reads; ``warnings`` what to know
    before reading either. ``unapproved`` has the objects whose change nothing is known to have approved: neither
    ``tickets``, nor an annotation, nor a GitOps tool.
    """

    def __init__(self, earlier: Snapshot, later: Snapshot, tickets: Sequence[Ticket] = ()):
        self.earlier, self.later = earlier, later
        self._tickets = tickets
        self._lacking: dict[str, str] = {}
        self.same_cluster = earlier.manifest.which == later.manifest.which

    @cached_property
    def warnings(self) -> list[str]:
        """Sentences on what the two snapshots are: of two clusters, or in the wrong order of time."""
        one, other = self.earlier.manifest, self.later.manifest
        said = []
        if not self.same_cluster:
            said.append(f"These are two clusters: {one.called} and {other.called}. What follows is how they differ, "
                        "not what changed.")
        elif one.moment > other.moment:
            said.append(f"The first snapshot ({one.as_of}) is later than the second ({other.as_of}): what is called "
                        "added was removed, and the other way round. Give the earlier one first.")
        return said

    @cached_property
    def not_comparable(self) -> pd.DataFrame:
        """Kinds and tables of which the two snapshots do not show what changed: what, reason."""
        _ = self._sides
        rows = [*self._lacking.items(),
                *((RESOURCES[source].kind, reason) for source, reason in self._incomplete.items()),
                *((gap.source, f"{which}: {gap.reason}")
                  for which, snapshot in self._both for gap in snapshot.not_whole)]
        return pd.DataFrame(rows, columns=["what", "reason"], dtype=_TEXT)

    @cached_property
    def not_compared(self) -> pd.DataFrame:
        """Kinds that are served or defined, and that are not compared because their objects are not read, or only
        their names: what, reason."""
        return pd.DataFrame(list(not_compared(self.earlier, self.later)), columns=["what", "reason"], dtype=_TEXT)

    @cached_property
    def objects(self) -> list[Change]:
        """What changed, the worst first."""
        found = [change for thing in self._candidates if (change := self._change(thing))]
        found += [Change("added", thing, tuple(fields)) for thing, fields in self._strangers.items()]
        found += self._unread({each.object for each in found})
        return sorted(found, key=lambda each: (WEIGHTS.index(each.weight), each.object, each.change))

    @cached_property
    def changes(self) -> pd.DataFrame:
        """One row for each field: change, kind, namespace, name, field, before, after, weight (of the field).

        An object of which no field is known has one row without a field. ``attrs["not_comparable"]`` has the sentences
        of `not_comparable`, ``attrs["warnings"]`` the warnings.
        """
        rows = [(each.change, *each.object, field.field or None, _shown(field.before), _shown(field.after),
                 weight(each.object.kind, field.field))
                for each in self.objects for field in each.fields or (Field("", None, None),)]
        return self._frame(rows, FIELD_COLUMNS)

    @cached_property
    def by_object(self) -> pd.DataFrame:
        """One row for each object: change, kind, namespace, name, weight, what (its fields in words), recreated, who,
        when, program, known_by (how who is known, or why not), approval (in words; <NA>: none is known)."""
        return self._frame([
            (each.change, *each.object, each.weight, each.what, str(each.recreated).lower(), author.who,
             author.when and author.when.isoformat(), author.program, author.known_by, approval)
            for each, author, approval in self.attributed], OBJECT_COLUMNS)

    @cached_property
    def unapproved(self) -> pd.DataFrame:
        """The rows of `by_object` of which no approval is known: what an auditor asks about under CC8.1."""
        return self.by_object[self.by_object["approval"].isna()].reset_index(drop=True)

    @cached_property
    def attributed(self) -> list[tuple[Change, Author, str | None]]:
        """Each changed object with who changed it and what approved it, as far as that is known."""
        authors = Authors(self.earlier, self.later)
        approvals = Approvals(self.earlier, self.later, self._tickets, authors)
        return [(each, author, approvals.of(each.object, each.fields, author))
                for each in self.objects for author in [authors.of(each.object)]]

    def plain(self) -> dict[str, Any]:
        """All of it as plain data for JSON."""
        return {"changes": [each.plain(author, approval) for each, author, approval in self.attributed],
                "not_comparable": self.not_comparable.to_dict("records"),
                "not_compared": self.not_compared.to_dict("records"),
                "same_cluster": self.same_cluster, "warnings": self.warnings}

    def __repr__(self) -> str:
        counts = ", ".join(f"{sum(each.weight == name for each in self.objects)} {name}" for name in WEIGHTS)
        return (f"<Diff of {self.later.manifest.cluster!r}, {self.earlier.manifest.as_of} to "
                f"{self.later.manifest.as_of}: {len(self.objects)} objects ({counts})>")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self)

    # --- how they are found ---------------------------------------------------------------------------------------

    @cached_property
    def _populations(self) -> tuple[Population, Population]:
        return Population(self.earlier), Population(self.later)

    @property
    def _both(self) -> tuple[tuple[str, Snapshot], tuple[str, Snapshot]]:
        return ("earlier", self.earlier), ("later", self.later)

    @cached_property
    def _strangers(self) -> dict[Object, list[Field]]:
        """New pods that are not what their controller says, where all controllers are known."""
        if any(kind in self._unknown_kinds for kind in ("Pod", *WORKLOADS)) or not TABLES.isdisjoint(self._not_whole):
            return {}
        return strangers(self.earlier, self.later)

    @cached_property
    def _incomplete(self) -> dict[str, str]:
        """Resources that one of the two did not read completely, and why."""
        found = {}
        for source in sources():
            said = [f"{which}: {'; '.join(sentences(gaps))}" for which, snapshot in self._both
                    if (gaps := snapshot._ledger.gaps([source]))]
            if said:
                found[source] = "; ".join(said)
        return found

    @cached_property
    def _unknown_kinds(self) -> frozenset[str]:
        """Kinds of which nothing is said to have come or gone: one of the two did not read all objects of it, or lacks
        every table that lists them, or the table of which of them a controller makes."""
        lost = {name for name in all_views() if not self._had(name)}
        unlisted = {view.kind for name in lost for view in all_views()[name].by_constants.values()
                    if listing(view.kind) <= lost}
        made = {kind for table, kinds in OWNERS.items() if table in self._not_whole for kind in kinds}
        return frozenset({*(RESOURCES[source].kind for source in self._incomplete), *unlisted, *made})

    @cached_property
    def _not_whole(self) -> dict[str, frozenset[str]]:
        """The columns that one of the two, of another version of auditkit, does not have, by the names of tables."""
        found: dict[str, frozenset[str]] = {}
        for _, snapshot in self._both:
            for name, lack in snapshot.lacking.items():
                columns = frozenset(lack.columns or table(name).schema.names)
                found[name] = found.get(name, frozenset()) | columns
        return found

    def _had(self, table: str) -> bool:
        """True if both snapshots have a table, so far that its rows and what they are about are known."""
        return all_views()[table].naming.isdisjoint(self._not_whole.get(table, ()))

    @cached_property
    def _sides(self) -> tuple[Side, Side]:
        """What the rows say that only one of the two snapshots has."""
        before, after = Side(), Side()
        for name, views in all_views().items():
            if self._had(name):
                self._read(name, views, before, after)
        self._lacking = others.compare(self.earlier, self.later, before, after, self._populations)
        return before, after

    def _read(self, name: str, views: TableViews, before: Side, after: Side) -> None:
        unknown = self._not_whole.get(name, ())
        one, other = (blanked(table, unknown) for table in (self.earlier.arrow(name), self._later_table(name)))
        if any(view.source == "pods" for view in views.by_constants.values()):
            view = next(iter(views.by_constants.values()))
            on = [view.namespace or "", view.name]
            one, other = without(one, on, self._replaced), without(other, on, self._replaced)
        before.read(views, only_in(one, other, views.compared))
        after.read(views, only_in(other, one, views.compared))

    def _later_table(self, name: str) -> pa.Table:
        """A table of the later snapshot, in which what has no order of its own has that of the earlier one."""
        return self._in_order[name] if name in self._in_order else self.later.arrow(name)

    @cached_property
    def _in_order(self) -> dict[str, pa.Table]:
        if not self._not_whole.keys().isdisjoint(NUMBERED):
            return {}
        return renumbered(*({name: snapshot.arrow(name) for name in NUMBERED} for _, snapshot in self._both))

    @cached_property
    def _replaced(self) -> pa.Array:
        """Pods of controllers that are not in both snapshots: their controller stands for them."""
        one, other = self._populations
        same = {thing for thing in one.made & other.made if one.uids.get(thing) == other.uids.get(thing)}
        return pod_keys((one.made | other.made) - same)

    @cached_property
    def _candidates(self) -> list[Object]:
        """Objects that only one of the two has, that were recreated, or of which some row differs."""
        sides, (one, other) = self._sides, self._populations
        found = set(one.uids.keys() ^ other.uids.keys())
        found |= {thing for thing in one.uids.keys() & other.uids.keys() if self._recreated(thing)}
        for side in sides:
            found |= side.values.keys() | side.elements.keys() | side.named.keys()
        return sorted(found)

    def _recreated(self, thing: Object) -> bool:
        before, after = (population.uids.get(thing, "") for population in self._populations)
        return bool(self.same_cluster and before and after and before != after)

    def _change(self, thing: Object) -> Change | None:
        """The change of an object; None where nothing of substance is known to have changed."""
        one, other = self._populations
        was, now = thing in one.uids, thing in other.uids
        if was and now:
            return self._changed(thing)
        here = one if was else other
        if thing.kind in self._unknown_kinds or not here.own(thing) or self._with_namespace(thing):
            return None
        found = tuple(each for each in fields(thing, *self._sides, both=False)
                      if (each.before if was else each.after) is not None)
        return Change("removed" if was else "added", thing, found)

    def _changed(self, thing: Object) -> Change | None:
        one, other = self._populations
        recreated = self._recreated(thing)
        if thing.kind != "Pod" and not (one.own(thing) and other.own(thing)):
            return None
        if thing.kind == "Pod" and recreated and not (one.own(thing) and other.own(thing)):
            return None
        found = fields(thing, *self._sides, both=True)
        if recreated:
            found.insert(0, Field(RECREATED, one.uids[thing], other.uids[thing]))
        return Change("changed", thing, tuple(found), recreated) if found else None

    def _unread(self, told: set[Object]) -> list[Change]:
        """Objects that were written, although nothing that is read of them differs."""
        if not self.same_cluster:
            return []
        one, other = self._populations
        return [Change("changed", thing, (field,)) for thing, field in written(self.earlier, self.later).items()
                if thing not in told and thing.kind not in others.UNREAD and one.own(thing) and other.own(thing)]

    def _with_namespace(self, thing: Object) -> bool:
        """True for what every namespace has, where the namespace itself came or went."""
        space = Object("Namespace", "", thing.namespace)
        one, other = self._populations
        return (thing.kind, thing.name) in MADE_IN_NAMESPACES and (space in one.uids) != (space in other.uids)

    def _frame(self, rows: list[tuple[Any, ...]], columns: list[str]) -> pd.DataFrame:
        frame = pd.DataFrame(rows, columns=columns, dtype=_TEXT)
        frame.attrs = {"warnings": self.warnings, "not_comparable": [
            f"{row.what}: {row.reason}" for row in self.not_comparable.itertuples(index=False)]}
        return frame


def _shown(value: object) -> str | None:
    """A value as text, as the API writes it."""
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _words(change: str, field: Field) -> str:
    """A field in words."""
    before, after = _shown(field.before), _shown(field.after)
    if change == "changed" and before is not None and after is not None:
        return f"{field.field}: {before} → {after}"
    if change == "changed":
        return f"{field.field}: {after} added" if before is None else f"{field.field}: {before} removed"
    return f"{field.field}: {before if after is None else after}"
