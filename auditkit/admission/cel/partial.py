"""Objects of which only some fields are known.

A field is known with its value, known to be absent (`ABSENT`), or only known to be absent **or** to have a value that
means the same (`Perhaps`: a default). Reading any other field is `Unknown`, with its path.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.admission.cel.values import Optional, Unknown, Value


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()
"""A field that is known not to be there."""


@dataclass(frozen=True)
class Perhaps:
    """A field that is absent or has this value; ``where`` is its path."""

    value: Value
    where: str

    def unknown(self) -> Unknown:
        """That it is not known which of the two."""
        return Unknown(f"whether {self.where} is written or left to its default")


@dataclass(frozen=True)
class Hidden:
    """A field that is there with a value that is not known; ``where`` is its path."""

    where: str


class Partial(Mapping[str, Value]):
    """An object of which some fields are known."""

    def __init__(self, fields: Mapping[str, Any], where: str):
        self._fields, self._where = fields, where

    def find(self, key: str) -> Optional | Perhaps:
        """The value of a field as an optional; Unknown where the field is not known."""
        found = self._fields.get(key, Hidden(f"{self._where}.{key}"))
        if isinstance(found, Hidden):
            raise Unknown(f"{found.where}, which is not known")
        if found is ABSENT:
            return Optional()
        return found if isinstance(found, Perhaps) else Optional.of(found)

    def has(self, key: str) -> bool:
        """Whether a field is there; Unknown where that is not known."""
        found = self._fields.get(key)
        if found is None:
            raise Unknown(f"{self._where}.{key}, which is not known")
        if isinstance(found, Perhaps):
            raise found.unknown()
        return found is not ABSENT

    def __contains__(self, key: object) -> bool:
        return self.has(str(key))

    def __getitem__(self, key: str) -> Value:
        found = self.find(key)
        if isinstance(found, Perhaps):
            raise found.unknown()
        if not found.content:
            raise KeyError(key)
        return found.content[0]

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[str]:
        raise Unknown(f"all fields of {self._where}")

    def __len__(self) -> int:
        raise Unknown(f"all fields of {self._where}")
