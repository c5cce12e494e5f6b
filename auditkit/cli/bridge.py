"""The command line's verb on the draft of a bridge letter."""

from pathlib import Path
from typing import Annotated

import typer

from auditkit.cli.options import Attestations, Categories, Checks, Controls, Exceptions, PssVersion, Scope


def bridge(
    store: Annotated[str, typer.Argument(help="Folder or URL of the store.")],
    framework: Annotated[str, typer.Option("--framework", "-f", help="Framework.")],
    since: Annotated[str, typer.Option(
        "--since", help="Last day (UTC) of the period that was examined, such as 2026-09-30.")],
    until: Annotated[str, typer.Option(
        "--until", help="Last day of the letter. Default: that of the newest snapshot.")] = "",
    cluster: Annotated[str, typer.Option("--cluster", help="Name or UID of the cluster, in a store of several.")] = "",
    conclusions: Annotated[Path | None, typer.Option(
        "--conclusions", help="YAML file or folder with auditors' conclusions, to be shown beside what changed "
        "since.")] = None,
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", help="File to write (Markdown). One that exists is not overwritten. Default: "
        "stdout.")] = None,
    exceptions: Exceptions = None, attestations: Attestations = None, controls: Controls = None,
    checks: Checks = [], scope: Scope = None, categories: Categories = "", pss_version: PssVersion = "",  # noqa: B006
) -> None:
    """Write the draft of a bridge letter.

    It tells what snapshots show of the days after a period that was examined: what was snapshotted, which requirements
    changed and why, deviations, changes of high weight, and what cannot be said. People complete and sign it.
    """
    from auditkit.api import over_time
    from auditkit.base import whole
    from auditkit.exports.letter import letter

    if output:
        whole.verify_new(output)
    text = letter(over_time.bridge(
        store, framework, since, until, cluster=cluster, conclusions=conclusions, exceptions=exceptions,
        attestations=attestations, controls=controls, checks=checks,
        scope=scope, categories=categories, pss_version=pss_version))
    if output:
        whole.write_new(output, text.encode())
        print(output)
    else:
        typer.echo(text, nl=False)
