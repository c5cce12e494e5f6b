"""One framework judged on one snapshot: checks × tables → verdicts → requirements.

What people add comes after the checks and changes no verdict: first a scope, which says what counts, then exceptions
and attestations.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis import inputs
from auditkit.analysis.cluster.provider import provider
from auditkit.analysis.columns import strings
from auditkit.analysis.pod_security.levels import minor_version, server_version
from auditkit.analysis.workloads.teams import LABELS, teams, teams_of
from auditkit.base import display
from auditkit.base.memory import no_gc
from auditkit.checks import Check
from auditkit.evaluation import (
    given,
    own_verdicts,  # noqa: F401 - it provides a derived table
    stored,
)
from auditkit.evaluation.attestations import AttestationRegister
from auditkit.evaluation.basis import Basis, basis, rule
from auditkit.evaluation.engine import run
from auditkit.evaluation.exceptions import ExceptionRegister
from auditkit.evaluation.inputs import Input
from auditkit.evaluation.results import Outcome, Reason, Result
from auditkit.evaluation.scope import ScopeRegister
from auditkit.evaluation.standards import standard, versions
from auditkit.evaluation.status import status_of
from auditkit.evaluation.words import DEVIATING, SEVERITIES, STATUSES, SUBJECT, WORDS
from auditkit.framework import library
from auditkit.framework.model import Framework
from auditkit.people.attestations import Attestation
from auditkit.people.exceptions import RiskAcceptance
from auditkit.people.scope import Scope
from auditkit.snapshots.snapshot import Snapshot

OWN = ["what", "name", "file", "sha256", "proof"]
"""Of the frame `Evaluation.own`: ``framework`` or ``check``, its name and file, the file's SHA-256, and how a check is
proved."""

REQUIREMENT = ["id", "section", "title", "obligation", "level", "reach", "status", "accepted", "severity", "reason",
               "checks", "passed", "failed", "unknown", "not_applicable"]


class Evaluation:
    """One framework judged on one snapshot, with what people added to it.

    ``pss_version`` is the version of the Pod Security Standards that was asked for, ``files`` are those of a user's own
    that the framework was read from. ``results`` are those in scope, ``judged`` those of everything, before people add
    anything; ``scope`` says what is outside (`auditkit.evaluation.scope`), None where everything is in scope. ``own``
    has a row for each framework file and check of a user's own that was judged by (columns: `OWN`), ``inputs`` are the
    files of people as they were read, ``controls`` is the folder of a user's own frameworks, ``owner_label`` the label
    that says which team an object is of, ``people`` names the files of people with their digests. ``basis`` is what the
    verdicts rest on; ``distrusted`` says why verdicts that were stored beside the snapshot were not used; empty where
    they were, or where there were none.
    """

    def __init__(self, snapshot: Snapshot, framework: Framework, results: list[Result],
                 exceptions: Iterable[RiskAcceptance] = (), attestations: Iterable[Attestation] = (),
                 pss_version: str = "", files: Iterable[Path] = (), scope: Scope | None = None):
        self.snapshot, self.framework = snapshot, framework
        self.pss_version, self.files = pss_version, list(files)
        self.own = pd.DataFrame(columns=OWN)
        self.inputs: list[Input] = []
        self.controls: Path | None = None
        self.owner_label, self._teams = "", pd.DataFrame()
        self.distrusted = ""
        self.basis = rule(snapshot, framework, pss_version)
        exceptions, attestations = list(exceptions), list(attestations)
        self.people = given.people(exceptions, attestations, scope)
        self.judged = results
        self.scope = ScopeRegister(scope, framework, results, snapshot) if scope else None
        results = self.scope.results if self.scope else results
        days = snapshot.manifest.days  # of the observation: a snapshot gives the same result for ever
        self._exceptions = ExceptionRegister(exceptions, framework.framework, results, days, scoped=scope is not None)
        self._attestations = AttestationRegister(
            attestations, framework.framework, self._exceptions.results, days, self.scope.reasons if self.scope else {})
        results = self._attestations.results
        self.results = self.scope.told(results) if self.scope else results

    @property
    def standard(self) -> str:
        """The version of the Pod Security Standards that was judged by, and why that one; empty where none was."""
        return standard(self.results, self.pss_version, self.snapshot.manifest.server_version)

    @property
    def standards(self) -> list[str]:
        """The versions of the Pod Security Standards that were judged by."""
        return versions(self.results)

    @property
    def exceptions(self) -> pd.DataFrame:
        """One row an exception that concerns this framework (columns: `auditkit.people.exceptions.COLUMNS`)."""
        return self._exceptions.frame()

    @property
    def attestations(self) -> pd.DataFrame:
        """One row for each attestation and requirement (columns: `auditkit.people.attestations.COLUMNS`)."""
        return self._attestations.frame()

    @property
    def notices(self) -> pd.DataFrame:
        """Problems with the scope, exceptions and attestations (expired, unused …): kind, file, line, what."""
        return pd.DataFrame([
            {"kind": notice.kind, "file": notice.origin.file, "line": notice.origin.line, "what": notice.what}
            for notice in (*(self.scope.notices if self.scope else ()), *self._exceptions.notices,
                           *self._attestations.notices)
        ], columns=["kind", "file", "line", "what"])

    @cached_property
    def requirements(self) -> pd.DataFrame:
        """One row a requirement: id, section, title, obligation, level, reach, status, accepted, severity (the highest
        of a check that fails), reason, checks, and how many verdicts passed, failed, unknown, not_applicable."""
        return pd.DataFrame([{
            "id": r.requirement.id, "section": r.requirement.section, "title": r.requirement.title,
            "obligation": r.requirement.obligation, "level": r.requirement.level, "reach": r.requirement.reach,
            "status": r.status, "accepted": r.accepted, "severity": r.severity, "reason": str(r.reason),
            "checks": len(r.outcomes), "passed": r.count("pass"), "failed": r.count("fail"),
            "unknown": r.count("unknown"), "not_applicable": r.count("not_applicable"),
        } for r in self.results], columns=REQUIREMENT)

    @property
    def statuses(self) -> dict[str, int]:
        """The number of requirements with each status. Every status is present."""
        found = self.requirements["status"].value_counts()
        return {status: int(found.get(status, 0)) for status in STATUSES}

    def crosses(self, threshold: str) -> bool:
        """True if a threshold is crossed: ``never``; ``fail`` (a requirement fails, accepted or not);
        ``unaccepted`` (one fails, and is not accepted as a whole); ``unknown`` (one fails or is unknown); or a
        severity (a requirement fails, and a check of at least that severity in it; or somebody says in writing that
        it is not met, whatever the severity). A requirement with exceptions noted crosses it as one that fails."""
        if threshold == "unaccepted":
            return any(result.status in DEVIATING and not result.accepted for result in self.results)
        if threshold in SEVERITIES:
            enough = SEVERITIES[SEVERITIES.index(threshold):]
            found = [[outcome.check.severity for outcome in result.outcomes if outcome.counts["fail"]]
                     for result in self.results if result.status in DEVIATING]
            return any(not severities or set(severities) & set(enough) for severities in found)
        bad = {"never": (), "fail": DEVIATING, "unknown": (*DEVIATING, "unknown")}[threshold]
        return any(result.status in bad for result in self.results)

    def by_team(self, label: str) -> None:
        """Take a label for what says whose objects are; an empty one for none. Raises `NoSuchName` where nothing has
        it."""
        snap, self.owner_label = self.snapshot, label
        if label:
            self._teams = teams(label, snap.top_owners, **{name: snap.frame(name) for name in LABELS})

    def teams_of(self, subjects: pd.DataFrame) -> pd.Series:
        """The team of each subject (columns kind, namespace, name); empty where there is none."""
        return teams_of(subjects, self._teams) if self.owner_label else pd.Series("", subjects.index)

    def frames(self, verdict: str | None = None) -> Iterator[tuple[Check, pd.DataFrame]]:
        """The verdicts (of one kind) of each requirement and check in turn, with the columns of `verdicts`."""
        for outcome, chosen, more in self._chosen(verdict):
            yield outcome.check, outcome.rows_with(chosen, **more)

    def tables(self, verdict: str | None = None) -> Iterator[tuple[Check, pa.Table]]:
        """The same in Arrow form, with the column ``team``."""
        for outcome, chosen, more in self._chosen(verdict):
            found = outcome.table(chosen, **more)
            yield outcome.check, found.append_column("team", strings(self.teams_of(found.to_pandas(
                types_mapper=pd.ArrowDtype))) if self.owner_label else pa.repeat("", len(chosen)))

    def _chosen(self, verdict: str | None) -> Iterator[tuple[Outcome, np.ndarray, dict[str, Any]]]:
        """Each outcome, the places of its subjects (with one verdict), and what else is said of them."""
        for result in self.results:
            for place, outcome in enumerate(result.outcomes):
                chosen = outcome.positions(verdict)
                yield outcome, chosen, {
                    "check": outcome.check.name, "requirement": result.requirement.id,
                    "severity": outcome.check.severity,
                    "accepted": result.covered[place][chosen] if result.covered else False}

    def verdicts(self, verdict: str | None = None) -> pd.DataFrame:
        """One row for each requirement × check × subject: check, requirement, severity, kind, namespace, name,
        container, verdict, reason, seen, wanted, and whether a valid exception covers it: accepted."""
        frames = [frame for _, frame in self.frames(verdict) if len(frame)]
        columns = ["check", "requirement", "severity", *SUBJECT, "verdict", "reason", "seen", "wanted",
                   "accepted"]
        return (pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns))[columns]

    def __repr__(self) -> str:
        counts = ", ".join(f"{count} {WORDS[status].text}" for status, count in self.statuses.items() if count)
        return (f"<Evaluation of {self.framework.framework} {self.framework.version} on "
                f"{self.snapshot.manifest.cluster!r}: {counts}>")

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self)


_JUDGED: WeakKeyDictionary[Snapshot, dict[tuple[object, str], Outcome]] = WeakKeyDictionary()
"""What checks found on a snapshot, as long as that is in memory: frameworks share most of their checks."""


def evaluate(snapshot: Snapshot, framework: str | Framework, exceptions: Iterable[RiskAcceptance] = (),
             attestations: Iterable[Attestation] = (), pss_version: str = "",
             files: Iterable[Path] = (), scope: Scope | None = None) -> Evaluation:
    """Judge a framework on a snapshot. Raises `NoSuchName` for a framework or check that does not exist.

    ``pss_version`` is the version of the Pod Security Standards (``latest``, ``v1.0`` …) for checks that a control
    leaves at the latest; that is the server's own, as its admission would judge. Of a snapshot that lies in a folder,
    verdicts are stored beside it and read from there, as `auditkit.evaluation.stored` says: nothing is judged twice.
    """
    framework = library.load(framework) if isinstance(framework, str) else framework
    by_default = _standard(pss_version, snapshot.manifest.server_version)
    plan = [(requirement, [_tuned(check, by_default) for check in requirement.resolved()])
            for requirement in framework.requirements]
    rests_on = basis(snapshot, framework, (check for _, checks in plan for check in checks), pss_version)
    rests_on = rests_on if snapshot.path else None
    results, distrusted = _results(snapshot, plan, rests_on)
    evaluation = Evaluation(snapshot, framework, results, exceptions, attestations, pss_version, files, scope)
    evaluation.distrusted = distrusted
    if rests_on:
        given.keep(snapshot, rests_on, evaluation.people, lambda: record(evaluation))
    return evaluation


def record(evaluation: Evaluation) -> given.Said:
    """What was said of a snapshot, with what people added, as it is kept beside the verdicts."""
    covered = {result.requirement.id: [_places(outcome, mask) for outcome, mask in zip(
        result.outcomes, result.covered, strict=True)]
        for result in evaluation.results if any(mask.any() for mask in result.covered)}
    return given.Said(
        requirements=_rows(evaluation.requirements), exceptions=_rows(evaluation.exceptions),
        attestations=_rows(evaluation.attestations), notices=_rows(evaluation.notices), covered=covered,
        attested=[result.requirement.id for result in evaluation.results if result.attestations],
        outside=_outside(evaluation))


def _places(outcome: Outcome, chosen: np.ndarray) -> list[int]:
    """The places of chosen subjects of an outcome among all that were judged."""
    at = np.flatnonzero(chosen)
    found: list[int] = (at if outcome.places is None else outcome.places[at]).tolist()
    return found


def _outside(evaluation: Evaluation) -> given.Outside | None:
    """What a scope leaves out of the verdicts that are stored."""
    if not (scope := evaluation.scope):
        return None
    outcomes = {id(outcome): outcome for result in evaluation.judged for outcome in result.outcomes}
    return given.Outside(requirements=_rows(scope.requirements),
                         subjects=[given.mask(len(each), scope.places(each)) for each in outcomes.values()])


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    plain = frame.astype(object)
    rows: list[dict[str, Any]] = plain.where(plain.notna(), None).to_dict("records")
    return rows


def _results(snapshot: Snapshot, plan: stored.Plan, rests_on: Basis | None) -> tuple[list[Result], str]:
    """The results, stored or judged now, and why those that are stored are not used; empty where none are there."""
    if not rests_on:
        return _judged(snapshot, plan), ""
    distrusted = ""
    try:
        if found := stored.load(snapshot, rests_on, plan):
            return found, ""
    except stored.Distrusted as error:
        distrusted = str(error)
    results = _judged(snapshot, plan)
    stored.keep(snapshot, rests_on, results)
    return results, distrusted


def _judged(snapshot: Snapshot, plan: stored.Plan) -> list[Result]:
    """The results, judged now."""
    run_by = provider(*map(snapshot.frame, inputs(provider)))
    judged = _JUDGED.setdefault(snapshot, {})
    results = []
    with no_gc():
        for requirement, checks in plan:
            outcomes = []
            for check in checks:
                key = (check.function, repr(sorted(check.parameters.items())))
                if key not in judged:
                    judged[key] = snapshot.once(key, check.tables, check.tools, partial(run, check, snapshot))
                outcomes.append(judged[key])
            status: tuple[str, Reason] = snapshot.remember(
                (status_of, id(requirement), *map(id, outcomes), run_by),
                partial(status_of, requirement, outcomes, run_by), (requirement, outcomes))
            results.append(Result(requirement, *status, outcomes))
    return results


def _tuned(check: Check, version: str) -> Check:
    """A check that follows the latest Pod Security Standards, at this version of them; any other as it is."""
    follows = check.name.startswith("pss.") and check.parameters.get("version") == "latest"
    return check.with_parameters({"version": version}) if follows else check


def _standard(asked: str, server: str) -> str:
    """The version of the Pod Security Standards to judge by: as asked, but none that the server does not know."""
    return f"v1.{minor_version(asked or 'latest', server_version(server))}"
