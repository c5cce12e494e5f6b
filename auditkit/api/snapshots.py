"""Collect a snapshot, or open one that was collected."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.api.faces import face
from auditkit.base import shipped
from auditkit.base.display import FACES
from auditkit.base.object_store import is_url
from auditkit.errors import UsageError
from auditkit.snapshots.history import newest
from auditkit.snapshots.mirror import pulled
from auditkit.snapshots.moved import elsewhere
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot

if TYPE_CHECKING:
    from auditkit.collectors.identity import Collector
    from auditkit.collectors.listing import Progress
    from auditkit.collectors.sources.bounds import Bounds

DEMO = "demo"
STORE = Path("snapshots")
"""Where `collect` keeps snapshots if nobody says otherwise."""

FACES[Snapshot] = face("snapshot")


def collect(context: str | None = None, *, recording: Path | str | None = None, kubeconfig: str | None = None,
            name: str = "", timeout: float = 30.0, bounds: "Bounds | None" = None, page_size: int = 500,
            workers: int = 4, scans: Iterable[Path | str] = (), members: Path | str | None = None,
            complete: Iterable[str] = (), taken_at: str = "", stated_by: str = "", progress: "Progress | None" = None,
            on_identity: "Callable[[Collector, list[str]], None] | None" = None) -> Snapshot:
    """Collect a snapshot from a kubeconfig context (the current one by default), or from files.

    ``name`` is what the cluster is called, instead of its context. A server is asked for ``page_size`` objects at a
    time, for ``workers`` lists at once; it does not answer if it says nothing for ``timeout`` seconds. ``bounds``
    (`auditkit.Bounds`) has those of the whole collection: time, also of kubelets, bytes, pages, rate.
    ``recording`` is a folder, file or archive: a recording of an API server, or what kubectl wrote. ``scans`` are files
    that scanners wrote. ``members`` is a CSV file (user, group) of who is in which group. ``progress`` is called with
    the name of what was read, how many are done, how many there are, and the outcome; ``on_identity``, before any
    object is asked for, with who collects and what the server says that this identity may not read.

    Of files that kubectl wrote, ``complete`` names the kinds (or ``all``) of which they hold every object of the
    cluster, and of files and recordings ``taken_at`` is the day or time at which they were taken, where they do not
    show it themselves. Both are the word of ``stated_by`` (else the user of this computer), and shown as that.
    Raises `SourceError` where nothing can be collected, `UsageError` for a statement that cannot be.
    """
    from auditkit.collectors import collect as _collect
    from auditkit.scans.read import verify_scans

    verify_scans(scans := list(scans))
    complete = [complete] if isinstance(complete, str) else list(complete)
    if recording is not None:
        from auditkit.collectors.sources.kubectl_files import open_files
        from auditkit.collectors.sources.observed import taken_at as read_time
        from auditkit.collectors.sources.wholeness import resources

        source = open_files(Path(recording), resources(complete), stated_by or _user() if complete or taken_at else "",
                            read_time(taken_at) if taken_at else None)
        source.name = name or source.name
        return _collect(source, scans=scans, members=members, progress=progress, on_identity=on_identity)
    if complete or taken_at:
        raise UsageError("--complete and --taken-at are for files (--recording): a cluster that is asked shows itself "
                         "what it has, and when.")
    from auditkit.collectors.sources.live import LiveSource

    source = LiveSource(context, kubeconfig, workers=workers, timeout=timeout, bounds=bounds, name=name)
    return _collect(source, workers=workers, limit=page_size, scans=scans, members=members, progress=progress,
                    on_identity=on_identity)


def demo() -> Snapshot:
    """The snapshot of the fictional cluster that is part of auditkit."""
    return collect(recording=shipped.demo(), taken_at=shipped.DEMO_TAKEN, stated_by="auditkit")


def _user() -> str:
    """Who works on this computer, as far as it says."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "whoever collected"


def open(snapshot: Snapshot | Path | str) -> Snapshot:
    """A snapshot by the path or URL of its folder; ``"demo"``; or the newest of a store by its path or URL, or of a
    cluster in the folder ``snapshots`` by its name or UID. A snapshot that is no longer where a path says is found by
    the digest in its name (`auditkit.snapshots.moved`).

    Raises `SnapshotError`, and `UsageError` where a store has snapshots of several clusters.
    """
    if isinstance(snapshot, Snapshot):
        return snapshot
    if not isinstance(snapshot, str | Path) or not str(snapshot):
        raise UsageError(f"The snapshot is {snapshot!r}. Give the folder of a snapshot or of a store, the name of a "
                         "cluster in ./snapshots, or 'demo'.")
    path = pulled(snapshot)
    if os.path.lexists(path / "manifest.json"):
        return open_snapshot(path)
    if snapshot == DEMO:
        return demo()
    if path.is_dir():
        return open_snapshot(newest(path))
    if not os.path.lexists(path) and (found := elsewhere(path)):
        return open_snapshot(found)
    if STORE.is_dir() and not os.path.lexists(path):
        return open_snapshot(newest(STORE, str(snapshot)))
    return open_snapshot(path)


def verify_folders(*, store: Path | str | None = None, output: Path | str | None = None) -> None:
    """Refuse a store or a folder of reports that cannot be written, before a long collection. Raises `SnapshotError`
    or `UsageError`."""
    from auditkit.snapshots.publishing import verify_url
    from auditkit.snapshots.writing import verify_store

    if store is not None:
        verify_url(store) if is_url(store) else verify_store(Path(store))
    if output is not None:
        from auditkit.reports import verify_output  # frameworks and checks come with it

        verify_output(Path(output))
