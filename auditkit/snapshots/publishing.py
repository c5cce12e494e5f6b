"""Write a snapshot into an object store, at the end of the chain of its cluster.

Its tables are written first, then its manifest, and last its entry in the chain, which is created only where there is
none: until then no reader counts it, and of two writers one comes after the other. One that ends before leaves objects
that nobody counts; if the snapshot is whole, the next writer enters it.
"""

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.base.files import reason
from auditkit.base.object_store import ObjectStore
from auditkit.errors import SnapshotError
from auditkit.snapshots import chain
from auditkit.snapshots.chain import SNAPSHOT, Link
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.mirror import Mirror, split
from auditkit.snapshots.row_groups import encoded
from auditkit.snapshots.writing import same, verify_observed


def verify_url(url: str) -> None:
    """Raises `SnapshotError` where a store cannot be reached, or its URL is that of a cluster or a snapshot."""
    root, below = split(url)
    if below:
        raise SnapshotError(f"{url} is in the store {root}. Give the URL of the store.")
    try:
        ObjectStore(root).names()
    except OSError as error:
        raise _unwritable(root, error) from None


def _unwritable(url: str, error: OSError) -> SnapshotError:
    return SnapshotError(f"The store {url} cannot be written: {reason(error)}. Check the URL, its credentials and its "
                         "endpoint, or give a folder with --store.")


def publish(manifest: Manifest, written: Mapping[str, pa.Table], url: str) -> tuple[Path, Manifest]:
    """Write into ``URL/CLUSTER/TIME-DIGEST``, whole or not at all; returns its folder in the mirror, and the manifest
    that stands in it. The same evidence is not written twice. Raises `SnapshotError`.
    """
    verify_observed(manifest)
    mirror = Mirror(url)
    contents = {f"{name}.parquet": bytes(encoded(written[name])) for name in sorted(written)}
    complete = msgspec.structs.replace(manifest, schema=tables.digest(), files={
        name: hashlib.sha256(content).hexdigest() for name, content in contents.items()})
    try:
        while (target := _entered(mirror, complete, contents)) is None:
            pass  # another writer was next: try behind it
    except OSError as error:
        raise _unwritable(mirror.store.url, error) from None
    return target, complete


def _entered(mirror: Mirror, manifest: Manifest, contents: Mapping[str, bytes]) -> Path | None:
    """Write a snapshot and enter it at the end of the chain; ``None`` where another was entered there."""
    mirror.pull()
    cluster = chain.folder_of(manifest, mirror.root)
    end = _finished(mirror, cluster)
    if there := same(manifest, cluster):
        return there
    if end.number:
        _verify_conditional(mirror, chain.entry(cluster, end.number))
    manifest.previous = chain.digest_of(end)
    target, content = cluster / manifest.folder, manifest.encoded()
    mirror.store.write({mirror.name(target / name): table for name, table in contents.items()})
    mirror.store.write({mirror.name(target / "manifest.json"): content})  # what makes them a snapshot
    if not _enter(mirror, cluster, end, content):
        with suppress(OSError):  # of a store that keeps everything: nobody counts it
            mirror.store.delete(mirror.name(target))
        return None
    mirror.pull()
    return target


def _enter(mirror: Mirror, cluster: Path, after: Link, content: bytes) -> bool:
    """Enter a manifest behind the end of a chain; false where another has been entered there."""
    entry = chain.entry(cluster, after.number + 1)
    entered = mirror.store.create(mirror.name(entry), content)
    if entered and not after.number:
        _verify_conditional(mirror, entry)
    return entered


def _verify_conditional(mirror: Mirror, entry: Path) -> None:
    """Raises `SnapshotError` where the store would let a writer replace an entry of a chain."""
    if not mirror.store.refuses(mirror.name(entry)):
        raise SnapshotError(
            f"The store {mirror.store.url} cannot hold chains: it let an object be replaced that was to be created "
            "only where there is none (If-None-Match), so of two collections at once one could be lost. Use a store "
            "with conditional writes, or a folder.")


def _finished(mirror: Mirror, cluster: Path) -> Link:
    """The end of a chain, after what other writers left whole and did not enter was entered."""
    while True:
        end = chain.last(cluster)
        content = _left(mirror, cluster, end)
        if not content:
            return end
        _enter(mirror, cluster, end, content)
        mirror.pull()


def _left(mirror: Mirror, cluster: Path, end: Link) -> bytes:
    """The manifest of a snapshot that continues a chain, is whole and was not entered; empty where there is none."""
    entered = {link.folder for link in chain.read(cluster)}
    for folder in sorted(cluster.iterdir()) if cluster.is_dir() else []:
        if not SNAPSHOT.fullmatch(folder.name) or folder.name in entered:
            continue
        link = Link(0, (folder / "manifest.json").read_bytes())
        found = link.manifest
        if (found and link.folder == folder.name and found.previous == chain.digest_of(end)
                and (not end.manifest or found.which == end.manifest.which)
                and found.files.keys() <= mirror.store.sizes(mirror.name(folder)).keys()):
            return link.content
    return b""
