"""The words of a judgement: verdicts, statuses, severities, with their order, their text and how they look.

Said here once: the terminal, figures, pages, style sheets and exports read them.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A word that results use: its name in data, how people read it, and how it is shown.

    ``style`` is that of the terminal (rich), ``colour`` that of figures, page and paper, ``pattern`` fills a bar beside
    its colour, so that colour is never alone.
    """

    name: str
    text: str
    style: str
    colour: str
    pattern: str


FAIL = Word("fail", "fail", "bold red", "#b3261e", "")
UNKNOWN = Word("unknown", "unknown", "yellow", "#c77700", "/")
MANUAL = Word("manual", "manual", "blue", "#4f63a6", ".")
ATTESTED = Word("attested", "attested", "cyan", "#2f7f86", "x")
PASS = Word("pass", "pass", "green", "#1f7a4d", "")
NOT_APPLICABLE = Word("not_applicable", "not applicable", "dim", "#8b919b", "-")

WORDS = {word.name: word for word in (FAIL, UNKNOWN, MANUAL, ATTESTED, PASS, NOT_APPLICABLE)}
"""Every status by its name, the worst first."""

STATUSES = tuple(WORDS)
"""Of a requirement, the worst first."""

VERDICTS = ("pass", "fail", "unknown", "not_applicable")
"""Of a subject, in the order of their codes in stored tables."""

WORST_FIRST = tuple(name for name in STATUSES if name in VERDICTS)
"""The verdicts in the order in which people want to see them."""

SEVERITIES = ("low", "medium", "high", "critical")
"""Of a check, the least first."""

SUBJECT = ["kind", "namespace", "name", "container"]
"""The columns that say who is judged."""


def word(name: str) -> str:
    """A status or verdict as people read it."""
    return WORDS[name].text if name in WORDS else name
