"""Re-performance: judge the snapshot of a report anew, and compare every figure of the report with what comes of it.

The rules are those of this auditkit. Nothing that a report carries is run: a check of a user's own is Python, so its
file must be given, and must have the digest that the report names. Verdicts that were stored beside the snapshot are
not read.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.base.files import given
from auditkit.base.version import VERSION
from auditkit.base.whole import scratch
from auditkit.errors import SnapshotError, UsageError
from auditkit.evaluation import stored
from auditkit.evaluation.basis import framework_digest, package_digest
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.explain import Explanation, explain
from auditkit.evaluation.words import SUBJECT
from auditkit.exports.archive import Archive
from auditkit.exports.bundle import bundle_findings
from auditkit.people import FILES
from auditkit.reports import show
from auditkit.reports.figures import (
    Compared,
    Difference,
    Pages,
    compare_pages,
    compare_sentences,
    compare_tallies,
    rows,
)
from auditkit.reports.panels.attached import unpack
from auditkit.reports.panels.block import Block
from auditkit.reports.reading import Report, Seal, read
from auditkit.snapshots.history import with_digest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot, verify

Judge = Callable[..., Evaluation]
"""`auditkit.evaluate`, which is above this module."""

TABLES = ("requirements.csv", "verdicts.csv", "ledger.csv", "checks.csv", "failures.csv", "gaps.csv", "objects.csv",
          "crosswalk.csv", "dictionary.csv", "exceptions.csv", "attestations.csv", "out_of_scope.csv", "carve_outs.csv")
KEYS = {"requirements.csv": ["id"], "verdicts.csv": ["requirement", "check", *SUBJECT], "ledger.csv": ["resource"],
        "checks.csv": ["requirement", "check"], "failures.csv": ["requirement", "check", *SUBJECT],
        "gaps.csv": ["requirement", "check", "kind"], "objects.csv": ["kind", "namespace", "name"],
        "crosswalk.csv": ["check", "framework", "requirement"], "dictionary.csv": ["table", "column"]}
BLOCKS: dict[str, Callable[[Evaluation], Block]] = {
    "snapshot": lambda evaluation: show.snapshot(evaluation.snapshot), "summary": show.summary,
    "findings": show.findings, "requests": show.requests, "requirements": show.requirements, "details": show.details,
    "scope": show.scope,
    "ledger": lambda evaluation: show.ledger(evaluation.snapshot), "added": show.added}
"""The blocks of a notebook that say figures, each with what draws it."""


@dataclass(frozen=True)
class Reperformance:
    """What came of re-performing a report: how much was compared, each difference, and what a reader must know."""

    report: Path
    evaluation: Evaluation
    figures: int
    verdicts: int
    differences: list[Difference]
    notes: list[str]

    @property
    def same(self) -> bool:
        """True if nothing is different."""
        return not self.differences

    def knows(self, requirement: str) -> bool:
        """True if its framework has a requirement."""
        return requirement in {each.id for each in self.evaluation.framework.requirements}

    def explain(self, requirement: str) -> Explanation:
        """A requirement down to the rows and the requests. Raises `NoSuchName`."""
        return explain([self.evaluation], requirement)


def reperform(path: Path, judge: Judge, *, snapshot: Path | str | None = None, store: Path | None = None,
              attestations: Path | str | None = None, checks: Iterable[Path | str] = ()) -> Reperformance:
    """Re-perform a report (PDF or notebook).

    The snapshot is ``snapshot``, or the one of its digest in ``store``, else in the folder ``snapshots`` beside the
    report. ``attestations`` is the original of the attested file or folder, needed where attestations name files, and
    ``checks`` are the originals of a user's own checks. Raises `UsageError` and `SnapshotError` where it cannot be
    done.
    """
    report = read(path)
    seal = report.seal
    found = _snapshot(report, seal, snapshot, store)
    with scratch() as space:
        evaluation = judge(found.apart(), seal.framework, pss_version=seal.pss_version, owner_label=seal.owner_label,
                           categories=seal.categories,
                           **_people(report, seal, space, attestations, [Path(file) for file in checks]))
        compared, verdicts = Compared(), 0
        fresh = {file["name"]: unpack(file) for file in show.evidence(evaluation).content["files"]}
        for name in TABLES:
            verdicts += _table(name, report.attachments.get(name), fresh.get(name), compared)
        compared.add("attachments", "digest of manifest.json", _sha256(report.attachments.get("manifest.json", b"")),
                     found.digest)
        if report.pages:
            pages = Pages(report.pages)
            compare_pages(pages, rows(fresh["requirements.csv"]), seal, compared)
            compare_tallies(pages, rows(fresh["checks.csv"]), compared)
            compare_sentences(pages, {kind: BLOCKS[kind](evaluation).content
                                      for kind in ("summary", "findings", "requests")}, compared)
        for block in report.blocks:
            _block(block, evaluation, compared)
    return Reperformance(path, evaluation, compared.figures, verdicts, compared.differences,
                         list(_notes(report, seal, evaluation, found)))


def reperform_bundle(path: Path, judge: Judge, *, attestations: Path | str | None = None,
                     checks: Iterable[Path | str] = ()) -> list[Reperformance]:
    """Re-perform every report of a bundle from the snapshots in it. Raises `UsageError` as `reperform` does, and where
    the bundle is not whole or has no report."""
    if wrong := bundle_findings(path).wrong:
        raise UsageError(f"{path} is not whole: {' '.join(wrong[:3])} Use another copy.")
    with scratch() as space:
        Archive(path).unfold(space)
        found = [reperform(report, judge, store=space / "snapshots", attestations=attestations, checks=checks)
                 for suffix in ("ipynb", "pdf") for report in sorted((space / "reports").glob(f"*.{suffix}"))]
    if not found:
        raise UsageError(f"{path} has no reports to re-perform.")
    return found


def _snapshot(report: Report, seal: Seal, given: Path | str | None, store: Path | None) -> Snapshot:
    """The snapshot of a report, every byte of it verified."""
    if given is None:
        beside = report.path.parent / "snapshots"
        found = with_digest(store or beside, seal.snapshot)
        if found is None:
            raise UsageError(f"The snapshot {seal.snapshot[:12]} of {report.path} is not in {store or beside}. "
                             "Give its folder with --snapshot, or the store with --store.")
        given = found
    opened = open_snapshot(given)
    if opened.digest != seal.snapshot:
        raise SnapshotError(f"{given} is another snapshot: its digest begins with {opened.digest[:12]}, that of the "
                            f"report with {seal.snapshot[:12]}.")
    verify(opened)
    return opened


def _people(report: Report, seal: Seal, space: Path, attestations: Path | str | None,
            checks: list[Path]) -> dict[str, Any]:
    """The files of people in a private folder, as parameters of `auditkit.evaluate`."""
    kinds: dict[str, Any] = {}
    for one in seal.given:
        content = report.attachments.get(one.attachment, b"")
        if _sha256(content) != one.sha256:
            raise UsageError(f"{report.path}: the attachment {one.attachment} is missing or was changed. Use another "
                             "copy of the report.")
        if one.kind == "checks":
            kinds.setdefault("checks", []).append(_original(one.name, one.sha256, checks))
        elif one.kind in FILES:
            if Path(one.name).name != one.name or not one.name.isprintable() or not one.name.strip("."):
                raise UsageError(f"{report.path}: {one.name!r} is not the name of a file. auditkit did not write it.")
            (space / one.kind).mkdir(exist_ok=True)
            (space / one.kind / one.name).write_bytes(content)
            kinds[one.kind] = space / one.kind / (one.name if one.kind == "scope" else "")
    if "attestations" in kinds and attestations:
        kinds["attestations"] = _same_attestations(Path(attestations), seal)
    elif any(row.get("files") for row in rows(report.attachments.get("attestations.csv", b""))):
        raise UsageError(f"Attestations of {report.path} name files, which it does not carry. Give the file or folder "
                         "of the attestations with --attestations, beside which the files lie.")
    return kinds


def _original(name: str, sha256: str, checks: list[Path]) -> Path:
    for path in checks:
        if _sha256(given(path)) == sha256:
            return path
    raise UsageError(f"The report was judged by a check of a user's own, {name}. A report's Python is never run: give "
                     f"the file with --checks. Its SHA-256 is {sha256}.")


def _same_attestations(path: Path, seal: Seal) -> Path:
    for one in seal.given:
        file = path / one.name if path.is_dir() else path
        if one.kind == "attestations" and _sha256(given(file)) != one.sha256:
            raise UsageError(f"{file} is not the file of the report: its SHA-256 is not {one.sha256}.")
    return path


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _table(name: str, reported: bytes | None, computed: bytes | None, into: Compared) -> int:
    """Compare the rows of an attached table, each by what it is of; returns how many of them are verdicts."""
    if reported == computed is None:
        return 0
    before, after = _keyed(name, rows(reported or b"")), _keyed(name, rows(computed or b""))
    for key in dict.fromkeys([*before, *after]):
        one, other = before.get(key), after.get(key)
        if one is None or other is None:
            into.add(name, " ".join(filter(None, key)), "a row" if one else "no row", "a row" if other else "no row")
            continue
        for column in dict.fromkeys([*one, *other]):
            into.add(name, f"{' '.join(filter(None, key))}, {column}", str(one.get(column)), str(other.get(column)))
    return len(after) if name == "verdicts.csv" else 0


def _keyed(name: str, found: list[dict[str, str]]) -> dict[tuple[str, ...], dict[str, str]]:
    """Rows by what they are of; of several that are of the same, each by its place among them."""
    seen: defaultdict[tuple[str, ...], int] = defaultdict(int)
    keyed = {}
    for row in found:
        key = tuple(str(row.get(column)) for column in KEYS.get(name, []))
        seen[key] += 1
        keyed[key if key and seen[key] == 1 else (*key, f"({seen[key]})")] = row
    return keyed


def _block(block: dict[str, Any], evaluation: Evaluation, into: Compared) -> None:
    """Compare a block of a notebook with the same one drawn anew."""
    if draw := BLOCKS.get(str(block.get("kind"))):
        import msgspec

        fresh = msgspec.json.decode(msgspec.json.encode(draw(evaluation).content, enc_hook=str))
        for name, value in fresh.items():
            _value(f"block {block['kind']}", name, block.get(name), value, into)


def _value(where: str, name: str, reported: Any, computed: Any, into: Compared) -> None:
    if isinstance(computed, dict) and isinstance(reported, dict):
        for key in dict.fromkeys([*computed, *reported]):
            _value(where, f"{name}.{key}", reported.get(key), computed.get(key), into)
    elif isinstance(computed, list) and isinstance(reported, list) and len(computed) == len(reported):
        for place, pair in enumerate(zip(reported, computed, strict=True)):
            _value(where, f"{name}[{place}]", *pair, into)
    else:
        into.add(where, name, str(reported), str(computed))


def _notes(report: Report, seal: Seal, evaluation: Evaluation, found: Snapshot) -> Iterator[str]:
    """What a reader must know of the comparison."""
    if not report.as_written:
        yield ("The bytes of the PDF are not those that were written: its pages may show something else than the words "
               "that were compared. `auditkit verify` names what was changed.")
    now = package_digest()
    if seal.rules_sha256 != now:
        yield (f"The report was written by auditkit {seal.auditkit} ({seal.rules_sha256[:12]}), this is auditkit "
               f"{VERSION} ({now[:12]}): a difference may be one of the rules.")
        place = stored.folder(found)
        for file in sorted(place.glob("*.parquet")) if place and place.is_dir() else ():
            yield f"Verdicts as they were given are stored beside the snapshot: verdicts/{found.digest}/{file.name}."
    if seal.framework_sha256 != framework_digest(evaluation.framework):
        yield (f"The framework {seal.framework} has changed since version {seal.framework_version} of the report: a "
               "difference may be one of the framework.")
    others = sum(block.get("kind") == "table" for block in report.blocks)
    yield (f"Not compared: {others} tables and the figures that code of the notebook itself draws."
           if report.blocks else
           "Not compared: what the pages say beside these figures (charts, populations, code). "
           "`auditkit verify` verifies their bytes.")
