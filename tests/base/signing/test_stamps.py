"""Time stamps of a real authority: what proves a time, what does not, and what one changed bit does."""

import datetime as dt
from pathlib import Path

import pytest
from authority import Authority, certificate, elliptic, long_prime
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from auditkit.base.signing import stamps
from auditkit.errors import TimeStampError, UsageError

CONTENT = b"a signature"
ALGORITHMS = {elliptic: bytes.fromhex("06082a8648ce3d040302"), long_prime: bytes.fromhex("06092a864886f70d010101")}
"""What a stamp says of the way in which it was signed, in DER: ecdsa-with-SHA256 and rsaEncryption."""


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("clock") / "tsa")


@pytest.fixture(scope="module")
def stamp(clock: Authority) -> bytes:
    return clock.answer(stamps.request(CONTENT).encoded)


def der(one: x509.Certificate) -> bytes:
    return one.public_bytes(Encoding.DER)


def refused(stamp: bytes, ca: Path, content: bytes = CONTENT) -> str:
    with pytest.raises(TimeStampError) as error:
        stamps.verify(stamp, content, stamps.authorities(ca))
    return str(error.value)


def test_a_stamp_proves_when_its_bytes_were_there(clock: Authority, stamp: bytes) -> None:
    proven = stamps.verify(stamp, CONTENT, stamps.authorities(clock.ca))
    assert abs(dt.datetime.now(dt.UTC) - proven.time) < dt.timedelta(minutes=10)
    assert proven.issuer == "CN=Clock CA"
    assert stamps.claimed(stamp, CONTENT) == proven.time


def test_a_stamp_of_other_bytes_proves_nothing(clock: Authority, stamp: bytes) -> None:
    assert refused(stamp, clock.ca, b"another signature").startswith("the time stamp is of other bytes")
    with pytest.raises(TimeStampError, match="of other bytes"):
        stamps.claimed(stamp, b"another signature")


def test_a_stamp_of_another_authority_of_the_same_name_proves_nothing(stamp: bytes, tmp_path: Path) -> None:
    assert refused(stamp, Authority(tmp_path / "tsa").ca).startswith("no authority that you trust made the time stamp")


def test_a_stamp_over_another_digest_is_refused(clock: Authority) -> None:
    asked = TimestampRequestBuilder().data(CONTENT).hash_algorithm(HashAlgorithm.SHA512).build()
    assert refused(clock.answer(asked.as_bytes()), clock.ca) == "the time stamp is not over a SHA-256"


def test_a_certificate_between_only_helps_to_reach_a_root(tmp_path: Path) -> None:
    clock = Authority(tmp_path / "tsa", below=True)
    stamp = clock.answer(stamps.request(CONTENT).encoded)
    found = stamps.authorities(clock.ca)
    assert [len(each) for each in found] == [1, 1]
    assert stamps.verify(stamp, CONTENT, found).issuer == "CN=Clock below"
    refused(stamp, clock.file("root.pem", clock.root))
    foreign = Authority(tmp_path / "foreign")
    refused(stamp, clock.file("strange.pem", foreign.root, clock.between))


@pytest.mark.parametrize("those", [["between"], ["server"], ["between", "server"]])
def test_certificates_without_a_root_are_refused(tmp_path: Path, those: list[str]) -> None:
    clock = Authority(tmp_path / "tsa", below=True)
    with pytest.raises(UsageError, match="no certificate that signs itself"):
        stamps.authorities(clock.file("some.pem", *(getattr(clock, name) for name in those)))


def test_a_certificate_of_ones_own_name_that_another_signed_is_no_root(tmp_path: Path) -> None:
    """Its issuer is called as itself, but it is the key of another that signed it."""
    real = certificate("Clock CA", elliptic(), authority=True)
    posed = certificate("Clock CA", elliptic(), real, authority=True)
    clock = Authority(tmp_path / "tsa")
    assert posed[1].issuer == posed[1].subject
    with pytest.raises(UsageError, match="no certificate that signs itself"):
        stamps.authorities(clock.file("posed.pem", posed))


def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    with pytest.raises(UsageError, match="has no certificates in PEM"):
        stamps.authorities(tmp_path / "ca.pem")


def test_a_key_that_was_certified_for_something_else_proves_nothing(clock: Authority, stamp: bytes) -> None:
    """OpenSSL does not stamp with such a certificate, so it takes the place of the right one, with which it shares all
    else."""
    key, right = clock.server
    assert stamp.count(der(right)) == 1

    def with_another(purpose: x509.ObjectIdentifier) -> bytes:
        while True:  # the length of a signature varies
            other = certificate("Clock server", key, clock.root, serial=right.serial_number, purpose=purpose)[1]
            if len(der(other)) == len(der(right)):
                return stamp.replace(der(right), der(other))

    refused(with_another(ExtendedKeyUsageOID.CODE_SIGNING), clock.ca)
    stamps.verify(with_another(ExtendedKeyUsageOID.TIME_STAMPING), CONTENT, stamps.authorities(clock.ca))


def test_a_stamp_after_the_end_of_its_certificate_proves_nothing(tmp_path: Path) -> None:
    clock = Authority(tmp_path / "tsa", days=(-20, -10))
    refused(clock.answer(stamps.request(CONTENT).encoded), clock.ca)


def test_an_answer_must_repeat_the_nonce_of_its_request(clock: Authority) -> None:
    asked, other = stamps.request(CONTENT), stamps.request(CONTENT)
    stamps.verify_answer(asked, clock.answer(asked.encoded))
    with pytest.raises(TimeStampError, match="another nonce"):
        stamps.verify_answer(asked, clock.answer(other.encoded))


def test_an_answer_must_be_of_the_bytes_of_its_request(clock: Authority) -> None:
    asked = stamps.request(CONTENT)
    other = stamps.Request(asked.encoded, asked.nonce, b"another signature")
    with pytest.raises(TimeStampError, match="of other bytes"):
        stamps.verify_answer(other, clock.answer(asked.encoded))


def test_a_refusal_is_no_stamp(clock: Authority) -> None:
    answer = clock.answer(b"no request")
    with pytest.raises(TimeStampError, match="the request for a time stamp was rejected"):
        stamps.verify_answer(stamps.request(CONTENT), answer)


@pytest.mark.parametrize("make", [elliptic, pytest.param(long_prime, marks=pytest.mark.slow)])
def test_one_changed_bit_is_noticed_wherever_the_authority_signed(tmp_path: Path, make) -> None:
    """Only the name of the algorithm beside the signature is not signed, and not read: the certificate decides."""
    clock = Authority(tmp_path / "tsa", make=make)
    stamp = clock.answer(stamps.request(CONTENT).encoded)
    trusted, good = stamps.authorities(clock.ca), stamps.verify(stamp, CONTENT, stamps.authorities(clock.ca))
    at = stamp.rindex(ALGORITHMS[make])
    unsigned = range(at, at + len(ALGORITHMS[make]))
    unnoticed = []
    for place in range(len(stamp)):
        for bit in range(8):
            changed = bytearray(stamp)
            changed[place] ^= 1 << bit
            try:
                assert stamps.verify(bytes(changed), CONTENT, trusted) == good
                unnoticed.append(place)
            except TimeStampError:
                pass
    assert [place for place in unnoticed if place not in unsigned] == []
    assert len(stamp) > 700


def test_a_stamp_that_was_cut_or_grew_is_refused(clock: Authority, stamp: bytes) -> None:
    for size in range(0, len(stamp), 7):
        refused(stamp[:size], clock.ca)
    refused(stamp + b"\0", clock.ca)
    refused(stamp + stamp, clock.ca)
