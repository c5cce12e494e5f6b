"""Every notebook in a real JupyterLab, in a real browser: all cells run, and what they show is whole and can be read in both
themes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import labs
import looks
import pytest

from auditkit.api.lab import prepare_lab
from auditkit.snapshots.snapshot import Snapshot

pytestmark = pytest.mark.slow
pytest.importorskip("itables", reason="needs the extra lab")
THEMES = ("light", "dark")
CURRENT = "window.jupyterapp?.shell.currentWidget"
OUTPUTS = f"{CURRENT}.content.model.toJSON().cells.flatMap((cell) => cell.outputs ?? [])"
UNRUN = f"{CURRENT}.content.model.toJSON().cells.filter((cell) => cell.cell_type === 'code' && !cell.execution_count).map((cell) => cell.id)"
CLOSE = f"""(async () => {{
  await {CURRENT}.context.save(); await {CURRENT}.sessionContext.shutdown(); {CURRENT}.dispose();
}})()"""


@pytest.fixture(scope="module")
def lab(acme: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[labs.Lab]:
    """JupyterLab on copies of the notebooks, with all cells in the page."""
    folder = tmp_path_factory.mktemp("lab")
    work = folder / "auditkit-lab"
    labs.copies(work, folder, acme)
    server = prepare_lab(work, browser=False, port=18899)
    settings = work / ".auditkit" / "jupyter" / "config" / "labconfig" / "default_setting_overrides.json"
    settings.write_text(json.dumps({**json.loads(settings.read_text()), "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"}}))
    with labs.running([*server.command, "--LabApp.expose_app_in_browser=True"], work, env=server.environment) as running:
        yield running


@pytest.fixture(scope="module")
def page(browser: Any, lab: labs.Lab) -> Iterator[tuple[Any, list[str]]]:
    """A page in Lab, and what went wrong in it."""
    context, troubles = browser.new_context(viewport={"width": 1300, "height": 1000}), []
    context.set_default_timeout(90_000)
    opened = context.new_page()
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("request", lambda asked: None if asked.url.startswith((lab.url, "data:", "blob:")) else troubles.append(asked.url))
    opened.goto(f"{lab.url}lab?token={lab.token}")
    opened.wait_for_function("window.jupyterapp")
    opened.evaluate("jupyterapp.restored")
    yield opened, troubles
    context.close()


@pytest.fixture
def opened(page: tuple[Any, list[str]], request: pytest.FixtureRequest) -> Iterator[tuple[Any, list[str]]]:
    """That page with a notebook, all cells of which have run."""
    lab, troubles = page
    troubles.clear()
    lab.evaluate(f"jupyterapp.commands.execute('docmanager:open', {{path: '{request.param}.ipynb'}}).then(() => 0)")
    lab.wait_for_function(f"{CURRENT}?.context?.path === '{request.param}.ipynb' && {CURRENT}.sessionContext?.session?.kernel?.status === 'idle'")
    lab.evaluate("jupyterapp.commands.execute('notebook:run-all-cells').then(() => 0)")
    yield lab, troubles
    lab.evaluate(CLOSE)


@pytest.mark.parametrize("opened", labs.NOTEBOOKS, indirect=True)
def test_a_notebook_runs_in_lab_and_can_be_read_in_both_themes(opened: tuple[Any, list[str]], tmp_path: Path) -> None:
    lab, troubles = opened
    outputs = lab.evaluate(OUTPUTS)
    assert [each for each in outputs if each["output_type"] == "error"] == []
    assert lab.evaluate(UNRUN) == []
    kinds = {kind for each in outputs for kind in each.get("data", {})}
    assert "application/vnd.auditkit.v1+json" in kinds
    if any("new ITable" in str(each.get("data", {}).get("text/html")) for each in outputs):
        lab.wait_for_selector(".jp-OutputArea table.dataTable tbody td", state="attached")
    root = lab.evaluate_handle(f"{CURRENT}.content.node").as_element()
    wanted = sum("image/svg+xml" in each.get("data", {}) for each in outputs)
    lab.wait_for_function(f"([root, wanted]) => root.querySelectorAll('{looks.FIGURES}').length >= wanted", arg=[root, wanted])
    figures = [each for each in root.query_selector_all(looks.FIGURES) if each.is_visible()]
    assert len(figures) >= wanted
    lab.wait_for_function("(root) => [...root.querySelectorAll('img:not(.plot-img)')].every((one) => one.complete && one.naturalWidth > 0)", arg=root)
    seen, pictures = {}, {}
    for theme in THEMES:
        lab.emulate_media(color_scheme=theme)  # Lab follows the system
        lab.wait_for_selector(f"body[data-jp-theme-light='{str(theme == 'light').lower()}']", state="attached")
        lab.wait_for_timeout(500)  # colours fade into each other
        seen[theme], pictures[theme] = looks.look(root), root.screenshot(path=tmp_path / f"{theme}.png")
        assert [looks.colours(figure.screenshot()) < 3 for figure in figures] == [False] * len(figures), "nothing is drawn"
    for theme, found in seen.items():
        assert found.words > 20 and "TABLE" in {box[0] for box in found.boxes}
        assert (theme, sorted(set(found.unreadable)), found.crooked, found.cut) == (theme, [], [], [])
    light, dark = (seen[theme].boxes for theme in THEMES)
    assert [box[0] for box in light] == [box[0] for box in dark]
    assert [(one, other) for one, other in zip(light, dark, strict=True) if any(abs(a - b) > 2 for a, b in zip(one[1:], other[1:], strict=True))] == []
    assert looks.brightness(pictures["light"]) > 200 and looks.brightness(pictures["dark"]) < 80
    assert troubles == []
