"""Snapshots that lie elsewhere than a notebook or a script says, since it was moved: found by their digest."""

import os
from collections.abc import Iterator
from pathlib import Path

from auditkit.snapshots.chain import SNAPSHOT

HOME = "AUDITKIT_LAB"
"""The variable that names the folder of a working copy of notebooks, for kernels that start elsewhere."""
_STORES = ("", "snapshots", "reports/snapshots")
"""Where stores lie, as seen from the folder in which somebody works."""


def elsewhere(path: Path) -> Path | None:
    """The folder of the snapshot that a path which does not exist names, or none.

    The name of a snapshot's folder ends in its digest, which is proven when it is opened: a folder of this name has the
    same evidence wherever it lies. It is looked for in the stores of the working folder and of those above it.
    """
    if not SNAPSHOT.fullmatch(path.name):
        return None
    return next((found for store in _stores() for found in (store / path.name, *sorted(store.glob(f"*/{path.name}")))
                 if (found / "manifest.json").is_file()), None)


def _stores() -> Iterator[Path]:
    for start in (Path.cwd(), *map(Path, filter(None, [os.environ.get(HOME)]))):
        for folder in (start, *start.parents):
            yield from (folder / store for store in _STORES)
