"""kube-bench: the CIS benchmarks as it judged them on one node. The file does not say which node, or when.

``actual_value`` is never decoded, and of ``reason`` only that there is one is kept where it is more than a mark:
they are the output of commands, with the arguments of processes.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import Document, Finding, Gap, Reference, Row
from auditkit.scans.vocabulary import Text, benchmark, text

NAME = "kube-bench"
PROVIDES = frozenset({"nodes"})
NAMED_BY_FILE = True

_STATUS = {"PASS": "pass", "FAIL": "fail", "WARN": "warn", "INFO": "skip"}


class _Result(msgspec.Struct, gc=False):
    test_number: str
    test_desc: Text = None
    type: Text = None
    status: Text = None
    remediation: Text = None
    reason: Text = None
    expected_result: Text = None


class _Section(msgspec.Struct, gc=False):
    results: list[_Result] | None = None
    passed: int = msgspec.field(name="pass", default=0)
    fail: int = 0
    warn: int = 0
    info: int = 0


class _Controls(msgspec.Struct, gc=False):
    tests: list[_Section] | None = None
    version: Text = None


def recognise(document: Document) -> bool:
    """Controls with sections of tests, in a list, under ``Controls``, or one after another."""
    return any(isinstance(controls, dict) and isinstance(controls.get("tests"), list) and "node_type" in controls
               for controls in _candidates(document.head))


def _candidates(head: Any) -> list[Any]:
    if isinstance(head, dict):
        head = head.get("Controls", [head])
    return head if isinstance(head, list) else []


def read(document: Document) -> Iterator[Row]:
    """A finding for each test, with the number of the benchmark and its version."""
    for controls in _controls(document):
        version = benchmark(text(controls.version)) or "cis"
        for section in controls.tests or ():
            results = section.results or []
            for result in results:
                yield _finding(result, version)
                yield Reference(rule=result.test_number, framework=version, reference=result.test_number)
            stated = section.passed + section.fail + section.warn + section.info
            if stated > len(results):
                yield Gap("it counts results that it does not list", stated - len(results))


def _controls(document: Document) -> Iterator[_Controls]:
    if document.form == "json":
        path = "[]" if isinstance(document.head, list) else "Controls[]"
        if path == "[]" or "Controls" in document.head:
            document.outline(path)
            yield from (controls for _, controls in document.each(path, _Controls))
            return
    for value in document.values():
        yield from (msgspec.convert(controls, _Controls) for controls in _candidates(value))


def _finding(result: _Result, version: str) -> Any:
    status = text(result.status)
    manual = result.type == "manual" and status == "WARN"
    return Finding(
        rule=result.test_number, rule_id=f"{version}/{result.test_number}", title=text(result.test_desc),
        status="manual" if manual else _STATUS.get(status or "", "unknown"), tool_status=status,
        kind="Node", message=_message(result), remedy=text(result.remediation), category="infra",
    )


def _message(result: _Result) -> str | None:
    reason = text(result.reason)
    if reason is None:
        return text(result.expected_result)
    return reason if reason.startswith("Test marked as ") else "the check itself failed"
