"""The command line's verbs on access: who can do something, and the round of an access review."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.choosing import ChosenOrNewest, opened
from auditkit.cli.console import Format

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.snapshots.snapshot import Snapshot

app = typer.Typer(help="Run an access review in three steps.",
                  no_args_is_help=True, rich_markup_mode=None)

MASTERS = "bypasses RBAC"

Reviewed = Annotated[str, typer.Option("--snapshot", help="Snapshot from which the packet was written.")]
Decisions = Annotated[Path, typer.Argument(help="Packet with the decisions filled in, as XLSX or CSV.")]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]


def who_can(
    verb: Annotated[str, typer.Argument(help="API verb: get, list, create, '*' …")],
    resource: Annotated[str, typer.Argument(
        help="Resource in the notation of kubectl (secrets, pods/exec, deployments.apps), or a path (/metrics).")],
    snapshot: ChosenOrNewest = "",
    namespace: Annotated[str | None, typer.Option(
        "--namespace", "-n", help="Namespace. Default: the whole cluster, including subjects whose right covers "
                                  "only one "
        "namespace.")] = None,
    name: Annotated[str | None, typer.Option(
        "--name", help="Name of the object. Default: all, including subjects whose right covers only named "
                       "objects.")] = None,
    format: FormatOption = Format.text,
) -> None:
    """List the subjects that RBAC allows an action.

    Each has the binding, role and rule that grant the right. For example: auditkit who-can get secrets -n billing demo
    """
    snap = opened(snapshot)
    if resource.startswith("/"):
        found = snap.who_can(verb, path=resource)
    else:
        found = snap.who_can(verb, resource, namespace=namespace, name=name)
        _served(snap, resource)
    if format is Format.text:
        console.table(f"Who can {verb} {resource} on {snap.manifest.cluster}",
                      ["kind", "subject", "where", "only the object", "granted by", "members"],
                      console.cells(_chains(found)))
        console.say(f"{len(found[['subject_kind', 'subject_namespace', 'subject']].drop_duplicates())} subjects, "
                    f"{len(found)} chains of binding, role and rule")
    elif format is Format.jsonl:
        console.as_json_lines(found, list(found))
    else:
        console.as_json({
            **console.about(snap), "verb": verb, "resource": resource, "namespace": namespace, "name": name,
            "gaps": found.attrs["gaps"], "holders": console.rows_of(found)})
    _gaps(found.attrs["gaps"], "subjects may be missing")


@app.command()
def packet(
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write: .xlsx or .csv.")],
    snapshot: ChosenOrNewest = "",
) -> None:
    """Write the packet for reviewers.

    The packet has one line for each subject of each binding.
    """
    from auditkit.reviews.access import review_packet
    from auditkit.reviews.access_files import write_packet

    lines = review_packet(opened(snapshot))
    print(write_packet(lines, output))
    console.say(f"{len(lines)} lines to review")
    _gaps(lines.attrs["gaps"], "lines may be missing")


@app.command()
def check(file: Decisions, snapshot: Reviewed, format: FormatOption = Format.text) -> None:
    """Check the decisions of a review.

    Exits with 1 if a decision is not valid.
    """
    from auditkit.reviews.access import check_decisions, review_packet
    from auditkit.reviews.access_files import read_decisions

    decisions, snap = read_decisions(file), opened(snapshot)
    members = None if snap.gaps("memberships") else snap.memberships
    problems = check_decisions(review_packet(snap), decisions, memberships=members)
    _print(problems, ["line", "kind", "problem"], format, "Problems of the review")
    errors = int((problems["kind"] == "error").sum())
    console.say(f"{errors} errors, {len(problems) - errors} other problems")
    if errors:
        raise typer.Exit(1)


@app.command()
def proof(
    file: Decisions, snapshot: Reviewed,
    later: Annotated[str, typer.Option("--later", help="Snapshot that was taken after the revocations.")],
    format: FormatOption = Format.text,
) -> None:
    """Show whether each revocation took effect.

    Exits with 1 if a revocation is not proven.
    """
    from auditkit.reviews.access import new_lines, prove_revocations
    from auditkit.reviews.access_files import read_decisions

    decisions, before, after = read_decisions(file), opened(snapshot), opened(later)
    found = prove_revocations(decisions, before, after)
    if not after.manifest.cluster_uid:
        console.say(f"neither snapshot shows the UID of its cluster: that both are of {after.manifest.cluster} rests "
                    "on the name alone", "yellow")
    _print(found, ["status", "line", "subject_kind", "subject", "role", "scope", "binding", "reviewer", "evidence"],
           format, f"Revocations, as of {after.manifest.moment:%Y-%m-%d %H:%M} UTC")
    asked = len(decisions.loc[(decisions["decision"] == "revoke").fillna(False), "line"].drop_duplicates())
    proven, new = int((found["status"] == "revoked").sum()), len(new_lines(before, after))
    console.say(f"{proven} of {asked} revocations are proven; {new} lines are new and have not been reviewed")
    if asked > len(found):
        console.say(f"{asked - len(found)} do not match a line of the reviewed snapshot", "yellow")
    if proven < asked:
        raise typer.Exit(1)


def _served(snap: "Snapshot", resource: str) -> None:
    """Say where the server has no such resource: a slip of the pen finds only those who may do everything."""
    from auditkit.analysis.rbac.requests import ONLY_ASKED

    plural = resource.partition("/")[0].partition(".")[0]
    known = snap.api_resources["resource"].str.replace("/.*", "", regex=True)
    asked = plural == "*" or plural in {resource for _, resource, *_ in ONLY_ASKED}
    if not asked and len(known) and not snap.gaps("api_resources") and not (known == plural).fillna(False).any():
        console.say(f"the server has no resource {plural!r}", "yellow")


def _chains(found: "pd.DataFrame") -> "pd.DataFrame":
    """The rows of `Snapshot.who_can` for people: each chain in words."""
    subject = (found["subject_namespace"] + "/").fillna("") + found["subject"]
    binding = found["binding_kind"] + " " + (found["binding_namespace"] + "/").fillna("") + found["binding"]
    role = " → " + found["role_kind"] + " " + found["role"] + ", rule " + found["rule"].astype(subject.dtype)
    chain = (binding + role + (" from " + found["aggregated_from"]).fillna("")).fillna(MASTERS)
    return found[["subject_kind"]].assign(
        subject=subject + (" (through the group " + found["through"] + ")").fillna(""),
        where=found["namespace"].fillna("everywhere"), only=found["resource_name"], chain=chain,
        members=found["members"])


def _print(frame: "pd.DataFrame", columns: list[str], format: Format, title: str) -> None:
    if format is Format.text:
        console.table(title, columns, console.cells(frame[columns]))
    elif format is Format.jsonl:
        console.as_json_lines(frame, columns)
    else:
        console.as_json(console.rows_of(frame[columns]))


def _gaps(gaps: list[str], so: str) -> None:
    """Say on stderr why an answer may not be whole."""
    for gap in gaps:
        console.say(f"{so}: {gap}", "yellow")
