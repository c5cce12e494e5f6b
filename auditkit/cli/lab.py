"""`auditkit lab` and `auditkit notebooks`: notebooks to work with, as copies of one's own."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditkit.cli import console
from auditkit.cli.choosing import WAYS, opened
from auditkit.errors import UsageError

if TYPE_CHECKING:
    from auditkit.snapshots.snapshot import Snapshot

app = typer.Typer(help="List the notebooks that auditkit ships, and copy them.", no_args_is_help=True,
                  rich_markup_mode=None)

Chosen = Annotated[str, typer.Argument(
    help=f"{WAYS} Default: the newest in ./snapshots, or the demo if there is no such folder.", show_default=False)]
To = Annotated[Path, typer.Option("--to", help="Folder for the copies. Notebooks that you changed there are kept.")]
FOLDER = Path("auditkit-lab")
"""The same as `auditkit.api.lab.FOLDER`, which is not imported only to print the help."""


def lab(
    snapshot: Chosen = "", to: To = FOLDER,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the browser.")] = True,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Port on this computer; if it is taken, the "
                                                                       "next one that is free.")] = 8888,
) -> None:
    """Open JupyterLab on a working copy of the notebooks.

    The notebooks are about the snapshot, and run as they are: there is nothing to configure. Only this computer can
    reach the server. Ctrl-C ends it. Needs pip install 'auditkit[lab]'.
    """
    from auditkit.api import lab as labs

    server = labs.prepare_lab(to, browser=browser, port=port)
    _kept(_copy([], to, _snapshot(snapshot)))
    console.say(f"JupyterLab starts on {to.resolve()}. soc2.ipynb evaluates a framework, questions.ipynb answers "
                "questions. Ctrl-C ends it.")
    sys.stdout.flush()
    os.execve(server.command[0], server.command, server.environment)  # noqa: S606 - this interpreter


@app.command("list")
def list_() -> None:
    """List the notebooks that auditkit ships."""
    from auditkit.api.lab import notebooks

    console.table("", ["name", "title", "about"], notebooks())


@app.command()
def copy(
    name: Annotated[str, typer.Argument(help="Name of a notebook, or all.")], snapshot: Chosen = "", to: To = FOLDER,
) -> None:
    """Copy a notebook to change and run it.

    Its parameters are about the snapshot, with paths from the folder of the copy. Exits with 2 if the copy is there and
    was changed.
    """
    kept = _copy([] if name == "all" else [name], to, _snapshot(snapshot))
    if kept and name != "all":
        raise UsageError(f"{kept[0]} was changed, and is not overwritten. Name another folder with --to.")
    _kept(kept)


def _copy(names: list[str], to: Path, snapshot: "Snapshot") -> list[Path]:
    """Copy notebooks, and print which were written; returns those that were kept."""
    from auditkit.api.lab import copy_notebooks

    written, kept = copy_notebooks(names, to, snapshot)
    for path in written:
        print(path)
    return kept


def _kept(paths: list[Path]) -> None:
    for path in paths:
        console.say(f"{path} is kept as you changed it, with the snapshot that its parameters name.", "yellow")


def _snapshot(named: str) -> "Snapshot":
    """The snapshot that is meant, or the demo."""
    from auditkit.api import snapshots

    if named or snapshots.STORE.is_dir():
        return opened(named)
    console.say("There is no folder ./snapshots: the notebooks are about the demo, a fictional hospital.")
    return snapshots.demo()
