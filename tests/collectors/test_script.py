"""The shell script of `auditkit collect --script`: its folder is a recording that says what a live collection says."""

import json
import os
import re
import subprocess
from pathlib import Path

import pyarrow as pa
import pytest
from replay import ACME_PROD, ReplayServer, assert_no_secret_values

from auditkit import tables
from auditkit.collectors.cluster import collect
from auditkit.collectors.script import script
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.live import LiveSource


def record(server: ReplayServer, folder: Path) -> subprocess.CompletedProcess:
    (folder / "record.sh").write_text(script())
    return run(["/bin/sh", "record.sh", "recording"], folder, server)


def run(command: list[str], folder: Path, server: ReplayServer) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True,
                          env={"PATH": os.environ["PATH"], "SERVER": server.url, "no_proxy": "*"})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory):
    """A live collection, the folder of the script, and what the server was asked for it."""
    folder = tmp_path_factory.mktemp("script")
    with ReplayServer(ACME_PROD) as server:
        server.configz["acme-w1"] = {"readOnlyPort": 0}
        live = collect(LiveSource(None, str(server.kubeconfig(folder))), on_identity=lambda *_: None)
        asked = {(r.method, r.url) for r in server.requests}
        server.requests.clear()
        done = record(server, folder)
        assert done.returncode == 0, done.stderr
        assert_no_secret_values(server)
        yield live, folder / "recording", asked, {(r.method, r.url) for r in server.requests}


def test_the_script_is_short_and_plain() -> None:
    text = script()
    assert len(text.splitlines()) < 230 and not re.search("@[A-Z]+@", text)
    assert {word for word in ("python", "jq", "perl", "awk") if re.search(rf"\b{word}\b", text)} == set()


def test_it_asks_what_a_live_collection_asks_but_for_its_rights(recorded) -> None:
    _, _, live, script_asked = recorded
    assert live - script_asked == {("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")}
    assert {url for method, url in script_asked if method == "POST"} == {
        "/apis/authentication.k8s.io/v1/selfsubjectreviews"}


def test_its_recording_makes_the_tables_of_a_live_collection(recorded) -> None:
    live, folder, *_ = recorded
    again = collect(open_files(folder))
    differ = [name for name in tables.TABLES if name != "collection" and not same(live.arrow(name), again.arrow(name))]
    assert differ == []
    outcomes = [{e.resource: (e.outcome, e.items, e.resource_version) for e in s.manifest.ledger} for s in (live, again)]
    assert outcomes[0] == outcomes[1]
    assert again.manifest.identity == live.manifest.identity and again.manifest.groups == live.manifest.groups
    assert again.manifest.observed_by == "recorded"
    assert again.manifest.observed_from <= again.manifest.observed_until <= again.manifest.ended


def same(one: pa.Table, other: pa.Table) -> bool:
    times = [name for name in one.schema.names if name in ("started", "ended", "read_at", "scanned")]
    return one.drop_columns(times).equals(other.drop_columns(times))


def test_no_value_of_a_secret_is_in_its_recording(recorded) -> None:
    _, folder, *_ = recorded
    assert [file.name for file in folder.iterdir() if b"CANARY-" in file.read_bytes()] == []


WRITTEN = {
    "env": [{"name": name, "value": "CANARY-1"} for name in ("spring.datasource.password", "a b", "kernel.x", "é\\\"")],
    "args": ["--aws-secret-access-key=CANARY-2", "--db-password", "CANARY-3 \\\" CANARY", "--DB_PASS=CANARY-4",
             "--dsn=postgres://app:CANARY-5@db/x", "--tls-private-key-file=/kept", "--use-service-account-credentials=true"],
    "command": ["sh", "-c", "export MYSQL_PWD=CANARY-6 Passphrase=CANARY-7\"; exec serve --token=CANARY-8 --kept"],
    "livenessProbe": {"httpGet": {"path": "/", "port": 80, "httpHeaders": [{"name": "X-Auth", "value": "CANARY-9"}]}},
}
"""What somebody wrote into a container, in which CANARY is what nobody else may see."""


def test_what_people_wrote_into_objects_is_blanked_out_and_the_rest_stays(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^list (?!object /api/v1/pods).*\n", "", script())
    (tmp_path / "record.sh").write_text(text)
    sysctls = [{"name": "net.ipv4.ip_local_port_range", "value": "1024 65000"}, {"name": "kernel.msgmax", "value": "1"}]

    def wrote(body: dict) -> dict:
        spec = body["items"][0]["spec"]
        spec["containers"][0] |= WRITTEN
        spec["securityContext"] = {"sysctls": sysctls}
        return body
    with ReplayServer(ACME_PROD) as server:
        server.fault("/api/v1/pods", kind="transform", transform=wrote)
        assert run(["/bin/sh", "record.sh", "r"], tmp_path, server).returncode == 0
    [pods] = [found for file in (tmp_path / "r").iterdir() if '"kind":"PodList"' in (found := file.read_text())]
    spec = json.loads(pods)["items"][0]["spec"]
    assert "CANARY" not in json.dumps(spec) and spec["securityContext"]["sysctls"] == sysctls
    kept = spec["containers"][0]
    assert [variable["name"] for variable in kept["env"]] == [variable["name"] for variable in WRITTEN["env"]]
    assert kept["args"][-2:] == WRITTEN["args"][-2:] and kept["command"][2].endswith("--token=- --kept")


def test_lists_that_come_in_pages_are_recorded_whole(tmp_path: Path) -> None:
    text = re.sub(r"(?m)^list (?!table /api/v1/secrets|object /api/v1/pods).*\n", "", script())
    (tmp_path / "record.sh").write_text(text.replace("limit=500", "limit=20"))
    with ReplayServer(ACME_PROD) as server:
        done = run(["/bin/sh", "record.sh", "r"], tmp_path, server)
        assert done.returncode == 0, done.stderr
        assert server.count("/api/v1/pods") == 4
    snapshot = collect(open_files(tmp_path / "r"), limit=20)
    assert [(e.resource, e.outcome, e.items, len(e.bodies)) for e in snapshot.manifest.ledger
            if e.resource in ("pods", "secrets")] == [("pods", "complete", 65, 4), ("secrets", "complete", 11, 1)]


def test_what_is_refused_or_would_bring_values_is_not_there(tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD) as server:
        server.tables = False
        server.forbid("pods", "nodes")
        done = record(server, tmp_path)
    assert done.returncode == 0 and "/api/v1/secrets is left out" in done.stderr
    snapshot = collect(open_files(tmp_path / "recording"))
    found = {e.resource: e.outcome for e in snapshot.manifest.ledger}
    assert [found[name] for name in ("pods", "nodes", "secrets", "configmaps")] == [
        "forbidden", "forbidden", "absent", "absent"]
    assert [file.name for file in (tmp_path / "recording").iterdir() if b"CANARY-" in file.read_bytes()] == []


def test_nothing_is_written_over_and_a_server_that_is_not_there_is_said(tmp_path: Path) -> None:
    with ReplayServer(ACME_PROD) as server:
        (tmp_path / "recording").mkdir()
        assert record(server, tmp_path).returncode == 2
        (tmp_path / "recording").rmdir()
    assert record(server, tmp_path).returncode == 4
