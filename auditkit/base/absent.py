"""Packages that other libraries import beside what they were asked for, and that cost more than the work."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def absent(name: str) -> Iterator[None]:
    """As long as it lasts, an import of this package fails as if it were not installed; one that was imported before
    stays. For packages that a library can do without, in a process that is ours alone."""

    class Nowhere:
        @staticmethod
        def find_spec(sought: str, path: object = None, target: object = None) -> None:
            if sought == name:
                raise ModuleNotFoundError(f"{name} is left out", name=name)

    sys.meta_path.insert(0, Nowhere)
    try:
        yield
    finally:
        sys.meta_path.remove(Nowhere)
