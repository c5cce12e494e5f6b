"""Calico's language of selectors: ``app == 'db' && has(tier) || !(env in {'prod', 'test'})``.

``&&`` binds closer than ``||``. A comparison with a label that is not there is false, but ``!=`` and ``not in`` are
true.

Source: projectcalico/calico of July 2026, ``libcalico-go/lib/selector``: its tokenizer, its parser, and what its nodes
mean.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

MOST = 1024
"""The longest selector that Calico takes."""
_DEEPEST = 30
"""So many parentheses within one another are read, which is more than a person writes."""
_TOKEN = re.compile(r"""[ \t]*(?:
    (?P<text>"[^"]*"|'[^']*')
    | (?P<has>has\([ \t]*(?P<of>[A-Za-z0-9_./-]+)[ \t]*\))
    | (?P<call>(?:all|global)\([ \t]*\))
    | (?P<mark>==|!=|&&|\|\||[!(){},]) | (?P<word>[A-Za-z0-9_./-]+))""", re.VERBOSE)
_OPERATOR = re.compile(
    r"[ \t]*(?:(==|!=)|(contains|starts[ \t]*with|ends[ \t]*with|not[ \t]*in|in)(?![A-Za-z0-9_./-]))")


class Values(NamedTuple):
    """The values of a label: by thing the number of its value (-1: not there), the values, and where it is unknown."""

    numbers: np.ndarray
    distinct: list[str]
    unknown: np.ndarray


def values_of(given: np.ndarray, unknown: np.ndarray | None = None) -> Values:
    """The values of a label for all things (``None``: not there)."""
    numbers, distinct = pd.factorize(given)
    return Values(numbers, [str(value) for value in distinct],
                  np.zeros(len(given), bool) if unknown is None else unknown)


Labels = Callable[[str], Values]
"""The values of each label."""


class Node(NamedTuple):
    """A part of a selector: what it does (``and``, ``or``, ``not``, ``all``, ``global``, ``has``, or the comparison),
    its parts, or its label and the texts to compare with."""

    does: str
    parts: tuple["Node", ...] = ()
    label: str = ""
    texts: tuple[str, ...] = ()


class NotASelector(ValueError):
    """A text that is none; it says why."""


@cache
def parse(text: str) -> Node:
    """A selector as its parts; an empty one is for all. Raises `NotASelector`."""
    if len(text) > MOST:
        raise NotASelector(f"it has more than {MOST} characters")
    return _read(text, _DEEPEST)


@cache
def parse_written(text: str) -> Node:
    """The same of selectors that were put together of others here, which are longer and deeper than those."""
    return _read(text, 3 * _DEEPEST)


def _read(text: str, deepest: int) -> Node:
    reader = _Reader(text, deepest)
    if reader.done:
        return Node("all")
    found = reader.alternatives(0)
    if not reader.done:
        raise NotASelector("something follows its end")
    return found


def labels(node: Node) -> Iterator[str]:
    """The labels that a selector looks at."""
    if node.label:
        yield node.label
    for part in node.parts:
        yield from labels(part)


class _Reader:
    def __init__(self, text: str, deepest: int):
        self._text, self._at, self._deepest = text, 0, deepest

    @property
    def done(self) -> bool:
        return not self._text[self._at:].strip(" \t")

    def _take(self, *marks: str) -> bool:
        found = _TOKEN.match(self._text, self._at)
        if found and found["mark"] in marks:
            self._at = found.end()
            return True
        return False

    def alternatives(self, depth: int) -> Node:
        return self._several("or", "||", lambda: self._several("and", "&&", lambda: self._operation(depth)))

    @staticmethod
    def _joined(does: str, parts: list[Node]) -> Node:
        return parts[0] if len(parts) == 1 else Node(does, tuple(parts))

    def _several(self, does: str, mark: str, read: Callable[[], Node]) -> Node:
        parts = [read()]
        while self._take(mark):
            parts.append(read())
        return self._joined(does, parts)

    def _operation(self, depth: int) -> Node:
        if depth > self._deepest:
            raise NotASelector("its parentheses are too deep")
        negated = False
        while self._take("!"):
            negated = not negated
        found = self._positive(depth)
        return Node("not", (found,)) if negated else found

    def _positive(self, depth: int) -> Node:
        if self._take("("):
            inner = self.alternatives(depth + 1)
            if not self._take(")"):
                raise NotASelector("a ) is missing")
            return inner
        found = _TOKEN.match(self._text, self._at)
        if not found or not (found["has"] or found["call"] or found["word"]):
            raise NotASelector("a label, has(), all() or global() is missing")
        self._at = found.end()
        if found["has"]:
            return Node("has", label=found["of"])
        return Node(found["call"][:found["call"].index("(")]) if found["call"] else self._comparison(found["word"])

    def _comparison(self, label: str) -> Node:
        found = _OPERATOR.match(self._text, self._at)
        if not found:
            raise NotASelector(f"an operator after {label} is missing")
        self._at = found.end()
        does = found[1] or re.sub(r"[ \t]", "", found[2])
        texts = self._set() if does in ("in", "notin") else (self._literal(),)
        return Node(does, label=label, texts=texts)

    def _literal(self) -> str:
        found = _TOKEN.match(self._text, self._at)
        if not found or not found["text"]:
            raise NotASelector("a text in quotes is missing")
        self._at = found.end()
        return found["text"][1:-1]

    def _set(self) -> tuple[str, ...]:
        if not self._take("{"):
            raise NotASelector("a { is missing")
        texts: list[str] = []
        while not self._take("}"):
            texts.append(self._literal())
            if not self._take(","):
                if self._take("}"):
                    break
                raise NotASelector("a } is missing")
        return tuple(texts)


def evaluate(node: Node, values: Labels, things: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each thing whether a selector surely picks it, and whether it perhaps does (or surely)."""
    if node.does in ("and", "or"):
        join = np.logical_and if node.does == "and" else np.logical_or
        sure, perhaps = zip(*(evaluate(part, values, things) for part in node.parts), strict=True)
        return join.reduce(sure), join.reduce(perhaps)
    if node.does == "not":
        sure, perhaps = evaluate(node.parts[0], values, things)
        return ~perhaps, ~sure
    if node.does in ("all", "global"):
        found = np.full(things, node.does == "all")
        return found, found
    given = values(node.label)
    absent = node.does in ("!=", "notin")
    holds = np.array([*(_COMPARE[node.does](value, node.texts) for value in given.distinct), absent], bool)
    found = holds[given.numbers]
    return found & ~given.unknown, found | given.unknown


_COMPARE: dict[str, Callable[[str, tuple[str, ...]], bool]] = {
    "has": lambda value, texts: True, "==": lambda value, texts: value == texts[0],
    "!=": lambda value, texts: value != texts[0], "in": lambda value, texts: value in texts,
    "notin": lambda value, texts: value not in texts, "contains": lambda value, texts: texts[0] in value,
    "startswith": lambda value, texts: value.startswith(texts[0]),
    "endswith": lambda value, texts: value.endswith(texts[0]),
}
"""What each comparison says of a value that is there."""


def demands(text: str, trivial: tuple[str, ...] = (), nothing: tuple[str, ...] = ()) -> bool:
    """True if a selector asks for a label that somebody must have set: an absence or another value is none, nor are the
    ``trivial`` labels that everything has, nor any value of labels that begin with one of ``nothing``."""
    return _demands(parse(text), trivial, nothing)


def _demands(node: Node, trivial: tuple[str, ...], nothing: tuple[str, ...]) -> bool:
    if node.does in ("and", "or"):
        return (any if node.does == "and" else all)(_demands(part, trivial, nothing) for part in node.parts)
    if node.label.startswith(nothing):
        return False
    if node.does == "has" or (node.does in ("contains", "startswith", "endswith") and node.texts == ("",)):
        return node.label not in trivial
    return node.does in ("==", "in", "contains", "startswith", "endswith")


def prefixed(text: str, prefix: str, every: str) -> str:
    """A selector of namespaces or service accounts as one of what has their labels, which are given a prefix there.

    ``every`` is what ``all()`` means there; ``global()`` is its opposite.
    """
    return render(_moved(parse(text), prefix, every))


def _moved(node: Node, prefix: str, every: str) -> Node:
    if node.does == "all":
        return Node("has", label=every)
    if node.does == "global":
        return Node("not", (Node("has", label=every),))
    return node._replace(label=node.label and prefix + node.label,
                         parts=tuple(_moved(part, prefix, every) for part in node.parts))


def render(node: Node) -> str:
    """A selector as text. What has both sorts of quotes is no value of a label, and is written as one that is none."""
    if node.does in ("and", "or"):
        return (" && " if node.does == "and" else " || ").join(f"({render(part)})" for part in node.parts)
    if node.does in ("all", "global"):
        return f"{node.does}()"
    if node.does == "not":
        return f"!({render(node.parts[0])})"
    if node.does == "has":
        return f"has({node.label})"
    texts = [f"'{text}'" if "'" not in text else f'"{text.replace(chr(34), chr(0))}"' for text in node.texts]
    words = {"startswith": "starts with", "endswith": "ends with", "notin": "not in"}.get(node.does, node.does)
    return f"{node.label} {words} {'{' + ', '.join(texts) + '}' if node.does in ('in', 'notin') else texts[0]}"
