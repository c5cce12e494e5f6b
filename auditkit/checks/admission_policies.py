"""Admission policies on what is there: the API server evaluates an object only when it is created or changed."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has
from auditkit.base.hostile_text import count
from auditkit.checks.model import Judgement, check, judge
from auditkit.errors import MissingDependency
from auditkit.tables import RESOURCES, TABLES
from auditkit.tables.pods import CONTROLLERS

if TYPE_CHECKING:
    from auditkit.what_if.policy_set import PolicySet

_KINDS = frozenset(["pods", *CONTROLLERS])
_OF_KINDS = tuple(table.name for table in TABLES.values() if {rows.source for rows in table.rows} <= _KINDS)
_READ = ("admission_policies", "admission_policy_bindings", "admission_policy_specs", "admission_binding_specs",
         "namespaces", "namespace_labels", *_OF_KINDS)
"""The tables that the check reads: policies, and what is known of pods and their controllers."""


def _reads(names: tuple[str, ...]) -> Callable[[Callable[..., Judgement]], Callable[..., Judgement]]:
    """Names the tables of a check that are too many to write down."""
    def named(function: Callable[..., Judgement]) -> Callable[..., Judgement]:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        vars(function)["__signature__"] = inspect.Signature([inspect.Parameter(name, kind) for name in names])
        return function
    return named


@check(
    severity="medium", finding="forbids objects that exist",
    wanted="no pod, and no controller of pods, that the policy would refuse if it were created now",
    remedy="Mend or delete the objects that `auditkit policies SNAPSHOT` lists as denied, or exempt them in the "
           "policy.",
    source="Kubernetes documentation: validating admission policies; admission controllers",
)
@_reads(_READ)
def existing_objects_meet_policies(*frames: pd.DataFrame) -> Judgement:
    """Pods and their controllers meet the admission policies that deny.

    A policy is not asked about objects that were there before it. One that would be refused today is a gap in what the
    policy seems to forbid. Each pod and controller is decided as the API server would, if it were created now. Policies
    for other kinds, and values that a snapshot does not have, are unknown, and so is a policy that applies to none of
    the objects.
    """
    given = _Given(dict(zip(_READ, frames, strict=True)))
    policies = given.frame("admission_policies")
    bindings = given.frame("admission_policy_bindings")
    denying = (policies["type"] == "Validating") & has(policies, {"type": "type", "name": "policy"}, bindings[
        (bindings["action"] == "Deny").fillna(True)])
    found = _decided(given, policies.loc[denying.fillna(False).to_numpy(bool), "name"])
    said = [found.get(name, _Found(None, "")) if asked else _Found(None, "")
            for name, asked in zip(policies["name"], denying.fillna(False), strict=True)]
    return judge(policies, pd.Series([each.ok for each in said], policies.index, BOOLEAN), applies=denying,
                 otherwise="no binding of the policy denies",
                 reasons=pd.Series([each.why for each in said], policies.index, STRING))


@dataclass(frozen=True)
class _Given:
    """The tables of the check, in the place of a snapshot; the engine looks after their gaps."""

    frames: Mapping[str, pd.DataFrame]

    def frame(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def whole(self, name: str) -> pd.DataFrame:
        return self.frames[name]

    def gaps(self, name: object) -> list[str]:
        return []

    def gap_of(self, source: str) -> str:
        return "the check does not read it"


class _Found(NamedTuple):
    ok: bool | None
    why: str


def _decided(given: _Given, names: pd.Series) -> dict[str, _Found]:
    """What each of these policies says of the objects."""
    if not len(names):
        return {}
    from auditkit.what_if.current import current

    every = current(given)
    return {name: _of(given, every.only(name)) if name in every.policies else _Found(
        None, "the policy is not one that auditkit knows") for name in names}


def _of(given: _Given, policy: "PolicySet") -> _Found:
    from auditkit.what_if.decisions import kinds_of, policy_decisions

    policy = replace(policy, bindings=[each for each in policy.bindings if "Deny" in each["spec"].get(
        "validationActions", ())])
    try:
        rows = policy_decisions(given, policy, resources=_KINDS, tables=_OF_KINDS)
    except MissingDependency as error:
        return _Found(None, str(error))
    denied, unknown = (rows[rows["outcome"] == outcome] for outcome in ("denied", "unknown"))
    if len(denied):
        return _Found(False, f"{count(len(denied), 'object')} would be refused, {_called(denied.iloc[0])}: "
                             f"{denied['message'].iloc[0]}")
    others = [RESOURCES[name].kind for name in kinds_of(policy)
              if name not in _KINDS and RESOURCES[name].form == "object"]
    reasons = [*rows.attrs["gaps"], *(f"it is for {kind} too, which this check does not decide" for kind in others[:1])]
    reasons += [f"{_called(row)}: {row['why']}" for _, row in unknown.head(1).iterrows()]
    ignored = rows[(rows["outcome"] == "allowed") & rows["binding"].notna()]
    reasons += [f"{_called(row)} is only admitted because its failurePolicy is Ignore: {row['message']}"
                for _, row in ignored.head(1).iterrows()]
    if not any(each["spec"].get("validations") for each in policy.policies.values()):
        reasons.append("it has no validation, so that it refuses nothing")
    if not len(rows):
        reasons.append("it applies to no object that exists, so that it refuses nothing that is there")
    return _Found(None, reasons[0]) if reasons else _Found(True, "")


def _called(row: pd.Series) -> str:
    return f"{row['kind']} {row['namespace']}/{row['name']}"
