"""The command line's verb that proves evidence to be as it was written."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.base.hostile_text import count
from auditkit.cli import console

if TYPE_CHECKING:
    from auditkit.snapshots.verifying import Verification


class Format(StrEnum):
    """Output formats."""

    text = "text"
    json = "json"


def verify(
    path: Annotated[str, typer.Argument(help="Store, folder of a cluster, snapshot (or the URL of one of them), report "
                                             "(PDF or notebook) or bundle.")],
    store: Annotated[str | None, typer.Option(
        "--store", help="For a report: store that has its snapshot, to compute its figures anew.")] = None,
    trust: Annotated[list[Path], typer.Option(
        "--trust", help="File with the public key of a signer. Then everything must be signed with such a key. Can be "
        "repeated.")] = [],  # noqa: B006 - typer copies it
    tsa_ca: Annotated[Path | None, typer.Option(
        "--tsa-ca", help="File with the certificates (PEM) of a time-stamp authority's CA. Then every signature must "
        "have its time stamp. Self-signed certificates are the trusted roots, others intermediates.")] = None,
    format: Annotated[Format, typer.Option("--format", help="Output format.")] = Format.text,
) -> None:
    """Verify that evidence is as it was written.

    Names what was changed, added or taken away, and who signed what and when. Needs no network. Exits with 1 if
    anything is wrong.
    """
    from auditkit.api import signing

    found = signing.verify(path, store, trust=trust, tsa_ca=tsa_ca)
    if format is Format.json:
        console.as_json({"findings": [asdict(each) for each in found.findings], "snapshots": found.snapshots,
                         "files": found.files, "bytes": found.bytes, "chains": found.chains})
    else:
        _text(found)
    if found.wrong:
        raise typer.Exit(1)


def _text(found: "Verification") -> None:
    for each in found.findings:
        console.line(f"{each.severity}: {each.place}: {each.what}", style="red" if each in found.wrong else "")
    things = f"{count(found.snapshots, 'snapshot')}, " if found.snapshots else ""
    chains = ", ".join(f"{Path(cluster).name} 1 to {length}" for cluster, length in found.chains.items())
    console.line(f"Verified {things}{count(found.files, 'file')}, {count(found.bytes, 'byte')}"
                 f"{f'; chain of {chains}' if chains else ''}: "
                 f"{count(len(found.wrong), 'thing') + ' wrong' if found.wrong else 'nothing is wrong'}.")
