"""The seal of this installation: it tells what auditkit wrote here from what anybody else may have written.

It is an HMAC-SHA256 under a key that is made when it is first needed and that only this user can read:
``auditkit/seal.key`` in ``XDG_STATE_HOME``, else in ``~/.local/state``. A plain digest beside a file would show that a
disk failed, but whoever changes the file can compute it anew; without the key nobody can make a seal.
"""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from pathlib import Path

from auditkit.base.whole import workspace

_BYTES = 32


def seal(content: bytes) -> str:
    """The seal of these bytes, in hexadecimal digits; empty where no key can be kept."""
    key = _key()
    return hmac.new(key, content, hashlib.sha256).hexdigest() if key else ""


def same(one: str, other: str) -> bool:
    """Whether two seals are the same; none is the same as nothing."""
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def _key() -> bytes:
    """The key of this user; made where there is none yet, empty where it can be neither read nor made."""
    try:
        path = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "auditkit" / "seal.key"
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except (OSError, RuntimeError):  # no home, or none that can be written
        return b""
    return key if len(key) == _BYTES else b""


def _make(path: Path) -> None:
    """Write a new key, whole or not at all; one that another process has made meanwhile stays."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with workspace(path.parent) as space:
        partial = space / path.name
        partial.touch(0o600)
        partial.write_bytes(secrets.token_bytes(_BYTES))
        with suppress(FileExistsError):
            os.link(partial, path)
