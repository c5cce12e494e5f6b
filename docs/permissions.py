"""The rights that the collector uses, as roles of Kubernetes: written from what it asks for, by `docs/write.py`."""

import textwrap
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from auditkit import tables
from auditkit.analysis import collected
from auditkit.checks import Check
from auditkit.scans.read import readers_by_group
from auditkit.tables.engines import ENGINES

WIDTH = 120
OPTIONAL = ("secrets",)
"""Resources whose list shows more than auditkit asks for, so that a role of its own grants them."""


class Rule(NamedTuple):
    """Resources of an API group, a verb, and what is unknown without it."""

    group: str
    resources: list[str]
    without: str
    verb: str = "list"

    def lines(self) -> Iterator[str]:
        """The rule as YAML, with its comment above it."""
        yield from textwrap.wrap(self.without, WIDTH, initial_indent="  # ", subsequent_indent="  #   ")
        resources = ", ".join(f"'{name}'" if name == "*" else name for name in self.resources)
        yield f"  - {{apiGroups: ['{self.group}'], resources: [{resources}], verbs: [{self.verb}]}}"


class Role(NamedTuple):
    """A ClusterRole with its file, what it is for, and its rules."""

    name: str
    file: str
    about: str
    rules: list[Rule]


def roles(checks: Iterable[Check]) -> list[Role]:
    """The roles: the one that every collection needs, and those that show more than auditkit asks for."""
    judged = list(checks)
    declared = list(_declared(judged))
    optional = [rule for rule in declared if set(rule.resources) & set(OPTIONAL)]
    return [
        Role("auditkit", "rbac.yaml", "What auditkit lists, and nothing else. Above each rule: what is unknown without "
             "it. By auditkit's own analysis (`paths_to_admin`) none of these rights leads to full power over the "
             "cluster. By default every authenticated user may read discovery and the version, and ask who they are: "
             "no rule is needed for that.",
             [*(rule for rule in declared if rule not in optional), *_of_engines(judged), *_of_scanners(judged)]),
        Role("auditkit-secrets", "rbac-secrets.yaml", "Optional. auditkit asks for Secrets in a form without their "
             "values, but RBAC cannot grant that form alone: whoever may list Secrets may read all of them. Where one "
             "holds the token of a powerful service account, that is a way to full power over the cluster "
             "(`paths_to_admin`).", optional),
        Role("auditkit-kubelets", "rbac-kubelets.yaml", "Optional, and a way to full power over the cluster: whoever "
             "may get nodes/proxy can run commands in every pod through its kubelet, so also as every service account "
             "that a pod runs as. `paths_to_admin` and `access.node_proxy_minimal` report whoever has it.",
             [Rule("", ["nodes/proxy"], "The configuration of kubelets: "
                   f"{_tables('kubelets')}; {_read(judged, 'kubelets')}.", "get")]),
    ]


def manifest(role: Role) -> str:
    """The role as a file for ``kubectl apply``, bound to the service account of auditkit."""
    account = ["apiVersion: v1", "kind: Namespace", "metadata: {name: auditkit}", "---",
               "apiVersion: v1", "kind: ServiceAccount", "metadata: {name: auditkit, namespace: auditkit}", "---"]
    return "\n".join([
        "# Written from the code by `make reference`: change docs/permissions.py, not this file.", "#",
        *textwrap.wrap(role.about, WIDTH, initial_indent="# ", subsequent_indent="# "),
        *(account if role.name == "auditkit" else []),
        "apiVersion: rbac.authorization.k8s.io/v1", "kind: ClusterRole", f"metadata: {{name: {role.name}}}", "rules:",
        *(line for rule in role.rules for line in rule.lines()), "---",
        "apiVersion: rbac.authorization.k8s.io/v1", "kind: ClusterRoleBinding", f"metadata: {{name: {role.name}}}",
        f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {role.name}}}",
        "subjects: [{kind: ServiceAccount, name: auditkit, namespace: auditkit}]", ""])


def _declared(checks: list[Check]) -> Iterator[Rule]:
    """A rule for the resources of a group that fill the same tables."""
    together: dict[tuple[str, str], list[tables.Resource]] = {}
    for resource in tables.RESOURCES.values():
        together.setdefault((resource.group, _tables(resource.name)), []).append(resource)
    for (group, shown), resources in sorted(together.items(), key=lambda item: item[0][0]):
        yield Rule(group, [one.plural for one in resources],
                   f"{shown.capitalize()}; {_read(checks, *(one.name for one in resources))}.")


def _of_engines(checks: list[Check]) -> Iterator[Rule]:
    """A rule for the kinds of each group of other engines."""
    read = _read(checks, "engines")
    for group in sorted({one.group for one in ENGINES}):
        engines = [one for one in ENGINES if one.group == group]
        over = [*(["traffic"] if any(one.traffic for one in engines) else []),
                *(["entry points"] if any(one.entrances for one in engines) else [])]
        yield Rule(group, sorted({plural for one in engines for plural in one.kinds}),
                   f"What {engines[0].name} may decide over {' and '.join(over)}: {_tables('engines')}; {read}.")


def _of_scanners(checks: list[Check]) -> Iterator[Rule]:
    """A rule for each group in which a scanner or policy engine keeps its results, in kinds that only it knows."""
    for group, reader in sorted(readers_by_group().items()):
        count = sum("findings" in collected(*check.tables) and (not check.tools or reader.NAME in check.tools)
                    for check in checks)
        yield Rule(group, ["*"], f"What {reader.NAME} finds there: {_tables('findings')}; {_counted(count)}.")


def _tables(source: str) -> str:
    names = [table.name for table in tables.TABLES.values() if source in table.sources]
    return f"{'table' if len(names) == 1 else 'tables'} {', '.join(names)}"


def _read(checks: list[Check], *sources: str) -> str:
    """How many checks read tables of these resources."""
    shown = {table.name for table in tables.TABLES.values() if set(sources) & set(table.sources)}
    return _counted(sum(bool(shown & set(collected(*check.tables))) for check in checks))


def _counted(count: int) -> str:
    return {0: "no check reads this", 1: "1 check reads this"}.get(count, f"{count} checks read this")
