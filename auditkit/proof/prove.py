"""Cases: small worlds that a check must pass or fail, and that prove it can do both.

They stand beside the module of the check, in ``cases/MODULE.yaml``::

    no_privileged_containers:
      clean:                                    # at least one pass, no fail, nothing unknown
        - containers: [{privileged: false}]
        - containers: [{privileged: false, type: init}]
      mutants:                                  # at least one fail
        - containers: [{privileged: true}]
      parameters: {}                            # what a control would set, if anything

A world has tables with their rows; a table that it does not name is empty, and everything counts as completely
collected. A row says only what matters. A column that it leaves out has what the absence of the field means in the
API; a column that is told by the place of an object (``kind: Deployment``, ``type: regular``) has the first that its
table knows; ``name`` is made up of the table's last word and the position (``pod-0``, ``pod-1``; ``policy-0``); and
where the key of a row refers to something by name (``pod``, ``node``, ``namespace`` …), that is the first of its kind
(``pod-0``). Derived tables are derived.

Two short forms stand for several tables: ``kube-apiserver: [--profiling=false]`` (or another component) is a static
pod with these arguments on ``node-0``, and ``kubelet: {readOnlyPort: 0}`` is that node, whose kubelet told this.
"""

import datetime as dt
import inspect
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.base import strict_yaml
from auditkit.base.yaml_errors import Step
from auditkit.checks.model import Check
from auditkit.collectors.control_plane import COMPONENTS, flags
from auditkit.errors import DefinitionError, NoSuchName, UsageError
from auditkit.evaluation.engine import run
from auditkit.snapshots.alike import Alike, Memory
from auditkit.snapshots.ledger import SCAN, SCANNED, Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.model import DTYPES, Column, Table

MINIMUM = {"clean": 2, "mutants": 3}
"""Minimum number of cases for a check."""

TIME = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

_REFERENCES = frozenset(["namespace", "pod", "container", "volume", "node", "role", "binding", "policy", "service",
                         "ingress", "configuration", "webhook", "gateway", "route"])
_COLLECTED = {*tables.RESOURCES, "kubelets", "controlplane", "discovery"}

World = dict[str, Any]
_WORLDS = Memory()
"""What the worlds have in common."""


class Cases(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """The worlds of one check, and the parameters for the run."""

    clean: list[World] = []
    mutants: list[World] = []
    parameters: dict[str, Any] = {}


@dataclass(frozen=True)
class Proof:
    """The number of clean worlds that a check passes and of mutants that it fails; ``wrong`` lists the others."""

    clean_passed: int = 0
    clean: int = 0
    mutants_failed: int = 0
    mutants: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """True if there are enough cases and the check judges each correctly."""
        return not self.wrong and self.clean >= MINIMUM["clean"] and self.mutants >= MINIMUM["mutants"]


    @property
    def text(self) -> str:
        """The proof in words."""
        return (f"fails on {self.mutants_failed} of {self.mutants} mutants and passes {self.clean_passed} of "
                f"{self.clean} clean worlds")


PROVED = Path(__file__).parent.parent / "checks" / "cases" / "proved.json"
"""The proofs of the built-in checks. The tests repeat each proof and fail if the result differs."""


def proved(check: Check) -> str:
    """The proof of a built-in check; empty for other checks."""
    return _proved().get(check.name, "") if check.ships else ""


@cache
def _proved() -> dict[str, str]:
    return msgspec.json.decode(PROVED.read_bytes(), type=dict[str, str])


def cases(check: Check) -> Cases:
    """The cases of a check; empty where it has none. Raises `DefinitionError` with file and line."""
    return _read(_file(check)).get(check.function.__name__, Cases())


def _file(check: Check) -> Path:
    """The file with the cases of a check."""
    module = sys.modules.get(check.function.__module__)  # rules of a list are made elsewhere than they are listed
    path = Path(getattr(module, "__file__", None) or inspect.getfile(inspect.unwrap(check.function)))
    return path.parent / "cases" / f"{path.stem}.yaml"


@cache
def _read(path: Path) -> dict[str, Cases]:
    return strict_yaml.read(path, dict[str, Cases]) if path.is_file() else {}


def prove(check: Check) -> Proof:
    """Run a check on all of its cases, by the engine that judges real snapshots.

    Raises `DefinitionError` with file and line for a mistake in them.
    """
    ours = cases(check)
    try:
        check = check.with_parameters(ours.parameters)
    except UsageError as error:
        raise _at(check, ["parameters"], error) from None
    wrong: dict[str, list[str]] = {"clean": [], "mutants": []}
    for wanted, worlds in (("clean", ours.clean), ("mutants", ours.mutants)):
        for number, given in enumerate(worlds, 1):
            try:
                taken = world(given, check.tools)
            except Mistake as mistake:
                raise _at(check, [wanted, number - 1, *mistake.steps], mistake) from None
            try:
                found = run(check, taken).counts
            except UsageError as error:
                wrong[wanted].append(f"{wanted} {number}: {error}")
                continue
            right = (found["fail"] > 0 if wanted == "mutants"
                     else found["pass"] > 0 and found["fail"] == found["unknown"] == 0)
            if not right:
                verdicts = ", ".join(f"{count} {verdict}" for verdict, count in found.items() if count)
                wrong[wanted].append(f"{wanted} {number}: {verdicts or 'no subject'}")
    return Proof(len(ours.clean) - len(wrong["clean"]), len(ours.clean),
                 len(ours.mutants) - len(wrong["mutants"]), len(ours.mutants), [*wrong["clean"], *wrong["mutants"]])


class Mistake(DefinitionError):
    """A mistake in a world; ``steps`` lead to it."""

    def __init__(self, what: object, *steps: Step):
        super().__init__(str(what))
        self.steps = steps


def _at(check: Check, steps: list[Step], what: UsageError) -> DefinitionError:
    """An error in the cases of a check, with file and line."""
    line = strict_yaml.line(_file(check), check.function.__name__, *steps)
    return DefinitionError(f"{_file(check)}, line {line}: {what}")


def world(given: World, tools: Sequence[str] = ()) -> Snapshot:
    """A snapshot with the tables of a world, all of it completely collected, and complete scans of these tools, or of
    all that it names. Raises `Mistake`."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for name, content in given.items():
        _verify(name, content)
        for table, more in _expand(name, content):
            rows.setdefault(table, []).extend(more)
    sources = {source for table in tables.TABLES.values() for source in table.sources} - set(SCANNED)
    seen = {str(row.get("tool", "")) for table in SCANNED for row in rows.get(table, [])}
    manifest = Manifest(cluster="case", started=TIME, ended=TIME, ledger=[
        Entry(resource=source, outcome="complete", started=TIME, ended=TIME)
        for source in (*sorted(sources), *(f"{SCAN}{tool}:case" for tool in sorted({*tools, *seen, ""})))])
    return Alike.of(_WORLDS, manifest, {
        name: _table(table, rows.get(name, [])) for name, table in tables.TABLES.items()})


def _verify(name: str, content: Any) -> None:
    """Refuse a table that does not exist, and what is no list of rows with its columns. Raises `Mistake`."""
    if name == "kubelet":
        if not isinstance(content, dict):
            raise Mistake("kubelet must be a mapping of settings", name)
    elif name in COMPONENTS:
        if not isinstance(content, list) or not all(isinstance(each, str) for each in content):
            raise Mistake(f"{name} must be a list of arguments, each of them text", name)
    elif name not in tables.TABLES:
        raise Mistake(NoSuchName("table", str(name), [*tables.TABLES, *COMPONENTS, "kubelet"]), name)
    elif not isinstance(content, list):
        raise Mistake(f"{name} must be a list of rows", name)
    else:
        for position, row in enumerate(content):
            _verify_row(tables.TABLES[name], row, position)


def _verify_row(table: Table, row: Any, position: int) -> None:
    if not isinstance(row, dict):
        raise Mistake(f"a row of {table.name} must be a mapping of columns to values", table.name, position)
    columns = {column.name: column for column in table.columns}
    for name, value in row.items():
        if name not in columns:
            raise Mistake(NoSuchName(f"column of {table.name}", str(name), columns), table.name, position, name)
        try:
            pa.array([_written(columns[name], value)], _in(columns[name])).cast(DTYPES[columns[name].dtype])
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            raise Mistake(f"{table.name}.{name} is {value!r}; it must be {columns[name].dtype}",
                          table.name, position, name) from None


def _written(column: Column, value: Any) -> Any:
    """A value as the column takes it: a day of YAML is its first moment."""
    if column.dtype == "timestamp" and isinstance(value, dt.date):
        moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).isoformat()
    return value


def _expand(name: str, content: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """A table with its rows, or what a short form stands for."""
    node = "node-0"
    if name in COMPONENTS:
        pod = {"component": name, "node": node, "pod": f"{name}-{node}"}
        return [("control_plane", [pod]), ("control_plane_flags", [pod | flag for flag in flags(content)])]
    if name == "kubelet":
        settings = [{"node": node, "key": key, "value": _text(value)} for key, value in content.items()]
        told = [{"node": node, "read": True}]
        return [("nodes", [{"name": node}]), ("kubelets", told), ("kubelet_settings", settings)]
    return [(name, content)]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _table(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    """A table with these rows: the same for all worlds that have the same ones."""
    return _WORLDS.made((table.name, repr(rows)), lambda: _made(table, rows), None) if rows else table.empty


def _made(table: Table, rows: list[dict[str, Any]]) -> pa.Table:
    return pa.table([
        pa.array([_written(column, row[column.name]) if column.name in row else _left_out(table, column, row, position)
                  for position, row in enumerate(rows)], _in(column)).cast(DTYPES[column.dtype])
        for column in table.columns
    ], schema=table.schema)


def _in(column: Column) -> pa.DataType | None:
    """How values are written in YAML: times as text."""
    return pa.string() if column.dtype == "timestamp" else DTYPES[column.dtype]


def _left_out(table: Table, column: Column, row: dict[str, Any], position: int) -> Any:
    """What a column has where the row does not say it."""
    label = table.rows[0].label
    place = column.path if isinstance(column.path, str) else column.place(label)
    if place.startswith("="):
        return table.rows[0].constants.get(place[1:])
    if place.startswith("'"):
        return place[1:]
    if place == "#":
        return position
    if column.absent is None and column.name in table.key and table.sources[0] in _COLLECTED:
        if column.name == "name":
            return f"{_called(table.name)}-{position}"
        in_no_namespace = column.name == "namespace" and str(row.get("kind", "")).startswith("Cluster")
        if column.name in _REFERENCES and not in_no_namespace:
            owner = "workload" if table.name.startswith("template_") and column.name == "pod" else column.name
            return f"{owner}-0"
    return False if column.read == "present" else column.absent


def _called(table: str) -> str:
    """What one thing of a table is called: ``network_policies`` → ``policy``, ``pods`` → ``pod``."""
    word = "workloads" if table == "templates" else table.rpartition("_")[2]
    for plural, single in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if word.endswith(plural):
            return word.removesuffix(plural) + single
    return word
