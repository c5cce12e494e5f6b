"""Frameworks: lists of requirements, each with the checks that give evidence for it. They are data (YAML)."""

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

if TYPE_CHECKING:
    from auditkit.checks import Check

UNWRITABLE = {"place": "(place)", "files": "(files)"}
"""Fields that the reader fills. A file cannot set them, because paths are not YAML values."""

LATER = ("rests_on", "if_deviating")
"""Fields of a requirement that were added after digests of requirements had been written down."""

Reach = Literal["evidenced", "partly", "attested"]
Line = Annotated[str, msgspec.Meta(pattern=r"\A(?!\s)[^\x00-\x1f\x7f-\x9f\u2028\u2029]+(?<!\s)\Z",
                                   description="one line of text that is not empty")]

Version = Annotated[str, msgspec.Meta(pattern=r"\A(?=.*\d)(?!\s)[^\x00-\x1f\x7f-\x9f\u2028\u2029]+(?<!\s)\Z",
                                      description='one line of text with the number of an edition, or its date')]
"""Which edition of a text a framework follows. Publishers number and date as they like ("2.0.1", "Proposal of 6 January
2025"); a word without any number ("latest", "draft") names no edition that an auditor could look up."""


class Files(tuple[Path, ...]):
    """Paths in their order."""


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A chapter of a framework."""

    id: Line
    title: Line


class Category(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A category of requirements that an examination covers or not, as the trust services categories of SOC 2: the
    ``sections`` that belong to it, and the other categories that it always ``includes``."""

    id: Line
    title: Line
    sections: Annotated[list[Line], msgspec.Meta(min_length=1)]
    includes: list[Line] = []


@dataclass(frozen=True)
class Place:
    """The place of a requirement: file, line, and the line of each of its checks."""

    path: Path
    line: int
    checks: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.path}, line {self.line}"

    def of_check(self, position: int) -> str:
        """File and line of one of the checks."""
        return f"{self.path}, line {self.checks[position] if position < len(self.checks) else self.line}"


class Requirement(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, rename=UNWRITABLE.get):
    """One requirement: what it is about, how far a cluster can show it, and the checks that do.

    ``reach``: a cluster shows all that it asks to be looked at (``evidenced``), a part (``partly``), or nothing
    (``attested``); ``cannot_show`` has the rest, and what lies beyond. Only the first can pass; the others are
    ``manual`` where all holds that is shown.
    ``rests_on: people``: it is a procedure or decision of people, of which checks show signs. Deviations are then noted
    as exceptions and do not fail it; ``if_deviating`` says what they mean for it.
    ``checks`` names checks as ``module.function``, or as a mapping of that name to parameters. ``place`` says where it
    is written, if it was read from a file.
    """

    id: Line
    section: Line
    title: Line
    about: str = ""
    obligation: Literal["", "standard", "required", "addressable"] = ""
    level: int | None = None
    assessment: Literal["", "automated", "manual"] = ""
    reach: Reach
    run_by: Literal["", "provider"] = ""
    observable: str = ""
    checks: list[str | dict[str, dict[str, Any]]] = []
    cannot_show: str = ""
    ask_next: str = ""
    look_at: str = ""
    rests_on: Literal["", "people"] = ""
    if_deviating: str = ""
    place: Place | None = None

    def written(self) -> dict[str, Any]:
        """What a file says of it. A field that came later is left out where it is not set, so that what did not change
        has the digest that it had."""
        return {name: value for name, value in msgspec.structs.asdict(self).items()
                if name != "place" and (value or name not in LATER)}

    @property
    def named(self) -> list[tuple[str, dict[str, Any]]]:
        """The checks by name, each with the parameters that are given to it."""
        return [(name, given or {}) for entry in self.checks
                for name, given in ([(entry, {})] if isinstance(entry, str) else entry.items())]

    def resolved(self) -> "list[Check]":
        """The checks, tuned as the requirement says. Raises `NoSuchName` for one that does not exist."""
        from auditkit.checks import find

        return [find(name).with_parameters(given) for name, given in self.named]


class Framework(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True, rename=UNWRITABLE.get):
    """A framework: who publishes it, in which version, and its requirements in their order.

    One that ``extends`` another has the requirements of that: its own stand in for those with the same
    identifier, or go behind them. ``files`` are those that it was read from: its own, then those that it extends.
    An examination chooses among the ``categories``; sections that are in none belong to every examination.
    ``protects: ephi``: it is about electronic protected health information, so that namespaces that a scope marks with
    it are those that count.
    """

    framework: Line
    title: Line
    version: Version
    publisher: str = ""
    source: str = ""
    note: str = ""
    default: bool = True
    law: bool = True
    dated: dt.date | None = None
    extends: str = ""
    protects: Literal["", "ephi"] = ""
    categories: list[Category] = []
    sections: list[Section] = []
    requirements: list[Requirement] = []
    files: Files = Files()
