"""Sentences about the findings of checks: what was observed, on which subjects, and on how many of how many."""

from collections.abc import Sequence

import pyarrow.compute as pc

from auditkit.checks import Check
from auditkit.evaluation.results import Outcome

NAMED = 2
"""Number of subjects that a sentence names. It counts the others."""

NOUNS = {
    "api_servers": "API servers",
    "binding_subjects": "subjects of bindings",
    "device_claims": "resource claims",
    "entrances": "entry points",
    "etcd_members": "etcd members",
    "images_in_use": "images",
    "judged_objects": "objects",
    "network_plugin": "network plug-ins",
    "node_kubelets": "nodes",
    "secrets": "Secrets",
    "system_masters": "users and groups",
}
"""Plural nouns for subjects, for tables whose name does not give one."""

CALLED_BY = {"binding_subjects": "in "}
"""What goes before the names, for tables whose rows are called by the object that they are in."""

_IRREGULAR = {"is": "are", "has": "have", "does": "do", "was": "were", "goes": "go"}
_UNCHANGED = {"can", "cannot", "may", "must", "need"}


def subjects_of(check: Check) -> str:
    """The plural noun for the subjects of a check: ``pods``, even if they include pod templates."""
    name = check.tables[0].removeprefix("all_")
    return NOUNS.get(name, name.replace("_", " "))


def failing(outcome: Outcome) -> str:
    """The failing subjects: ``16 of 73 containers run privileged: billing/web-1, billing/web-2 (2) and 13 more``.

    73 is the number of those in scope. ``(2)`` counts subjects with the same name, such as containers of one pod.
    """
    names = _names(outcome, "fail") if outcome.check.finding else ""
    return f"{counted(outcome)}{_beyond_scope(outcome)}{f': {names}' if names else ''}"


def counted(outcome: Outcome) -> str:
    """The number of failing subjects and what they are: ``16 of 73 containers run privileged``."""
    count = outcome.counts["fail"]
    finding = outcome.check.finding
    told = ((finding if count == 1 else plural(finding)) if finding
            else f"{'fails' if count == 1 else 'fail'} the check \"{outcome.check.title.rstrip('.')}\"")
    return f"{_of_all(outcome, 'fail')} {told}"


def undecided(outcome: Outcome) -> str:
    """The unknown subjects, with the most common reason. Empty if all are decided."""
    if not outcome.counts["unknown"]:
        return ""
    reasons = outcome.reasons("unknown")
    others = len(reasons) - 1
    more = f" (and {others} other reason{'s' if others > 1 else ''})" if others else ""
    return f"unknown for {_of_all(outcome, 'unknown')}{_beyond_scope(outcome)}: {reasons[0][0].rstrip('.')}{more}"


def plural(finding: str) -> str:
    """The plural form of a finding: ``runs privileged`` → ``run privileged``."""
    verb, space, rest = finding.partition(" ")
    if verb in _IRREGULAR:
        verb = _IRREGULAR[verb]
    elif verb not in _UNCHANGED:
        verb = next((verb.removesuffix(end) + stem for end, stem in (
            ("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("zzes", "zz"), ("s", ""))
            if verb.endswith(end)), verb)
    return f"{verb}{space}{rest}"


def _of_all(outcome: Outcome, verdict: str) -> str:
    """How many subjects have a verdict, of how many in scope: ``16 of 73 containers``."""
    in_scope = len(outcome) - outcome.counts["not_applicable"]
    return f"{outcome.counts[verdict]:,} of {in_scope:,} {subjects_of(outcome.check)}"


def _beyond_scope(outcome: Outcome) -> str:
    others = [f"{number:,} {what}" for number, what in (
        (outcome.counts["not_applicable"], "not applicable"), (outcome.outside, "out of scope")) if number]
    return f" ({', '.join(others)})" if others else ""


def left_out(outcomes: Sequence[Outcome]) -> str:
    """The subjects that a scope leaves out, each population once: ``12 of the pods out of scope``. Empty if there are
    none."""
    largest: dict[str, int] = {}
    for outcome in outcomes:
        what = subjects_of(outcome.check)
        largest[what] = max(largest.get(what, 0), outcome.outside)
    return ", ".join(f"{number:,} of the {what} out of scope" for what, number in largest.items() if number)


def none_left(outcome: Outcome) -> str:
    """Why a check has no subject in scope: there are none, or all of them are outside."""
    what = subjects_of(outcome.check)
    return f"all {what} ({outcome.outside:,}) are out of scope" if outcome.outside else f"there are no {what}"


def _names(outcome: Outcome, verdict: str) -> str:
    """The first names of the subjects with a verdict, each with the number of subjects that share it, and the number
    of the others."""
    called = outcome.detail.called(outcome.positions(verdict))
    namespaces, own = (pc.fill_null(called[part], "") for part in ("namespace", "name"))
    labels = pc.if_else(pc.equal(namespaces, ""), own, pc.binary_join_element_wise(namespaces, own, "/"))
    counted = [(each["values"], each["counts"]) for each in labels.value_counts()[:NAMED].to_pylist()]
    if not any(name for name, _ in counted):
        return ""
    names = ", ".join(f"{name} ({count:,})" if count > 1 else name for name, count in counted if name)
    more = len(labels) - sum(count for _, count in counted)
    return f"{CALLED_BY.get(outcome.check.tables[0], '')}{names}{f' and {more:,} more' if more else ''}"
