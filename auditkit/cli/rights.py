"""`auditkit rights`: what is granted and not used, and the smallest roles that would do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditkit.base.hostile_text import count
from auditkit.cli import console
from auditkit.cli.choosing import Chosen, ChosenOrNewest, opened
from auditkit.cli.console import Format
from auditkit.cli.group import Defaulting

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.analysis.rights.propose import Proposal
    from auditkit.snapshots.snapshot import Snapshot

app = typer.Typer(cls=Defaulting, help="Compare the rights that are granted with those that were used.",
                  no_args_is_help=True, rich_markup_mode=None)

Subject = Annotated[str, typer.Argument(
    help="User, group or service account: alice, NAMESPACE/ACCOUNT, or with its kind: user:alice, group:team.")]
Logs = Annotated[list[Path], typer.Option(
    "--log", help="Audit log of the API server, or a folder of them, instead of those of the snapshot. Can be "
    "repeated. The audit policy (--audit-policy-file) may lie beside them.")]
FormatOption = Annotated[Format, typer.Option("--format", help="Output format.")]
_SHOWN = ["state", "subject", "powers", "where", "granted", "used", "last used", "as", "by"]
_FEW = 4


@app.command()
def show(
    snapshot: Chosen,
    subject: Annotated[str, typer.Argument(
        help="User, group or service account. Default: every subject of a binding.", show_default=False)] = "",
    since: Annotated[int | None, typer.Option("--since", min=1, help="Days before the snapshot. Default: 90.",
                                              show_default=False)] = None,
    logs: Logs = [],  # noqa: B006 - typer copies it
    all_: Annotated[bool, typer.Option("--all", help="Print also the bindings that Kubernetes ships.")] = False,
    format: FormatOption = Format.text,
) -> None:
    """Show which granted rights were used, the worst first: powerful and unused.

    A right is unused only where the audit log is complete for the whole time; else it is unknown. The word show may be
    left out: auditkit rights SNAPSHOT
    """
    from auditkit.analysis.rbac.defaults import shipped_bindings
    from auditkit.api.rights import DAYS, rights

    snap = opened(snapshot)
    found = rights(snap, subject, days=since or DAYS, logs=logs)
    shipped = shipped_bindings(snap.binding_subjects).to_numpy(bool)[found["row"].to_numpy(int)]
    shown = found if all_ or subject else found[~shipped]
    if format is Format.text:
        title = f"Rights on {snap.manifest.cluster}, granted and used since {found.attrs['period'].since:%Y-%m-%d}"
        console.table(title, _SHOWN, console.cells(_in_words(shown)), status=0)
    elif format is Format.jsonl:
        console.records(_plain(shown), format)
    else:
        console.as_json(_document(snap, found, shown))
    counts = shown["state"].value_counts()
    console.say(f"{count(len(shown), 'right')}: " + ", ".join(f"{number} {state}" for state, number in counts.items()))
    for reason, number in shown["unseen"].where(shown["state"].eq("unknown")).value_counts().items():
        console.say(f"unknown, {number}: {reason}", "yellow")
    for gap in found.attrs["gaps"]:
        console.say(f"no right is known to be unused: {gap}", "yellow")


@app.command()
def propose(
    subject: Subject,
    snapshot: ChosenOrNewest = "",
    since: Annotated[int | None, typer.Option(
        "--since", min=1, help="Count only what was used in so many days before the snapshot. Default: all logs.",
        show_default=False)] = None,
    margin: Annotated[bool, typer.Option(
        "--margin", help="Also grant get, list and watch on every resource that was used, except Secrets.")] = False,
    logs: Logs = [],  # noqa: B006 - typer copies it
    output: Annotated[Path | None, typer.Option(
        "--output", "-o", help="Folder for the manifests, instead of printing them. A file that exists is not "
        "overwritten.")] = None,
) -> None:
    """Write the smallest roles and bindings that would have allowed what a subject used.

    The log is replayed against them: the authorizer is asked again about every request that RBAC allowed. Exits with 1
    if one is refused.
    """
    from auditkit.api.rights import propose_rights
    from auditkit.exports.manifests import text, write

    found = propose_rights(opened(snapshot), subject, days=since, margin=margin, logs=logs)
    if output is None:
        print(text(found), end="")
    elif found.manifests:
        print(write(found, output))
    _tell(found)
    if found.refused:
        raise typer.Exit(1)


def _tell(found: "Proposal") -> None:
    """What was replayed, and what to know of the proposal."""
    for note in found.notes:
        console.say(note, "yellow")
    for by, number in found.aside.items():
        console.say(f"{count(number, 'request')} passed by {by} before RBAC was asked, and need no right")
    if not found.requests:
        console.say(f"{found.subject.called} used no right in these logs, so nothing is proposed")
        return
    beside = f" and {count(found.questions, 'question')} beside them" if found.questions else ""
    console.say(f"replayed {count(found.requests, 'request')}{beside}: {found.refused} refused that were allowed; "
                f"{found.by_default} are allowed to everybody by default",
                "bold red" if found.refused else "green")


def _in_words(found: "pd.DataFrame") -> "pd.DataFrame":
    """The rows for people."""
    few = {name: found[name].map(_few, na_action="ignore").astype(found["role"].dtype)
           for name in ("verbs", "resources", "resource_names", "urls", "powers")}
    account = (found["subject_namespace"] + "/").fillna("") + found["subject"]
    what = few["resources"].fillna(few["urls"]) + (" named " + few["resource_names"]).fillna("")
    return found[["state"]].assign(
        subject=found["subject_kind"] + " " + account, powers=few["powers"],
        where=found["namespace"].fillna("everywhere"), granted=few["verbs"] + " on " + what, used=found["used"],
        last_used=found["last_used"].dt.strftime("%Y-%m-%d"), impersonated_by=found["impersonated_by"],
        by=found["binding_kind"] + " " + found["binding"] + " → " + found["role"] + ", rule "
           + found["rule"].astype(found["role"].dtype))


def _few(words: str) -> str:
    """The first of many words."""
    each = words.split(", ")
    return words if len(each) <= _FEW else f"{', '.join(each[:_FEW])} and {len(each) - _FEW} more"


def _plain(found: "pd.DataFrame") -> list[dict[str, Any]]:
    return console.rows_of(found.drop(columns="row").assign(last_used=found["last_used"].dt.strftime("%FT%TZ")))


def _document(snap: "Snapshot", found: "pd.DataFrame", shown: "pd.DataFrame") -> dict[str, Any]:
    period = found.attrs["period"]
    return {**console.about(snap), "since": f"{period.since:%FT%TZ}", "until": f"{period.until:%FT%TZ}",
            "gaps": found.attrs["gaps"], "rights": _plain(shown)}
