"""Where tables come from, and which rows a gap in a source touches.

Completeness is by subject. Of each source that a check's tables come from there is one question: may what is missing
change what is said of a row that is there, or only how many rows there are?

- **Own source.** A row is of an object, and the object is of the list of its kind. Where that list is not complete, the
  rows of its kind are in doubt, and no others: a Pod does not depend on the list of Deployments. So it is with tables
  that have objects of several kinds (``roles``, ``workloads``, `all_pods`): a gap touches rows by their ``kind``.
- **Joined source.** What is brought to the rows from other objects (the ServiceAccount of a Pod, the role of a binding,
  the policies of a namespace) may be missing for any of them: a gap touches every row.
- **Population.** Any gap in any of these may also mean that rows are missing. That is no doubt about the rows that are
  there, but about the requirement, which can not pass.

A table is taken for joined unless `BY_KIND` says that its rows are worked out from the objects they are about.
"""

from collections.abc import Sequence
from functools import cache

from auditkit import tables
from auditkit.analysis import DERIVED, GIVEN, derivation, inputs

BY_KIND: dict[str, dict[str, str]] = {
    **{name: {} for name in (
        "idle_templates", "all_pods", "all_containers", "all_container_capabilities", "all_container_ports",
        "all_container_handlers", "all_container_env", "all_container_env_from", "all_volumes", "all_pod_sysctls",
        "all_pod_node_selectors", "all_pod_annotations", "container_powers", "pod_specs", "spec_security",
        "namespaced_objects")},
    "container_contexts": {}, "container_systems": {"nodes": "Pod"},
}
"""Derived tables of which a row says what stands in the object of its kind; beside them inputs that are joined to the
rows of one kind (only pods have a node). The lists of other kinds decide at most whether a row is there (a template
that has pods is left out)."""

OPTIONAL = frozenset(table for tables in GIVEN.values() for table in tables)
"""Tables that need not be given."""
Given = frozenset[str]
"""Those of the `OPTIONAL` tables that were given."""
Reach = dict[str, str | None]
"""Source → the kind of the rows that a gap in it touches; ``None``: all of them."""


@cache
def sources(name: str, given: Given) -> tuple[str, ...]:
    """The sources that a table comes from, each once; those left out that need not be given, and are not."""
    if name not in DERIVED:
        return tables.table(name).sources
    return tuple(dict.fromkeys(source for table in read(name, given) for source in sources(table, given)))


def read(name: str, given: Given) -> list[str]:
    """The tables that a derived table is worked out from."""
    optional = GIVEN.get(name, ())
    return [table for table in inputs(derivation(name)) if table not in optional or table in given]


@cache
def _collected(name: str, given: Given) -> tuple[str, ...]:
    """The collected tables that a table is made of; those left out that need not be given, and are not."""
    if name not in DERIVED:
        return (name,)
    return tuple(dict.fromkeys(each for table in read(name, given) for each in _collected(table, given)))


def collected(names: Sequence[str], given: Given) -> list[str]:
    """The collected tables that these are made of, each once."""
    return list(dict.fromkeys(each for name in names for each in _collected(name, given)))


def reach(population: str, names: Sequence[str], given: Given) -> Reach:
    """Which rows of the population a gap in each source of these tables touches; it may be one of them."""
    found: Reach = {}
    for name in names:
        touched = _own(name, given) if _describes(name, population) else dict.fromkeys(sources(name, given))
        for source, kind in touched.items():
            found[source] = kind if found.get(source, kind) == kind else None
    return found


def _describes(name: str, population: str) -> bool:
    """True if each row of a table is known to be about the very object that a row of the population is about."""
    if name in DERIVED:
        return name in BY_KIND and population in BY_KIND
    return population not in DERIVED and set(tables.table(name).sources) <= set(tables.table(population).sources)


def _own(name: str, given: Given) -> Reach:
    """The reach of the sources of a table as far as its own rows go."""
    if name in BY_KIND:
        return {source: kind for table in read(name, given)
                for source, kind in _of_input(table, BY_KIND[name].get(table), given).items()}
    return {rows.source: rows.constants.get("kind") for rows in tables.table(name).rows}


def _of_input(name: str, joined_to: str | None, given: Given) -> Reach:
    """The reach of the sources of what a table in `BY_KIND` is worked out from."""
    if name in BY_KIND:
        return _own(name, given)
    return {source: joined_to or tables.RESOURCES[source].kind for source in sources(name, given)}
