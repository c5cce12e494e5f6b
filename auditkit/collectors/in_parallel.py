"""Several requests at the same time, and another try for what was interrupted."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Protocol, Self, TypeVar


@contextmanager
def threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for requests. A collection that is given up, as by Ctrl-C, waits for none of them."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


class Readable(Protocol):
    """Something that is read, and that may have to be read again."""

    interrupted: bool

    def read(self) -> Self:
        """Read it. Afterwards ``interrupted`` says whether another try may read more."""
        ...

    def read_again(self) -> Self:
        """Read it anew, and keep the better of both tries."""
        ...


Thing = TypeVar("Thing", bound=Readable)


def as_read(pool: ThreadPoolExecutor, things: Iterable[Thing]) -> Iterator[Thing]:
    """Each thing as soon as it is read; those that were interrupted are read once more after all others."""
    interrupted = []
    for future in as_completed([pool.submit(thing.read) for thing in things]):
        if (thing := future.result()).interrupted:
            interrupted.append(thing)
        else:
            yield thing
    for future in as_completed([pool.submit(thing.read_again) for thing in interrupted]):
        yield future.result()
