"""Signed evidence: signatures of snapshots and of files, and what verifying them finds.

The signature of a snapshot is of its manifest, which has the digest of every file and of the snapshot before it. It
lies in ``STORE/CLUSTER/signatures``, since nothing is added to the folder of a snapshot; that of a file lies beside it.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.base import files
from auditkit.base.signing import beside
from auditkit.errors import SnapshotError
from auditkit.snapshots import chain
from auditkit.snapshots.chain import SIGNATURES, SNAPSHOT
from auditkit.snapshots.manifest import DIGITS
from auditkit.snapshots.mirror import published, shown
from auditkit.snapshots.verifying import NOTE, SIGNED, Verification, clusters, folders, is_snapshot

if TYPE_CHECKING:
    from auditkit.base.signing.detached import Stamp, Trust
    from auditkit.base.signing.keys import PrivateKey

KIND, FILE = "urn:auditkit:snapshot:v1", "urn:auditkit:file:v1"
"""What a statement says of its subject: that it is the manifest of a snapshot, or a file."""


def sign_snapshot(folder: Path, key: "PrivateKey", stamp: "Stamp | None" = None) -> Path:
    """Sign a snapshot; returns the file of the signature. ``stamp`` gets a time stamp of it
    (`auditkit.collectors.time_stamps`).

    Whether the snapshot is as it was written is not verified here. Raises `SnapshotError` and `SignatureError`.
    """
    folder = folder.resolve()
    content = files.given(folder / "manifest.json", SnapshotError)
    try:
        (folder.parent / SIGNATURES).mkdir(exist_ok=True)
    except OSError as error:
        raise SnapshotError(files.unwritable(folder.parent / SIGNATURES, error)) from None
    signature = _sign(_place(folder), KIND, {_name(folder.name): content}, key, stamp)
    try:
        for path in (signature, beside.stamp(beside.stem_of(signature))):
            if path.exists():
                published(path, folder.parent)
    except OSError as error:
        raise SnapshotError(files.unwritable(shown(signature), error)) from None
    return signature


def sign_file(path: Path, key: "PrivateKey", stamp: "Stamp | None" = None) -> Path:
    """Sign a file, as it is; returns the file of the signature, beside it. Raises `UsageError` and `SignatureError`."""
    return _sign(path, FILE, {path.name: files.given(path)}, key, stamp)


def _sign(path: Path, kind: str, contents: Mapping[str, bytes], key: "PrivateKey", stamp: "Stamp | None") -> Path:
    from auditkit.base.signing import detached
    from auditkit.base.signing.statements import statement

    return detached.sign(path, statement(kind, contents, {}), key, stamp)


def has_signatures(path: Path) -> bool:
    """True where a store, the folder of a cluster, a snapshot or a file has signatures, or what looks like them."""
    if path.is_file():
        return path.name in beside.held(path.parent)
    return any(os.path.lexists(cluster / SIGNATURES) for cluster in _clusters(path))


def _clusters(path: Path) -> list[Path]:
    return [path.resolve().parent] if is_snapshot(path) else clusters(path)


def signature_findings(path: Path, trust: "Trust", found: Verification) -> None:
    """Add what is to be said of the signatures of a store, the folder of a cluster, a snapshot or a file.

    With ``trust`` whatever has no signature is a finding too. Without, a signature proves nothing, and is a note.
    """
    if path.is_file():
        _judge(path, beside.held(path.parent).get(path.name, []), {path.name: files.given(path)}, trust, found)
        return
    for cluster in _clusters(path):
        try:
            held = beside.held(cluster / SIGNATURES)
        except OSError as error:
            found.add(cluster / SIGNATURES, files.unreadable(cluster / SIGNATURES, error))
            continue
        entries = _entries(cluster)
        for folder in [path] if is_snapshot(path) else folders(cluster):
            contents, of = _manifest(folder, entries), _digits(folder.resolve().name)
            _judge(folder, held.pop(of, []), contents, trust, found)
        if not is_snapshot(path):
            _others(cluster / SIGNATURES, held, entries, trust, found)


def _manifest(folder: Path, entries: Mapping[str, bytes]) -> dict[str, bytes]:
    """What the signatures of a snapshot must be of: its manifest. Where it cannot be read, the one that the chain
    has."""
    name = folder.resolve().name
    try:
        return {_name(name): files.content(folder / "manifest.json")}
    except OSError:
        return {_name(name): entries[name]} if name in entries else {}


def _others(signatures: Path, held: dict[str, list[Path]], entries: Mapping[str, bytes], trust: "Trust",
            found: Verification) -> None:
    """What is beside the signatures of the snapshots that are here: of others, or no signature at all."""
    for path in held.pop("", []):
        found.add(path, "auditkit did not write this file.")
    gone = {_digits(name): {_name(name): content} for name, content in entries.items()}
    for of, stems in held.items():
        _judge(signatures / of, stems, gone.get(of, {}), trust, found)


def _judge(place: Path, stems: list[Path], contents: Mapping[str, bytes], trust: "Trust", found: Verification) -> None:
    """The signatures of something, which is at a place; ``contents`` has its bytes by their name."""
    from auditkit.base.signing import detached

    if trust and not stems:
        found.add(place, "it is not signed.")
    for stem in stems:
        judged = detached.judge(stem, contents, trust)
        if judged.signed:
            found.add(place, f"{judged.signed}.", SIGNED)
        for said in judged.wrong:
            found.add(beside.envelope(stem), f"{said}.")
        for said in judged.notes:
            found.add(place, f"{said}.", NOTE)


def _entries(cluster: Path) -> dict[str, bytes]:
    """The manifests that the chain of a cluster has, by the names of their folders."""
    with suppress(OSError):
        return {link.folder: link.content for link in chain.read(cluster) if link.folder}
    return {}


def _place(folder: Path) -> Path:
    """Beside what the signatures of a snapshot would lie, if it were a file: the digits of its digest."""
    return folder.parent / SIGNATURES / _digits(folder.name)


def _digits(folder: str) -> str:
    """The digits of the digest of a manifest in the name of its folder."""
    named = SNAPSHOT.fullmatch(folder)
    return named["digest"] if named else folder[-DIGITS:]


def _name(folder: str) -> str:
    """What the statement calls the manifest of a snapshot."""
    return f"{folder}/manifest.json"
