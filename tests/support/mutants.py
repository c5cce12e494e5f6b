"""Valid documents made invalid, or merely strange: structure first, then bytes. All chance comes from ``dice``."""

import copy
import json
from collections.abc import Iterator
from random import Random
from typing import Any

Document = Any
"""JSON values: mappings, lists, texts, numbers, truths and null."""

DEEP = "@deep"
"""Stands for lists as deep as decoders read them, or deeper, which the interpreter could not hold here."""

STRANGE: tuple[Any, ...] = (
    None, True, False, -1, 0, 2**63, -2**63 - 1, 10**30, 1.5, 1e300, float("inf"), float("nan"), "", " ", "x", "\0",
    "\ud800", "\x1b[2J", "\u202e", "=1+1", "<NA>", "../../etc/passwd", "9" * 5_000, "a" * 70_000, DEEP, "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-23:59", [], {}, [None], [[]], [{}], {"": None}, {"a": {"b": []}},
)
KEYS = ("", "x", "\0", "\ud800", "kind", "items", "name", "metadata", "__class__", "a.b", "a\nb")


def places(document: Document) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or positions."""
    waiting = [document]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            yield holder, key
            waiting.append(holder[key])


def mutant(dice: Random, document: Document, *, mixed: bool = True) -> Document:
    """A copy in which a few places are dropped, doubled, replaced, nested, renamed or (``mixed``) exchanged."""
    document = copy.deepcopy(document)
    for _ in range(dice.randint(0, 3)):
        found = list(places(document))
        if not found:
            return dice.choice(STRANGE)
        holder, key = dice.choice(found) if dice.random() < 0.4 else near(dice, document)
        match dice.randint(0, 6 if mixed else 5):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.insert(dice.randint(0, len(holder)), copy.deepcopy(holder[key]))
            case 1 | 2:
                holder[key] = copy.deepcopy(dice.choice(STRANGE))
            case 3:
                holder[key] = nested(holder[key], dice.choice((1, 2, 60, 90)), dice)
            case 4 if isinstance(holder, dict):
                holder[dice.choice(KEYS)] = holder.pop(key)
            case 5 if isinstance(holder[key], str):
                holder[key] = dice.choice((holder[key].upper(), holder[key][:1], holder[key] * 2, holder[key] + "\n"))
            case 6:
                other, at = dice.choice(found)
                try:
                    holder[key], other[at] = copy.deepcopy(other[at]), copy.deepcopy(holder[key])
                except (KeyError, IndexError):
                    pass  # one of them was inside the other
            case _:
                holder[key] = copy.deepcopy(dice.choice(STRANGE))
    return document


def near(dice: Random, document: Document) -> tuple[Any, Any]:
    """A place that is found by going down step by step: most leaves of a document are far down, most rules are not."""
    while True:
        key = dice.choice(list(document) if isinstance(document, dict) else range(len(document)))
        inner = document[key]
        if not isinstance(inner, dict | list) or not inner or dice.random() < 0.15:
            return document, key
        document = inner


def nested(value: Any, depth: int, dice: Random) -> Any:
    """A value within so many lists or mappings."""
    listed = dice.random() < 0.5
    for _ in range(depth):
        value = [value] if listed else {"a": value}
    return value


def written(dice: Random, document: Document) -> bytes:
    """A document as JSON, in one of the ways in which programs write it."""
    style = dice.randint(0, 2)
    text = json.dumps(document, indent=2 if style == 1 else None, ensure_ascii=style != 2, default=str)
    depth = dice.choice((210, 900, 950, 980, 100_000))
    return text.replace(f'"{DEEP}"', "[" * depth + "]" * depth).encode("utf-8", "surrogatepass")


def damaged(dice: Random, content: bytes) -> bytes:
    """Bytes that are cut, exchanged, doubled, replaced, or of another encoding; most often they stay as they are."""
    if not content or dice.random() < 0.6:
        return content
    at = dice.randrange(len(content))
    to = min(len(content), at + dice.choice((1, 1, 2, 10, 1_000)))
    match dice.randint(0, 8):
        case 0:
            return content[:at]
        case 1:
            return content[at:]
        case 2:
            return content[:at] + content[to:]
        case 3:
            return content[:to] + content[at:]
        case 4:
            return content[:at] + bytes([dice.randrange(256)]) + content[at + 1:]
        case 5:
            return content[:at] + dice.choice((b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"1" * 5_000, b"[" * 100_000, b"1e999",
                                               b'"', b"}", b"\n", b"\r", b"#", b"&a", b"*a", b"!!python/name:os.system",
                                               b"\xe2\x80\xa8")) + content[at:]
        case 6:
            return dice.choice((b"\xef\xbb\xbf", b"\xff\xfe", b"\x1f\x8b", b"PK\x03\x04", b"\0")) + content
        case 7:
            other = dice.randrange(len(content))
            low, high = sorted((at, other))
            return content[:low] + content[high:high + 1] + content[low + 1:high] + content[low:low + 1] + content[high + 1:]
        case _:
            return content.decode("utf-8", "replace").encode(dice.choice(("utf-16", "utf-16-le", "utf-16-be", "utf-32")))
