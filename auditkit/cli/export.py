"""``auditkit export``: the results of an evaluation for other programs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

Formats = Annotated[str, typer.Option(
    "--format", help="oscal, sarif, ocsf, junit, policyreport (wgpolicyk8s.io) or openreports.")]
Output = Annotated[str, typer.Option("--output", "-o", help="File to write. Default: - (stdout).")]
Exceptions = Annotated[Path | None, typer.Option(
    "--exceptions", help="YAML file or folder with risk acceptances. What they cover remains a failure.")]
Attestations = Annotated[Path | None, typer.Option(
    "--attestations", help="YAML file or folder with attestations.")]
Controls = Annotated[Path | None, typer.Option("--controls", help="Folder with your own frameworks (YAML).")]
Checks = Annotated[list[Path], typer.Option("--checks", help="Python file with your own checks. Can be repeated.")]
PssVersion = Annotated[str, typer.Option("--pss-version", help="Version of the Pod Security Standards.")]


def export(
    snapshot: Annotated[str, typer.Argument(help="Folder of the snapshot, or 'demo'.")], format: Formats,
    framework: Annotated[list[str] | None, typer.Option(
        "--framework", "-f", help="Framework to evaluate. Can be repeated. Default: cis-kubernetes, soc2, "
        "hipaa.")] = None,
    output: Output = "-", exceptions: Exceptions = None, attestations: Attestations = None, controls: Controls = None,
    checks: Checks = [], pss_version: PssVersion = "",  # noqa: B006 - typer copies it
) -> None:
    """Write results for other programs.

    All frameworks are in one document. With a file, its path is printed.
    """
    from auditkit import api
    from auditkit.base import whole

    content = api.export(snapshot, format, framework or api.DEFAULT_FRAMEWORKS, exceptions=exceptions,
                         attestations=attestations, controls=controls, checks=checks, pss_version=pss_version)
    if output == "-":
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    else:
        whole.write(Path(output), content)
        print(output)
