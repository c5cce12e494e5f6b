"""Two notebooks in a real JupyterLab, in a real browser: every cell runs, and what is shown can be read in both themes."""

import json
from collections.abc import Iterator
from typing import Any

import labs
import pytest

from auditkit.api.lab import copy_notebooks, prepare_lab
from auditkit.snapshots.snapshot import Snapshot

pytestmark = pytest.mark.slow
pytest.importorskip("itables", reason="needs the extra lab")
NOTEBOOKS = ("access", "questions")
THEMES = ("light", "dark")
CURRENT = "window.jupyterapp?.shell.currentWidget"
OUTPUTS = f"{CURRENT}.content.model.toJSON().cells.flatMap((cell) => cell.outputs ?? [])"
UNRUN = f"{CURRENT}.content.model.toJSON().cells.filter((cell) => cell.cell_type === 'code' && !cell.execution_count).map((cell) => cell.id)"
UNREADABLE = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const over = (top, below) => { const a = top[3] ?? 1; return [0, 1, 2].map((i) => a * top[i] + (1 - a) * below[i]); };
  const ground = (element) => {
    if (!element) return [255, 255, 255];
    const own = parse(getComputedStyle(element).backgroundColor);
    return (own[3] ?? 1) === 0 || own.length < 3 ? ground(element.parentElement) : over(own, (own[3] ?? 1) < 1 ? ground(element.parentElement) : own);
  };
  const light = (rgb) => rgb.map((v) => v / 255).map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const shown = [...document.querySelectorAll(".jp-OutputArea :is(caption, th, td, p)")].filter((e) => e.offsetParent && e.innerText.trim());
  return shown.filter((element) => {
    const behind = ground(element), [a, b] = [light(over(parse(getComputedStyle(element).color), behind)), light(behind)];
    return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4;
  }).map((element) => element.innerText.slice(0, 60));
}"""
ALIGNED = """[...document.querySelectorAll(".ak td:not(.number), .ak caption")].filter((e) => getComputedStyle(e).textAlign !== "left").length"""


@pytest.fixture(scope="module")
def lab(acme: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Iterator[labs.Lab]:
    """JupyterLab on copies of the notebooks, with all cells in the page."""
    folder = tmp_path_factory.mktemp("lab")
    acme.apart().write(folder / "snapshots")
    work = folder / "auditkit-lab"
    copy_notebooks([], work, folder / "snapshots")
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


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_in_lab_and_can_be_read_in_both_themes(page: tuple[Any, list[str]], name: str) -> None:
    lab, troubles = page
    lab.evaluate(f"jupyterapp.commands.execute('docmanager:open', {{path: '{name}.ipynb'}}).then(() => 0)")
    lab.wait_for_function(f"{CURRENT}?.context?.path === '{name}.ipynb' && {CURRENT}.sessionContext?.session?.kernel?.status === 'idle'")
    lab.evaluate("jupyterapp.commands.execute('notebook:run-all-cells').then(() => 0)")
    outputs = lab.evaluate(OUTPUTS)
    assert [each for each in outputs if each["output_type"] == "error"] == []
    assert lab.evaluate(UNRUN) == []
    kinds = {kind for each in outputs for kind in each.get("data", {})}
    assert "application/vnd.auditkit.v1+json" in kinds
    if any("new ITable" in str(each.get("data", {}).get("text/html")) for each in outputs):
        lab.wait_for_selector(".jp-OutputArea table.dataTable tbody td", state="attached")
    pictures = "[...document.querySelectorAll('.jp-OutputArea img')]"
    assert lab.evaluate(f"{pictures}.length") >= sum("image/svg+xml" in each.get("data", {}) for each in outputs)
    lab.wait_for_function(f"{pictures}.every((one) => one.complete && one.naturalWidth > 0)")
    for theme in THEMES:
        lab.emulate_media(color_scheme=theme)  # Lab follows the system
        lab.wait_for_selector(f"body[data-jp-theme-light='{str(theme == 'light').lower()}']", state="attached")
        lab.wait_for_timeout(500)  # colours fade into each other
        assert lab.evaluate(UNREADABLE) == []
        assert lab.evaluate(ALIGNED) == 0
    assert troubles == []
