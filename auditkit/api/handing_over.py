"""What is handed over: workpapers, documents for other programs, bundles; and the proof of what was received."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditkit.api.definitions import DEFAULT_FRAMEWORKS, load_framework
from auditkit.api.evaluating import evaluate
from auditkit.api.options import Options, Paths, folder, python_files
from auditkit.api.reporting import report, settle
from auditkit.api.snapshots import open, verify_folders
from auditkit.base import whole
from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.snapshots.mirror import pulled
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from auditkit.reports.reperform import Reperformance
    from auditkit.reports.report_findings import ReportFindings


def workpapers(snapshot: Snapshot | Path | str, framework: str, output: Path | str = "reports", *,
               conclusions: Path | str | None = None, sample: Path | str | None = None, store: Path | str | None = None,
               **options: Unpack[Options]) -> Path:
    """Write the workpapers of a framework on a snapshot into a folder, as ``FRAMEWORK-workpapers.xlsx``; returns it.

    ``conclusions`` are a YAML file or folder of auditors' conclusions (`auditkit.people.conclusions`): those on this
    snapshot fill the auditor's columns, the last before it stands beside each requirement. ``sample`` is a CSV file of
    the chosen items. With ``store``, the snapshots that conclusions name are looked for and verified there, and the
    cover says which are missing or altered. The others are those of `evaluate`. Raises `DefinitionError`, `UsageError`.
    """
    from auditkit.evaluation.conclusions import Carried, in_store
    from auditkit.exports.workbook import read_sample
    from auditkit.exports.workbook import workpapers as _workpapers
    from auditkit.people import conclusions as _conclusions
    from auditkit.snapshots.history import snapshots

    load_framework(framework, options.get("controls"))  # one: several together have no conclusions
    judged = evaluate(snapshot, framework, **options)
    concluded = _conclusions.read(conclusions, folder(options.get("controls"))) if conclusions else []
    held, broken = snapshots(pulled(store)) if store is not None else ([], [])
    carried = Carried(judged, concluded, held)
    if store is not None:
        carried.notices += in_store(concluded, held, broken)
    content = _workpapers(judged, carried, read_sample(Path(sample)) if sample else None)
    verify_folders(output=output)
    file = Path(output) / f"{framework}-workpapers.xlsx"
    file.parent.mkdir(parents=True, exist_ok=True)
    whole.write(file, content)
    return file


def conclude(snapshot: Snapshot | Path | str, framework: str, output: Path | str = "conclusions.yaml",
             **options: Unpack[Options]) -> Path:
    """Write a file for an auditor's conclusions on a snapshot, to be filled in; returns its path.

    It has an entry for each requirement of the framework, with the digests of the snapshot and of what the requirement
    says. As long as an entry is not filled in, `workpapers` and all else that reads conclusions refuses the file. The
    other parameters are those of `evaluate`. Raises `UsageError` where the file exists.
    """
    from auditkit.exports.conclusions import template

    load_framework(framework, options.get("controls"))
    whole.verify_new(file := Path(output))
    whole.write_new(file, template(evaluate(snapshot, framework, **options)))
    return file


def conclude_from(workbook: Path | str, output: Path | str = "conclusions.yaml", *,
                  controls: Path | str | None = None) -> tuple[Path, int]:
    """Write the conclusions that an auditor filled into workpapers as a file; returns its path, and how many
    requirements have none.

    ``controls`` has a user's frameworks. Raises `UsageError` with the addresses of cells that are not allowed, or where
    the file exists, and `MissingDependency` without openpyxl.
    """
    from auditkit.exports.conclusions import of_workpapers

    whole.verify_new(file := Path(output))
    content, without = of_workpapers(Path(workbook), folder(controls))
    whole.write_new(file, content)
    return file, without


def export(snapshot: Snapshot | Path | str, format: str, frameworks: Iterable[str] = DEFAULT_FRAMEWORKS,
           **options: Unpack[Options]) -> bytes:
    """The results of frameworks for other programs, as the bytes of one document.

    ``format`` is ``oscal``, ``sarif``, ``ocsf``, ``junit``, ``policyreport`` or ``openreports``
    (`auditkit.exports.formats`). The parameters behind ``frameworks`` are those of `evaluate`. The same evaluation
    gives the same bytes. Raises `NoSuchName` for another format.
    """
    from auditkit.exports import formats

    form, opened = formats.find(format), open(snapshot)
    return form.encoded([evaluate(opened, name, **options) for name in dict.fromkeys(frameworks)])


def export_tables(snapshot: Snapshot | Path | str, output: Path | str, format: str = "csv",
                  frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, **options: Unpack[Options]) -> list[Path]:
    """Write the tables of frameworks (requirements, verdicts, ledger …) into a folder, as ``csv`` or ``parquet``.

    Returns the files, ``FRAMEWORK-TABLE.csv`` or ``.parquet`` (`auditkit.exports.tables`). The parameters behind
    ``frameworks`` are those of `evaluate`. Raises `UsageError` for another format.
    """
    from auditkit.exports.tables import write_tables

    opened = open(snapshot)
    return [file for name in dict.fromkeys(frameworks)
            for file in write_tables(evaluate(opened, name, **options), output, format)]


def bundle(snapshots: Iterable[Snapshot | Path | str], frameworks: Iterable[str], output: Path | str = "bundle.zip", *,
           store: Path | str | None = None, files: Iterable[Path | str] = (),
           progress: Callable[[str], None] | None = None, **options: Unpack[Options]) -> Path:
    """Pack snapshots, the verdicts on them and the reports of frameworks into one archive; returns its path.

    ``snapshots`` and all those of ``store`` are packed, and the reports of the newest of each cluster are written.
    ``files`` are added by their names. The other parameters are those of `evaluate`. Raises `UsageError` where there is
    nothing to pack, `SnapshotError` for a snapshot of the store that cannot be opened.
    """
    from auditkit.exports import bundle as _bundle

    with whole.scratch() as space:
        held = _held([open(each) for each in snapshots], store, space)
        reports: list[Path] = []
        judged: list[Evaluation] = []
        for snapshot in {each.manifest.which: each for each in held}.values():
            for name in frameworks:
                judged.append(evaluate(snapshot, name, **options))
                reports += report(snapshot, name, space / "reports", progress, **options)
        whole.write(Path(output), _bundle.bundle(held, judged, reports, map(Path, files)))
    return Path(output)


def _held(given: list[Snapshot], store: Path | str | None, space: Path) -> list[Snapshot]:
    """The snapshots to pack, oldest first; those that lie nowhere are written into a private folder."""
    from auditkit.snapshots.history import snapshots

    found, broken = snapshots(pulled(store)) if store else ([], [])
    if broken:
        raise broken[0]
    held = {each.digest: each for each in (*found, *given)}
    if not held:
        raise UsageError("There is nothing to pack. Give the folder of a snapshot, or --store STORE.")
    for each in held.values():
        settle(each, space / "store")
    return sorted(held.values(), key=lambda each: (each.manifest.moment, each.digest))


def reperform(report: Path | str, *, snapshot: Path | str | None = None, store: Path | str | None = None,
              attestations: Path | str | None = None, checks: Paths = ()) -> "Reperformance":
    """Judge the snapshot of a report (PDF or notebook) anew, and compare every figure.

    The snapshot is ``snapshot``, or is looked for by its digest in ``store``, else in ``snapshots`` beside the report.
    ``attestations`` is needed where attestations name files, ``checks`` where the report was judged by checks of your
    own: both must have the digests that the report names. Raises `UsageError` and `SnapshotError` where it cannot be
    done.
    """
    from auditkit.reports.reperform import reperform as _reperform

    return _reperform(Path(report), evaluate, snapshot=snapshot, store=pulled(store) if store else None,
                      attestations=attestations, checks=python_files(checks))


def reperform_all(path: Path | str, *, snapshot: Path | str | None = None, store: Path | str | None = None,
                  attestations: Path | str | None = None, checks: Paths = ()) -> "list[Reperformance]":
    """As `reperform`, also for a bundle, of which each report is re-performed from the snapshots in it."""
    from auditkit.exports.bundle import is_bundle
    from auditkit.reports.reperform import reperform_bundle

    if is_bundle(Path(path)):
        return reperform_bundle(Path(path), evaluate, attestations=attestations, checks=python_files(checks))
    return [reperform(path, snapshot=snapshot, store=store, attestations=attestations, checks=checks)]


def report_findings(report: Path | str, store: Path | str | None = None) -> "ReportFindings":
    """What is wrong with a report (PDF or notebook), what was verified of it, and what was not.

    With a ``store`` the snapshot is looked for in it, and every figure computed anew. Raises `UsageError` for what is
    no report.
    """
    from auditkit.reports.report_findings import report_findings as _findings

    found = _findings(Path(report))
    return found.with_figures(reperform(report, store=store)) if store else found
