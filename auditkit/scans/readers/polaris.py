"""Polaris: checks of workloads, their pods and containers, passed ones too (``polaris audit --format json|yaml``)."""

from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Row
from auditkit.scans.vocabulary import Text, moment, text

NAME = "polaris"
PROVIDES = frozenset({"state"})


class _Check(msgspec.Struct, gc=False):
    ID: Text = None
    Message: Text = None
    Success: bool | None = None
    Severity: Text = None


_Checks = dict[str, _Check] | None
_VERDICTS: dict[bool | None, str] = {True: "pass", False: "fail"}


class _Container(msgspec.Struct, gc=False):
    Name: Text = None
    Results: _Checks = None


class _Pod(msgspec.Struct, gc=False):
    Results: _Checks = None
    ContainerResults: list[_Container] | None = None


class _Controller(msgspec.Struct, gc=False):
    Name: Text = None
    Namespace: Text = None
    Kind: Text = None
    Results: _Checks = None
    PodResult: _Pod | None = None


def recognise(document: Document) -> bool:
    """The version of its output, or results under the time of an audit."""
    head = document.head
    return isinstance(head, dict) and (
        "PolarisOutputVersion" in head or {"AuditTime", "Results", "SourceType"} <= head.keys())


def read(document: Document) -> Iterator[Row]:
    """A finding for each check of a workload, its pod and its containers."""
    head = document.outline("Results[]")
    live = head.get("SourceType") == "Cluster"
    yield About(time=moment(head.get("AuditTime")), cluster=text(head.get("SourceName")) if live else None)
    for _, controller in document.each("Results[]", _Controller):
        pod = controller.PodResult or _Pod()
        levels: list[tuple[str | None, _Checks]] = [(None, controller.Results), (None, pod.Results)]
        levels += [(text(container.Name), container.Results) for container in pod.ContainerResults or ()]
        for container, checks in levels:
            for name, check in (checks or {}).items():
                yield _finding(controller, container, name, check)


def _finding(controller: _Controller, container: str | None, name: str, check: _Check) -> Any:
    rule, severity = text(check.ID) or name, text(check.Severity)
    ignored = severity == "ignore" and check.Success is False
    return Finding(
        rule=rule, title=rule, message=text(check.Message), tool_severity=severity, category="misconfiguration",
        status="skip" if ignored else _VERDICTS.get(check.Success, "unknown"),
        tool_status=None if check.Success is None else f"Success: {str(check.Success).lower()}",
        kind=text(controller.Kind), namespace=text(controller.Namespace), name=text(controller.Name),
        container=container,
    )
