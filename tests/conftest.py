"""What many tests need: the recorded cluster, as a snapshot and over HTTP; files and checks of a user's own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from own_worlds import CASES, CHECK, OURS
from replay import ACME_PROD, ReplayServer

from auditkit.checks import all_checks, plugins
from auditkit.checks.model import REGISTRY
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.snapshots.snapshot import Snapshot

hypothesis.settings.register_profile("any machine", deadline=None)  # how fast it is, is for the benchmark
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept for a user, as the key of seals or mirrors of stores, is not kept for the one who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def acme() -> Iterator[Snapshot]:
    """The recorded cluster, collected from its recording. All tests share it: what is written is `acme.apart()`."""
    snapshot = collect(open_files(ACME_PROD))
    yield snapshot
    assert snapshot.path is None, "a test has written the snapshot that all tests share: write `acme.apart()`"


@pytest.fixture
def server() -> Iterator[ReplayServer]:
    """The recorded cluster over real HTTP; tell it what to refuse and spoil."""
    with ReplayServer(ACME_PROD) as running:
        yield running


@pytest.fixture
def kubeconfig(server: ReplayServer, tmp_path: Path) -> str:
    """A kubeconfig of that server."""
    return str(server.kubeconfig(tmp_path))


@pytest.fixture
def registry() -> Iterator[None]:
    """What a test registers does not outlive it."""
    before, read = dict(all_checks()), dict(plugins._read)
    yield
    REGISTRY.clear()
    REGISTRY.update(before)
    plugins._read.clear()
    plugins._read.update(read)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a file of this name and text."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return written


@pytest.fixture
def hospital(write, tmp_path: Path) -> Path:
    """A user's folder: ``hospital.py`` with its cases, and ``controls/hospital.yaml``."""
    write("hospital.py", CHECK)
    write("cases/hospital.yaml", CASES)
    write("controls/hospital.yaml", OURS)
    return tmp_path
