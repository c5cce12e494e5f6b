"""CONTRIBUTING.md: its map is that of the package, and its recipes work when they are followed word for word."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"(?ms)^### (\d\. [^\n]+)\n(.*?)(?=^### |\Z)", TEXT))
BLOCKS = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")
PACKAGE = ROOT / "auditkit"


def test_the_map_has_every_folder_in_the_order_of_the_layers() -> None:
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]["layers"]
    mapped = re.findall(r"(?m)^\| `(\w+)` \|", TEXT)
    assert mapped == [layer for layer in layers if layer != "__main__"]
    assert {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"} <= set(mapped)


def test_every_path_that_is_named_is_there() -> None:
    prose = BLOCKS.sub("", TEXT)
    named = re.findall(r"`((?:auditkit|tests|docs|controls|notebooks|templates|proof|evaluation|base)/[\w./-]*)`", prose)
    missing = [path for path in named if not (ROOT / path).exists() and not (PACKAGE / path).exists()]
    assert len(named) > 15 and missing == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository, as far as recipes change or need it."""
    for name in ("auditkit", "controls", "notebooks", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "clusters" / "acme-prod", tmp_path / "tests" / "clusters" / "acme-prod")
    return tmp_path


STEPS = """
import doctest, json, sys
from auditkit.cli.main import main

def command(line):
    sys.argv = line.split()
    try:
        main()
    except SystemExit as done:
        assert not done.code, f"{line}: exit code {done.code}"

for number, (kind, block) in enumerate(json.loads(sys.stdin.read())):
    if kind == "sh":
        for line in block.splitlines():
            command(line)
    else:
        examples = doctest.DocTestParser().get_doctest(block, {}, f"step {number}", None, 0)
        assert not doctest.DocTestRunner().run(examples).failed
"""
"""Commands and examples, one after another in one process, as in one session."""


def run(copy: Path, steps: list[tuple[str, str]]) -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", STEPS], input=json.dumps(steps), capture_output=True, text=True,
                          check=False, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy), "KUBECONFIG": "/nowhere"})
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def edit(copy: Path, diff: str) -> None:
    """Lines of a diff in place of those that stand in the file, exactly once."""
    head, _, body = diff.partition("\n")
    path = copy / head.removeprefix("--- ")
    lines = body.splitlines()
    old, new = ("\n".join(line[1:] for line in lines if not line.startswith(mark)) for mark in "+-")
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{head}: this stands there {text.count(old)} times:\n{old}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def write(copy: Path, kind: str, block: str) -> None:
    """A new file, which the first line of a block names."""
    head, _, text = block.partition("\n")
    path = copy / head.removeprefix("# ")
    assert not path.exists(), f"{path} is there already: the recipe shall write something new"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if kind == "json" else block, encoding="utf-8")


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_works_as_it_is_written(recipe: str, copy: Path) -> None:
    steps = BLOCKS.findall(RECIPES[recipe])
    for kind, block in steps:
        if kind == "diff":
            edit(copy, block)
        elif kind not in ("sh", "pycon"):
            write(copy, kind, block)
    run(copy, [step for step in steps if step[0] in ("sh", "pycon")])


def test_there_is_a_recipe_for_each_kind_of_thing() -> None:
    assert [name.partition(" ")[2] for name in RECIPES] == [
        "Add a check", "Add a table", "Add a scanner", "Add a framework", "Add a panel", "Why is this unknown?"]
