"""What proposed admission policies would do with the objects of a snapshot, if they were created now."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from auditkit.admission import Decision, decide
from auditkit.admission.cel.partial import Partial
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES, TABLES, Resource
from auditkit.what_if.objects import Found, objects
from auditkit.what_if.policies import Proposed

COLUMNS = ("policy", "kind", "namespace", "name", "outcome", "binding", "message", "expression", "why")
_ORDER = ("denied", "warned", "audited", "unknown", "allowed")


def policy_decisions(snapshot: Snapshot, proposed: Proposed) -> pd.DataFrame:
    """A row for each policy and object that it matches, the worst outcome first.

    Columns: policy; kind, namespace, name of the object; outcome (denied, warned, audited, allowed, unknown); binding
    and message of the failure; and of what is unknown the expression and why. ``attrs["gaps"]``: what was not read
    completely, so that objects may be missing.
    """
    context = _context(snapshot, proposed)
    asked = [name for name, resource in RESOURCES.items() if any(_may_match(each, resource)
                                                                 for each in proposed.policies.values())]
    rows = [row for found in objects(snapshot, asked) for row in _rows(found, proposed, context)]
    frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype="string[pyarrow]")
    tables = [table.name for table in TABLES.values() if {rows.source for rows in table.rows} & set(asked)]
    left_out = [sentence for name, policy in proposed.policies.items() for sentence in _left_out(name, policy)]
    order = frame["outcome"].map({outcome: at for at, outcome in enumerate(_ORDER)})
    found = frame.assign(order=order).sort_values(
        ["order", "policy", "kind", "namespace", "name"], ignore_index=True).drop(columns="order")
    found.attrs["gaps"] = [*snapshot.gaps(tables), *left_out]
    return found


def _context(snapshot: Snapshot, proposed: Proposed) -> dict[str, Any]:
    """What is known beside the objects: labels of namespaces, and the parameters that were proposed."""
    labels: dict[str, dict[str, str]] = {name: {} for name in snapshot.frame("namespaces")["name"]}
    for row in snapshot.frame("namespace_labels").to_dict("records"):
        labels.setdefault(row["namespace"], {})[row["key"]] = row["value"]
    context: dict[str, Any] = {"namespaces": [{"name": name, "labels": each} for name, each in labels.items()]}
    if proposed.others:
        context["params"] = [each for each in proposed.others if "apiVersion" in each and "metadata" in each]
    return context


def _may_match(policy: Mapping[str, Any], resource: Resource) -> bool:
    """Whether a policy may be for objects of a resource: what is not, need not be put together."""
    rules = policy["spec"]["matchConstraints"].get("resourceRules") or ()
    return not rules or any(_names(rule.get("apiGroups") or (), resource.group)
                            and any(_names([each.partition("/")[0]], resource.plural)
                                    for each in rule.get("resources") or ()) for rule in rules)


def _left_out(name: str, policy: Mapping[str, Any]) -> Iterator[str]:
    """What a policy is for and is not decided here: kinds without whole objects, and requests that create nothing."""
    rules = policy["spec"]["matchConstraints"].get("resourceRules") or ()
    kept = {(resource.group, resource.plural) for resource in RESOURCES.values() if resource.form == "object"}
    if not rules or any("*" in each for rule in rules for each in rule.get("resources") or ()):
        yield (f"the policy {name} is for every kind; of Secrets, ConfigMaps and kinds without a table nothing is "
               "decided")
    asked = {(group, each) for rule in rules for group in rule.get("apiGroups") or ()
             for each in rule.get("resources") or ()}
    for group, resource in sorted(asked):
        if "*" not in group + resource and (group, resource) not in kept:
            whole = f"{resource}.{group}" if group else resource
            yield f"the policy {name} is for {whole}, of which a snapshot has no objects"
    if rules and not any(_names(rule.get("operations") or (), "CREATE") for rule in rules):
        yield f"the policy {name} is not for requests that create an object"


def _names(given: Sequence[str], wanted: str) -> bool:
    return "*" in given or wanted in given


def _rows(found: Found, proposed: Proposed, context: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    asked = _request(found, context)
    for name, policy in proposed.policies.items():
        decision = decide(policy, proposed.bindings_of(name), asked, context)
        if decision.outcome != "not_matched":
            yield {"policy": name, "kind": found.resource.kind, "namespace": found.namespace or None,
                   "name": found.name, **_told(decision)}


def _request(found: Found, context: Mapping[str, Any]) -> dict[str, Any]:
    """The request that would create the object. Who asks is not known."""
    resource, version = found.resource, found.resource.versions[0]
    group = {"group": resource.group, "version": version}
    home = found.name if resource.name == "namespaces" else found.namespace
    labels = next((each["labels"] for each in context["namespaces"] if each["name"] == found.namespace), None)
    return {
        "operation": "CREATE", "name": found.name, "namespace": home, "object": found.thing,
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
