"""ValidatingAdmissionPolicies and their bindings that somebody proposes, read from YAML files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import yaml

from auditkit.admission.evaluation import compile_errors
from auditkit.base.files import given, names
from auditkit.errors import DefinitionError, UsageError

_GROUP = "admissionregistration.k8s.io/"
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"
_ENDS = (".yaml", ".yml", ".json")


@dataclass(frozen=True)
class Proposed:
    """Policies by name, bindings, and other objects, which are the parameters of policies."""

    policies: dict[str, dict[str, Any]]
    bindings: list[dict[str, Any]]
    others: list[dict[str, Any]]

    def bindings_of(self, policy: str) -> list[dict[str, Any]]:
        """The bindings of a policy; one without bindings is taken to deny everywhere."""
        own = [each for each in self.bindings if each["spec"]["policyName"] == policy]
        return own or [{"metadata": {"name": ""}, "spec": {"policyName": policy, "validationActions": ["Deny"]}}]


def read(path: Path) -> Proposed:
    """The policies of a file, or of the YAML files of a folder.

    Raises `UsageError` where there are none, and `DefinitionError` with file and line for what is no policy, and for an
    expression that does not compile.
    """
    found = Proposed({}, [], [])
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


def _add(found: Proposed, file: Path, line: int, document: Any) -> None:
    if not isinstance(document, dict) or "kind" not in document:
        _refuse(file, line, "this document is no Kubernetes object: it has no kind")
    kind = document["kind"]
    if kind not in (_POLICY, _BINDING) or not str(document.get("apiVersion", "")).startswith(_GROUP):
        _verify(file, line, document, _Object)
        found.others.append(document)
    elif kind == _BINDING:
        _verify(file, line, document, _Binding)
        found.bindings.append(document)
    else:
        _verify(file, line, document, _Policy)
        _add_policy(found, file, line, document)


def _verify(file: Path, line: int, document: Any, shape: type[Any]) -> None:
    try:
        msgspec.convert(document, shape)
    except msgspec.ValidationError as error:
        _refuse(file, line, f"this is no {document['kind']}: {error}")


def _add_policy(found: Proposed, file: Path, line: int, document: dict[str, Any]) -> None:
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


class _Metadata(msgspec.Struct):
    name: str
    labels: Mapping[str, str] | None = None


class _Requirement(msgspec.Struct):
    key: str
    operator: str
    values: list[str] | None = None


class _Object(msgspec.Struct):
    apiVersion: str
    kind: str
    metadata: _Metadata


class _Selector(msgspec.Struct):
    matchLabels: dict[str, str] | None = None
    matchExpressions: list[_Requirement] | None = None


class _Rule(msgspec.Struct):
    apiGroups: list[str] | None = None
    apiVersions: list[str] | None = None
    resources: list[str] | None = None
    operations: list[str] | None = None
    resourceNames: list[str] | None = None
    scope: str | None = None


class _Constraints(msgspec.Struct):
    resourceRules: list[_Rule] | None = None
    excludeResourceRules: list[_Rule] | None = None
    namespaceSelector: _Selector | None = None
    objectSelector: _Selector | None = None
    matchPolicy: str | None = None


class _Named(msgspec.Struct):
    name: str
    expression: str


class _Validation(msgspec.Struct):
    expression: str
    message: str | None = None
    messageExpression: str | None = None
    reason: str | None = None


class _Annotation(msgspec.Struct):
    key: str
    valueExpression: str


class _ParamKind(msgspec.Struct):
    apiVersion: str
    kind: str


class _PolicySpec(msgspec.Struct):
    matchConstraints: _Constraints
    validations: list[_Validation] | None = None
    variables: list[_Named] | None = None
    matchConditions: list[_Named] | None = None
    auditAnnotations: list[_Annotation] | None = None
    paramKind: _ParamKind | None = None
    failurePolicy: str | None = None


class _Policy(msgspec.Struct):
    metadata: _Metadata
    spec: _PolicySpec


class _ParamRef(msgspec.Struct):
    name: str | None = None
    namespace: str | None = None
    selector: _Selector | None = None
    parameterNotFoundAction: str | None = None


class _BindingSpec(msgspec.Struct):
    policyName: str
    validationActions: list[str]
    paramRef: _ParamRef | None = None
    matchResources: _Constraints | None = None


class _Binding(msgspec.Struct):
    metadata: _Metadata
    spec: _BindingSpec
