"""The admission policies that a cluster has, as its snapshot keeps them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from auditkit.base.undecodable import UNDECODABLE
from auditkit.what_if.policy_set import Binding, Policy, PolicySet
from auditkit.what_if.source import Source

if TYPE_CHECKING:
    import pandas as pd

TABLES = ("admission_policy_specs", "admission_binding_specs")
"""The tables that have them."""


def current(snapshot: Source) -> PolicySet:
    """The policies and bindings of a snapshot. A policy without a binding does nothing.

    ``unread`` has a sentence for each that is not one as Kubernetes 1.36 knows it: what it does is not known.
    """
    specs, bindings = (snapshot.whole(table) for table in TABLES)
    unread: list[str] = []
    found = {kind: {each["metadata"]["name"]: each for each in _read(specs, kind, "policy", Policy, unread)}
             for kind in _WITHOUT}
    bound = {kind: list(_read(bindings, kind, "binding", Binding, unread)) for kind in _WITHOUT}
    return PolicySet(found["Validating"], bound["Validating"], [], (), found["Mutating"], bound["Mutating"],
                     tuple(unread), TABLES)


_WITHOUT: dict[str, frozenset[str]] = {
    "Validating": frozenset(), "Mutating": frozenset(["mutations", "reinvocationPolicy"])}
"""Types of policies, each with the fields that do not decide which requests it is for."""


def _read(frame: "pd.DataFrame", kind: str, what: str, shape: type[msgspec.Struct], unread: list[str]
          ) -> Iterator[dict[str, Any]]:
    """The policies or bindings of a type, as far as they decide which requests they are for."""
    for row in frame[(frame["type"] == kind).fillna(False)].to_dict("records"):
        try:
            spec = {key: value for key, value in msgspec.json.decode(row["spec"]).items() if key not in _WITHOUT[kind]}
            if kind == "Mutating" and shape is Binding:
                spec["validationActions"] = ["Deny"]
            thing = {"metadata": {"name": row["name"]}, "spec": spec}
            msgspec.convert(thing, shape)
            yield thing
        except (*UNDECODABLE, AttributeError, TypeError) as error:
            unread.append(f"the {what} {row['name']} is not one that is known here ({error}): what it does is unknown")
