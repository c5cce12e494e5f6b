"""What a judgement rests on beside the snapshot: frameworks and checks of a user's own, with digests and proof."""

import hashlib
import inspect
from functools import cache
from pathlib import Path

import pandas as pd

from auditkit.checks import Check, all_checks
from auditkit.errors import AuditkitError
from auditkit.evaluation.evaluation import OWN, Evaluation
from auditkit.proof.prove import prove, proved


def own(evaluation: Evaluation) -> pd.DataFrame:
    """One row a framework file or check of a user's own that was used (columns: `OWN`)."""
    rows = [["framework", path.stem, shown(path), _sha256(path), ""] for path in evaluation.files]
    used = {outcome.check.name: outcome.check for result in evaluation.results for outcome in result.outcomes}
    for name, check in used.items():
        if not check.ships:
            path = Path(inspect.getfile(inspect.unwrap(check.function)))
            rows.append(["check", name, shown(path), _sha256(path), proof(check)])
    return pd.DataFrame(rows, columns=OWN)


def proof(check: Check) -> str:
    """How a check is proved, to stand behind "It"."""
    return proved(check) if check.ships else _prove(check.function, check.name)


@cache
def _prove(function: object, name: str) -> str:
    """The proof of a check of a user's own; with the parameters of its cases, and not of a control."""
    try:
        found = prove(all_checks()[name])
    except AuditkitError as error:
        return f"is not proved: {error}"
    return found.text if found.holds else f"is not proved: it {found.text}{'; '.join(['', *found.wrong])}"


def shown(path: Path) -> str:
    """A path as people gave it: from the current folder, or merely its name, for a report does not tell where on a
    machine it was made."""
    path, here = path.resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"it cannot be read any more: {error.strerror}"
