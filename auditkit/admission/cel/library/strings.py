"""Functions on texts (cel-go, ``ext/strings.go`` in version 2, and the standard library)."""

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.values import CelError, Value, text_of
from auditkit.base.go_text import go_trimmed

_UPPER = {code: code - 32 for code in range(ord("a"), ord("z") + 1)}
_LOWER = {code - 32: code for code in _UPPER}
_ESCAPES = str.maketrans({"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v",
                          "\\": r"\\", '"': r"\""})


@function("string.contains(string) -> bool", standard=True)
def contains(text: str, part: str) -> bool:
    return part in text


@function("string.startsWith(string) -> bool", standard=True)
def starts_with(text: str, start: str) -> bool:
    return text.startswith(start)


@function("string.endsWith(string) -> bool", standard=True)
def ends_with(text: str, end: str) -> bool:
    return text.endswith(end)


def _outside(position: int) -> CelError:
    return CelError(f"index out of range: {position}")


@function("string.charAt(int) -> string")
def char_at(text: str, position: int) -> str:
    if not 0 <= position <= len(text):
        raise _outside(position)
    return text[position:position + 1]


@function("string.indexOf(string) -> int", "string.indexOf(string, int) -> int")
def index_of(text: str, part: str, start: int = 0) -> int:
    if not part:
        return start
    if start < 0:
        raise _outside(start)
    return text.find(part, start) if start < len(text) else -1


@function("string.lastIndexOf(string) -> int")
def last_index_of(text: str, part: str) -> int:
    return text.rfind(part)


@function("string.lastIndexOf(string, int) -> int")
def last_index_before(text: str, part: str, start: int) -> int:
    if not part:
        return start
    if start < 0:
        raise _outside(start)
    return text.rfind(part, 0, start + len(part)) if start < len(text) else -1


@function("string.lowerAscii() -> string")
def lower(text: str) -> str:
    return text.translate(_LOWER)


@function("string.upperAscii() -> string")
def upper(text: str) -> str:
    return text.translate(_UPPER)


@function("string.replace(string, string) -> string", "string.replace(string, string, int) -> string")
def replace(text: str, old: str, new: str, most: int = -1) -> str:
    return text.replace(old, new, most)


@function("string.split(string) -> list<string>", "string.split(string, int) -> list<string>")
def split(text: str, separator: str, most: int = -1) -> list[str]:
    if most == 0:
        return []
    if separator:
        return text.split(separator, most - 1 if most > 0 else -1)
    if 0 < most < len(text):
        return [*text[:most - 1], text[most - 1:]]
    return list(text)


@function("string.substring(int) -> string")
def substring_from(text: str, start: int) -> str:
    if not 0 <= start <= len(text):
        raise _outside(start)
    return text[start:]


@function("string.substring(int, int) -> string")
def substring(text: str, start: int, end: int) -> str:
    if start > end:
        raise CelError(f"invalid substring range. start: {start}, end: {end}")
    for position in (start, end):
        if not 0 <= position <= len(text):
            raise _outside(position)
    return text[start:end]


@function("string.trim() -> string")
def trim(text: str) -> str:
    return go_trimmed(text)


@function("list<string>.join() -> string", "list<string>.join(string) -> string")
def join(parts: list[Value], separator: str = "") -> str:
    for each in parts:
        if not isinstance(each, str):
            raise CelError(f"join: invalid input: {text_of(each)}")
    return separator.join(parts)


@function("strings.quote(string) -> string")
def quote(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
