"""JUnit: read by junitparser; unknown is an error, and never passes."""

from collections import Counter

import report_worlds
from export_worlds import hostile, mixed, total
from junitparser import Error, Failure, JUnitXml, Skipped

from auditkit.api import evaluating
from auditkit.exports import junit
from auditkit.exports.judged import unsaid
from auditkit.snapshots.snapshot import Snapshot


def test_cases_have_the_numbers_of_the_frames(acme: Snapshot) -> None:
    evaluations = [evaluating.evaluate(acme, "hipaa"), evaluating.evaluate(acme, "cis-kubernetes")]
    found = JUnitXml.fromstring(junit.encoded(evaluations))
    kinds = Counter(type(case.result[0]) if case.result else None for suite in found for case in suite)
    silent = Counter(unsaid(result) for one in evaluations for result in one.results)
    assert silent["unknown"] > 0
    assert kinds == {None: total(evaluations, "passed"), Failure: total(evaluations, "failed") + silent["fail"],
                     Error: total(evaluations, "unknown") + silent["unknown"],
                     Skipped: total(evaluations, "not_applicable")}
    assert (found.tests, found.failures, found.errors, found.skipped) == (
        sum(kinds.values()), kinds[Failure], kinds[Error], kinds[Skipped])


def test_a_requirement_whose_evidence_has_a_gap_is_an_error() -> None:
    (suite, *_) = JUnitXml.fromstring(junit.encoded(report_worlds.judged(pods="forbidden")))
    assert suite.name.endswith("[unknown]") and suite.errors == suite.tests == 1


def test_a_manual_requirement_has_no_case_that_passes() -> None:
    *_, people = JUnitXml.fromstring(junit.encoded(mixed()))
    assert people.name == "house 2.1 Somebody is in charge [manual]" and people.tests == 0


def test_control_characters_are_written_out() -> None:
    found = JUnitXml.fromstring(junit.encoded(hostile()))
    assert any("\\u{1b}[31m\\u{202e}\\u{0}]]>&<" in case.name for suite in found for case in suite)
