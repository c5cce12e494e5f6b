"""Evidence cannot be changed unnoticed: each kind of change in a store has a finding that names it."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from chains import chain_of, written
from command_line import auditkit

from auditkit.api.evaluating import evaluate
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot
from auditkit.snapshots.verifying import Verification, verify_stored


@pytest.fixture
def store(tmp_path: Path) -> Path:
    chain_of(tmp_path / "store", 4)
    return tmp_path / "store"


def folders(store: Path) -> list[Path]:
    return sorted((store / "acme").glob("2*"))


def said(found: Verification) -> list[tuple[str, str]]:
    return [(Path(each.place).name, each.what) for each in found.wrong]


def changed(path: Path, at: int, mask: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= mask
    path.write_bytes(content)


def test_nothing_is_wrong_with_what_was_written(store: Path) -> None:
    found = verify_stored(store)
    assert not found.findings
    assert (found.snapshots, found.files, found.chains) == (4, 8, {str(store / "acme"): 4})
    assert found.bytes == sum(path.stat().st_size for path in store.rglob("*.parquet"))


@pytest.mark.parametrize("mask", [1, 0x80])
def test_each_byte_of_a_manifest_counts(tmp_path: Path, mask: int) -> None:
    path = chain_of(tmp_path, 1)[0] / "manifest.json"
    good = path.read_bytes()
    for at in range(len(good)):
        changed(path, at, mask)
        assert any(each.place == str(path) for each in verify_stored(tmp_path).wrong), at
        path.write_bytes(good)


def test_each_byte_of_an_entry_of_the_chain_counts(store: Path) -> None:
    path = store / "acme" / "chain" / "000002.json"
    good = path.read_bytes()
    for at in range(len(good)):
        changed(path, at)
        wrong = {Path(each.place).name for each in verify_stored(store).wrong}
        assert wrong & {"000002.json", "000003.json"}, at
        path.write_bytes(good)


def test_each_byte_of_a_table_counts(store: Path) -> None:
    path = folders(store)[1] / "namespaces.parquet"
    good, places = path.read_bytes(), set()
    for at in range(len(good)):
        changed(path, at)
        [finding] = verify_stored(store).wrong
        assert finding.place == str(path) and "the table namespaces was changed: " in finding.what
        places.add(finding.what.split(": ")[1])
        path.write_bytes(good)
    assert "row group 1 of 1, column name." in places
    assert any("footer" in each for each in places)


def forged(folder: Path, change: Callable[[dict], None]) -> Path:
    """A snapshot whose manifest was changed and whose folder was renamed to fit."""
    document = json.loads((folder / "manifest.json").read_text())
    change(document)
    content = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True).encode()
    (folder / "manifest.json").write_bytes(content)
    return folder.rename(folder.with_name(f"{folder.name[:17]}{hashlib.sha256(content).hexdigest()[:12]}"))


def test_a_missing_snapshot_is_named(store: Path) -> None:
    gone = folders(store)[2]
    shutil.rmtree(gone)
    assert said(verify_stored(store)) == [
        (gone.name, "the snapshot is missing: entry 000003 of the chain has it.")]


def test_a_snapshot_taken_away_with_its_entry_is_named(store: Path) -> None:
    gone = folders(store)[1]
    shutil.rmtree(gone)
    (store / "acme/chain/000002.json").unlink()
    assert said(verify_stored(store)) == [("000002.json", "the entry of the chain is missing.")]


def test_the_first_snapshot_taken_away_with_its_entry_is_named(store: Path) -> None:
    shutil.rmtree(folders(store)[0])
    chain = store / "acme" / "chain"
    for number in range(1, 4):
        (chain / f"{number + 1:06}.json").rename(chain / f"{number:06}.json")
    [(place, what)] = said(verify_stored(store))
    assert place == "000001.json" and "what stood before it was taken away" in what


def test_an_entry_that_was_taken_from_the_middle_of_a_chain_is_named(store: Path) -> None:
    shutil.rmtree(folders(store)[1])
    chain = store / "acme" / "chain"
    for number in (2, 3):
        (chain / f"{number + 1:06}.json").rename(chain / f"{number:06}.json")
    [(place, what)] = said(verify_stored(store))
    assert place == "000002.json" and "as the snapshot before it" in what


def test_entries_that_changed_places_are_named(store: Path) -> None:
    chain = store / "acme" / "chain"
    second, third = ((chain / f"{number:06}.json").read_bytes() for number in (2, 3))
    (chain / "000002.json").write_bytes(third)
    (chain / "000003.json").write_bytes(second)
    assert [place for place, _ in said(verify_stored(store))] == ["000002.json", "000003.json", "000004.json"]


def test_what_else_is_among_the_entries_is_named(store: Path) -> None:
    (store / "acme" / "chain" / "2.json").write_text("{}")
    assert said(verify_stored(store)) == [("2.json", "auditkit did not write this file.")]


def test_an_entry_of_another_cluster_is_named(store: Path, tmp_path: Path) -> None:
    foreign = written(tmp_path / "elsewhere", 9, uid="uid-2")
    shutil.copy(foreign / "manifest.json", store / "acme" / "chain" / "000005.json")
    found = [what for place, what in said(verify_stored(store)) if place == "000005.json"]
    assert "the entry is of acme (UID uid-2), and the one before it of acme (UID uid-1)." in found


def test_a_chain_that_was_taken_away_is_named(store: Path) -> None:
    shutil.rmtree(store / "acme" / "chain")
    assert len(said(verify_stored(store))) == 3, "all but the first name the one before them"


def test_verdicts_that_this_installation_did_not_seal_are_a_note(acme: Snapshot, tmp_path: Path) -> None:
    snapshot = open_snapshot(acme.apart().write(tmp_path))
    evaluate(snapshot, "nsa-cisa")
    assert not verify_stored(tmp_path).findings
    file = next(path for path in sorted(tmp_path.rglob("verdicts/*/*")) if path.suffix == ".parquet")
    changed(file, 60)
    [note] = verify_stored(tmp_path).findings
    assert (note.severity, note.place) == ("note", str(file.parent))
    assert note.what == "1 file of verdicts without the seal of this installation: not used to judge."


def test_an_inserted_snapshot_is_named(store: Path, tmp_path: Path) -> None:
    foreign = written(tmp_path / "elsewhere", 9)
    shutil.copytree(foreign, store / "acme" / foreign.name)
    [(place, what)] = said(verify_stored(store))
    assert place == foreign.name and "it was put in: the chain of its cluster does not have it" in what


def test_a_redated_snapshot_is_named_with_what_differs(store: Path) -> None:
    folder = folders(store)[1]
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace("2026-03-02T02:00:00Z", "2026-02-01T02:00:00Z"))
    found = said(verify_stored(store))
    assert any("differs from entry 000002 of the chain in: ended, ledger, started" in what for _, what in found)


def test_a_redated_snapshot_in_a_renamed_folder_is_named(store: Path) -> None:
    old = folders(store)[1].name
    new = forged(folders(store)[1], lambda document: document.update(started="2026-02-01T02:00:00Z"))
    found = dict(said(verify_stored(store)))
    assert "it was put in" in found[new.name] and "is missing: entry 000002" in found[old]


def test_a_redated_snapshot_with_its_entry_breaks_the_next(store: Path) -> None:
    new = forged(folders(store)[1], lambda document: document.update(started="2026-02-01T02:00:00Z"))
    shutil.copy(new / "manifest.json", store / "acme/chain/000002.json")
    found = dict(said(verify_stored(store)))
    assert "as the snapshot before it" in found["000003.json"]


def test_a_table_taken_away_with_its_line_is_named(store: Path) -> None:
    folder = folders(store)[3]
    (folder / "nodes.parquet").unlink()
    path = folder / "manifest.json"
    document = json.loads(path.read_text())
    del document["files"]["nodes.parquet"]
    path.write_text(json.dumps(document, indent=1, sort_keys=True))
    found = said(verify_stored(store))
    assert any("entry 000004 of the chain in: nodes.parquet, which was taken away." in what for _, what in found)
    assert ("nodes.parquet", "the table nodes is missing.") in found


def test_a_missing_table_and_one_that_is_not_listed_are_named(store: Path) -> None:
    folder = folders(store)[0]
    (folder / "nodes.parquet").rename(folder / "pods.parquet")
    assert [place for place, _ in said(verify_stored(store))] == ["nodes.parquet", "pods.parquet"]


def test_a_renamed_folder_is_named(store: Path) -> None:
    folder = folders(store)[0]
    renamed = folder.rename(folder.with_name("last-year"))
    found = verify_stored(store)
    assert {str(renamed / "manifest.json"), str(folder)} == {each.place for each in found.wrong}


def test_a_folder_of_another_time_is_named_also_by_itself(store: Path) -> None:
    old = folders(store)[1]
    new = old.rename(old.with_name(f"20990101T000000Z-{old.name[17:]}"))
    assert said(verify_stored(new)) == [(new.name, f"the folder was renamed: by its manifest it is {old.name}.")]
    assert {place for place, _ in said(verify_stored(store))} == {new.name, old.name}


@pytest.mark.parametrize("name", ["../../outside.parquet", "/dev/zero", "..", "nodes.parquet/../../x", "\x1b[2J.parquet"])
def test_a_manifest_that_leads_out_of_its_folder_is_named_and_not_followed(store: Path, name: str) -> None:
    (store / "outside.parquet").write_text("x")
    new = forged(folders(store)[3], lambda document: document["files"].update({name: hashlib.sha256(b"x").hexdigest()}))
    shutil.copy(new / "manifest.json", store / "acme/chain/000004.json")
    [(place, what)] = said(verify_stored(store))
    assert place == "manifest.json" and what.endswith("which is no table: it was put in.") and "\x1b" not in what


def test_a_fork_is_named(store: Path, tmp_path: Path) -> None:
    chain = store / "acme" / "chain"
    for path in (store / "acme").glob("chain/00000[34].json"):
        path.unlink()
    for folder in folders(store)[2:]:
        shutil.move(folder, tmp_path)
    written(store, 8)
    for folder in tmp_path.glob("2*"):
        shutil.move(folder, store / "acme")
    assert len(list(chain.iterdir())) == 3
    assert [what.split(":")[0] for _, what in said(verify_stored(store))] == ["it was put in", "it was put in"]


def test_a_second_chain_of_a_cluster_is_named(store: Path) -> None:
    shutil.copytree(store / "acme", store / "zacme")
    [(place, what)] = said(verify_stored(store))
    assert place == "zacme" and "one cluster has one chain" in what


def test_a_clock_that_went_back_is_a_note(tmp_path: Path) -> None:
    for day in (5, 2):
        written(tmp_path, day)
    [note] = verify_stored(tmp_path).findings
    assert note.severity == "note" and "a clock was set back" in note.what


def test_one_snapshot_is_verified_with_its_entry(store: Path) -> None:
    found = verify_stored(folders(store)[1])
    assert not found.findings and found.snapshots == 1
    changed(folders(store)[1] / "manifest.json", 5)
    assert any("entry 000002" in what for _, what in said(verify_stored(folders(store)[1])))


def test_the_command_says_what_is_wrong_and_ends_with_1(store: Path) -> None:
    good = auditkit("verify", store)
    assert good.returncode == 0 and "chain of acme 1 to 4: nothing is wrong." in good.stdout
    changed(folders(store)[1] / "namespaces.parquet", 40)
    bad = auditkit("verify", store, "--format", "json")
    assert bad.returncode == 1
    assert json.loads(bad.stdout)["findings"][0]["severity"] == "wrong"
    nothing = auditkit("verify", store / "acme" / "chain")
    assert nothing.returncode == 2 and "neither a store nor a snapshot" in nothing.stderr
