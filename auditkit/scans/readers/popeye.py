"""Popeye: its report as JSON or YAML, in the old form (``sanitizers``) and the new one (``sections``).

Source: https://popeyecli.io and the report builder of its source.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from auditkit.scans.model import About, Document, Finding, Gap, Row
from auditkit.scans.vocabulary import group, moment
from auditkit.scans.words import is_namespaced, kind_of

NAME = "popeye"
PROVIDES = frozenset({"state"})

_LEVELS: dict[int | None, tuple[str | None, str]] = {
    0: ("ok", "pass"), 1: ("info", "warn"), 2: ("warning", "warn"), 3: ("error", "fail")}
_CODE = re.compile(r"\[(POP-\d+)\]\s*")
_ROOT = "__root__"
# What the linters are called in old reports; new ones have the plural of the resource.
_SHORT = {
    "po": "Pod", "dp": "Deployment", "sts": "StatefulSet", "ds": "DaemonSet", "svc": "Service", "cm": "ConfigMap",
    "sec": "Secret", "sa": "ServiceAccount", "ns": "Namespace", "no": "Node", "pv": "PersistentVolume",
    "pvc": "PersistentVolumeClaim", "hpa": "HorizontalPodAutoscaler", "ing": "Ingress", "np": "NetworkPolicy",
    "pdb": "PodDisruptionBudget", "rs": "ReplicaSet", "ro": "Role", "rb": "RoleBinding", "cr": "ClusterRole",
    "crb": "ClusterRoleBinding", "psp": "PodSecurityPolicy", "cl": "Cluster", "sc": "StorageClass",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler", "podsecuritypolicies": "PodSecurityPolicy",
    "cluster": "Cluster", "job": "Job", "cj": "CronJob", "gw": "Gateway", "gwc": "GatewayClass", "gwr": "HTTPRoute",
}


class _Issue(msgspec.Struct):
    group: str | None = None
    level: int | None = None
    message: str | None = None


class _Section(msgspec.Struct):
    linter: str | None = None
    sanitizer: str | None = None
    gvr: str | None = None
    issues: dict[str, list[_Issue] | None] | None = None


class _Popeye(msgspec.Struct):
    report_time: str | None = None
    errors: list[Any] | None = None


class _Report(msgspec.Struct):
    popeye: _Popeye
    cluster: str | None = msgspec.field(name="ClusterName", default=None)


def recognise(document: Document) -> bool:
    """A report under the key ``popeye``."""
    report = document.head.get("popeye") if isinstance(document.head, dict) else None
    return isinstance(report, dict) and bool(report.keys() & {"sections", "sanitizers", "score", "grade"})


def read(document: Document) -> Iterator[Row]:
    """A finding for each issue, and for each object without any."""
    try:
        report = msgspec.convert(document.outline("popeye.sections[]", "popeye.sanitizers[]"), _Report)
        yield About(time=moment(report.popeye.report_time), cluster=report.cluster)
        if report.popeye.errors:
            yield Gap(f"Popeye could not check everything: it reported {len(report.popeye.errors)} errors")
    except msgspec.ValidationError as error:
        yield Gap(f"its metadata could not be read ({error})")
    for _, section in document.each("popeye.sections|sanitizers[]", _Section):
        for key, issues in (section.issues or {}).items():
            for issue in issues or [_Issue(level=0)]:
                yield _finding(section, key, issue)


def _finding(section: _Section, key: str, issue: _Issue) -> Row:
    linter = section.linter or section.sanitizer
    kind, namespace, name = _object(section, linter, key)
    code = _CODE.match(issue.message or "")
    severity, status = _LEVELS.get(issue.level, (None, "unknown"))
    return Finding(
        rule=code[1] if code else linter, title=_CODE.sub("", issue.message) if issue.message else None,
        status=status, tool_status=str(issue.level), tool_severity=severity, category="misconfiguration",
        api_group=group(section.gvr.rpartition("/")[0]) if section.gvr else None, kind=kind,
        namespace=namespace, name=name, container=issue.group if issue.group not in (None, "", _ROOT) else None,
    )


def _object(section: _Section, linter: str | None, key: str) -> tuple[str | None, str | None, str]:
    word = (section.gvr or linter or "").rpartition("/")[2]
    kind = _SHORT.get(word) or kind_of(word)
    namespace, _, name = key.rpartition("/")
    return kind, namespace or None if is_namespaced(kind) else None, name
