"""Memory as work on very many small objects needs it."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa


@contextmanager
def no_gc() -> Iterator[None]:
    """Cyclic garbage collection off, as it was before afterwards.

    Where hundreds of thousands of objects are made that all stay, or hold no cycles, it costs more than the work.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def lean() -> Iterator[None]:
    """For decoding many pages: `no_gc` (else three to four times the decoding), and Arrow allocates from the system.

    Its own allocator keeps half as much again of what many small pages leave behind.
    """
    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        with no_gc():
            yield
    finally:
        pa.set_memory_pool(pool)
