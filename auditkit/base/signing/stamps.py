"""Time stamps: the word of a time-stamp authority that bytes existed at a time (RFC 3161).

A stamp is verified without a network, against certificates that the user has from the authority. They, and that of the
authority's server, must have been valid at the time of the stamp; that they have expired since takes nothing from it.
Whether one of them was revoked is not asked.

The authority signs the time, the digest of what was stamped, its policy, the serial number and the nonce, and names its
certificate. Around them a stamp has a few bytes that nobody signed; what they say is not used.
"""

import datetime as dt
import hashlib
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from auditkit.base import files
from auditkit.errors import TimeStampError, UsageError

_SHA256 = "2.16.840.1.101.3.4.2.1"
_VERSIONS = 3, 1
"""Of the signed data, and of what says who signed it (RFC 5652, sections 5.1 and 5.3): nobody signs them."""
_GRANTED = 0
_STATUS = {1: "granted with changes", 2: "rejected", 3: "to be answered later", 4: "granted, with a warning that the "
           "certificate will be revoked", 5: "refused, since the certificate is revoked"}
"""RFC 3161, section 2.4.2: PKIStatus."""


class Authorities(NamedTuple):
    """Certificates of time-stamp authorities. Only a root is trusted by itself; the others help to reach one."""

    roots: list[x509.Certificate]
    others: list[x509.Certificate]


class Stamp(NamedTuple):
    """What a stamp proves: that the bytes existed at a time, to the second, and who certified the authority that says
    so."""

    time: dt.datetime
    issuer: str


class Request(NamedTuple):
    """A request for a stamp: its bytes, and what the answer must repeat."""

    encoded: bytes
    nonce: int | None
    content: bytes


def request(content: bytes) -> Request:
    """A request for a time stamp of bytes. The nonce in it makes sure that the answer was made for this request."""
    made = TimestampRequestBuilder().data(content).hash_algorithm(HashAlgorithm.SHA256).build()
    return Request(made.as_bytes(), made.nonce, content)


def verify_answer(asked: Request, answer: bytes) -> None:
    """Raises `TimeStampError` where an authority's answer is not a stamp of what was asked for.

    Who signed it is not verified: that needs the authority's certificates, which whoever collects may not have.
    """
    response = _read(answer)
    if response.tst_info.nonce != asked.nonce:
        raise TimeStampError("the answer is not to this request: it has another nonce")
    _verify_imprint(response, asked.content)


def verify(stamp: bytes, content: bytes, authorities: Authorities) -> Stamp:
    """What a stamp of these bytes proves, if an authority made it whose certificates are given. Raises
    `TimeStampError`."""
    response = _read(stamp)
    _verify_imprint(response, content)
    verifier = VerifierBuilder(roots=authorities.roots, intermediates=authorities.others).build()
    try:
        verifier.verify_message(response, content)
    except (VerificationError, ValueError):
        raise TimeStampError("no authority that you trust made the time stamp, or it was changed") from None
    return Stamp(_time(response), _issuer(response))


def claimed(stamp: bytes, content: bytes) -> dt.datetime:
    """The time that a stamp of these bytes states, whoever made it: no proof. Raises `TimeStampError`."""
    response = _read(stamp)
    _verify_imprint(response, content)
    return _time(response)


def authorities(path: Path) -> Authorities:
    """The certificates of a PEM file: of the authority's CA, and of those between it and the authority's server, if
    there are some. Raises `UsageError`."""
    try:
        found = x509.load_pem_x509_certificates(files.given(path))
    except ValueError:
        raise UsageError(f"{path} has no certificates in PEM. Give those of the time-stamp authority's CA.") from None
    roots = [each for each in found if _signs_itself(each)]
    if not roots:
        raise UsageError(f"{path} has no certificate that signs itself, so nothing in it can be trusted by itself. Add "
                         "that of the time-stamp authority's root CA.")
    return Authorities(roots, [each for each in found if each not in roots])


def _signs_itself(certificate: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(certificate)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _time(response: TimeStampResponse) -> dt.datetime:
    return response.tst_info.gen_time.astimezone(dt.UTC)


def _issuer(response: TimeStampResponse) -> str:
    """Who certified the one that made a stamp. Its own name is not told: the certificates in a stamp are not signed
    with it, and another of the same issuer and number could lie beside the right one."""
    [signer] = response.signed_data.signer_infos
    return signer.issuer.rfc4514_string()


def _read(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(answer)
        status = response.status
        if status == _GRANTED:
            signed = response.signed_data  # it and the time are decoded only when they are asked for
            _ = response.tst_info.gen_time
            versions = {(signed.version, each.version) for each in signed.signer_infos}
    except ValueError:
        raise TimeStampError("it is no time stamp of RFC 3161 in strict DER: it was cut short or changed, or its "
                             "authority writes another form") from None
    if status != _GRANTED:
        raise TimeStampError(f"the request for a time stamp was {_STATUS.get(status, f'answered with {status}')}")
    if versions != {_VERSIONS}:
        raise TimeStampError("the time stamp is not of the version that RFC 3161 has, or not signed by one authority: "
                             "it was changed")
    return response


def _verify_imprint(response: TimeStampResponse, content: bytes) -> None:
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256:
        raise TimeStampError("the time stamp is not over a SHA-256")
    if imprint.message != hashlib.sha256(content).digest():
        raise TimeStampError("the time stamp is of other bytes: it was moved here, or the signature was changed")
