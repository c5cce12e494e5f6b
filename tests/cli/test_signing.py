"""`auditkit keys`, `auditkit sign`, and what `auditkit verify` says of signatures."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from authority import Authority, serving
from chains import chain_of
from command_line import HOUSE, auditkit
from report_worlds import framework, pod, snapshot

import auditkit as library
from auditkit.api import reporting
from auditkit.errors import MissingDependency, UsageError
from auditkit.evaluation.evaluation import evaluate
from auditkit.exports.archive import Archive
from auditkit.exports.bundle import bundle
from auditkit.reports.report_findings import UNKNOWN_MAKER


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with a key of an auditor, one of a stranger, and a store of two snapshots."""
    for name in ("audit", "stranger"):
        assert auditkit("keys", "new", tmp_path / f"{name}.key").returncode == 0
    chain_of(tmp_path / "store", 2)
    return tmp_path


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    made = snapshot(pod("bad", privileged=True))
    made.write(tmp_path_factory.mktemp("store"))
    return bundle([made], [evaluate(made, framework())])


def signatures(house: Path) -> list[Path]:
    return sorted((house / "store" / "acme" / "signatures").iterdir())


def test_a_new_key_is_shown_and_its_secret_is_not(tmp_path: Path) -> None:
    done = auditkit("keys", "new", tmp_path / "audit.key")
    secret = (tmp_path / "audit.key").read_text().splitlines()[1]
    key_id, public = done.stdout.split()
    assert (done.returncode, public, len(key_id)) == (0, str(tmp_path / "audit.pub"), 64)
    assert stat.S_IMODE((tmp_path / "audit.key").stat().st_mode) == 0o600
    for shown in (auditkit("keys", "show", tmp_path / name) for name in ("audit.key", "audit.pub")):
        assert shown.stdout.split()[0] == key_id
    pem = auditkit("keys", "show", tmp_path / "audit.key", "--pem")
    assert pem.stdout == (tmp_path / "audit.pub").read_text()
    assert all(secret not in each.stdout + each.stderr for each in (done, pem))
    again = auditkit("keys", "new", tmp_path / "audit.key")
    assert again.returncode == 2 and "a key is never overwritten" in again.stderr


def test_a_store_is_signed_and_verified(house: Path) -> None:
    done = auditkit("sign", house / "store", "--key", house / "audit.key")
    assert done.returncode == 0 and sorted(done.stdout.splitlines()) == [str(path) for path in signatures(house)]
    found = auditkit("verify", house / "store", "--trust", house / "audit.pub")
    lines = found.stdout.splitlines()
    assert found.returncode == 0 and len(lines) == 3 and lines[-1].endswith("nothing is wrong.")
    assert all(line.startswith("signed: ") and ": by audit.pub (key " in line for line in lines[:2])
    document = json.loads(auditkit("verify", house / "store", "--trust", house / "audit.pub", "--format", "json").stdout)
    assert [each["severity"] for each in document["findings"]] == ["signed", "signed"]


def test_one_snapshot_is_signed_alone(house: Path) -> None:
    one, other = sorted((house / "store" / "acme").glob("2*"))
    assert auditkit("sign", one, "--key", house / "audit.key").returncode == 0
    assert len(signatures(house)) == 1
    assert auditkit("verify", one, "--trust", house / "audit.pub").returncode == 0
    found = auditkit("verify", house / "store", "--trust", house / "audit.pub")
    assert found.returncode == 1 and f"wrong: {other}: it is not signed." in found.stdout


def test_a_foreign_signature_is_named(house: Path) -> None:
    auditkit("sign", house / "store", "--key", house / "stranger.key")
    found = auditkit("verify", house / "store", "--trust", house / "audit.pub")
    assert found.returncode == 1 and found.stdout.count("a foreign signature: ") == 2
    both = auditkit("verify", house / "store", "--trust", house / "audit.pub", "--trust", house / "stranger.pub")
    assert both.returncode == 0 and "by stranger.pub (key " in both.stdout


def test_without_trust_a_signature_is_a_note(house: Path) -> None:
    before = auditkit("verify", house / "store")
    assert len(before.stdout.splitlines()) == 1
    auditkit("sign", house / "store", "--key", house / "audit.key")
    found = auditkit("verify", house / "store")
    assert found.returncode == 0 and found.stdout.count("which nobody named as trusted (--trust).") == 2


def test_what_was_changed_is_not_signed(house: Path) -> None:
    table = next((house / "store").rglob("namespaces.parquet"))
    table.write_bytes(table.read_bytes()[:-1])
    done = auditkit("sign", house / "store", "--key", house / "audit.key")
    assert done.returncode == 2 and "Nothing was signed, since" in done.stderr and str(table) in done.stderr
    assert not (house / "store" / "acme" / "signatures").exists()


def test_time_stamps_of_a_server_say_when(house: Path) -> None:
    clock = Authority(house / "tsa")
    with serving(clock.answer) as (url, asked):
        done = auditkit("sign", house / "store", "--key", house / "audit.key", "--timestamp-url", url)
        assert done.returncode == 0 and len(asked) == 2
        auditkit("sign", house / "store", "--key", house / "audit.key", "--timestamp-url", url)
        assert len(asked) == 2
    assert [path.suffix for path in signatures(house)] == [".json", ".tsr"] * 2
    trust = "--trust", house / "audit.pub", "--tsa-ca"
    found = auditkit("verify", house / "store", *trust, clock.ca)
    assert found.returncode == 0 and found.stdout.count("UTC by an authority of CN=Clock CA.") == 2
    other = auditkit("verify", house / "store", *trust, Authority(house / "other").ca)
    assert other.returncode == 1 and other.stdout.count("its time stamp proves nothing") == 2
    alone = auditkit("verify", house / "store", "--tsa-ca", clock.ca)
    assert alone.returncode == 0 and alone.stdout.count("which nobody named as trusted (--trust)") == 2


def test_an_authority_that_is_not_there_leaves_nothing_behind(house: Path) -> None:
    done = auditkit("sign", house / "store", "--key", house / "audit.key", "--timestamp-url", "http://127.0.0.1:1/")
    assert done.returncode == 2 and "gave no time stamp: the connection was refused" in done.stderr
    assert signatures(house) == []


def test_a_bundle_is_signed_beside_itself(house: Path, packed: bytes) -> None:
    path = house / "bundle.zip"
    path.write_bytes(packed)
    unsigned = auditkit("verify", path, "--trust", house / "audit.pub")
    assert unsigned.returncode == 1 and f"wrong: {path}: it is not signed." in unsigned.stdout
    done = auditkit("sign", path, "--key", house / "audit.key")
    assert done.stdout.startswith(f"{path}.") and done.stdout.endswith(".dsse.json\n")
    found = auditkit("verify", path, "--trust", house / "audit.pub")
    assert found.returncode == 0 and f"signed: {path}: by audit.pub (key " in found.stdout
    assert "a foreign signature" in auditkit("verify", path, "--trust", house / "stranger.pub").stdout
    assert "which nobody named as trusted" in auditkit("verify", path).stdout


def test_signatures_are_handed_over_with_their_snapshots(house: Path) -> None:
    made = [snapshot(pod(name)) for name in ("one", "two")]
    folders = [each.write(house / "other") for each in made]
    for folder in folders:
        auditkit("sign", folder, "--key", house / "audit.key")
    (house / "bundle.zip").write_bytes(bundle(made[:1], []))
    archive = Archive(house / "bundle.zip")
    assert [name.rsplit("/", 1)[1].split(".")[0] for name in archive.names if "/signatures/" in name] == [
        folders[0].name[-12:]]
    archive.unfold(house / "unfolded")
    found = auditkit("verify", house / "unfolded" / "snapshots", "--trust", house / "audit.pub")
    assert found.stdout.count("signed: ") == 1 and "it is not signed" not in found.stdout


@pytest.mark.parametrize("command", [["sign", "--key", "audit.key"], ["verify", "--trust", "audit.pub"]])
@pytest.mark.parametrize("thing", ["notes.txt", "store/acme/chain", "nothing"])
def test_what_has_no_signatures_is_refused(house: Path, command: list[str], thing: str) -> None:
    (house / "notes.txt").write_text("hello")
    verb, option, key = command
    done = auditkit(verb, house / thing, option, house / key)
    assert done.returncode == 2 and done.stdout == "" and "auditkit: " in done.stderr


@pytest.mark.parametrize(("option", "name", "said"), [
    ("--trust", "audit.key", "has a private key"), ("--trust", "store", "is a folder"), ("--trust", "none", "does not exist"),
    ("--trust", "empty", "is no public key"), ("--tsa-ca", "audit.pub", "no certificates in PEM"),
    ("--tsa-ca", "empty", "no certificates in PEM")])
def test_what_proves_nothing_is_refused_and_not_passed_over(house: Path, option: str, name: str, said: str) -> None:
    (house / "empty").write_text("")
    done = auditkit("verify", house / "store", option, house / name)
    assert done.returncode == 2 and said in done.stderr and done.stdout == ""


@pytest.mark.parametrize("given", [{"trust": ""}, {"trust": ["audit.pub", ""]}, {"tsa_ca": ""}, {"trust": "", "tsa_ca": ""}])
def test_an_empty_name_is_refused_and_not_taken_for_none(house: Path, given: dict) -> None:
    given = {**given, "trust": [house / each if each else "" for each in given["trust"]]} if isinstance(
        given.get("trust"), list) else given
    with pytest.raises(UsageError, match="is a folder"):
        library.verify(house / "store", **given)


def test_a_passphrase_comes_from_a_file(house: Path) -> None:
    (house / "word").write_text("correct horse\n")
    assert auditkit("keys", "new", house / "kept.key", "--passphrase-file", house / "word").returncode == 0
    without = auditkit("sign", house / "store", "--key", house / "kept.key")
    assert without.returncode == 2 and "is encrypted" in without.stderr
    assert auditkit("sign", house / "store", "--key", house / "kept.key",
                    AUDITKIT_SIGN_PASSPHRASE_FILE=str(house / "word")).returncode == 0
    assert auditkit("verify", house / "store", "--trust", house / "kept.pub").returncode == 0


def test_a_key_that_others_can_read_is_told(house: Path) -> None:
    (house / "audit.key").chmod(0o644)
    done = auditkit("sign", house / "store", "--key", house / "audit.key")
    assert done.returncode == 0 and "Every user of this computer can read" in done.stderr


def test_without_the_packages_signatures_are_told_not_verified(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    auditkit("sign", house / "store", "--key", house / "audit.key")
    for name in [name for name in sys.modules if name.startswith("auditkit.base.signing.") and "beside" not in name]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(MissingDependency, match=r"pip install 'auditkit\[signing\]'"):
        library.verify(house / "store", trust=house / "audit.pub")
    found = library.verify(house / "store")
    assert found.wrong == [] and "its signatures were not verified. Signatures need the package" in found.findings[0].what


def test_without_signatures_no_package_for_them_is_loaded(house: Path) -> None:
    code = ("import sys; from auditkit.cli.main import app; app(sys.argv[1:], standalone_mode=False); "
            "print([name for name in ('securesystemslib', 'rfc3161_client', 'urllib3') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code, "verify", str(house / "store")], cwd=HOUSE, capture_output=True,
                          text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


@pytest.mark.slow
def test_a_signed_report_has_a_maker_that_is_known(house: Path) -> None:
    made = snapshot(pod("bad", privileged=True))
    made.write(house / "other")
    report = next(path for path in reporting.report(made, "pss-baseline", house / "reports") if path.suffix == ".ipynb")
    assert UNKNOWN_MAKER in auditkit("verify", report).stdout
    assert auditkit("sign", report, "--key", house / "audit.key").returncode == 0
    assert UNKNOWN_MAKER in auditkit("verify", report).stdout
    found = auditkit("verify", report, "--trust", house / "audit.pub")
    assert found.returncode == 0 and f"signed: {report}: by audit.pub" in found.stdout
    assert UNKNOWN_MAKER not in found.stdout


def test_the_functions_are_public(house: Path) -> None:
    made = library.sign(house / "store", house / "audit.key")
    assert sorted(made) == signatures(house)
    assert [each.severity for each in library.verify(house / "store", trust=house / "audit.pub").findings] == ["signed"] * 2
    assert library.verify(house / "store", trust=[house / "stranger.pub"]).wrong != []
