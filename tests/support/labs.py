"""A real JupyterLab server, as `auditkit lab` starts it, and its answers."""

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PATIENCE = 90
"""Seconds in which a server has to answer."""


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

    def ask(self, path: str) -> Any:
        asked = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"token {self.token}"})
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
