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
from auditkit.evaluation.results import Outcome, Result
from auditkit.framework import library
from auditkit.framework.model import Framework
from auditkit.framework.verify import verify as _verify
from auditkit.people import attestations as _attestations
from auditkit.people import exceptions as _exceptions
from auditkit.proof import provenance
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot

Paths = Path | str | Iterable[Path | str]

if TYPE_CHECKING:
    from auditkit.collectors.identity import Collector
    from auditkit.collectors.listing import Progress
    from auditkit.collectors.sources.bounds import Bounds
    from auditkit.evaluation.compare import Comparison
    from auditkit.history.items import Population
    from auditkit.history.populations import Changes
    from auditkit.history.sample import Sample
    from auditkit.history.sizes import Risk
    from auditkit.history.window import Window
    from auditkit.reports import Files


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


def settle(snapshot: Snapshot, output: Path | str = "reports") -> Path:
    """Where a snapshot lies; one that was not written yet is written where `report` writes it, so that verdicts can be
    stored next to it before."""
    from auditkit.reports import settle as _settle

    return _settle(snapshot, Path(output))


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
    return populations.population(name, _window(source, start, end, cluster), changes=_changes(), exceptions=accepted)


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


def _changes() -> "Changes | None":
    """What changed between two snapshots, where this version can tell: `auditkit.diff`."""
    compare_snapshots = globals().get("diff")
    return (lambda before, after: compare_snapshots(before, after).by_object) if compare_snapshots else None


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
    for file in [checks] if isinstance(checks, Path | str) else checks:
        if file:
            load_file(file)
