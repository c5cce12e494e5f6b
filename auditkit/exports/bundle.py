"""The bundle: all evidence of an audit in one archive, for handing over.

::

    index.html     what is in it, with sizes and digests, and how to verify it; needs no network
    LETTER.md      what is in it, what is not, and what auditkit does not claim
    bundle.json    the index for programs: an in-toto Statement v1 whose subjects are all other files
    SHA256SUMS     the same digests, for `sha256sum -c`
    snapshots/     the snapshots: the manifest and a Parquet file a table
    chain/         the entries of the store's chain, where the store has one
    verdicts/      the verdicts that were stored on these snapshots
    signatures/    the signatures of these snapshots
    reports/       notebooks, pages and PDFs
    people/        exceptions, attestations, scope, frameworks and checks that were given
    files/         what was added by name: workpapers, exports

The same content gives the same bytes. A signature of the bundle lies beside it (`auditkit.snapshots.signed`).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from auditkit.base.files import given
from auditkit.base.version import VERSION
from auditkit.errors import UsageError
from auditkit.evaluation.evaluation import Evaluation
from auditkit.exports import bundle_pages
from auditkit.exports.archive import Archive, packed
from auditkit.snapshots import chain
from auditkit.snapshots.manifest import DIGITS
from auditkit.snapshots.mirror import bring
from auditkit.snapshots.snapshot import Snapshot

STATEMENT, TYPE = "https://in-toto.io/Statement/v1", "urn:auditkit:bundle:v1"
INDEX, SUMS, LETTER, PAGE = "bundle.json", "SHA256SUMS", "LETTER.md", "index.html"


class Findings(msgspec.Struct):
    """What verifying a bundle found: sentences on what is wrong, and how many files its index names."""

    wrong: list[str]
    files: int


def bundle(snapshots: Iterable[Snapshot], evaluations: Iterable[Evaluation], reports: Iterable[Path] = (),
           files: Iterable[Path] = ()) -> bytes:
    """The bytes of a bundle. ``files`` are added by their names. Raises `UsageError` where a file cannot be read, two
    have one name, or a snapshot lies nowhere."""
    snapshots, evaluations = list(snapshots), list(evaluations)
    content: dict[str, bytes] = {}
    for snapshot in snapshots:
        _add(content, _of_snapshot(snapshot))
    _add(content, {f"reports/{path.name}": given(path) for path in reports})
    for evaluation in evaluations:
        for one in evaluation.inputs:
            content[f"people/{one.kind}/{one.name}"] = one.content
    for path in files:
        _add(content, {f"files/{path.name}": given(path)})
    content[LETTER] = bundle_pages.letter(snapshots, evaluations, list(content)).encode()
    content[PAGE] = bundle_pages.index(snapshots, evaluations, _facts(content)).encode()
    content[INDEX] = json.dumps(_statement(snapshots, evaluations, content), indent=1, ensure_ascii=True).encode()
    content[SUMS] = "".join(f"{digest}  {name}\n" for name, (digest, _) in _facts(content).items()).encode()
    return packed(content)


def bundle_findings(path: Path) -> Findings:
    """Verify a bundle by its own index: which files are missing, added, changed. Raises `UsageError` for what is no
    bundle, or is made to do harm."""
    archive = Archive(path)
    named = _named(path, archive.read(INDEX))
    sums = {name: archive.digest(name)[0] for name in archive.names}
    wrong = [f"{name} is missing." for name in sorted(named.keys() - sums.keys())]
    wrong += [f"{name} was added: {INDEX} does not name it." for name in
              sorted(sums.keys() - named.keys() - {INDEX, SUMS})]
    wrong += [f"{name} was changed: its SHA-256 is not the one in {INDEX}."
              for name in sorted(named.keys() & sums.keys()) if named[name] != sums[name]]
    expected = "".join(f"{digest}  {name}\n" for name, digest in sorted({**named, INDEX: sums[INDEX]}.items()))
    if SUMS not in sums:
        wrong.append(f"{SUMS} is missing.")
    elif archive.read(SUMS) != expected.encode():
        wrong.append(f"{SUMS} does not have the digests that {INDEX} has.")
    return Findings(wrong, len(named))


def is_bundle(path: Path) -> bool:
    """True if a file begins as an archive does."""
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PK\x03\x04"
    except OSError:
        return False


def _named(path: Path, index: bytes) -> dict[str, str]:
    """The digests of a bundle's index by name. Raises `UsageError`."""
    try:
        found = msgspec.json.decode(index, type=_Statement)
        named = {subject.name: subject.digest["sha256"] for subject in found.subject}
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{path}: {INDEX} is no index of a bundle: {error}. Use another copy.") from None
    if found.predicateType != TYPE or len(named) != len(found.subject):
        raise UsageError(f"{path}: {INDEX} is no index of a bundle of this version, or names a file twice.")
    return named


class _Subject(msgspec.Struct):
    name: str
    digest: dict[str, str]


class _Statement(msgspec.Struct):
    predicateType: str
    subject: list[_Subject]


def _statement(snapshots: list[Snapshot], evaluations: list[Evaluation],
               content: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "_type": STATEMENT, "predicateType": TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, (digest, _) in _facts(content).items()],
        "predicate": {
            "auditkit": VERSION,
            "snapshots": [{"cluster": snapshot.manifest.cluster, "cluster_uid": snapshot.manifest.cluster_uid,
                           "observed": snapshot.manifest.as_of, "digest": snapshot.digest} for snapshot in snapshots],
            "frameworks": [{"framework": each.framework.framework, "version": each.framework.version,
                            "snapshot": each.snapshot.digest, "statuses": each.statuses} for each in evaluations],
        }}


def _of_snapshot(snapshot: Snapshot) -> dict[str, bytes]:
    """The files of a snapshot, its stored verdicts, its signatures, and the entries of the chain of its store."""
    if snapshot.path is None:
        raise UsageError("A snapshot that was not written cannot be bundled. Write it first.")
    place, cluster = snapshot.path.resolve(), snapshot.path.resolve().parent
    bring(place)
    found = {f"snapshots/{cluster.name}/{place.name}/{name}": given(place / name)
             for name in ("manifest.json", *snapshot.manifest.files)}
    beside = {f"{chain.VERDICTS}/{snapshot.digest}": "*", chain.FOLDER: "*",
              chain.SIGNATURES: f"{snapshot.digest[:DIGITS]}.*"}
    for folder, names in beside.items():
        for path in sorted((cluster / folder).glob(names)):
            if path.is_file() and not path.name.startswith("."):
                found[f"snapshots/{cluster.name}/{folder}/{path.name}"] = given(path)
    return found


def _add(content: dict[str, bytes], found: Mapping[str, bytes]) -> None:
    for name, value in found.items():
        if content.get(name, value) != value:
            raise UsageError(f"Two different files would be {name} in the bundle. Rename one.")
        content[name] = value


def _facts(content: Mapping[str, bytes]) -> dict[str, tuple[str, int]]:
    """The SHA-256 and the size of each file, sorted by name."""
    return {name: (hashlib.sha256(content[name]).hexdigest(), len(content[name])) for name in sorted(content)}
