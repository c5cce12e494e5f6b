"""Samples as files: what they lack stands in each, the same sample gives the same bytes, and no cell is a formula."""

import csv
import hashlib
import io
import json
from pathlib import Path

import pandas as pd
from command_line import auditkit

from auditkit.api import over_time
from auditkit.exports import sample as exports
from auditkit.history import window
from auditkit.history.items import of_rows
from auditkit.snapshots.snapshot import Snapshot


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def test_json_has_the_items_and_their_evidence(acme: Snapshot) -> None:
    found = over_time.sample(acme, "all_containers", seed="s", size=4, framework="soc2")
    document = json.loads(exports.as_json(found))
    assert [item["item"] for item in document["items"]] == list(found.frame["item"])
    assert document["population"]["sha256"] == found.population.digest and document["sample"]["seed"] == "s"
    assert len(document["verdicts"]) == len(found.verdicts) > 0 and len(document["requests"]) > 3
    assert exports.as_json(over_time.sample(acme, "all_containers", seed="s", size=4, framework="soc2")) == exports.as_json(found)


def test_an_incomplete_population_says_so_in_every_output(acme: Snapshot) -> None:
    found = over_time.sample(acme, "privileged-use", seed="s")
    assert len(found.frame) == 0 and found.population.warning
    assert json.loads(exports.as_json(found))["warning"] == found.population.warning
    assert [(row["how"], row["reason"]) for row in rows(exports.as_csv(found))] == [("note", found.population.warning)]
    for format in ("text", "csv", "json"):
        said = auditkit("sample", "demo", "--population", "privileged-use", "--seed", "s", "--format", format)
        assert said.returncode == 0 and "The population is incomplete: no data from the audit log" in said.stdout


def test_hostile_names_are_harmless(acme: Snapshot) -> None:
    names = ["=1+1", "@x", "a\u202eb", "\x1b[31m", "a\nb", '","']
    frame = pd.DataFrame({"name": names, "list": [["=1"]] * 6}).astype({"name": "string[pyarrow]"})
    found = over_time.sample(of_rows("x", window.at(acme), [(acme, frame)], ["name"]), seed="=2", size=6)
    content = exports.as_csv(found)
    assert len(rows(content)) == 6 and content.decode().isprintable() is False and b"\x1b" not in content
    for row in rows(content):
        assert not any((value or "").startswith(("=", "+", "-", "@")) for value in row.values())
    assert exports.as_json(found).isascii()


def test_the_file_of_a_population_has_its_digest(tmp_path: Path) -> None:
    file, out = tmp_path / "population.jsonl", tmp_path / "sample.csv"
    said = auditkit("sample", "demo", "--population", "pods", "--seed", "s", "--size", 3, "--format", "csv",
                    "--output", out, "--population-file", file)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert said.returncode == 0 and said.stdout == f"{out}\n" and digest in said.stderr
    assert [row["population_sha256"] for row in rows(out.read_bytes())] == [digest] * 3


def test_the_command_line_offers_a_sample() -> None:
    said = auditkit("sample", "demo", "--population", "all_containers", "--frequency", "daily", "--risk", "high", "--by",
                    "namespace", "--seed", "Acme 2026", "-f", "soc2", "--requirement", "CC6.1")
    assert said.returncode == 0 and "Seed: Acme 2026" in said.stdout and "high risk" in said.stdout
    assert "verdicts" in said.stdout and "the auditor chooses" in said.stderr


def test_a_wrong_command_is_a_sentence(tmp_path: Path) -> None:
    for words, sentence in (
        (["--population", "pods"], "A sample needs a seed"),
        (["--population", "podz", "--seed", "s"], "There is no population 'podz'; did you mean"),
        (["--population", "pods", "--seed", "s", "--from", "2026-01-01"], "are for a store"),
        (["--population", "pods", "--seed", "s", "-o", "x"], "add --format csv or --format json"),
        (["--population", "changes", "--seed", "s"], "auditkit: "),
    ):
        said = auditkit("sample", "demo", *words)
        assert said.returncode == 2 and sentence in said.stderr, said.stderr
