"""Which form a file has, told from its beginning: JSON, JSON lines, YAML or CSV."""

import io
import re
from collections.abc import Iterator
from typing import Any, Literal

import msgspec

from auditkit.scans.input import json_stream
from auditkit.scans.model import Broken

Form = Literal["json", "lines", "joined", "yaml", "csv"]
"""``joined``: JSON documents of several lines, one after another."""

_CANDIDATES, _LINES, _DEEP = 50, 10, 256 << 10

_YAML = re.compile(rb"(?:\s*#[^\n]*\n|\s*\n)*(?:---|%YAML|- \S|[A-Za-z_][\w./-]*:(?:\s|$))")
_CSV = re.compile(r'"?[A-Za-z_][\w .:/()-]*"?(?:[,;]"?[A-Za-z_][\w .:/()-]*"?){2,}\s*$')
_JSON = re.compile(rb'\s*(?:\{\s*(?:"|\}|$)|\[\s*(?:[\[{"\]]|$))')
_JSON_LINE = re.compile(rb'^(?:[ \t]*(?:\{\s*"|\[\s*[\[{"])|[^{\n]{1,300}\{")', re.MULTILINE)
_LOG_PREFIX = re.compile(rb'[^{\n]{1,300}?(?=\{")')
_decode = msgspec.json.decode


def looks_like_yaml(beginning: bytes) -> bool:
    """True if a first line is a key, an item of a list, or a mark of YAML."""
    return _YAML.match(beginning) is not None


def looks_like_csv(beginning: bytes) -> bool:
    """True if a first line is at least three names, separated by commas or semicolons."""
    return _CSV.match(beginning.lstrip().partition(b"\n")[0].decode("utf-8", "replace")) is not None


def find_json(beginning: bytes, whole: bool) -> tuple[Form, int] | None:
    """Where JSON begins and in which form, also after lines of a log; ``whole``: this is all there is."""
    for start in _starts(beginning):
        if form := _json_form(beginning[start:], whole):
            return form, start
    return None


def _starts(beginning: bytes) -> Iterator[int]:
    """Where JSON can begin: with the first character, or with a line."""
    yield (first := len(beginning) - len(beginning.lstrip()))
    for _, match in zip(range(_CANDIDATES), _JSON_LINE.finditer(beginning), strict=False):
        if match.start() > first:
            yield match.start()


def _json_form(content: bytes, whole: bool) -> Form | None:
    line, _, rest = content.partition(b"\n")
    if isinstance(decoded(json_of(line)), dict) and (rest.strip() or not whole or not _JSON.match(line)):
        return "lines"
    if not _JSON.match(content):
        return None
    count = 0
    try:
        for count, _ in enumerate(json_stream.values(io.BytesIO(content[:_DEEP])), 1):
            if count > 1:
                return "joined"
    except Broken as broken:
        if broken.cut:
            return "joined" if count else "json"
        return "lines" if _are_lines(content) else "json"
    return "json"


def _are_lines(content: bytes) -> bool:
    """True if most of the first lines are JSON objects, though some are not."""
    lines = [line for line in content.split(b"\n", _LINES)[:_LINES] if line.lstrip().startswith(b"{")]
    return 2 * sum(isinstance(decoded(line), dict) for line in lines) > len(lines)


def json_of(line: bytes) -> bytes:
    """A line without what a container runtime or a log collector writes before the JSON."""
    if line[:1] != b"{" and (prefix := _LOG_PREFIX.match(line)):
        return line[prefix.end():]
    return line


def decoded(content: bytes) -> Any:
    """The JSON value, or ``None`` where it is none."""
    try:
        return _decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
