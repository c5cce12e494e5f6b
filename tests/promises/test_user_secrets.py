"""No secret of whoever collects is printed or written: a canary in each field of a kubeconfig, and each way to fail."""

import base64
import contextlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from logins import credential, program
from replay import ACME_PROD, ReplayServer

from auditkit.cli.main import main
from auditkit.collectors.sources import transport

CANARY = "CANARY-3f9a"
FORMS = [CANARY, base64.b64encode(CANARY.encode()).decode().rstrip("="), base64.b64encode(f"u:{CANARY}".encode()).decode()]


@pytest.fixture(scope="module")
def secure() -> Iterator[ReplayServer]:
    with ReplayServer(ACME_PROD, token="t", tls=True) as server:
        yield server


Fields = dict[str, Callable[[Path, str], tuple[dict[str, Any], dict[str, Any]]]]
"""A field of a kubeconfig: from a folder and the address of a server to what is changed of its cluster and its user."""


def _file(folder: Path, text: str) -> str:
    (folder / "secret").write_text(text)
    return "secret"


def _failing(folder: Path) -> dict[str, Any]:
    found = program(folder, CANARY, 1)
    (folder / "login").write_text(f"#!/bin/sh\necho token={CANARY} password: {CANARY} >&2\necho {CANARY}\nexit 1\n")
    return found


FIELDS: Fields = {
    "address": lambda _, url: ({"server": url.replace("://", f"://u:{CANARY}@")}, {}),
    "query of the address": lambda _, url: ({"server": f"{url}/?token={CANARY}"}, {"token": "t"}),
    "token": lambda *_: ({}, {"token": CANARY}),
    "token with a line break": lambda *_: ({}, {"token": f"{CANARY}\nX: y"}),
    "token that is no text": lambda *_: ({}, {"token": [CANARY]}),
    "token file": lambda folder, _: ({}, {"tokenFile": _file(folder, f"{CANARY}\n")}),
    "token file with two lines": lambda folder, _: ({}, {"tokenFile": _file(folder, f"{CANARY}\n{CANARY}\n")}),
    "token file that is no text": lambda folder, _: ({}, {"tokenFile": _file(folder, f"{CANARY}é")}),
    "password": lambda *_: ({}, {"username": "u", "password": CANARY}),
    "password and token": lambda *_: ({}, {"username": "u", "password": CANARY, "token": CANARY}),
    "proxy": lambda *_: ({"proxy-url": f"http://u:{CANARY}@127.0.0.1:1"}, {"token": "t"}),
    "proxy that is none": lambda *_: ({"proxy-url": f"u:{CANARY}@127.0.0.1:x"}, {"token": "t"}),
    "proxy with a bad port": lambda *_: ({"proxy-url": f"http://u:{CANARY}@127.0.0.1:x"}, {"token": "t"}),
    "certificate": lambda *_: ({}, {"client-certificate-data": FORMS[1] + "=", "client-key-data": FORMS[1] + "="}),
    "certificate that is no Base64": lambda *_: ({}, {"client-certificate-data": f"!{CANARY}", "client-key-data": CANARY}),
    "CA": lambda *_: ({"certificate-authority-data": FORMS[1] + "="}, {"token": "t"}),
    "environment of a program": lambda folder, _: ({}, {"exec": {
        **program(folder, "no", 1), "env": [{"name": "A", "value": CANARY}]}}),
    "environment without a value": lambda folder, _: ({}, {"exec": {
        **program(folder, credential(CANARY)), "env": [{"name": "A"}, {"name": "B", "value": CANARY}, {"value": CANARY}]}}),
    "argument of a program": lambda folder, _: ({}, {"exec": {**program(folder, "no", 1), "args": [CANARY]}}),
    "what a program says": lambda folder, _: ({}, {"exec": _failing(folder)}),
    "what a program gives": lambda folder, _: ({}, {"exec": program(folder, credential(CANARY))}),
    "what is no credential": lambda folder, _: ({}, {"exec": program(folder, f'{{"token": "{CANARY}"}}')}),
    "a certificate of a program": lambda folder, _: ({}, {"exec": program(folder, credential(
        "", clientCertificateData=CANARY, clientKeyData=CANARY))}),
    "a version of a program": lambda folder, _: ({}, {"exec": program(folder, credential().replace("/v1", f"/{CANARY}"))}),
    "auth-provider": lambda *_: ({}, {"auth-provider": {"name": "oidc", "config": {"refresh-token": CANARY}}}),
    "id-token": lambda *_: ({}, {"auth-provider": {"name": "oidc", "config": {"id-token": CANARY}}}),
}
FAILURES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "the server answers": lambda cluster: cluster,
    "nobody is there": lambda cluster: {**cluster, "server": cluster["server"].rpartition(":")[0] + ":1"},
    "its certificate is not trusted": lambda cluster: {
        name: value for name, value in cluster.items() if name != "certificate-authority-data"},
    "its name cannot be resolved": lambda cluster: {
        **cluster, "server": cluster["server"].replace("127.0.0.1", "no.such.host.invalid")},
    "it has no address": lambda cluster: {**cluster, "server": cluster["server"].replace("127.0.0.1", "[127")},
    "it speaks http": lambda cluster: {**cluster, "server": cluster["server"].replace("https", "http")},
}


def said(arguments: list[str]) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out), pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["auditkit", *arguments])
        try:
            main()
        except SystemExit as ended:
            return int(ended.code or 0), out.getvalue()
    return 0, out.getvalue()


@pytest.mark.parametrize("failure", [
    pytest.param(name, marks=[] if place < 2 else pytest.mark.slow) for place, name in enumerate(FAILURES)])
@pytest.mark.parametrize("field", FIELDS)
def test_no_field_of_a_kubeconfig_is_told(secure, tmp_path: Path, monkeypatch, capfd, field: str, failure: str) -> None:
    monkeypatch.setattr(transport, "PAUSE", 0.001)
    monkeypatch.setattr(transport, "BROKEN", 1)
    cluster, user = FIELDS[field](tmp_path, secure.url)
    about = FAILURES[failure]({
        "server": secure.url, "certificate-authority-data": base64.b64encode(secure.ca or b"").decode(), **cluster})
    (tmp_path / "config").write_text(json.dumps({
        "current-context": "x", "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": about}], "users": [{"name": "u", "user": user}]}))
    code, text = said(["collect", "--kubeconfig", str(tmp_path / "config"), "--store", str(tmp_path / "store"),
                       "--timeout", "5"])
    written = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    everything = [text, *capfd.readouterr(), *(path.read_bytes().decode("latin-1") for path in written)]
    assert not any(form in each for form in FORMS for each in everything)
    assert code in (0, 4), text
    if code:
        assert text.strip().startswith("auditkit: ") and "Traceback" not in text and len(text.splitlines()) < 3
    else:
        assert written


def test_a_secret_in_yaml_that_cannot_be_read_is_not_told(tmp_path: Path, capfd) -> None:
    for text in (f"users: [{{name: u, user: {{password: *{CANARY}}}}}]", f"password: !{CANARY} x", f"a: 'b\n{CANARY}: [",
                 f"users:\n- name: u\n  user: {{token: {CANARY}: x}}", f"{CANARY}: 1\n{CANARY}: 2"):
        (tmp_path / "config").write_text(text)
        code, said_text = said(["collect", "--kubeconfig", str(tmp_path / "config"), "--store", str(tmp_path)])
        assert code == 4 and CANARY not in said_text + "".join(capfd.readouterr())
