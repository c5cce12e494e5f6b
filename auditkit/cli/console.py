"""Output of the command line. Text from a cluster is made harmless for the terminal."""

import datetime as dt
import json
import shlex
import sys
import textwrap
import time
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from auditkit.base.hostile_text import on_terminal as plain
from auditkit.base.object_store import named
from auditkit.evaluation.words import WORDS

if TYPE_CHECKING:
    import pandas as pd

    from auditkit.evaluation.evaluation import Evaluation
    from auditkit.snapshots.snapshot import Snapshot

out = Console(highlight=False)
err = Console(stderr=True, highlight=False, soft_wrap=True)

STYLES = {**{name: word.style for name, word in WORDS.items()},
          "complete": "green", "forbidden": "bold red", "failed": "bold red", "partial": "yellow", "absent": "dim",
          "critical": "bold red", "high": "bold red", "medium": "yellow", "low": "dim"}

_FEW = 2
"""Steps after which it can be said how long the rest takes: the first of them starts what others share."""
_PROSE = 20
"""Characters of a cell of several words that is not wrapped; a single word, such as a path, never is."""


class Format(StrEnum):
    """Output formats."""

    text = "text"
    json = "json"
    jsonl = "jsonl"


class LogFormat(StrEnum):
    """Forms of what is told on stderr."""

    text = "text"
    json = "json"


_LEVELS = {"yellow": "warning", "bold red": "error"}
_used = [LogFormat.text]
"""The form that is used now; `use` sets it."""


def use(format: LogFormat) -> None:
    """Tell from now on what `say` tells in this form: text for people, or a JSON object a line."""
    _used[0] = format


def say(text: object = "", style: str = "", **fields: Any) -> None:
    """A line on stderr: stdout is for results. ``fields`` are told to programs only."""
    said = plain(named(str(text)))
    if _used[0] is LogFormat.text:
        for each in _wrapped(said, err, hang=2):
            err.print(Text(each, style=style))
        return
    now = dt.datetime.now(dt.UTC)
    line = {"time": now.isoformat(timespec="milliseconds"), "level": _LEVELS.get(style, "info"), "message": said}
    sys.stderr.write(f"{json.dumps({**line, **fields}, ensure_ascii=True, default=str)}\n")
    sys.stderr.flush()


def suggest(*commands: Sequence[object]) -> None:
    """The next useful commands on stderr, each as its words: for people, and so only on a terminal."""
    if not err.is_terminal or _used[0] is not LogFormat.text:
        return
    for place, words in enumerate(commands):
        said = shlex.join(["auditkit", *(plain(named(str(word))) for word in words)])
        err.print(Text(f"{'next:' if not place else '     '} {said}", style="dim"))


def cells(frame: "pd.DataFrame") -> Iterable[tuple[Any, ...]]:
    """The rows of a frame for `table`; what is not known is an empty cell."""
    found: Iterable[tuple[Any, ...]] = frame.astype(object).where(frame.notna(), "").itertuples(index=False, name=None)
    return found


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[Any]], *, status: int | None = None) -> None:
    """A table on stdout; the column ``status`` is coloured by its word.

    In a pipe or a file each row is a line, and a tab is between two cells: nothing is padded, wrapped or cut.
    """
    if not out.is_terminal:
        lines = (*([[title]] if title else []), columns, *rows)
        sys.stdout.writelines("\t".join(map(plain, cells)) + "\n" for cells in lines)
        return
    named_columns, shown = list(columns), [[plain(cell) for cell in row] for row in rows]
    if not fits(named_columns, shown):
        _blocks(title, named_columns, shown, status)
        return
    printed = Table(title=Text(plain(title)), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(named_columns):
        whole = all(_least(row[place]) == len(row[place]) for row in shown)
        printed.add_column(Text(plain(column)), overflow="fold", no_wrap=whole)
    for row in shown:
        printed.add_row(*(Text(cell, style=STYLES.get(cell, "") if place == status else "")
                          for place, cell in enumerate(row)))
    out.print(printed)


def fits(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> bool:
    """True where a table can be read on the terminal: no name or path in it is cut. In a pipe nothing is."""
    if not out.is_terminal:
        return True
    widths = [len(column) for column in columns]
    for row in rows:
        widths = [max(width, _least(plain(cell))) for width, cell in zip(widths, row, strict=True)]
    return sum(widths) + len(widths) - 1 <= out.width


def _least(cell: str) -> int:
    """The width that a cell needs to be read."""
    return min(len(cell), _PROSE) if " " in cell else len(cell)


def _blocks(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], status: int | None) -> None:
    """A table that is wider than the terminal: a block for each row, a line for each cell that is not empty."""
    width = max(map(len, columns), default=0)
    if title:
        line(title, style="italic")
    for number, row in enumerate(rows):
        if number:
            line("")
        for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
            if cell:
                line(f"{column:<{width}}  {cell}", hang=width + 2,
                     style=STYLES.get(cell, "") if place == status else "")


def as_json(thing: Any) -> None:
    """A JSON document on stdout, in ASCII: no byte of it can steer a terminal."""
    json.dump(thing, sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")


def rows_of(frame: "pd.DataFrame") -> list[dict[str, Any]]:
    """The rows of a frame as plain data; what is missing is null."""
    plain = frame.astype(object)
    found: list[dict[str, Any]] = plain.where(plain.notna(), None).to_dict("records")
    return found


def about(snapshot: "Snapshot") -> dict[str, Any]:
    """What a JSON document is about: the snapshot by its digest, the cluster, where it was read, and when."""
    manifest = snapshot.manifest
    return {"snapshot": snapshot.digest, "cluster": manifest.cluster, "cluster_uid": manifest.cluster_uid,
            "source": manifest.source, "collected_as": manifest.identity, "collected": f"{manifest.started:%FT%TZ}",
            "observed": manifest.when}


def records(rows: Iterable[dict[str, Any]], format: Format) -> None:
    """Rows on stdout: as one JSON document, or a JSON object a line."""
    if format is Format.json:
        as_json(list(rows))
    else:
        sys.stdout.writelines(f"{json.dumps(row, ensure_ascii=True)}\n" for row in rows)


def as_json_lines(frame: "pd.DataFrame", columns: list[str]) -> None:
    """One JSON object a row on stdout; ``<NA>`` is null."""
    records(rows_of(frame[columns]), Format.jsonl)


def line(text: str, *, indent: int = 0, hang: int = 2, style: str = "") -> None:
    """A line on stdout; where it is longer than the terminal is wide, it goes on below, ``hang`` further in."""
    for each in _wrapped(plain(text), out, indent=indent, hang=hang):
        if out.is_terminal:
            out.print(Text(each, style=style), soft_wrap=True)
        else:
            sys.stdout.write(f"{each}\n")


def _wrapped(text: str, where: Console, *, indent: int = 0, hang: int) -> list[str]:
    """Lines that fit a terminal, broken between words: a path that is longer stays in one piece, to be copied."""
    lead = " " * indent
    return textwrap.wrap(text, where.width if where.is_terminal else sys.maxsize, initial_indent=lead,
                         subsequent_indent=lead + " " * hang, break_on_hyphens=False, break_long_words=False) or [""]


def evaluation(judged: "Evaluation") -> None:
    """The requirements of a framework with their status, and how many have each."""
    frame = judged.requirements
    table(f"{judged.framework.title} {judged.framework.version} on {judged.snapshot.manifest.cluster}",
          ["status", "id", "title", "reason"],
          zip(frame["status"], frame["id"], frame["title"], frame["reason"], strict=True), status=0)
    counts = ", ".join(f"{count} {WORDS[status].text}" for status, count in judged.statuses.items())
    say(f"{len(frame)} requirements: {counts}")


def gaps(snapshot: "Snapshot") -> None:
    """Print the gaps of a snapshot on stderr, one line for each."""
    for entry in snapshot.manifest.ledger:
        if entry.outcome not in ("complete", "absent"):
            say(f"  {entry.outcome:<10} {entry.resource}: {entry.reason}", STYLES[entry.outcome])


class CollectionProgress:
    """A bar on a terminal, plain lines elsewhere; and who collects, before any object is asked for."""

    def __init__(self, *, quiet: bool):
        self._quiet = quiet
        self._bar = Progress(
            TextColumn("collecting"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), TextColumn("{task.fields[what]}"),
            console=err, transient=True, disable=quiet or not err.is_terminal)
        self._task = self._bar.add_task("", what="", total=None)

    def __enter__(self) -> "CollectionProgress":
        self._bar.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bar.__exit__(*exception)

    def identity(self, collector: Any, may_not: list[str]) -> None:
        """Print who collects, whether or not the command is quiet, and what this identity cannot read."""
        known = f"{collector.user} ({', '.join(collector.groups) or 'no groups'})"
        say(f"collecting as {known if collector.user else 'an unknown identity'}")
        if may_not and not self._quiet:
            say(f"this identity cannot read {', '.join(may_not)}; checks that need them will be unknown", "yellow")

    def step(self, what: str, done: int, total: int, outcome: str) -> None:
        """One resource is read."""
        if err.is_terminal:
            self._bar.update(self._task, completed=done, total=total, what=plain(what))
        elif not self._quiet:
            say(f"[{done}/{total}] {what}: {outcome}")


class Steps:
    """Steps that take a while, told as each begins: its number, of how many, and about how long the rest takes."""

    def __init__(self, total: int, *, quiet: bool):
        self._total, self._quiet, self._begun, self._start = total, quiet, 0, time.monotonic()

    def __call__(self, what: str) -> None:
        """A step begins."""
        done, self._begun = self._begun, self._begun + 1
        if not self._quiet:
            say(f"[{self._begun}/{self._total}] {what}{left(done, self._total, time.monotonic() - self._start)}")


def left(done: int, total: int, seconds: float) -> str:
    """About how long the rest takes, if it takes as long as what is done did; empty where too little is done to say so,
    or all."""
    if done < _FEW or done >= total:
        return ""
    rest = seconds / done * (total - done)
    return f" (about {f'{rest / 60:.0f} minutes' if rest >= 90 else f'{max(rest, 1):.0f} s'} left)"
