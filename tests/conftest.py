"""What many tests need: the recorded cluster, as a snapshot and over HTTP."""

from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from replay import ACME_PROD, ReplayServer

from auditkit.collectors.cluster import collect
from auditkit.collectors.files import open_files
from auditkit.snapshot import Snapshot

hypothesis.settings.register_profile("any machine", deadline=None)  # how fast it is, is for the benchmark
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def acme() -> Snapshot:
    """The recorded cluster, collected from its recording."""
    return collect(open_files(ACME_PROD))


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """The recorded cluster over real HTTP; tell it what to refuse and spoil."""
    with ReplayServer(ACME_PROD) as running:
        yield running


@pytest.fixture
def kubeconfig(server: ReplayServer, tmp_path: Path) -> str:
    """A kubeconfig of that server."""
    return str(server.kubeconfig(tmp_path))
