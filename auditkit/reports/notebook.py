"""Execution of a notebook by papermill (`auditkit.reports.kernels` has the kernels)."""

import sys
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.base.files import reason
from auditkit.base.whole import workspace
from auditkit.errors import AuditkitError, NoSuchName, UsageError
from auditkit.reports import notebook_file
from auditkit.reports.kernels import NotStarted, kernel

if TYPE_CHECKING:
    from jupyter_client.manager import KernelManager
    from nbformat import NotebookNode


def execute(
    notebook: Path, partial: Path, parameters: dict[str, Any], meanwhile: Callable[[], object] = lambda: None,
) -> "NotebookNode":
    """Run a notebook with parameters, and return it with its outputs; do something ``meanwhile``.

    Where it fails, what was reached is kept as ``partial``, whose folder must exist; where it succeeds, an earlier one
    is removed. Raises `AuditkitError` where it fails, and where its kernel does not start; `UsageError` for what is no
    notebook, and for a disk that is full; `NoSuchName` for a parameter that it does not have.
    """
    try:
        with workspace(partial.parent) as space, kernel() as manager:  # it starts while papermill is imported
            _verify(parameters, notebook_file.parameters(notebook))
            threading.Thread(target=meanwhile, daemon=True).start()
            reached = space / partial.name
            try:
                done = _run(notebook, reached, parameters, manager)
            except NotStarted as error:
                raise AuditkitError(
                    f"{notebook.name} was not run: its kernel did not start ({error}). The kernel's own messages are "
                    f"on standard error. See whether `{sys.executable} -m ipykernel_launcher` starts, and "
                    "whether there is memory left.") from None
            except _Failed as failed:
                reached.replace(partial)
                raise AuditkitError(f"{notebook.name} {failed}. The partial notebook is {partial}.") from None
        partial.unlink(missing_ok=True)
        return done
    except OSError as error:
        where = error.filename or partial.parent  # the system names no file where the disk is full
        raise UsageError(f"{notebook.name} could not be run: {reason(error)} ({where}).") from None
    finally:
        _end_loop()


def _end_loop() -> None:
    """Close the event loop that Jupyter made for this thread; that of the main thread is used again."""
    from jupyter_core.utils import ensure_event_loop

    if threading.current_thread() is not threading.main_thread():
        ensure_event_loop().close()


class _Failed(Exception):
    """A notebook failed; the text says how."""


def _run(notebook: Path, reached: Path, parameters: dict[str, Any], manager: "KernelManager") -> "NotebookNode":
    """Run a notebook in a kernel; ``reached`` has what it reached so far. Raises `_Failed`."""
    import papermill
    from nbclient.exceptions import DeadKernelError

    try:
        done: NotebookNode = papermill.execute_notebook(
            str(notebook), str(reached), parameters, engine_name=_engine(), kernel_name="python3", language="python",
            km=manager, progress_bar=False)
    except papermill.PapermillExecutionError as error:
        what = f"{error.ename}: {error.evalue}".rstrip(".")
        raise _Failed(f"failed in its code cell {error.exec_count}: {what}") from None
    except DeadKernelError:
        raise _Failed("ended its own process, or ran out of memory") from None
    for cell in done.cells:
        for shown in cell.get("outputs", ()):
            if _display_failed(shown):
                raise _Failed(f"failed in its code cell {cell.execution_count}: its output could not be displayed")
    _same_bytes(done)
    return done


@cache
def _engine() -> str:
    """The name of an engine that is papermill's own, but writes the notebook at the end only, whatever the end is:
    before and after each cell the whole of it takes longer than the cells."""
    from papermill.engines import NBClientEngine, papermill_engines

    class OneWrite(NBClientEngine):  # type: ignore[misc]  # papermill ships no types
        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, *given: Any, **options: Any) -> None:
            path, nb_man.output_path = nb_man.output_path, None
            try:
                super().execute_managed_notebook(nb_man, *given, **options)
            finally:
                nb_man.output_path = path

    papermill_engines.register("auditkit", OneWrite)
    return "auditkit"


def _verify(given: dict[str, Any], known: dict[str, Any]) -> None:
    for name in given:
        if name not in known:
            raise NoSuchName("parameter", name, known)


def _display_failed(shown: Any) -> bool:
    """True if an output tells of an error: IPython goes on where only the display of a value fails."""
    return shown.output_type == "error" or (
        shown.output_type == "stream" and "Traceback (most recent call last)" in shown.text)


def _same_bytes(notebook: "NotebookNode") -> None:
    """Take out what differs from run to run: times, durations, and the random name of the parameters cell."""
    notebook.metadata.pop("papermill", None)
    for cell in notebook.cells:
        for name in ("papermill", "execution"):
            cell.metadata.pop(name, None)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.id = "injected-parameters"


def moved(notebook: "NotebookNode", parameters: dict[str, Any]) -> None:
    """Write the parameters of an executed notebook as they are where it lies: with paths from there."""
    from papermill.translators import PythonTranslator

    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.source = PythonTranslator.codify(parameters)
