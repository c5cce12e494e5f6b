"""Audit policies of the API server (the file of ``--audit-policy-file``): which requests its audit log has at all.

A policy is no finding and no event. Its rules say of a log what is left out of it, so that what does not occur there
can be told from what is not written down. Source: https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import msgspec

from auditkit.scans.model import Document, Gap, PolicyRule, Row

NAME = "audit-policy"
PROVIDES = frozenset({"use of rights"})


class _Resources(msgspec.Struct, gc=False, rename="camel"):
    group: str = ""
    resources: list[str] | None = None
    resource_names: list[str] | None = None


class _Rule(msgspec.Struct, gc=False, rename="camel"):
    level: str
    users: list[str] | None = None
    user_groups: list[str] | None = None
    verbs: list[str] | None = None
    resources: list[_Resources] | None = None
    namespaces: list[str] | None = None
    non_resource_urls: list[str] | None = msgspec.field(name="nonResourceURLs", default=None)
    omit_stages: list[str] | None = None


class _Policy(msgspec.Struct, gc=False, rename="camel"):
    rules: list[_Rule] | None = None
    omit_stages: list[str] | None = None


def recognise(document: Document) -> bool:
    """It says what it is: a ``Policy`` of ``audit.k8s.io``."""
    return _is_policy(document.head)


def _is_policy(value: Any) -> bool:
    return (isinstance(value, dict) and value.get("kind") == "Policy"
            and str(value.get("apiVersion", "")).startswith("audit.k8s.io/"))


def read(document: Document) -> Iterator[Row]:
    """A `PolicyRule` for each rule, and one for each thing that the rule names. A second policy in a file is a gap:
    an API server has one."""
    policies = [value for value in document.values() if _is_policy(value)]
    if len(policies) > 1:
        yield Gap("it has several audit policies, and only the first was read", len(policies) - 1)
    for value in policies[:1]:
        policy = msgspec.convert(value, _Policy)
        for number, rule in enumerate(policy.rules or []):
            yield from _rows(number, rule, policy.omit_stages or [])


def _rows(number: int, rule: _Rule, omitted: list[str]) -> Iterator[Row]:
    def row(what: str, value: str | None = None, **more: str | None) -> Row:
        return PolicyRule(rule=number, level=rule.level, what=what, value=value, **more)

    yield row("rule")
    for what, values in (("omitted stage", {*omitted, *(rule.omit_stages or [])}), ("user", rule.users),
                         ("user group", rule.user_groups), ("verb", rule.verbs), ("namespace", rule.namespaces),
                         ("url", rule.non_resource_urls)):
        for value in sorted(values or []):
            yield row(what, value)
    for named in rule.resources or []:
        names: list[str | None] = [*(named.resource_names or [])] or [None]
        resources: list[str | None] = [*(named.resources or [])] or [None]
        for resource, name in product(resources, names):
            yield row("resource", resource, api_group=named.group, name=name)
