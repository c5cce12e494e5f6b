"""What admission policies would do with the objects of a snapshot, if they were created now."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from auditkit.admission import Decision, decide
from auditkit.admission.cel.partial import Partial
from auditkit.tables import RESOURCES, TABLES, Resource
from auditkit.what_if.objects import Found, objects
from auditkit.what_if.outcomes import framed
from auditkit.what_if.parameters import with_parameters
from auditkit.what_if.policy_set import PolicySet
from auditkit.what_if.source import Source

Asked = Mapping[tuple[str, str, str], Partial | None]
"""Objects that are asked for, by resource, namespace and name, each with what it was before (None: it is created)."""


def policy_decisions(snapshot: Source, policies: PolicySet, namespaces: Sequence[str] = (),
                     only: Asked | None = None, resources: Collection[str] = RESOURCES,
                     tables: Collection[str] = TABLES) -> pd.DataFrame:
    """A row for each policy and object (of some namespaces or ``resources``, or ``only`` these) that it matches, the
    worst first. What only other than these ``tables`` have of objects is not known.

    Columns: policy; kind, namespace, name of the object; outcome (denied, warned, audited, matched, allowed, unknown);
    binding and message of the failure; and of what is unknown the expression and why. ``matched`` is what a
    MutatingAdmissionPolicy would be run on; it is not run. ``attrs["gaps"]``: what was not read completely, so that
    objects may be missing; ``attrs["notes"]``: policies that do nothing.
    """
    known = _known(snapshot)
    every = [*policies.policies.items(), *policies.mutating.items()]
    asked = [name for name in kinds_of(policies) if name in resources
             and (only is None or any(source == name for source, *_ in only))]
    contexts = {name: with_parameters(known, policy, policies, snapshot) for name, policy in policies.policies.items()}
    mutating = {name: with_parameters(known, policy, policies, snapshot) for name, policy in policies.mutating.items()}
    there = objects(snapshot, asked, tables=tables) if asked else ()
    rows = [row for found in there if _wanted(found, namespaces, only)
            for old in [(only or {}).get((found.resource.name, found.namespace, found.name))]
            for row in (*_rows(found, policies, contexts, old), *_matched(found, policies, mutating, old))]
    read = [name for name in tables if {rows.source for rows in TABLES[name].rows} & set(asked)]
    left_out = [sentence for name, policy in every for sentence in _left_out(name, policy)]
    return framed(rows, gaps=[*snapshot.gaps([*policies.tables, *read]), *policies.unread, *left_out],
                  notes=[] if snapshot.gaps(policies.tables) else _notes(policies))


def kinds_of(policies: PolicySet) -> list[str]:
    """The resources that policies may be for."""
    every = [*policies.policies.values(), *policies.mutating.values()]
    return [name for name, resource in RESOURCES.items() if any(_may_match(each, resource) for each in every)]


def _notes(policies: PolicySet) -> list[str]:
    """The policies of a cluster that are bound to nothing."""
    bound = {each["spec"]["policyName"] for each in (*policies.bindings, *policies.mutating_bindings)}
    unbound = [] if policies.unbound else sorted({*policies.policies, *policies.mutating} - bound)
    return [f"the policy {name} has no binding: it does nothing" for name in unbound]


def _wanted(found: Found, namespaces: Sequence[str], only: Asked | None) -> bool:
    return (not namespaces or _home(found) in namespaces) and (
        only is None or (found.resource.name, found.namespace, found.name) in only)


def _home(found: Found) -> str:
    """The namespace that an object is in, or is."""
    return found.name if found.resource.name == "namespaces" else found.namespace


def _known(snapshot: Source) -> dict[str, Any]:
    """What is known beside the objects: the labels of namespaces."""
    labels: dict[str, dict[str, str]] = {name: {} for name in snapshot.frame("namespaces")["name"]}
    for row in snapshot.frame("namespace_labels").to_dict("records"):
        labels.setdefault(row["namespace"], {})[row["key"]] = row["value"]
    return {"namespaces": [{"name": name, "labels": each} for name, each in labels.items()]}


def _may_match(policy: Mapping[str, Any], resource: Resource) -> bool:
    """Whether a policy may be for objects of a resource: what is not, need not be put together."""
    rules = policy["spec"]["matchConstraints"].get("resourceRules") or ()
    return not rules or any(_names(rule.get("apiGroups") or (), resource.group)
                            and any(_names([each.partition("/")[0]], resource.plural)
                                    for each in rule.get("resources") or ()) for rule in rules)


def _left_out(name: str, policy: Mapping[str, Any]) -> Iterator[str]:
    """What a policy is for and is not decided here: kinds without whole objects, and requests that create nothing."""
    rules = policy["spec"]["matchConstraints"].get("resourceRules") or ()
    kept = {(group, resource.plural) for resource in RESOURCES.values() if resource.form == "object"
            for group in (resource.group, "*")}
    if not rules or any("*" in each for rule in rules for each in rule.get("resources") or ()):
        yield (f"the policy {name} is for every kind; of Secrets, ConfigMaps and kinds without a table nothing is "
               "decided")
    asked = {(group, each) for rule in rules for group in rule.get("apiGroups") or ()
             for each in rule.get("resources") or ()}
    for group, resource in sorted(asked):
        if "*" not in resource and (group, resource) not in kept:
            whole = f"{resource}.{group}" if group not in ("", "*") else resource
            yield f"the policy {name} is for {whole}, of which a snapshot has no objects"
    if rules and not any(_names(rule.get("operations") or (), "CREATE") for rule in rules):
        yield f"the policy {name} is not for requests that create an object"


def _names(given: Sequence[str], wanted: str) -> bool:
    return "*" in given or wanted in given


def _rows(found: Found, policies: PolicySet, contexts: Mapping[str, Mapping[str, Any]], old: Partial | None
          ) -> Iterator[dict[str, Any]]:
    for name, context in contexts.items():
        decision = decide(policies.policies[name], policies.bindings_of(name), _request(found, context, old), context)
        if decision.outcome != "not_matched":
            yield {**_about(found, name), **_told(decision)}


def _matched(found: Found, policies: PolicySet, contexts: Mapping[str, Mapping[str, Any]], old: Partial | None
             ) -> Iterator[dict[str, Any]]:
    """The MutatingAdmissionPolicies that an object would be given to. Their conditions are those of the others."""
    for name, context in contexts.items():
        bindings = [each for each in policies.mutating_bindings if each["spec"]["policyName"] == name]
        told = _told(decide(policies.mutating[name], bindings, _request(found, context, old), context))
        if told["outcome"] == "allowed":
            yield {**_about(found, name), "outcome": "matched", "why": NOT_RUN}
        elif told["outcome"] != "not_matched":
            yield {**_about(found, name), "outcome": "unknown", "binding": told["binding"],
                   "expression": told["expression"], "why": told["why"] or told["message"]}


NOT_RUN = "a MutatingAdmissionPolicy, which may change the object; it is not run here"
"""Why it is not known what comes of a mutating policy."""


def _about(found: Found, policy: str) -> dict[str, Any]:
    return {"policy": policy, "kind": found.resource.kind, "namespace": found.namespace or None, "name": found.name}


def _request(found: Found, context: Mapping[str, Any], old: Partial | None = None) -> dict[str, Any]:
    """The request that would create the object, or put it in the place of an old one. Who asks is not known."""
    resource, version = found.resource, found.resource.versions[0]
    group = {"group": resource.group, "version": version}
    home = found.name if resource.name == "namespaces" else found.namespace
    labels = next((each["labels"] for each in context["namespaces"] if each["name"] == found.namespace), None)
    return {
        "operation": "CREATE" if old is None else "UPDATE", "name": found.name, "namespace": home,
        "object": found.thing, "oldObject": old,
        "kind": {**group, "kind": resource.kind}, "resource": {**group, "resource": resource.plural},
        "namespaceObject": _namespace(found.namespace, labels) if labels is not None else None,
    }


def _namespace(name: str, labels: Mapping[str, str]) -> Partial:
    where = "namespaceObject"
    return Partial({"metadata": Partial({"name": name, "labels": labels}, f"{where}.metadata")}, where)


def _told(decision: Decision) -> dict[str, str | None]:
    """What a row says of a decision: the failure that denies, else the first one, else what is unknown."""
    failed = [each for each in decision.failures if each.outcome != "unknown"]
    first = failed[0] if failed else None
    unknown = decision.unresolved[0] if decision.unresolved else None
    outcome = decision.outcome
    if outcome == "allowed":
        outcome = "warned" if decision.warnings else "audited" if decision.audit_failure else "allowed"
        outcome = "unknown" if unknown and outcome == "allowed" else outcome
    return {
        "outcome": outcome, "binding": first.binding if first else None,
        "message": first.message if first and outcome != "unknown" else None,
        "expression": unknown.expression if unknown else first.expression if first else None,
        "why": unknown.why if unknown and outcome == "unknown" else None,
    }
