"""The status of a requirement, and the reason for it, from what its checks found."""

from auditkit.evaluation.results import Outcome, Reason, joined
from auditkit.evaluation.sentences import failing, left_out, none_left, undecided
from auditkit.framework.model import Requirement
from auditkit.snapshots.ledger import sentences

CONTROL_PLANE = ("api_servers", "controller_managers", "schedulers", "etcd_members")
"""Populations that only the provider sees if a provider runs the control plane."""


def status_of(requirement: Requirement, outcomes: list[Outcome], run_by: str = "") -> tuple[str, Reason]:
    """The status of a requirement and the reason for it, from what its checks found.

    The status is ``fail`` if any subject fails; for a requirement that rests on people it is ``exception_noted``, which
    is no pass either. Otherwise it is ``unknown`` if any subject is unknown or evidence is
    incomplete. Otherwise it is ``pass`` if any subject was judged, and ``not_applicable`` if there is no subject and
    the evidence for that is complete. ``pass`` and ``not_applicable`` need a requirement that a cluster shows fully
    (``reach`` is ``evidenced``). For all other requirements, and without a check, the status is ``manual``: a person
    must supply the rest of the evidence. What a provider runs (``run_by`` is the provider of this cluster) is
    ``not_applicable`` and never ``pass``. Subjects that a scope leaves out count for nothing: where none is left in
    scope nothing passes.
    """
    if requirement.run_by == "provider":
        return "not_applicable", Reason(f"run by the provider{f' ({run_by})' if run_by else ''}")
    if not outcomes:
        return "manual", _unchecked(requirement)
    if failed := [outcome for outcome in outcomes if outcome.counts["fail"]]:
        return _deviating(requirement, "; ".join(map(failing, failed)))
    if run_by and _of_the_provider(outcomes):
        return _whole(requirement, "not_applicable", f"run by the provider ({run_by})")
    if why := not_known(outcomes):
        return "unknown", Reason(why)
    stated = "; ".join(dict.fromkeys(outcome.stated for outcome in outcomes if outcome.stated))
    if passed := sum(outcome.counts["pass"] for outcome in outcomes):
        return _whole(requirement, "pass", joined(f"{passed:,} passed, none failed", left_out(outcomes), stated))
    return _whole(requirement, "not_applicable", joined("; ".join(dict.fromkeys(
        outcome.otherwise if len(outcome) else none_left(outcome) for outcome in outcomes)), stated))


def _deviating(requirement: Requirement, found: str) -> tuple[str, Reason]:
    """The status of a requirement of which subjects fail. Where it rests on people, these are signs: the reason says
    what they mean for it."""
    if not requirement.rests_on:
        return "fail", Reason(found)
    return "exception_noted", Reason(found, means=requirement.if_deviating or (
        f"this alone does not decide the requirement; a person must conclude on: {requirement.cannot_show}"
        if requirement.cannot_show else "this alone does not decide the requirement; a person must conclude"))


def _unchecked(requirement: Requirement) -> Reason:
    """What a person must examine of a requirement without checks."""
    if requirement.look_at:
        return Reason(rest=f"to examine: {requirement.look_at}")
    if requirement.cannot_show:
        return Reason(rest=f"not shown by a cluster: {requirement.cannot_show}")
    return Reason("no check covers this requirement yet")


def not_known(outcomes: list[Outcome]) -> str:
    """Why the evidence of checks is incomplete: gaps in what they read, else a population that must exist and is not
    visible, else undecided subjects. Empty if everything is known."""
    gaps = gaps_of(outcomes)
    unseen = [outcome.check.if_empty for outcome in outcomes if outcome.empty]
    undecided_ = [undecided(outcome) for outcome in outcomes]
    return next(("; ".join(dict.fromkeys(filter(None, why))) for why in (gaps, unseen, undecided_) if any(why)), "")


def gaps_of(outcomes: list[Outcome]) -> list[str]:
    """The gaps in what checks read, as sentences, each source once."""
    return sentences(gap for outcome in outcomes for gap in outcome.missing)


def _whole(requirement: Requirement, status: str, found: str) -> tuple[str, Reason]:
    """A good status if a cluster shows the whole requirement; otherwise ``manual``, with what is missing."""
    if requirement.reach == "evidenced":
        return status, Reason(found)
    seen = f"the cluster meets its part: {found}" if status == "pass" else f"no evidence in the cluster: {found}"
    rest = (f"not shown by a cluster: {requirement.cannot_show}" if requirement.cannot_show
            else "a person must supply the remaining evidence")
    return "manual", Reason(seen, rest=rest)


def _of_the_provider(outcomes: list[Outcome]) -> bool:
    """True if the checks only cover a control plane that is not visible."""
    return (all(o.check.tables[0] in CONTROL_PLANE and not o.gaps for o in outcomes)
            and any(o.check.if_empty and o.empty for o in outcomes))
