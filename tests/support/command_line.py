"""The command line in this process: what a process would print and exit with, without the seconds that one takes to start.

Where the process itself is the subject (pipes, encodings, signals, what is imported), tests start a real one.
"""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from auditkit.api import snapshots
from auditkit.checks import all_checks, plugins
from auditkit.checks.model import REGISTRY
from auditkit.cli import main as cli
from auditkit.proof.prove import _read as cases_of
from auditkit.snapshots import history
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot

HOUSE = Path(__file__).parents[2]


def auditkit(*arguments: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with these arguments in the root of the repository, with no cluster to find by default."""
    streams, words = (_stream(), _stream()), ["auditkit", *map(str, arguments)]
    with _alone({"KUBECONFIG": "/nowhere", **environment}, *streams), mock.patch.object(sys, "argv", words):
        try:
            cli.main()
            code: object = 0
        except SystemExit as ended:
            code = ended.code
    assert code is None or isinstance(code, int), code
    return subprocess.CompletedProcess(words, code or 0, *map(_text, streams))


def _stream() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode().replace(os.linesep, "\n")  # type: ignore[attr-defined]


@contextlib.contextmanager
def _alone(environment: dict[str, str], out: io.TextIOWrapper, err: io.TextIOWrapper) -> Iterator[None]:
    """What a command does to its process does not outlive it: streams, folder, environment, checks, imports."""
    cases_of.cache_clear()  # a process reads each file of cases once, and a test may write it twice
    checks, read, path = dict(all_checks()), dict(plugins._read), list(sys.path)
    try:
        with (mock.patch.dict(os.environ, environment), contextlib.chdir(HOUSE), contextlib.redirect_stdout(out),
              contextlib.redirect_stderr(err), mock.patch.object(snapshots, "open_snapshot", opened),
              mock.patch.object(history, "open_snapshot", opened)):
            yield
    finally:
        for now, before in ((REGISTRY, checks), (plugins._read, read)):
            now.clear()
            now.update(before)
        sys.path[:] = path


def opened(path: Path | str) -> Snapshot:
    """A snapshot that is opened again, as it was opened before where none of its files was touched since."""
    folder = Path(os.path.realpath(path))
    try:
        files = tuple((each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in sorted(folder.iterdir()))
    except OSError:
        return open_snapshot(path)
    if _opened.get((str(path), folder), ((), None))[0] != files:
        _opened[str(path), folder] = files, open_snapshot(path)
    return _opened[str(path), folder][1]


_opened: dict[tuple[str, Path], tuple[tuple, Snapshot]] = {}
