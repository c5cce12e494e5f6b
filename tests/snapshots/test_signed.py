"""Signed snapshots and files: who signed and when is told, and each kind of change is a finding that names it."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from authority import Authority
from chains import chain_of, written
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditkit.base.signing import envelopes, keys, stamps
from auditkit.base.signing.detached import Trust
from auditkit.errors import SignatureError, TimeStampError
from auditkit.snapshots import signed
from auditkit.snapshots.history import snapshots
from auditkit.snapshots.verifying import NOTE, SIGNED, WRONG, Verification, verify_stored


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("clock") / "tsa")


def new(name: str) -> keys.PrivateKey:
    made = keys.PrivateKey(Ed25519PrivateKey.generate())
    made.name = name
    return made


@pytest.fixture(scope="module")
def key() -> keys.PrivateKey:
    return new("audit.pub")


@pytest.fixture(scope="module")
def stranger() -> keys.PrivateKey:
    return new("stranger.pub")


@pytest.fixture
def stamp(clock: Authority) -> Callable[[bytes], bytes]:
    return lambda content: clock.answer(stamps.request(content).encoded)


@pytest.fixture
def store(tmp_path: Path, key: keys.PrivateKey) -> Path:
    """Three signed snapshots."""
    for folder in chain_of(tmp_path / "store", 3):
        signed.sign_snapshot(folder, key)
    return tmp_path / "store"


def folders(store: Path) -> list[Path]:
    return sorted((store / "acme").glob("2*"))


def signature(folder: Path, key: keys.PrivateKey, ending: str = ".dsse.json") -> Path:
    return folder.parent / "signatures" / f"{folder.name[-12:]}.{key.id[:16]}{ending}"


def found(path: Path, *trusted: keys.PublicKey, clock: Authority | None = None) -> dict[str, list[tuple[str, str]]]:
    """What is said of the signatures alone, by severity: the name of the place, and the sentence."""
    said = Verification()
    signed.signature_findings(path, Trust(trusted, stamps.authorities(clock.ca) if clock else None), said)
    return {severity: [(Path(each.place).name, each.what) for each in said.findings if each.severity == severity]
            for severity in (WRONG, NOTE, SIGNED)}


def changed(path: Path, at: int = -20) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def test_each_snapshot_says_who_signed_it(store: Path, key: keys.PrivateKey) -> None:
    said = found(store, key)
    assert said == {WRONG: [], NOTE: [], SIGNED: [
        (folder.name, f"by audit.pub (key {key.id[:16]}).") for folder in folders(store)]}
    assert found(store / "acme", key) == said
    assert found(folders(store)[1], key)[SIGNED] == [said[SIGNED][1]]


def test_signatures_are_no_snapshots_and_no_clusters(store: Path) -> None:
    assert verify_stored(store).findings == []
    (store / "acme" / "signatures" / "old").mkdir()
    shutil.copy(folders(store)[0] / "manifest.json", store / "acme" / "signatures" / "old")
    shutil.copytree(folders(store)[0], store / "acme" / "signatures" / folders(store)[0].name)
    _, broken = snapshots(store)
    assert len(broken) == 3 and all("lists" in str(each) or "does not list" in str(each) for each in broken)
    assert verify_stored(store).findings == []
    written(store, 3)
    assert len(folders(store)) == 4 and verify_stored(store).chains == {str(store / "acme"): 4}


def test_nothing_is_added_to_the_folder_of_a_snapshot(store: Path) -> None:
    assert {path.suffix for folder in folders(store) for path in folder.iterdir()} == {".parquet", ".json"}
    assert [path.name for folder in folders(store) for path in folder.glob("*.json")] == ["manifest.json"] * 3


def test_a_snapshot_without_a_signature_is_a_finding(store: Path, key: keys.PrivateKey) -> None:
    signature(folders(store)[1], key).unlink()
    said = found(store, key)
    assert said[WRONG] == [(folders(store)[1].name, "it is not signed.")] and len(said[SIGNED]) == 2


def test_a_foreign_signature_is_a_finding(store: Path, key: keys.PrivateKey, stranger: keys.PrivateKey) -> None:
    said = found(store, stranger)
    assert [place for place, _ in said[WRONG]] == [signature(folder, key).name for folder in folders(store)]
    assert all(what.startswith("a foreign signature: ") and key.id in what for _, what in said[WRONG])
    assert said[SIGNED] == []


def test_a_foreign_signature_beside_a_right_one_is_a_finding_too(store: Path, key: keys.PrivateKey,
                                                                 stranger: keys.PrivateKey) -> None:
    signed.sign_snapshot(folders(store)[0], stranger)
    said = found(store, key)
    assert [place for place, _ in said[WRONG]] == [signature(folders(store)[0], stranger).name]
    assert len(said[SIGNED]) == 3
    assert found(store, key, stranger)[WRONG] == []


def test_without_a_trusted_key_a_signature_is_a_note(store: Path, key: keys.PrivateKey) -> None:
    said = found(store)
    assert said[WRONG] == said[SIGNED] == []
    assert said[NOTE] == [(folder.name, f"it says that it is signed by the key {key.id[:16]}, which nobody named as "
                                        "trusted (--trust).") for folder in folders(store)]


def test_a_store_without_signatures_has_nothing_to_be_said_of_them(tmp_path: Path) -> None:
    chain_of(tmp_path, 2)
    assert not signed.has_signatures(tmp_path)
    assert found(tmp_path) == {WRONG: [], NOTE: [], SIGNED: []}


def test_a_manifest_that_was_changed_after_signing_is_found(store: Path, key: keys.PrivateKey) -> None:
    changed(folders(store)[2] / "manifest.json")
    for trusted in ((key,), ()):
        [(place, what)] = found(store, *trusted)[WRONG]
        assert place == signature(folders(store)[2], key).name
        assert what.startswith(f"the signature is of other bytes of {folders(store)[2].name}/manifest.json")


@pytest.mark.parametrize("broken", ["not JSON", "missing", "a folder"])
def test_a_signature_is_verified_where_the_manifest_cannot_be_read(store: Path, key: keys.PrivateKey,
                                                                   broken: str) -> None:
    """Against the manifest that the chain has; bytes that are there and no manifest are other bytes."""
    manifest = folders(store)[1] / "manifest.json"
    manifest.unlink()
    if broken == "not JSON":
        manifest.write_text("{")
    elif broken == "a folder":
        manifest.mkdir()
    said = found(store, key)
    if broken == "not JSON":
        assert "of other bytes" in said[WRONG][0][1] and len(said[SIGNED]) == 2
    else:
        assert said[WRONG] == [] and len(said[SIGNED]) == 3
        changed(store / "acme" / "chain" / "000002.json")
        assert len(found(store, key)[WRONG]) == 1


def test_a_signature_that_was_moved_to_another_snapshot_is_found(store: Path, key: keys.PrivateKey) -> None:
    one, other = folders(store)[:2]
    shutil.copy(signature(one, key), signature(other, key))
    assert found(store, key)[WRONG] == [(signature(other, key).name, (
        f"the signature is not of {other.name}/manifest.json, but of {one.name}/manifest.json."))]


def test_the_signature_of_a_snapshot_that_was_taken_away_with_its_entry_is_found(store: Path,
                                                                                 key: keys.PrivateKey) -> None:
    """Digests alone do not show this: no later snapshot names the newest."""
    last = folders(store)[2]
    shutil.rmtree(last)
    (store / "acme" / "chain" / "000003.json").unlink()
    assert verify_stored(store).findings == []
    said = found(store, key)
    assert said[WRONG] == [(signature(last, key).name, f"what was signed is not here: {last.name}/manifest.json.")]
    assert (last.name[-12:], f"by audit.pub (key {key.id[:16]}).") in said[SIGNED]
    assert found(store)[WRONG] == said[WRONG]


def test_the_signature_of_a_missing_snapshot_is_verified_against_the_chain(store: Path, key: keys.PrivateKey) -> None:
    shutil.rmtree(folders(store)[0])
    said = found(store, key)
    assert said[WRONG] == [] and len(said[SIGNED]) == 3
    changed(store / "acme" / "chain" / "000001.json")
    assert len(found(store, key)[WRONG]) == 1


def test_whoever_computes_all_digests_anew_is_found(store: Path, key: keys.PrivateKey) -> None:
    """The newest snapshot is written anew with other tables: its chain is whole, and its signature is missing."""
    last = folders(store)[2]
    shutil.rmtree(last)
    (store / "acme" / "chain" / "000003.json").unlink()
    forged = written(store, 2, rows=1)
    assert forged.name != last.name and verify_stored(store).findings == []
    said = found(store, key)[WRONG]
    assert (forged.name, "it is not signed.") in said
    assert (signature(last, key).name, f"what was signed is not here: {last.name}/manifest.json.") in said
    shutil.copy(signature(last, key), signature(forged, key))
    assert (signature(forged, key).name, (f"the signature is not of {forged.name}/manifest.json, but of "
                                          f"{last.name}/manifest.json.")) in found(store, key)[WRONG]


def test_each_byte_of_a_signature_counts(tmp_path: Path, key: keys.PrivateKey) -> None:
    [folder] = chain_of(tmp_path, 1)
    path = signed.sign_snapshot(folder, key)
    good = path.read_bytes()
    for at in range(len(good)):
        changed(path, at)
        said = found(tmp_path, key)
        assert [place for place, _ in said[WRONG]] == [path.name] and said[SIGNED] == [], at
        path.write_bytes(good)


def test_what_is_no_signature_beside_the_signatures_is_a_finding(store: Path, key: keys.PrivateKey) -> None:
    (store / "acme" / "signatures" / "notes.dsse.json").write_text("hello")
    (store / "acme" / "signatures" / ".partial-x").write_text("")
    (store / "acme" / "signatures" / f"{'0' * 12}.{'0' * 16}.dsse.json").write_text("hello")
    assert found(store, key)[WRONG] == [("notes.dsse.json", "auditkit did not write this file."), (
        f"{'0' * 12}.{'0' * 16}.dsse.json", "it is no DSSE envelope: it was cut short or changed.")]


def test_signing_again_changes_nothing(store: Path, key: keys.PrivateKey) -> None:
    before = {path: path.read_bytes() for path in store.rglob("*") if path.is_file()}
    assert signed.sign_snapshot(folders(store)[0], key) == signature(folders(store)[0], key)
    assert {path: path.read_bytes() for path in store.rglob("*") if path.is_file()} == before


def test_a_signature_that_was_changed_is_not_replaced(store: Path, key: keys.PrivateKey) -> None:
    path = signature(folders(store)[0], key)
    changed(path)
    before = path.read_bytes()
    with pytest.raises(SignatureError, match="is there already, and is not the signature that this key makes"):
        signed.sign_snapshot(folders(store)[0], key)
    assert path.read_bytes() == before


def test_a_time_stamp_says_when(tmp_path: Path, key: keys.PrivateKey, clock: Authority, stamp) -> None:
    [folder] = chain_of(tmp_path, 1)
    path = signed.sign_snapshot(folder, key, stamp)
    time = stamps.claimed(signature(folder, key, ".tsr").read_bytes(), path.read_bytes())
    assert found(tmp_path, key, clock=clock) == {WRONG: [], NOTE: [], SIGNED: [(folder.name, (
        f"by audit.pub (key {key.id[:16]}), time-stamped on {time:%Y-%m-%d %H:%M:%S} UTC by an authority of "
        "CN=Clock CA."))]}
    assert found(tmp_path, key)[NOTE] == [(folder.name, (
        f"its time stamp says {time:%Y-%m-%d %H:%M:%S} UTC, by an authority that nobody named as trusted (--tsa-ca)."))]


def test_the_first_time_stamp_stays(tmp_path: Path, key: keys.PrivateKey, stamp) -> None:
    [folder] = chain_of(tmp_path, 1)
    signed.sign_snapshot(folder, key)
    asked: list[bytes] = []
    for _ in range(2):
        path = signed.sign_snapshot(folder, key, lambda content: asked.append(content) or stamp(content))
    assert asked == [path.read_bytes()]


def test_where_no_time_stamp_is_to_be_had_nothing_is_signed(tmp_path: Path, key: keys.PrivateKey) -> None:
    def none(content: bytes) -> bytes:
        raise TimeStampError("no")

    [folder] = chain_of(tmp_path, 1)
    with pytest.raises(TimeStampError):
        signed.sign_snapshot(folder, key, none)
    assert list((tmp_path / "acme" / "signatures").iterdir()) == []


def test_a_signature_without_a_time_stamp_is_a_finding_where_one_is_wanted(store: Path, key: keys.PrivateKey,
                                                                           clock: Authority) -> None:
    said = found(store, key, clock=clock)
    assert said[WRONG] == [(signature(folder, key).name, "it has no time stamp: nothing proves when it was signed.")
                           for folder in folders(store)]
    assert len(said[SIGNED]) == 3
    shutil.rmtree(store / "acme" / "signatures")
    assert [what for _, what in found(store, clock=clock)[WRONG]] == ["it is not signed."] * 3


def test_each_kind_of_wrong_time_stamp_is_named(tmp_path: Path, key: keys.PrivateKey, clock: Authority, stamp) -> None:
    one, other = chain_of(tmp_path / "store", 2)
    for folder in (one, other):
        signed.sign_snapshot(folder, key, stamp)
    path = signature(one, key, ".tsr")
    good, elsewhere = path.read_bytes(), Authority(tmp_path / "elsewhere")

    def said(content: bytes) -> str:
        path.write_bytes(content)
        here = found(one, key, clock=clock)
        assert [place for place, _ in here[WRONG]] == [signature(one, key).name] and "time-stamped" not in here[SIGNED][0][1]
        return here[WRONG][0][1]

    changed_bit = bytearray(good)
    changed_bit[-1] ^= 1
    assert said(bytes(changed_bit)) == ("its time stamp proves nothing: no authority that you trust made the time stamp, "
                                        "or it was changed.")
    assert said(elsewhere.answer(stamps.request(signature(one, key).read_bytes()).encoded)) == said(bytes(changed_bit))
    assert "the time stamp is of other bytes" in said(signature(other, key, ".tsr").read_bytes())
    assert "it is no time stamp of RFC 3161" in said(good[:-1])
    assert "was rejected" in said(clock.answer(b"no request"))
    path.write_bytes(good)
    assert found(one, key, clock=clock)[WRONG] == []


def test_a_time_stamp_of_which_the_signature_was_taken_away_is_a_finding(tmp_path: Path, key: keys.PrivateKey,
                                                                         stamp) -> None:
    [folder] = chain_of(tmp_path, 1)
    signed.sign_snapshot(folder, key, stamp).unlink()
    assert found(tmp_path, key)[WRONG] == [(signature(folder, key).name, (
        "the signature was taken away: only its time stamp is here."))]


def test_a_file_is_signed_beside_itself(tmp_path: Path, key: keys.PrivateKey, stranger: keys.PrivateKey, clock: Authority,
                                        stamp) -> None:
    path = tmp_path / "report (1).pdf"
    path.write_bytes(b"report")
    (tmp_path / "report (1).pdf.txt").write_text("another")
    assert signed.sign_file(path, key, stamp) == tmp_path / f"report (1).pdf.{key.id[:16]}.dsse.json"
    said = found(path, key, clock=clock)
    assert said[WRONG] == said[NOTE] == [] and said[SIGNED][0][1].startswith("by audit.pub (key ")
    assert found(path, stranger)[WRONG][0][1].startswith("a foreign signature")
    path.write_bytes(b"other")
    assert "of other bytes of report (1).pdf" in found(path, key)[WRONG][0][1]
    moved = path.rename(tmp_path / "moved.pdf")
    assert found(moved, key)[WRONG] == [("moved.pdf", "it is not signed.")]


def test_the_statement_has_the_digest_of_the_manifest(store: Path, key: keys.PrivateKey) -> None:
    folder = folders(store)[0]
    statement = envelopes.verify(signature(folder, key).read_bytes(), [key]).statement
    assert [(each.name, each.digest) for each in statement.subject] == [(f"{folder.name}/manifest.json", {
        "sha256": hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()})]
    assert statement.predicate_type == signed.KIND
