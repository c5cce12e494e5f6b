"""The command line's verbs that make keys and sign evidence. `auditkit verify` proves it."""

from pathlib import Path
from typing import Annotated

import typer

from auditkit.cli import console
from auditkit.cli.options import PassphraseFile

keys = typer.Typer(help="Make and show keys that sign evidence.", no_args_is_help=True)


@keys.command("new")
def new(
    file: Annotated[Path, typer.Argument(help="File of the private key. The public key gets the same name, with the "
                                              "ending .pub.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make an Ed25519 key.

    Only its owner can read the private key. Keep it where evidence is signed, and give the public key to everybody who
    verifies.
    """
    from auditkit.api import signing

    key, public = signing.new_key(file, passphrase_file=passphrase_file)
    console.line(f"{key.id}  {public}")
    console.suggest(["sign", "snapshots", "--key", file], ["verify", "snapshots", "--trust", public])


@keys.command("show")
def show(
    file: Annotated[Path, typer.Argument(help="File of a private key, or of public keys.")],
    passphrase_file: PassphraseFile = None,
    pem: Annotated[bool, typer.Option("--pem", help="Print the public key in PEM instead of its identifier.")] = False,
) -> None:
    """Show the identifier of a key.

    It is the SHA-256 of the public key in DER. Nothing secret is printed.
    """
    from auditkit.api import signing

    for key in signing.shown_keys(file, passphrase_file=passphrase_file):
        if pem:
            print(key.pem().decode(), end="")
        else:
            console.line(f"{key.id}  {file}")


def sign(
    path: Annotated[str, typer.Argument(help="Snapshot, store, folder of a cluster (or the URL of one of them), report "
                                             "(PDF or notebook) or bundle.")],
    key: Annotated[Path, typer.Option("--key", help="File of the private key.")],
    passphrase_file: PassphraseFile = None,
    timestamp_url: Annotated[str, typer.Option(
        "--timestamp-url", help="Address of a time-stamp authority (RFC 3161). It gets the SHA-256 of each signature.",
    )] = "",
) -> None:
    """Sign evidence.

    Of a store, every snapshot is signed. Evidence that is not as it was written is not signed. Prints the files of the
    signatures.
    """
    from auditkit.api import signing
    from auditkit.snapshots.mirror import shown

    for file in signing.sign(path, key, passphrase_file=passphrase_file, timestamp_url=timestamp_url,
                             progress=lambda said: console.say(said, "yellow")):
        print(shown(file))
    console.suggest(["verify", path])
