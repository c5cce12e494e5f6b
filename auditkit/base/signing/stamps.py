"""Time stamps: the word of a time-stamp authority that bytes existed at a time (RFC 3161).

A stamp is verified without a network, against certificates that the user has from the authority. They, and that of the
authority's server, must have been valid at the time of the stamp; that they have expired since takes nothing from it.
"""

import datetime as dt
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
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
_GRANTED = 0
_STATUS = {1: "granted with changes", 2: "rejected", 3: "to be answered later", 4: "granted, with a warning that the "
           "certificate will be revoked", 5: "refused, since the certificate is revoked"}
"""RFC 3161, section 2.4.2: PKIStatus."""


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


def verify(stamp: bytes, content: bytes, authorities: Sequence[x509.Certificate]) -> dt.datetime:
    """The time at which these bytes existed at the latest, by an authority whose certificates are given.

    Raises `TimeStampError`.
    """
    response = _read(stamp)
    _verify_imprint(response, content)
    builder = VerifierBuilder(roots=list(authorities))
    try:
        builder.build().verify_message(response, content)
    except (VerificationError, ValueError) as error:
        raise TimeStampError("no authority that you trust made the time stamp, or it was changed "
                             f"({' '.join(str(error).split())[:200]})") from None
    return time(stamp)


def time(stamp: bytes) -> dt.datetime:
    """The time that a stamp states, whoever made it. Raises `TimeStampError`."""
    return _read(stamp).tst_info.gen_time.astimezone(dt.UTC)


def certificates(path: Path) -> list[x509.Certificate]:
    """The certificates of a PEM file: of the authority's CA, and of those between it and the authority's server, if
    there are some. Raises `UsageError`."""
    try:
        return list(x509.load_pem_x509_certificates(files.given(path)))
    except ValueError:
        raise UsageError(f"{path} has no certificates in PEM. Give those of the time-stamp authority's CA.") from None


def _read(answer: bytes) -> TimeStampResponse:
    try:
        response = decode_timestamp_response(answer)
        status = response.status
        if status == _GRANTED:
            _ = response.tst_info, response.signed_data  # they are decoded only when they are asked for
    except ValueError:
        raise TimeStampError("it is no time stamp of RFC 3161: it was cut short or changed") from None
    if status != _GRANTED:
        raise TimeStampError(f"the request for a time stamp was {_STATUS.get(status, f'answered with {status}')}")
    return response


def _verify_imprint(response: TimeStampResponse, content: bytes) -> None:
    imprint = response.tst_info.message_imprint
    if imprint.hash_algorithm.dotted_string != _SHA256:
        raise TimeStampError("the time stamp is not over a SHA-256")
    if imprint.message != hashlib.sha256(content).digest():
        raise TimeStampError("the time stamp is of other bytes: it was moved here, or the signature was changed")
