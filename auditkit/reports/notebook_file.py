"""Notebook files, whoever wrote them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.base.files import given
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from nbformat import NotebookNode


def read(path: Path) -> "NotebookNode":
    """A notebook in the fourth format. Raises `UsageError` where the file is none, or cannot be read."""
    import nbformat

    content = given(path)
    with _valid(path):
        notebook: NotebookNode = nbformat.reads(content.decode(), as_version=4)
        nbformat.validate(notebook)
    return notebook


def encoded(notebook: "NotebookNode") -> bytes:
    """The bytes of a notebook file."""
    import nbformat

    text: str = nbformat.writes(notebook)
    return text.encode() + b"\n"


def parameters(path: Path) -> dict[str, Any]:
    """The parameters of a notebook, by their names. Raises `UsageError` as `read` does."""
    import papermill

    read(path)  # papermill takes some files for notebooks that are none
    with _valid(path):
        known: dict[str, Any] = papermill.inspect_notebook(str(path))
    return known


@contextmanager
def _valid(path: Path) -> Iterator[None]:
    """Raises `UsageError` for whatever a malformed file leads to in a library of Jupyter."""
    try:
        yield
    except Exception as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
        raise UsageError(f"{path} is not a valid notebook: {reason[:200]}. Save it again in Jupyter.") from None
