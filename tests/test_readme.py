"""What the README and the pages for users show works as it stands: commands, Python, files of one's own."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from auditkit.cli.main import app
from auditkit.framework.model import Framework, Requirement
from auditkit.people import attestations, exceptions

HERE = Path(__file__).parents[1]
PAGES = {name: (HERE / name).read_text(encoding="utf-8")
         for name in ("README.md", *(f"docs/{page}.md" for page in ("auditor", "scheduler", "fleet", "analyst", "own-controls")))}
SECTION = PAGES["docs/own-controls.md"]


def blocks(page: str) -> list[tuple[str, str]]:
    """The language and the text of each block of a page."""
    return re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", PAGES[page])


BLOCKS = blocks("docs/own-controls.md")
FILES = {text.partition("\n")[0].removeprefix("# "): text for kind, text in BLOCKS if kind}
COMMANDS = [line for kind, text in BLOCKS if not kind for line in text.splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("acme")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run(folder: Path, command: str, path: Path = HERE) -> str:
    done = subprocess.run([sys.executable, "-m", *command.split()], capture_output=True, text=True, check=False, cwd=folder,
                          env={**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{path}", "KUBECONFIG": "/nowhere"})
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def test_every_example_works(folder: Path) -> None:
    shown = {}
    for command in COMMANDS:
        words = command.split()
        if words[0] == "cp":
            shutil.copy(folder / words[1], folder / words[2])
        else:
            shown[" ".join(words[:3])] = run(folder, command)
    assert "fails on 3 of 3, passes 2 of 2" in shown["auditkit frameworks test"]
    assert len(list((folder / "reports").glob("acme-*.pdf"))) == 1
    assert "W-1" in shown["auditkit frameworks show"]


def test_what_the_examples_say_comes_out(folder: Path) -> None:
    document = json.loads(run(folder, next(line for line in COMMANDS if "--attestations" in line)))
    assert [each["id"] for each in document["requirements"]] == ["W-1", "W-2", "P-1"]
    assert [each["checks"] for each in document["requirements"]] == [1, 2, 0]
    [judged] = document["frameworks"]
    assert document["requirements"][0]["status"] == "fail" and judged["exceptions"][0]["checks"]
    assert judged["attestations"][0]["requirement"] == "P-1"
    assert {each["name"]: each["proof"] for each in judged["own"]}["acme_checks.images_of_our_registry"].startswith("fails on 3")
    said = run(folder, next(line for line in COMMANDS if "--compare" in line))
    assert "acme_checks.images_of_our_registry" in said and "fail" in said


def test_the_package_of_the_example_brings_the_check(folder: Path, tmp_path: Path) -> None:
    project = tomllib.loads(FILES["pyproject.toml"])["project"]
    shutil.copy(folder / "acme_checks.py", tmp_path)
    shutil.copytree(folder / "cases", tmp_path / "cases")
    about = tmp_path / "acme_checks-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    (about / "entry_points.txt").write_text("".join(
        f"[{group}]\n" + "".join(f"{name} = {module}\n" for name, module in points.items())
        for group, points in project["entry-points"].items()))
    assert "fails on 3 of 3" in run(HERE, "auditkit frameworks test acme_checks.images_of_our_registry", tmp_path)


@pytest.mark.parametrize("shape", [Framework, Requirement, exceptions.ExceptionEntry, exceptions.Selector, attestations.AttestationEntry,
                                   attestations.File, attestations.Alternative])
def test_every_key_is_named(shape: type[msgspec.Struct]) -> None:
    assert [key for key in shape.__struct_encode_fields__ if not key.startswith("(") and not re.search(rf"\b{key}\b", SECTION)] == []


@pytest.mark.parametrize("page", ["README.md", "docs/analyst.md"])
def test_the_examples_in_python_run(page: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    code = [text for kind, text in blocks(page) if kind == "python" and not text.startswith("@")]
    assert code
    exec(compile("\n".join(code), page, "exec"), {})


def test_the_readme_lists_every_verb() -> None:
    listed = re.findall(r"(?m)^\| `([a-z-]+)", PAGES["README.md"])
    shown = [command.name or command.callback.__name__ for command in app.registered_commands]
    groups = [group.name for group in app.registered_groups if not group.hidden]
    assert sorted(listed) == sorted([*shown, *groups])


REFERENCE = {name: set(re.findall(r"`(--?[a-z-]+)`", text)) for name, text in re.findall(
    r"(?ms)^## (auditkit[^\n]*)\n(.*?)(?=^## |\Z)", (HERE / "docs" / "reference" / "commands.md").read_text(encoding="utf-8"))}


@pytest.mark.parametrize("page", PAGES)
def test_commands_have_verbs_and_options_that_exist(page: str) -> None:
    lines = [line.partition(" #")[0] for kind, text in blocks(page) if not kind for line in text.splitlines()
             if line.startswith("auditkit ")]
    for line in lines:
        words = line.split()
        name = next(" ".join(words[:length]) for length in (3, 2) if " ".join(words[:length]) in REFERENCE)
        assert {word for word in words if word.startswith("-")} <= REFERENCE[name], line


def test_the_figure_of_the_example_is_traced() -> None:
    line = next(line for _, text in blocks("docs/auditor.md") for line in text.splitlines() if " explain " in line)
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.exit_code == 0 and "resourceVersion" in result.output and "ci-runners/" in result.output
