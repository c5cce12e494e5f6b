"""What approved a change: a ticket that people gave, an annotation that came with it, or a GitOps tool that made it."""

from collections.abc import Sequence

from auditkit.history.authors import Author, Authors
from auditkit.history.cells import Field, Object
from auditkit.history.tickets import Ticket
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.metadata import APPROVALS

_ARGO = "argocd.argoproj.io/tracking-id"
_TICKETS = tuple(f"{each[1:]}" for each in APPROVALS if each.startswith("*"))
_FLUX = ("kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/name")
GITOPS = {"argocd-controller": "Argo CD", "argocd-application-controller": "Argo CD", "kustomize-controller": "Flux",
          "helm-controller": "Flux"}
"""Programs of GitOps tools, as their managed fields call them. Sources: argo-cd common.ArgoCDSSAManager and the names
of its binaries; Flux documentation: server-side apply."""


class Approvals:
    """What approved the changes between two snapshots."""

    def __init__(self, earlier: Snapshot, later: Snapshot, tickets: Sequence[Ticket], authors: Authors):
        self._tickets, self._authors = tickets, authors
        self._tracked = _tracked(earlier) | _tracked(later)

    def of(self, thing: Object, fields: Sequence[Field], author: Author) -> str | None:
        """The approval in words; None where none is known."""
        return self._ticket(thing, author) or _annotation(fields) or self._gitops(thing, author)

    def _ticket(self, thing: Object, author: Author) -> str | None:
        first, last = (author.when, author.when) if author.when else (self._authors.first, self._authors.last)
        return next((each.words for each in self._tickets if last and each.covers(thing, first, last)), None)

    def _gitops(self, thing: Object, author: Author) -> str | None:
        """Of an object that a GitOps tool tracks, a change that this tool made. What else writes to it is not approved
        by that."""
        tool = GITOPS.get(author.program or "")
        if tool is None or thing not in self._tracked:
            return None
        return f"{tool} made it from Git ({self._tracked[thing]}); its revision was not collected"


def _annotation(fields: Sequence[Field]) -> str | None:
    """A ticket in an annotation that was written with the change: one that was there before approved something else."""
    for field in fields:
        if field.field.startswith("annotations.") and field.field.endswith(_TICKETS) and isinstance(field.after, str) \
                and field.after != "present":
            return f"annotation {field.field.removeprefix('annotations.')}: {field.after}"
    return None


def _tracked(snapshot: Snapshot) -> dict[Object, str]:
    """What GitOps tools track, and as what."""
    found = {}
    for table, keys in (("object_approvals", (_ARGO,)), ("object_labels", _FLUX)):
        rows = snapshot.whole(table)
        rows = rows[rows["key"].isin(keys) & rows["value"].notna()].astype(object)
        for row in rows.where(rows.notna(), None).itertuples(index=False):
            found[Object(row.kind, row.namespace or "", row.object)] = row.value.partition(":")[0]
    return found
