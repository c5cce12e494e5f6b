"""Keys that sign: Ed25519, in files as OpenSSL writes and reads them.

The private key is PKCS#8 in PEM, if wanted under a passphrase; the public one is SubjectPublicKeyInfo in PEM. A key's
id is the SHA-256 of the public key in DER, so that anybody can compute it without auditkit::

    openssl pkey -pubin -in audit.pub -outform DER | sha256sum
"""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from auditkit.base import files
from auditkit.base.whole import workspace, write_durably
from auditkit.errors import UsageError

_PUBLIC = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----", re.DOTALL)
_PRIVATE = b"PRIVATE KEY-----"
_LONGEST = 1023
"""Bytes of a passphrase that OpenSSL takes."""
_OTHERS = 0o007
"""The permissions of those who are neither the owner of a file nor of its group."""


class PublicKey:
    """A key that proves signatures. ``id`` names it; ``name`` is that of its file, for people."""

    def __init__(self, key: Ed25519PublicKey, name: str = ""):
        self.key, self.name = key, name
        der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.id = hashlib.sha256(der).hexdigest()

    def pem(self) -> bytes:
        """The content of its file."""
        return self.key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


class PrivateKey(PublicKey):
    """A key that signs. Nothing but `pem` tells what must stay secret of it."""

    def __init__(self, private: Ed25519PrivateKey):
        super().__init__(private.public_key())
        self.private = private

    def private_pem(self, passphrase: bytes = b"") -> bytes:
        """The content of its file, encrypted if there is a passphrase."""
        encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def new_key(path: Path, passphrase: bytes = b"") -> tuple[PrivateKey, Path]:
    """Make a key: the private one at this path, for its owner only, and beside it ``NAME.pub``; returns the key and the
    path of the public one. Raises `UsageError` where one of them is there already: a key is never overwritten."""
    key, public = PrivateKey(Ed25519PrivateKey.generate()), path.with_suffix(".pub")
    if path == public:
        raise UsageError(f"{path} would be both the private and the public key. Give another name, such as "
                         f"{path.with_suffix('.key')}.")
    if there := [each for each in (path, public) if os.path.lexists(each)]:
        raise UsageError(f"{there[0]} exists, and a key is never overwritten: what it signed could no longer be "
                         "verified. Give another name.")
    try:
        with workspace(path.parent) as space:
            for target, content, mode in ((path, key.private_pem(passphrase), 0o600), (public, key.pem(), 0o644)):
                (space / target.name).touch(mode)
                write_durably(space / target.name, content)
                os.link(space / target.name, target)  # unlike a move, it never replaces what another process made
    except OSError as error:
        raise UsageError(files.unwritable(path, error)) from None
    return key, public


def passphrase(path: Path | None) -> bytes:
    """The passphrase of a file, which is its first line; empty where there is no file. Raises `UsageError`."""
    if path is None:
        return b""
    found = files.given(path).partition(b"\n")[0].rstrip(b"\r")
    if not 0 < len(found) <= _LONGEST:
        raise UsageError(f"{path} has no passphrase on its first line, or one of more than {_LONGEST} bytes.")
    return found


def is_private(path: Path) -> bool:
    """True for a file that has a private key. Raises `UsageError` where it cannot be read."""
    return _PRIVATE in files.given(path)


def private_key(path: Path, passphrase_file: Path | None = None) -> PrivateKey:
    """The private key of a file, and of the file that has its passphrase. Raises `UsageError`."""
    content, secret = files.given(path), passphrase(passphrase_file)
    if _PUBLIC.search(content):
        raise UsageError(f"{path} is a public key, which cannot sign. Give the private key that belongs to it.")
    try:
        key = serialization.load_pem_private_key(content, secret or None)
    except TypeError:
        raise UsageError(f"{path} needs no passphrase, but one was given: leave it out." if secret else
                         f"The private key {path} is encrypted. Give the file with its passphrase "
                         "(--passphrase-file, or AUDITKIT_SIGN_PASSPHRASE_FILE).") from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{path} is no private key in PEM, or the passphrase in {passphrase_file} is not its own."
                         if secret else
                         f"{path} is no private key in PEM. `auditkit keys new` makes one.") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} is {_kind(key)}, and auditkit signs with Ed25519. `auditkit keys new` makes one.")
    return PrivateKey(key)


def public_keys(paths: Iterable[Path]) -> list[PublicKey]:
    """The public keys of files; a file may have several, such as all of the past years. Raises `UsageError`."""
    found = {key.id: key for path in paths for key in _public_keys(path)}
    return list(found.values())


def _public_keys(path: Path) -> list[PublicKey]:
    content = files.given(path)
    if _PRIVATE in content:
        raise UsageError(f"{path} has a private key, which only the signer should have. Give the public key.")
    if not (blocks := _PUBLIC.findall(content)):
        raise UsageError(f"{path} is no public key in PEM (-----BEGIN PUBLIC KEY-----). `auditkit keys show KEY --pem` "
                         "prints that of a private key.")
    return [_public_key(path, block) for block in blocks]


def _public_key(path: Path, block: bytes) -> PublicKey:
    try:
        key = serialization.load_pem_public_key(block)
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError(f"{path} has a public key that cannot be read: it was cut short or changed.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} is {_kind(key)}, and auditkit's signatures are Ed25519. Give the signer's key.")
    return PublicKey(key, path.name)


def exposed(path: Path) -> str:
    """A sentence where users of this computer other than the owner and the group of a private key can use its file."""
    mode = path.stat().st_mode
    return (f"Every user of this computer can read or replace the private key {path}. Run chmod 600 {path}, and make "
            "a new key if others may have read it." if mode & _OTHERS else "")


def _kind(key: object) -> str:
    """What sort of key it is, from the name of its class: ``an RSA key``."""
    name = type(key).__name__.removeprefix("_").removesuffix("PrivateKey").removesuffix("PublicKey")
    return f"a key of another kind ({name})"
