"""The work of a fleet on a Dask cluster that is there already (``pip install 'auditkit[fleet]'`` on every machine).

The scheduler gives the task of a worker that is lost to another one; a task with which worker after worker is lost is
given up (Dask's ``distributed.scheduler.allowed-failures``). Each machine needs the store, the data set, the files of
people and the kubeconfig at the same paths.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.errors import MissingDependency, UsageError
from auditkit.fleets.work import FAILED, GIVEN_UP, Row, Task, do

_CONNECT = 20
"""Seconds in which the scheduler must answer."""


def rows(tasks: Sequence[Task], scheduler: str, limit: float) -> Iterator[Row]:
    """The row of each task, as soon as it is done. Where nothing is done for ``limit`` seconds, what is left is given
    up: all workers may be gone. Raises `UsageError` where there is no scheduler, and `MissingDependency`."""
    try:
        import distributed
    except ModuleNotFoundError:
        raise MissingDependency("A scheduler needs the package distributed: "
                                "`pip install 'auditkit[fleet]'`.") from None
    try:
        client = distributed.Client(scheduler, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"There is no Dask scheduler at {scheduler}: {' '.join(str(error).split())[:200]}. Start one "
                         "with `dask scheduler`, or leave --scheduler out.") from None
    with client, client.as_current():
        left = {client.submit(do, task, pure=False): task for task in tasks}
        while left:
            try:
                done, _ = distributed.wait(list(left), timeout=limit, return_when="FIRST_COMPLETED")
            except TimeoutError:
                break
            for future in done:
                yield _row(future, left.pop(future))
        for future, task in left.items():
            future.cancel()
            yield Row(source=task.source, outcome=GIVEN_UP, seconds=limit, problem=(
                f"No worker of {scheduler} finished anything for {limit:,.0f} seconds. `dask worker {scheduler}` "
                "starts one; give more time with --give-up-after."))


def _row(future: Any, task: Task) -> Row:
    if future.status == "finished":
        found: Row = future.result()
        return found
    error = future.exception()
    lost = type(error).__name__ == "KilledWorker"
    what = "worker after worker was lost with it, as where memory is short" if lost else (
        f"its worker failed ({type(error).__name__}): see whether it has this version of auditkit")
    return Row(source=task.source, outcome=FAILED, problem=f"It was not judged: {what}.")
