"""Execution of a notebook by papermill, in a kernel of this very interpreter."""

import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.errors import AuditkitError, NoSuchName
from auditkit.reports import notebook_file

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager
    from nbformat import NotebookNode
WARM = "__import__('auditkit.reports.show')"
"""What a kernel imports while papermill is imported here. It gives the notebook no name."""


def execute(
    notebook: Path, output: Path, parameters: dict[str, Any], meanwhile: Callable[[], object] = lambda: None,
) -> "NotebookNode":
    """Run a notebook with parameters and write it with its outputs; do something ``meanwhile``.

    Raises `UsageError` for what is no notebook, `NoSuchName` for a parameter that it does not have. While it runs, and
    where it fails, what was reached stands beside the output as ``NAME.partial.ipynb``.
    """
    with kernel() as manager:  # it starts while papermill is imported
        import nbformat
        import papermill
        from nbclient.exceptions import DeadKernelError

        _verify(parameters, notebook_file.parameters(notebook))
        threading.Thread(target=meanwhile, daemon=True).start()
        partial = output.with_suffix(".partial.ipynb")
        try:
            done: nbformat.NotebookNode = papermill.execute_notebook(
                str(notebook), str(partial), parameters, kernel_name="python3", language="python", km=manager,
                progress_bar=False)
        except papermill.PapermillExecutionError as error:
            raise _failure(notebook, error.exec_count, f"{error.ename}: {error.evalue}".rstrip("."), partial) from None
        except DeadKernelError:
            raise AuditkitError(f"{notebook.name} ended its own process, or ran out of memory. The partial notebook is "
                                f"{partial}.") from None
        for cell in done.cells:
            for shown in cell.get("outputs", ()):
                if _display_failed(shown):
                    raise _failure(notebook, cell.execution_count, "its output could not be displayed", partial)
        _same_bytes(done)
        nbformat.write(done, output)
        partial.unlink()
    return done


def _verify(given: dict[str, Any], known: dict[str, Any]) -> None:
    for name in given:
        if name not in known:
            raise NoSuchName("parameter", name, known)


def _display_failed(shown: Any) -> bool:
    """True if an output tells of an error: IPython goes on where only the display of a value fails."""
    return shown.output_type == "error" or (
        shown.output_type == "stream" and "Traceback (most recent call last)" in shown.text)


def _failure(notebook: Path, cell: int, what: str, partial: Path) -> AuditkitError:
    return AuditkitError(f"{notebook.name} failed in its code cell {cell}: {what}. The partial notebook is {partial}.")


def _same_bytes(notebook: "NotebookNode") -> None:
    """Take out what differs from run to run: times, durations, and the random name of the parameters cell."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.id = "injected-parameters"


@contextmanager
def kernel() -> Iterator["KernelManager"]:
    """A kernel of the running interpreter, whatever kernels are installed, that reads no profile of the user.

    It is reached through sockets in a private folder where the system has them: a TCP port is open to every user
    of the machine.
    """
    from jupyter_client.client import KernelClient
    from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
    from jupyter_client.manager import KernelManager

    class ThisInterpreter(KernelSpecManager):
        def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
            return KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}",
                                    f"--IPKernelApp.exec_lines={WARM}"], display_name="Python 3", language="python")

    class Manager(KernelManager):
        used: KernelClient | None = None

        def client(self, **options: Any) -> Any:
            self.used = super().client(**options)
            return self.used

    with tempfile.TemporaryDirectory(prefix="auditkit-", ignore_cleanup_errors=True) as folder:
        manager = Manager(kernel_spec_manager=ThisInterpreter(), kernel_name="python3",
                          connection_file=f"{folder}/kernel.json", transport="ipc" if os.name == "posix" else "tcp")
        manager.client_class = "jupyter_client.asynchronous.AsyncKernelClient"
        manager.start_kernel(env={**os.environ, "IPYTHONDIR": folder, "JUPYTER_RUNTIME_DIR": folder})
        try:
            yield manager
        finally:
            if manager.used:
                manager.used.stop_channels()
            manager.shutdown_kernel(now=True)
            manager.cleanup_resources()
