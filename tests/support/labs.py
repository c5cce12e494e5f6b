"""A real JupyterLab server, as `auditkit lab` starts it, and its answers; the copies of notebooks that it is about."""

import contextlib
import datetime as dt
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from replay import ACME_PROD
from years import noon, written

from auditkit.api.lab import copy_notebooks
from auditkit.base import shipped
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.snapshots.snapshot import Snapshot

NOTEBOOKS = sorted(path.stem for path in shipped.folder("notebooks").glob("*.ipynb"))
DAY = dt.date(2026, 11, 22)
PATIENCE = 90
"""Seconds in which a server has to answer."""


def copies(work: Path, folder: Path, acme: Snapshot) -> None:
    """Copy every notebook: about a cluster that changed between two days, and of the fleet about that and another one."""
    later = collect(open_files(ACME_PROD.parent / "acme-prod-later"))
    for store in ("snapshots", "fleet"):
        written(folder / store, acme, noon(DAY))
        newest = written(folder / store, later, noon(DAY + dt.timedelta(days=1)))
        copy_notebooks([] if store == "snapshots" else ["fleet"], work, newest)
    written(folder / "fleet", acme, noon(DAY), cluster="acme-test", cluster_uid="uid-of-acme-test")


@contextlib.contextmanager
def running(command: list[str], work: Path, **options: Any) -> Iterator["Lab"]:
    """A server while it runs; ``work`` is its folder."""
    with (work.parent / "lab.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **options)
    try:
        yield _answering(work / ".auditkit" / "jupyter" / "runtime", process)
    finally:
        process.terminate()
        process.wait(timeout=60)


class Lab:
    """The address of a server, and the token that opens it."""

    def __init__(self, about: dict[str, Any]):
        self.about, self.url, self.token = about, about["url"], about["token"]

    def ask(self, path: str, given: Any = None) -> Any:
        """What it answers; where something is ``given``, to that."""
        asked = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"token {self.token}"},
                                       data=None if given is None else json.dumps(given).encode())
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return json.load(answer)


def _answering(runtime: Path, process: subprocess.Popen) -> Lab:
    """The server once it answers: it names itself before it does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(ValueError, OSError):
                found = Lab(json.loads(file.read_text()))
                found.ask("api/status")
                return found
        time.sleep(0.2)
    raise AssertionError("the server does not answer")
