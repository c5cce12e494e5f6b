"""A process that has imported what notebooks import, and makes a kernel by forking: each in a process of its own, which
knows nothing of the others. `auditkit.reports.kernels` starts it, and ends it by closing its stdin.

Its argument is the number of the socket on which it is asked. A request is a line of JSON: the ``folder`` in which the
kernel runs, its ``environ``, and its ``words`` on the command line. The kernel lives as long as the connection is open.
"""

import gc
import json
import os
import selectors
import socket
import sys
import threading
import warnings
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

_HOUSE = str(Path(__file__).parents[2])


def main(number: int) -> None:
    """Make kernels until stdin is closed, and wait for their end."""
    sys.path[:] = [place for place in sys.path if place == _HOUSE or Path(place) != Path.cwd()]  # as Jupyter's launcher
    _import()
    gc.freeze()  # memory that is not touched stays shared
    asked, ended = socket.socket(fileno=number), sys.stdin.fileno()
    with selectors.DefaultSelector() as both:
        both.register(asked, selectors.EVENT_READ)
        both.register(ended, selectors.EVENT_READ)
        while not any(key.fd == ended for key, _ in both.select()):
            with asked.accept()[0] as connection:
                if not _fork():
                    asked.close()
                    _kernel(connection)
    with suppress(ChildProcessError):  # none is left
        while True:
            os.wait()


def _import() -> None:
    """Import what kernels and notebooks import."""
    import ipykernel.ipkernel
    import ipykernel.kernelapp
    import ipykernel.zmqshell  # noqa: F401

    from auditkit.checks import all_checks
    from auditkit.reports import show  # noqa: F401

    all_checks()


def _fork() -> int:
    with warnings.catch_warnings():  # numpy's threads, of which Python warns, are idle
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _kernel(connection: socket.socket) -> NoReturn:
    """Be a kernel. Whatever ends it ends the process, and nothing of the workshop is done in it."""
    from ipykernel.kernelapp import IPKernelApp

    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        wanted = json.loads(connection.makefile("rb").readline())
        os.environ.clear()
        os.environ.update(wanted["environ"])
        os.chdir(wanted["folder"])
        threading.Thread(target=_end_with, args=[connection], daemon=True).start()
        IPKernelApp.launch_instance([*wanted["words"], f"--IPKernelApp.parent_handle={os.getppid()}"])
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _end_with(connection: socket.socket) -> NoReturn:
    """End this process when the other side of a connection does."""
    connection.recv(1)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
