"""Frameworks: lists of requirements, each with the checks that give evidence for it. They are data (YAML)."""

import datetime as dt
from pathlib import Path
from typing import Any, Literal

import msgspec

from auditkit import home, strict_yaml
from auditkit.checks import Check, find
from auditkit.errors import ControlError, NoSuchName

Reach = Literal["evidenced", "partly", "attested"]


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A chapter of a framework."""

    id: str
    title: str


class Requirement(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """One requirement: what it is about, how far a cluster can show it, and the checks that do.

    ``checks`` names checks as ``module.function``, or as a mapping of that name to parameters.
    """

    id: str
    section: str
    title: str
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

    def resolved(self) -> list[Check]:
        """The checks, tuned as the requirement says. Raises `NoSuchName` for one that does not exist."""
        pairs = [pair for entry in self.checks
                 for pair in ([(entry, {})] if isinstance(entry, str) else entry.items())]
        return [find(name).with_parameters(given or {}) for name, given in pairs]


class Framework(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A framework: who publishes it, in which version, and its requirements in their order."""

    framework: str
    title: str
    version: str
    publisher: str = ""
    source: str = ""
    note: str = ""
    default: bool = True
    law: bool = True
    dated: dt.date | None = None
    extends: str = ""
    sections: list[Section] = []
    requirements: list[Requirement] = []


def names(folder: Path | None = None) -> list[str]:
    """The frameworks of a folder (those that ship, by default)."""
    return sorted(path.stem for path in (folder or home.folder("controls")).glob("*.yaml")
                  if b"\nrequirements:" in (text := path.read_bytes()) or b"\nextends:" in text)


def load(name: str, folder: Path | None = None) -> Framework:
    """A framework by name. Raises `NoSuchName`, or `ControlError` with file and line."""
    path = (folder or home.folder("controls")) / f"{name}.yaml"
    if not path.is_file():
        raise NoSuchName("framework", name, names(folder))
    framework = strict_yaml.read(path, Framework)
    if framework.extends:
        base = load(framework.extends, folder)
        framework = msgspec.structs.replace(
            framework, sections=framework.sections or base.sections,
            requirements=framework.requirements or base.requirements)
    _verify(framework, path)
    return framework


def _verify(framework: Framework, path: Path) -> None:
    """Refuse a list with an identifier twice, or a requirement in a section that does not exist."""
    seen: set[str] = set()
    sections = {section.id for section in framework.sections}
    for requirement in framework.requirements:
        if requirement.id in seen:
            raise ControlError(f"{path}: the requirement {requirement.id!r} stands there twice.")
        if requirement.section not in sections:
            raise ControlError(f"{path}: the requirement {requirement.id!r} is in section {requirement.section!r}, "
                               "which is not among the sections.")
        seen.add(requirement.id)
