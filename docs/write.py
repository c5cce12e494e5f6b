"""Write `docs/reference/` and `deploy/` from the code, and the check in the README: ``python docs/write.py``.

`documents` is what the code says now. `tests/test_docs.py` fails where a file says something else.
"""

import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import dependencies
import pandas as pd
import permissions as rights
import typer
from typer.models import ArgumentInfo

from auditkit import errors, tables
from auditkit.analysis import DERIVED, GIVEN, derivation, inputs
from auditkit.analysis.network.gateways.attachments import FITTING, LEFT_OPEN
from auditkit.analysis.network.gateways.filters import PLAIN
from auditkit.analysis.network.routes.understood import ENGINES as ROUTE_ENGINES
from auditkit.analysis.network.routes.understood import UNDERSTOOD as ROUTES_UNDERSTOOD
from auditkit.analysis.network.understood import ENGINES, UNDERSTOOD
from auditkit.checks import Check, all_checks
from auditkit.cli import examples, main
from auditkit.cli.judging import FailOn
from auditkit.collectors.decode.structs import places
from auditkit.evaluation import own_verdicts  # noqa: F401 - it provides a derived table
from auditkit.framework import library
from auditkit.framework.model import Framework, Requirement
from auditkit.proof.prove import world
from auditkit.scans.registry import all_readers
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import contour, gateway_api, istio_gateways, load_balancers, openshift, traefik
from auditkit.tables.model import DTYPES

ROOT = Path(__file__).parents[1]
NOTE = "Written from the code by `make reference`: change the code, not this page."
SHOWN = "workloads.no_privileged_containers"
"""The check that the README shows in full."""


SOME = 2
"""Columns that a table may have by chance."""


def documents() -> dict[Path, str]:
    """The text of every file that is written from the code, by its path."""
    pages = {name: "\n".join(page()).rstrip() + "\n" for name, page in PAGES.items()}
    return {**{ROOT / "docs" / "reference" / name: text for name, text in pages.items()},
            **{ROOT / "deploy" / role.file: rights.manifest(role) for role in _roles()},
            ROOT / "README.md": readme((ROOT / "README.md").read_text(encoding="utf-8"))}


def readme(text: str) -> str:
    """The README with the source of a check as it stands in the package."""
    source = inspect.getsource(all_checks()[SHOWN].function)
    shown = f"<!-- check -->\n```python\n{source}```\n<!-- end -->"
    return re.sub(r"<!-- check -->\n.*?<!-- end -->", lambda _: shown, text, count=1, flags=re.DOTALL)


def collected() -> Iterator[str]:
    yield from _head("Tables", "What a snapshot holds: one Parquet file for each table. *In the object* is the place "
                     "in the Kubernetes object; the marks are those of `auditkit/tables/model.py`. A value that the "
                     "object does not have is the API's default where one is given, and `<NA>` (not known) elsewhere.")
    for table in tables.TABLES.values():
        yield from ("", f"## {table.name}", "", f"{_sentence(table.doc)} Read from {_codes(table.sources)}."
                    f"{f' Key: {_codes(table.key)}.' if table.key else ''}", "")
        yield from _table(["column", "dtype", "meaning", "in the object", "default"], (
            (_code(column.name), column.dtype, column.doc, _codes(_places(column.path)),
             "" if column.absent is None else _code(_value(column.absent)))
            for column in table.columns))


def derived() -> Iterator[str]:
    yield from _head("Derived tables", "Tables that are worked out of other tables, when they are first asked for. A "
                     "derived table is complete only where all the tables that it reads are. A column without a "
                     "meaning is explained in the text above.")
    for name in sorted(DERIVED):
        function, frame = derivation(name), _empty().frame(name)
        yield from ("", f"## {name}", "", _markdown(inspect.getdoc(function) or ""), "")
        spared = f" It may lack rows of {_codes(GIVEN[name])}, which people may give or not." if name in GIVEN else ""
        yield from (f"Reads {_codes(inputs(function))}.{spared}", "")
        if isinstance(frame, pd.DataFrame):
            known = _meanings(name, frame)
            yield from _table(["column", "dtype", "meaning"], (
                (_code(column), _dtype(dtype), known.get(column, "")) for column, dtype in frame.dtypes.items()))


def _meanings(name: str, frame: pd.DataFrame) -> dict[str, str]:
    """What columns of a derived table mean in the first table all of whose columns it has: that of the same name alone
    would often be something else. Its docstring, which stands above, explains the others."""
    columns = set(frame.dtypes.map(_dtype).items())
    for known in map(_declared, inputs(derivation(name))):
        if len(known) > SOME and {(column, dtype) for column, dtype, _ in known} <= columns:
            return {column: meaning for column, _, meaning in known}
    return {}


def _declared(name: str) -> list[tuple[str, str, str]]:
    """The columns of a table, with dtype and meaning."""
    if name in tables.TABLES:
        return [(one.name, _dtype(pd.ArrowDtype(DTYPES[one.dtype])), one.doc) for one in tables.TABLES[name].columns]
    frame = _empty().frame(name)
    said = _meanings(name, frame) if isinstance(frame, pd.DataFrame) else {}
    return [(column, _dtype(frame.dtypes[column]), meaning) for column, meaning in said.items()]


@cache
def _empty() -> Snapshot:
    """A snapshot of nothing: its derived tables have their columns."""
    return world({})


def _dtype(dtype: Any) -> str:
    word = str(dtype).removesuffix("[pyarrow]").partition("[")[0]
    return {"bool": "boolean"}.get(word, "string, dictionary-encoded" if word.startswith("dictionary") else word)


def checks() -> Iterator[str]:
    yield from _head("Checks", "*Finding* is what a failing subject is or does: reports count it (\"16 of 73 "
                     "containers …\"). *Reads* names the tables; each row of the first gets one verdict.")
    used = _users()
    module = ""
    for name, check in sorted(_ours().items()):
        if name.partition(".")[0] != module:
            module = name.partition(".")[0]
            yield from ("", f"## {module}")
        yield from ("", f"### {name}", "", check.title, "")
        yield from (f"- {what}: {said}" for what, said in _of_check(check, used.get(name, {})) if said)


def _of_check(check: Check, used: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    yield "Finding", _text(check.finding)
    yield "Severity", check.severity
    yield "Wanted", _text(check.expected)
    yield "Remedy", _text(check.remedy)
    yield "Source", _text(check.source)
    yield "Reads", _codes(check.tables)
    yield "Scanners", _codes(check.tools)
    yield "Parameters", ", ".join(_code(f"{key}={_value(value) or 'none'}") for key, value in check.parameters.items())
    yield "Where there is no subject", _text(check.if_empty)
    yield "In", "; ".join(f"{name} {', '.join(ids)}" for name, ids in used.items())


def _users() -> dict[str, dict[str, list[str]]]:
    """The requirements that a check gives evidence for, by check and framework."""
    used: dict[str, dict[str, list[str]]] = {}
    for framework in _frameworks():
        for requirement in framework.requirements:
            for name, _ in requirement.named:
                ids = used.setdefault(name, {}).setdefault(framework.framework, [])
                ids.extend([requirement.id] if requirement.id not in ids else [])
    return used


def frameworks() -> Iterator[str]:
    yield from _head("Frameworks", "`auditkit frameworks show FRAMEWORK REQUIREMENT` has each requirement in full. "
                     "*Reach* is what a cluster can show of it: all (`evidenced`), a part (`partly`) or nothing "
                     "(`attested`). Only an evidenced requirement can pass.")
    for one in _frameworks():
        yield from ("", f"## {one.framework}", "", _sentence(f"{one.title}, {one.version}"), "")
        facts = {"Publisher": one.publisher, "Source": one.source, "Note": " ".join(one.note.split()),
                 "Law": "" if one.law else "no, it is a proposal", "Extends": _code(one.extends) if one.extends else ""}
        yield from (f"- {what}: {_text(said)}" for what, said in facts.items() if said)
        yield ""
        yield from _table(["requirement", "title", "reach", "checks"], map(_requirement, one.requirements))


def _requirement(one: Requirement) -> tuple[str, ...]:
    checks = ", ".join(_code(name) + (f" ({', '.join(f'{k}={_value(v)}' for k, v in given.items())})" if given else "")
                       for name, given in one.named)
    return one.id, one.title, one.reach, checks


def scanners() -> Iterator[str]:
    yield from _head("Scanners", "The tools whose output `--scan FILE` reads, recognised by content. Where a tool "
                     "keeps its results in the cluster, the collector reads them by the API group. Checks on findings "
                     "count the tools that are good for what they ask for.")
    yield ""
    yield from _table(["tool", "what is read", "good for", "API groups"], (
        (_code(one.NAME), (inspect.getdoc(one) or "").partition("\n\n")[0],
         ", ".join(sorted(getattr(one, "PROVIDES", ()))), _codes(sorted(getattr(one, "GROUPS", ()))))
        for one in sorted(all_readers(), key=lambda one: one.NAME)))


def network_policies() -> Iterator[str]:
    yield from _head("Network policies", "Whose policies decide in `flows`, `isolation`, `exposure` and the checks of "
                     "the network, and what of them is understood. A policy decides only where its engine is seen to "
                     "act. Where something is not understood, what depends on it is unknown, and "
                     "`undecided_traffic` or the flow names the policy.")
    yield ""
    yield from _table(["engine", "kinds", "acts if"], ENGINES)
    yield ""
    yield from _table(["engine", "part", "understood", "otherwise"], UNDERSTOOD)


def entrances() -> Iterator[str]:
    """What is read of the custom resources that open the cluster, and what is not."""
    yield from _head("Entrances", "The custom resources that open a cluster to the outside, as far as auditkit "
                     "reads them. An object with a field that is not here is named in a table `unread_…_fields`, and "
                     "whatever depends on it is unknown. Its `metadata` and `status` may hold anything.")
    yield from ("", "A route is open where:", "")
    yield from _table(["engine", "it is open if"], ROUTE_ENGINES)
    yield ""
    yield from _table(["engine", "part", "understood", "otherwise"], ROUTES_UNDERSTOOD)
    ours = {one.name: one for module in (gateway_api, openshift, contour, istio_gateways, traefik)
            for one in module.RESOURCES}
    for name, resource in ours.items():
        yield from ("", f"## {resource.kind} ({resource.group})", "")
        yield from _table(["", ""], (
            ("Versions", _codes(resource.versions)), ("Read into", _codes(
                table.name for table in tables.TABLES.values()
                if name in table.sources and set(table.sources) <= ours.keys())),
            ("Fields that are read", _codes(_read_fields(name))),
            ("Fields that change nothing here, with all that is in them",
             _codes(resource.harmless) if resource.exact else "all others")))
    yield from ("", "## Listeners and routes", "", "Which kinds of routes a listener admits where it does not say. "
                f"Left to the controller, and unknown: {_codes(LEFT_OPEN)}. Any other protocol is unknown.", "")
    yield from _table(["protocol and TLS", "kinds"], (
        (_code(place), _codes(kinds)) for place, kinds in FITTING.items()))
    yield from ("", f"Filters that let a request pass: {_codes(PLAIN)}. Any other may answer or refuse it itself.")
    yield from _load_balancers()


def _load_balancers() -> Iterator[str]:
    """What annotations and classes of Services say to load balancers, and who says so."""
    yield from ("", "## Load balancers of Services", "", "Annotations that are read, with the values that count. An "
                "internal load balancer counts where it is requested and all of its addresses are private, and "
                "none that of a node. A private address alone proves nothing: a router may forward traffic to it. "
                "Annotations request nothing where another class is chosen, addresses are asked for, or the Service is "
                "internet-facing.", "")
    yield from _table(["provider", "annotation", "values", "it", "source"], (
        (one.provider, _code(one.key), _values(one), load_balancers.MEANINGS[one.means], one.source)
        for one in load_balancers.ANNOTATIONS))
    yield from ("", "Values of `spec.loadBalancerClass`. What any other class does is a matter of its controller, and "
                f"unknown. `{load_balancers.SCHEME}: {load_balancers.INTERNET_FACING}` overrules those of AWS.", "")
    yield from _table(["provider", "class", "load balancers are", "source"], (
        (one.provider, _code(one.name), one.reach, one.source) for one in load_balancers.CLASSES))


def _values(one: load_balancers.Annotation) -> str:
    """The values of an annotation that count, as a reader would write them."""
    if one.words:
        return one.words
    if one.values in (".+", ".*"):
        return f"any but {_code(one.but)}" if one.but else "any"
    return _codes(one.values.split("|"))


def _read_fields(source: str) -> list[str]:
    """The places in the ``spec`` of a resource that a column reads, with lists and maps as ``[]``."""
    read = {place for table in tables.TABLES.values() for rows in table.rows
            if rows.source == source and rows.label != "table" for column in table.columns
            for place in places(rows, column)}
    return sorted(place.replace("{}", "[]") for place in read if place.startswith("spec."))


class Parameter(NamedTuple):
    """An argument or option of a command, as `Annotated` declares it."""

    names: list[str]
    help: str
    choices: list[str]
    default: Any
    argument: bool

    @property
    def required(self) -> bool:
        return self.default is inspect.Parameter.empty


def permissions() -> Iterator[str]:
    """The files under ``deploy/``, which are the reference of what is asked for."""
    yield from _head("Permissions", "What the collector asks an API server for, as roles that `kubectl apply -f` "
                     "takes. Each file grants a ClusterRole to the service account `auditkit` in the namespace "
                     "`auditkit`. Any rule may be left out: what it would have shown is then `unknown` in the report. "
                     "Custom resources and newer kinds are only asked for where the server serves them. Kinds of "
                     "policy engines that auditkit does not know are asked for too, if their name says that they "
                     "decide (`…NetworkPolicy`, `…Gateway`); grant `list` on them where a report names them.")
    for role in _roles():
        yield from ("", f"## {role.name}", "", f"[deploy/{role.file}](../../deploy/{role.file})", "", "```yaml",
                    rights.manifest(role).rstrip(), "```")


@cache
def _roles() -> list[rights.Role]:
    return rights.roles(_ours().values())


def commands() -> Iterator[str]:
    yield from _head("Commands", "`auditkit COMMAND --help` says the same.")
    for name, function in _commands():
        declared = sorted(_parameters(function), key=lambda one: not one.argument)
        usage = [one.names[0] if one.required else f"[{one.names[0]}]" for one in declared if one.argument]
        options = ["[OPTIONS]"] if len(usage) < len(declared) else []
        yield from ("", f"## {name}", "", "```", " ".join([name, *options, *usage]), "```", "",
                    _markdown(inspect.getdoc(function) or ""), "")
        yield from _table(["argument or option", "meaning", "default"], (
            (_codes(one.names), f"{'Required. ' if one.required and not one.argument else ''}{one.help}"
             f"{f' One of {_codes(one.choices)}.' if one.choices else ''}", _default(one.default))
            for one in declared))
        if shown := examples.EXAMPLES.get(name.removeprefix("auditkit "), ()):
            yield from ("", "For example:", "", "```", *shown, "```")


def _commands() -> Iterator[tuple[str, Callable[..., None]]]:
    """Every command that `--help` lists, by its full name, the program itself first."""
    yield "auditkit", main.app.registered_callback.callback
    found = [("", main.app), *((f" {group.name}", group.typer_instance) for group in main.app.registered_groups
                               if group.hidden is not True)]
    yield from sorted((f"auditkit{group} {one.name or one.callback.__name__}", one.callback)
                      for group, app in found for one in app.registered_commands)


def _parameters(function: Callable[..., None]) -> Iterator[Parameter]:
    hints = get_type_hints(function, include_extras=True)
    for name, parameter in inspect.signature(function).parameters.items():
        if hints[name] is typer.Context:  # how it was called, and no option
            continue
        kind, info = (get_args(hints[name]) if get_origin(hints[name]) is Annotated else (hints[name], None))
        argument = isinstance(info, ArgumentInfo)
        written = [info.default, *(info.param_decls or ())] if info else []
        names = [name.upper()] if argument else [
            each for each in written if isinstance(each, str)] or [f"--{name.replace('_', '-')}"]
        kind = next(iter(get_args(kind)), kind)  # of a list of choices, its members
        choices = [each.value for each in kind] if inspect.isclass(kind) and issubclass(kind, Enum) else []
        yield Parameter(names, (info and info.help) or "", choices, parameter.default, argument)


def _default(value: Any) -> str:
    if value in (None, False, "", inspect.Parameter.empty) or value == []:
        return ""
    return _code(_value(value))


def error_classes() -> Iterator[str]:
    lines = (inspect.getdoc(errors) or "").partition("::\n\n")[2].splitlines()
    tree = list(itertools.takewhile(lambda line: line.startswith(" ") or not line, lines))
    yield from _head("Errors", "Every exception that a user can meet; the command line prints its text as one "
                     "sentence and exits with its code.")
    yield from ("", "```", textwrap.dedent("\n".join(tree)).rstrip(), "```", "",
                _markdown("\n".join(lines[len(tree):])), "")
    yield from _table(["error", "meaning", "exit code"], (
        (_code(one.__name__), (inspect.getdoc(one) or "").partition("\n\n")[0], str(one.exit_code))
        for one in _errors()))


def _errors() -> list[type[errors.AuditkitError]]:
    found = (one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, errors.AuditkitError))
    return list(dict.fromkeys(found))  # some have a former name too


def exit_codes() -> Iterator[str]:
    said = " ".join(main.EXIT_CODES.partition("Exit codes:")[2].split()).rstrip(".")
    codes = {int(code): meaning for code, _, meaning in (one.partition(" ") for one in said.split("; "))}
    raised = {code: [one.__name__ for one in _errors() if one.exit_code == code] for code in codes}
    yield from _head("Exit codes", "What `auditkit` tells a scheduler.")
    yield ""
    yield from _table(["code", "meaning", "errors"], (
        (str(code), meaning, _codes(raised[code])) for code, meaning in sorted(codes.items())))
    yield from ("", f"`--fail-on` takes {_codes(each.value for each in FailOn)}.", "",
                "Some commands have their own reason to exit with 1:", "")
    for name, function in _commands():
        said = " ".join((inspect.getdoc(function) or "").split())
        found = re.search(r"[^.;]*\bexits? with 1\b[^.]*", said, re.IGNORECASE)
        if found:
            yield f"- `{name}`: {_sentence(found[0].strip())}"


def installed() -> Iterator[str]:
    """What is installed beside auditkit, from the lock."""
    yield from _head("Dependencies", "The packages that auditkit and its extras install, at the versions of "
                     "`requirements.lock`, which has the SHA-256 of each file. The licence is what the package itself "
                     "names. Packages of developers are left out. The lock does not tell extras of packages apart, so "
                     "some of those that are listed for auditkit are needed by `auditkit[lab]` alone.")
    yield ""
    yield from _table(["package", "version", "licence", "needed for", "only where"], (
        (_code(one.name), one.version, _text(one.licence),
         _code("auditkit" if one.part == "auditkit" else f"auditkit[{one.part}]"),
         _code(one.condition) if one.condition else "")
        for one in dependencies.packages()))


PAGES: dict[str, Callable[[], Iterator[str]]] = {
    "tables.md": collected, "derived-tables.md": derived, "checks.md": checks, "frameworks.md": frameworks,
    "scanners.md": scanners, "network-policies.md": network_policies, "entrances.md": entrances,
    "permissions.md": permissions, "commands.md": commands, "errors.md": error_classes, "exit-codes.md": exit_codes,
    "dependencies.md": installed,
}


def _head(title: str, about: str) -> Iterator[str]:
    yield from (f"# {title}", "", NOTE, "", about)


def _ours() -> dict[str, Check]:
    """The checks that ship: what happens to be installed beside auditkit is not documented here."""
    return {name: check for name, check in all_checks().items() if check.ships}


@cache
def _frameworks() -> list[Framework]:
    return [library.load(name) for name in library.names()]


def _table(head: list[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """A table without the columns that are empty in every row; nothing where there are no rows."""
    found = [[_cell(cell) for cell in row] for row in rows]
    kept = [place for place in range(len(head)) if any(row[place] for row in found)]
    if found:
        yield f"| {' | '.join(head[place] for place in kept)} |"
        yield f"|{'---|' * len(kept)}"
        yield from (f"| {' | '.join(row[place] for place in kept)} |" for row in found)


def _cell(said: str) -> str:
    return " ".join(_markdown(said).replace("|", "\\|").split())


def _markdown(said: str) -> str:
    """A docstring as Markdown: its literals have one mark, and angle brackets are no tags."""
    said = re.sub(r"``(.+?)``", r"`\1`", said, flags=re.DOTALL)
    said = re.sub(r"(?m)^(\s*)(.*)::$", r"\1\2:", said)
    return "".join(part if part.startswith("`") else _text(part) for part in re.split(r"(`[^`]*`)", said))


def _text(said: str) -> str:
    return said.replace("<", "&lt;").replace(">", "&gt;").replace("*", "\\*") if "`" not in said else "".join(
        part if part.startswith("`") else _text(part) for part in re.split(r"(`[^`]*`)", said))


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:].rstrip('.')}."


def _code(said: str) -> str:
    return f"`{said}`"


def _codes(said: Iterable[str]) -> str:
    return ", ".join(map(_code, said))


def _places(path: str | dict[str, str]) -> list[str]:
    return [path] if isinstance(path, str) else list(dict.fromkeys(path.values()))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ", ".join(map(str, value)) if isinstance(value, list | tuple | frozenset) else str(value)


if __name__ == "__main__":
    for path, text in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
