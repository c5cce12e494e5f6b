"""Where signatures lie: beside what they sign, as ``NAME.KEY.dsse.json``, each with its time stamp, ``NAME.KEY.tsr``.

``KEY`` has the first digits of the key's id. The name tells people where to look; what is proven is in the files.
"""

import re
from pathlib import Path

from auditkit.base.files import names

ENVELOPE, STAMP = ".dsse.json", ".tsr"

DIGITS = 16
"""Hexadecimal digits of a key's id in the names of its signatures."""

_NAME = re.compile(rf"(?P<name>.+)\.[0-9a-f]{{{DIGITS}}}(?:{re.escape(ENVELOPE)}|{re.escape(STAMP)})", re.DOTALL)


def stem(path: Path, key_id: str) -> Path:
    """The beginning of the names of the signature of something, with a key, and of its time stamp."""
    return path.with_name(f"{path.name}.{key_id[:DIGITS]}")


def envelope(stem: Path) -> Path:
    """The file of a signature."""
    return stem.with_name(f"{stem.name}{ENVELOPE}")


def stamp(stem: Path) -> Path:
    """The file of its time stamp."""
    return stem.with_name(f"{stem.name}{STAMP}")


def signed_name(file: str) -> str:
    """The name of what a file of signatures belongs to; empty where the file is none."""
    found = _NAME.fullmatch(file)
    return found["name"] if found else ""


def stems(path: Path) -> list[Path]:
    """The signatures of something, also those of which only the time stamp is there. Raises `OSError`."""
    held = {name.removesuffix(ENVELOPE).removesuffix(STAMP) for name in names(path.parent)
            if signed_name(name) == path.name}
    return [path.with_name(name) for name in sorted(held)]
