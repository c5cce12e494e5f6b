"""kube-hunter: weaknesses that it found from outside, or from within a pod. The project is archived.

``evidence`` is never decoded: it is what was found, such as tokens and secrets.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import Document, Finding, Gap, Row
from auditkit.scans.vocabulary import Text, text

NAME = "kube-hunter"
PROVIDES = frozenset({"state"})

_POD = re.compile(r"Local to Pod \((?P<name>[^)]+)\)")


class _Vulnerability(msgspec.Struct, gc=False):
    location: Text = None
    vid: Text = None
    category: Text = None
    severity: Text = None
    vulnerability: Text = None
    description: Text = None


def recognise(document: Document) -> bool:
    """Nodes, services and vulnerabilities side by side."""
    head = document.head
    return isinstance(head, dict) and "vulnerabilities" in head and "services" in head and "nodes" in head


def read(document: Document) -> Iterator[Row]:
    """A finding for each vulnerability. Where it found nothing to hunt, that is a gap."""
    head = document.outline("vulnerabilities[]")
    if not head.get("nodes") and not head.get("services"):
        yield Gap("it found no node and no service, so it tested nothing")
    for _, found in document.each("vulnerabilities[]", _Vulnerability):
        yield _finding(found)


def _finding(found: _Vulnerability) -> Any:
    location, rule = text(found.location), text(found.vid)
    pod = _POD.search(location or "")
    return Finding(
        rule=text(found.vulnerability) if rule in (None, "None") else rule, title=text(found.vulnerability),
        status="fail", tool_severity=text(found.severity), kind="Pod" if pod else None,
        name=pod["name"] if pod else location, message=text(found.description), category="exposure",
    )
