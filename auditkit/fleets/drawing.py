"""Reports of many clusters: notebooks run beside one another, and one that fails costs its own report alone."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

from auditkit.api.reporting import begin_report, ready
from auditkit.base import blame
from auditkit.errors import AuditkitError

_AT_ONCE = (os.cpu_count() or 1) + 1
"""Notebooks at once: while one waits for its page, another runs."""


class Wanted(NamedTuple):
    """A report that is wanted: the folder of the snapshot, and the framework."""

    snapshot: str
    framework: str


class Report(NamedTuple):
    """What came of it: its files, or the ``problem``, which names the cell where a notebook failed."""

    wanted: Wanted
    files: list[Path]
    problem: str = ""


def draw(wanted: Sequence[Wanted], output: Path | str, faces: Sequence[str], options: dict[str, Any],
         progress: Callable[[str], None] | None = None) -> Iterator[Report]:
    """Draw reports, with these ``faces`` (page, paper), each as soon as it is done; ``options`` are those of
    `auditkit.evaluate`. Whatever goes wrong with one is told in its place."""
    if not wanted:
        return
    threads = ThreadPoolExecutor(_AT_ONCE)
    try:
        with ready():
            begun = [threads.submit(_drawn, each, output, faces, options, progress) for each in wanted]
            for future in as_completed(begun):
                yield future.result()
    finally:
        threads.shutdown(wait=False, cancel_futures=True)  # whoever is stopped by a signal waits for nobody


def _drawn(wanted: Wanted, output: Path | str, faces: Sequence[str], options: dict[str, Any],
           progress: Callable[[str], None] | None) -> Report:
    try:
        files = begin_report(wanted.snapshot, wanted.framework, output, progress, faces=faces, **options).result()
    except AuditkitError as error:
        return Report(wanted, [], f"{wanted.framework} of {wanted.snapshot}: {error}")
    except Exception as error:
        return Report(wanted, [], f"{wanted.framework} of {wanted.snapshot}: {blame.sentence(error)}")
    return Report(wanted, [path for path in files if path.exists()])
