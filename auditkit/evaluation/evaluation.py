"""Checks × tables → verdicts → requirements.

A check says ``True``, ``False`` or ``<NA>`` of each row of its population. Only here does ``True`` become
``pass``, and only where every table that the check reads was collected completely. What people add
(exceptions, attestations) comes after that, and changes no verdict.
"""

import datetime as dt
import inspect
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.analysis import inputs
from auditkit.analysis.cluster.provider import provider
from auditkit.analysis.pod_security.levels import minor_version, server_version
from auditkit.base import display
from auditkit.base.memory import no_gc
from auditkit.checks import Check, Judgement
from auditkit.errors import AuditkitError, UsageError
from auditkit.framework import framework as controls
from auditkit.framework.framework import Framework, Requirement
from auditkit.people.attestations import Attestation, AttestationRegister
from auditkit.people.exceptions import Acceptance, ExceptionRegister
from auditkit.snapshots.snapshot import Snapshot

VERDICTS = ("pass", "fail", "unknown", "not_applicable")
STATUSES = ("fail", "unknown", "manual", "attested", "pass", "not_applicable")
SEVERITIES = ("low", "medium", "high", "critical")
CONTROL_PLANE = ("api_servers", "controller_managers", "schedulers", "etcd_members")
"""Populations that nobody but a provider sees, where one runs the control plane."""
UNSAID = {"fail": "it is not as wanted", "unknown": "the value is not known"}
"""The reason of verdicts for which a check gives none."""
SUBJECT = ["kind", "namespace", "name", "container"]
REQUIREMENT = ["id", "section", "title", "obligation", "level", "reach", "status", "accepted", "severity", "reason",
               "checks", "passed", "failed", "unknown", "not_applicable"]


@dataclass(frozen=True)
class Outcome:
    """What one check found: a verdict for every subject of its population."""

    check: Check
    population: pd.DataFrame
    judgement: Judgement
    verdict: pa.DictionaryArray
    gaps: list[str]

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many subjects have each verdict; all four are there."""
        found = dict(zip(*(self.verdict.value_counts().field(i).to_pylist() for i in (0, 1)), strict=True))
        return {verdict: found.get(verdict, 0) for verdict in VERDICTS}

    def positions(self, verdict: str | None = None) -> np.ndarray:
        """The places of the subjects (of one verdict) in the population."""
        return (np.arange(len(self.population)) if verdict is None
                else np.flatnonzero(pc.equal(self.verdict, verdict).to_numpy(zero_copy_only=False)))

    def subjects(self, chosen: np.ndarray) -> pd.DataFrame:
        """What the subjects at these places are called: kind, namespace, name, container."""
        return subjects(self.population, self.check.tables[0], chosen)

    def rows(self, verdict: str | None = None) -> pd.DataFrame:
        """The subjects (of one verdict): kind, namespace, name, container, verdict, reason, seen, wanted."""
        chosen = self.positions(verdict)
        frame = self.subjects(chosen)
        frame["verdict"] = self.verdict.take(pa.array(chosen)).cast(pa.string()).to_pandas(
            types_mapper={pa.string(): pd.ArrowDtype(pa.string())}.get).array
        with _guarded(self.check):
            evidence, reasons = self.judgement.evidence, self.judgement.reasons
        frame["seen"] = _seen(evidence.iloc[chosen])
        frame["reason"] = self._reasons(reasons, chosen, frame)
        frame["wanted"] = self.check.wanted
        return frame

    def _reasons(self, given: pd.Series | str, chosen: np.ndarray, frame: pd.DataFrame) -> list[str]:
        stated = [given] * len(chosen) if isinstance(given, str) else given.iloc[chosen].tolist()
        ok = self.judgement.ok.iloc[chosen].tolist()
        gap = "; ".join(self.gaps)
        return [
            self.judgement.otherwise if verdict == "not_applicable"
            else gap if gap and verdict == "unknown" and (value is True or value is False)
            else _text(reason) or seen or UNSAID.get(verdict, "")
            for verdict, value, reason, seen in zip(frame["verdict"], ok, stated, frame["seen"], strict=True)
        ]


@dataclass(frozen=True)
class Result:
    """A requirement with its status, the reason for it, and what its checks found.

    ``accepted``: it fails, valid exceptions cover every subject that does, and nothing else of it is unknown;
    ``covered`` says for each outcome which subjects they cover. ``attestations`` are the valid ones about it.
    """

    requirement: Requirement
    status: str
    reason: str
    outcomes: list[Outcome]
    accepted: bool = False
    covered: tuple[np.ndarray, ...] = ()
    attestations: tuple[Attestation, ...] = ()

    def count(self, verdict: str) -> int:
        """How many verdicts of this kind its checks gave together."""
        return sum(outcome.counts[verdict] for outcome in self.outcomes)

    @property
    def severity(self) -> str:
        """The highest severity of a check that fails; empty where none does."""
        return max((o.check.severity for o in self.outcomes if o.counts["fail"]), key=SEVERITIES.index, default="")

    @property
    def not_known(self) -> str:
        """Why not all is known that its checks look at; empty where it is."""
        return not_known(self.outcomes)


class Evaluation:
    """One framework judged on one snapshot, with what people added to it.

    ``pss_version`` is the version of the Pod Security Standards that was asked for, ``files`` are those of a user's own
    that the framework was read from.
    """

    def __init__(self, snapshot: Snapshot, framework: Framework, results: list[Result],
                 exceptions: Iterable[Acceptance] = (), attestations: Iterable[Attestation] = (),
                 pss_version: str = "", files: Iterable[Path] = ()):
        self.snapshot, self.framework = snapshot, framework
        self.pss_version, self.files = pss_version, list(files)
        today = snapshot.manifest.ended.astimezone(dt.UTC).date()  # a snapshot gives the same result for ever
        self._exceptions = ExceptionRegister(exceptions, framework.framework, results, today)
        self._attestations = AttestationRegister(
            attestations, framework.framework, self._exceptions.results, today)
        self.results = self._attestations.results

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
        """What is wrong with exceptions and attestations (expired, unused …): kind, file, line, what."""
        return pd.DataFrame([
            {"kind": notice.kind, "file": notice.origin.file, "line": notice.origin.line, "what": notice.what}
            for notice in (*self._exceptions.notices, *self._attestations.notices)
        ], columns=["kind", "file", "line", "what"])

    @cached_property
    def requirements(self) -> pd.DataFrame:
        """One row a requirement: id, section, title, obligation, level, reach, status, accepted, severity (the highest
        of a check that fails), reason, checks, and how many verdicts passed, failed, unknown, not_applicable."""
        return pd.DataFrame([{
            "id": r.requirement.id, "section": r.requirement.section, "title": r.requirement.title,
            "obligation": r.requirement.obligation, "level": r.requirement.level, "reach": r.requirement.reach,
            "status": r.status, "accepted": r.accepted, "severity": r.severity, "reason": r.reason,
            "checks": len(r.outcomes), "passed": r.count("pass"), "failed": r.count("fail"),
            "unknown": r.count("unknown"), "not_applicable": r.count("not_applicable"),
        } for r in self.results], columns=REQUIREMENT)

    @property
    def statuses(self) -> dict[str, int]:
        """How many requirements have each status; all are there."""
        found = self.requirements["status"].value_counts()
        return {status: int(found.get(status, 0)) for status in STATUSES}

    def crosses(self, threshold: str) -> bool:
        """Whether a threshold is crossed: ``never``; ``fail`` (a requirement fails, accepted or not);
        ``unaccepted`` (one fails, and is not accepted as a whole); ``unknown`` (one fails or is unknown); or a
        severity (a requirement fails, and a check of at least that severity in it; or somebody says in writing that
        it is not met, whatever the severity)."""
        if threshold == "unaccepted":
            return any(result.status == "fail" and not result.accepted for result in self.results)
        if threshold in SEVERITIES:
            enough = SEVERITIES[SEVERITIES.index(threshold):]
            found = [[outcome.check.severity for outcome in result.outcomes if outcome.counts["fail"]]
                     for result in self.results if result.status == "fail"]
            return any(not severities or set(severities) & set(enough) for severities in found)
        bad = {"never": set(), "fail": {"fail"}, "unknown": {"fail", "unknown"}}[threshold]
        return any(result.status in bad for result in self.results)

    def frames(self, verdict: str | None = None) -> Iterator[tuple[Check, pd.DataFrame]]:
        """The verdicts (of one kind) of each requirement and check in turn, with the columns of `verdicts`."""
        for result in self.results:
            for place, outcome in enumerate(result.outcomes):
                accepted = result.covered[place][outcome.positions(verdict)] if result.covered else False
                yield outcome.check, outcome.rows(verdict).assign(
                    check=outcome.check.name, requirement=result.requirement.id, severity=outcome.check.severity,
                    accepted=accepted)

    def verdicts(self, verdict: str | None = None) -> pd.DataFrame:
        """One row for each requirement × check × subject: check, requirement, severity, kind, namespace, name,
        container, verdict, reason, seen, wanted, and whether a valid exception covers it: accepted."""
        frames = [frame for _, frame in self.frames(verdict) if len(frame)]
        columns = ["check", "requirement", "severity", *SUBJECT, "verdict", "reason", "seen", "wanted",
                   "accepted"]
        return (pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns))[columns]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return display.bundle(self, "summary")


_JUDGED: WeakKeyDictionary[Snapshot, dict[tuple, Outcome]] = WeakKeyDictionary()
"""What checks found on a snapshot, as long as that is in memory: frameworks share most of their checks."""


def evaluate(snapshot: Snapshot, framework: str | Framework, exceptions: Iterable[Acceptance] = (),
             attestations: Iterable[Attestation] = (), pss_version: str = "",
             files: Iterable[Path] = ()) -> Evaluation:
    """Judge a framework on a snapshot. Raises `NoSuchName` for a framework or check that does not exist.

    ``pss_version`` is the version of the Pod Security Standards (``latest``, ``v1.0`` …) for checks that a control
    leaves at the latest; that is the server's own, as its admission would judge.
    """
    framework = controls.load(framework) if isinstance(framework, str) else framework
    standard = _standard(pss_version, snapshot.manifest.server_version)
    run_by = provider(*map(snapshot.frame, inputs(provider)))
    judged = _JUDGED.setdefault(snapshot, {})
    results = []
    with no_gc():
        for requirement in framework.requirements:
            outcomes = []
            for check in requirement.resolved():
                if check.name.startswith("pss.") and check.parameters.get("version") == "latest":
                    check = check.with_parameters({"version": standard})
                key = (check.function, repr(sorted(check.parameters.items())))
                if key not in judged:
                    judged[key] = run(check, snapshot)
                outcomes.append(judged[key])
            results.append(Result(requirement, *status_of(requirement, outcomes, run_by), outcomes))
    return Evaluation(snapshot, framework, results, exceptions, attestations, pss_version, files)


def _standard(asked: str, server: str) -> str:
    """The version of the Pod Security Standards to judge by: as asked, but none that the server does not know."""
    return f"v1.{minor_version(asked or 'latest', server_version(server))}"


def run(check: Check, snapshot: Snapshot) -> Outcome:
    """Run one check on a snapshot: the verdict of every subject, in the order of its population."""
    population = snapshot.frame(check.tables[0])
    judgement = _judgement(check, [snapshot.frame(table) for table in check.tables])
    if len(judgement.ok) != len(population) or not judgement.ok.index.equals(population.index):
        raise UsageError(f"The check {check.name} judged {len(judgement.ok)} subjects of {len(population)}; "
                         "it must judge each row of its first table exactly once.")
    gaps, clearing = (list(dict.fromkeys(gap for table in names for gap in snapshot.gaps(table, check.tools)))
                      for names in (check.tables, check.needs))
    verdict = _verdicts(judgement, complete=not gaps, cleared=not clearing)
    return Outcome(check, population, judgement, verdict, gaps)


def _judgement(check: Check, frames: list[pd.DataFrame]) -> Judgement:
    """What a check says."""
    with _guarded(check):
        judgement = check(*frames)
    if not isinstance(judgement, Judgement):
        raise UsageError(f"The check {check.name} returned {type(judgement).__name__}; "
                         "it must return judge(…).")
    return judgement


@contextmanager
def _guarded(check: Check) -> Iterator[None]:
    """While the code of a check runs, which may be a user's own: if it breaks it is named, and what it prints does not
    come between results that a program reads."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except AuditkitError as error:
        raise UsageError(f"The check {check.name} broke: {error}") from error
    except (Exception, SystemExit) as error:
        raise UsageError(f"The check {check.name} broke: {type(error).__name__}: {error} "
                         f"({_place(error, check)}).") from error


def _place(error: BaseException, check: Check) -> str:
    """Where the check broke: the last line of its own file that was reached, else where the error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename == inspect.getsourcefile(check.function)]
    frame = (own or frames)[-1]
    return f"{frame.filename}, line {frame.lineno}"


def _verdicts(judgement: Judgement, *, complete: bool, cleared: bool) -> pa.DictionaryArray:
    """The verdict of each row. ``True`` is a pass only where the evidence is complete, ``False`` a failure only where
    what could clear it is."""
    ok = pa.chunked_array(judgement.ok.array.__arrow_array__()).combine_chunks()
    codes = np.full(len(ok), VERDICTS.index("unknown"), np.int8)
    if cleared:
        codes[_true(pc.invert(ok))] = VERDICTS.index("fail")
    if complete:
        codes[_true(ok)] = VERDICTS.index("pass")
    if judgement.applies is not None:
        applies = pa.chunked_array(judgement.applies.array.__arrow_array__()).combine_chunks()
        codes[~_true(pc.is_valid(applies))] = VERDICTS.index("unknown")
        out_of_scope = _true(pc.invert(applies))
        codes[out_of_scope] = VERDICTS.index("not_applicable" if complete else "unknown")
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(VERDICTS))


def _true(values: pa.Array) -> np.ndarray:
    """Where a nullable boolean is ``True``, and not merely unknown."""
    return pc.fill_null(values, False).to_numpy(zero_copy_only=False)


def status_of(requirement: Requirement, outcomes: list[Outcome], run_by: str = "") -> tuple[str, str]:
    """The status of a requirement and the reason for it, from what its checks found.

    ``fail`` if any subject fails; else ``unknown`` if any is unknown or evidence is incomplete; else ``pass`` if
    any subject was judged, or ``not_applicable`` where there is nothing to judge, and that is completely known.
    Both are said only of what a cluster shows as a whole: where it shows a part (``reach`` is not ``evidenced``),
    the rest is for people, and the status is ``manual``, as it is without a check. What a provider runs
    (``run_by`` names the one of this cluster) is ``not_applicable``, and never a pass.
    """
    if requirement.run_by == "provider":
        return "not_applicable", f"run by the provider{f' ({run_by})' if run_by else ''}"
    if not outcomes:
        return "manual", requirement.look_at or requirement.cannot_show or "no check gives evidence for it yet"
    failed = [o for o in outcomes if o.counts["fail"]]
    if failed:
        return "fail", "; ".join(f"{o.counts['fail']} of {len(o.population)} fail: {o.check.title.rstrip('.')}"
                                 for o in failed)
    if run_by and _of_the_provider(outcomes):
        return _whole(requirement, "not_applicable", f"run by the provider ({run_by})")
    if why := not_known(outcomes):
        return "unknown", why
    if passed := sum(o.counts["pass"] for o in outcomes):
        return _whole(requirement, "pass", f"{passed} pass, none fails")
    return _whole(requirement, "not_applicable", "; ".join(dict.fromkeys(
        o.judgement.otherwise if len(o.population) else f"there are no {subjects_of(o.check)}"
        for o in outcomes)))


def _whole(requirement: Requirement, status: str, reason: str) -> tuple[str, str]:
    """A good status, if a cluster shows the whole of the requirement; else people must tell the rest."""
    if requirement.reach == "evidenced":
        return status, reason
    seen = f"what a cluster shows holds: {reason}" if status == "pass" else f"nothing of it could be judged: {reason}"
    rest = f"it cannot show: {requirement.cannot_show}" if requirement.cannot_show else "people must tell the rest"
    return "manual", f"{seen}; {rest}"


def _of_the_provider(outcomes: list[Outcome]) -> bool:
    """Whether the checks look at nothing but a control plane, and it is not there to be seen."""
    return (all(o.check.tables[0] in CONTROL_PLANE and not o.gaps for o in outcomes)
            and any(o.check.if_empty and not len(o.population) for o in outcomes))


def not_known(outcomes: list[Outcome]) -> str:
    """Why not all is known that checks look at: gaps in the evidence, else a population that must exist and is not
    seen, else subjects that are not decided. Empty where all is known."""
    if gaps := [gap for o in outcomes for gap in o.gaps]:
        return "; ".join(dict.fromkeys(gaps))
    if unseen := [o.check.if_empty for o in outcomes if not len(o.population) and o.check.if_empty]:
        return "; ".join(dict.fromkeys(unseen))
    return "; ".join(f"{o.counts['unknown']} of {len(o.population)} not known: {o.check.title.rstrip('.')}"
                     for o in outcomes if o.counts["unknown"])


def subjects_of(check: Check) -> str:
    """What the subjects of a check are called together: ``pods``, also where templates of pods count among them."""
    return check.tables[0].removeprefix("all_").replace("_", " ")


def subjects(population: pd.DataFrame, table: str, chosen: np.ndarray) -> pd.DataFrame:
    """What rows of a population are called: columns kind, namespace, name, container."""
    rows = population.iloc[chosen]
    declared = tables.TABLES.get(table.removeprefix("all_"))
    name, container = declared.called if declared else ("name", "container")
    kind = declared.kind if declared else ""
    return pd.DataFrame({
        "kind": rows["kind"] if "kind" in rows else kind,
        "namespace": rows["namespace"] if "namespace" in rows else pd.NA,
        "name": rows[name],
        "container": rows[container] if container and container in rows else pd.NA,
    }, index=rows.index).reset_index(drop=True)


def _seen(evidence: pd.DataFrame) -> list[str]:
    """The values that were looked at, as ``name=value`` parted by commas."""
    columns = [[f"{name}={_text(value) or 'not set'}" for value in evidence[name].tolist()] for name in evidence]
    return [", ".join(row) for row in zip(*columns, strict=True)] if columns else [""] * len(evidence)


def _text(value: object) -> str:
    if value is None or value is pd.NA:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
