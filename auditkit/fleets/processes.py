"""The work of a fleet by processes of this machine. One that dies or takes too long costs its own cluster alone."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, as_completed
from contextlib import contextmanager
from multiprocessing import get_context
from typing import TYPE_CHECKING

from auditkit.fleets.work import FAILED, GIVEN_UP, Row, Task, do

if TYPE_CHECKING:
    from pebble import ProcessPool


def rows(tasks: Sequence[Task], workers: int, limit: float) -> Iterator[Row]:
    """The row of each task, as soon as it is done. ``limit`` is in seconds, for each task.

    Processes are started anew and not forked: whoever collects has threads. When the caller goes away, they end.
    """
    from pebble import ProcessPool

    with _ending(ProcessPool(max(1, min(workers, len(tasks))), context=get_context("spawn"))) as pool:
        begun: dict[Future[Row], Task] = {pool.schedule(do, args=[task], timeout=limit): task for task in tasks}
        for future in as_completed(begun):
            yield _row(future, begun[future], limit)


@contextmanager
def _ending(pool: "ProcessPool") -> Iterator["ProcessPool"]:
    """A pool whose processes end with whoever uses it, whatever they are doing then."""
    try:
        yield pool
    finally:
        pool.stop()
        pool.join()


def _row(future: "Future[Row]", task: Task, limit: float) -> Row:
    import pebble

    try:
        return future.result()
    except TimeoutError:
        return Row(source=task.source, outcome=GIVEN_UP, seconds=limit, problem=(
            f"It was not done after {limit:,.0f} seconds, and was given up. Give more with --give-up-after."))
    except pebble.ProcessExpired as error:
        return Row(source=task.source, outcome=FAILED, problem=(
            f"Its process ended by itself (exit code {error.exitcode}), as where memory is short. Use fewer "
            "--processes."))
