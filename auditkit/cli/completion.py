"""What a shell completes: snapshots, frameworks, requirements, tables, contexts, notebooks.

A shell asks with each press of the tab key, so nothing heavy is imported: names come from files and folders. What
cannot be read completes to nothing, and is said when the command runs.
"""

import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Any

import typer
from typer.models import ArgumentInfo, OptionInfo

from auditkit.base import shipped

STORE = "snapshots"
"""The same as `auditkit.api.snapshots.STORE`, which is not imported only to complete a word."""
_NO_FRAMEWORKS = ("sample-sizes", "segregation-of-duties")
"""Files beside the frameworks that are none."""

Completer = Callable[[typer.Context, str], list[str]]


def _completer(names: Callable[[typer.Context], Iterable[str]]) -> Completer:
    """Names for typer; a mistake in a file is no reason to disturb somebody who types."""
    @wraps(names)
    def complete(ctx: typer.Context, incomplete: str) -> list[str]:
        try:
            return sorted({name for name in names(ctx) if name.startswith(incomplete) and name.isprintable()})
        except Exception:
            return []

    complete.__annotations__ = {"ctx": typer.Context, "incomplete": str, "return": list[str]}
    del complete.__wrapped__  # typer would read the signature of what is wrapped
    return complete


@_completer
def snapshots(ctx: typer.Context) -> Iterable[str]:
    """The demo, the clusters in ./snapshots by name, and the folders of their snapshots."""
    yield "demo"
    newest: dict[Path, Path] = {}
    for path in sorted(Path(STORE).glob("*/*/manifest.json")):
        newest[path.parents[1]] = path
        yield path.parent.as_posix()
    for path in newest.values():
        with suppress(ValueError, KeyError, OSError):  # the folder of a cluster may have another name
            yield json.loads(path.read_bytes())["cluster"]


@_completer
def stores(ctx: typer.Context) -> Iterable[str]:
    """Folders that have snapshots of clusters in them."""
    return (path.name for path in sorted(Path().iterdir()) if next(path.glob("*/*/manifest.json"), None))


@_completer
def frameworks(ctx: typer.Context) -> Iterable[str]:
    """The frameworks, and those in the folder of --controls."""
    return _frameworks(ctx)


@_completer
def requirements(ctx: typer.Context) -> Iterable[str]:
    """The requirements of the frameworks that were named before, or of those that are the default."""
    from auditkit.cli.options import DEFAULT_FRAMEWORKS

    given = ctx.params.get("framework") or DEFAULT_FRAMEWORKS
    files, left = _frameworks(ctx), [given] if isinstance(given, str) else list(given)
    for name in left:
        if name in files:
            read = _yaml(files[name])
            yield from (str(each["id"]) for each in read.get("requirements", ()) if "id" in each)
            if (extended := read.get("extends")) and extended not in left:
                left.append(extended)


@_completer
def snapshots_or_requirements(ctx: typer.Context) -> Iterable[str]:
    """What `auditkit explain` takes first."""
    return [*snapshots(ctx, ""), *requirements(ctx, "")]


@_completer
def tables(ctx: typer.Context) -> Iterable[str]:
    """The tables of the snapshot that was named before: its files, or those of the data model."""
    named = str(ctx.params.get("path") or "")
    for place in (Path(named).glob("*.parquet"), Path(STORE).glob(f"{named}/*/*.parquet")):
        if found := [path.stem for path in place]:
            return found
    from auditkit.tables import TABLES

    return list(TABLES)


@_completer
def things(ctx: typer.Context) -> Iterable[str]:
    """What `auditkit show` takes first: snapshots and stores; its tables are too many to be among them."""
    return [*snapshots(ctx, ""), *stores(ctx, "")]


@_completer
def contexts(ctx: typer.Context) -> Iterable[str]:
    """The contexts of the kubeconfig."""
    files = _option(ctx, "kubeconfig") or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config"
    for path in map(Path, os.fspath(files).split(os.pathsep)):
        if path.is_file():
            yield from (each["name"] for each in _yaml(path).get("contexts") or () if "name" in each)


@_completer
def notebooks(ctx: typer.Context) -> Iterable[str]:
    """The notebooks that auditkit ships."""
    return (path.stem for path in shipped.folder("notebooks").glob("*.ipynb"))


def _frameworks(ctx: typer.Context) -> dict[str, Path]:
    """The file of each framework by its name, which is that of the file."""
    folders = [shipped.folder("controls"), *([Path(own)] if (own := _option(ctx, "controls")) else [])]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))
            if path.stem not in _NO_FRAMEWORKS}


def _yaml(path: Path) -> dict[str, Any]:
    """A file as it is: whether it is right is said when a command reads it."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506 - a safe one
    return found


def _option(ctx: typer.Context, name: str) -> str:
    given: Any = ctx.params.get(name)
    return os.fspath(given) if given else ""


_BY_NAME: dict[str, Completer] = {
    "snapshot": snapshots, "source": snapshots, "earlier": snapshots, "later": snapshots, "framework": frameworks,
    "requirement": requirements, "table": tables, "path": things, "context": contexts, "contexts": contexts,
    "notebook": notebooks, "store": stores, "judged": stores}
"""What parameters complete, by their name."""
_OWN: dict[tuple[str, str], Completer] = {
    ("explain", "snapshot"): snapshots_or_requirements, ("copy", "name"): notebooks}
"""The same for a function and its parameter."""


def offer(app: typer.Typer) -> None:
    """Let each command of an app, and of its groups, complete its parameters."""
    for one in app.registered_commands:
        function = one.callback
        for name, kind in getattr(function, "__annotations__", {}).items():
            completer = _OWN.get((getattr(function, "__name__", ""), name)) or _BY_NAME.get(name)
            for info in getattr(kind, "__metadata__", ()) if completer else ():
                if isinstance(info, OptionInfo | ArgumentInfo):
                    info.autocompletion = completer
    for each in app.registered_groups:
        if each.typer_instance is not None:
            offer(each.typer_instance)
