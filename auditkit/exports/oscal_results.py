"""One framework as a result of OSCAL: its findings, observations, risks and inventory."""

from collections.abc import Iterator
from typing import Any

from auditkit import tables
from auditkit.analysis import collected
from auditkit.base.version import VERSION
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Result
from auditkit.evaluation.sentences import failing
from auditkit.evaluation.words import SUBJECT, word
from auditkit.exports.judged import Judged, Subject, Verdict, acceptances, digest, identity, left_out, of, scope
from auditkit.exports.oscal_parts import TOOL, line, prop, time, tokens

_ACTOR = [{"actors": [{"type": "tool", "actor-uuid": TOOL}]}]
_REASONS = {"pass": "pass", "fail": "fail"}
"""Of the states of a finding; any other status is ``other``."""


class Assessed:
    """An evaluation, and what of it is named elsewhere in the document."""

    def __init__(self, evaluation: Evaluation):
        self.evaluation = evaluation
        self._left = left_out(evaluation)
        requirements = [*(one.requirement.id for one in evaluation.results), *(one.id for one in self._left)]
        self._snapshot = evaluation.snapshot.digest
        self.name = digest(self._snapshot, evaluation.framework.framework, evaluation.framework.version,
                           *(f"{one.requirement.id} {one.status} {one.reason}" for one in evaluation.results),
                           *filter(None, [scope(evaluation)]))
        self._tokens = tokens(evaluation.framework.framework, requirements)
        self._inventory: dict[Subject, str] = {}
        self._moment = time(evaluation.snapshot.manifest.moment)

    def objectives(self) -> Iterator[dict[str, Any]]:
        """An objective for each requirement, which findings have as their target; those outside the scope too."""
        titles = {one.requirement.id: one.requirement.title for one in self.evaluation.results}
        for name, title in (titles | {one.id: one.title for one in self._left}).items():
            token = self._tokens[name]
            yield {"control-id": token, "props": [prop("requirement", name)], "parts": [
                {"id": f"{token}_obj", "name": "assessment-objective", "prose": line(title)}]}

    def result(self) -> dict[str, Any]:
        """The result of the framework."""
        framework, manifest = self.evaluation.framework, self.evaluation.snapshot.manifest
        observations: list[dict[str, Any]] = []
        risks: list[dict[str, Any]] = []
        findings = [self._finding(result, observations, risks) for result in self.evaluation.results]
        left = [{"control-id": self._tokens[one.id]} for one in self._left]
        why = "; ".join(f"{one.id} is {one.reason}" for one in self._left)
        controls = [{"control-id": self._tokens[one.requirement.id]} for one in self.evaluation.results]
        return {
            "uuid": self._id("result"), "title": line(f"{framework.title} {framework.version}"),
            "description": line(f"{framework.title} {framework.version} on {manifest.called}, {manifest.when}"),
            "start": time(manifest.started), "end": time(manifest.ended),
            "props": [prop("framework", framework.framework), prop("framework-version", framework.version),
                      prop("snapshot", self._snapshot)],
            "local-definitions": {"components": [_tool()], "inventory-items": list(self._items())},
            "reviewed-controls": {"control-selections": [
                {"description": "" if controls else "no requirement", "include-controls": controls,
                 "exclude-controls": left, "remarks": why}]},
            "observations": observations, "risks": risks, "findings": findings,
            "remarks": scope(self.evaluation),
        }

    def _finding(self, result: Result, observations: list[dict[str, Any]],
                 risks: list[dict[str, Any]]) -> dict[str, Any]:
        """The finding about a requirement. What it was found by is added to the observations and risks."""
        stated, before = result.requirement, (len(observations), len(risks))
        for judged in of(self.evaluation, result):
            observations.append(self._observation(judged))
            risks += self._risks(judged, observations[-1]["uuid"])
        return {
            "uuid": self._id("finding", stated.id), "title": line(f"{stated.id} {stated.title}"),
            "description": line(result.reason),
            "props": [prop("requirement", stated.id), prop("status", result.status), prop("reach", stated.reach),
                      prop("accepted", "true" if result.accepted else "")],
            "target": self._target(result),
            "related-observations": [{"observation-uuid": each["uuid"]} for each in observations[before[0]:]],
            "related-risks": [{"risk-uuid": each["uuid"]} for each in risks[before[1]:]],
        }

    def _target(self, result: Result) -> dict[str, Any]:
        passed = result.status == "pass"
        status = {"state": "satisfied" if passed else "not-satisfied", "reason": _REASONS.get(result.status, "other")}
        if not passed and result.status != "fail":
            status["remarks"] = line(f"{word(result.status)}: {result.reason}")
        target = {"type": "objective-id", "target-id": f"{self._tokens[result.requirement.id]}_obj", "status": status}
        return target | ({"implementation-status": {"state": "not-applicable"}}
                         if result.status == "not_applicable" else {})

    def _observation(self, judged: Judged) -> dict[str, Any]:
        check, counts = judged.outcome.check, judged.outcome.counts
        return {
            "uuid": self._id("observation", judged.rule), "title": line(check.title),
            "description": line(failing(judged.outcome) if counts["fail"] else
                                ", ".join(f"{count} {word(verdict)}" for verdict, count in counts.items())),
            "props": [prop("check", check.name), prop("severity", check.severity),
                      prop("population", str(len(judged.outcome))),
                      *(prop(name.replace("_", "-"), str(count)) for name, count in counts.items()),
                      prop("complete", "false" if judged.outcome.gaps else "true"),
                      *(prop("gap", gap) for gap in judged.outcome.gaps),
                      *(prop("parameter", f"{name}={value}") for name, value in check.parameters.items())],
            "methods": ["TEST"], "types": ["control-objective"], "origins": _ACTOR,
            "subjects": [self._subject(verdict) for verdict in judged.verdicts()],
            "relevant-evidence": self._evidence(judged), "collected": self._moment,
        }

    def _subject(self, verdict: Verdict) -> dict[str, Any]:
        item = self._inventory.setdefault(verdict.subject, self._id("item", str(verdict.subject.parts)))
        return {"subject-uuid": item, "type": "inventory-item", "props": [
            prop("verdict", verdict.verdict), prop("reason", verdict.reason), prop("observed", verdict.seen),
            prop("accepted", "true" if verdict.accepted else ""), prop("team", verdict.team)]}

    def _evidence(self, judged: Judged) -> list[dict[str, Any]]:
        """The manifest, and each request of the ledger that the check rests on."""
        manifest = self.evaluation.snapshot.manifest
        names = {source for table in collected(*judged.outcome.check.tables) for source in tables.table(table).sources}
        return [{"href": f"#{identity('manifest', self._snapshot)}", "description": "Manifest of the snapshot"},
                *({"href": f"#{identity('ledger', self._snapshot, entry.resource)}",
                   "description": line(f"{entry.resource}: {entry.outcome}")}
                  for entry in manifest.ledger if entry.resource in names)]

    def _risks(self, judged: Judged, observation: str) -> Iterator[dict[str, Any]]:
        """A risk of the failures of a check that nobody accepts, and one of those that somebody does."""
        check = judged.outcome.check
        failures = [verdict.accepted for verdict in judged.verdicts("fail")]
        by = acceptances(self.evaluation, judged.result.requirement.id, check.name)
        for status, count, said in (("open", failures.count(False), ""),
                                    ("deviation-approved", failures.count(True), f" Accepted: {by}")):
            if count:
                yield {"uuid": self._id("risk", status, judged.rule), "title": line(check.title),
                       "description": line(f"{failing(judged.outcome)}{said}"),
                       "statement": line(f"{check.title} {count} of them {status.replace('-', ' ')}.{said}"),
                       "props": [prop("severity", check.severity), prop("subjects", str(count))],
                       "status": status, "origins": _ACTOR,
                       "related-observations": [{"observation-uuid": observation}]}

    def _items(self) -> Iterator[dict[str, Any]]:
        """The subjects of observations, and those that the scope leaves out, each with the reason."""
        for subject, item in self._inventory.items():
            yield {"uuid": item, "description": line(subject),
                   "props": [prop(name, text) for name, text in subject.parts.items()]}
        outside = self.evaluation.scope.subjects if self.evaluation.scope else None
        for row in outside[[*SUBJECT, "reason"]].fillna("").itertuples(index=False) if outside is not None else ():
            subject = Subject(*row[:-1])
            yield {"uuid": self._id("outside", str(subject.parts), row.reason), "description": line(subject),
                   "props": [*(prop(name, text) for name, text in subject.parts.items()),
                             prop("out-of-scope", row.reason)]}

    def _id(self, *parts: str) -> str:
        return identity(self.name, *parts)


def _tool() -> dict[str, Any]:
    return {"uuid": TOOL, "type": "software", "title": "auditkit", "status": {"state": "operational"},
            "description": "Judges the tables of a snapshot of a Kubernetes cluster.",
            "props": [prop("version", VERSION)]}
