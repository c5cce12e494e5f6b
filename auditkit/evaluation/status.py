"""The status of a requirement, and the reason for it, from what its checks found."""

from auditkit.evaluation.results import Outcome, Reason, joined
from auditkit.evaluation.sentences import failing, subjects_of, undecided
from auditkit.framework.model import Requirement
from auditkit.snapshots.ledger import sentences

CONTROL_PLANE = ("api_servers", "controller_managers", "schedulers", "etcd_members")
"""Populations that nobody but a provider sees, where one runs the control plane."""


def status_of(requirement: Requirement, outcomes: list[Outcome], run_by: str = "") -> tuple[str, Reason]:
    """The status of a requirement and the reason for it, from what its checks found.

    ``fail`` if any subject fails; else ``unknown`` if any is unknown or evidence is incomplete; else ``pass`` if
    any subject was judged, or ``not_applicable`` where there is nothing to judge, and that is completely known.
    Both are said only of what a cluster shows as a whole: where it shows a part (``reach`` is not ``evidenced``),
    the rest is for people, and the status is ``manual``, as it is without a check. What a provider runs
    (``run_by`` names the one of this cluster) is ``not_applicable``, and never a pass.
    """
    if requirement.run_by == "provider":
        return "not_applicable", Reason(f"run by the provider{f' ({run_by})' if run_by else ''}")
    if not outcomes:
        return "manual", Reason(requirement.look_at or requirement.cannot_show or "no check gives evidence for it yet")
    if failed := [outcome for outcome in outcomes if outcome.counts["fail"]]:
        return "fail", Reason("; ".join(map(failing, failed)))
    if run_by and _of_the_provider(outcomes):
        return _whole(requirement, "not_applicable", f"run by the provider ({run_by})")
    if why := not_known(outcomes):
        return "unknown", Reason(why)
    stated = "; ".join(dict.fromkeys(outcome.stated for outcome in outcomes if outcome.stated))
    if passed := sum(outcome.counts["pass"] for outcome in outcomes):
        return _whole(requirement, "pass", joined(f"{passed:,} pass, none fails", stated))
    return _whole(requirement, "not_applicable", joined("; ".join(dict.fromkeys(
        outcome.otherwise if len(outcome) else f"there are no {subjects_of(outcome.check)}"
        for outcome in outcomes)), stated))


def not_known(outcomes: list[Outcome]) -> str:
    """Why not all is known that checks look at: gaps in the evidence, else a population that must exist and is not
    seen, else subjects that are not decided. Empty where all is known."""
    gaps = gaps_of(outcomes)
    unseen = [outcome.check.if_empty for outcome in outcomes if not len(outcome)]
    undecided_ = [undecided(outcome) for outcome in outcomes]
    return next(("; ".join(dict.fromkeys(filter(None, why))) for why in (gaps, unseen, undecided_) if any(why)), "")


def gaps_of(outcomes: list[Outcome]) -> list[str]:
    """Why not all is known that checks read, in sentences, each source once."""
    return sentences(gap for outcome in outcomes for gap in outcome.missing)


def _whole(requirement: Requirement, status: str, found: str) -> tuple[str, Reason]:
    """A good status, if a cluster shows the whole of the requirement; else people must tell the rest."""
    if requirement.reach == "evidenced":
        return status, Reason(found)
    seen = f"what a cluster shows holds: {found}" if status == "pass" else f"nothing of it could be judged: {found}"
    rest = f"it cannot show: {requirement.cannot_show}" if requirement.cannot_show else "people must tell the rest"
    return "manual", Reason(seen, rest=rest)


def _of_the_provider(outcomes: list[Outcome]) -> bool:
    """Whether the checks look at nothing but a control plane, and it is not there to be seen."""
    return (all(o.check.tables[0] in CONTROL_PLANE and not o.gaps for o in outcomes)
            and any(o.check.if_empty and not len(o) for o in outcomes))
