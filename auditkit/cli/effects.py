"""What manifests would change, for people: shared by `auditkit simulate` and `auditkit evaluate --manifests`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditkit.base.hostile_text import count
from auditkit.cli import console

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.simulation.effects import Effects

SHOWN = 20
"""Rows of each table that are shown to people."""
NAMED = 3
"""Subjects of each check that are named to people."""

WORDS = {"opened": "newly fail", "newly unknown": "become unknown", "closed": "newly pass",
          "newly known": "become known", "gone": "are gone",
          "out of scope": "leave the scope", "still open": "still fail"}


def _subjects(rows: "pd.DataFrame") -> str:
    """What the first subjects are called, and how many more there are."""
    called = [" ".join(filter(None, (row["kind"], "/".join(filter(None, (row["namespace"], row["name"],
                                                                         row["container"]))))))
              for row in console.rows_of(rows.head(NAMED))]
    more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    return ", ".join(called) + more


def table(title: str, frame: "pd.DataFrame") -> None:
    """The first rows of a table, if it has any."""
    if len(frame):
        shown = frame.dropna(axis="columns", how="all").head(SHOWN)
        console.table(f"{title} ({len(frame):,})", list(shown), console.cells(shown))
        if len(frame) > SHOWN:
            console.say(f"… {len(frame) - SHOWN:,} more; --format json prints all")


def verdicts(found: "Effects") -> None:
    """The requirements and verdicts that change; those that still fail are only counted."""
    for name, each in found.verdicts.items():
        for row in console.rows_of(each.requirements):
            console.line(f"{name} {row['requirement']} {row['title']}: {row['before'] or 'new'} → {row['after']}",
                         style="bold")
    for change, words in WORDS.items():
        rows = found.changes[found.changes["change"] == change]
        if len(rows) and change != "still open":
            console.line(f"{len(rows):,} {words}", style="bold")
            for named, each in rows.groupby(["check", "severity", "requirements"], sort=False):
                console.line("{} ({}; {}): ".format(*named) + _subjects(each), indent=2)


def doubts(found: "Effects", more: Iterable[str] = ()) -> None:
    """What is not known, and what is not simulated."""
    for gap in dict.fromkeys([*found.refused.attrs["gaps"], *more]):
        console.say(f"not known: {gap}", "yellow")
    for said in (*found.simulation.left_out, *found.simulation.tests):
        console.say(f"not simulated: {said}", "yellow")


def summary(found: "Effects") -> str:
    """What changes, in a sentence."""
    counts = found.counts
    refused = int((found.refused["outcome"] == "denied").sum())
    said = [f"{counts[change]:,} {words}" for change, words in WORDS.items() if counts.get(change)]
    parts = [f"{count(len(found.objects), 'object')} changed", f"{refused:,} would be refused",
             f"verdicts: {', '.join(said) or 'no change'}"]
    if found.simulation.unchanged:
        parts.insert(0, f"{count(found.simulation.unchanged, 'manifest')} without a change")
    return "; ".join(parts) + ". Simulated: nothing was sent to a cluster."
