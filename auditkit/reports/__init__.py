"""Reports: a notebook that is run on a snapshot, and one page (HTML) and one PDF of it.

`report` does all three for a framework, `report_notebook` for a notebook that judges none; `publish` makes page and
PDF of any executed notebook, whoever wrote it. What the cells of our notebooks show is in `auditkit.reports.show`.

The files of a report are called ``NAME-CLUSTER-TIME-DIGEST``: the framework or the notebook, the folder of the cluster
in the store, when the snapshot was taken, and the beginning of the SHA-256 of the executed notebook. The same snapshot
and the same inputs have the same notebook, so that a second run replaces the files by equal ones. Anything else has
another name: no report overwrites a different one, also where two runs are going on at once.
"""

import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditkit.base import shipped, whole
from auditkit.base.files import reason, verify_writable
from auditkit.base.object_store import is_url
from auditkit.errors import NoSuchName, UsageError
from auditkit.framework import together
from auditkit.people import FILES
from auditkit.people.scope import names
from auditkit.snapshots.mirror import shown
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot

if TYPE_CHECKING:
    from concurrent.futures import Future

__all__ = ["Files", "begin", "publish", "report", "report_fleet", "report_notebook", "report_simulation",
           "settle"]

Progress = Callable[[str], None]

_DIGITS = 12
"""Of the digest in the name of a report."""
_TIME = "%Y%m%dT%H%M%SZ"
"""Of the time in the name of a report."""


_FLEET = "fleet"
_WHAT_IF = "what-if"
PAGE, PAPER = "page", "paper"
FACES = (PAGE, PAPER)
"""What is drawn of an executed notebook: the HTML page and the PDF."""


class Files(NamedTuple):
    """The files of a report; of page and PDF those are there that were asked for."""

    notebook: Path
    html: Path
    pdf: Path

    @classmethod
    def beside(cls, notebook: Path) -> "Files":
        """Those of an executed notebook, which lie beside it."""
        return cls(notebook, notebook.with_suffix(".html"), notebook.with_suffix(".pdf"))


def begin(
    snapshot: Snapshot | Path | str, framework: str, output: Path | str, progress: Progress | None = None, *,
    exceptions: Path | str = "", attestations: Path | str = "", controls: Path | str = "",
    checks: Path | str | Iterable[Path | str] = (), scope: Path | str = "", categories: str | Iterable[str] = "",
    pss_version: str = "", owner_label: str = "", faces: Sequence[str] = FACES,
) -> "Future[Files]":
    """Run the framework's notebook on a snapshot, and write it, its page and its PDF into a folder; within
    `auditkit.reports.kernels.ready`, page and PDF are drawn while others work.

    ``exceptions`` to ``owner_label`` are what `auditkit.evaluate` takes; ``faces`` are those of `FACES` that are drawn.
    A snapshot that was not written yet is written beside the report, under ``snapshots``: a report without its evidence
    proves nothing. ``progress`` is told what is being done. Raises `SnapshotError`, `NoSuchName` for a framework that
    does not exist, `MissingDependency` where PDF needs a library of the system (notebook and page are there then).
    """
    together.load(framework, Path(controls) if controls else None)
    files = [checks] if isinstance(checks, str | Path) else checks
    return _begin(_notebook(framework), framework, snapshot, Path(output), {
        "framework": framework, "exceptions": _absolute(exceptions), "attestations": _absolute(attestations),
        "controls": _absolute(controls), "checks": list(map(_absolute, files)), "scope": _absolute(scope),
        "categories": names(categories), "pss_version": pss_version, "owner_label": owner_label,
    }, progress, faces)


def report(*given: Any, **options: Any) -> Files:
    """As `begin`, with page and PDF drawn when it returns."""
    return begin(*given, **options).result()


def report_notebook(snapshot: Snapshot | Path | str, notebook: Path | str, output: Path | str,
                    progress: Progress | None = None) -> Files:
    """Run a notebook that needs a snapshot only: ``access``, ``network``, ``findings``, or the path of your own.

    Otherwise as `report`.

    Raises `NoSuchName` for a notebook that does not exist.
    """
    path = find_notebook(notebook)
    return _begin(path, path.stem, snapshot, Path(output), {}, progress).result()


def report_fleet(store: str, newest: dt.datetime, output: Path, parameters: dict[str, Any],
                 progress: Progress | None = None, faces: Sequence[str] = FACES) -> Files:
    """Run the notebook on the clusters of a store (its whole path, or its URL).

    ``newest`` is the time of the newest of their snapshots, ``parameters`` are those of the notebook beside ``store``.
    The files are called ``fleet-STORE-TIME-DIGEST``. Raises as `begin` does.
    """
    verify_output(output)
    output.mkdir(parents=True, exist_ok=True)
    files = {name: _absolute(parameters[name]) for name in FILES if parameters.get(name)}
    called = f"{_FLEET}-{store.rstrip('/').rpartition('/')[2]}-{newest:{_TIME}}"
    return _run(find_notebook(_FLEET), _FLEET, called, output, {"store": store, **parameters, **files}, progress,
                faces).result()


def report_simulation(snapshot: Snapshot | Path | str, output: Path, parameters: dict[str, Any],
                      progress: Progress | None = None) -> Files:
    """Run the notebook on what manifests would change; ``parameters`` are its own, beside ``snapshot``.

    Otherwise as `report`.
    """
    given = {name: value for name, value in parameters.items() if value}
    paths = {name: _absolute(given[name]) for name in (*FILES, "manifests")
             if name in given and Path(given[name]).exists()}
    given |= {**paths, "checks": list(map(_absolute, given.get("checks", ())))}
    return _begin(find_notebook(_WHAT_IF), _WHAT_IF, snapshot, output, {"manifests": "", **given}, progress).result()


def find_notebook(notebook: Path | str) -> Path:
    """The file of a notebook: one of ours by its name, or any by its path. Raises `NoSuchName`."""
    known = {path.stem: path for path in sorted(shipped.folder("notebooks").glob("*.ipynb"))}
    path = known.get(str(notebook), Path(notebook))
    if not path.is_file():
        raise NoSuchName("notebook", str(notebook), known)
    return path


def _begin(notebook: Path, name: str, snapshot: Snapshot | Path | str, folder: Path, parameters: dict[str, Any],
           progress: Progress | None, faces: Sequence[str] = FACES) -> "Future[Files]":
    """Run a notebook on a snapshot, under a name, and draw its page and its PDF."""
    snap = snapshot if isinstance(snapshot, Snapshot) else open_snapshot(snapshot)
    place = settle(snap, folder)
    called = f"{name}-{place.resolve().parent.name}-{snap.manifest.started:{_TIME}}"
    return _run(notebook, name, called, folder, {"snapshot": _absolute(place), **parameters}, progress, faces)


def _run(notebook: Path, name: str, called: str, folder: Path, parameters: dict[str, Any],
         progress: Progress | None, faces: Sequence[str]) -> "Future[Files]":
    """Run a notebook, and draw its page and its PDF; ``called`` begins the names of the files."""
    from auditkit.reports.kernels import later
    from auditkit.reports.notebook import execute, moved
    from auditkit.reports.notebook_file import encoded

    tell = progress or (lambda said: None)
    tell(f"{name}: running the notebook")
    executed = execute(notebook, folder / f"{called}.partial.ipynb", parameters, _warm)
    moved(executed, {key: beside(value, folder) for key, value in parameters.items()})
    content = encoded(executed)
    target = folder / f"{called}-{hashlib.sha256(content).hexdigest()[:_DIGITS]}.ipynb"
    whole.write(target, content)
    return later(_drawn, target, lambda said: tell(f"{name}: {said}"), faces)


def _warm() -> None:
    """Import what draws, while the notebook runs, unless another process draws."""
    from auditkit.reports.kernels import there
    from auditkit.reports.page.pdf import warm

    if not there():
        warm()


def _drawn(notebook: Path, progress: Progress, faces: Sequence[str]) -> Files:
    """As `publish`, by a process of its own where there is a workshop."""
    from auditkit.reports.kernels import drew

    return Files.beside(notebook) if drew(notebook, progress, faces) else publish(notebook, progress, faces)


def settle(snapshot: Snapshot, folder: Path) -> Path:
    """Where a snapshot lies; one that was not written yet is written into a folder of reports, under ``snapshots``.

    Raises `UsageError` for a folder that cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    return snapshot.path or snapshot.write(folder / "snapshots")


def verify_output(folder: Path) -> None:
    """Raises `UsageError` where reports cannot be written to a folder: before a collection, which may take long."""
    try:
        verify_writable(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None


def _unwritable(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"Reports cannot be written to {folder}: {reason(error)}. Give a writable folder with --output.")


def beside(value: Any, folder: Path) -> Any:
    """A parameter of which absolute paths are as they lead from a folder: the same wherever both folders lie. What an
    object store has is called by its URL."""
    if isinstance(value, list):
        return [beside(each, folder) for each in value]
    if not isinstance(value, str) or not Path(value).is_absolute():
        return value
    if is_url(named := shown(Path(value))):
        return named
    try:
        return Path(os.path.relpath(value, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return value


def _absolute(path: Path | str) -> str:
    return str(Path(path).resolve()) if path else ""


def publish(notebook: Path | str, progress: Progress | None = None, faces: Sequence[str] = FACES) -> Files:
    """Write the page and the PDF of an executed notebook beside it, or one of them, each whole or not at all.

    Raises `UsageError` for what is no notebook, or holds what this version cannot draw, and `MissingDependency`.
    """
    from auditkit.reports.page.document import read

    tell = progress or (lambda said: None)
    found = read(Path(notebook))
    files = Files.beside(Path(notebook))
    if PAGE in faces:
        from auditkit.reports.page.html import page

        tell("writing the HTML page")
        whole.write(files.html, page(found).encode())
    if PAPER in faces:
        from auditkit.reports.page.pdf import paper

        tell("writing the PDF")
        whole.write(files.pdf, paper(found))
    return files


def _notebook(framework: str) -> Path:
    """The notebook of a framework: the one whose name begins the framework's, or else the general one."""
    folder = shipped.folder("notebooks")
    words = framework.split("-")
    names = ("-".join(words[:length]) for length in range(len(words), 0, -1))
    return next((path for name in names if (path := folder / f"{name}.ipynb").is_file()), folder / "framework.ipynb")
