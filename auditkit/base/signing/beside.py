"""Where signatures lie: beside what they sign, as ``NAME.KEY.dsse.json``, each with its time stamp, ``NAME.KEY.tsr``.

``KEY`` has the first digits of the key's id. The name tells people where to look; what is proven is in the files.
"""

import re
from pathlib import Path

from auditkit.base.files import names
from auditkit.base.whole import PARTIAL

ENVELOPE, STAMP = ".dsse.json", ".tsr"

DIGITS = 16
"""Hexadecimal digits of a key's id in the names of its signatures."""

_NAME = re.compile(rf"(?P<stem>(?P<name>.+)\.[0-9a-f]{{{DIGITS}}})({re.escape(ENVELOPE)}|{re.escape(STAMP)})", re.S)


def stem(path: Path, key_id: str) -> Path:
    """The beginning of the names of the signature of something, with a key, and of its time stamp."""
    return path.with_name(f"{path.name}.{key_id[:DIGITS]}")


def envelope(stem: Path) -> Path:
    """The file of a signature."""
    return stem.with_name(f"{stem.name}{ENVELOPE}")


def stamp(stem: Path) -> Path:
    """The file of its time stamp."""
    return stem.with_name(f"{stem.name}{STAMP}")


def stem_of(envelope: Path) -> Path:
    """The stem of the file of a signature."""
    return envelope.with_name(envelope.name.removesuffix(ENVELOPE))


def held(folder: Path) -> dict[str, list[Path]]:
    """The signatures in a folder, as their stems, by the name of what they are of; also those of which only the time
    stamp is there. What is no signature is under the empty name. Raises `OSError`."""
    found: dict[str, list[Path]] = {}
    for name in names(folder):
        signature = _NAME.fullmatch(name)
        one = folder / (signature["stem"] if signature else name)
        same = found.setdefault(signature["name"] if signature else "", [])
        if one not in same and not name.startswith(PARTIAL):
            same.append(one)
    return found
