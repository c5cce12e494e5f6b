"""`auditkit evaluate --manifests`: what manifests would bring, before they are applied."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.cli import console, effects
from auditkit.cli.console import Format

if TYPE_CHECKING:
    from auditkit.snapshots.snapshot import Snapshot

SARIF = "sarif"


def evaluate(snapshot: "Snapshot | None", manifests: Path, frameworks: list[str], format: str, fail_on: list[str],
             **options: Any) -> bool:
    """Print what manifests would bring, alone or to a snapshot. True if a threshold is crossed."""
    from auditkit.api.simulating import simulate

    found = simulate(snapshot, manifests, frameworks=frameworks, **options)
    if format == SARIF:
        from auditkit.exports import sarif_changes

        sys.stdout.write(sarif_changes.encoded(found).decode())
    elif format == Format.text:
        effects.table("Would be refused, or may be", found.refused)
        effects.verdicts(found)
    else:
        old = found.changes["change"] == "still open"
        news = console.rows_of(found.changes[~old])
        still = console.rows_of(found.changes[old & found.changes["line"].notna()])
        refused = console.rows_of(found.refused)
        if format == Format.json:
            console.as_json({
                "simulated": found.simulation.after.manifest.simulated,
                "before": console.about(found.simulation.before), "refused": refused, "changes": [*news, *still],
                "requirements": [{"framework": name, **row} for name, each in found.verdicts.items()
                                 for row in console.rows_of(each.requirements)],
                "not_simulated": [*found.simulation.left_out, *found.simulation.tests],
                "not_known": found.refused.attrs["gaps"]})
        else:
            console.records([{"what": "refused", **row} for row in refused]
                            + [{"what": "verdict", **row} for row in (*news, *still)], Format.jsonl)
    effects.doubts(found)
    console.say(effects.summary(found))
    return any(found.crosses(each) for each in fail_on)
