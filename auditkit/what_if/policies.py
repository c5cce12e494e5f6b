"""ValidatingAdmissionPolicies and their bindings that somebody proposes, read from YAML files."""

from pathlib import Path
from typing import Any

import msgspec

from auditkit.admission.evaluation import compile_errors
from auditkit.errors import UsageError
from auditkit.what_if.manifests import Document, documents
from auditkit.what_if.policy_set import Binding, Policy, PolicySet, Thing

_GROUP = "admissionregistration.k8s.io/"
_POLICY, _BINDING = "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"


def read(path: Path) -> PolicySet:
    """The policies of a file, or of the YAML files of a folder.

    Raises `UsageError` where there are none, and `DefinitionError` with file and line for what is no policy, and for an
    expression that does not compile.
    """
    found = PolicySet({}, [], [])
    for document in documents(path):
        _add(found, document)
    if not found.policies:
        raise UsageError(f"{path} has no {_POLICY}. Give a file or folder with policies and their bindings.")
    return found


def _add(found: PolicySet, document: Document) -> None:
    thing, kind = document.thing, document.thing["kind"]
    if kind not in (_POLICY, _BINDING) or not str(thing.get("apiVersion", "")).startswith(_GROUP):
        _verify(document, Thing)
        found.others.append(thing)
    elif kind == _BINDING:
        _verify(document, Binding)
        found.bindings.append(thing)
    else:
        _verify(document, Policy)
        _add_policy(found, document)


def _verify(document: Document, shape: type[Any]) -> None:
    try:
        msgspec.convert(document.thing, shape)
    except msgspec.ValidationError as error:
        raise document.wrong(f"this is no {document.thing['kind']}: {error}") from None


def _add_policy(found: PolicySet, document: Document) -> None:
    name = document.thing["metadata"]["name"]
    if name in found.policies:
        raise document.wrong(f"there is another {_POLICY} {name}")
    for expression, why in compile_errors(document.thing):
        raise document.wrong(f"the expression {expression!r} cannot be used: {why.splitlines()[0]}")
    found.policies[name] = document.thing
