"""Tables of text, packed by columns: each text once, each column of a group of rows once. The same rows as CSV are some
forty times larger before gzip, and ten times after it; the CSV is made from this, byte for byte the same each time.

Packed, a table is a line of JSON (the head), the texts, each ended by a line feed, and the arrays, little-endian and by
planes (the lowest bytes of all numbers first). The head has ``columns``, the length of the ``texts`` in bytes,
``arrays`` as pairs of width and length, and ``groups`` of rows: for each group how many rows it has, and for each
column a reference: the number of the text that all rows have; ``[n]`` for the texts from n on; or ``[array, base]``,
numbers of texts above a base. ``templates/page/files.js`` reads the same.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.base.hostile_text import cell

MOST = 2 << 30
"""Bytes of CSV that a packed table may become: a few KiB of references can become any number."""
_NONE = "it is no packed table"
_QUOTED = frozenset(',"\r\n')
_WIDTHS = (1, 2, 4)
_COMMA, _END, _NOTHING = (pa.scalar(text, pa.large_string()) for text in (",", "\r\n", ""))

Numbers = np.ndarray | int
"""The texts of a column of a group, by their numbers: one for each row, or the one that all rows have."""


@dataclass
class TextTable:
    """``groups`` have the number of their rows, and for each of the ``columns`` the numbers of its ``texts``."""

    columns: list[str]
    texts: list[str] = field(default_factory=list)
    groups: list[tuple[int, list[Numbers]]] = field(default_factory=list)

    @classmethod
    def of(cls, frames: Iterable[pd.DataFrame | pa.Table], columns: list[str]) -> "TextTable":
        """The rows of frames or Arrow tables, one under the other, safe to open in a spreadsheet; each is a group."""
        known: dict[str, int] = {}
        arrays: dict[bytes, np.ndarray] = {}
        groups = []
        for frame in frames:
            if len(frame):
                groups.append((len(frame), [_numbers(values, known, arrays) for values in _chosen(frame, columns)]))
        return cls(list(columns), list(known), groups)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(rows for rows, _ in self.groups)

    def csv(self) -> Iterator[bytes]:
        """The table as CSV in UTF-8 (RFC 4180), in pieces: the heading, then each group."""
        yield f"{','.join(map(_quoted, self.columns))}\r\n".encode("utf-8", "backslashreplace")
        alone = len(self.columns) == 1  # a line without a character would be no row
        cells = pa.array([_quoted(text) or '""' * alone for text in self.texts], pa.large_string())
        for rows, columns in self.groups:
            parts = [cells[numbers] if isinstance(numbers, int) else cells.take(pa.array(numbers))
                     for numbers in columns]
            line = pc.binary_join_element_wise(pc.binary_join_element_wise(*parts, _COMMA), _END, _NOTHING)
            yield line.buffers()[2].to_pybytes() if isinstance(line, pa.Array) else line.as_py().encode() * rows

    def packed(self) -> bytes:
        """The table as bytes (see the module)."""
        arrays: dict[int, int] = {}
        described: list[tuple[int, int]] = []
        body: list[bytes] = []
        groups: list[list[Any]] = []
        for rows, columns in self.groups:
            group: list[Any] = [rows]
            for numbers in columns:
                if isinstance(numbers, int):
                    group.append(numbers)
                    continue
                base = int(numbers.min())
                if (np.diff(numbers) == 1).all():
                    group.append([base])
                    continue
                if id(numbers) not in arrays:
                    arrays[id(numbers)] = len(described)
                    width = next(width for width in _WIDTHS if int(numbers.max()) - base < 256**width)
                    described.append((width, rows))
                    plain = (numbers - base).astype(f"<u{width}")
                    body.append(plain.view(np.uint8).reshape(rows, width).T.tobytes())
                group.append([arrays[id(numbers)], base])
            groups.append(group)
        texts = "".join(f"{text}\n" for text in self.texts).encode()
        head = {"columns": self.columns, "texts": len(texts), "arrays": described, "groups": groups}
        return b"".join([json.dumps(head, separators=(",", ":")).encode(), b"\n", texts, *body])

    @classmethod
    def unpacked(cls, content: bytes) -> "TextTable":
        """The table of its bytes. Raises `ValueError` where they are none, or would become too much."""
        line, _, body = content.partition(b"\n")
        head = msgspec.json.decode(line, type=_Head)
        texts = body[:head.texts].decode().split("\n")[:-1]
        arrays, groups = _arrays(head, body), []
        sizes, size = np.array([len(_quoted(text).encode()) + 1 for text in texts], np.int64), 0
        for rows, *references in head.groups:
            if not isinstance(rows, int) or len(references) != len(head.columns):
                raise ValueError(f"{_NONE}: a group does not fit its columns")
            numbers = [_referred(reference, rows, arrays, len(texts)) for reference in references]
            size += sum(rows * int(sizes[each]) if isinstance(each, int) else int(sizes[each].sum())
                        for each in numbers)
            groups.append((rows, numbers))
        if size > MOST:
            raise ValueError(f"it expands to more than {MOST >> 20:,} MiB: refused")
        return cls(head.columns, texts, groups)


_Number = Annotated[int, msgspec.Meta(ge=0, le=2**40)]


class _Head(msgspec.Struct):
    """The head of a packed table."""

    columns: list[str]
    texts: _Number
    arrays: list[tuple[Literal[1, 2, 4], _Number]]
    groups: list[list[_Number | list[_Number]]]


def _arrays(head: _Head, body: bytes) -> list[np.ndarray]:
    arrays, place = [], head.texts
    for width, length in head.arrays:
        planes = np.frombuffer(body, np.uint8, width * length, place).reshape(width, length)
        arrays.append(np.ascontiguousarray(planes.T).view(f"<u{width}").ravel().astype(np.int64))
        place += width * length
    return arrays


def _referred(reference: int | list[int], rows: int, arrays: list[np.ndarray], texts: int) -> Numbers:
    """The numbers of the texts that a reference of the head stands for: one for each row, all of texts that are there.

    Raises `ValueError`.
    """
    match reference:
        case int() if reference < texts:
            return reference
        case [start] if start + rows <= texts:
            return np.arange(start, start + rows)
        case [place, base] if place < len(arrays) and len(arrays[place]) == rows:
            if int((numbers := arrays[place] + base).max()) < texts:
                return numbers
    raise ValueError(f"{_NONE}: a column of {rows:,} rows refers to what is not there")


def _chosen(frame: pd.DataFrame | pa.Table, columns: list[str]) -> Iterator[pd.Series | pa.ChunkedArray]:
    """These columns of a frame or table, in this order."""
    if isinstance(frame, pa.Table):
        yield from frame.select(columns).columns
        return
    chosen = frame if list(frame) == columns else frame[columns]
    for place in range(len(columns)):  # several may have the same name
        yield chosen.iloc[:, place]


def _numbers(values: pd.Series | pa.ChunkedArray, known: dict[str, int], arrays: dict[bytes, np.ndarray]) -> Numbers:
    """The numbers of a column's texts; new texts become known. The same numbers are the same array."""
    codes, texts = _distinct(values)
    own = np.array([known.setdefault(text, len(known)) for text in texts], np.int64)
    numbers = own[codes]
    if (numbers == numbers[0]).all():
        return int(numbers[0])
    return arrays.setdefault(hashlib.sha256(numbers.tobytes()).digest(), numbers)


def _distinct(values: pd.Series | pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """The place of each value among the distinct ones, and these as text."""
    if isinstance(values, pd.Series) and isinstance(values.dtype, pd.ArrowDtype):
        values = pa.chunked_array(values.array.__arrow_array__())
    if isinstance(values, pa.ChunkedArray):
        encoded = values.combine_chunks().dictionary_encode(null_encoding="encode")
        return encoded.indices.to_numpy(), [str(cell(value)) for value in encoded.dictionary.to_pylist()]
    if values.dtype == object:
        found: dict[str, int] = {}
        return np.array([found.setdefault(str(cell(value)), len(found)) for value in values]), list(found)
    codes, distinct = pd.factorize(values, use_na_sentinel=False)
    return codes, [str(cell(value)) for value in distinct]


def _quoted(text: str) -> str:
    """A text as a field of CSV."""
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.intersection(text) else text
