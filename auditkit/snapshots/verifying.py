"""Whether a store, the folder of a cluster or one snapshot is as it was written, and where it is not.

Everything is told by digests: a folder's name has that of its manifest, the manifest those of its files and of the
manifest before it, and the chain has every manifest again (`auditkit.snapshots.chain`). Whoever may write in a store
can compute all of them anew for its newest snapshot: only a signature, or a report that names the digest, shows that.
"""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from auditkit.base import files
from auditkit.base.hostile_text import count, one_line
from auditkit.base.seal import same, seal
from auditkit.base.undecodable import UNDECODABLE
from auditkit.base.whole import PARTIAL
from auditkit.errors import SnapshotError
from auditkit.snapshots import chain
from auditkit.snapshots.chain import SNAPSHOT, Link
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.row_groups import damaged
from auditkit.snapshots.store import TABLE, read_manifest

WRONG, NOTE, SIGNED = "wrong", "note", "signed"


@dataclass(frozen=True)
class Finding:
    """What is not as it was written (``severity`` is ``wrong``), worth knowing (``note``), or proven by a signature of
    somebody who is trusted (``signed``), and where."""

    place: str
    what: str
    severity: str = WRONG


@dataclass
class Verification:
    """What verifying found, and how much was verified. ``chains`` has, by the folder of a cluster, how many snapshots
    its chain has."""

    findings: list[Finding] = field(default_factory=list)
    snapshots: int = 0
    files: int = 0
    bytes: int = 0
    chains: dict[str, int] = field(default_factory=dict)

    @property
    def wrong(self) -> list[Finding]:
        """The findings of what is not as it was written."""
        return [each for each in self.findings if each.severity == WRONG]

    def add(self, place: Path, what: str, severity: str = WRONG) -> None:
        """Another finding."""
        self.findings.append(Finding(str(place), what, severity))


def verify_stored(path: Path) -> Verification:
    """Verify a store, the folder of a cluster, or one snapshot; all that is wrong is found, not only the first.

    Raises `SnapshotError` where there is nothing to verify.
    """
    found = Verification()
    if is_snapshot(path):
        _cluster(path.resolve().parent, found, only=path)
        return found
    held = clusters(path)
    if not held:
        raise SnapshotError(f"{path} is neither a store nor a snapshot. Give the folder of one, or a report or bundle.")
    whose: dict[tuple[str, str], Path] = {}
    for cluster in held:
        which = _cluster(cluster, found)
        if which and which in whose:
            found.add(cluster, f"a second chain of the cluster that {whose[which]} is of: one cluster has one chain.")
        elif which:
            whose[which] = cluster
    return found


def is_snapshot(path: Path) -> bool:
    """True for the folder of a snapshot, also of one whose manifest is missing."""
    return (path / "manifest.json").exists() or SNAPSHOT.fullmatch(path.resolve().name) is not None


def clusters(root: Path) -> list[Path]:
    """The folders of clusters: those with a chain or a snapshot."""
    held = set()
    for folder, names, _ in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith(PARTIAL))
        if any(name == chain.FOLDER or SNAPSHOT.fullmatch(name) for name in names):
            held.add(Path(folder))
        names[:] = [name for name in names if not SNAPSHOT.fullmatch(name)
                    and name not in chain.BESIDE]
    return sorted(held)


def _cluster(cluster: Path, found: Verification, only: Path | None = None) -> tuple[str, str] | None:
    """Verify the chain of a cluster and its snapshots, or ``only`` one of them and its entry; returns whose it is."""
    links = _links(cluster, Verification() if only else found)
    if links and not only:
        found.chains[str(cluster)] = len(links)
    entered = {link.digest: link for link in links}
    present = set()
    for folder in [only] if only else folders(cluster):
        present.add(folder.resolve().name)
        _snapshot(folder, links, entered, found)
    if only:
        return None
    for link in links:
        if link.folder and link.folder not in present:
            found.add(cluster / link.folder, f"the snapshot is missing: entry {link.number:06} of the chain has it.")
    _verify_verdicts(cluster, found)
    return next((link.manifest.which for link in links if link.manifest), None)


def folders(cluster: Path) -> list[Path]:
    """The folders of the snapshots of a cluster."""
    return [path for path in sorted(cluster.iterdir()) if path.is_dir() and not path.name.startswith(PARTIAL)
            and (SNAPSHOT.fullmatch(path.name) or (path / "manifest.json").exists())]


def _links(cluster: Path, found: Verification) -> list[Link]:
    """The entries of a chain; what is wrong with them and their order is added."""
    numbers, links = chain.numbers(cluster), []
    for missing in sorted(set(range(1, max(numbers, default=0) + 1)) - set(numbers)):
        found.add(chain.entry(cluster, missing), "the entry of the chain is missing.")
    for name in _strange(cluster, numbers):
        found.add(cluster / chain.FOLDER / name, "auditkit did not write this file.")
    for number in numbers:
        path = chain.entry(cluster, number)
        try:
            links.append(Link(number, files.content(path)))
        except OSError as error:
            found.add(path, files.unreadable(path, error))
    before: Link | None = None
    for link in links:
        _follows(cluster, before, link, found)
        before = link
    return links


def _strange(cluster: Path, numbers: list[int]) -> list[str]:
    """What else is in the folder of a chain."""
    try:
        return sorted({each.name for each in (cluster / chain.FOLDER).iterdir() if not each.name.startswith(PARTIAL)}
                      - {chain.entry(cluster, number).name for number in numbers})
    except OSError:
        return []


def _follows(cluster: Path, before: Link | None, link: Link, found: Verification) -> None:
    """Whether an entry continues the one before it."""
    path, manifest = chain.entry(cluster, link.number), link.manifest
    if manifest is None:
        found.add(path, "the entry of the chain was changed: it is no manifest.")
        return
    if link.number == 1 and manifest.previous != "":
        found.add(path, "the first entry of the chain names a snapshot before it "
                        f"({(manifest.previous or 'none')[:12]}): what stood before it was taken away.")
    if before is None or link.number != before.number + 1:
        return
    if manifest.previous != before.digest:
        found.add(path, f"the entry names {(manifest.previous or 'none')[:12]} as the snapshot before it, and that is "
                        f"{before.digest[:12]}: one of the two was changed, put in, or took the place of another.")
    if before.manifest and before.manifest.which != manifest.which:
        found.add(path, f"the entry is of {manifest.called}, and the one before it of {before.manifest.called}.")
    if before.manifest and manifest.started < before.manifest.started:
        found.add(path, f"it was collected on {manifest.started:%Y-%m-%d %H:%M:%S} UTC, before the snapshot that the "
                        "chain has before it: a clock was set back.", NOTE)


def _snapshot(folder: Path, links: list[Link], entered: dict[str, Link], found: Verification) -> None:
    """Verify one snapshot: its manifest, its place in the chain, and its files."""
    found.snapshots += 1
    path = folder / "manifest.json"
    try:
        manifest, digest = read_manifest(folder)
    except SnapshotError as error:
        found.add(path, str(error).removeprefix(f"{path} "))
        for link in links:
            if link.manifest and link.folder == folder.name:
                found.add(path, _compared(folder, link))
                _files(folder, link.manifest, found)
        return
    if folder.resolve().name != (named := manifest.folder_of(digest)):
        found.add(folder, f"the folder was renamed: by its manifest it is {named}.")
    if digest not in entered:
        if manifest.previous is None:
            found.add(folder, "it was written before there were chains: its name and its digests prove it, but nothing "
                              "proves that no snapshot beside it is missing.", NOTE)
        elif links or manifest.previous:
            found.add(folder, "it was put in: the chain of its cluster does not have it. Or its writer was "
                              "interrupted: then the next collection enters it.")
        else:
            found.add(folder, "it stands alone: its cluster has no chain here.", NOTE)
    _files(folder, manifest, found)


def _compared(folder: Path, entry: Link) -> str:
    """In what a manifest differs from its entry in the chain."""
    try:
        now = msgspec.json.decode(files.content(folder / "manifest.json"))
        then = msgspec.json.decode(entry.content)
    except (OSError, *UNDECODABLE):
        return f"entry {entry.number:06} of the chain has it as it was written."
    differing = [name for name in sorted({*now, *then}) if now.get(name) != then.get(name) and name != "files"]
    listed = [found.get("files") or {} for found in (now, then)] if isinstance(now, dict) else [{}, {}]
    differing += [f"the digest of {name}" if name in listed[0] and name in listed[1] else
                  f"{name}, which was {'added' if name in listed[0] else 'taken away'}"
                  for name in sorted({*listed[0], *listed[1]}) if listed[0].get(name) != listed[1].get(name)]
    return (f"it differs from entry {entry.number:06} of the chain in: {', '.join(differing[:10]) or 'its spelling'}"
            f"{' and more' if len(differing) > 10 else ''}.")


def _files(folder: Path, manifest: Manifest, found: Verification) -> None:
    """Verify the files of a snapshot."""
    for name, digest in manifest.files.items():
        path = folder / name
        if not TABLE.fullmatch(name):  # it may lead out of the folder
            found.add(folder / "manifest.json", f"it lists {one_line(name)[:100]!r}, which is no table: it was put in.")
            continue
        try:
            content = files.content(path)
        except FileNotFoundError:
            found.add(path, f"the table {path.stem} is missing.")
            continue
        except OSError as error:
            found.add(path, files.unreadable(path, error))
            continue
        found.files += 1
        found.bytes += len(content)
        if hashlib.sha256(content).hexdigest() != digest:
            found.add(path, f"the table {path.stem} was changed: {damaged(content)}.")
    for name in sorted(each.name for each in folder.iterdir() if each.suffix == ".parquet"):
        if name not in manifest.files:
            found.add(folder / name, "the manifest does not list this table: it was put in, or its line taken away.")


def _verify_verdicts(cluster: Path, found: Verification) -> None:
    """Notes on verdicts that this installation did not write: they are not believed, and judged anew."""
    strange: Counter[Path] = Counter()
    for path in sorted((cluster / chain.VERDICTS).glob("*/*-*.*")):
        try:
            ours = same(seal(files.content(path))[:32], path.stem.rpartition("-")[2])
        except OSError:
            ours = False
        strange[path.parent] += not ours
    for folder, number in strange.items():
        if number:
            found.add(folder, f"{count(number, 'file')} of verdicts without the seal of this installation: not used to "
                              "judge.", NOTE)
