"""What changed between two snapshots: a row for each object, the worst first."""

from typing import TYPE_CHECKING

from auditkit.base import hostile_text as text
from auditkit.reports.panels.block import Block
from auditkit.reports.panels.population import table

if TYPE_CHECKING:
    from auditkit.history.diff import Diff

_SHOWN = ["weight", "change", "kind", "namespace", "name", "what", "who", "approval"]


def changes(found: "Diff") -> Block:
    """The changed objects of a diff, with who changed each and what approved it, as far as that is known."""
    earlier, later = found.earlier.manifest, found.later.manifest
    notes = list(found.warnings)
    if unknown := len(found.not_comparable):
        notes.append(f"Changes may be missing: {text.count(unknown, 'source')} cannot be compared (not_comparable).")
    return table(found.by_object[_SHOWN], f"Changes of {later.cluster}, {earlier.as_of} to {later.as_of}",
                 " ".join(notes))
