"""The handful of verbs: what the command line and the notebooks call."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from auditkit import controls, home
from auditkit.controls import Framework
from auditkit.evaluate import Evaluation
from auditkit.evaluate import evaluate as _evaluate
from auditkit.snapshot import Snapshot, open_snapshot

DEMO = "demo"


def collect(context: str | None = None, *, recording: Path | str | None = None, kubeconfig: str | None = None,
            timeout: float = 30.0, scans: Iterable[Path | str] = (), **events: Any) -> Snapshot:
    """Collect a snapshot from a kubeconfig context (the current one by default), or from files.

    ``recording`` is a folder or file: a recording of an API server, or what kubectl wrote. ``scans`` are files that
    scanners wrote. ``events`` are the callbacks of the collector. Raises `SourceError` where nothing can be collected.
    """
    from auditkit.collect import collect as _collect

    if recording is not None:
        from auditkit.collect.files import open_files

        return _collect(open_files(Path(recording)), scans=scans, **events)
    from auditkit.collect.live import LiveSource

    return _collect(LiveSource(context, kubeconfig, timeout=timeout), scans=scans, **events)


def demo() -> Snapshot:
    """The snapshot of a made-up cluster that ships with auditkit."""
    return collect(recording=home.demo())


def open(snapshot: Snapshot | Path | str) -> Snapshot:  # noqa: A001 - `auditkit.open`, as one would say it
    """A snapshot by the path of its folder; ``"demo"`` is that of the demo. Raises `SnapshotError`."""
    if isinstance(snapshot, Snapshot):
        return snapshot
    if snapshot == DEMO and not (Path(DEMO) / "manifest.json").exists():
        return demo()
    return open_snapshot(snapshot)


def frameworks() -> list[str]:
    """The names of the frameworks that ship with auditkit."""
    return controls.names()


def load_framework(name: str) -> Framework:
    """A framework by name. Raises `NoSuchName`, which names those that come close."""
    return controls.load(name)


def evaluate(snapshot: Snapshot | Path | str, framework: str | Framework) -> Evaluation:
    """Judge a framework on a snapshot."""
    return _evaluate(open(snapshot), framework)


def report(snapshot: Snapshot | Path | str, framework: str, output: Path | str = "reports",
           progress: Callable[[str], None] | None = None) -> Any:
    """Run the framework's notebook on a snapshot; returns the paths of the notebook, the page and the PDF."""
    from auditkit.report import report as _report

    return _report(open(snapshot), framework, Path(output), progress=progress)
