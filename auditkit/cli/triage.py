"""What to do first, for people: the beginning of `evaluate`, and the end of what makes reports."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from auditkit.base.hostile_text import count
from auditkit.cli import console

if TYPE_CHECKING:
    from pathlib import Path

    from auditkit.evaluation.evaluation import Evaluation
    from auditkit.reports.triage import Triage

_COLUMNS = ["severity", "finding", "where", "whose", "remedy", "requirements"]


def show(judged: Sequence["Evaluation"]) -> "Triage":
    """Print what fails worst, of whom, and what to do; returns it."""
    from auditkit.reports.triage import triage

    found = triage(judged)
    cluster = judged[0].snapshot.manifest.cluster
    several = len(judged) > 1
    if not found.total:
        console.line(f"{cluster}: {_nothing(found)}.", style="bold")
    else:
        title = f"Fix first on {cluster}: {len(found.first)} of {found.counted}"
        if console.out.is_terminal:
            _blocks(title, found, several)
        else:
            console.table(title, _COLUMNS, ((
                each["severity"], each["finding"], each["namespaces"], each["owners"], each["remedy"],
                _requirements(each, several)) for each in found.first))
    for sentence in _rest(judged, found):
        console.line(sentence)
    if console.out.is_terminal:
        console.line("")
    return found


def _blocks(title: str, found: "Triage", several: bool) -> None:
    console.line(title, style="bold")
    for each in found.first:
        console.line(f"{each['severity']}: {each['finding']}", style=console.STYLES[each["severity"]])
        for label, said in (("where", each["namespaces"]), ("whose", each["owners"]), ("to do", each["remedy"]),
                            ("for", _requirements(each, several))):
            if said:
                console.line(f"{label + ':':<7}{said}", indent=2, hang=7)


def answer(judged: Sequence["Evaluation"], page: "Path") -> str:
    """Tell on stderr what reports found, in a few sentences, and the one file to open.

    Returns a requirement that the worst finding is about; empty where none is named.
    """
    from auditkit.reports.triage import triage

    found = triage(judged, 1)
    fails = [f"{one.statuses['fail']} of {count(len(one.results), 'requirement')} of {one.framework.framework}"
             for one in judged]
    cluster = judged[0].snapshot.manifest.cluster
    console.say(f"{cluster}: {', '.join(fails)} fail.", "bold")
    if found.first:
        worst = found.first[0]
        console.say(f"{found.counted}. The worst: {worst['finding']} Where: {worst['namespaces']}. To do: "
                    f"{worst['remedy']}")
    else:
        console.say(f"{cluster}: {_nothing(found)}.")
    for sentence in _rest(judged, found):
        console.say(sentence)
    console.say(f"Open {page}", "bold")
    return a_requirement(found)


def a_requirement(found: "Triage") -> str:
    """A requirement that the worst finding is about; empty where there is none."""
    return next((ids[0] for each in found.first[:1] for ids in each["requirements"].values()), "")


def _nothing(found: "Triage") -> str:
    """What is said where no finding is left."""
    return "each finding is an accepted risk" if found.accepted else "no check fails on the available evidence"


def _rest(judged: Sequence["Evaluation"], found: "Triage") -> list[str]:
    """What is no finding, but no pass either."""
    from auditkit.reports.panels.answer import PEOPLE, commonest

    said = []
    if found.accepted and found.total:
        said.append(f"{count(found.accepted, 'other finding')} {_are(found.accepted)} accepted throughout.")
    if noted := sum(one.statuses["exception_noted"] for one in judged):
        said.append(f"{count(noted, 'requirement')} {'has' if noted == 1 else 'have'} exceptions noted: {PEOPLE}.")
    unknown = [(one.statuses["unknown"], one) for one in judged if one.statuses["unknown"]]
    if total := sum(number for number, _ in unknown):
        most = max(unknown, key=lambda each: each[0])[1]
        said.append(f"{count(total, 'requirement')} {_are(total)} unknown, because evidence is missing. "
                    f"{commonest(most)}.")
    if manual := sum(one.statuses["manual"] for one in judged):
        said.append(f"{count(manual, 'requirement')} {'needs' if manual == 1 else 'need'} evidence from a person.")
    return said


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _requirements(each: dict[str, Any], several: bool) -> str:
    """The requirements of a finding: ``cis-kubernetes 5.1.8; soc2 CC6.1, CC6.3``."""
    return "; ".join(f"{f'{framework} ' if several else ''}{', '.join(ids)}"
                     for framework, ids in each["requirements"].items())
