"""`auditkit collect`; and the options that `collect` and `run` share, the collection, and what it lacks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditkit.base.absent import absent
from auditkit.cli import console
from auditkit.cli.options import Quiet, Store
from auditkit.errors import Incomplete, UsageError

if TYPE_CHECKING:
    from auditkit.snapshots.snapshot import Snapshot

Context = Annotated[str | None, typer.Option("--context", help="Context of the kubeconfig. Default: the current "
                                                               "context.")]
Kubeconfig = Annotated[str | None, typer.Option("--kubeconfig", help="Path of the kubeconfig. Default: KUBECONFIG, "
                                                                     "or ~/.kube/config.")]
Recording = Annotated[Path | None, typer.Option(
    "--recording", help="Collect from files instead of a cluster: a recording, or kubectl output (JSON or YAML, "
    "optionally gzip).")]
Complete = Annotated[list[str], typer.Option(
    "--complete", metavar="KINDS", help="Kinds (pods,rc,…), or all, for which the files in --recording contain every "
    "object of the cluster. Reports show this as your statement. Can be repeated.")]
TakenAt = Annotated[str, typer.Option(
    "--taken-at", metavar="TIME", help="Day or time at which the files in --recording were taken, if they do not "
    "show it: 2026-01-31 or 2026-01-31T14:00:00Z.")]
Scans = Annotated[list[Path], typer.Option(
    "--scan", help="File or folder with scanner output. TOOL=FILE names the tool if it is not recognised. Can be "
    "repeated.")]
Members = Annotated[Path | None, typer.Option(
    "--members", help="CSV file with the columns user and group that states the members of groups. A cluster does not "
    "store them.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 3 if anything could not be collected.")]
Timeout = Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds to wait for a response.")]
Name = Annotated[str, typer.Option("--name", help="Name of the cluster. Default: its context, or the name of the "
                                                  "recording.")]
TimeLimit = Annotated[float, typer.Option(
    "--time-limit", min=1, help="Seconds after which the collection ends with what it has.")]
ByteLimit = Annotated[int, typer.Option(
    "--byte-limit", min=1, help="Bytes of all responses together after which the collection ends with what it has.")]
PageLimit = Annotated[int, typer.Option("--page-limit", min=1, help="Pages of one list that are read at most.")]
PageSize = Annotated[int, typer.Option("--page-size", min=1, max=5000, help="Objects in one page of a list.")]
Workers = Annotated[int, typer.Option("--workers", min=1, max=64, help="Lists that are read at the same time.")]
Rate = Annotated[float, typer.Option("--rate", min=0, help="Requests per second at most. 0: no limit.")]


def collect(
    store: Store = "snapshots", context: Context = None, kubeconfig: Kubeconfig = None,
    recording: Recording = None, name: Name = "", scan: Scans = [], strict: Strict = False,  # noqa: B006 - typer copies it
    timeout: Timeout = 30.0, time_limit: TimeLimit = 3600, byte_limit: ByteLimit = 16 * 2**30,
    page_limit: PageLimit = 20_000, page_size: PageSize = 500, workers: Workers = 4, rate: Rate = 0,
    quiet: Quiet = False, members: Members = None, complete: Complete = [],  # noqa: B006
    taken_at: TakenAt = "",
    script: Annotated[bool, typer.Option(
        "--script", help="Print a shell script that records a cluster where auditkit cannot run, and exit.")] = False,
) -> None:
    """Collect a snapshot of a cluster.

    The last line on stdout is the path of the snapshot.
    """
    if script:
        from auditkit.collectors.script import script as text

        print(text(), end="")
        return
    from auditkit.api import snapshots
    from auditkit.snapshots.mirror import shown

    _arrow_alone()
    snapshots.verify_folders(store=store)
    snapshot = take(
        quiet=quiet, context=context, kubeconfig=kubeconfig, recording=recording, name=name, scans=scan,
        timeout=timeout, time_limit=time_limit, byte_limit=byte_limit, page_limit=page_limit, page_size=page_size,
        workers=workers, rate=rate, members=members, complete=complete, taken_at=taken_at)
    path = snapshot.write(store)
    print(shown(path))
    if not quiet:
        console.suggest(["evaluate", shown(path)], ["report", shown(path)])
    insist(snapshot, strict)


def _arrow_alone() -> None:
    """Keep pyarrow from importing pandas, a third of what it costs to collect a small cluster.

    With its first array pyarrow looks for pandas, in case it is made of something of pandas. Where it finds none, it
    looks again only for what needs it (`to_pandas`). For a command that makes no DataFrame.
    """
    import pyarrow as pa

    with absent("pandas"):
        pa.array([None])


def take(*, quiet: bool, recording: Path | None, context: str | None, kubeconfig: str | None, time_limit: float,
         byte_limit: int, page_limit: int, rate: float, **given: Any) -> "Snapshot":
    """The snapshot. What is missing in it is said on stderr, whether or not the command is quiet."""
    from auditkit.api import snapshots
    from auditkit.collectors.sources.bounds import Bounds

    if recording is not None and (context or kubeconfig):
        raise UsageError("--recording cannot be combined with --context or --kubeconfig: use files or a cluster.")
    bounds = Bounds(seconds=time_limit, bytes=byte_limit, pages=page_limit, rate=rate)
    with console.CollectionProgress(quiet=quiet) as progress:
        snapshot = snapshots.collect(context, recording=recording, kubeconfig=kubeconfig, bounds=bounds,
                               progress=progress.step, on_identity=progress.identity, **given)
    if not quiet:
        console.say(repr(snapshot).strip("<>"))
    for sentence in snapshot.manifest.transport:
        console.say(sentence, "yellow")
    console.gaps(snapshot)
    if recording is not None and not quiet:
        _say_next(snapshot)
    return snapshot


def _say_next(snapshot: "Snapshot") -> None:
    """What to hand in next where files did not show everything, in one line."""
    from auditkit import tables
    from auditkit.collectors.sources.wholeness import next_step

    console.say(f"observed {snapshot.manifest.when}")
    missing = [name for name, resource in tables.RESOURCES.items() if resource.builtin and snapshot.gap_of(name)]
    if missing and snapshot.manifest.source.partition(" ")[0] != "recording":
        console.say(next_step(missing), "yellow")


def insist(snapshot: "Snapshot", strict: bool) -> None:
    """With ``--strict``, refuse a collection in which anything is missing."""
    from auditkit import tables

    missing = [source for source in (*tables.RESOURCES, "discovery", "engines", "kubelets", "controlplane")
               if snapshot.gap_of(source)]
    missing += [entry.resource for entry in snapshot.manifest.ledger
                if entry.resource.startswith("scan:") and entry.outcome not in ("complete", "absent")]
    if strict and missing:
        raise Incomplete(f"The collection is incomplete ({len(missing)} sources: {', '.join(missing[:5])}"
                         f"{' …' if len(missing) > 5 else ''}), and --strict is set. Grant the missing access, or "
                         f"leave --strict out.")
