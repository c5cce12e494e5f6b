"""The file of a job: every mistake is a sentence with file and line, before anything is collected."""

from pathlib import Path

import pytest
from fleet_worlds import kubeconfig

from auditkit.errors import DefinitionError, NoSuchName
from auditkit.jobs.config import Job
from auditkit.jobs.tasks import tasks


def job(folder: Path, text: str) -> Job:
    (folder / "nightly.yaml").write_text(text)
    return Job(folder / "nightly.yaml")


def test_what_is_not_said_has_its_default(tmp_path: Path) -> None:
    found = job(tmp_path, "clusters: [{}]\n")
    assert (found.name, found.store, found.state) == ("nightly", str(tmp_path / "snapshots"), tmp_path / "runs" / "nightly")
    assert found.config.frameworks == ["cis-kubernetes", "soc2", "hipaa"] and found.uses_hipaa
    assert found.config.reports.faces == ["page", "paper"] and found.options == {
        "checks": [], "categories": [], "pss_version": ""}


def test_paths_are_from_the_folder_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = job(tmp_path, "clusters: [{recording: dump, scans: [a.json], name: x}]\nstore: /data/s\nexceptions: e.yaml\n")
    [task] = tasks(found)
    assert task.collecting["recording"] == str(tmp_path / "dump") and task.collecting["scans"] == [str(tmp_path / "a.json")]
    assert task.options["exceptions"] == str(tmp_path / "e.yaml") and found.state == Path("/data/runs/nightly")


@pytest.mark.parametrize(("text", "line", "says"), [
    ("clusters: []\n", 1, "clusters"), ("stores: x\nclusters: [{}]\n", 1, "did you mean store"),
    ("clusters:\n- {contex: a}\n", 2, "did you mean context"), ("clusters: [{}]\njob: ../x\n", 2, "job"),
    ("clusters:\n- {}\n- recording: a\n  context: b\n", 3, "a recording and a context"),
    ("clusters:\n- {context: a, taken_at: 2026-01-01}\n", 2, "taken_at"),
    ("clusters:\n- context: a\n  complete: [all]\n", 3, "is for a recording"),
    ("clusters: [{}]\nreports:\n  faces: [pdf]\n", 3, "faces"), ("clusters: [{}]\nretention: {days: 0}\n", 2, "days"),
    ("clusters: [{}]\nnotify:\n- {kind: slack}\n", 3, "either url_env or url_file"),
    ("clusters: [{}]\nnotify:\n- {kind: slack, url: https://hooks.slack.com/secret}\n", 3, "There is no key 'url'"),
    ("clusters: [{}]\nclusters: [{}]\n", 2, "listed twice"), ("clusters: [{}]\nfail_on: [sometimes]\n", 2, "fail_on"),
])
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    with pytest.raises(DefinitionError) as error:
        job(tmp_path, text)
    assert error.value.line == line and says in str(error.value), str(error.value)
    assert "hooks.slack.com" not in str(error.value)


def test_contexts_are_chosen_and_each_cluster_is_once(tmp_path: Path) -> None:
    kubeconfig(tmp_path, **dict.fromkeys(["prod-eu", "prod-us", "lab"], "https://x"))
    how = "kubeconfig: kubeconfig"
    found = tasks(job(tmp_path, f"clusters:\n- {{context: 'prod-*', {how}}}\n- {{context: lab, name: laboratory, {how}}}\n"))
    assert [task.source for task in found] == ["prod-eu", "prod-us", "laboratory"]
    assert [task.collecting["context"] for task in found] == ["prod-eu", "prod-us", "lab"]
    with pytest.raises(DefinitionError, match=r"line 3: .*'prod-eu', which another entry has too"):
        tasks(job(tmp_path, f"clusters:\n- {{context: 'prod-*', {how}}}\n- {{context: prod-eu, {how}}}\n"))
    with pytest.raises(DefinitionError, match=r"line 3: .*name is of one cluster, and 'prod-\*' chooses 2"):
        tasks(job(tmp_path, f"clusters:\n- context: 'prod-*'\n  name: x\n  {how}\n"))
    with pytest.raises(NoSuchName, match="context 'test-"):
        tasks(job(tmp_path, f"clusters:\n- {{context: 'test-*', {how}}}\n"))
