"""The basis of an evaluation besides the snapshot: the user's own frameworks and checks, with digests and proof."""

import hashlib
import inspect
from functools import cache
from pathlib import Path

import pandas as pd

from auditkit.base.files import reason
from auditkit.checks import Check, all_checks
from auditkit.errors import AuditkitError
from auditkit.evaluation.evaluation import OWN, Evaluation


def own(evaluation: Evaluation) -> pd.DataFrame:
    """One row for each of the user's own framework files and checks in use (columns: `OWN`)."""
    rows = [["framework", path.stem, shown(path), _sha256(path), ""] for path in evaluation.files]
    used = {outcome.check.name: outcome.check for result in evaluation.results for outcome in result.outcomes}
    for name, check in used.items():
        if not check.ships:
            path = Path(inspect.getfile(inspect.unwrap(check.function)))
            rows.append(["check", name, shown(path), _sha256(path), proof(check)])
    return pd.DataFrame(rows, columns=OWN)


def proof(check: Check) -> str:
    """How a check is proven, as the predicate of a sentence."""
    from auditkit.proof.prove import proved  # the worlds of cases are decoded as lists of a cluster are

    return proved(check) if check.ships else _prove(check.function, check.name)


@cache
def _prove(function: object, name: str) -> str:
    """The proof of a user's own check, with the parameters of its cases instead of those of a framework."""
    from auditkit.proof.prove import prove

    try:
        found = prove(all_checks()[name])
    except AuditkitError as error:
        return f"is not proven: {error}"
    return found.text if found.holds else f"is not proven: it {found.text}{'; '.join(['', *found.wrong])}"


def shown(path: Path) -> str:
    """A path relative to the current folder, or only its name: a report does not reveal paths of the machine."""
    path, here = path.resolve(), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return f"the file can no longer be read: {reason(error)}"
