"""Several frameworks together: all their requirements, each verdict by the same outcome, what people add to each alone."""

from pathlib import Path

import pytest

from auditkit.api import evaluating
from auditkit.errors import UsageError
from auditkit.snapshots.snapshot import Snapshot

EXCEPTION = """
exceptions:
  - {owner: Platform, reason: r, compensating_control: c, framework: pss-baseline, checks: [pss.privileged],
     granted: 2026-01-10, expires: 2026-12-31}
"""
SCOPE = """
scope:
  system: Portal
  decided_by: Jane Roe
  decided_on: 2026-01-12
  period: 2026-11-23
  exclude: [{framework: pss-restricted, requirements: [privileged], reason: Not asked for.}]
"""


def test_the_statuses_are_those_of_each_framework_alone(acme: Snapshot) -> None:
    both = evaluating.evaluate(acme, "pss-baseline+pss-restricted")
    alone = {f"{name} {row.id}": row.status for name in ("pss-baseline", "pss-restricted")
             for row in evaluating.evaluate(acme, name).requirements.itertuples()}
    assert dict(zip(both.requirements["id"], both.requirements["status"], strict=True)) == alone
    found = [outcome for result in both.results for outcome in result.outcomes if outcome.check.name == "pss.privileged"]
    assert len(found) == 2 and found[0] is found[1]


def test_what_people_add_to_one_framework_stays_there(acme: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "e.yaml").write_text(EXCEPTION)
    (tmp_path / "s.yaml").write_text(SCOPE)
    judged = evaluating.evaluate(acme, "pss-baseline+pss-restricted", exceptions=tmp_path / "e.yaml")
    accepted = judged.requirements.set_index("id")["accepted"]
    assert accepted["pss-baseline privileged"] and not accepted["pss-restricted privileged"]
    scoped = evaluating.evaluate(acme, "pss-baseline+pss-restricted", scope=tmp_path / "s.yaml")
    assert scoped.scope.requirements["requirement"].tolist() == ["pss-restricted privileged"]
    assert "pss-baseline privileged" in scoped.requirements["id"].tolist()


def test_a_scope_that_cuts_frameworks_differently_is_refused(acme: Snapshot, tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCOPE.partition("  exclude")[0] + "  ephi: {names: [billing]}\n")
    with pytest.raises(UsageError, match="Report them apart"):
        evaluating.evaluate(acme, "nsa-cisa+hipaa", scope=tmp_path / "s.yaml")
