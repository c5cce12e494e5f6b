"""Secrets stay in the cluster: no byte that a full run writes or prints has one of the recording's canaries."""

import base64
import gzip
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import auditkit
from every_command import ELSEWHERE, commands, registered
from packed import contents
from replay import ACME_PROD, ReplayServer, assert_no_secret_values

from auditkit.collectors import collect
from auditkit.collectors.sources.kubectl_files import open_files

PLACES = Path(__file__).with_name("hiding_places.yaml")
READ = ("pod_mesh_annotations", "pod_redirections", "traefik_arguments", "traefik_rules", "traefik_middlewares",
        "contour_proxies", "contour_conditions", "istio_rules", "istio_servers", "istio_client_tls", "istio_virtual_hosts",
        "linkerd_servers", "issued_certificates", "certificate_issuers", "cilium_policies", "cilium_node_keys",
        "calico_policies", "spire_ids", "gateway_routes", "pods", "containers", "volumes", "container_handlers", "object_settings", "template_settings", "webhooks")
"""Tables of the kinds whose objects hide something, each of which has a row."""

CANARY = b"CANARY-"


def needles() -> list[bytes]:
    """The canary's beginning, plain and as base64 shows it at each of its three alignments."""
    coded = [base64.b64encode(b"x" * shift + CANARY)[-(-shift * 8 // 6):(shift + len(CANARY)) * 8 // 6]
             for shift in range(3)]
    return [CANARY, *coded]


NEEDLES = re.compile(b"|".join(map(re.escape, needles())))


def test_the_bait_is_in_the_recording() -> None:
    """Otherwise the tests below would find nothing for the wrong reason."""
    bodies = [gzip.decompress(file.read_bytes()) for file in ACME_PROD.glob("*.gz")]
    with_bait = [body for body in bodies if NEEDLES.search(body)]
    assert len(with_bait) >= 4
    assert any(CANARY in body for body in bodies)
    assert any(re.search(re.escape(needles()[1]), body) for body in bodies), "base64 too"
    for shift in range(3):
        assert NEEDLES.search(base64.b64encode(b"x" * shift + b"CANARY-billing-1234"))


def run(*arguments: object, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "auditkit.cli.main", *map(str, arguments)], capture_output=True, check=False,
                          cwd=Path(__file__).parents[2], env={**os.environ, **environment})


@pytest.mark.parametrize("live", [True, False])
def test_a_full_run_writes_and_prints_no_canary(tmp_path: Path, live: bool) -> None:
    store, output = tmp_path / "store", tmp_path / "reports"
    with ReplayServer(ACME_PROD) as server:
        source = [] if live else ["--recording", ACME_PROD]
        done = run("run", *source, "--store", store, "--output", output,
                   KUBECONFIG=str(server.kubeconfig(tmp_path)) if live else "/nowhere")
        assert done.returncode == 0, done.stderr.decode()
        if live:
            assert_no_secret_values(server)
    for text in (done.stdout, done.stderr):
        assert not NEEDLES.search(text)
    without_canaries(store, output, {".parquet", ".json", ".html", ".pdf", ".ipynb"})


def without_canaries(store: Path, output: Path, suffixes: set[str]) -> None:
    files = [file for folder in (store, output) for file in folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= suffixes
    for file in files:
        for name, content in contents(file):
            assert not NEEDLES.search(content), name


@pytest.mark.slow
def test_no_command_writes_or_prints_a_canary(tmp_path: Path) -> None:
    earlier, later = (collect(open_files(ACME_PROD.parent / name)).write(tmp_path / "store")
                      for name in ("acme-prod", "acme-prod-later"))
    output = tmp_path / "output"
    output.mkdir()
    ran = set()
    for words in commands(earlier, later, output):
        shown = auditkit(*words)
        assert shown.returncode in (0, 1), (words, shown.stderr)
        assert not NEEDLES.search(shown.stdout.encode() + shown.stderr.encode()), words
        ran.add(words[0])
    assert ran | set(ELSEWHERE) == registered(), "a new command keeps the promise too"
    without_canaries(tmp_path / "store", output, {".parquet", ".zip", ".xlsx", ".csv", ".json", ".pdf", ".ipynb"})


def test_no_place_where_objects_can_hide_a_secret_is_kept_or_told(tmp_path: Path) -> None:
    assert PLACES.read_text().count("CANARY-") > 100
    snapshot = collect(open_files(PLACES))
    assert {name for name in READ if snapshot.frame(name).empty} == set()
    folder = snapshot.write(tmp_path / "store")
    for words in (("evaluate", folder, "-f", "soc2", "-f", "nsa-cisa", "--subjects"), ("show", folder),
                  ("report", folder, "-f", "nsa-cisa", "--output", tmp_path / "output")):
        shown = auditkit(*words)
        assert shown.returncode in (0, 1), shown.stderr
        assert not NEEDLES.search(shown.stdout.encode() + shown.stderr.encode()), words
    without_canaries(tmp_path / "store", tmp_path / "output", {".parquet", ".json", ".html", ".pdf", ".ipynb"})
