"""What people gave to an evaluation, as bytes: a report carries them, so that it can be re-performed."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from auditkit.base.files import given
from auditkit.framework import library
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance


class Input(NamedTuple):
    """A file of people: ``kind`` is the option that gave it (exceptions, attestations, controls, checks)."""

    kind: str
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The SHA-256 of its bytes."""
        return hashlib.sha256(self.content).hexdigest()


def inputs(own: Path | None, exceptions: Iterable[RiskAcceptance], attestations: Iterable[Attestation],
           checks: Iterable[Path]) -> list[Input]:
    """The files of people, each once. Raises `UsageError` where one can no longer be read."""
    return [Input(kind, path.name, given(path)) for kind, path in dict.fromkeys(_paths(
        own, exceptions, attestations, checks))]


def _paths(own: Path | None, exceptions: Iterable[RiskAcceptance], attestations: Iterable[Attestation],
           checks: Iterable[Path]) -> Iterator[tuple[str, Path]]:
    yield from (("exceptions", each.origin.path) for each in exceptions)
    yield from (("attestations", each.origin.path) for each in attestations)
    yield from (("controls", path) for path in (library.folder_files(own) if own else ()))
    yield from (("checks", path) for path in checks)
