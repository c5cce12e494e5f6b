"""What people gave to an evaluation, as bytes: a report carries them, so that it can be re-performed."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from auditkit.base.files import given
from auditkit.framework import library
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance
from auditkit.people.scope import Scope


class Input(NamedTuple):
    """A file of people: ``kind`` is the option that gave it (exceptions, attestations, scope, controls,
    checks)."""

    kind: str
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


def inputs(own: Path | None, exceptions: Iterable[RiskAcceptance], attestations: Iterable[Attestation],
           checks: Iterable[Path], scope: Scope | None = None) -> list[Input]:
    """The files of people, each once. Raises `UsageError` where one can no longer be read."""
    return [Input(kind, path.name, given(path)) for kind, path in dict.fromkeys(_paths(
        own, exceptions, attestations, checks, scope))]


def _paths(own: Path | None, exceptions: Iterable[RiskAcceptance], attestations: Iterable[Attestation],
           checks: Iterable[Path], scope: Scope | None) -> Iterator[tuple[str, Path]]:
    yield from (("exceptions", each.origin.path) for each in exceptions)
    yield from (("attestations", each.origin.path) for each in attestations)
    yield from (("scope", path) for path in ([scope.path] if scope and scope.path else ()))
    yield from (("controls", path) for path in (library.folder_files(own) if own else ()))
    yield from (("checks", path) for path in checks)
