"""DSSE envelopes around in-toto statements: accepted from a trusted key, and only as they were written."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from auditkit.base.signing import envelopes, keys
from auditkit.base.signing.statements import PAYLOAD_TYPE, statement
from auditkit.errors import AlteredAfterSigning, ForeignSignature, NotSigned, SignatureError

CONTENT = b"evidence"


@pytest.fixture(scope="module")
def key() -> keys.PrivateKey:
    return keys.PrivateKey(Ed25519PrivateKey.generate())


@pytest.fixture(scope="module")
def other() -> keys.PrivateKey:
    return keys.PrivateKey(Ed25519PrivateKey.generate())


@pytest.fixture(scope="module")
def envelope(key: keys.PrivateKey) -> bytes:
    return envelopes.sign(statement("urn:test", {"a.txt": CONTENT}, {}), key)


def signed_by_hand(payload: bytes, key: keys.PrivateKey, kind: str = PAYLOAD_TYPE) -> bytes:
    """An envelope as the specification has it, without the library."""
    signature = key.private.sign(b"DSSEv1 %d %b %d %b" % (len(kind), kind.encode(), len(payload), payload))
    return json.dumps({"payload": base64.b64encode(payload).decode(), "payloadType": kind, "signatures": [
        {"keyid": key.id, "sig": base64.b64encode(signature).decode()}]}, separators=(",", ":")).encode()


def test_an_envelope_is_what_the_specification_says(key: keys.PrivateKey, envelope: bytes) -> None:
    payload = base64.b64decode(json.loads(envelope)["payload"])
    assert envelope == signed_by_hand(payload, key)
    assert json.loads(payload) == {
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "urn:test", "predicate": {},
        "subject": [{"name": "a.txt", "digest": {"sha256": hashlib.sha256(CONTENT).hexdigest()}}]}


def test_the_same_statement_and_key_give_the_same_bytes(key: keys.PrivateKey, envelope: bytes) -> None:
    assert envelopes.sign(statement("urn:test", {"a.txt": CONTENT}, {}), key) == envelope


def test_a_trusted_key_proves_it(key: keys.PrivateKey, other: keys.PrivateKey, envelope: bytes) -> None:
    found = envelopes.verify(envelope, [other, key])
    assert found.key_id == key.id
    found.statement.verify_subject("a.txt", CONTENT)
    assert envelopes.claimed(envelope) == found


def test_another_key_makes_a_foreign_signature(key: keys.PrivateKey, other: keys.PrivateKey, envelope: bytes) -> None:
    with pytest.raises(ForeignSignature, match=f"^a foreign signature: .*{key.id}"):
        envelopes.verify(envelope, [other])
    with pytest.raises(ForeignSignature):
        envelopes.verify(envelope, [])


def test_a_stranger_who_takes_the_id_of_a_trusted_key_is_found(key: keys.PrivateKey, other: keys.PrivateKey,
                                                               envelope: bytes) -> None:
    payload = base64.b64decode(json.loads(envelope)["payload"])
    posed = signed_by_hand(payload, other).replace(other.id.encode(), key.id.encode())
    with pytest.raises(AlteredAfterSigning, match="does not fit what is signed"):
        envelopes.verify(posed, [key])


def test_a_statement_of_other_bytes_or_names_is_found(key: keys.PrivateKey, envelope: bytes) -> None:
    found = envelopes.verify(envelope, [key]).statement
    with pytest.raises(AlteredAfterSigning, match="of other bytes of a.txt"):
        found.verify_subject("a.txt", b"other")
    with pytest.raises(AlteredAfterSigning, match="not of b.txt, but of a.txt"):
        found.verify_subject("b.txt", CONTENT)


def test_each_bit_of_an_envelope_counts(key: keys.PrivateKey, envelope: bytes) -> None:
    for place in range(len(envelope)):
        for bit in range(8):
            changed = bytearray(envelope)
            changed[place] ^= 1 << bit
            with pytest.raises(SignatureError):
                envelopes.verify(bytes(changed), [key])


@pytest.mark.parametrize("respelled", [
    lambda text: text.replace(b'"payloadType"', b' "payloadType"'), lambda text: text + b"\n",
    lambda text: text.replace(b'"keyid"', b'"\\u006beyid"'), lambda text: b"\xef\xbb\xbf" + text,
    lambda text: text.replace(b'"signatures":[', b'"signatures":[],"signatures":[')])
def test_another_spelling_of_an_envelope_is_found(key: keys.PrivateKey, envelope: bytes, respelled) -> None:
    assert respelled(envelope) != envelope
    with pytest.raises(AlteredAfterSigning):
        envelopes.verify(respelled(envelope), [key])


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"_type":"https://in-toto.io/Statement/v1"}', b"\xff", b"[" * 5000])
def test_what_a_trusted_key_signed_must_be_a_statement(key: keys.PrivateKey, payload: bytes) -> None:
    with pytest.raises(AlteredAfterSigning):
        envelopes.verify(signed_by_hand(payload, key), [key])


def test_another_kind_of_payload_is_refused(key: keys.PrivateKey, envelope: bytes) -> None:
    payload = base64.b64decode(json.loads(envelope)["payload"])
    with pytest.raises(AlteredAfterSigning, match="auditkit did not sign it"):
        envelopes.verify(signed_by_hand(payload, key, "text/plain"), [key])
    other = payload.replace(b"Statement/v1", b"Statement/v9")
    with pytest.raises(AlteredAfterSigning, match="Statement/v9"):
        envelopes.verify(signed_by_hand(other, key), [key])


def test_an_envelope_without_signatures_is_not_signed(key: keys.PrivateKey, envelope: bytes) -> None:
    read = json.loads(envelope)
    with pytest.raises(NotSigned):
        envelopes.verify(json.dumps({**read, "signatures": []}, separators=(",", ":")).encode(), [key])


def test_a_wrong_signature_before_a_right_one_hides_nothing(key: keys.PrivateKey, other: keys.PrivateKey,
                                                            envelope: bytes) -> None:
    read = json.loads(envelope)
    wrong = {**read["signatures"][0], "sig": base64.b64encode(bytes(64)).decode()}
    both = json.dumps({**read, "signatures": [wrong, *read["signatures"]]}, separators=(",", ":")).encode()
    assert envelopes.verify(both, [other, key]).key_id == key.id


def test_rubbish_is_refused_with_a_sentence(key: keys.PrivateKey) -> None:
    for content in (b"", b"null", b"{}", b"\xff\xfe", b"[" * 100_000, b'{"payload":1}'):
        with pytest.raises(AlteredAfterSigning):
            envelopes.verify(content, [key])
