"""Regular expressions: ``matches``, ``find``, ``findAll`` (k8s.io/apiserver, ``pkg/cel/library/regex.go``).

They are those of RE2, which differ from Python's; so each search is done by RE2 itself. It tells no positions: where
a match begins is told by a group before it.
"""

import re

from auditkit.admission.cel.engine import group
from auditkit.admission.cel.engine import matches as matches_anywhere
from auditkit.admission.cel.functions import function
from auditkit.admission.cel.values import CelError, Unknown

_MOST_REPEATED = 1000
"""RE2 repeats nothing more often."""

_WORDS = {"missing ]": "missing closing ]", "missing )": "missing closing )", "unexpected )": "unexpected )",
          "no argument for repetition operator": "missing argument to repetition operator",
          "bad repetition operator": "invalid nested repetition operator",
          "invalid character class range": "invalid character class range",
          "invalid escape sequence": "invalid escape sequence",
          "trailing \\": "trailing backslash at end of expression",
          "invalid perl operator": "invalid or unsupported Perl syntax",
          "invalid named capture group": "invalid named capture"}
"""What RE2 says of a wrong pattern, and what Go says."""


def _gos(error: CelError) -> str:
    """The message of Go for a pattern that is none."""
    found = re.search(r"invalid (?:regular expression|argument)[^:]*: ([^:]+)(?:: (.*))?$", str(error), re.DOTALL)
    what = _WORDS.get(found[1].strip()) if found else None
    if not found or not what:
        raise Unknown(f"the API server's message for a wrong regular expression ({error})")
    return f"error parsing regexp: {what}: `{found[2] or ''}`"


@function("string.matches(string) -> bool", "matches(string, string) -> bool", standard=True)
def matches(text: str, pattern: str) -> bool:
    try:
        return matches_anywhere(text, pattern)
    except CelError as error:
        raise CelError(_gos(error)) from None


@function("string.find(string) -> string")
def find(text: str, pattern: str) -> str:
    found = _next(text, _checked(pattern), 0)
    return found[1] if found else ""


@function("string.findAll(string) -> list<string>", "string.findAll(string, int) -> list<string>")
def find_all(text: str, pattern: str, most: int = -1) -> list[str]:
    _checked(pattern)
    found: list[str] = []
    start, last_end = 0, -1
    while start <= len(text) and (most < 0 or len(found) < most):
        match = _next(text, pattern, start)
        if not match:
            break
        begin, part = match
        end = begin + len(part)
        if part or begin != last_end:  # nothing right behind a match is none
            found.append(part)
        last_end, start = end, end if part else begin + 1
    return found


def _checked(pattern: str) -> str:
    try:
        matches_anywhere("", pattern)
    except CelError as error:
        raise CelError(f"Illegal regex: {_gos(error)}") from None
    return pattern


def _next(text: str, pattern: str, start: int) -> tuple[int, str] | None:
    """Where the first match at or after a position begins, and its text."""
    whole = rf"\A((?s:{_letters(start)}.*?))({pattern})(?s:.*)\z"
    if not matches_anywhere(text, whole):
        return None
    return len(group(text, whole, 1)), group(text, whole, 2)


def _letters(count: int) -> str:
    """The pattern of so many letters."""
    if count > _MOST_REPEATED:
        raise Unknown("matches of a regular expression behind the first 1,000 letters of a text")
    return f".{{{count}}}" if count else ""
