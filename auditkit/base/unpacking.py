"""Compressed data that people give: what unfolds too far is refused, since a few KiB can become gigabytes."""

import gzip
import io

MAX_UNPACKED = 16 << 30
MAX_RATIO = 400
_RATIO_COUNTS_FROM = 64 << 20


def most(packed: int) -> int:
    """How many bytes so many bytes may unfold to."""
    return min(max(_RATIO_COUNTS_FROM, packed * MAX_RATIO), MAX_UNPACKED)


def too_much(unpacked: int, packed: int) -> str:
    """Why what unfolds to more than ``unpacked`` bytes is refused."""
    return f"it expands to more than {unpacked >> 20:,} MiB from {packed:,} bytes: refused"


def gunzip(content: bytes) -> bytes:
    """The content of gzip data. Raises `ValueError` where it unfolds too far, else what `gzip` raises."""
    limit = most(len(content))
    with gzip.GzipFile(fileobj=io.BytesIO(content)) as stream:
        unpacked = stream.read(limit + 1)
    if len(unpacked) > limit:
        raise ValueError(too_much(limit, len(content)))
    return unpacked
