"""Reports: a notebook that is run on a snapshot, its page and its PDF."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from auditkit.api.options import Options, Paths
from auditkit.api.snapshots import open
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from concurrent.futures import Future

    from auditkit.reports import Files


def report(snapshot: Snapshot | Path | str, framework: str, output: Path | str = "reports",
           progress: Callable[[str], None] | None = None, *,
           exceptions: Path | str | None = None, attestations: Path | str | None = None,
           controls: Path | str | None = None, checks: Paths = (), scope: Path | str | None = None,
           categories: str | Iterable[str] = "", pss_version: str = "", owner_label: str = "") -> "Files":
    """Run the framework's notebook on a snapshot; returns the paths of the notebook, the page and the PDF.

    The parameters behind ``progress`` are those of `evaluate`.
    """
    return begin_report(snapshot, framework, output, progress, exceptions=exceptions, attestations=attestations,
                        controls=controls, checks=checks, scope=scope, categories=categories,
                        pss_version=pss_version, owner_label=owner_label).result()


def begin_report(snapshot: Snapshot | Path | str, framework: str, output: Path | str = "reports",
                 progress: Callable[[str], None] | None = None, *, faces: Sequence[str] = ("page", "paper"),
                 **options: Unpack[Options]) -> "Future[Files]":
    """As `report`, but within `ready` it returns as soon as the notebook has run, and ``faces`` (page, paper) are drawn
    while others work."""
    from auditkit.reports import begin

    given: dict[str, Any] = {name: value for name, value in options.items() if value}
    return begin(open(snapshot), framework, Path(output), progress, faces=faces, **given)


def report_notebook(snapshot: Snapshot | Path | str, notebook: Path | str, output: Path | str = "reports",
                    progress: Callable[[str], None] | None = None) -> "Files":
    """Run a notebook that judges no framework (``access``, ``network``, or the path of your own) on a snapshot.

    Returns the paths of the notebook, the page and the PDF.
    """
    from auditkit.reports import report_notebook as _report

    return _report(open(snapshot), notebook, Path(output), progress=progress)


def ready() -> AbstractContextManager[None]:
    """Within it reports start faster: a process imports what notebooks import, while others work, and makes the kernel
    of each. Without it, each kernel imports it anew."""
    from auditkit.reports.kernels import ready as _ready

    return _ready()


def verify_notebooks(notebooks: Iterable[Path | str]) -> None:
    """Refuse what is no notebook, before others are run. Raises `NoSuchName`, or `UsageError`."""
    from auditkit.reports import find_notebook, notebook_file

    for notebook in notebooks:
        notebook_file.read(find_notebook(notebook))


def settle(snapshot: Snapshot, output: Path | str = "reports") -> Path:
    """Where a snapshot lies; one that was not written yet is written where `report` writes it, so that verdicts can be
    stored next to it before."""
    from auditkit.reports import settle as _settle

    return _settle(snapshot, Path(output))
