"""Checks of users and other packages: a Python file, or the entry point group ``auditkit.checks``.

An entry point names a module. Its import registers checks, like the modules of this package.
"""

import ast
import hashlib
import importlib.util
import inspect
import sys
import traceback
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import get_args

from auditkit import tables
from auditkit.analysis import DERIVED
from auditkit.base import files
from auditkit.checks.model import REGISTRY, Check, Severity
from auditkit.errors import AuditkitError, DefinitionError, NoSuchName

GROUP = "auditkit.checks"

_read: dict[str, str] = {}
"""Modules of files → SHA-256 of the file, so that a file is run again only after it has changed."""


def load_file(path: Path) -> list[str]:
    """Register the checks of a Python file, named ``FILE.function``, and return their names.

    Raises `DefinitionError` with file and line where it cannot be imported, or has no check or a malformed one.
    """
    content = files.given(path, DefinitionError)
    path = path.resolve()
    module = f"{path.parent}.{path.stem}"  # unique to this file, and ends in its name
    if not path.stem.isidentifier():
        raise DefinitionError(f"{path}: the file name is part of the names of its checks. It may only have letters, "
                              "digits and underscores.")
    digest = hashlib.sha256(content).hexdigest()
    if _read.get(module) != digest:
        _forget(module)
        try:
            _run(path, module)
            _accept(_of(module), str(path))
        except BaseException:
            _forget(module)
            raise
        _read[module] = digest
    return _of(module)


@cache
def load_entry_points() -> None:
    """Register the checks of installed packages. Raises `DefinitionError` with the name of the package."""
    for point in entry_points(group=GROUP):
        origin = f"{point.value} of {_package(point)}"
        try:
            point.load()
        except AuditkitError as error:
            raise DefinitionError(f"{origin}: {error}") from None
        except (Exception, SystemExit) as error:
            raise DefinitionError(f"{origin}: the checks cannot be imported: {_said(error)}. "
                                  "Fix or uninstall the package.") from error
        _accept(_of(point.module.partition(".")[0]), origin)


def place(check: Check) -> str:
    """The file and line of a check."""
    function = inspect.unwrap(check.function)
    try:
        return f"{inspect.getsourcefile(function)}, line {inspect.getsourcelines(function)[1]}"
    except (OSError, TypeError):  # made by other code, as with exec
        return f"the module {function.__module__}"


def _run(path: Path, module: str) -> None:
    specification = importlib.util.spec_from_file_location(module, path)
    if specification is None or specification.loader is None:
        raise DefinitionError(f"{path} is not a Python file. The file name must end in .py.")
    made = sys.modules[module] = importlib.util.module_from_spec(specification)
    try:
        _verify_names(path)
        specification.loader.exec_module(made)
    except AuditkitError as error:
        raise DefinitionError(f"{path}: {error}") from None
    except (Exception, SystemExit) as error:
        raise DefinitionError(f"{path}, line {_line(error, path)}: the checks cannot be imported: "
                              f"{_said(error)}.") from error


def _verify_names(path: Path) -> None:
    """Refuse a file with two functions of one name. Python would silently keep only the last."""
    lines: dict[str, int] = {}
    for statement in ast.parse(path.read_bytes(), str(path)).body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            if statement.name in lines and statement.decorator_list:
                raise DefinitionError(f"{statement.name!r} is defined twice, in line {lines[statement.name]} and in "
                                      f"line {statement.lineno}. Rename one of them.")
            lines[statement.name] = statement.lineno


def _accept(names: list[str], origin: str) -> None:
    if not names:
        raise DefinitionError(f"{origin} has no check. Decorate functions with @check(severity=…) of "
                              "auditkit.checks.")
    for name in names:
        _verify(REGISTRY[name])


def _verify(check: Check) -> None:
    """Refuse a check without a title or with an unknown severity, table or type of text."""
    where = f"{place(check)}: the check {check.name}"
    severities, known = get_args(Severity), [*tables.TABLES, *DERIVED]
    function = inspect.unwrap(check.function)
    if not inspect.isfunction(function) or inspect.iscoroutinefunction(function):
        what = "a class" if inspect.isclass(function) else "not a plain function"
        raise DefinitionError(f"{where} is {what}. Decorate a function that returns judge(…).")
    for name in ("finding", "wanted", "remedy", "source", "if_empty"):
        if not isinstance(getattr(check, name), str):
            raise DefinitionError(f"{where}: {name} is {getattr(check, name)!r}. It must be text.")
    if not inspect.getdoc(check.function):
        raise DefinitionError(f"{where} has no docstring. Its first line is the title in reports.")
    if check.severity not in severities:
        raise DefinitionError(f"{where} has severity {check.severity!r}. It may be {', '.join(severities)}.")
    if not check.tables:
        raise DefinitionError(f"{where} reads no table. Its first parameter is the table whose rows it judges.")
    for name in check.tables:
        if name not in known:
            raise DefinitionError(f"{where} reads {name!r}. {NoSuchName('table', name, known)} "
                                  "(Parameters that a control may set stand after * in the signature.)")
    for name, default in check.parameters.items():
        if default is inspect.Parameter.empty:
            raise DefinitionError(f"{where}: the parameter {name} needs a default.")


def _of(module: str) -> list[str]:
    """The checks of a module and of its submodules."""
    return [name for name, check in REGISTRY.items()
            if f"{check.function.__module__}.".startswith(f"{module}.")]


def _forget(module: str) -> None:
    for name in _of(module):
        del REGISTRY[name]
    sys.modules.pop(module, None)
    _read.pop(module, None)


def _package(point: EntryPoint) -> str:
    return f"the package {point.dist.name} {point.dist.version}" if point.dist else "an installed package"


def _line(error: BaseException, path: Path) -> int:
    """The line of the file in which an error was raised."""
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return (lines[-1] if lines else None) or 1


def _said(error: BaseException) -> str:
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return f"{type(error).__name__}: {text}".rstrip(": .")
