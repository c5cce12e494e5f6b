"""Signatures: DSSE envelopes around in-toto statements, signed with Ed25519.

An envelope is accepted only if a key that was given signed it; the key's id inside is a name and proves nothing. It
must also have exactly the bytes that auditkit writes: JSON and base64 allow many spellings of the same envelope, and a
changed byte shall never go unnoticed.

Source: Dead Simple Signing Envelope v1.0 (https://github.com/secure-systems-lab/dsse).
"""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._crypto_signer import CryptoSigner
from securesystemslib.signer._key import Key, SSlibKey
from securesystemslib.signer._signature import Signature

from auditkit.base.signing.keys import PrivateKey, PublicKey
from auditkit.base.signing.statements import PAYLOAD_TYPE, STATEMENT, Statement
from auditkit.base.undecodable import UNDECODABLE
from auditkit.errors import AlteredAfterSigning, ForeignSignature, NotSigned


class _Signature(msgspec.Struct, forbid_unknown_fields=True):
    keyid: str
    sig: bytes


class _Envelope(msgspec.Struct, forbid_unknown_fields=True):
    payload: bytes
    payloadType: str
    signatures: list[_Signature]


class Verified(NamedTuple):
    """What was signed, and the id of the trusted key that signed it."""

    statement: Statement
    key_id: str


def sign(statement: Statement, key: PrivateKey) -> bytes:
    """An envelope with the statement and its signature. The same statement and key give the same bytes."""
    envelope = Envelope(statement.encoded(), PAYLOAD_TYPE, {})
    signature = envelope.sign(CryptoSigner(key.private, _known(key)))
    return msgspec.json.encode(_Envelope(envelope.payload, PAYLOAD_TYPE, [
        _Signature(key.id, bytes.fromhex(signature.signature))]))


def verify(envelope: bytes, trusted: Sequence[PublicKey]) -> Verified:
    """What an envelope says, if a trusted key signed it.

    Raises `NotSigned`, `ForeignSignature` where no trusted key is named in it, and `AlteredAfterSigning`.
    """
    read = _read(envelope)
    keys: list[Key] = [_known(key) for key in trusted]
    for signature in read.signatures:
        if signer := _signer(read, signature, keys):
            return Verified(_statement(read), signer)
    ids = key_ids(envelope)
    if any(key.id in ids for key in trusted):
        raise AlteredAfterSigning("the signature does not fit what is signed: one of them was changed after signing")
    raise ForeignSignature(f"a foreign signature: it says that it is signed with the key "
                           f"{' and '.join(each[:64] for each in ids[:3])}, which is not one that you trust")


def claimed(envelope: bytes) -> Verified:
    """What an envelope says, and with which key it says that it is signed: no proof. Raises as `verify` does."""
    return Verified(_statement(_read(envelope)), key_ids(envelope)[0])


def key_ids(envelope: bytes) -> list[str]:
    """With which keys an envelope says that it is signed: hostile text, and no proof. Raises as `verify` does."""
    return list(dict.fromkeys(each.keyid for each in _read(envelope).signatures))


def _read(envelope: bytes) -> _Envelope:
    try:
        read = msgspec.json.decode(envelope, type=_Envelope)
        same = msgspec.json.encode(read) == envelope
    except UNDECODABLE:
        raise AlteredAfterSigning("it is no DSSE envelope: it was cut short or changed") from None
    if not same:
        raise AlteredAfterSigning("the envelope does not have the bytes that auditkit writes: it was changed after "
                                  "signing")
    if read.payloadType != PAYLOAD_TYPE:
        raise AlteredAfterSigning(f"it has a payload of the type {read.payloadType[:100]!r}, not {PAYLOAD_TYPE}: "
                                  "auditkit did not sign it")
    if not read.signatures:
        raise NotSigned("the envelope has no signature")
    return read


def _signer(read: _Envelope, signature: _Signature, keys: list[Key]) -> str:
    """The id of the trusted key that made a signature; empty where none of them did.

    Each signature is looked at alone: the library keeps only one for each key's id, so that a wrong one could stand
    before a right one.
    """
    if not keys:
        return ""
    alone = Envelope(read.payload, read.payloadType, {"": Signature(signature.keyid, signature.sig.hex())})
    try:
        [signer] = alone.verify(keys, 1)
    except VerificationError:
        return ""
    return signer


def _statement(read: _Envelope) -> Statement:
    try:
        found = msgspec.json.decode(read.payload, type=Statement)
    except UNDECODABLE:
        raise AlteredAfterSigning("what is signed is no in-toto statement of auditkit") from None
    if found.type != STATEMENT:
        raise AlteredAfterSigning(f"what is signed is a statement of the type {found.type[:100]!r}, not {STATEMENT}")
    return found


def _known(key: PublicKey) -> SSlibKey:
    return SSlibKey.from_crypto(key.key, keyid=key.id)
