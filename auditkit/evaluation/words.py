"""The words of a judgement: verdicts, statuses, severities, with their order, their text and how they look.

The terminal, figures, pages, style sheets and exports all read them from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Word:
    """A word in results: its name in data, its text for people, and its appearance.

    ``style`` is for the terminal (rich), ``colour`` for figures, pages and PDFs. ``pattern`` fills bars, so that colour
    is not the only difference.
    """

    name: str
    text: str
    style: str
    colour: str
    pattern: str


FAIL = Word("fail", "fail", "bold red", "#b3261e", "")
EXCEPTION_NOTED = Word("exception_noted", "exception noted", "bold magenta", "#94356b", "\\")
"""Of a requirement whose fulfilment rests on people, and whose checks show deviations. It is no pass."""
UNKNOWN = Word("unknown", "unknown", "yellow", "#c77700", "/")
MANUAL = Word("manual", "manual", "blue", "#4f63a6", ".")
ATTESTED = Word("attested", "attested", "cyan", "#2f7f86", "x")
PASS = Word("pass", "pass", "green", "#1f7a4d", "")
NOT_APPLICABLE = Word("not_applicable", "not applicable", "dim", "#8b919b", "-")

NO_EVIDENCE = Word("no evidence", "no evidence", "dim", "#ffffff", "")
"""Of a day without a snapshot: no status of a requirement, and no claim."""

WORDS = {word.name: word for word in (FAIL, EXCEPTION_NOTED, UNKNOWN, MANUAL, ATTESTED, PASS, NOT_APPLICABLE)}
"""Every status by its name, the worst first."""

STATUSES = tuple(WORDS)
"""The statuses of a requirement, the worst first."""

DEVIATING = (FAIL.name, EXCEPTION_NOTED.name)
"""The statuses of a requirement with deviations: of which subjects fail, or which people say is not met."""

VERDICTS = ("pass", "fail", "unknown", "not_applicable")
"""The verdicts on a subject, in the order of their codes in stored tables."""

WORST_FIRST = tuple(name for name in STATUSES if name in VERDICTS)
"""The verdicts, the worst first."""

SEVERITIES = ("low", "medium", "high", "critical")
"""The severities of a check, the lowest first."""

SUBJECT = ["kind", "namespace", "name", "container"]
"""The columns that identify a subject."""


def word(name: str) -> str:
    """The text of a status or verdict for people."""
    return WORDS[name].text if name in WORDS else name
