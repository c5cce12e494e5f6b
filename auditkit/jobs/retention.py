"""Which drawn reports are removed. Evidence never is: snapshots, their chain, verdicts and signatures stay.

A report is drawn from a snapshot, and can be drawn again as long as that is there. So only such reports go: those that
are signed, those whose snapshot the store does not have any more, and whatever else is in the folder, stay. Where HIPAA
is in use, documentation is kept for six years from the day it was made (45 CFR 164.316(b)(2)(i)): nothing younger is
removed, unless the file of the job says that it may be.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditkit.base import files, whole
from auditkit.base.signing import beside
from auditkit.jobs.config import Retention
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.mirror import pulled

SIX_YEARS = 2192
"""Days of six years, with the leap days that six years may have."""
_NAME = re.compile(r"(?P<of>.+-(?P<time>\d{8}T\d{6}Z))-[0-9a-f]{12}\.(?:ipynb|html|pdf)", re.S)
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True)
class Drawn:
    """The files of the reports of one framework, cluster and time; ``of`` is what their names have in common, ``made``
    when the last of them was."""

    of: str
    made: dt.datetime
    files: tuple[Path, ...]

    @property
    def series(self) -> str:
        """The framework and the cluster, of which there is a report for each time."""
        return self.of.rpartition("-")[0]

    @property
    def size(self) -> int:
        """Bytes of all its files."""
        return sum(path.stat().st_size for path in self.files)


def removable(folder: Path, store: Path | str) -> list[Drawn]:
    """The reports of a folder that can be drawn again and are not signed, the oldest first."""
    again = _evidence(store)
    signed = {name for name, stems in beside.held(folder).items() if stems}
    found: dict[str, list[Path]] = {}
    for name in files.names(folder):
        if drawn := _NAME.fullmatch(name):
            found.setdefault(drawn["of"], []).append(folder / name)
    reports = [Drawn(of, _made(of, paths), tuple(paths)) for of, paths in found.items()
               if any(of.endswith(f"-{each}") for each in again) and not signed & {path.name for path in paths}]
    return sorted(reports, key=lambda each: (each.made, each.of))


def _evidence(store: Path | str) -> set[str]:
    """``CLUSTER-TIME`` of the snapshots that the store has, as names of reports end."""
    return {f"{each.path.resolve().parent.name}-{each.manifest.started:{_TIME}}" for each in snapshots(pulled(store))[0]
            if each.path}


def _made(of: str, paths: Sequence[Path]) -> dt.datetime:
    """When the last file was written, but not before the time of the snapshot that it is named after."""
    named = dt.datetime.strptime(of.rpartition("-")[2], _TIME).replace(tzinfo=dt.UTC)
    return max(named, *(dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) for path in paths))


def chosen(reports: Sequence[Drawn], rule: Retention, now: dt.datetime, *, hipaa: bool) -> list[tuple[Drawn, str]]:
    """Which of these reports go, and by which rule; ``reports`` are the oldest first."""
    youngest = SIX_YEARS if hipaa and not rule.hipaa_reports_may_go_before_six_years else 0
    free = {each.of for each in reports if (now - each.made).days > youngest}
    gone = {each.of: (each, why) for each, why in (*_too_old(reports, rule, now), *_too_many(reports, rule))
            if each.of in free}
    left = [each for each in reports if each.of not in gone]
    gone |= {each.of: (each, why) for each, why in _too_large(left, rule, free)}
    return list(gone.values())


def _too_old(reports: Sequence[Drawn], rule: Retention, now: dt.datetime) -> Iterator[tuple[Drawn, str]]:
    for each in reports:
        if rule.days and (now - each.made).days > rule.days:
            yield each, f"days: {rule.days}"


def _too_many(reports: Sequence[Drawn], rule: Retention) -> Iterator[tuple[Drawn, str]]:
    series: dict[str, list[Drawn]] = {}
    for each in reports:
        series.setdefault(each.series, []).append(each)
    for held in series.values():
        for each in held[:-rule.keep] if rule.keep else []:
            yield each, f"keep: {rule.keep}"


def _too_large(left: Sequence[Drawn], rule: Retention, free: Collection[str]) -> Iterator[tuple[Drawn, str]]:
    """The oldest that may go, until the rest is small enough."""
    total = sum(each.size for each in left)
    for each in left:
        if rule.size_gb is None or total <= rule.size_gb * 1e9:
            return
        if each.of in free:
            total -= each.size
            yield each, f"size_gb: {rule.size_gb:g}"


def remove(gone: Sequence[tuple[Drawn, str]], log: Path, now: dt.datetime) -> int:
    """Remove reports; returns the bytes that are free now. What goes is written down before, with its digest. Raises
    `OSError`."""
    freed = 0
    lines = [json.dumps({"removed": f"{now:%FT%TZ}", "file": path.name, "bytes": path.stat().st_size,
                         "sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "rule": why}, ensure_ascii=True)
             for each, why in gone for path in each.files]
    if lines:
        before = log.read_bytes() if log.exists() else b""
        whole.write(log, before + "".join(f"{line}\n" for line in lines).encode("ascii"))
    for each, _ in gone:
        for path in each.files:
            freed += path.stat().st_size
            path.unlink()
    return freed
