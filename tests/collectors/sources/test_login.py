"""Who asks, against a server over TLS: credentials and identity as kubectl sends them."""

import base64
import json
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from logins import credential, kubeconfig, program
from replay import ACME_PROD, ReplayServer
from replay.certificates import _certificate

from auditkit.collectors.cluster import collect
from auditkit.collectors.sources import login
from auditkit.collectors.sources.live import LiveSource
from auditkit.collectors.sources.model import LoginFailed
from auditkit.errors import SourceError


@pytest.fixture
def secure() -> Iterator[ReplayServer]:
    """A server that speaks TLS and wants the token ``t``."""
    with ReplayServer(ACME_PROD, token="t", tls=True) as server:
        yield server


def status(server: ReplayServer | str, folder: Path, user: dict, **cluster) -> int:
    return LiveSource(None, kubeconfig(folder, server, user, **cluster)).get("/version").status


def sent(server: ReplayServer, header: str) -> list[str]:
    return server.requests[-1].headers.get_all(header) or []


# --- what stands in the kubeconfig ----------------------------------------------------------------------------------


def test_a_token_is_sent_without_the_line_break_at_its_end(secure: ReplayServer, tmp_path: Path) -> None:
    assert status(secure, tmp_path, {"token": "t\n"}) == 200
    (tmp_path / "token").write_text("t\r\n")
    assert status(secure, tmp_path, {"tokenFile": "token"}) == 200


def test_a_token_file_goes_before_a_token_and_is_read_again(secure: ReplayServer, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "token").write_text("old")
    source = LiveSource(None, kubeconfig(tmp_path, secure, {"token": "wrong", "tokenFile": "token"}))
    assert source.get("/version").status == 401
    (tmp_path / "token").write_text("t")
    assert source.get("/version").status == 200, "the server refused it, so that it is read again"
    (tmp_path / "token").unlink()
    monkeypatch.setattr(login, "READ_AGAIN", 0.0)
    assert source.get("/version").status == 200, "the last one holds while the file is away"
    assert status(secure, tmp_path, {"token": "t", "tokenFile": "nowhere"}) == 200


def test_a_request_that_is_made_only_once_logs_in_again_too(secure: ReplayServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("t")
    source = LiveSource(None, kubeconfig(tmp_path, secure, {"tokenFile": "token"}))
    assert source.get("/version").status == 200
    secure.token = "new"
    (tmp_path / "token").write_text("new")
    assert source.get("/version", until=time.monotonic() + 5).status == 200


def test_a_token_file_that_is_not_there(secure: ReplayServer, tmp_path: Path) -> None:
    with pytest.raises(LoginFailed, match="the token file .*nowhere cannot be read: No such file"):
        status(secure, tmp_path, {"tokenFile": "nowhere"})
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(LoginFailed, match="empty is empty"):
        status(secure, tmp_path, {"tokenFile": "empty"})
    assert secure.requests == []


@pytest.mark.parametrize("name", ["tokenFile", "client-certificate", "client-key"])
def test_a_path_that_cannot_be_one(secure: ReplayServer, tmp_path: Path, name: str) -> None:
    with pytest.raises((LoginFailed, SourceError), match="cannot be read: it is not a path"):
        status(secure, tmp_path, {name: "a\0b"})


@pytest.mark.parametrize("where", ["user", "address"])
def test_a_name_and_a_password(secure: ReplayServer, tmp_path: Path, where: str) -> None:
    user = {"username": "jane", "password": "p w"}
    address = secure.url.replace("://", "://jane:p%20w@")
    with pytest.raises(SourceError, match="not accept the credentials") as error:
        config = kubeconfig(tmp_path, secure, user) if where == "user" else kubeconfig(tmp_path, secure, {}, server=address)
        collect(LiveSource(None, config))
    assert sent(secure, "Authorization") == ["Basic " + base64.b64encode(b"jane:p w").decode()]
    assert "p%20w" not in str(error.value)


@pytest.mark.parametrize("files", [True, False])
def test_a_certificate_of_the_client(tmp_path: Path, files: bool) -> None:
    from cryptography.hazmat.primitives import serialization

    signer, authority = _certificate("authority of clients", authority=True)
    key, certificate = _certificate("jane", (signer, authority))
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    user = {"client-certificate-data": base64.b64encode(pem).decode(), "client-key-data": base64.b64encode(private).decode()}
    if files:
        (tmp_path / "crt").write_bytes(pem)
        (tmp_path / "key").write_bytes(private)
        user = {"client-certificate": "crt", "client-key": "key"}
    with ReplayServer(ACME_PROD, tls=True) as server:
        context = server._http.socket.context
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=authority.public_bytes(serialization.Encoding.PEM).decode())
        assert status(server, tmp_path, user) == 200
    with pytest.raises(SourceError, match="only one of client certificate and key"):
        status(server, tmp_path, dict(list(user.items())[:1]))
    if files:
        (tmp_path / "key").write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")))
        with pytest.raises(SourceError, match="or the key is encrypted"):
            status(server, tmp_path, user)


@pytest.mark.parametrize(("user", "says"), [
    ({}, "has no credentials, and auditkit does not ask as nobody"), ({"token": ""}, "has no credentials"),
    ({"token": "t", "username": "u"}, "a token and a password"),
    ({"auth-provider": {"name": "gcp"}}, "The auth-provider 'gcp' of the kubeconfig cannot be used"),
    ({"exec": {"command": "x", "apiVersion": "client.authentication.k8s.io/v1alpha1"}}, "apiVersion client.*v1alpha1"),
    ({"token": "t", "as-groups": ["g"]}, "without as"), ({"client-certificate": "nowhere"}, "cannot be read: No such file"),
    ({"client-certificate-data": "!"}, "is not Base64|only one of"),
])
def test_what_cannot_log_in_asks_nothing(secure: ReplayServer, tmp_path: Path, user: dict, says: str) -> None:
    with pytest.raises(SourceError, match=says):
        status(secure, tmp_path, user)
    assert secure.requests == []


def test_an_id_token_of_openid_connect(secure: ReplayServer, tmp_path: Path) -> None:
    assert status(secure, tmp_path, {"auth-provider": {"name": "oidc", "config": {"id-token": "t"}}}) == 200


def test_without_tls_no_credentials_are_sent(server: ReplayServer, tmp_path: Path) -> None:
    snapshot = collect(LiveSource(None, kubeconfig(tmp_path, server, {"token": "CANARY", "exec": program(tmp_path, "x")})))
    assert not any("Authorization" in request.headers for request in server.requests)
    assert not (tmp_path / "runs").exists()
    assert snapshot.manifest.transport == ["The server was asked over plain http: nobody proves that it is the cluster's, "
                                           "and no credentials were sent."]
    [about] = [entry for entry in snapshot.manifest.ledger if entry.resource == "collection"]
    assert about.reason == snapshot.manifest.transport[0]


# --- login programs --------------------------------------------------------------------------------------------------


def runs(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "runs").read_text().splitlines()]


def test_a_login_program_runs_once_in_a_collection(secure: ReplayServer, tmp_path: Path) -> None:
    user = {"exec": program(tmp_path, credential(expirationTimestamp="2999-01-01T00:00:00Z"))}
    collect(LiveSource(None, kubeconfig(tmp_path, secure, user)))
    assert len(secure.requests) > 50 and len(runs(tmp_path)) == 1


def test_what_it_gave_is_renewed_when_it_expires_or_is_refused(secure: ReplayServer, tmp_path: Path) -> None:
    user = {"exec": program(tmp_path, credential(expirationTimestamp="2020-01-01T00:00:00Z"))}
    source = LiveSource(None, kubeconfig(tmp_path, secure, user))
    assert [source.get("/version").status for _ in range(2)] == [200, 200] and len(runs(tmp_path)) >= 2
    (tmp_path / "runs").unlink()
    source = LiveSource(None, kubeconfig(tmp_path, secure, {"exec": program(tmp_path, credential("old"))}))
    program(tmp_path, credential("old"))
    assert source.get("/version").status == 401 and len(runs(tmp_path)) == 2, "once more, and not for ever"
    program(tmp_path, credential("t"))
    assert source.get("/version").status == 200


def test_it_is_told_of_the_cluster_where_it_asks_for_that(secure: ReplayServer, tmp_path: Path) -> None:
    user = {"exec": program(tmp_path, credential()) | {
        "provideClusterInfo": True, "args": ["-x"], "env": [{"name": "A", "value": "b"}]}}
    extension = [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "a"}}, {"name": "other"}]
    assert status(secure, tmp_path, user, extensions=extension) == 200
    [told] = runs(tmp_path)
    assert told["spec"]["interactive"] is False and told["spec"]["cluster"]["config"] == {"audience": "a"}
    assert told["spec"]["cluster"]["server"] == secure.url
    assert base64.b64decode(told["spec"]["cluster"]["certificate-authority-data"]) == secure.ca


@pytest.mark.parametrize(("said", "code", "changes", "says"), [
    ("", 0, {}, "did not print an ExecCredential"), ("{}", 0, {}, "did not print an ExecCredential"),
    (credential().replace("/v1", "/v1beta1"), 0, {}, "answered in another version than client.authentication.k8s.io/v1, for"),
    (credential(""), 0, {}, "neither a token nor a certificate"),
    (credential("t", clientCertificateData="x"), 0, {}, "only one of certificate and key"),
    (credential(), 7, {}, "failed with exit code 7"),
    (credential(), 0, {"interactiveMode": "Always"}, "must talk to you, and there is no terminal"),
    ("", 0, {"command": "not-installed-anywhere", "installHint": "Get it\nfrom\x1b[31m x."},
     "not-installed-anywhere is not installed. Get it from.*x\\.$"),
])
def test_a_login_that_fails_says_why_and_never_asks_as_nobody(secure, tmp_path, said, code, changes, says) -> None:
    user = {"exec": program(tmp_path, said, code) | changes}
    with pytest.raises(SourceError, match="Nobody could be logged in to the API server") as error:
        collect(LiveSource(None, kubeconfig(tmp_path, secure, user)))
    assert error.match(says) and error.value.exit_code == 4 and "\x1b" not in str(error.value)
    assert secure.requests == []


def test_what_a_failing_program_says_is_said_without_its_secrets(secure: ReplayServer, tmp_path: Path) -> None:
    path = tmp_path / "login"
    user = {"exec": program(tmp_path, "")}
    path.write_text("#!/bin/sh\necho 'the session of jane is over; token=CANARY' >&2\nexit 1\n")
    with pytest.raises(LoginFailed, match=r"failed with exit code 1: the session of jane is over; token=\*\*\*"):
        status(secure, tmp_path, user)


# --- acting as somebody else -----------------------------------------------------------------------------------------


def test_impersonation_is_sent_and_shown(secure: ReplayServer, tmp_path: Path) -> None:
    user = {"token": "t", "as": "jané", "as-uid": "7", "as-groups": ["auditors", "system:basic"],
            "as-user-extra": {"example.com/scope": ["a", "b"]}}
    source = LiveSource(None, kubeconfig(tmp_path, secure, user))
    source.get("/version")
    assert [value.encode("latin-1").decode() for value in sent(secure, "Impersonate-User")] == ["jané"]
    assert sent(secure, "Impersonate-Uid") == ["7"] and sent(secure, "Impersonate-Group") == ["auditors", "system:basic"]
    assert sent(secure, "Impersonate-Extra-example.com%2Fscope") == ["a", "b"]
    assert source.transport() == ["The collector acted as user jané, uid 7, group auditors, group system:basic, "
                                  "extra example.com/scope a, extra example.com/scope b."]


# --- in a pod --------------------------------------------------------------------------------------------------------


def test_a_pod_asks_its_own_cluster(secure: ReplayServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from auditkit.collectors.sources import live

    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    monkeypatch.setattr(live, "_ACCOUNT", tmp_path)
    with pytest.raises(SourceError, match="no kubeconfig, and auditkit does not run in a pod"):
        LiveSource()
    (tmp_path / "token").write_text("t")
    (tmp_path / "ca.crt").write_bytes(secure.ca or b"")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", secure.url.rpartition(":")[2])
    assert LiveSource().get("/version").status == 200 and LiveSource().name == "in-cluster"
    assert LiveSource(name="prod-eu").name == "prod-eu"
