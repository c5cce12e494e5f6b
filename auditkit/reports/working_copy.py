"""Working copies of the notebooks: files of a person, which are never overwritten once that person has changed them."""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from auditkit.base import shipped, whole
from auditkit.base.files import unwritable
from auditkit.errors import UsageError
from auditkit.reports import beside, find_notebook, notebook_file
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from nbformat import NotebookNode

HIDDEN = ".auditkit"
"""The folder of a working copy that has what is not the person's own."""
_COPIED = "copied.json"
_PARAMETER = re.compile(r"(?m)^(?P<name>\w+) = .*?(?P<comment>  #.*)?$")
_SENTENCE = re.compile(r"(?<=[.:])\s")


class Shipped(NamedTuple):
    """A notebook that auditkit ships."""

    name: str
    title: str
    about: str


class Copies(NamedTuple):
    """What came of copying: files that were written, and those that were kept, since a person has changed them."""

    written: list[Path]
    kept: list[Path]


def listed() -> list[Shipped]:
    """The notebooks that auditkit ships, by name, with what each is about."""
    return [Shipped(path.stem, *_about(path)) for path in sorted(shipped.folder("notebooks").glob("*.ipynb"))]


def _about(path: Path) -> tuple[str, str]:
    """The title of a notebook, and the first sentence of its narrative."""
    first = "".join(json.loads(path.read_bytes())["cells"][0]["source"])
    title, _, text = first.partition("\n")
    return title.lstrip("# "), _SENTENCE.split(text.strip(), maxsplit=1)[0].rstrip(".:")


def copy(names: Iterable[str], folder: Path, snapshot: Snapshot) -> Copies:
    """Copy notebooks into a folder, with their parameters about a snapshot.

    A notebook that is there is replaced only if it is still as it was copied. Raises `NoSuchName` for a notebook that
    does not exist, and `UsageError` for a folder that cannot be written.
    """
    notebooks = [find_notebook(name) for name in names]
    try:
        (folder / HIDDEN).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(unwritable(folder, error)) from None
    given, copied, done = _parameters(snapshot, folder), _copied(folder), Copies([], [])
    for notebook in notebooks:
        path, content = folder / notebook.name, notebook_file.encoded(_filled(notebook, given))
        if not os.path.lexists(path) or _digest(path.read_bytes()) in (copied.get(notebook.name), _digest(content)):
            whole.write(path, content)
            copied[notebook.name] = _digest(content)
            done.written.append(path)
        else:
            done.kept.append(path)
    whole.write(folder / HIDDEN / _COPIED, json.dumps(copied, indent=1).encode())
    return done


def _parameters(snapshot: Snapshot, folder: Path) -> dict[str, Any]:
    """What the parameters of notebooks are for a snapshot, as seen from a folder; those of notebooks that ship where it
    lies nowhere, which are about the demo."""
    if snapshot.path is None:
        return {}
    place = snapshot.path.resolve()
    before = [each for each in sorted(place.parent.glob("*/manifest.json")) if each.parent.name < place.name]
    places = {"snapshot": place, "store": place.parent.parent, "earlier": before[-1].parent if before else place}
    return {name: beside(str(path), folder) for name, path in places.items()}


def _filled(notebook: Path, given: dict[str, Any]) -> "NotebookNode":
    """A notebook of which the cell of parameters has these values, each with the comment that it had."""
    found = notebook_file.read(notebook)
    for cell in found.cells:
        if "parameters" in cell.metadata.get("tags", ()):
            cell.source = _PARAMETER.sub(
                lambda line: (f"{line['name']} = {given[line['name']]!r}{line['comment'] or ''}"
                              if line["name"] in given else line[0]), cell.source)
    return found


def _copied(folder: Path) -> dict[str, str]:
    """The digests of notebooks as they were copied into a folder, by their names; a record that cannot be read has
    none, so that every file is kept."""
    try:
        known = json.loads((folder / HIDDEN / _COPIED).read_bytes())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
