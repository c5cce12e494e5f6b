"""Right uses of the public functions: each gives what it says."""

from collections.abc import Iterable
from pathlib import Path
from typing import assert_type

import auditkit
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.explain import Explanation
from auditkit.framework.model import Framework
from auditkit.history.bridge import Bridge


def progress(what: str, done: int, total: int, outcome: str) -> None:
    """One resource is read."""


snap = auditkit.collect(recording=Path("recording"), complete=["pods"], taken_at="2026-01-31", progress=progress)
assert_type(snap, auditkit.Snapshot)
assert_type(auditkit.open("demo"), auditkit.Snapshot)
assert_type(auditkit.demo().path, Path | None)
assert_type(snap.gaps("pods"), list[str])
assert_type(auditkit.frameworks(), list[str])
assert_type(auditkit.load_framework("soc2"), Framework)
assert_type(auditkit.explain(snap, "5.1.1"), Explanation)
assert_type(auditkit.bridge("snapshots", "soc2", "2026-09-30", conclusions="conclusions.yaml"), Bridge)
assert_type(auditkit.conclude(snap, "soc2"), Path)
assert_type(auditkit.propose_rights(snap, "alice", days=30, margin=True, logs=["audit.log"]).refused, int)
assert_type(auditkit.conclude_from("soc2-workpapers.xlsx"), tuple[Path, int])
evaluation = auditkit.evaluate(snap, "soc2", exceptions="people/exceptions.yaml", checks=["acme_checks.py"])
assert_type(evaluation, Evaluation)
statuses: Iterable[str] = (result.status for result in evaluation.results)
