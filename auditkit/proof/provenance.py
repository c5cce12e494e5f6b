"""What a judgement rests on beside the snapshot: the version of the standards, and controls and checks of a user's own
with their digests and proof."""

import hashlib
import inspect
from functools import cache
from pathlib import Path

import pandas as pd

from auditkit.analysis.pod_security.levels import NEWEST, server_version
from auditkit.checks import Check, all_checks
from auditkit.errors import AuditkitError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.proof.prove import prove, proved

COLUMNS = ["what", "name", "file", "sha256", "proof"]
"""Of the frame `own`: ``framework`` or ``check``, its name and file, the file's SHA-256, and how a check is proved."""


def own(evaluation: Evaluation) -> pd.DataFrame:
    """One row a framework file or check of a user's own that was used (columns: `COLUMNS`)."""
    rows = [["framework", path.stem, shown(path), _sha256(path), ""] for path in evaluation.files]
    used = {outcome.check.name: outcome.check for result in evaluation.results for outcome in result.outcomes}
    for name, check in used.items():
        if not ships(check):
            path = Path(inspect.getfile(inspect.unwrap(check.function)))
            rows.append(["check", name, shown(path), _sha256(path), proof(check)])
    return pd.DataFrame(rows, columns=COLUMNS)


def standard(evaluation: Evaluation) -> str:
    """The version of the Pod Security Standards that was judged by, and why that one; empty where none was."""
    said = [f"{version} where the framework says so" for version in versions(evaluation, fixed=True)]
    server, asked = server_version(evaluation.snapshot.manifest.server_version), evaluation.pss_version
    for version in versions(evaluation, fixed=False):
        if asked in ("", "latest"):
            why = f" ({f'as the server, {server}' if server else 'the latest; the version of the server is not known'})"
        else:
            limit = f"the server is {server}" if server else f"v1.{NEWEST} is the last"
            why = "" if version == asked else f", though {asked} was asked for: {limit}"
        said.insert(0, f"{version}{why}")
    return "; ".join(said)


def versions(evaluation: Evaluation, *, fixed: bool | None = None) -> list[str]:
    """The versions of the Pod Security Standards that were judged by; those only that the framework fixes, or not."""
    found = {str(outcome.check.parameters["version"]) for result in evaluation.results
             for (name, given), outcome in zip(result.requirement.named, result.outcomes, strict=True)
             if name.startswith("pss.") and fixed in (None, given.get("version", "latest") != "latest")}
    return sorted(found, key=lambda version: (len(version), version))


def ships(check: Check) -> bool:
    """Whether a check is one of auditkit's."""
    return check.function.__module__.startswith("auditkit.checks.")


def proof(check: Check) -> str:
    """How a check is proved, to stand behind "It"."""
    return proved(check) if ships(check) else _prove(check.function, check.name)


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
