"""Notebooks to work with: copies that are one's own, and JupyterLab on them."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.api.snapshots import open
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from auditkit.reports.lab import Server
    from auditkit.reports.working_copy import Copies, Shipped

FOLDER = Path("auditkit-lab")
"""Where working copies are made if nobody says otherwise."""


def notebooks() -> "list[Shipped]":
    """The notebooks that auditkit ships: name, title, about."""
    from auditkit.reports.working_copy import listed

    return listed()


def copy_notebooks(names: Iterable[str], folder: Path | str = FOLDER,
                   snapshot: Snapshot | Path | str = "demo") -> "Copies":
    """Copy notebooks (none named: all) into a folder, with their parameters about a snapshot: paths from that folder.

    Those that were changed there are kept. Raises `NoSuchName`, `SnapshotError` and `UsageError`.
    """
    from auditkit.reports.working_copy import copy, listed

    return copy(list(names) or [each.name for each in listed()], Path(folder), open(snapshot))


def prepare_lab(folder: Path | str = FOLDER, *, browser: bool = True, port: int = 8888) -> "Server":
    """Prepare JupyterLab on a working copy, and return how it is started: command, environment.

    Only this computer can reach it. Nothing is written outside of the folder. Raises `MissingDependency`.
    """
    from auditkit.reports.lab import prepare

    return prepare(Path(folder), browser=browser, port=port)
