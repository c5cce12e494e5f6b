"""The kernels in which notebooks run: processes of this very interpreter, whatever kernels are installed.

Within `ready`, they are forked from one process that has imported what notebooks import (`auditkit.reports.workshop`),
and others that draw. Otherwise, and where forking is not safe, each kernel is started on its own.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from auditkit.base.whole import scratch

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager

Result = TypeVar("Result")

FIRST = "--IPKernelApp.exec_lines=__import__('auditkit.reports.show').reports.shell.set_up({})"
"""What a kernel runs first. It gives the notebook no name."""

_ERRAND = """
import contextlib, json, os, signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
wanted = {"folder": os.getcwd(), "environ": dict(os.environ), "words": sys.argv[2:]}
with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
    connection.connect(sys.argv[1])
    connection.sendall(json.dumps(wanted).encode() + b"\\n")
    connection.recv(1)
"""
"""A process that Jupyter takes for the kernel: it asks the workshop for one, and ends with it, or it with this one."""

_PATIENCE = 10
"""Seconds after which a workshop is ended that does not end."""

_DRAWING = 2
"""How many pages and PDFs are drawn at once: each takes some hundred MB."""


class _Workshop(NamedTuple):
    """Where it is asked, and threads that wait for what it draws."""

    address: str
    waiting: ThreadPoolExecutor


_workshops: list[_Workshop] = []
"""Those that are there; the last is used."""


@contextmanager
def ready() -> Iterator[None]:
    """Have a workshop as long as it lasts. It imports what it needs while others work."""
    if sys.platform != "linux":  # libraries of macOS break in a process that was forked
        yield
        return
    with scratch() as folder, socket.socket(socket.AF_UNIX) as asked:
        address = str(folder / "workshop")
        asked.bind(address)
        asked.listen()
        process = subprocess.Popen(
            [sys.executable, "-m", "auditkit.reports.workshop", str(asked.fileno())], stdin=subprocess.PIPE,
            pass_fds=[asked.fileno()], start_new_session=True)
        asked.close()
        _workshops.append(workshop := _Workshop(address, ThreadPoolExecutor(_DRAWING)))
        try:
            yield
            workshop.waiting.shutdown()
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_PATIENCE)  # it ends when its stdin is closed, and its kernels have ended
        finally:
            _workshops.remove(workshop)
            stopped = not isinstance(sys.exception(), Exception | None)  # by a signal
            workshop.waiting.shutdown(wait=not stopped, cancel_futures=True)
            process.kill()
            process.communicate()


def there() -> bool:
    """True if there is a workshop."""
    return bool(_workshops)


def later(work: Callable[..., Result], *given: object) -> "Future[Result]":
    """What some work gives, done while others work where there is a workshop, and otherwise now."""
    if _workshops:
        return _workshops[-1].waiting.submit(work, *given)
    done: Future[Result] = Future()
    done.set_result(work(*given))
    return done


def drew(notebook: Path, progress: Callable[[str], None], faces: Sequence[str]) -> bool:
    """True if the workshop has drawn these faces (page, paper) of an executed notebook; false where there is none, and
    where it failed: whoever draws it then sees why."""
    if not _workshops:
        return False
    with suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as connection:
        connection.connect(_workshops[-1].address)
        connection.sendall(json.dumps({"draw": str(notebook.resolve()), "faces": list(faces)}).encode() + b"\n")
        for line in connection.makefile("rb"):
            if (said := json.loads(line)) is True:
                return True
            progress(said)
    return False


class NotStarted(RuntimeError):
    """A kernel ended before it could run anything, or did not answer. Of this kind, Jupyter cleans up behind it."""


@contextmanager
def kernel() -> Iterator["KernelManager"]:
    """A kernel that reads no profile of the user. Who waits for one that does not start gets `NotStarted`.

    It is reached through sockets in a private folder where the system has them: a TCP port is open to every user
    of the machine.
    """
    from jupyter_client.asynchronous.client import AsyncKernelClient
    from jupyter_client.client import KernelClient
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import KernelManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(argv=_command(), display_name="Python 3", language="python")

    class Client(AsyncKernelClient):
        async def wait_for_ready(self, timeout: float | None = None) -> None:
            try:
                await super().wait_for_ready(timeout)
            except RuntimeError as error:
                raise NotStarted(str(error)) from None

    class Manager(KernelManager):
        used: KernelClient | None = None

        def client(self, **options: Any) -> Any:
            self.used = super().client(**options)
            return self.used

    with scratch() as folder:
        manager = Manager(kernel_spec_manager=ThisInterpreter(), kernel_name="python3",
                          connection_file=f"{folder}/kernel.json", transport="ipc" if os.name == "posix" else "tcp")
        manager.client_factory = Client
        manager.start_kernel(env={**os.environ, "IPYTHONDIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder)})
        try:
            yield manager
        finally:
            if manager.used:
                manager.used.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


def _command() -> list[str]:
    words = ["-f", "{connection_file}", FIRST.format("")]
    if _workshops:
        return [sys.executable, "-I", "-S", "-c", _ERRAND, _workshops[-1].address, *words]
    return [sys.executable, "-m", "ipykernel_launcher", *words]
