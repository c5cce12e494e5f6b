"""Attestations applied to results: statements by people about what a cluster cannot show, and their problems."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pandas as pd

from auditkit.evaluation.results import Reason, Result
from auditkit.evaluation.words import DEVIATING
from auditkit.people import entries
from auditkit.people.attestations import OUTSIDE, Attestation, AttestationEntry
from auditkit.people.entries import Days, Notice

COLUMNS = ["framework", "requirement", "by", "says", "holds", "alternative", "note", "since", "until", "state", "files",
           "file", "line", "sha256"]
"""Columns of the frame of attestations. ``files`` has each file with its SHA-256, separated by semicolons."""


class AttestationRegister:
    """Attestations applied to the results of one framework on the days on which the cluster may have been observed.

    ``results`` are the same results, with ``attested`` for ``manual`` where a valid attestation covers it, or for
    any but a good status where it tells of an alternative; with ``fail`` where one says that it does not hold.
    ``notices`` say which attestations have expired, hold for too long, say nothing that counts, lost a file, or attest
    a requirement with deviations without a note on it.
    """

    def __init__(self, attestations: Iterable[Attestation], framework: str, results: list[Result],
                 days: Days, outside: Mapping[str, str] = MappingProxyType({})):
        self._days, self._outside = days, outside
        self._ours = [attestation for attestation in attestations if attestation.entry.framework == framework]
        self._used: set[int] = set()
        self.results = [self._marked(result) for result in results]

    def _marked(self, result: Result) -> Result:
        valid = [each for each in self._ours
                 if result.requirement.id in each.entry.requirements and each.state(self._days) == "valid"]
        told = _told(result, valid) if valid else None
        if told is None:
            return result
        self._used.update(map(id, valid))
        status, reason = told
        accepted = result.accepted and status in DEVIATING and all(each.entry.holds for each in valid)
        return replace(result, status=status, reason=reason, attestations=tuple(valid), accepted=accepted)

    @property
    def notices(self) -> list[Notice]:
        """The notices about the attestations for this framework."""
        return [Notice(f"attestation {kind}", each.origin, what) for each in self._ours
                for kind, what in self._said(each)]

    def _said(self, attestation: Attestation) -> Iterator[tuple[str, str]]:
        entry, state = attestation.entry, attestation.state(self._days)
        if state == "expired":
            yield state, f"it expired on {entry.until}; ask {entry.by} to renew it"
        elif state == "not in force yet":
            yield state, f"it takes effect on {entry.since}"
        elif state == "valid" and (left := [name for name in entry.requirements if name in self._outside]):
            yield from (("out of scope", f"{name} is out of scope: {self._outside[name]}") for name in left)
        elif state == "valid" and id(attestation) not in self._used:
            yield "unused", f"checks decide {', '.join(entry.requirements)}; the attestation has no effect"
        if state == "valid" and not entry.note:
            yield from (("without a note", what) for what in self._unexplained(attestation))
        if long := entries.too_long(entry.since, entry.until):
            yield "too long", long
        for file in attestation.files:
            if file.wrong:
                found = f": its SHA-256 is now {file.sha256}" if file.sha256 else ""
                inside = (": put it below the folder of the attestations; a link must not lead out of it"
                          if file.wrong == OUTSIDE else "")
                yield file.wrong, f"{file.path}{found}{inside}"

    def _unexplained(self, attestation: Attestation) -> Iterator[str]:
        """The requirements with deviations by what checks found, and that it attests; where somebody says in
        writing that one is not met, that is the note."""
        for result in self.results:
            attested = result.attestations
            if result.status in DEVIATING and attestation in attested and all(each.entry.holds for each in attested):
                does = "fails" if result.status == "fail" else "has exceptions noted"
                yield (f"{result.requirement.id} {does}: {result.reason.found}; say in its note what this means for "
                       "the requirement and what is done about it")

    def frame(self) -> pd.DataFrame:
        """One row for each attestation and requirement of this framework (columns: `COLUMNS`)."""
        return pd.DataFrame([self._row(each, requirement) for each in self._ours
                             for requirement in each.entry.requirements], columns=COLUMNS)

    def _row(self, attestation: Attestation, requirement: str) -> dict[str, Any]:
        entry, origin = attestation.entry, attestation.origin
        return {
            "framework": entry.framework, "requirement": requirement, "by": entry.by, "says": entry.says,
            "holds": entry.holds, "alternative": _alternative(entry), "note": entry.note or "",
            "since": entry.since.isoformat(), "until": entry.until.isoformat(),
            "state": attestation.state(self._days),
            "files": "; ".join(f"{file.path} {file.sha256 or file.wrong}" for file in attestation.files),
            "file": origin.file, "line": origin.line, "sha256": origin.sha256,
        }


def _told(result: Result, valid: list[Attestation]) -> tuple[str, Reason] | None:
    """The status and reason of a result with its attestations; ``None`` if they have no effect."""
    told = "; ".join(each.told for each in valid)
    reason, stated, status = result.reason, result.requirement, result.status
    found = replace(reason, found=f"checks found: {reason.found}") if result.outcomes else Reason()
    if denied := "; ".join(each.told for each in valid if not each.entry.holds):
        return "fail", replace(found, said=f"attested as not met by {denied}")
    instead = "; ".join(dict.fromkeys(_alternative(each.entry) for each in valid if each.entry.alternative))
    if instead and stated.obligation == "addressable" and status in (*DEVIATING, "unknown", "manual"):
        return "attested", replace(found, said=f"met by an alternative measure: {instead}; attested by {told}")
    if status == "manual":
        return "attested", replace(reason, attested=f"attested by {told}") if result.outcomes else Reason(told)
    return (status, replace(reason, attested=f"remainder attested by {told}")) if stated.reach == "partly" else None


def _alternative(entry: AttestationEntry) -> str:
    return f"{entry.alternative.measure}, because {entry.alternative.reason}" if entry.alternative else ""
