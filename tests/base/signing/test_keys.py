"""Keys in files as OpenSSL writes and reads them; the private one is for its owner only and never printed."""

import hashlib
import os
import stat
import subprocess
from pathlib import Path

import pytest

from auditkit.base.signing import keys
from auditkit.errors import UsageError


def openssl(*arguments: object, content: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, input=content).stdout


def test_a_new_key_is_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        key, public = keys.new_key(tmp_path / "audit.key")
    finally:
        os.umask(before)
    assert public == tmp_path / "audit.pub"
    assert stat.S_IMODE((tmp_path / "audit.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(public.stat().st_mode) == 0o644
    assert sorted(each.name for each in tmp_path.iterdir()) == ["audit.key", "audit.pub"]
    assert keys.private_key(tmp_path / "audit.key").id == key.id == keys.public_keys([public])[0].id
    assert keys.exposed(tmp_path / "audit.key") == ""


def test_openssl_reads_the_keys_and_computes_the_same_id(tmp_path: Path) -> None:
    key, public = keys.new_key(tmp_path / "audit.key")
    assert hashlib.sha256(openssl("pkey", "-pubin", "-in", public, "-outform", "DER")).hexdigest() == key.id
    assert openssl("pkey", "-in", tmp_path / "audit.key", "-pubout") == public.read_bytes() == key.pem()


def test_keys_of_openssl_are_read(tmp_path: Path) -> None:
    (tmp_path / "audit.key").write_bytes(openssl("genpkey", "-algorithm", "ed25519"))
    assert keys.private_key(tmp_path / "audit.key").pem() == openssl("pkey", "-in", tmp_path / "audit.key", "-pubout")


def test_nothing_secret_is_in_the_words_for_a_key(tmp_path: Path) -> None:
    key, _ = keys.new_key(tmp_path / "audit.key")
    secret = key.private.private_bytes_raw()
    assert secret.hex() not in repr(key) and str(vars(key)).count("PRIVATE") == 0


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    keys.new_key(tmp_path / "audit.key")
    before = (tmp_path / "audit.key").read_bytes()
    with pytest.raises(UsageError, match="a key is never overwritten"):
        keys.new_key(tmp_path / "audit.key")
    (tmp_path / "audit.key").unlink()
    with pytest.raises(UsageError, match=r"audit\.pub exists"):
        keys.new_key(tmp_path / "audit.key")
    with pytest.raises(UsageError, match="both the private and the public key"):
        keys.new_key(tmp_path / "other.pub")
    assert before and not (tmp_path / "audit.key").exists()


def test_a_passphrase_keeps_the_key(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("correct horse\n")
    (tmp_path / "wrong").write_text("battery staple\n")
    key, _ = keys.new_key(tmp_path / "audit.key", keys.passphrase(tmp_path / "word"))
    assert b"ENCRYPTED" in (tmp_path / "audit.key").read_bytes()
    assert keys.private_key(tmp_path / "audit.key", tmp_path / "word").id == key.id
    with pytest.raises(UsageError, match="is encrypted"):
        keys.private_key(tmp_path / "audit.key")
    with pytest.raises(UsageError, match="is not its own"):
        keys.private_key(tmp_path / "audit.key", tmp_path / "wrong")
    keys.new_key(tmp_path / "plain.key")
    with pytest.raises(UsageError, match="needs no passphrase"):
        keys.private_key(tmp_path / "plain.key", tmp_path / "word")


@pytest.mark.parametrize("text", ["", "\n", "\r\nsecond line", "x" * 1024])
def test_a_file_without_a_passphrase_never_means_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "word").write_text(text)
    with pytest.raises(UsageError, match="has no passphrase on its first line"):
        keys.passphrase(tmp_path / "word")


@pytest.mark.parametrize(("algorithm", "said"), [
    ("rsa", r"another kind \(RSA\)"), ("x25519", r"another kind \(X25519\)"), ("ec", r"another kind \(EC")])
def test_other_keys_are_refused(tmp_path: Path, algorithm: str, said: str) -> None:
    more = ["-pkeyopt", "ec_paramgen_curve:P-256"] if algorithm == "ec" else []
    (tmp_path / "other.key").write_bytes(openssl("genpkey", "-algorithm", algorithm, *more))
    (tmp_path / "other.pub").write_bytes(openssl("pkey", "-in", tmp_path / "other.key", "-pubout"))
    with pytest.raises(UsageError, match=said):
        keys.private_key(tmp_path / "other.key")
    with pytest.raises(UsageError, match="another kind"):
        keys.public_keys([tmp_path / "other.pub"])


def test_the_wrong_half_of_a_key_is_refused(tmp_path: Path) -> None:
    _, public = keys.new_key(tmp_path / "audit.key")
    with pytest.raises(UsageError, match="is a public key, which cannot sign"):
        keys.private_key(public)
    with pytest.raises(UsageError, match="has a private key, which only the signer should have"):
        keys.public_keys([tmp_path / "audit.key"])


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                                     b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some"
    path.write_bytes(content)
    for read in (keys.private_key, lambda path: keys.public_keys([path])):
        with pytest.raises(UsageError, match=r"some (is|has)"):
            read(path)


def test_several_public_keys_in_one_file_all_count(tmp_path: Path) -> None:
    made = [keys.new_key(tmp_path / f"{year}.key")[0] for year in (2025, 2026)]
    (tmp_path / "all.pub").write_bytes(b"".join(key.pem() for key in made))
    assert [key.id for key in keys.public_keys([tmp_path / "all.pub", tmp_path / "2025.pub"])] == [key.id for key in made]


def test_a_key_that_others_can_read_is_told(tmp_path: Path) -> None:
    keys.new_key(tmp_path / "audit.key")
    (tmp_path / "audit.key").chmod(0o644)
    assert "chmod 600" in keys.exposed(tmp_path / "audit.key")
