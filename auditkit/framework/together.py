"""Several frameworks as one, for a report on all of them: ``soc2+hipaa``.

Each requirement, section and category has the name of its framework before its identifier: ``soc2 CC6.1``.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from auditkit.framework import library
from auditkit.framework.model import Category, Files, Framework, Requirement, Section

BETWEEN = "+"
"""Between the names of frameworks that are judged together."""


def names(framework: str) -> list[str]:
    """The names of the frameworks that a name stands for, each once."""
    return list(dict.fromkeys(framework.split(BETWEEN)))


def load(framework: str, own: Path | None = None) -> list[Framework]:
    """The frameworks that a name stands for. Raises as `auditkit.framework.library.load`."""
    return [library.load(name, own) for name in names(framework)]


def called(framework: str, parts: Iterable[str]) -> list[str]:
    """Parts of a framework (requirements, sections, categories) as they are called beside those of others."""
    return [f"{framework} {part}" for part in parts]


def of(framework: Framework, requirement: Requirement) -> Requirement:
    """A requirement of a framework as it is called beside those of others."""
    return msgspec.structs.replace(requirement, id=f"{framework.framework} {requirement.id}",
                                   section=f"{framework.framework} {requirement.section}")


def together(frameworks: Sequence[Framework]) -> Framework:
    """The requirements of all frameworks, one framework after the other."""
    return Framework(
        framework=BETWEEN.join(each.framework for each in frameworks),
        title=", ".join(each.title for each in frameworks),
        version=", ".join(f"{each.framework} {each.version}" for each in frameworks),
        law=all(each.law for each in frameworks),
        protects="ephi" if all(each.protects for each in frameworks) else "",
        categories=[Category(called(each.framework, [one.id])[0], one.title, called(each.framework, one.sections),
                             called(each.framework, one.includes)) for each in frameworks for one in each.categories],
        sections=[Section(f"{each.framework} {one.id}", one.title) for each in frameworks for one in each.sections],
        requirements=[of(each, one) for each in frameworks for one in each.requirements],
        files=Files(file for each in frameworks for file in each.files))
