"""`auditkit policies`: what proposed admission policies would do with the objects of a snapshot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.choosing import Chosen, opened
from auditkit.cli.console import Format

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ["outcome", "policy", "kind", "namespace", "name", "reason"]


def policies(
    snapshot: Chosen,
    policies: Annotated[Path | None, typer.Option(
        "--policies", help="YAML file, or folder of YAML files, with ValidatingAdmissionPolicies, their bindings and "
        "parameters. A policy without a binding is taken to deny.")] = None,
    allowed: Annotated[bool, typer.Option("--allowed", help="Print the objects that are allowed too.")] = False,
    format: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.text,
) -> None:
    """Show which objects proposed admission policies would refuse.

    Each object of the snapshot is decided as if it were created now, by the rules of the API server. What an expression
    reads and the snapshot does not have makes the outcome unknown, and is named.
    """
    from auditkit.api.what_if import policy_decisions

    found = policy_decisions(opened(snapshot), policies)
    shown = found if allowed else found[found["outcome"] != "allowed"]
    if format is Format.text:
        reasons = shown.assign(reason=shown["message"].fillna(shown["why"]))
        console.table("What the policies would do", _SHOWN, console.cells(reasons[_SHOWN]))
    else:
        console.records(console.rows_of(shown), format)
    console.say(_summary(found))
    for gap in found.attrs["gaps"]:
        console.say(f"objects may be missing: {gap}", "yellow")


def _summary(found: "pd.DataFrame") -> str:
    """How many decisions have which outcome."""
    counts = found["outcome"].value_counts()
    parts = [f"{count} {outcome}" for outcome, count in counts.items()]
    return f"{len(found)} decisions: {', '.join(parts) or 'the policies match no object'}"
