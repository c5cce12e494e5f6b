"""Text for people. Whatever a cluster or a scanner says is hostile until it is made visible here."""

import datetime as dt
import re
import unicodedata
from typing import Any

LONGEST = 400
"""Characters of one value that a report shows; attachments have all of it."""
WORD = 40
"""Characters of a word that is not cut where a text is."""

_STEERING = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_FORMULA = ("=", "+", "-", "@")
_MARKUP = "\\`*_[]<>#|&!~$"


def visible(text: str) -> str:
    """The text with what has no glyph written out, as ``\\u{202e}``: control characters, marks that turn the
    direction of writing, zero-width characters, unpaired surrogates. Line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in "\n\t\u00a0" else f"\\u{{{ord(char):x}}}" for char in text)


def one_line(text: str) -> str:
    """The text as `visible` makes it, with line breaks and tabs written out as well."""
    return visible(text).replace("\n", "\\u{a}").replace("\t", "\\u{9}")


def on_terminal(text: object) -> str:
    """One line of text without characters that steer a terminal or turn the direction of writing."""
    return "".join(char if unicodedata.category(char) not in _STEERING else "\N{REPLACEMENT CHARACTER}"
                   for char in str(text).replace("\n", " ").replace("\t", " "))


def short(text: str, limit: int = LONGEST) -> str:
    """The text, or its beginning and how long it is. It is cut between words."""
    return text if len(text) <= limit else f"{_begun(text, limit)}… ({len(text):,} characters)"


def ends(text: str, limit: int = LONGEST) -> str:
    """The text, or its beginning and its end, and how long it is: the end of a reason says by whom it is accepted."""
    half = limit // 2
    return text if len(text) <= limit else (
        f"{_begun(text, half)} … {_begun(text[::-1], half)[::-1]} ({len(text):,} characters)")


def _begun(text: str, limit: int) -> str:
    """The beginning of a text without the word that the limit cuts; a word of more than `WORD` characters is cut."""
    begun = text[:limit]
    head, _, last = begun.rpartition(" ")
    return head if head and len(last) < WORD and text[limit] != " " else begun


def count(number: int, thing: str) -> str:
    """``1 pod``, ``2 pods``, ``1,234 pods``."""
    return f"{number:,} {thing if number == 1 else _plural(thing)}"


def _plural(thing: str) -> str:
    return f"{thing[:-1]}ies" if thing.endswith("y") and thing[-2:-1] not in "aeiou" else f"{thing}s"


def when(moment: dt.datetime) -> str:
    """A time to the second, in UTC."""
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S} UTC"


def cell(value: Any) -> Any:
    """A value as a spreadsheet may have it: what is missing is empty, text is one line without control characters, and
    what it would take for a formula gets an apostrophe in front."""
    if isinstance(value, str):
        value = one_line(value)
        return f"'{value}" if value.startswith(_FORMULA) else value
    import pandas as pd  # the terminal reads this file for its help

    return "" if pd.isna(value) else value


ESCAPED = re.compile(r"_x005F_(x[0-9A-Fa-f]{4}_)")
"""What XLSX writes for the first character of a text such as ``_x000D_``. openpyxl 3.1.5 leaves it where the text
stands in its cell and not among the shared ones."""


def from_cell(text: str) -> str:
    """A text as it was before `cell`."""
    return unquoted(ESCAPED.sub(r"_\1", text)).replace("\\u{a}", "\n").replace("\\u{9}", "\t")


def unquoted(text: str) -> str:
    """A text without the apostrophe that `cell` puts before what would be a formula."""
    return text[1:] if text.startswith(tuple(f"'{sign}" for sign in _FORMULA)) else text


def in_markdown(text: str) -> str:
    """Text of others in Markdown, behind words of ours: one line, of which nothing is markup, an image or a link."""
    one = "".join(f"\\{char}" if char in _MARKUP else char for char in visible(" ".join(text.split())))
    return one.replace("://", "\\://").replace("www.", "www\\.")


def size(number: int) -> str:
    """Bytes as people read them: ``12.3 kB``."""
    for power, unit in ((3, "GB"), (2, "MB"), (1, "kB")):
        if number >= 1000**power:
            return f"{number / 1000**power:.1f} {unit}"
    return f"{number} B"
