"""Which kubeconfig, context, cluster and user: as kubectl chooses them."""

import os
from pathlib import Path

import pytest

from auditkit.collectors.sources.kubeconfig import choose
from auditkit.errors import SourceError

ONE = """
apiVersion: v1
kind: Config
current-context: one
clusters:
- {name: c, cluster: {server: "https://one:6443", certificate-authority: ca.crt}}
users:
- {name: u, user: {tokenFile: secrets/token, client-certificate: /abs/crt, client-key: key}}
contexts:
- {name: one, context: {cluster: c, user: u}}
- {name: lost, context: {cluster: gone, user: u}}
- {name: nobody, context: {cluster: c, user: gone}}
- {name: nowhere, context: {user: u}}
"""
TWO = ONE.replace("one", "two").replace("https://two", "https://other")


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Two kubeconfigs in folders of their own, and no other."""
    found = []
    for name, text in (("a", ONE), ("b", TWO)):
        (tmp_path / name).mkdir()
        found.append(tmp_path / name / "config")
        found[-1].write_text(text)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return found[0], found[1]


def test_the_first_of_several_files_wins(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(["", "/not/there", *map(str, files), str(files[0])]))
    assert choose(None, None).context == "one" and choose(None, None).cluster.server == "https://one:6443"
    assert choose("two", None).cluster.server == "https://one:6443", "the cluster c of the first file"
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, reversed(files))))
    assert choose(None, None).context == "two" and choose("one", None).cluster.server == "https://other:6443"


def test_a_file_without_a_current_context_leaves_it_to_the_next(files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    for text in (ONE.replace("current-context: one", ""), ""):
        files[0].write_text(text)
        assert choose(None, None).context == "two"


def test_a_file_that_is_named_is_the_only_one(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(files[0]))
    assert choose(None, str(files[1])).context == "two"
    with pytest.raises(SourceError, match="no context 'one'"):
        choose("one", str(files[1]))
    for path in ("/not/there", os.pathsep.join(map(str, files))):
        with pytest.raises(SourceError, match=f"There is no kubeconfig at {path}"):
            choose(None, path)


def test_the_default_and_a_variable_that_is_empty(files: tuple[Path, Path], tmp_path: Path, monkeypatch) -> None:
    assert choose(None, None) is None
    (tmp_path / "home" / ".kube").mkdir(parents=True)
    files[0].rename(tmp_path / "home" / ".kube" / "config")
    monkeypatch.setenv("KUBECONFIG", "")
    assert choose(None, None).context == "one"


def test_paths_are_relative_to_their_own_file(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    files[1].write_text(TWO.replace("name: u", "name: v").replace("user: u", "user: v"))
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    chosen = choose("two", None)
    assert chosen.cluster.certificate_authority == str(files[0].parent / "ca.crt")
    assert chosen.user.token_file == str(files[1].parent / "secrets/token")
    assert chosen.user.client_certificate == "/abs/crt" and chosen.user.client_key == str(files[1].parent / "key")


@pytest.mark.parametrize(("command", "whole"), [("bin/login", True), ("./login", True), ("login", False), ("/x/y", None)])
def test_a_login_program_is_relative_only_where_its_name_has_a_folder(files, command: str, whole: bool | None) -> None:
    files[0].write_text(ONE.replace("{tokenFile: secrets/token,", f"{{exec: {{command: {command}, apiVersion: v}},"))
    found = choose(None, str(files[0])).user.exec.command
    assert found == (str(files[0].parent / command) if whole else command)


@pytest.mark.parametrize(("context", "says"), [
    ("lost", "names the cluster 'gone'"), ("nobody", "names the user 'gone'"), ("nowhere", "no cluster with a server"),
    ("three", "no context 'three' in the kubeconfig; it has one, lost, nobody, nowhere"),
])
def test_what_a_context_names_must_be_there(files: tuple[Path, Path], context: str, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        choose(context, str(files[0]))


@pytest.mark.parametrize(("text", "says"), [
    (ONE.replace("current-context: one", ""), "no current context. Name one with --context \\(one, lost"),
    (ONE.replace("name: nobody", "name: lost"), "two entries of the name 'lost'"),
    ("", "no current context"), ("a: 1", "no current context"), ("[]", "cannot be read"), ("\x00", "cannot be read"),
    ("a: [CANARY", "cannot be read"), (ONE.replace("secrets/token", "[CANARY]"), "something in line 8 is not as in a"),
    (ONE.replace("secrets/token", "2026-02-31"), "something in line 8"), ("[" * 5000, "cannot be read"),
    ("users: [{name: u, user: {password: !!python/name:CANARY x}}]", "cannot be read"),
])
def test_what_is_no_kubeconfig_is_said_without_what_is_in_it(files, text: str, says: str) -> None:
    files[0].write_text(text)
    with pytest.raises(SourceError, match=says) as error:
        choose(None, str(files[0]))
    assert "CANARY" not in str(error.value) and "2026-02-31" not in str(error.value)


def test_what_kubectl_does_not_read_is_passed_over(files: tuple[Path, Path]) -> None:
    files[0].write_text(ONE.replace("kind: Config", "kind: Config\npreferences: {}\nextensions: null\nother: [1]"))
    assert choose(None, str(files[0])).context == "one"
