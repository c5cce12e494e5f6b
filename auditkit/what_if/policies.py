"""ValidatingAdmissionPolicies and their bindings that somebody proposes, read from YAML files."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import yaml

from auditkit.admission.evaluation import compile_errors
from auditkit.base.files import given, names
from auditkit.errors import DefinitionError, UsageError
from auditkit.what_if.policy_set import Binding, Policy, PolicySet, Thing

_GROUP = "admissionregistration.k8s.io/"
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_ENDS = (".yaml", ".yml", ".json")


def read(path: Path) -> PolicySet:
    """The policies of a file, or of the YAML files of a folder.

    Raises `UsageError` where there are none, and `DefinitionError` with file and line for what is no policy, and for an
    expression that does not compile.
    """
    found = PolicySet({}, [], [])
    for file in _files(path):
        for line, document in _documents(file):
            _add(found, file, line, document)
    if not found.policies:
        raise UsageError(f"{path} has no {_POLICY}. Give a file or folder with policies and their bindings.")
    return found


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return [path / name for name in names(path) if name.endswith(_ENDS)]


def _documents(file: Path) -> Iterator[tuple[int, Any]]:
    """The documents of a file with the lines where they begin; those of a List one by one."""
    loader = yaml.CSafeLoader(given(file))
    try:
        while loader.check_node():
            node = loader.get_node()
            document = loader.construct_document(node)
            line = node.start_mark.line + 1
            if isinstance(document, dict) and str(document.get("kind", "")) == "List":
                yield from ((line, each) for each in document.get("items") or ())
            elif document is not None:
                yield line, document
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or getattr(error, "reason", "it cannot be read")
        _refuse(file, mark.line + 1 if mark else 1, f"it is no YAML: {what}")
    except (RecursionError, ValueError, OverflowError) as error:
        _refuse(file, 1, f"it cannot be read: {error}")
    finally:
        loader.dispose()


def _add(found: PolicySet, file: Path, line: int, document: Any) -> None:
    if not isinstance(document, dict) or "kind" not in document:
        _refuse(file, line, "this document is no Kubernetes object: it has no kind")
    kind = document["kind"]
    if kind not in (_POLICY, _BINDING) or not str(document.get("apiVersion", "")).startswith(_GROUP):
        _verify(file, line, document, Thing)
        found.others.append(document)
    elif kind == _BINDING:
        _verify(file, line, document, Binding)
        found.bindings.append(document)
    else:
        _verify(file, line, document, Policy)
        _add_policy(found, file, line, document)


def _verify(file: Path, line: int, document: Any, shape: type[Any]) -> None:
    try:
        msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        _refuse(file, line, f"this is no {document['kind']}: {error}")


def _add_policy(found: PolicySet, file: Path, line: int, document: dict[str, Any]) -> None:
    name = document["metadata"]["name"]
    if name in found.policies:
        _refuse(file, line, f"there is another {_POLICY} {name}")
    for expression, why in compile_errors(document):
        _refuse(file, line, f"the expression {expression!r} cannot be used: {why.splitlines()[0]}")
    found.policies[name] = document


def _refuse(file: Path, line: int, what: str) -> NoReturn:
    error = DefinitionError(f"{file}, line {line}: {what}.")
    error.line = line
    raise error from None
