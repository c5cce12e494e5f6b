"""The files of people that verdicts depend on: read, with the checks of their own loaded."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TypedDict

from auditkit.checks import load_file
from auditkit.framework import library
from auditkit.people import attestations as _attestations
from auditkit.people import exceptions as _exceptions
from auditkit.people import scope as _scope

Paths = Path | str | Iterable[Path | str]


class Options(TypedDict, total=False):
    """The files of people, the categories in scope, the version of the Pod Security Standards and the label of owners:
    the parameters of `evaluate`."""

    exceptions: Path | str | None
    attestations: Path | str | None
    controls: Path | str | None
    checks: Paths
    scope: Path | str | None
    categories: str | Iterable[str]
    pss_version: str
    owner_label: str


class Read(NamedTuple):
    """What people gave, as it was read; ``own`` is the folder of their frameworks."""

    own: Path | None
    exceptions: list[_exceptions.RiskAcceptance]
    attestations: list[_attestations.Attestation]
    scope: _scope.Scope | None


def read(exceptions: Path | str | None, attestations: Path | str | None, controls: Path | str | None,
         checks: Paths, scope: Path | str | None = None, categories: str | Iterable[str] = "") -> Read:
    """What people add; an empty name means none, as in the parameters of a notebook."""
    own = folder(controls)
    library.verify_files(own)
    load_checks(checks)
    return Read(own, _exceptions.read(exceptions, own) if exceptions else [],
                _attestations.read(attestations, own) if attestations else [], _scope.given(scope, categories, own))


def folder(controls: Path | str | None) -> Path | None:
    return Path(controls) if controls else None


def load_checks(checks: Paths) -> None:
    for file in python_files(checks):
        load_file(file)


def python_files(checks: Paths) -> list[Path]:
    return [Path(file) for file in ([checks] if isinstance(checks, Path | str) else checks) if file]
