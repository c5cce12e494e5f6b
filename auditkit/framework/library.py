"""The frameworks that there are: those that ship, and those of a folder of a user's own."""

import re
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from auditkit.base import shipped, strict_yaml
from auditkit.base.files import unreadable
from auditkit.errors import DefinitionError, NoSuchName
from auditkit.framework.model import Category, Files, Framework, Place, Requirement, Section

_OTHER_LISTS = {"exceptions", "attestations", "scope", "duties", "sample_sizes"}
"""Other files that a folder of frameworks may contain, by their key at the top."""

_OURS = re.compile(rb"^framework:", re.MULTILINE)
_CATEGORIES = re.compile(rb"^categories:", re.MULTILINE)


def names(own: Path | None = None) -> list[str]:
    """The frameworks that ship, and those of a folder given beside them."""
    return sorted(_shipped() | _files(own))


def load(name: str, own: Path | None = None) -> Framework:
    """Load a framework by name: a built-in one, or one from a given folder.

    Raises `NoSuchName`; `DefinitionError` with file and line, also where both have this name.
    """
    shipped, others = _shipped(), _files(own)
    if name in shipped and name in others:
        raise DefinitionError(f"{others[name]}: auditkit has a built-in framework {name!r}. Rename yours, "
                              "or compare it with the built-in one: "
                              f"`auditkit evaluate SNAPSHOT -f {name} --controls {own}`.")
    if name not in shipped | others:
        raise NoSuchName("framework", name, shipped | others)
    return read((shipped | others)[name], own)


def listed(own: Path | None = None) -> list[tuple[Framework, bool]]:
    """All frameworks: the built-in ones and those of a folder. The flag is true for a framework of the folder that
    has a built-in name and is therefore only a proposal."""
    shipped, others = _shipped(), _files(own)
    return [*((read(path), False) for path in shipped.values()),
            *((read(path, own), name in shipped) for name, path in others.items())]


def own_files(framework: Framework) -> list[Path]:
    """The user's own files from which a framework was read."""
    ships = shipped.folder("controls").resolve()
    return [path for path in framework.files if path.resolve().parent != ships]


def verify_files(own: Path | None) -> None:
    """Read all frameworks of a folder. Raises `DefinitionError` for a mistake in any, also in one nobody asks for."""
    for path in _files(own).values():
        read(path, own)


def files(own: Path | None = None) -> list[Path]:
    """The files of all frameworks, the built-in ones first."""
    return [*_shipped().values(), *_files(own).values()]


def folder_files(own: Path) -> list[Path]:
    """The files of the frameworks of a folder."""
    return list(_files(own).values())


def proposed(name: str, own: Path) -> bool:
    """True if a folder has its own version of a built-in framework."""
    return name in _shipped() and name in _files(own)


def proposals(own: Path) -> list[str]:
    """The frameworks of a folder that can be compared with one in force: with a built-in name, or an extension.

    Raises `DefinitionError` where there is none.
    """
    found = [name for name, path in _files(own).items()
             if name in _shipped() or read(path, own).extends]
    if not found:
        raise DefinitionError(f"{own} has no framework to compare. A framework to compare has the name of a "
                              "built-in one, or extends another.")
    return found


def proposal(name: str, own: Path) -> tuple[Framework, Framework]:
    """The framework in force, and the one that a folder proposes instead.

    In force is the framework that ships under the same name, or else that which the folder's extends. Raises
    `NoSuchName`, or `DefinitionError` where nothing is in force.
    """
    others = _files(own)
    if name not in others:
        raise NoSuchName("framework", name, others)
    theirs = read(others[name], own)
    in_force = name if name in _shipped() else theirs.extends
    if not in_force:
        raise DefinitionError(f"{others[name]} cannot be compared: auditkit has no built-in framework {name!r}, "
                              "and it does not extend another.")
    return _base(in_force, own, ()), theirs


def either(name: str, own: Path | None = None) -> Framework:
    """A framework as exceptions and attestations refer to it. If a folder proposes another version of a built-in
    framework, it has the requirements of both. Raises as `load`."""
    if own is None or not proposed(name, own):
        return load(name, own)
    in_force, theirs = proposal(name, own)
    return msgspec.structs.replace(theirs, requirements=[*in_force.requirements, *theirs.requirements])


def read(path: Path, own: Path | None = None, within: tuple[Path, ...] = ()) -> Framework:
    """The complete framework of a file. ``within`` has the files that extend it. Raises `DefinitionError`."""
    framework = _placed(path, strict_yaml.read(path, Framework))
    written = framework.requirements
    if framework.framework != path.stem:
        raise DefinitionError(f"{path}, line {strict_yaml.line(path, 'framework')}: the framework "
                              f"is called {framework.framework!r}. Give the framework and the file the same name; the "
                              f"file has the name {path.stem!r}.")
    if framework.extends:
        if path in within:
            raise DefinitionError(f"{path}, line {strict_yaml.line(path, 'extends')}: it extends itself through "
                                  f"{framework.extends!r}. Remove one of the two.")
        try:
            framework = _merged(_base(framework.extends, own, (*within, path)), framework)
        except NoSuchName as error:
            raise DefinitionError(
                f"{path}, line {strict_yaml.line(path, 'extends')}: it extends {framework.extends!r}. "
                               f"{error}") from None
    _verify(written, framework, path)
    return framework


def _shipped() -> dict[str, Path]:
    """The built-in frameworks by name. Ours are known by how they are written: parsing all of them takes longer than
    everything else before a framework is judged."""
    return {path.stem: path for path in sorted(shipped.folder("controls").glob("*.yaml"))
            if _OURS.search(path.read_bytes())}


def _files(folder: Path | None) -> dict[str, Path]:
    """The framework files of a folder by name. Raises `DefinitionError` for a folder without a framework, and for a
    YAML file that is none of the lists that such a folder may contain."""
    if folder is None:
        return {}
    if not folder.is_dir():
        raise DefinitionError(f"{folder} is not a folder. Give --controls a folder with one YAML file for each "
                              f"framework.")
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in (".yaml", ".yml"))
    except OSError as error:
        raise DefinitionError(unreadable(folder, error)) from None
    found: dict[str, Path] = {}
    for path in filter(_has_framework, paths):
        if path.stem in found:
            raise DefinitionError(f"{found[path.stem]} and {path.name} both define the framework {path.stem!r}: "
                                  f"keep one.")
        found[path.stem] = path
    if not found:
        raise DefinitionError(f"{folder} has no framework. Give --controls a folder with one YAML file for each "
                              f"framework.")
    return found


def _has_framework(path: Path) -> bool:
    """True if a YAML file is a framework. Raises `DefinitionError` if it is not another list that the folder may
    have."""
    keys = strict_yaml.top(path)
    if keys & {"framework", "requirements"}:
        return True
    if keys & _OTHER_LISTS:
        return False
    near = " ".join(str(NoSuchName("key", key, ["framework"])) for key in keys if key.lower().startswith("fram"))
    raise DefinitionError(f"{path}, line 1: the file is not a framework: it has no key 'framework'. {near}".rstrip())


_Part = TypeVar("_Part", Category, Section, Requirement)


def _base(name: str, own: Path | None, within: tuple[Path, ...]) -> Framework:
    """The framework that another extends. A built-in framework has precedence over one of the same name in a folder."""
    known = _files(own) | _shipped()
    if name not in known:
        raise NoSuchName("framework", name, known)
    return read(known[name], own, within)


def _merged(base: Framework, framework: Framework) -> Framework:
    def over(below: list[_Part], above: list[_Part]) -> list[_Part]:
        return list(({each.id: each for each in below} | {each.id: each for each in above}).values())

    return msgspec.structs.replace(
        framework, protects=framework.protects or base.protects,
        categories=over(base.categories, framework.categories), sections=over(base.sections, framework.sections),
        requirements=over(base.requirements, framework.requirements), files=Files((*framework.files, *base.files)))


def _placed(path: Path, framework: Framework) -> Framework:
    """A framework whose requirements have their file and line."""
    line = strict_yaml.every_line(path)

    def place(position: int, requirement: Requirement) -> Place:
        at = partial(line, "requirements", position)
        return Place(path, at(), tuple(at("checks", check) for check in range(len(requirement.checks))))

    return msgspec.structs.replace(framework, files=Files([path]), requirements=[
        msgspec.structs.replace(each, place=place(position, each))
        for position, each in enumerate(framework.requirements)])


def _verify(written: list[Requirement], framework: Framework, path: Path) -> None:
    """Refuse a framework that has no requirements, lists an identifier or a check twice, or refers to an unknown
    section."""
    if not framework.requirements:
        raise DefinitionError(
            f"{path}, line {strict_yaml.line(path, 'requirements')}: the framework has no requirements.")
    seen: set[str] = set()
    sections = {section.id for section in framework.sections}
    for requirement in written:
        what = ("is listed twice" if requirement.id in seen
                else f"is in section {requirement.section!r}, which is not in the list of sections"
                if requirement.section not in sections
                else f"lists the check {twice} twice" if (twice := _twice(requirement)) else _people(requirement))
        if what:
            raise DefinitionError(f"{requirement.place}: the requirement {requirement.id!r} {what}.")
        seen.add(requirement.id)
    _verify_categories(framework, path, sections)


def _people(requirement: Requirement) -> str:
    """What is wrong with a requirement that rests on people; empty where nothing is."""
    if requirement.if_deviating and not requirement.rests_on:
        return "has if_deviating, but not rests_on: people"
    if requirement.rests_on and requirement.reach != "partly":
        return f"rests on people, but its reach is {requirement.reach}, not partly"
    return "rests on people, but has no check" if requirement.rests_on and not requirement.checks else ""


def _verify_categories(framework: Framework, path: Path, sections: set[str]) -> None:
    """Refuse a category that is listed twice, or that names a section or category that is not there."""
    known = [category.id for category in framework.categories]
    for place, category in enumerate(framework.categories):
        unknown = [name for name in category.sections if name not in sections]
        foreign = [name for name in category.includes if name not in known]
        what = ("is listed twice" if category.id in known[:place]
                else f"has the section {unknown[0]!r}, which is not in the list of sections" if unknown
                else f"includes the category {foreign[0]!r}, which is not in the list of categories" if foreign else "")
        if what:
            raise DefinitionError(f"{path}, line {strict_yaml.line(path, 'categories', place)}: the category "
                                  f"{category.id!r} {what}.")


def categories(own: Path | None = None) -> dict[str, str]:
    """The title of every category of a framework, built in or of a folder, by its identifier."""
    return {category.id: category.title for path in files(own) if _CATEGORIES.search(path.read_bytes())
            for category in read(path, own).categories}


def _twice(requirement: Requirement) -> str:
    """A check that a requirement has twice, with the same parameters."""
    named = requirement.named
    return next((name for place, (name, given) in enumerate(named) if (name, given) in named[:place]), "")
