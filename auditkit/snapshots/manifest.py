"""The manifest: which cluster, when, by whom, how, and the digest of every file."""

import datetime as dt
import hashlib
import json

import msgspec

from auditkit.snapshots.ledger import Entry

FORMAT = 1

DIGITS = 12
"""Hexadecimal digits of the manifest's digest in the name of a snapshot's folder."""


class Manifest(msgspec.Struct, kw_only=True):
    """What ``manifest.json`` says: which cluster, when, by whom, how, and the digest of every file.

    ``schema`` is the digest of the tables that auditkit had when it was written (`auditkit.tables.digest`).
    """

    format: int = FORMAT
    schema: str = ""
    cluster: str
    cluster_uid: str = ""
    server_version: str = ""
    source: str = ""
    collector: str = ""
    identity: str = ""
    groups: list[str] = []
    started: dt.datetime
    ended: dt.datetime
    ledger: list[Entry]
    files: dict[str, str] = {}

    def encoded(self) -> bytes:
        """The bytes of ``manifest.json``."""
        return json.dumps(msgspec.to_builtins(self), indent=1, sort_keys=True, ensure_ascii=True).encode()

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes, which have the digests of all the files: the name of exactly this evidence."""
        return hashlib.sha256(self.encoded()).hexdigest()

    @property
    def folder(self) -> str:
        """The name of the snapshot's folder: when, and the digest that proves the manifest."""
        return f"{self.started:%Y%m%dT%H%M%SZ}-{self.digest[:DIGITS]}"
