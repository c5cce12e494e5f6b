"""Options that several verbs share, in the words of their help."""

from pathlib import Path
from typing import Annotated

import typer

Attestations = Annotated[Path | None, typer.Option(
    "--attestations", help="YAML file or folder with attestations: statements by people about requirements that "
    "a cluster cannot show.")]
Checks = Annotated[list[Path], typer.Option(
    "--checks", help="Python file with your own checks. Can be repeated. Installed packages provide checks through "
    "the entry point auditkit.checks.")]
Categories = Annotated[str, typer.Option(
    "--categories", help="Categories of the framework that are in scope, parted by commas, such as "
    "security,availability. Default: all. A scope file names them itself.")]
Controls = Annotated[Path | None, typer.Option(
    "--controls", help="Folder with your own frameworks (YAML), in addition to the built-in ones.")]
Exceptions = Annotated[Path | None, typer.Option(
    "--exceptions", help="YAML file or folder with risk acceptances: failures that a named owner accepts until a "
    "date. They remain failures and are marked as accepted.")]
FrameworksOrAll = Annotated[list[str] | None, typer.Option(
    "--framework", "-f", help="Framework to evaluate. Can be repeated. Default: cis-kubernetes, soc2, hipaa.")]
Frameworks = Annotated[list[str], typer.Option(
    "--framework", "-f", help="Framework to evaluate. Can be repeated.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder for notebooks, HTML pages and PDFs.")]
OwnerLabel = Annotated[str, typer.Option(
    "--owner-label", help="Label that says which team an object is of, such as team. It counts on the object, else on "
    "the workload that it belongs to, else on its namespace.")]
PassphraseFile = Annotated[Path | None, typer.Option(
    "--passphrase-file", envvar="AUDITKIT_SIGN_PASSPHRASE_FILE", help="File with the passphrase of the private key.")]
PssVersion = Annotated[str, typer.Option(
    "--pss-version", help="Version of the Pod Security Standards: latest, or v1.0, v1.1 … Default: the "
    "server's version.")]
Quiet = Annotated[bool, typer.Option(
    "--quiet", "-q", help="Print only results, who asks a cluster, and what is missing.")]
Scope = Annotated[Path | None, typer.Option(
    "--scope", help="YAML file with the scope of the examination: system, period, categories, namespaces, exclusions "
    "and carve-outs with reasons. What is outside has no verdict and is listed.")]
Store = Annotated[str, typer.Option("--store", help="Folder for snapshots, or the URL of an object store "
                                                  "(s3://bucket/folder).")]

DEFAULT_FRAMEWORKS = ["cis-kubernetes", "soc2", "hipaa"]
"""The same as `auditkit.api.DEFAULT_FRAMEWORKS`, which is not imported only to print the help."""
