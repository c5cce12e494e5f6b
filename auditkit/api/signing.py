"""Signatures: keys, evidence that is signed, and the proof of who signed it and when."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.base.object_store import is_url, named
from auditkit.errors import MissingDependency, SignatureError
from auditkit.snapshots.mirror import downloaded, pulled

if TYPE_CHECKING:
    from auditkit.api.options import Paths
    from auditkit.base.signing.detached import Trust
    from auditkit.base.signing.keys import PrivateKey, PublicKey
    from auditkit.snapshots.verifying import Verification


def new_key(path: Path | str, *, passphrase_file: Path | str | None = None) -> "tuple[PrivateKey, Path]":
    """Make an Ed25519 key: the private one in a file that only its owner can read, and the public one beside it.

    Returns the key and the path of the public one. With ``passphrase_file`` the private one is encrypted. Raises
    `UsageError` where one of them is there already.
    """
    _insist_on_packages()
    from auditkit.base.signing import keys

    return keys.new_key(Path(path), keys.passphrase(_path(passphrase_file)))


def shown_keys(path: Path | str, *, passphrase_file: Path | str | None = None) -> "list[PublicKey]":
    """The public keys of a file, which may have a private one too. Raises `UsageError`."""
    _insist_on_packages()
    from auditkit.base.signing import keys

    if keys.is_private(Path(path)):
        return [keys.private_key(Path(path), _path(passphrase_file))]
    return keys.public_keys([Path(path)])


def sign(path: Path | str, key: Path | str, *, passphrase_file: Path | str | None = None, timestamp_url: str = "",
         progress: Callable[[str], None] | None = None) -> list[Path]:
    """Sign a snapshot, all snapshots of a store or of a cluster, a report (PDF or notebook) or a bundle.

    ``key`` is the file of a private key. Returns the files of the signatures: ``STORE/CLUSTER/signatures/…`` or beside
    the file. What is signed already keeps its signature. With ``timestamp_url``, the time-stamp authority at that
    address gets the digest of each signature and says when it was there. ``progress`` is told what to know of the key.

    What is not as it was written is not signed: raises `SignatureError`. Raises `UsageError` for a key that is none,
    and `TimeStampError` where there is no time stamp to be had.
    """
    _insist_on_packages()
    from auditkit.base.signing import keys
    from auditkit.snapshots import signed
    from auditkit.snapshots.verifying import clusters, folders, is_snapshot

    private = keys.private_key(Path(key), _path(passphrase_file))
    if progress and (exposed := keys.exposed(Path(key))):
        progress(exposed)
    stamp = _authority(timestamp_url) if timestamp_url else None
    if wrong := (verify(path) if is_url(path) else _evidence(path)).wrong:
        raise SignatureError(f"Nothing was signed, since {wrong[0].place} is not as it was written: {wrong[0].what} "
                             f"`auditkit verify {path}` says all that is wrong.")
    path = pulled(path)
    if path.is_file():
        return [signed.sign_file(path, private, stamp)]
    held = [path] if is_snapshot(path) else [folder for cluster in clusters(path) for folder in folders(cluster)]
    return [signed.sign_snapshot(folder, private, stamp) for folder in held]


def verify(path: Path | str, store: Path | str | None = None, *, trust: "Paths" = (),
           tsa_ca: Path | str | None = None) -> "Verification":
    """What is wrong with evidence, who signed it and when: a store, the folder of a cluster, a snapshot, a report (PDF
    or notebook) or a bundle. Nothing is asked of a network, but of the store that a URL names: every object of it is
    read anew.

    ``trust`` are files with public keys: then what is not signed, or with other keys, is wrong. ``tsa_ca`` is a file
    with certificates of a time-stamp authority: then what has no time stamp of it is wrong. Without them nothing proves
    who signed and when, and the findings say so in notes.

    For a report, the snapshot is looked for in ``store``, and every figure computed anew. Raises `UsageError` and
    `SnapshotError` for what cannot be verified.
    """
    from auditkit.snapshots import signed
    from auditkit.snapshots.verifying import NOTE

    if is_url(path):
        return _of_url(str(path), store, trust, tsa_ca)
    path, named = Path(path), [trust] if isinstance(trust, Path | str) else list(trust)
    trusted = _trust(named, tsa_ca) if named or tsa_ca is not None else None
    found = _evidence(path, store)
    if trusted is None and signed.has_signatures(path):
        try:
            trusted = _trust([], None)
        except MissingDependency as error:
            found.add(path, f"its signatures were not verified. {error}", NOTE)
    if trusted is not None:
        signed.signature_findings(path, trusted, found)
    return _with_maker(found) if path.is_file() else found


def _evidence(path: Path | str, store: Path | str | None = None) -> "Verification":
    """What is wrong with evidence, and how much of it was verified: a store, the folder of a cluster, a snapshot, a
    report (PDF or notebook) or a bundle. Nothing is asked of a network.

    For a report, the snapshot is looked for in ``store``, and every figure computed anew. Raises `UsageError` and
    `SnapshotError` for what is none of them.
    """
    from auditkit.snapshots.verifying import NOTE, Verification, verify_stored

    path, found = Path(path), Verification()
    if not path.is_file():
        return verify_stored(path)
    from auditkit.api.handing_over import report_findings
    from auditkit.exports.bundle import bundle_findings, is_bundle

    found.files, found.bytes = 1, path.stat().st_size
    notes: list[str] = []
    if is_bundle(path):
        packed = bundle_findings(path)
        found.files, wrong = packed.files, packed.wrong
    else:
        report = report_findings(path, store)
        wrong, notes = report.wrong, report.unverified
    for said in wrong:
        found.add(path, said)
    for said in notes:
        found.add(path, said, NOTE)
    return found


def _of_url(url: str, store: Path | str | None, trust: "Paths", tsa_ca: Path | str | None) -> "Verification":
    """The same of what a URL names, with what keeps it from being deleted."""
    from auditkit.base.hostile_text import count
    from auditkit.snapshots.verifying import NOTE, Finding

    with downloaded(url) as (place, mirror, unfinished):
        found = verify(place, store, trust=trust, tsa_ca=tsa_ca)
        found.findings = [Finding(named(each.place), named(each.what), each.severity) for each in found.findings]
        found.chains = {named(cluster): length for cluster, length in found.chains.items()}
        if unfinished:
            found.findings.append(Finding(mirror.store.url, f"{count(unfinished, 'snapshot')} that never became whole: "
                                          "being written now, or left by a writer that was interrupted. Nothing counts "
                                          "them.", NOTE))
        if kept := mirror.store.protection():
            found.findings.append(Finding(mirror.store.url, kept, NOTE))
    return found


def _with_maker(found: "Verification") -> "Verification":
    """What was found of a file, without the note that nobody knows who made it, where a signature shows that."""
    from auditkit.reports.report_findings import UNKNOWN_MAKER
    from auditkit.snapshots.verifying import SIGNED

    if any(each.severity == SIGNED for each in found.findings):
        found.findings = [each for each in found.findings if each.what != UNKNOWN_MAKER]
    return found


def _trust(keys: list[Path | str], tsa_ca: Path | str | None) -> "Trust":
    _insist_on_packages()
    from auditkit.base.signing import stamps
    from auditkit.base.signing.detached import Trust
    from auditkit.base.signing.keys import public_keys

    return Trust(public_keys(map(Path, keys)), stamps.authorities(Path(tsa_ca)) if tsa_ca is not None else None)


def _authority(url: str) -> Callable[[bytes], bytes]:
    from auditkit.collectors.time_stamps import Authority

    return Authority(url).stamp


def _path(path: Path | str | None) -> Path | None:
    return None if path is None else Path(path)


def _insist_on_packages() -> None:
    """Raises `MissingDependency` where the packages that sign and verify are not installed."""
    try:
        import auditkit.base.signing.detached  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingDependency(f"Signatures need the package {error.name}: "
                                "`pip install 'auditkit[signing]'`.") from None
