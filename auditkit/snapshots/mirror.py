"""A store on an object store, as a folder of this computer that has the same files: its mirror.

Everything that reads a store reads files; so what a URL names is brought here first. `pulled` brings the chains, what
stands beside them, and the manifests, which are small; the tables of a snapshot come when the first of them is read
(`bring`). Nothing that is read here needs to be believed: a snapshot proves itself by its digests.

The mirror is in the folder for caches of this user. What the object store no longer has is removed from it, and it
may be deleted at any time.
"""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from auditkit.base import files, whole
from auditkit.base.object_store import FOLDERS, ObjectStore, is_url
from auditkit.errors import SnapshotError
from auditkit.snapshots import chain
from auditkit.snapshots.chain import BESIDE, SNAPSHOT

_URL, _MANIFEST = ".store-url", "manifest.json"
_DEPTH = 4
"""Folders between a store and its deepest files: a cluster, ``verdicts``, a snapshot."""

_AT_ONCE = 64
"""Objects that are asked for at the same time."""


class Mirror:
    """The mirror of a store: ``root`` is its folder, ``store`` the object store behind it."""

    def __init__(self, url: str, root: Path | None = None):
        self.store = ObjectStore(url)
        self.root = root or _root(self.store.url)
        FOLDERS[str(self.root)] = self.store.url

    def pull(self) -> None:
        """Make the mirror as the store is now, but for tables. Raises `OSError`."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        whole.write(self.root / _URL, self.store.url.encode())
        clusters = [name for name in self.store.names() if self._pull_cluster(name)]
        self._forget(self.root, {*clusters, _URL})

    def _pull_cluster(self, cluster: str) -> bool:
        """Pull what is of one cluster; false for a folder that is of none."""
        held = self.store.names(cluster)
        snapshots = [name for name in held if SNAPSHOT.fullmatch(name)]
        if not snapshots and chain.FOLDER not in held:
            return False
        for name in BESIDE:
            self._pull_files(f"{cluster}/{name}", self.store.sizes(f"{cluster}/{name}") if name in held else {})
        manifests = {link.folder: link.content for link in chain.read(self.root / cluster)}  # the same bytes
        others = self.store.read(f"{cluster}/{name}/{_MANIFEST}" for name in snapshots if name not in manifests)
        manifests |= {name.split("/")[1]: content for name, content in others.items()}
        written = [name for name in snapshots if name in manifests]  # others are being written, or never were whole
        for name in written:
            self._place(f"{cluster}/{name}/{_MANIFEST}", manifests[name])
        self._forget(self.root / cluster, {*written, *(name for name in BESIDE if name in held)})
        return True

    def download(self, folder: str) -> None:
        """Bring all that is below a folder, whatever the mirror has."""
        shutil.rmtree(self.root / folder, ignore_errors=True)
        self._pull_files(folder, self.store.sizes(folder))

    def _pull_files(self, folder: str, sizes: dict[str, int]) -> None:
        """Pull the files of a folder that the mirror has not, or has with another size; remove those that are gone."""
        place = self.root / folder
        there = {path.relative_to(place).as_posix(): path.stat().st_size for path in place.rglob("*") if path.is_file()}
        for name in there.keys() - sizes.keys():
            (place / name).unlink(missing_ok=True)
        wanted = sorted(f"{folder}/{name}".lstrip("/") for name, size in sizes.items() if there.get(name) != size)
        for first in range(0, len(wanted), _AT_ONCE):
            for name, content in self.store.read(wanted[first:first + _AT_ONCE]).items():
                self._place(name, content)

    def _place(self, name: str, content: bytes) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.is_file() or path.read_bytes() != content:
            whole.write(path, content)

    def _forget(self, folder: Path, held: set[str]) -> None:
        """Remove what the store no longer has."""
        for path in folder.iterdir():
            if path.name not in held and not path.name.startswith(whole.PARTIAL):
                shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)

    def drop_unfinished(self) -> int:
        """Remove snapshots that never were whole: they have no manifest, and no chain has them. Returns how many."""
        gone = [folder for cluster in self.root.iterdir() for folder in cluster.iterdir()
                if SNAPSHOT.fullmatch(folder.name) and not (folder / _MANIFEST).exists()
                and folder.name not in {link.folder for link in chain.read(cluster)}]
        for folder in gone:
            shutil.rmtree(folder)
        return len(gone)

    def bring(self, snapshot: Path) -> None:
        """Bring the files of a snapshot that are not here yet. Raises `OSError`."""
        self._pull_files(self.name(snapshot), self.store.sizes(self.name(snapshot)))

    def name(self, path: Path) -> str:
        """What a file or folder of the mirror is called in the store."""
        return path.relative_to(self.root).as_posix()

    def shown(self, path: Path) -> str:
        """The URL of what a path of the mirror stands for."""
        below = self.name(path)
        return self.store.url if below == "." else f"{self.store.url}/{below}"


def _cache() -> Path:
    import platformdirs

    return platformdirs.user_cache_path("auditkit") / "stores"


def _root(url: str) -> Path:
    """The folder for the mirror of a store."""
    return _cache() / hashlib.sha256(url.encode()).hexdigest()[:16]


def pulled(path: Path | str) -> Path:
    """The folder of a store, of a cluster or of a snapshot that a user named: a path as it is, what a URL names as it
    is now, in a mirror. Raises `UsageError`, `MissingDependency` and `SnapshotError`."""
    if not is_url(path):
        return Path(path)
    root, below = split(str(path))
    with _reading(root):
        mirror = Mirror(root)
        mirror.pull()
    return mirror.root / below if below else mirror.root


def split(url: str) -> tuple[str, str]:
    """The URL of a store, and the path below it of the cluster or the snapshot that a URL names."""
    root, _, name = url.rstrip("/").rpartition("/")
    if SNAPSHOT.fullmatch(name):
        root, _, cluster = root.rpartition("/")
        return root, f"{cluster}/{name}"
    with _reading(url):
        return (root, name) if chain.FOLDER in ObjectStore(url).names() else (url.rstrip("/"), "")


@contextmanager
def downloaded(url: str) -> Iterator[tuple[Path, Mirror, int]]:
    """What a URL names with its tables, read anew to be verified: a store, a cluster, or a snapshot with what is beside
    it; its mirror; and how many snapshots were never whole, which are left out."""
    root, below = split(url)
    cluster, _, snapshot = below.partition("/")
    with whole.scratch() as space, _reading(root):
        mirror = Mirror(root, space / "store")
        for folder in [f"{cluster}/{name}" for name in (*BESIDE, snapshot)] if snapshot else [cluster]:
            mirror.download(folder)
        yield mirror.root / below, mirror, mirror.drop_unfinished()


@contextmanager
def _reading(url: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SnapshotError(f"The store {url} cannot be read: {files.reason(error)}. Check the URL, its credentials "
                            "and its endpoint.") from None


def mirror_of(path: Path) -> Mirror | None:
    """The mirror that a store, the folder of a cluster or of a snapshot, or a file of one of them is in; ``None`` for
    those of this computer alone. A folder that somebody gave is no mirror, whatever URL it has."""
    for root in (path, *list(path.parents)[:_DEPTH]):
        if (root / _URL).is_file():
            url = (root / _URL).read_text(encoding="utf-8", errors="replace")
            return Mirror(url, root) if root.resolve() == _root(url).resolve() else None
    return None


def bring(snapshot: Path) -> None:
    """Bring the tables of a snapshot here, where it is in a mirror. Raises `SnapshotError`."""
    if mirror := mirror_of(snapshot):
        with _reading(mirror.store.url):
            mirror.bring(snapshot)


def published(path: Path, cluster: Path) -> None:
    """Write a file that was added to the folder of a cluster to its object store as well, where it has one.

    Raises `OSError`.
    """
    if mirror := mirror_of(cluster):
        mirror.store.write({mirror.name(path): path.read_bytes()})


def shown(path: Path) -> str:
    """A path as a user names it: the URL that it is the mirror of, or the path itself."""
    mirror = mirror_of(path)
    return mirror.shown(path) if mirror else str(path)
