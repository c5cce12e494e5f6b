"""Evaluations to export: a failure that is accepted, one that is not, unknown subjects, people's statements, a gap."""

import datetime as dt
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest
import report_worlds
from report_worlds import pod

from auditkit.evaluation.evaluation import Evaluation, evaluate
from auditkit.people.entries import Origin
from auditkit.people.exceptions import ExceptionEntry, RiskAcceptance, Selector

ACCEPTED = ExceptionEntry(
    owner="Platform team", reason="The agent sets up the network.", compensating_control="Two people may write there.",
    checks=[report_worlds.PRIVILEGED], subjects=[Selector(namespace="shop", name="agent")],
    granted=dt.date(2026, 1, 1), expires=dt.date(2026, 12, 31))
HOSTILE = "a\x1b[31m\u202e\x00]]>&<\"'=cmd"


def mixed(**outcomes: str) -> Evaluation:
    """Of four pods two fail, and a risk acceptance covers one of these."""
    objects = [pod("agent", privileged=True), pod("web", privileged=True), pod("db"), pod("api", namespace="lab")]
    return evaluate(report_worlds.snapshot(*objects, **outcomes), report_worlds.framework(),
                    [RiskAcceptance(ACCEPTED, Origin("risks.yaml", 3, "ab" * 32, Path("risks.yaml")))])


def hostile() -> Evaluation:
    """Names and a title that no program should take for anything but text."""
    return report_worlds.judged(pod(HOSTILE, privileged=True, namespace="lab"), title=HOSTILE, cluster=HOSTILE)


def total(evaluations: list[Evaluation], column: str) -> int:
    """How many verdicts of a kind the frames have."""
    return sum(int(one.requirements[column].sum()) for one in evaluations)


def schema(package: str, inside: str, name: str) -> Any:
    """An official JSON schema: of a package that ships it, else from the folder ``$AUDITKIT_SCHEMAS``; skips without."""
    given = Path(os.environ.get("AUDITKIT_SCHEMAS", "/nowhere"), name)
    spec = importlib.util.find_spec(package) if package else None
    path = Path(spec.origin).parent / inside if spec and spec.origin else given
    if not path.exists():
        pytest.skip(f"no {name}: give its folder as $AUDITKIT_SCHEMAS (docs/exports.md says where it comes from)")
    return json.loads(path.read_text())
