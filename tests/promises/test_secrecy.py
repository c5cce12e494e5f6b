"""Secrets stay in the cluster: no byte that a full run writes or prints has one of the recording's canaries."""

import base64
import gzip
import os
import re
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pyarrow.parquet as pq
import pytest
from command_line import auditkit
from replay import ACME_PROD, ReplayServer, assert_no_secret_values

CANARY = b"CANARY-"


def needles() -> list[bytes]:
    """The canary's beginning, plain and as base64 shows it at each of its three alignments."""
    coded = [base64.b64encode(b"x" * shift + CANARY)[-(-shift * 8 // 6):(shift + len(CANARY)) * 8 // 6]
             for shift in range(3)]
    return [CANARY, *coded]


NEEDLES = re.compile(b"|".join(map(re.escape, needles())))


def contents(path: Path) -> Iterator[bytes]:
    """The bytes of a file, and what is packed in them."""
    content = path.read_bytes()
    yield content
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        yield table.to_pandas().to_csv().encode()
        yield repr(table.schema.metadata).encode()
    elif path.suffix == ".pdf":
        with pikepdf.open(path) as pdf:
            for thing in pdf.objects:
                if isinstance(thing, pikepdf.Stream):
                    try:
                        yield thing.read_bytes()
                    except pikepdf.PdfError:
                        yield thing.read_raw_bytes()
    for match in re.finditer(rb"\x1f\x8b\x08", content):
        try:
            yield zlib.decompressobj(31).decompress(content[match.start():])
        except zlib.error:
            continue


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
    snapshot = next(store.rglob("manifest.json")).parent
    printed = [done.stdout, done.stderr]
    for arguments in (["evaluate", snapshot, "--subjects", "--format", "jsonl"], ["evaluate", snapshot, "--format", "json"],
                      ["show", snapshot], ["show", snapshot, "container_env"], ["show", snapshot, "findings"]):
        shown = auditkit(*arguments)
        assert shown.returncode == 0, shown.stderr
        printed += [shown.stdout.encode(), shown.stderr.encode()]
    files = [file for folder in (store, output) for file in folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= {".parquet", ".json", ".html", ".pdf", ".ipynb"}
    for file in files:
        for content in contents(file):
            assert not NEEDLES.search(content), file
    for text in printed:
        assert not NEEDLES.search(text)
