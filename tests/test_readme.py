"""The README's section on controls, checks, exceptions and attestations of one's own works as it stands."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from auditkit.framework.model import Framework, Requirement
from auditkit.people import attestations, exceptions

HERE = Path(__file__).parents[1]
SECTION = re.search(r"\n## Your own controls.*?(?=\n## )", (HERE / "README.md").read_text(), re.DOTALL)[0]
BLOCKS = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
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
    assert document["requirements"][0]["status"] == "fail" and document["exceptions"][0]["checks"]
    assert document["attestations"][0]["requirement"] == "P-1"
    assert {each["name"]: each["proof"] for each in document["own"]}["acme_checks.images_of_our_registry"].startswith("fails on 3")
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
