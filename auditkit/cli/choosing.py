"""Which snapshot a command is about."""

from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from auditkit.snapshots.snapshot import Snapshot

WAYS = ("Folder or URL of a snapshot, 'demo', folder or URL of a store, or name of a cluster in ./snapshots (the "
        "newest of its snapshots).")
Chosen = Annotated[str, typer.Argument(help=WAYS)]
ChosenOrNewest = Annotated[str, typer.Argument(
    help=f"{WAYS} Default: the newest in ./snapshots, if that has snapshots of one cluster only.",
    show_default=False)]


def opened(snapshot: str = "") -> "Snapshot":
    """The snapshot that is meant. Says which, where it was found by the name of a store or cluster."""
    from auditkit.api import snapshots
    from auditkit.snapshots.mirror import shown

    if not snapshot and not snapshots.STORE.is_dir():
        raise UsageError(f"No snapshot is named, and there is no folder {snapshots.STORE}. `auditkit collect` takes "
                         "one; 'demo' is the one of a fictional hospital.")
    found = snapshots.open(snapshot or snapshots.STORE)
    if found.path is not None and (not snapshot or shown(found.path) != snapshot.rstrip("/")):
        console.say(f"snapshot: {shown(found.path)} of {found.manifest.called}, observed {found.manifest.when}")
    return found
