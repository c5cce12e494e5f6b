"""The same notebooks run where others run notebooks: plain papermill, jupyter-scheduler and Voilà, each with a kernel that
`auditkit lab` has not prepared or started."""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import labs
import looks
import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from auditkit.api.lab import prepare_lab
from auditkit.reports.panels.bars import SVG
from auditkit.reports.panels.block import MIME
from auditkit.snapshots.snapshot import Snapshot

pytestmark = pytest.mark.slow
STORES = ("fleet", "period")
"""Notebooks of a whole store."""
BARE = ("questions", "what-if", "workpapers")
"""Notebooks without a figure."""
OTHER = """
from IPython.display import display
display({"application/vnd.plotly.v1+json": {"data": [{"x": [1], "y": [1]}], "layout": {}}}, raw=True)
"""
"""A cell that shows a figure, and nothing of auditkit: in Voilà's console Plotly's own extension reports an error."""
HOUSE = str(Path(__file__).parents[2])
ENDED = {"COMPLETED", "FAILED"}
"""A job is called STOPPED too, until it begins."""


@pytest.fixture(scope="module")
def work(acme: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of all notebooks, beside the stores that they are about."""
    folder = tmp_path_factory.mktemp("elsewhere")
    labs.copies(folder / "work", folder, acme)
    return folder / "work"


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of one who has auditkit and Jupyter, and nothing set."""
    own = tmp_path_factory.mktemp("home")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "IPYTHON"))}
    return {**kept, "HOME": str(own), "PYTHONPATH": HOUSE}


def complete(path: Path, name: str) -> None:
    """An executed notebook in which every cell ran, no one failed, and something of auditkit is shown."""
    done = nbformat.read(path, 4)
    code = [cell for cell in done.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if not cell.execution_count] == []
    outputs = [output for cell in code for output in cell.outputs]
    assert [output for output in outputs if output.output_type == "error"] == []
    kinds = [kind for output in outputs for kind in output.get("data", {})]
    assert kinds.count(MIME) >= 3
    assert SVG in kinds or name in BARE, "a figure"


@pytest.mark.parametrize("name", ["drift"])
def test_papermill(work: Path, plain: dict[str, str], tmp_path: Path, name: str) -> None:
    given = [] if name == "fleet" else ["-p", "snapshot", "demo"]
    subprocess.run([sys.executable, "-m", "papermill", f"{name}.ipynb", str(tmp_path / "done.ipynb"), *given], cwd=work, env=plain,
                   check=True, capture_output=True, timeout=120)
    complete(tmp_path / "done.ipynb", name)


@pytest.fixture(scope="module")
def scheduler(work: Path) -> Iterator[labs.Lab]:
    """JupyterLab as `auditkit lab` starts it, where jupyter-scheduler is installed too."""
    pytest.importorskip("jupyter_scheduler", reason="needs jupyter-scheduler")
    pytest.importorskip("jupyterlab", reason="needs the extra lab")
    server = prepare_lab(work, browser=False, port=18897)
    with labs.running(server.command, work, env={**server.environment, "PYTHONPATH": HOUSE}) as running:
        yield running


@pytest.mark.parametrize("name", labs.NOTEBOOKS)
def test_jupyter_scheduler(scheduler: labs.Lab, work: Path, name: str) -> None:
    """It runs a copy in a folder of its own, and writes parameters as Python: texts need quotes."""
    given = {"store": repr(str(work.parent / ("fleet" if name == "fleet" else "snapshots")))} if name in STORES else {}
    job = scheduler.ask("scheduler/jobs", {
        "name": name, "input_uri": f"{name}.ipynb", "output_formats": ["ipynb"], "runtime_environment_name": "", "parameters": given})
    end = time.monotonic() + 3 * labs.PATIENCE
    while (told := scheduler.ask(f"scheduler/jobs/{job['job_id']}"))["status"] not in ENDED and time.monotonic() < end:
        time.sleep(0.3)
    assert told["status"] == "COMPLETED", told
    done, = (work / ".auditkit" / "jupyter" / "data" / "scheduler_staging_area" / job["job_id"]).glob(f"{name}-*.ipynb")
    complete(done, name)


@pytest.fixture(scope="module")
def voila(work: Path, plain: dict[str, str]) -> Iterator[str]:
    """The address of a Voilà on the copies, and on a notebook in which there is nothing of auditkit."""
    pytest.importorskip("voila", reason="needs voila")
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[new_code_cell(OTHER)], metadata=kernel), work / "other.ipynb")
    address = "http://127.0.0.1:18896/"
    with (work.parent / "voila.log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "voila", "--no-browser", "--port=18896", "--Voila.ip=127.0.0.1", "."],
                                   cwd=work, env=plain, stdout=log, stderr=subprocess.STDOUT)
    try:
        _answers(address, process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=60)


def _answers(address: str, process: subprocess.Popen) -> None:
    end = time.monotonic() + labs.PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}voila/static/main.js", timeout=30).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.3)
    raise AssertionError("Voilà does not answer")


def served(browser: Any, address: str, name: str) -> tuple[Any, list[str]]:
    """The page of a notebook, and what it said and asked for elsewhere: without what is new each time."""
    page, told = browser.new_page(viewport={"width": 1300, "height": 1000}), []
    page.set_default_timeout(90_000)
    page.on("console", lambda message: told.append(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", message.text))
            if message.type == "error" else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else told.append(asked.url))
    page.route(lambda url: not url.startswith((address, "data:", "blob:")), lambda route: route.abort())
    page.goto(f"{address}voila/render/{name}.ipynb")
    page.wait_for_selector(".jp-OutputArea-output")
    page.wait_for_timeout(2_000)  # its widgets look for their kernel
    return page, told


@pytest.mark.parametrize("name", labs.NOTEBOOKS)
def test_voila(browser: Any, voila: str, name: str) -> None:
    other, usual = served(browser, voila, "other")
    other.close()
    page, told = served(browser, voila, name)
    assert sorted(set(told) - set(usual)) == [], "Voilà says the rest of any notebook"
    seen = looks.look(page.query_selector("body"))
    assert seen.words > 100 and "TABLE" in {box[0] for box in seen.boxes}
    assert ({"IMG", "DIV"} & {box[0] for box in seen.boxes}) or name in BARE, "a figure"
    assert (sorted(set(seen.unreadable)), seen.crooked, seen.cut) == ([], [], [])
    assert "Traceback" not in page.inner_text("body") and "There was an error" not in page.inner_text("body")
    page.close()
