"""Mistakes and gaps in frameworks, checks and files of people, each with file and line."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from auditkit import checks
from auditkit.base import strict_yaml
from auditkit.checks import Check, all_checks, plugins
from auditkit.errors import DefinitionError
from auditkit.framework import library, verify
from auditkit.framework.model import Requirement
from auditkit.people import attestations, exceptions, scope
from auditkit.proof.prove import MINIMUM, cases


@dataclass(frozen=True)
class Finding:
    """A mistake (``error``), or something that is missing (``warning``)."""

    level: Literal["error", "warning"]
    where: str
    what: str


def lint(file: Path | None = None, own: Path | None = None) -> list[Finding]:
    """Find mistakes in a file (a framework, exceptions, attestations, a scope, or checks in Python).

    Without a file: with every framework that ships or stands in the folder ``own``, and with every check.
    """
    if file is None:
        return [*(finding for path in library.files(own) for finding in _framework(path, own)),
                *_checks(all_checks(), own)]
    try:
        if file.suffix == ".py":
            return list(_checks(checks.load_file(file), own))
        for key, reader in (("exceptions", exceptions.read), ("attestations", attestations.read),
                            ("scope", scope.read)):
            if _has(file, key):
                reader(file, own)
                return []
    except DefinitionError as error:
        return [Finding("error", "", str(error))]
    return list(_framework(file, own if own else file.parent))


def _has(file: Path, key: str) -> bool:
    """True if a YAML file has this key at its top level."""
    content = strict_yaml.read(file, Any)
    return isinstance(content, dict) and key in content


def _framework(path: Path, own: Path | None) -> Iterator[Finding]:
    try:
        found = library.read(path, own)
    except DefinitionError as error:
        yield Finding("error", "", str(error))
        return
    for requirement in found.requirements:
        if requirement.place and requirement.place.path == path:  # and not one that it extends
            for level, what in _requirement(requirement):
                yield Finding(level, str(requirement.place), f"{requirement.id}: {what}")


def _requirement(requirement: Requirement) -> Iterator[tuple[Literal["error", "warning"], str]]:
    yield from (("error", what) for _, what in verify.wrong(requirement))
    if requirement.reach == "evidenced" and not requirement.checks and not requirement.run_by:
        yield "warning", "its reach is evidenced, but it has no check"
    if requirement.reach == "attested" and requirement.checks:
        yield "warning", "its reach is attested, but it has checks"
    if requirement.reach == "partly" and not requirement.cannot_show:
        yield "error", "its reach is partly, but it has no cannot_show"


def _checks(names: Iterable[str], own: Path | None) -> Iterator[Finding]:
    used = {name for path in library.files(own) for name in _used(path, own)}
    for check in [all_checks()[name] for name in names]:
        for what in _check(check):
            yield Finding("warning", plugins.place(check), f"{check.name} {what}")
        if check.name not in used:
            yield Finding("warning", plugins.place(check), f"{check.name} is not used by any framework")


def _check(check: Check) -> Iterator[str]:
    found = cases(check)
    missing = [part for part in ("wanted", "remedy", "source") if not getattr(check, part)]
    if missing:
        yield f"does not state {', '.join(missing)}"
    if len(found.clean) < MINIMUM["clean"] or len(found.mutants) < MINIMUM["mutants"]:
        yield (f"is not proven: it has {len(found.clean)} of {MINIMUM['clean']} clean cases, "
               f"{len(found.mutants)} of {MINIMUM['mutants']} mutants")


def _used(path: Path, own: Path | None) -> set[str]:
    """The checks that a framework uses. Another function reports problems with the framework."""
    try:
        return {name for each in library.read(path, own).requirements for name, _ in each.named}
    except DefinitionError:
        return set()
