"""The public functions, which the command line and the notebooks call."""

import datetime as dt
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from auditkit.analysis.pod_security.levels import minor_version
from auditkit.base import shipped
from auditkit.base.display import FACES
from auditkit.checks import load_file
from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.evaluation import evaluate as _evaluate
from auditkit.evaluation.explain import Explanation
from auditkit.evaluation.explain import explain as _explain
from auditkit.evaluation.inputs import inputs
from auditkit.evaluation.results import Outcome, Result
from auditkit.framework import library
from auditkit.framework.model import Framework
from auditkit.framework.verify import verify as _verify
from auditkit.people import attestations as _attestations
from auditkit.people import exceptions as _exceptions
from auditkit.proof import provenance
from auditkit.snapshots.snapshot import VERBS, Snapshot
from auditkit.snapshots.store import open_snapshot

Paths = Path | str | Iterable[Path | str]

if TYPE_CHECKING:
    from auditkit.collectors.identity import Collector
    from auditkit.collectors.listing import Progress
    from auditkit.collectors.sources.bounds import Bounds
    from auditkit.evaluation.compare import Comparison
    from auditkit.evaluation.given import Given as GivenVerdicts
    from auditkit.exports.bundle import Sign
    from auditkit.history.diff import Diff
    from auditkit.history.items import Population
    from auditkit.history.period import Period
    from auditkit.history.sample import Sample
    from auditkit.history.sizes import Risk
    from auditkit.history.verdicts import VerdictDiff
    from auditkit.history.window import Window
    from auditkit.reports import Files
    from auditkit.reports.reperform import Reperformance
    from auditkit.reports.report_findings import ReportFindings
    from auditkit.snapshots.verifying import Verification


class Given(TypedDict, total=False):
    """The common options of `evaluate`, `compare`, `report` and `verify`."""

    exceptions: Path | str | None
    attestations: Path | str | None
    controls: Path | str | None
    checks: Paths
    pss_version: str


DEMO = "demo"

DEFAULT_FRAMEWORKS = ("cis-kubernetes", "soc2", "hipaa")
"""The frameworks that are evaluated if none is named."""


def _face(name: str) -> Callable[[Any], dict[str, Any]]:
    """What `auditkit.reports.show` draws under this name; it is imported when something is shown."""
    def draw(thing: Any) -> dict[str, Any]:
        from auditkit.reports import show

        bundle: dict[str, Any] = getattr(show, name)(thing)._repr_mimebundle_()
        return bundle

    return draw


FACES.update({Snapshot: _face("snapshot"), Evaluation: _face("summary"), Result: _face("result"),
              Outcome: _face("outcome"), Explanation: _face("explanation")})


def collect(context: str | None = None, *, recording: Path | str | None = None, kubeconfig: str | None = None,
            name: str = "", timeout: float = 30.0, bounds: "Bounds | None" = None, page_size: int = 500,
            workers: int = 4, scans: Iterable[Path | str] = (), members: Path | str | None = None,
            complete: Iterable[str] = (), taken_at: str = "", stated_by: str = "", progress: "Progress | None" = None,
            on_identity: "Callable[[Collector, list[str]], None] | None" = None) -> Snapshot:
    """Collect a snapshot from a kubeconfig context (the current one by default), or from files.

    ``name`` is what the cluster is called, instead of its context. A server is asked for ``page_size`` objects at a
    time, for ``workers`` lists at once; it does not answer if it says nothing for ``timeout`` seconds. ``bounds``
    (`auditkit.Bounds`) has those of the whole collection: time, also of kubelets, bytes, pages, rate.
    ``recording`` is a folder, file or archive: a recording of an API server, or what kubectl wrote. ``scans`` are files
    that scanners wrote. ``members`` is a CSV file (user, group) of who is in which group. ``progress`` is called with
    the name of what was read, how many are done, how many there are, and the outcome; ``on_identity``, before any
    object is asked for, with who collects and what the server says that this identity may not read.

    Of files that kubectl wrote, ``complete`` names the kinds (or ``all``) of which they hold every object of the
    cluster, and of files and recordings ``taken_at`` is the day or time at which they were taken, where they do not
    show it themselves. Both are the word of ``stated_by`` (else the user of this computer), and shown as that.
    Raises `SourceError` where nothing can be collected, `UsageError` for a statement that cannot be.
    """
    from auditkit.collectors import collect as _collect
    from auditkit.scans.read import verify_scans

    verify_scans(scans := list(scans))
    complete = [complete] if isinstance(complete, str) else list(complete)
    if recording is not None:
        from auditkit.collectors.sources.kubectl_files import open_files
        from auditkit.collectors.sources.observed import taken_at as read_time
        from auditkit.collectors.sources.wholeness import resources

        source = open_files(Path(recording), resources(complete), stated_by or _user() if complete or taken_at else "",
                            read_time(taken_at) if taken_at else None)
        source.name = name or source.name
        return _collect(source, scans=scans, members=members, progress=progress, on_identity=on_identity)
    if complete or taken_at:
        raise UsageError("--complete and --taken-at are for files (--recording): a cluster that is asked shows itself "
                         "what it has, and when.")
    from auditkit.collectors.sources.live import LiveSource

    source = LiveSource(context, kubeconfig, workers=workers, timeout=timeout, bounds=bounds, name=name)
    return _collect(source, workers=workers, limit=page_size, scans=scans, members=members, progress=progress,
                    on_identity=on_identity)


def demo() -> Snapshot:
    """The snapshot of the fictional cluster that is part of auditkit."""
    return collect(recording=shipped.demo(), taken_at=shipped.DEMO_TAKEN, stated_by="auditkit")


def verify_folders(*, store: Path | str | None = None, output: Path | str | None = None) -> None:
    """Refuse a store or a folder of reports that cannot be written, before a long collection. Raises `SnapshotError`
    or `UsageError`."""
    from auditkit.reports import verify_output
    from auditkit.snapshots.writing import verify_store

    if store is not None:
        verify_store(Path(store))
    if output is not None:
        verify_output(Path(output))


def _user() -> str:
    """Who works on this computer, as far as it says."""
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "whoever collected"


def open(snapshot: Snapshot | Path | str) -> Snapshot:
    """A snapshot by the path of its folder, or ``"demo"``. Raises `SnapshotError`."""
    if isinstance(snapshot, Snapshot):
        return snapshot
    if snapshot == DEMO and not (Path(DEMO) / "manifest.json").exists():
        return demo()
    return open_snapshot(snapshot)


def frameworks(controls: Path | str | None = None) -> list[str]:
    """The names of the built-in frameworks, and of those in your own folder."""
    return library.names(_folder(controls))


def listed(controls: Path | str | None = None) -> list[tuple[Framework, bool]]:
    """All frameworks, built-in and from your own folder. The flag is true for a framework of the folder that has a
    built-in name and is therefore only a proposal."""
    return library.listed(_folder(controls))


def load_framework(name: str, controls: Path | str | None = None) -> Framework:
    """A framework by name. Raises `NoSuchName`, which names those that come close."""
    return library.load(name, _folder(controls))


def shown_framework(name: str, controls: Path | str | None = None) -> tuple[Framework, bool]:
    """A framework to show. If the folder has its own version of a built-in framework, that one, with the flag true.

    Raises `NoSuchName`.
    """
    own = _folder(controls)
    if own and library.proposed(name, own):
        return library.proposal(name, own)[1], True
    return library.load(name, own), False


def verify_framework(framework: Framework) -> None:
    """Refuse checks that do not exist, and parameters that they do not take. Raises `DefinitionError` with file and
    line, or `UsageError` for a framework without a file."""
    _verify(framework)


def evaluate(snapshot: Snapshot | Path | str, framework: str | Framework, *,
             exceptions: Path | str | None = None, attestations: Path | str | None = None,
             controls: Path | str | None = None, checks: Paths = (), pss_version: str = "") -> Evaluation:
    """Evaluate a framework on a snapshot.

    ``exceptions`` and ``attestations`` are YAML files or folders of them, as `auditkit.people.exceptions` and
    `auditkit.people.attestations` describe them; ``controls`` is a folder with frameworks of your own, ``checks`` are
    Python files with checks of your own. ``pss_version`` is that of the Pod Security Standards. Raises `NoSuchName`,
    and `DefinitionError` with file and line for a mistake in any of them.

    Verdicts are stored next to a snapshot that is in a folder, and not judged again (`auditkit.evaluation.stored`).
    """
    own, accepted, attested = _read(exceptions, attestations, controls, checks)
    framework = library.load(framework, own) if isinstance(framework, str) else framework
    _verify(framework)
    judged = _evaluate(open(snapshot), framework, accepted, attested, pss_version, library.own_files(framework))
    judged.own = provenance.own(judged)
    judged.inputs = inputs(own, accepted, attested, _files(checks))
    return judged


def explain(snapshot: Snapshot | Path | str, requirement: str, subject: str = "", *,
            frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, exceptions: Path | str | None = None,
            attestations: Path | str | None = None, controls: Path | str | None = None, checks: Paths = (),
            pss_version: str = "") -> Explanation:
    """Explain the status of a requirement down to the API requests, for one ``subject`` or for all.

    ``subject`` is a shell pattern on ``namespace/name`` or on the name. The requirement is looked for in
    ``frameworks``; the other parameters are those of `evaluate`. Raises `NoSuchName`, and `UsageError` where several
    frameworks have it.
    """
    opened, own = open(snapshot), _folder(controls)
    holding = [name for name in frameworks if requirement in {each.id for each in library.load(name, own).requirements}]
    return _explain([evaluate(opened, name, exceptions=exceptions, attestations=attestations, controls=controls,
                              checks=checks, pss_version=pss_version) for name in holding or frameworks],
                    requirement, subject)


def proposals(controls: Path | str) -> list[str]:
    """The frameworks of a folder that can be compared with one in force: of the same name, or extended."""
    return library.proposals(Path(controls))


def proposed(framework: str, controls: Path | str | None) -> bool:
    """True if a folder has its own version of a built-in framework."""
    own = _folder(controls)
    return own is not None and library.proposed(framework, own)


def compare(snapshot: Snapshot | Path | str, framework: str, controls: Path | str, *,
            exceptions: Path | str | None = None, attestations: Path | str | None = None,
            checks: Paths = (), pss_version: str = "") -> "Comparison":
    """Compare a folder's version of a framework with the one in force: changed statuses and verdicts.

    It is compared with the built-in framework of the same name, or else with the framework that it extends. The other
    parameters are those of `evaluate`.
    """
    from auditkit.evaluation.compare import Comparison

    opened = open(snapshot)
    _load_checks(checks)
    in_force, proposed = (
        evaluate(opened, each, exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
                 pss_version=pss_version) for each in library.proposal(framework, Path(controls)))
    return Comparison(in_force, proposed)


def verify(frameworks: Iterable[str], *, exceptions: Path | str | None = None,
           attestations: Path | str | None = None, controls: Path | str | None = None,
           checks: Paths = (), pss_version: str = "") -> None:
    """Read all inputs of `evaluate` except the snapshot, to report mistakes before a long collection."""
    own, *_ = _read(exceptions, attestations, controls, checks)
    minor_version(pss_version or "latest")
    for name in frameworks:
        _verify(library.load(name, own))


def report(snapshot: Snapshot | Path | str, framework: str, output: Path | str = "reports",
           progress: Callable[[str], None] | None = None, *,
           exceptions: Path | str | None = None, attestations: Path | str | None = None,
           controls: Path | str | None = None, checks: Paths = (), pss_version: str = "") -> "Files":
    """Run the framework's notebook on a snapshot; returns the paths of the notebook, the page and the PDF.

    The parameters behind ``progress`` are those of `evaluate`.
    """
    from auditkit.reports import report as _report

    return _report(open(snapshot), framework, Path(output), progress, exceptions=exceptions or "",
                   attestations=attestations or "", controls=controls or "", checks=checks, pss_version=pss_version)


def workpapers(snapshot: Snapshot | Path | str, framework: str, output: Path | str = "reports", *,
               conclusions: Path | str | None = None, sample: Path | str | None = None, store: Path | str | None = None,
               exceptions: Path | str | None = None, attestations: Path | str | None = None,
               controls: Path | str | None = None, checks: Paths = (), pss_version: str = "") -> Path:
    """Write the workpapers of a framework on a snapshot into a folder, as ``FRAMEWORK-workpapers.xlsx``; returns it.

    ``conclusions`` are a YAML file or folder of auditors' conclusions (`auditkit.people.conclusions`): those on this
    snapshot fill the auditor's columns, the last before it stands beside each requirement. ``sample`` is a CSV file of
    the chosen items. With ``store``, the snapshots that conclusions name are looked for and verified there, and the
    cover says which are missing or altered. The others are those of `evaluate`. Raises `DefinitionError`, `UsageError`.
    """
    from auditkit.base import whole
    from auditkit.evaluation.conclusions import Carried, in_store
    from auditkit.exports.workbook import read_sample
    from auditkit.exports.workbook import workpapers as _workpapers
    from auditkit.people import conclusions as _conclusions
    from auditkit.snapshots.history import snapshots

    judged = evaluate(snapshot, framework, exceptions=exceptions, attestations=attestations, controls=controls,
                      checks=checks, pss_version=pss_version)
    concluded = _conclusions.read(conclusions, _folder(controls)) if conclusions else []
    held, broken = snapshots(Path(store)) if store is not None else ([], [])
    carried = Carried(judged, concluded, held)
    if store is not None:
        carried.notices += in_store(concluded, held, broken)
    content = _workpapers(judged, carried, read_sample(Path(sample)) if sample else None)
    verify_folders(output=output)
    folder = Path(output)
    folder.mkdir(parents=True, exist_ok=True)
    whole.write(folder / f"{framework}-workpapers.xlsx", content)
    return folder / f"{framework}-workpapers.xlsx"


def settle(snapshot: Snapshot, output: Path | str = "reports") -> Path:
    """Where a snapshot lies; one that was not written yet is written where `report` writes it, so that verdicts can be
    stored next to it before."""
    from auditkit.reports import settle as _settle

    return _settle(snapshot, Path(output))


def export(snapshot: Snapshot | Path | str, format: str, frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, *,
           exceptions: Path | str | None = None, attestations: Path | str | None = None,
           controls: Path | str | None = None, checks: Paths = (), pss_version: str = "") -> bytes:
    """The results of frameworks for other programs, as the bytes of one document.

    ``format`` is ``oscal``, ``sarif``, ``ocsf``, ``junit``, ``policyreport`` or ``openreports``
    (`auditkit.exports.formats`). The parameters behind ``frameworks`` are those of `evaluate`. The same evaluation
    gives the same bytes. Raises `NoSuchName` for another format.
    """
    from auditkit.exports import formats

    form, opened = formats.find(format), open(snapshot)
    return form.encoded([evaluate(opened, name, exceptions=exceptions, attestations=attestations, controls=controls,
                                  checks=checks, pss_version=pss_version) for name in dict.fromkeys(frameworks)])


def export_tables(snapshot: Snapshot | Path | str, output: Path | str, format: str = "csv",
                  frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, *,
                  exceptions: Path | str | None = None, attestations: Path | str | None = None,
                  controls: Path | str | None = None, checks: Paths = (), pss_version: str = "") -> list[Path]:
    """Write the tables of frameworks (requirements, verdicts, ledger …) into a folder, as ``csv`` or ``parquet``.

    Returns the files, ``FRAMEWORK-TABLE.csv`` or ``.parquet`` (`auditkit.exports.tables`). The parameters behind
    ``frameworks`` are those of `evaluate`. Raises `UsageError` for another format.
    """
    from auditkit.exports.tables import write_tables

    opened = open(snapshot)
    return [file for name in dict.fromkeys(frameworks)
            for file in write_tables(evaluate(opened, name, exceptions=exceptions, attestations=attestations,
                                              controls=controls, checks=checks, pss_version=pss_version),
                                     output, format)]


def report_notebook(snapshot: Snapshot | Path | str, notebook: Path | str, output: Path | str = "reports",
                    progress: Callable[[str], None] | None = None) -> "Files":
    """Run a notebook that judges no framework (``access``, ``network``, or the path of your own) on a snapshot.

    Returns the paths of the notebook, the page and the PDF.
    """
    from auditkit.reports import report_notebook as _report

    return _report(open(snapshot), notebook, Path(output), progress=progress)


def verify_notebooks(notebooks: Iterable[Path | str]) -> None:
    """Refuse what is no notebook, before others are run. Raises `NoSuchName`, or `UsageError`."""
    from auditkit.reports import find_notebook, notebook_file

    for notebook in notebooks:
        notebook_file.read(find_notebook(notebook))


def reperform(report: Path | str, *, snapshot: Path | str | None = None, store: Path | str | None = None,
              attestations: Path | str | None = None, checks: Paths = ()) -> "Reperformance":
    """Judge the snapshot of a report (PDF or notebook) anew, and compare every figure.

    The snapshot is ``snapshot``, or is looked for by its digest in ``store``, else in ``snapshots`` beside the report.
    ``attestations`` is needed where attestations name files, ``checks`` where the report was judged by checks of your
    own: both must have the digests that the report names. Raises `UsageError` and `SnapshotError` where it cannot be
    done.
    """
    from auditkit.reports.reperform import reperform as _reperform

    return _reperform(Path(report), evaluate, snapshot=snapshot, store=Path(store) if store else None,
                      attestations=attestations, checks=_files(checks))


def reperform_all(path: Path | str, *, snapshot: Path | str | None = None, store: Path | str | None = None,
                  attestations: Path | str | None = None, checks: Paths = ()) -> "list[Reperformance]":
    """As `reperform`, also for a bundle, of which each report is re-performed from the snapshots in it."""
    from auditkit.exports.bundle import is_bundle
    from auditkit.reports.reperform import reperform_bundle

    if is_bundle(Path(path)):
        return reperform_bundle(Path(path), evaluate, attestations=attestations, checks=_files(checks))
    return [reperform(path, snapshot=snapshot, store=store, attestations=attestations, checks=checks)]


def report_findings(report: Path | str, store: Path | str | None = None) -> "ReportFindings":
    """What is wrong with a report (PDF or notebook), what was verified of it, and what was not.

    With a ``store`` the snapshot is looked for in it, and every figure computed anew. Raises `UsageError` for what is
    no report.
    """
    from auditkit.reports.report_findings import report_findings as _findings

    found = _findings(Path(report))
    return found.with_figures(reperform(report, store=store)) if store else found


def verify_evidence(path: Path | str, store: Path | str | None = None) -> "Verification":
    """What is wrong with evidence, and how much of it was verified: a store, the folder of a cluster, a snapshot, a
    report (PDF or notebook) or a bundle. Nothing is asked of a network.

    For a report, the snapshot is looked for in ``store``, and every figure computed anew. Raises `UsageError` and
    `SnapshotError` for what is none of them.
    """
    from auditkit.exports.bundle import bundle_findings, is_bundle
    from auditkit.snapshots.verifying import NOTE, Verification, verify_stored

    path, found = Path(path), Verification()
    if not path.is_file():
        return verify_stored(path)
    found.files, found.bytes = 1, path.stat().st_size
    if is_bundle(path):
        packed = bundle_findings(path)
        found.files = packed.files
        wrong, notes = packed.wrong, []
    else:
        report = report_findings(path, store)
        wrong, notes = report.wrong, report.unverified
    for said in wrong:
        found.add(path, said)
    for said in notes:
        found.add(path, said, NOTE)
    return found


def bundle(snapshots: Iterable[Snapshot | Path | str], frameworks: Iterable[str], output: Path | str = "bundle.zip", *,
           store: Path | str | None = None, files: Iterable[Path | str] = (),
           progress: Callable[[str], None] | None = None, sign: "Sign | None" = None,
           exceptions: Path | str | None = None, attestations: Path | str | None = None,
           controls: Path | str | None = None, checks: Paths = (), pss_version: str = "") -> Path:
    """Pack snapshots, the verdicts on them and the reports of frameworks into one archive; returns its path.

    ``snapshots`` and all those of ``store`` are packed, and the reports of the newest of each cluster are written.
    ``files`` are added by their names; ``sign`` signs the index (`auditkit.exports.bundle`). The other parameters are
    those of `evaluate`. Raises `UsageError` where there is nothing to pack, `SnapshotError` for a snapshot of the store
    that cannot be opened.
    """
    from auditkit.base import whole
    from auditkit.exports import bundle as _bundle

    with whole.scratch() as space:
        held = _held([open(each) for each in snapshots], store, space)
        reports: list[Path] = []
        judged: list[Evaluation] = []
        for snapshot in {each.manifest.which: each for each in held}.values():
            for name in frameworks:
                judged.append(evaluate(snapshot, name, exceptions=exceptions, attestations=attestations,
                                       controls=controls, checks=checks, pss_version=pss_version))
                reports += report(snapshot, name, space / "reports", progress, exceptions=exceptions,
                                  attestations=attestations, controls=controls, checks=checks, pss_version=pss_version)
        whole.write(Path(output), _bundle.bundle(held, judged, reports, map(Path, files), sign))
    return Path(output)


def _held(given: list[Snapshot], store: Path | str | None, space: Path) -> list[Snapshot]:
    """The snapshots to pack, oldest first; those that lie nowhere are written into a private folder."""
    from auditkit.snapshots.history import snapshots

    found, broken = snapshots(Path(store)) if store else ([], [])
    if broken:
        raise broken[0]
    held = {each.digest: each for each in (*found, *given)}
    if not held:
        raise UsageError("There is nothing to pack. Give the folder of a snapshot, or --store STORE.")
    for each in held.values():
        settle(each, space / "store")
    return sorted(held.values(), key=lambda each: (each.manifest.moment, each.digest))


def period(store: Path | str, framework: str, start: dt.date | str, end: dt.date | str, *, cluster: str = "",
           every: int = 0, anew: bool = False, exceptions: Path | str | None = None,
           attestations: Path | str | None = None, controls: Path | str | None = None, checks: Paths = (),
           pss_version: str = "") -> "list[Period]":
    """What the snapshots of a store show of a framework's requirements from one day to another, both included (UTC).

    One `auditkit.history.period.Period` for each cluster, or for those with the name or UID ``cluster``. ``every`` is
    how many days may lie between snapshots. Verdicts are those that were given at the time, with what people had added
    then; those that were not kept, or are not trusted, are judged anew by today's rule, and with ``anew`` all of them.
    With ``exceptions`` or ``attestations``, these files count instead, each entry on the days on which it is in force.
    Raises `UsageError` for days that are none, `NoSuchName`, and `SnapshotError` for a store without snapshots.
    """
    from auditkit.history.periods import Rule, periods
    from auditkit.history.window import given_day

    own, accepted, attested = _read(exceptions, attestations, controls, checks)
    loaded = library.load(framework, own)
    _verify(loaded)
    rule = Rule(loaded, pss_version, accepted, attested, by_files=bool(exceptions or attestations), anew=anew)
    return periods(Path(store), rule, given_day(start), given_day(end), cluster, every)


def given(snapshot: Snapshot | Path | str, framework: str = "") -> "list[GivenVerdicts]":
    """The verdicts of a snapshot as they were given, the first first: by which rule, and with what people had added.

    Raises `SnapshotError` where one of them cannot be read.
    """
    from auditkit.evaluation.given import given_of

    found, wrong = given_of(open(snapshot), framework)
    if wrong:
        raise wrong[0]
    return found


def diff(earlier: Snapshot | Path | str, later: Snapshot | Path | str, *,
         tickets: Path | str | None = None) -> "Diff":
    """What changed from an earlier to a later snapshot of a cluster: `auditkit.history.diff.Diff`.

    ``changes`` has a row for each field, ``by_object`` one for each object, the worst first, ``unapproved`` those that
    nothing is known to have approved, and ``not_comparable`` what nothing can be said of. ``tickets`` is a CSV file of
    approvals (`auditkit.history.tickets`). Two clusters can be compared too (``same_cluster`` is false then). Raises
    `SnapshotError`, and `UsageError` with the line for a mistake in the tickets.
    """
    from auditkit.history.diff import Diff
    from auditkit.history.tickets import read_tickets

    return Diff(open(earlier), open(later), read_tickets(tickets) if tickets else ())


def verdict_changes(earlier: Snapshot | Path | str, later: Snapshot | Path | str, framework: str, *,
                    exceptions: Path | str | None = None, attestations: Path | str | None = None,
                    controls: Path | str | None = None, checks: Paths = (), pss_version: str = "") -> "VerdictDiff":
    """What opened, closed or is no longer known from an earlier to a later snapshot, and why: both by today's rule.

    ``requirements`` has a row for each changed status, ``verdicts`` one for each subject
    (`auditkit.history.verdicts.VerdictDiff`). The other parameters are those of `evaluate`. Raises `UsageError` for
    snapshots of two clusters.
    """
    from auditkit.history.verdicts import verdict_changes as _changes

    one, other = (evaluate(snapshot, framework, exceptions=exceptions, attestations=attestations, controls=controls,
                           checks=checks, pss_version=pss_version) for snapshot in (earlier, later))
    return _changes(one, other)


def population(source: Snapshot | Path | str, name: str, *, start: dt.date | str = "", end: dt.date | str = "",
               cluster: str = "", exceptions: Path | str | None = None, checks: Paths = ()) -> "Population":
    """A population of a snapshot (a moment) or of a store (a period): its items with their identity, and its digest.

    ``name`` is a table, or one of `auditkit.history.populations`: ``changes``, ``new-access``, ``images``,
    ``exceptions``, ``privileged-use``, ``check:NAME``, ``sql:QUERY``. ``start`` and ``end`` are days (YYYY-MM-DD, both
    included) of a store, ``cluster`` the name or UID of the cluster in it. ``exceptions`` are files as in `evaluate`,
    ``checks`` Python files with checks of your own. Raises `NoSuchName`, `UsageError` and `SnapshotError`.
    """
    from auditkit.history import populations

    _load_checks(checks)
    accepted = _exceptions.read(exceptions) if exceptions else None
    return populations.population(name, _window(source, start, end, cluster), exceptions=accepted,
                                  changes=lambda one, other: diff(one, other).by_object)


def sample(source: "Snapshot | Population | Path | str", name: str = "", *, seed: str, size: int | None = None,
           frequency: str = "", risk: "Risk" = "low", sizes: Path | str | None = None, by: str = "",
           choice: Path | str | None = None, start: dt.date | str = "", end: dt.date | str = "", cluster: str = "",
           framework: str = "", requirements: Iterable[str] = (), exceptions: Path | str | None = None,
           attestations: Path | str | None = None, controls: Path | str | None = None, checks: Paths = (),
           pss_version: str = "") -> "Sample":
    """A sample of a population that ``seed`` chooses, the same items on every machine.

    ``source`` is a population, or with ``name`` what `population` makes one of. Its size is ``size``, or that of the
    table ``sizes`` (the one that ships: `auditkit.history.sizes`) for a control of this ``frequency`` and ``risk``;
    without both, for a population of so many items. ``by`` is a column to take a share of each of its values of,
    ``choice`` a file with items that the auditor wants in or out (`auditkit.history.choice`). With a ``framework`` the
    sample has the verdicts of its checks (of ``requirements``) on the items; the other parameters are those of
    `evaluate`.

    Raises `UsageError` without a seed, and what `population` and `evaluate` raise.
    """
    from auditkit.history import choice as choices
    from auditkit.history import sample as samples
    from auditkit.history import sizes as tables_of_sizes
    from auditkit.history.items import Population

    found = source if isinstance(source, Population) else population(
        source, name, start=start, end=end, cluster=cluster, exceptions=exceptions, checks=checks)
    requirements = [requirements] if isinstance(requirements, str) else list(requirements)
    if requirements and not framework:
        raise UsageError("A requirement needs the framework that has it. Name one with --framework.")
    judge = (lambda snapshot: evaluate(
        snapshot, framework, exceptions=exceptions, attestations=attestations, controls=controls, checks=checks,
        pss_version=pss_version)) if framework else None
    return samples.choose(
        found, seed, tables_of_sizes.given(len(found), size, frequency, risk, sizes), by=by,
        chosen_by=choices.read(choice, found.frame) if choice else None, judge=judge, requirements=requirements)


def _window(source: Snapshot | Path | str, start: dt.date | str, end: dt.date | str, cluster: str) -> "Window":
    """The snapshots that a population is of: one, or those of a store. Raises `UsageError` and `SnapshotError`."""
    from auditkit.history import window

    if isinstance(source, Snapshot) or str(source) == DEMO or (Path(source) / "manifest.json").exists():
        if start or end or cluster:
            raise UsageError("--from, --to and --cluster are for a store: one snapshot shows a moment.")
        return window.at(open(source))
    return window.over(Path(source), window.day(start), window.day(end), cluster)


def _read(exceptions: Path | str | None, attestations: Path | str | None, controls: Path | str | None,
          checks: Paths) -> tuple[Path | None, list[_exceptions.RiskAcceptance], list[_attestations.Attestation]]:
    """The exceptions and attestations to add; an empty name means none, as in the parameters of a notebook."""
    own = _folder(controls)
    library.verify_files(own)
    _load_checks(checks)
    return (own, _exceptions.read(exceptions, own) if exceptions else [],
            _attestations.read(attestations, own) if attestations else [])


def _folder(controls: Path | str | None) -> Path | None:
    return Path(controls) if controls else None


def _load_checks(checks: Paths) -> None:
    for file in _files(checks):
        load_file(file)


def _files(checks: Paths) -> list[Path]:
    return [Path(file) for file in ([checks] if isinstance(checks, Path | str) else checks) if file]


VERBS["diff"] = diff
