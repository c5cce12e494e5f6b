"""Texts as Go writes them: what Kubernetes says has to be said in its own spelling."""

import re

_ESCAPES = {'"': r"\"", "\\": r"\\", "\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t",
            "\v": r"\v"}

_SPACE = "\t\n\v\f\r \u0085\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def go_trimmed(text: str) -> str:
    """A string without the space around it, as ``strings.TrimSpace`` leaves it."""
    return text.strip(_SPACE)


def go_quoted(text: str) -> str:
    """A string as Go's ``%q`` writes it."""
    return '"' + re.sub(r'["\\]|[^\x20-\x7e]', _escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char: str = match[0]
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    if char.isascii():
        return f"\\x{ord(char):02x}"
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"
