"""The answer of a report in plain sentences: what was examined, what was found, what could not be examined, what to do
next. They are made here and not in a template: re-performance makes them anew and looks for them on the cover."""

from collections import Counter
from typing import Any

from auditkit.base import hostile_text as text
from auditkit.evaluation import sentences
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Result
from auditkit.evaluation.status import gaps_of
from auditkit.evaluation.words import DEVIATING
from auditkit.reports.panels.findings import Finding, counted, found
from auditkit.reports.panels.requests import requests

WORST = 2
"""Findings that the answer names."""
PEOPLE = "a person must conclude on them"
"""What exceptions noted mean, on page 1 and in the terminal."""
LONGEST = 220
"""Characters of a finding or a reason."""
NAMED = 3
"""Sources that the answer names."""


def answer(evaluation: Evaluation, about: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of the answer, each with its sentences; that on the scope is there where one was given. ``about`` is
    what the report says of the snapshot."""
    worst = found(evaluation)
    said = evaluation.scope.sentences() if evaluation.scope else []
    return [{"question": "What was examined", "sentences": _examined(evaluation, about)},
            *([{"question": "Scope", "sentences": list(map(text.short, said))}] if said else []),
            {"question": "What was found", "sentences": _found(evaluation, worst)},
            {"question": "What could not be examined", "sentences": _not_examined(evaluation, about)},
            {"question": "What to do next", "sentences": _next(evaluation, about, worst)}]


def _examined(evaluation: Evaluation, about: dict[str, Any]) -> list[str]:
    framework = evaluation.framework
    contents = [f"{number:,} {name}" for name, number in about["counts"]]
    who = about["identity"] + (f" (groups: {', '.join(about['groups'])})" if about["groups"] else "")
    version = about["server_version"] or "of a version that was not recorded"
    return [
        f"The cluster {text.short(about['cluster'], 80)} (Kubernetes {version}) was examined against "
        f"{framework.title}, version {framework.version}: {text.count(len(evaluation.results), 'requirement')}.",
        f"It had {', '.join(contents[:-1])} and {contents[-1]} when it was observed, {about['observed']}.",
        f"It was read by {text.short(who or 'an identity that was not recorded', 160)}, with {about['collector']}, "
        f"from {text.short(about['source'], 120)}.",
        _complete(about)]


def _complete(about: dict[str, Any]) -> str:
    missing, sources = about["sources"] - about["read"], text.count(about["sources"], "source")
    said = (f"{about['read']} of {sources} were read completely; {missing} incomplete." if missing
            else f"All {sources} were read completely.")
    if other := about["not_whole"]:
        said += f" {text.count(other, 'table')} {'was' if other == 1 else 'were'} not collected as this version does."
    return said


def _found(evaluation: Evaluation, worst: list[Finding]) -> list[str]:
    statuses = evaluation.statuses
    failing = [result for result in evaluation.results if result.status in DEVIATING]
    if not failing:
        return ["No requirement fails on the available evidence.", _passing(statuses)]
    said = [_deviating(statuses, len(evaluation.results)), _passing(statuses)]
    if worst:
        said.append(f"{counted([{'severity': one.outcome.check.severity} for one in worst])}. The most severe:")
        said += [f"{_first_up(text.short(sentences.failing(one.outcome), LONGEST))}." for one in worst[:WORST]]
    if denied := sum(not attestation.entry.holds for result in failing for attestation in result.attestations):
        said.append(f"People state in writing that {text.count(denied, 'requirement')} "
                    f"{'is' if denied == 1 else 'are'} not met.")
    if accepted := sum(result.accepted for result in failing):
        risks = "is an accepted risk" if accepted == 1 else "are accepted risks"
        said.append(f"{accepted} of {_these(statuses)} {risks}; an accepted failure remains a failure.")
    return said


def _deviating(statuses: dict[str, int], total: int) -> str:
    """How many requirements fail, and how many have exceptions noted."""
    fail, noted, of = statuses["fail"], statuses["exception_noted"], text.count(total, "requirement")
    if not noted:
        return f"{fail} of {of} {'fails' if fail == 1 else 'fail'}."
    has = f"{'has' if noted == 1 else 'have'} exceptions noted: {PEOPLE}."
    return (f"{fail} of {of} {'fails' if fail == 1 else 'fail'}, and {noted} {has}" if fail
            else f"No requirement fails, and {noted} of {of} {has}")


def _these(statuses: dict[str, int]) -> str:
    return "the requirements with failures" if statuses["exception_noted"] else "the failing requirements"


def _passing(statuses: dict[str, int]) -> str:
    attested = f", {statuses['attested']} attested in writing" if statuses["attested"] else ""
    number = statuses["pass"]
    passing = f"{number} {'passes' if number == 1 else 'pass'}" if number else "None passes"
    return f"{passing}{attested}."


def _not_examined(evaluation: Evaluation, about: dict[str, Any]) -> list[str]:
    statuses, said = evaluation.statuses, []
    if about["gaps"]:
        said.append(f"{_first_up(_listed([gap['resource'] for gap in about['gaps']]))} "
                    f"{'was' if len(about['gaps']) == 1 else 'were'} not read completely.")
    if number := statuses["unknown"]:
        said.append(f"{text.count(number, 'requirement')} {'is' if number == 1 else 'are'} unknown, because evidence "
                    f"is missing. {commonest(evaluation)}. Unknown is not a pass.")
    if number := statuses["manual"]:
        said.append(f"{text.count(number, 'requirement')} {'needs' if number == 1 else 'need'} evidence from a person, "
                    "because a cluster cannot show all of it.")
    return [*said, "The report describes the cluster when it was observed, not over a period."]


def commonest(evaluation: Evaluation) -> str:
    """The reason that leaves most requirements unknown, and how many reasons there are."""
    reasons = Counter(reason for result in evaluation.results if result.status == "unknown"
                      for reason in dict.fromkeys(_why_unknown(result)))
    [(first, _)] = reasons.most_common(1)
    of = f"The most frequent of {len(reasons)} reasons" if len(reasons) > 1 else "The reason"
    return f"{of}: {text.short(first, LONGEST).rstrip('.')}"


def _why_unknown(result: Result) -> list[str]:
    """The sources that are missing, or else the most frequent reason of each check."""
    reasons = [outcome.reasons("unknown")[0][0] for outcome in result.outcomes if outcome.counts["unknown"]]
    return gaps_of(result.outcomes) or reasons or [result.reason.found]


def _listed(names: list[str]) -> str:
    """``kubelets``, ``pods and nodes``, ``the sources pods, nodes and 3 others``."""
    shown = [text.short(name, 80) for name in names[:NAMED]]
    last = f"{len(names) - NAMED} others" if len(names) > NAMED else shown.pop()
    listed = f"{', '.join(shown)} and {last}" if shown else last
    return f"the {'source' if len(names) == 1 else 'sources'} {listed}"


def _next(evaluation: Evaluation, about: dict[str, Any], worst: list[Finding]) -> list[str]:
    said = []
    if worst:
        first = worst[0].outcome.check
        said.append(f"Remedy the findings in their order. The first: {(first.remedy or first.title).rstrip('.')}.")
    if number := len(requests(evaluation).content["rows"]):
        said.append(f"Ask people for what the list of requests names: {text.count(number, 'request')}.")
    if about["gaps"]:
        said.append("Supply the sources that were not read completely, and collect again.")
    return said or ["Nothing: collect again, to show that it stays so."]


def _first_up(said: str) -> str:
    return said[:1].upper() + said[1:]
