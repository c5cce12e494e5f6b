"""Rights as roles and bindings: as Kubernetes writes them, and as tables that the authorizer reads."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from auditkit import tables
from auditkit.analysis.rbac.bindings import ACCOUNT_USER
from auditkit.analysis.rbac.requests import RBAC
from auditkit.analysis.rights.proposal import Rights, Rule, rules_of

Manifest = dict[str, Any]
_READ_BY_AUTHORIZER = ("roles", "role_rules", "role_urls", "role_labels", "role_aggregation", "binding_subjects")


class Subject(NamedTuple):
    """A user, a group or a service account."""

    kind: str
    name: str
    namespace: str = ""

    @property
    def user(self) -> str:
        """The name that its requests carry; empty for a group."""
        if self.kind == "ServiceAccount":
            return f"{ACCOUNT_USER}{self.namespace}:{self.name}"
        return self.name if self.kind == "User" else ""

    @property
    def called(self) -> str:
        """What people call it."""
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def reference(self) -> Manifest:
        """It as a binding names it."""
        if self.kind == "ServiceAccount":
            return {"kind": self.kind, "namespace": self.namespace, "name": self.name}
        return {"kind": self.kind, "apiGroup": RBAC, "name": self.name}


def manifests(subject: Subject, rights: Rights, taken: Iterable[str] = ()) -> list[Manifest]:
    """The roles that grant these rights to a subject, and their bindings.

    A role of one namespace is a Role; what several namespaces need alike is one ClusterRole, which is bound in each of
    them. ``taken`` are the names of roles and bindings that there are already: no new one is called so.
    """
    rules = {scope: rules_of(atoms) for scope, atoms in rights.items()}
    alike: dict[tuple[Rule, ...], list[str]] = defaultdict(list)
    for scope, wanted in rules.items():
        if scope:
            alike[wanted].append(scope)
    names = _Names(subject, taken)
    found: list[Manifest] = []
    if whole := rules.get(""):
        name = names.new()
        found += [_role("ClusterRole", name, whole), _binding("ClusterRoleBinding", name, "ClusterRole", subject)]
    for wanted, scopes in alike.items():
        name, kind = names.new(), "Role" if len(scopes) == 1 else "ClusterRole"
        found.append(_role(kind, name, wanted, scopes[0] if len(scopes) == 1 else ""))
        found += [_binding("RoleBinding", name, kind, subject, scope) for scope in scopes]
    return found


class _Names:
    """New names: ``ci-runners-deployer-used``, and with a number where that is taken."""

    def __init__(self, subject: Subject, taken: Iterable[str]):
        self._base = re.sub(r"[^a-z0-9.-]+", "-", f"{subject.namespace}-{subject.name}".lower()).strip("-.") + "-used"
        self._taken = set(taken)

    def new(self) -> str:
        number, name = 1, self._base
        while name in self._taken:
            number += 1
            name = f"{self._base}-{number}"
        self._taken.add(name)
        return name


def _named(kind: str, name: str, namespace: str) -> Manifest:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    return {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": metadata}


def _role(kind: str, name: str, rules: Iterable[Rule], namespace: str = "") -> Manifest:
    return {**_named(kind, name, namespace), "rules": [rule.manifest for rule in rules]}


def _binding(kind: str, name: str, role: str, subject: Subject, namespace: str = "") -> Manifest:
    return {**_named(kind, name, namespace), "roleRef": {"apiGroup": RBAC, "kind": role, "name": name},
            "subjects": [subject.reference]}


def frames(found: Iterable[Manifest]) -> dict[str, pd.DataFrame]:
    """The tables of these roles and bindings that `Access` reads."""
    rows: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for thing in found:
        name, namespace = thing["metadata"]["name"], thing["metadata"].get("namespace")
        here = {"kind": thing["kind"], "namespace": namespace}
        if "rules" in thing:
            rows["roles"].append({**here, "name": name, "aggregated": False})
            for number, rule in enumerate(thing["rules"]):
                _add_rule(rows, {**here, "role": name, "rule": number}, rule)
        else:
            rows["binding_subjects"] += [{
                **here, "binding": name, "role_kind": thing["roleRef"]["kind"], "role": thing["roleRef"]["name"],
                "subject_kind": subject["kind"], "subject_namespace": subject.get("namespace"),
                "subject": subject["name"], "position": at} for at, subject in enumerate(thing["subjects"])]
    return {name: pa.Table.from_pylist(rows[name], schema=tables.table(name).schema).to_pandas(
        types_mapper=pd.ArrowDtype) for name in _READ_BY_AUTHORIZER}


def _add_rule(rows: dict[str, list[Mapping[str, Any]]], of_rule: Mapping[str, Any],
              rule: Mapping[str, list[str]]) -> None:
    names: list[str | None] = [*rule.get("resourceNames", ())] or [None]
    for verb in rule["verbs"]:
        rows["role_urls"] += [{**of_rule, "verb": verb, "url": url} for url in rule.get("nonResourceURLs", ())]
        rows["role_rules"] += [
            {**of_rule, "verb": verb, "group": group, "resource": resource, "resource_name": name}
            for group in rule.get("apiGroups", ()) for resource in rule.get("resources", ())
            for name in names]
