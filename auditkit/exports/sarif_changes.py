"""SARIF on what manifests would change, for pull requests: results at the files and lines of manifests.

There is a run for each framework, with the results that the manifests bring: of what they add or change, and what newly
fails elsewhere. ``baselineState`` is ``new`` for what newly fails, ``updated`` for what is known now or no longer, and
``unchanged``. A run more has what Pod Security or admission policies would refuse, and which manifests could not be
simulated.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html (3.27.24, 3.29)
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from auditkit.base.version import VERSION
from auditkit.evaluation.words import SUBJECT
from auditkit.exports import sarif
from auditkit.exports.judged import Judged, Subject, Verdict, digest
from auditkit.simulation.effects import Effects
from auditkit.simulation.subjects import Called
from auditkit.what_if.manifests import Document

_STATES = {"opened": "new", "newly unknown": "updated", "newly known": "updated", "still open": "unchanged"}
_LEVELS = {"denied": "error", "warned": "warning", "audited": "note"}
_WORDS = {"denied": "would be refused", "warned": "would be let in with a warning",
          "audited": "would be let in, and recorded as a failure"}


def encoded(effects: Effects) -> bytes:
    """One document on what manifests would bring."""
    return sarif.document([*(sarif.run(each.later, _Told(effects)) for each in effects.verdicts.values()),
                           _refusals(effects)])


class _Told:
    """The verdicts that manifests bring, each with its state and the place of its manifest."""

    def __init__(self, effects: Effects):
        self._effects, self._cluster = effects, effects.simulation.after.manifest.cluster

    def __call__(self, each: Judged) -> Iterator[tuple[Verdict, dict[str, Any]]]:
        """Of the pods that one controller makes, the first stands for all that have the same verdict."""
        states, told = self._states(each.outcome.check.name), set()
        for verdict in each.verdicts("fail", "unknown"):
            state = states.get(verdict.subject, "unchanged")
            written = _document(self._effects, verdict.subject)
            same = (written, verdict.subject.kind, verdict.subject.container, verdict.verdict, state)
            if written and same not in told:
                told.add(same)
                yield verdict, {"baselineState": state, "locations": [_at(self._cluster, verdict.subject, written)]}
            elif not written and state == "new":
                yield verdict, {"baselineState": state}

    def _states(self, check: str) -> dict[Subject, str]:
        found = self._effects.changes[self._effects.changes["check"] == check]
        parts = found[list(SUBJECT)].astype(object).fillna("").itertuples(index=False, name=None)
        return {Subject(*subject): _STATES[change] for subject, change in zip(parts, found["change"], strict=True)
                if change in _STATES}


def _document(effects: Effects, subject: Subject) -> Document | None:
    return effects.subjects.document(Called(subject.kind, subject.namespace, subject.name))


def _at(cluster: str, subject: Subject, written: Document) -> dict[str, Any]:
    """The place of a subject in its manifest. Its path is that below the current folder, where it is in that."""
    path = written.file
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    uri = quote(path.as_posix(), safe="/", errors="replace")
    return {**sarif.location(cluster, subject), "physicalLocation": {
        "artifactLocation": {"uri": f"file://{uri}" if path.is_absolute() else uri},
        "region": {"startLine": written.line}}}


def _refusals(effects: Effects) -> dict[str, Any]:
    """What would be refused, as a run of its own: a rule for each policy."""
    rows = effects.refused.astype(object).where(effects.refused.notna(), "").to_dict("records")
    policies = list(dict.fromkeys(row["policy"] for row in rows))
    cluster = effects.simulation.after.manifest.cluster
    rules = [{"id": f"admission/{name}", "name": name, "shortDescription": {
        "text": "The API server lets the object in."}} for name in policies]
    said = [*(f"Incomplete evidence: {gap}" for gap in effects.refused.attrs["gaps"]),
            *(f"Not simulated: {each}" for each in effects.simulation.left_out)]
    notices = [{"level": "warning", "message": {"text": text}} for text in said]
    return {
        "tool": {"driver": {"name": "auditkit", "version": VERSION, "semanticVersion": VERSION, "rules": rules}},
        "automationDetails": {"id": f"auditkit/admission/{quote(cluster, safe='')}/"},
        "invocations": [{"executionSuccessful": not notices, "toolExecutionNotifications": notices}],
        "results": [_refusal(effects, row, policies.index(row["policy"]), cluster) for row in rows],
    }


def _refusal(effects: Effects, row: dict[str, str], rule: int, cluster: str) -> dict[str, Any]:
    subject = Subject(row["kind"], row["namespace"], row["name"], "")
    written, outcome, name = _document(effects, subject), row["outcome"], f"admission/{row['policy']}"
    said = f"{subject} {_WORDS.get(outcome, 'may be refused or changed, which is not known')}"
    return {
        "ruleId": name, "ruleIndex": rule, "kind": "fail" if outcome in _LEVELS else "open",
        "level": _LEVELS.get(outcome, "none"), "message": {"text": f"{said}: {row['message'] or row['why']}"},
        "locations": [_at(cluster, subject, written) if written else sarif.location(cluster, subject)],
        "partialFingerprints": {"auditkit/v1": digest(cluster, name, subject.kind, subject.namespace, subject.name)},
        "properties": {"outcome": outcome, "binding": row["binding"], "expression": row["expression"]},
    }
