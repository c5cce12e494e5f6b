"""Signatures as files beside what they sign: made, and verified against what is there.

A signature without a key that is trusted proves nothing, and nor does a time stamp without certificates of its
authority. What can be told without them is told: whether the files fit together.
"""

import datetime as dt
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from auditkit.base import files, whole
from auditkit.base.hostile_text import when
from auditkit.base.signing import beside, envelopes, stamps
from auditkit.base.signing.keys import PrivateKey, PublicKey
from auditkit.base.signing.stamps import Authorities
from auditkit.base.signing.statements import Statement
from auditkit.errors import SignatureError

Stamp = Callable[[bytes], bytes]
"""Gets the time stamp of bytes from an authority. Raises `TimeStampError`."""


@dataclass(frozen=True)
class Trust:
    """Whom a user trusts: the keys of signers, and the certificates of time-stamp authorities."""

    keys: Sequence[PublicKey] = ()
    authorities: Authorities | None = None

    def __bool__(self) -> bool:
        return bool(self.keys or self.authorities)


@dataclass
class Judged:
    """What is to be said of a signature: by whom and when, if that is proven; what is wrong; what is not proven."""

    signed: str = ""
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def sign(path: Path, statement: Statement, key: PrivateKey, stamp: Stamp | None = None) -> Path:
    """Sign a statement beside ``path``, with a time stamp where ``stamp`` gets one; returns the file of the signature.

    What is there already stays: the same signature, and its first time stamp, which proves most. Raises
    `SignatureError`.
    """
    stem = beside.stem(path, key.id)
    target, envelope = beside.envelope(stem), envelopes.sign(statement, key)
    stamped = stamp(envelope) if stamp and not os.path.lexists(beside.stamp(stem)) else b""
    try:
        if not whole.create(target, envelope) and files.content(target) != envelope:
            raise SignatureError(f"{target} is there already, and is not the signature that this key makes. See what "
                                 "`auditkit verify` says of it, and move it away before you sign anew.")
        if stamped:
            whole.create(beside.stamp(stem), stamped)
    except OSError as error:
        raise SignatureError(files.unwritable(target, error)) from None
    return target


def judge(stem: Path, contents: Mapping[str, bytes], trust: Trust) -> Judged:
    """Verify a signature and its time stamp. ``contents`` has the bytes that it must be of, by their name; where it is
    empty they are not there, and only the signature itself is verified."""
    judged = Judged()
    try:
        envelope = files.content(beside.envelope(stem))
    except FileNotFoundError:
        judged.wrong.append("the signature was taken away: only its time stamp is here")
        return judged
    except OSError as error:
        judged.wrong.append(files.unreadable(beside.envelope(stem), error).rstrip("."))
        return judged
    who = _who(envelope, contents, trust, judged)
    stamped = _when(beside.stamp(stem), envelope, trust, judged)
    if who:
        judged.signed = f"by {who}{stamped}"
    return judged


def _who(envelope: bytes, contents: Mapping[str, bytes], trust: Trust, judged: Judged) -> str:
    """Who signed, if that is somebody who is trusted, and it is right; what else is to be said is added."""
    try:
        found = envelopes.verify(envelope, trust.keys) if trust.keys else envelopes.claimed(envelope)
        for name, content in contents.items():
            found.statement.verify_subject(name, content)
    except SignatureError as error:
        judged.wrong.append(str(error))
        return ""
    if not contents:
        judged.wrong.append(f"what was signed is not here: {found.statement.named}")
    if trust.keys:
        [name] = [key.name for key in trust.keys if key.id == found.key_id]
        return f"{name} (key {found.key_id[:beside.DIGITS]})"
    judged.notes.append(f"it says that it is signed by the key {found.key_id[:beside.DIGITS]}, which nobody named as "
                        "trusted (--trust)")
    return ""


def _when(path: Path, envelope: bytes, trust: Trust, judged: Judged) -> str:
    """When it was signed at the latest, as the end of a sentence; empty where no authority that is trusted says it."""
    try:
        stamp = files.content(path)
        if trust.authorities:
            proven = stamps.verify(stamp, envelope, trust.authorities)
            return f", time-stamped on {when(proven.time)} by an authority of {proven.issuer}"
        judged.notes.append(_unproven(stamps.claimed(stamp, envelope)))
    except FileNotFoundError:
        if trust.authorities:
            judged.wrong.append("it has no time stamp: nothing proves when it was signed")
    except OSError as error:
        judged.wrong.append(files.unreadable(path, error).rstrip("."))
    except SignatureError as error:
        judged.wrong.append(f"its time stamp proves nothing: {error}")
    return ""


def _unproven(time: dt.datetime) -> str:
    return f"its time stamp says {when(time)}, by an authority that nobody named as trusted (--tsa-ca)"
