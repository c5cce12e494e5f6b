"""A process that has imported what reports need, and makes others by forking: a kernel for each notebook, which knows
nothing of the others, and whoever draws a page and a PDF. `auditkit.reports.kernels` starts it, and ends it by closing
its stdin.

Its argument is the number of the socket on which it is asked. A request is a line of JSON, and what is asked for lives
no longer than the connection:

- a kernel: the ``folder`` in which it runs, its ``environ``, and its ``words`` on the command line;
- a drawing: the path of an executed notebook (``draw``), and its ``faces`` (page, paper). The answer has a line of
  JSON for each step, a text, and one that is ``true`` when all is written. If that does not come, whoever asked draws
  it, and sees why it cannot be drawn.
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

from auditkit.base.absent import absent
from auditkit.errors import AuditkitError

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
                    _serve(connection)
            _import_drawing()  # now others work
    with suppress(ChildProcessError):  # none is left
        while True:
            os.wait()


def _import() -> None:
    """Import what kernels and notebooks import, and read what all of them read."""
    import duckdb  # noqa: F401
    import ipykernel.ipkernel
    import ipykernel.kernelapp
    import ipykernel.zmqshell  # noqa: F401

    from auditkit.checks import all_checks
    from auditkit.framework import library
    from auditkit.proof import prove  # noqa: F401
    from auditkit.reports import show  # noqa: F401
    from auditkit.reports.panels.block import environment

    environment().get_template("notebook.html")
    with suppress(AuditkitError):  # of a package whose files are wrong: whoever judges says so
        all_checks()
        library.listed()


def _import_drawing() -> None:
    """Import what draws pages and PDFs, but for what reads notebooks: a kernel shall have that as it is installed."""
    from auditkit.reports.page.pdf import warm
    from auditkit.reports.panels.block import environment

    warm()
    for face in ("page.html", "paper.html"):
        environment().get_template(face)


def _fork() -> int:
    with warnings.catch_warnings():  # numpy's threads, of which Python warns, are idle
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _serve(connection: socket.socket) -> NoReturn:
    """Be what is asked for. Whatever ends it ends the process, and nothing of the workshop is done in it."""
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        wanted = json.loads(connection.makefile("rb").readline())
        threading.Thread(target=_end_with, args=[connection], daemon=True).start()
        if "draw" in wanted:
            _draw(Path(wanted["draw"]), wanted["faces"], connection)
        else:
            _be_kernel(**wanted)
        code = 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _be_kernel(folder: str, environ: dict[str, str], words: list[str]) -> None:
    from ipykernel.kernelapp import IPKernelApp

    os.environ.clear()
    os.environ.update(environ)
    os.chdir(folder)
    IPKernelApp.launch_instance([*words, f"--IPKernelApp.parent_handle={os.getppid()}"])


def _draw(notebook: Path, faces: list[str], connection: socket.socket) -> None:
    from auditkit.reports import publish

    def tell(said: str | bool) -> None:
        connection.sendall(json.dumps(said).encode() + b"\n")

    with absent("rfc3987_syntax"), suppress(AuditkitError):  # see `auditkit.cli.main`
        publish(notebook, tell, faces)
        tell(True)


def _end_with(connection: socket.socket) -> NoReturn:
    """End this process when the other side of a connection does."""
    connection.recv(1)
    os._exit(0)


if __name__ == "__main__":
    main(int(sys.argv[1]))
