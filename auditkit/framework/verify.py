"""Are the checks and parameters that a framework names right?"""

from collections.abc import Iterator
from typing import Any

from auditkit.analysis.pod_security.levels import verify_chosen
from auditkit.checks import all_checks, find
from auditkit.errors import DefinitionError, UsageError
from auditkit.framework.model import Framework, Requirement


def verify(framework: Framework) -> None:
    """Refuse checks that do not exist, and parameters that they do not take. Raises `DefinitionError` with file and
    line, or `UsageError` for a requirement that stands in no file."""
    for requirement in framework.requirements:
        for position, what in wrong(requirement):
            if requirement.place:
                raise DefinitionError(f"{requirement.place.of_check(position)}: {requirement.id}: {what}")
            raise UsageError(f"The framework {framework.framework}: {requirement.id}: {what}")


def wrong(requirement: Requirement) -> Iterator[tuple[int, str]]:
    """The problems with the checks of a requirement: the position in the list, and a sentence."""
    for position, entry in enumerate(requirement.checks):
        for name, given in [(entry, {})] if isinstance(entry, str) else entry.items():
            try:
                check = find(name).with_parameters(given)
            except UsageError as error:
                yield position, str(error)
                continue
            defaults = all_checks()[name].parameters
            unlike = [parameter for parameter, value in given.items() if not _alike(value, defaults[parameter])]
            yield from ((position, f"the parameter {parameter} of {check.name} is {given[parameter]!r}; give a value "
                                   f"of the same type as the default, {defaults[parameter]!r}") for parameter in unlike)
            if not unlike and check.ships and name.startswith("pss."):
                try:
                    verify_chosen(**{"level": "baseline", **check.parameters})
                except UsageError as error:
                    yield position, str(error)


def _alike(value: Any, default: Any) -> bool:
    """True if a value from YAML has the type of the default."""
    if default is None or value is None:
        return default is None
    if isinstance(default, list | tuple | set | frozenset):
        return isinstance(value, list) and all(_alike(each, next(iter(default))) for each in value if default)
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is type(default)
