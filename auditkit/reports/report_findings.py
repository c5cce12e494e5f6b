"""What is wrong with a report, as far as it can be told from the report alone.

The digests in a report find accidents, and changes by those who do not know of them. Who changed it on purpose can
compute them anew: then the snapshot shows it (`auditkit.reports.reperform`), or a signature.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from auditkit.reports.figures import Compared, Pages, compare_pages, rows
from auditkit.reports.page import integrity
from auditkit.reports.panels.evidence import SEAL
from auditkit.reports.reading import Report, Seal, read, whole
from auditkit.reports.reperform import Reperformance

UNKNOWN_MAKER = "Who made the report: only a signature shows that."


@dataclass(frozen=True)
class ReportFindings:
    """Sentences: what is wrong, what was verified, and what was not and why."""

    wrong: list[str]
    verified: list[str]
    unverified: list[str]

    def with_figures(self, found: Reperformance) -> "ReportFindings":
        """The same after the figures were computed anew."""
        said = (f"{found.figures:,} figures, among them those of {found.verdicts:,} verdicts, were computed anew from "
                "the snapshot.")
        return replace(self, wrong=[*self.wrong, *map(str, found.differences)], verified=[*self.verified, said],
                       unverified=found.notes)


def report_findings(path: Path) -> ReportFindings:
    """Verify a report (PDF or notebook) by itself. Raises `UsageError` for what is none."""
    report = read(path)
    seal, compared = report.seal, Compared()
    wrong = [*_bytes(report), *_attachments(report, seal)]
    if "requirements.csv" in report.attachments:
        with whole(path):
            _compare(report, seal, compared)
    wrong += [f"{each.where}: {each.what}: {each.reported}; by the attachments it is {each.computed}."
              for each in compared.differences]
    verified = [f"{len(report.attachments)} attachments have the digests that {SEAL} names.",
                f"{compared.figures:,} figures are those of the attached tables."] if not wrong else []
    return ReportFindings(wrong, verified, [
        f"Whether the verdicts are those of the snapshot {seal.snapshot[:12]}: give --store, or use "
        "`auditkit reperform`.",
        UNKNOWN_MAKER])


def _bytes(report: Report) -> Iterator[str]:
    """Which bytes of a PDF are not as they were written, as pages where they are those of pages."""
    if not report.pages:
        return
    if report.digests is None:
        yield "The PDF has no digests of its pages: auditkit did not write it, or another program saved it again."
        return
    drawn = [hashlib.sha256(each).hexdigest() for each in report.drawn]
    changed = [number for number, pair in enumerate(zip_longest(drawn, report.digests.pages), 1) if pair[0] != pair[1]]
    for number in changed[:20]:
        yield f"Page {number} is not as it was written."
    if not integrity.whole(report.content):
        yield "The bytes of the PDF are not those that were written: its digest of itself is another."


def _attachments(report: Report, seal: Seal) -> Iterator[str]:
    named = {**seal.files, **{one.attachment: one.sha256 for one in seal.given}}
    for name, digest in named.items():
        if name not in report.attachments:
            yield f"The attachment {name} is missing."
        elif hashlib.sha256(report.attachments[name]).hexdigest() != digest:
            yield f"The attachment {name} was changed: its SHA-256 is not the one that {SEAL} names."
    for name in report.attachments.keys() - named.keys() - {SEAL}:
        yield f"The attachment {name} was added: {SEAL} does not name it."
    if seal.files.get("manifest.json") not in (None, seal.snapshot):
        yield "The attached manifest is not that of the snapshot on the cover."


def _compare(report: Report, seal: Seal, into: Compared) -> None:
    """Compare the attached tables with one another, and the pages with them."""
    requirements = rows(report.attachments["requirements.csv"])
    _sums(requirements, rows(report.attachments.get("verdicts.csv", b"")), into)
    if report.pages:
        compare_pages(Pages(report.pages), requirements, seal, into)


def _sums(requirements: list[dict[str, str]], verdicts: list[dict[str, str]], into: Compared) -> None:
    """Compare the numbers of the table of requirements with the table of verdicts."""
    for row in requirements:
        own = [verdict["verdict"] for verdict in verdicts if verdict["requirement"] == row["id"]]
        for column, verdict in (("passed", "pass"), ("failed", "fail"), ("unknown", "unknown"),
                                ("not_applicable", "not_applicable")):
            into.add("requirements.csv", f"{row['id']}, {column}", row[column], f"{own.count(verdict)}")
