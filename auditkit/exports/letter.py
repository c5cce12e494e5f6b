"""The draft of a bridge letter, in Markdown, from the facts of `auditkit.history.bridge`.

In such a letter the management of a company tells of the time after a period that an auditor has examined. The draft
says what snapshots show of it and what they do not. What only people know is left to them, in square brackets.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pandas as pd

from auditkit.base.hostile_text import count, short, when
from auditkit.base.hostile_text import in_markdown as plain
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.words import WORDS
from auditkit.history.bridge import BEFORE, CLOSED, OPEN, SINCE, Bridge

NAMED = 10
"""Objects that are named in a list; the others are counted."""
LONGEST = 300
"""Characters of a text of others."""

_HEAD = (
    "# DRAFT of a bridge letter",
    "**Not signed, and approved by nobody.** What follows was taken from snapshots of a cluster. Complete what is in "
    "\\[brackets\\], and delete this paragraph.",
    "\\[Name and address of the company\\]", "\\[Name and address of whoever receives the letter\\]",
    "\\[Place and date\\]",
)
_FOOT = (
    "## What the management knows beside the snapshots",
    "\\[Changes of people, processes, systems and providers since the end of the period; incidents; controls that are "
    "not those of the cluster. Or that the management knows of none.\\]",
    "\\[Name and function\\]", "\\[Signature\\]",
)
NOTHING = "Nothing is claimed here, as there are not two snapshots to compare."


def letter(bridge: Bridge) -> str:
    """The draft, in Markdown. The same facts give the same text."""
    sections = (_subject, _evidence, _statuses, _by_rule, _deviations, _changes, _conclusions, _limits)
    return "\n\n".join((*_HEAD, *(text for section in sections for text in section(bridge)), *_FOOT)) + "\n"


def _subject(bridge: Bridge) -> Iterator[str]:
    period = bridge.period
    yield f"## {plain(period.cluster)}, {period.start} to {period.end}"
    yield ("\\[Name of the auditor\\] has examined \\[name of the system\\] for the period that ended on "
           f"{bridge.since} \\[name and date of the report\\]. This letter is of the management. It tells what "
           f"snapshots of the cluster {plain(period.cluster)} show of the {count(period.length, 'day')} after that "
           f"period, from {period.start} to {period.end} (UTC), by the requirements of {plain(period.framework)}. It "
           "is not a report of an auditor, takes the place of none, and tells nothing of later days.")


def _evidence(bridge: Bridge) -> Iterator[str]:
    period = bridge.period
    known = f"UID {period.cluster_uid}" if period.cluster_uid else "known by its name alone"
    gap, begin, until = period.longest_gap()
    said = [f"Cluster: {plain(period.cluster)} ({plain(known)}).",
            f"Snapshots since the end of the period: {len(period.counted):,}, on {bridge.days_with_snapshot:,} of "
            f"{count(period.length, 'day')}{_span(bridge)}.",
            f"Longest time without a snapshot: {gap.total_seconds() / 86400:.2f} days, from {when(begin)} to "
            f"{when(until)}."]
    if bridge.compared:
        one, other = bridge.compared
        said += [f"Compared: {_called(one)}, the {'last of the period' if bridge.before else 'first since'}, and "
                 f"{_called(other)}, the last of all.",
                 f"Both are judged by {plain(other.framework.framework)} {plain(other.framework.version)} with "
                 f"auditkit {plain(other.basis.auditkit)}."]
    yield from ("## What it rests on", _list(said))


def _span(bridge: Bridge) -> str:
    counted = bridge.period.counted
    return f", from {when(counted[0].time)} to {when(counted[-1].time)}" if counted else ""


def _called(evaluation: Evaluation) -> str:
    manifest = evaluation.snapshot.manifest
    return f"the snapshot of {when(manifest.moment)} (`{evaluation.snapshot.digest}`)"


def _statuses(bridge: Bridge) -> Iterator[str]:
    yield "## Requirements whose status changed"
    if not bridge.compared:
        yield NOTHING
        return
    yield _list(f"{when(each.snapshot.manifest.moment)}: {_counts(each)}." for each in bridge.compared)
    changed = bridge.requirements
    yield (f"Between the two snapshots, {count(len(changed), 'requirement') if len(changed) else 'no requirement'} "
           "changed its status, or whether its failures are accepted.")
    if len(changed):
        yield _table(("requirement", "title", "before", "after", "why"), (
            (row["requirement"], row["title"], _status(row["before"], row["accepted_before"]),
             _status(row["after"], row["accepted_after"]), row["why"]) for row in _rows(changed)))


def _counts(evaluation: Evaluation) -> str:
    return ", ".join(f"{number} {WORDS[status].text}" for status, number in evaluation.statuses.items() if number)


def _status(status: str, accepted: bool) -> str:
    return (f"{status}, accepted" if accepted else status).replace("_", " ") or "not there"


def _by_rule(bridge: Bridge) -> Iterator[str]:
    if not len(bridge.by_rule):
        return
    yield from (
        "### Changed without a change of the cluster",
        "On the last snapshot of the period, these requirements have another status by the rule and the files of today "
        "than as it was given first. They are not counted above.",
        _table(("requirement", "title", "as given", "today", "why"), (
            (row["requirement"], row["title"], _status(row["given"], False), _status(row["today"], False), row["why"])
            for row in _rows(bridge.by_rule))))


def _deviations(bridge: Bridge) -> Iterator[str]:
    yield "## Deviations"
    if not bridge.period.counted:
        yield "Nothing is claimed here, as no snapshot shows these days."
        return
    found = bridge.deviations
    opened, closed = found[found["began"] != BEFORE], found[found["ended"] == CLOSED]
    still = found[(found["began"] == BEFORE) & (found["ended"] != CLOSED)]
    yield _list((
        f"{len(opened):,} began since the end of the period, or were first seen since: {_ends(opened)}.",
        f"{len(closed):,} have ended: {int((closed['began'] == BEFORE).sum()):,} that were there at the end of the "
        f"period, {int((closed['began'] != BEFORE).sum()):,} of the others.",
        f"{len(still):,} were there at the end of the period and have not been seen to end."))
    yield from _named("### Began since, or first seen since", opened)
    yield from _named("### Ended", closed)


def _ends(found: pd.DataFrame) -> str:
    vague, there = int((found["began"] != SINCE).sum()), int((found["ended"] == OPEN).sum())
    return f"of {vague:,} it is not known when they began, and {there:,} are there in the last snapshot"


def _named(heading: str, found: pd.DataFrame) -> Iterator[str]:
    """The objects that deviate, the worst first, each with the checks that it fails for the same time."""
    if not len(found):
        return
    together: dict[tuple[str, str, bool], list[dict[str, Any]]] = {}
    for row in _rows(found):
        together.setdefault((_thing(row), row["bounds"], row["accepted"]), []).append(row)
    lines = [_deviating(*about, rows) for about, rows in list(together.items())[:NAMED]]
    if len(together) > NAMED:
        lines.append(f"{len(together) - NAMED:,} more.")
    yield from (heading, _list(lines))


def _deviating(thing: str, bounds: str, accepted: bool, rows: list[dict[str, Any]]) -> str:
    severity = f"{rows[0]['severity']}: " if rows[0]["severity"] else ""
    checks = ", ".join(dict.fromkeys(row["check"] or "what people state" for row in rows))
    requirements = ", ".join(dict.fromkeys(each for row in rows for each in row["requirements"].split(", ")))
    return (f"{severity}{thing} fails {_short(checks)} ({_short(requirements)}); {bounds}"
            f"{'; accepted' if accepted else ''}.")


def _thing(row: dict[str, Any]) -> str:
    """An object as people call it."""
    parts = "/".join(part for part in (row["namespace"], row["name"], row.get("container")) if part)
    return _short(f"{row['kind'] or ''} {parts}".strip()) or "the whole requirement"


def _short(text: str) -> str:
    return plain(short(text, LONGEST))


def _changes(bridge: Bridge) -> Iterator[str]:
    yield "## Changes of the cluster"
    if not bridge.diff:
        yield NOTHING
        return
    yield ("Objects that differ between the two snapshots, by the weight of the change for rights, exposure and "
           f"privileges: {', '.join(f'{number:,} {weight}' for weight, number in bridge.weights.items())}.")
    heavy = bridge.heavy
    if len(heavy):
        lines = [f"{row['change']} {_thing(row)}: {_short(row['what'] or 'no field of it is known')} "
                 f"({_short(row['approval'] or 'no approval is known')})." for row in _rows(heavy.head(NAMED))]
        if len(heavy) > NAMED:
            lines.append(f"{len(heavy) - NAMED:,} more.")
        yield from ("### Of high weight", _list(lines))


def _conclusions(bridge: Bridge) -> Iterator[str]:
    found = bridge.conclusions
    if not len(found):
        return
    yield from ("## Conclusions of the auditor", _table(
        ("requirement", "result", "by, on", "period", "definition since", "status before", "status after"),
        ((row["requirement"], row["result"], f"{row['tested_by']}, {row['tested_on']}", row["period"] or "not stated",
          row["definition"], _status(row["before"], False), _status(row["now"], False)) for row in _rows(found))))


def _limits(bridge: Bridge) -> Iterator[str]:
    yield from ("## What this letter cannot say", _list((
        *(plain(short(limit, 4 * LONGEST)) for limit in bridge.limits),
        "Whether a control operated effectively: that conclusion is the auditor's.")))


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame; what is missing is empty."""
    found = frame.astype(object)
    rows: list[dict[str, Any]] = found.where(found.notna(), "").to_dict("records")
    return rows


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = (head, ["---"] * len(head), *([_short(str(cell)) for cell in row] for row in rows))
    return "\n".join(f"| {' | '.join(row)} |" for row in written)
