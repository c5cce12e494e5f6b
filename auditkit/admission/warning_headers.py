"""Warnings as the API server sends them: ``299 - "text"`` (k8s.io/apiserver, ``pkg/endpoints/filters/warning.go``)."""

import unicodedata
from collections.abc import Sequence

_LONGEST_TOGETHER = 4 * 1024
_LONGEST_IF_MORE = 256


def warning_headers(texts: Sequence[str]) -> tuple[str, ...]:
    """The Warning headers for these texts, each once. A text with a line break or other control character is not sent.

    Where they are longer than the API server sends, each is cut.
    """
    distinct = list(dict.fromkeys(texts))
    if sum(len(text) for text in distinct if _sent(text)) > _LONGEST_TOGETHER:
        distinct = _cut(distinct)
    return tuple(f"299 - {_quoted(text)}" for text in distinct if _sent(text))


def _cut(texts: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for text in texts:
        if sum(map(len, kept)) >= _LONGEST_TOGETHER:
            break
        kept.append(text[:_LONGEST_IF_MORE])
    return kept


def _sent(text: str) -> bool:
    return not any(unicodedata.category(letter) == "Cc" for letter in text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
