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

    ``reach``: a cluster shows the whole of it (``evidenced``), a part (``partly``; ``cannot_show`` has the rest), or
    nothing (``attested``). Only the first can pass; the others are ``manual`` where all holds that is shown.
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

    @property
    def named(self) -> list[tuple[str, dict[str, Any]]]:
        """The checks by name, each with the parameters that are given to it."""
        return [(name, given or {}) for entry in self.checks
                for name, given in ([(entry, {})] if isinstance(entry, str) else entry.items())]

    def resolved(self) -> list[Check]:
        """The checks, tuned as the requirement says. Raises `NoSuchName` for one that does not exist."""
        return [find(name).with_parameters(given) for name, given in self.named]


class Framework(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A framework: who publishes it, in which version, and its requirements in their order.

    One that ``extends`` another has the requirements of that: its own stand in for those with the same
    identifier, or go behind them.
    """

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


def names(own: Path | None = None) -> list[str]:
    """The frameworks that ship, and those of a folder given beside them."""
    return sorted(_shipped() | _files(own))


def load(name: str, own: Path | None = None) -> Framework:
    """A framework by name: one that ships, or one of a folder given beside them.

    Raises `NoSuchName`; `ControlError` with file and line, also where both have this name.
    """
    shipped, others = _shipped(), _files(own)
    if name in shipped and name in others:
        raise ControlError(f"{others[name]}: a framework {name!r} ships with auditkit. Give yours a name of "
                           "its own, or see what it would change: "
                           f"`auditkit evaluate SNAPSHOT -f {name} --controls {own}`.")
    if name not in shipped | others:
        raise NoSuchName("framework", name, shipped | others)
    return read((shipped | others)[name], own)


def files(own: Path | None = None) -> list[Path]:
    """The files of all frameworks, those that ship first."""
    return [*_shipped().values(), *_files(own).values()]


def proposed(name: str, own: Path) -> bool:
    """Whether a folder has its own version of a framework that ships."""
    return name in _shipped() and name in _files(own)


def proposals(own: Path) -> list[str]:
    """The frameworks of a folder that can be compared with one in force: of the same name, or extended.

    Raises `ControlError` where there is none.
    """
    found = [name for name, path in _files(own).items()
             if name in _shipped() or strict_yaml.read(path, Framework).extends]
    if not found:
        raise ControlError(f"{own} has no framework with the name of one that ships, and none that extends "
                           "another: there is nothing to compare.")
    return found


def proposal(name: str, own: Path) -> tuple[Framework, Framework]:
    """What is in force, and what a folder proposes instead.

    In force is the framework that ships under the same name, or else that which the folder's extends. Raises
    `NoSuchName`, or `ControlError` where nothing is in force.
    """
    others = _files(own)
    if name not in others:
        raise NoSuchName("framework", name, others)
    theirs = read(others[name], own)
    in_force = name if name in _shipped() else theirs.extends
    if not in_force:
        raise ControlError(f"{others[name]} can be compared with nothing: no framework {name!r} ships with "
                           "auditkit, and it extends none.")
    return _base(in_force, own, ()), theirs


def read(path: Path, own: Path | None = None, within: tuple[Path, ...] = ()) -> Framework:
    """The framework of a file, whole. ``within`` has the files that extend it. Raises `ControlError`."""
    framework = strict_yaml.read(path, Framework)
    written = framework.requirements
    if framework.framework != path.stem:
        raise ControlError(f"{path}: it says `framework: {framework.framework}`; "
                           "framework and file must have the same name.")
    if framework.extends:
        if path in within:
            raise ControlError(f"{path}: it extends itself, through {framework.extends!r}.")
        try:
            framework = _merged(_base(framework.extends, own, (*within, path)), framework)
        except NoSuchName as error:
            raise ControlError(f"{path}: it extends {framework.extends!r}. {error}") from None
    _verify(written, framework, path)
    return framework


def _shipped() -> dict[str, Path]:
    return _files(home.folder("controls"))


def _files(folder: Path | None) -> dict[str, Path]:
    """The files of a folder with a framework in them, by its name."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise ControlError(f"{folder} is not a folder; --controls takes one with a YAML file a framework.")
    try:
        return {path.stem: path for path in sorted(folder.glob("*.yaml"))
                if any(key in b"\n" + path.read_bytes() for key in (b"\nframework:", b"\nrequirements:"))}
    except OSError as error:
        raise ControlError(f"{error.filename} cannot be read: {error.strerror}.") from None


def _base(name: str, own: Path | None, within: tuple[Path, ...]) -> Framework:
    """The framework that another extends; one that ships goes before one of the same name in a folder."""
    known = _files(own) | _shipped()
    if name not in known:
        raise NoSuchName("framework", name, known)
    return read(known[name], own, within)


def _merged(base: Framework, framework: Framework) -> Framework:
    def over(below: list, above: list) -> list:
        return list(({each.id: each for each in below} | {each.id: each for each in above}).values())

    return msgspec.structs.replace(
        framework, sections=over(base.sections, framework.sections),
        requirements=over(base.requirements, framework.requirements))


def _verify(written: list[Requirement], framework: Framework, path: Path) -> None:
    """Refuse a list with an identifier twice, or a requirement in a section that does not exist."""
    seen: set[str] = set()
    sections = {section.id for section in framework.sections}
    for position, requirement in enumerate(written):
        wrong = ("stands there twice" if requirement.id in seen
                 else f"is in section {requirement.section!r}, which is not among the sections"
                 if requirement.section not in sections else "")
        if wrong:
            line = strict_yaml.lines(path, "requirements")[position]
            raise ControlError(f"{path}, line {line}: the requirement {requirement.id!r} {wrong}.")
        seen.add(requirement.id)
