"""JUnit XML: a test suite for each requirement, a test case for each of its verdicts, for the pages of CI systems.

``fail`` is a failure, ``unknown`` an error, ``not_applicable`` skipped. A suite's name has the status of its
requirement: that all its cases pass does not mean that a manual requirement is met. Where no verdict says why a
requirement fails or is unknown, a case of its own does.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from auditkit.base.hostile_text import one_line, visible
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Result
from auditkit.evaluation.words import word
from auditkit.exports.judged import Evaluations, Left, acceptances, left_out, listed, of, scope, unsaid

_ELEMENTS = {"fail": "failure", "unknown": "error", "not_applicable": "skipped"}
_COUNTS = {"failures": "failure", "errors": "error", "skipped": "skipped"}


@dataclass(frozen=True)
class _Case:
    name: str
    group: str
    verdict: str
    reason: str
    detail: str = ""


def encoded(evaluations: Evaluations) -> bytes:
    """One document with the suites of all evaluations."""
    root = ElementTree.Element("testsuites", name="auditkit")
    for evaluation in listed(evaluations):
        root.extend(_suite(evaluation, result) for result in evaluation.results)
        root.extend(_outside(evaluation, left) for left in left_out(evaluation))
    _count(root, list(root.iter("testcase")))
    ElementTree.indent(root)
    content: bytes = ElementTree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + content + b"\n"


def _suite(evaluation: Evaluation, result: Result) -> ElementTree.Element:
    """A requirement."""
    stated = result.requirement
    return _of(evaluation, f"{stated.id} {stated.title}", result.status, str(result.reason), _cases(evaluation, result))


def _outside(evaluation: Evaluation, left: Left) -> ElementTree.Element:
    """A requirement that the scope leaves out: one case, which is skipped."""
    case = _Case(f"{left.id}: scope", f"{evaluation.framework.framework}.{left.id}", "not_applicable", left.reason)
    return _of(evaluation, f"{left.id} {left.title}", "out of scope", left.reason, [case])


def _of(evaluation: Evaluation, called: str, status: str, reason: str, found: Iterable[_Case]) -> ElementTree.Element:
    """A suite of these cases."""
    framework, manifest, said = evaluation.framework.framework, evaluation.snapshot.manifest, scope(evaluation)
    suite = ElementTree.Element("testsuite", {
        "name": one_line(f"{framework} {called} [{word(status)}]"),
        "timestamp": f"{manifest.moment:%Y-%m-%dT%H:%M:%S}", "time": "0"})
    properties = ElementTree.SubElement(suite, "properties")
    for name, value in (("status", status), ("reason", reason), ("cluster", manifest.cluster),
                        ("snapshot", evaluation.snapshot.digest), *([("scope", said)] if said else [])):
        ElementTree.SubElement(properties, "property", name=name, value=one_line(value))
    cases = [_element(case) for case in found]
    suite.extend(cases)
    _count(suite, cases)
    return suite


def _cases(evaluation: Evaluation, result: Result) -> Iterator[_Case]:
    framework, stated = evaluation.framework.framework, result.requirement
    if status := unsaid(result):
        yield _Case(f"{stated.id}: evidence", f"{framework}.{stated.id}", status, str(result.reason))
    for judged in of(evaluation, result):
        check = judged.outcome.check
        said = acceptances(evaluation, stated.id, check.name)
        for verdict in judged.verdicts():
            detail = "\n".join(filter(None, (
                verdict.reason, verdict.seen and f"observed: {verdict.seen}",
                check.expected and f"expected: {check.expected}", check.remedy,
                verdict.team and f"team: {verdict.team}", f"accepted: {said}" if verdict.accepted else "")))
            yield _Case(f"{check.name}: {verdict.subject}", f"{framework}.{stated.id}", verdict.verdict,
                        f"{check.title} {verdict.reason}", f"{check.severity} severity\n{detail}")


def _element(case: _Case) -> ElementTree.Element:
    element = ElementTree.Element("testcase", name=one_line(case.name), classname=one_line(case.group), time="0")
    if kind := _ELEMENTS.get(case.verdict):
        said = ElementTree.SubElement(element, kind, message=one_line(case.reason))
        said.text = visible(case.detail)
        if kind != "skipped":
            said.set("type", case.verdict)
    elif case.verdict != "pass":
        raise ValueError(f"JUnit has no element for {case.verdict}")
    return element


def _count(element: ElementTree.Element, cases: list[ElementTree.Element]) -> None:
    element.set("tests", str(len(cases)))
    for name, kind in _COUNTS.items():
        element.set(name, str(sum(case.find(kind) is not None for case in cases)))
