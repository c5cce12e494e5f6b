"""The files of people that verdicts depend on: read, with the checks of their own loaded."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from auditkit.errors import UsageError
from auditkit.framework import library

if TYPE_CHECKING:
    from auditkit.people.attestations import Attestation
    from auditkit.people.exceptions import RiskAcceptance
    from auditkit.people.scope import Scope

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
    exceptions: "list[RiskAcceptance]"
    attestations: "list[Attestation]"
    scope: "Scope | None"


def read(exceptions: Path | str | None, attestations: Path | str | None, controls: Path | str | None,
         checks: Paths, scope: Path | str | None = None, categories: str | Iterable[str] = "") -> Read:
    """What people add; an empty name means none, as in the parameters of a notebook."""
    from auditkit.people import attestations as _attestations
    from auditkit.people import exceptions as _exceptions
    from auditkit.people import scope as _scope

    verify_texts(exceptions=exceptions, attestations=attestations, controls=controls, scope=scope)
    own = folder(controls)
    library.verify_files(own)
    load_checks(checks)
    return Read(own, _exceptions.read(exceptions, own) if exceptions else [],
                _attestations.read(attestations, own) if attestations else [], _scope.given(scope, categories, own))


def folder(controls: Path | str | None) -> Path | None:
    return Path(controls) if controls else None


def load_checks(checks: Paths | None) -> None:
    for file in python_files(checks):
        from auditkit.checks import load_file

        load_file(file)


def python_files(checks: Paths | None) -> list[Path]:
    if checks is not None and not isinstance(checks, Path | str | Iterable):
        raise UsageError(f"checks is {checks!r}. Give the paths of files as texts, or leave it empty.")
    files = [checks] if isinstance(checks, Path | str) else list(checks or ())
    for file in files:
        verify_texts(checks=file)
    return [Path(file) for file in files if file]


def verify_texts(**given: object) -> None:
    """Raises `UsageError` for a parameter that is neither a text nor a path, nor empty: notebooks take any value."""
    for name, value in given.items():
        if value and not isinstance(value, str | Path):
            raise UsageError(f"{name} is {value!r}. Give a text or a path, or leave it empty.")
