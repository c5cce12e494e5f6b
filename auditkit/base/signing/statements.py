"""What is signed: an in-toto Statement, which names bytes by their digests and says something about them.

Source: in-toto Attestation Framework, Statement v1 (https://github.com/in-toto/attestation, spec/v1/statement.md).
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from auditkit.errors import AlteredAfterSigning

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"


class Subject(msgspec.Struct, forbid_unknown_fields=True):
    """Bytes that are signed: the name of a file, and its digests by algorithm."""

    name: str
    digest: dict[str, str]


class Statement(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A statement: its subjects, what kind of thing it says of them, and what it says."""

    type: str = msgspec.field(name="_type", default=STATEMENT)
    subject: list[Subject]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: dict[str, Any]

    def encoded(self) -> bytes:
        """Its bytes, the same for the same statement."""
        return msgspec.json.encode(self, order="deterministic")

    @property
    def named(self) -> str:
        """The names of its subjects: hostile text."""
        return ", ".join(each.name[:100] for each in self.subject[:3]) or "nothing"

    def verify_subject(self, name: str, content: bytes) -> None:
        """Raises `AlteredAfterSigning` where it does not speak of a file of this name with these bytes."""
        digests = [each.digest.get("sha256") for each in self.subject if each.name == name]
        if not digests:
            raise AlteredAfterSigning(f"the signature is not of {name}, but of {self.named}")
        if digests != [hashlib.sha256(content).hexdigest()]:
            raise AlteredAfterSigning(f"the signature is of other bytes of {name}: it was changed after signing, or "
                                      "the signature was moved here from elsewhere")


def statement(kind: str, contents: Mapping[str, bytes], predicate: Mapping[str, Any]) -> Statement:
    """A statement about files by name and content. ``kind`` is the URI of what is said, with its version."""
    return Statement(subject=[Subject(name, {"sha256": hashlib.sha256(content).hexdigest()})
                              for name, content in sorted(contents.items())],
                     predicate_type=kind, predicate=dict(predicate))
