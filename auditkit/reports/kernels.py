"""The kernels in which notebooks run: processes of this very interpreter, whatever kernels are installed.

Within `ready`, they are forked from one process that has imported what notebooks import (`auditkit.reports.workshop`);
otherwise, and where a system has no fork, each is started on its own.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from auditkit.base.whole import scratch

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager

_FIRST = "--IPKernelApp.exec_lines=__import__('auditkit.reports.show').reports.show.in_shell()"
"""What a kernel runs first. It gives the notebook no name."""

_ERRAND = """
import json, os, signal, socket, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
wanted = {"folder": os.getcwd(), "environ": dict(os.environ), "words": sys.argv[2:]}
connection.sendall(json.dumps(wanted).encode() + b"\\n")
connection.recv(1)
"""
"""A process that Jupyter takes for the kernel: it asks the workshop for one, and ends with it, or it with this one."""

_PATIENCE = 10
"""Seconds after which a workshop is ended that does not end."""

_workshops: list[str] = []
"""The addresses of the workshops that are there, the last is used."""


@contextmanager
def ready() -> Iterator[None]:
    """Have a workshop as long as it lasts. It imports what it needs while others work."""
    if not hasattr(os, "fork"):
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
        _workshops.append(address)
        try:
            yield
            with suppress(subprocess.TimeoutExpired):
                process.communicate(timeout=_PATIENCE)  # it ends when its stdin is closed, and its kernels have ended
        finally:
            _workshops.remove(address)
            process.kill()
            process.communicate()


@contextmanager
def kernel() -> Iterator["KernelManager"]:
    """A kernel that reads no profile of the user.

    It is reached through sockets in a private folder where the system has them: a TCP port is open to every user
    of the machine.
    """
    from jupyter_client.client import KernelClient
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import KernelManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(argv=_command(), display_name="Python 3", language="python")

    class Manager(KernelManager):
        used: KernelClient | None = None

        def client(self, **options: Any) -> Any:
            self.used = super().client(**options)
            return self.used

    with scratch() as folder:
        manager = Manager(kernel_spec_manager=ThisInterpreter(), kernel_name="python3",
                          connection_file=f"{folder}/kernel.json", transport="ipc" if os.name == "posix" else "tcp")
        manager.client_class = "jupyter_client.asynchronous.AsyncKernelClient"
        manager.start_kernel(env={**os.environ, "IPYTHONDIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder)})
        try:
            yield manager
        finally:
            if manager.used:
                manager.used.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()


def _command() -> list[str]:
    words = ["-f", "{connection_file}", _FIRST]
    if _workshops:
        return [sys.executable, "-I", "-S", "-c", _ERRAND, _workshops[-1], *words]
    return [sys.executable, "-m", "ipykernel_launcher", *words]
