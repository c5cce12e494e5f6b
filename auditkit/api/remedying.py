"""Manifests that mend what fails, proven by simulation."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditkit.api.definitions import DEFAULT_FRAMEWORKS
from auditkit.api.evaluating import evaluate
from auditkit.api.options import Options
from auditkit.api.snapshots import open
from auditkit.base.files import unwritable
from auditkit.errors import UsageError
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from auditkit.simulation.proving import Proven


def remedy(snapshot: Snapshot | Path | str, output: Path | str | None = None, *,
           frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, **options: Unpack[Options]) -> "Proven":
    """Manifests that mend failing checks, each a file in the folder ``output`` with a note of what it changes.

    Only those are written that were simulated together: each mends a failure of its check, and nothing that passed
    fails, becomes unknown or is refused. The result (`auditkit.simulation.proving.Proven`) has the remedies, what they
    mend, and what was left out with the reason. Existing files are never overwritten. Raises `UsageError` where the
    folder cannot be written, or has one of the files.
    """
    from auditkit.history.verdicts import verdict_changes
    from auditkit.simulation.proving import prove

    names = list(dict.fromkeys(frameworks))
    found = prove(open(snapshot), lambda before, after: {
        name: verdict_changes(evaluate(before, name, **options), evaluate(after, name, **options)) for name in names})
    if output is not None:
        _write(found, Path(output))
    return found


def _write(found: "Proven", folder: Path) -> None:
    there = [each.file for each in found.remedies if (folder / each.file).exists()]
    if there:
        raise UsageError(f"{folder / there[0]} exists. Give a folder without the files that are to be written.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for each in found.remedies:
            with (folder / each.file).open("x", encoding="utf-8") as file:
                file.write(each.text)
    except OSError as error:
        raise UsageError(unwritable(folder, error)) from None
