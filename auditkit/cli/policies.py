"""`auditkit policies`: what admission policies would do with the objects of a snapshot."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.console import Format
from auditkit.cli.options import PssVersion

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = ["outcome", "policy", "kind", "namespace", "name", "reason"]


def policies(
    snapshot: ChosenOrNewest = "",
    policies: Annotated[Path | None, typer.Option(
        "--policies", help="YAML file, or folder of YAML files, with ValidatingAdmissionPolicies, their bindings and "
        "parameters. A policy without a binding is taken to deny. Default: the policies of the cluster.")] = None,
    enforce: Annotated[str, typer.Option(
        "--enforce", help="Level of the Pod Security Standards to try instead: baseline or restricted.")] = "",
    namespace: Annotated[list[str], typer.Option(
        "--namespace", "-n", help="Only objects of this namespace. Can be repeated.")] = [],  # noqa: B006
    pss_version: PssVersion = "",
    allowed: Annotated[bool, typer.Option("--allowed", help="Print the objects that are allowed too.")] = False,
    format: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.text,
) -> None:
    """Show which objects the admission policies of a cluster, or proposed ones, would refuse.

    Each object of the snapshot is decided as if it were created now, by the rules of the API server. If an
    expression reads a value that the snapshot does not have, the outcome is unknown and the value is named. With
    --enforce, a level of the Pod Security Standards is tried on the pods.
    """
    from auditkit.api.what_if import policy_decisions

    found = policy_decisions(opened(snapshot), policies, enforce=enforce, namespaces=namespace, pss_version=pss_version)
    shown = found if allowed else found[found["outcome"] != "allowed"]
    if format is Format.text:
        reasons = shown.assign(reason=shown["message"].fillna(shown["why"]))
        console.table(_title(policies, enforce), _SHOWN, console.cells(reasons[_SHOWN]))
    else:
        console.records(console.rows_of(shown), format)
    console.say(_summary(found))
    for note in found.attrs["notes"]:
        console.say(note)
    for gap in found.attrs["gaps"]:
        console.say(f"objects may be missing: {gap}", "yellow")


def _title(policies: Path | None, enforce: str) -> str:
    if enforce:
        return f"What Pod Security would do at the level {enforce}"
    return "What the policies would do" if policies else "What the policies of the cluster would do"


def _summary(found: "pd.DataFrame") -> str:
    """How many decisions have which outcome."""
    counts = found["outcome"].value_counts()
    parts = [f"{count} {outcome}" for outcome, count in counts.items()]
    nothing = "whether policies match an object is not known" if found.attrs["gaps"] else "no policy matches an object"
    return f"{len(found)} decisions: {', '.join(parts) or nothing}"
