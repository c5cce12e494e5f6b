"""Every exception that a user can encounter.

::

    AuditkitError                 the base: its text is a sentence for people
    ├── UsageError                the command or call is wrong (exit 2)
    │   ├── NoSuchName            an unknown table, check, framework, column
    │   │   └── NoSuchTable       an unknown table, also as an attribute of a snapshot
    │   └── DefinitionError       a mistake in a framework, checks, cases, exceptions or attestations
    ├── SourceError               nothing can be collected from this source (exit 4)
    ├── SnapshotError             a snapshot is missing, cut short or altered (exit 2)
    ├── SignatureError            a signature cannot be made, or does not prove what was asked of it (exit 2)
    │   ├── NotSigned             there is no signature
    │   ├── ForeignSignature      signed with keys that are not trusted
    │   ├── AlteredAfterSigning   the signature is not of these bytes
    │   └── TimeStampError        a time stamp cannot be had, or does not prove the time
    ├── NotificationError         a webhook did not take a message (exit 2)
    ├── Incomplete                the collection is incomplete and strictness was asked for (exit 3)
    └── MissingDependency         a package or system library is not installed (exit 2)

    GapWarning                    no exception: a result is based on incomplete tables

What a source refuses, lacks or cuts short while a collection runs is not an exception: it is a row of the
ledger, and the verdicts that need it become ``unknown``.
"""

import difflib
from collections.abc import Iterable


class AuditkitError(Exception):
    """The base of all errors. The message states what happened, where, and what to do next."""

    exit_code = 2

    def _render_traceback_(self) -> list[str]:
        """What IPython shows of it in a notebook: the sentence alone, of which nothing steers what draws it."""
        shown = "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in str(self))
        return [f"{type(self).__name__}: {shown}"]


class UsageError(AuditkitError):
    """The command or call is wrong."""


class NoSuchName(UsageError):
    """A name that does not exist; the message suggests similar names."""

    def __init__(self, what: str, name: str, known: Iterable[str]):
        known = sorted(known)
        folded = {each.casefold(): each for each in known}
        near = [folded[each] for each in difflib.get_close_matches(name.casefold(), folded, n=3)]
        some = f"{', '.join(known[:12])}{f' and {len(known) - 12} more' if len(known) > 12 else ''}"
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are: {some or 'none'}."
        super().__init__(f"There is no {what} {name!r}; {hint}")


class NoSuchTable(NoSuchName, AttributeError):
    """A table that does not exist, also where it is asked for as an attribute: ``snap.podz``."""


class DefinitionError(UsageError):
    """A framework, check, case, exception or attestation has a mistake; the message has file and line."""

    line = 0
    """The line in its file; 0 where it is not known."""


ControlError = DefinitionError
"""The former name of `DefinitionError`, kept for one version."""


class SourceError(AuditkitError):
    """A cluster cannot be reached, or a folder is not a recording: nothing was collected."""

    exit_code = 4


class SnapshotError(AuditkitError):
    """A snapshot does not exist, is incomplete, or no longer matches the digests in its manifest."""


class SignatureError(AuditkitError):
    """A signature cannot be made, or does not prove what was asked of it."""


class NotSigned(SignatureError):
    """There is no signature."""


class ForeignSignature(SignatureError):
    """It is signed, but with no key that is trusted; the message names the keys that it says it is signed with."""


class AlteredAfterSigning(SignatureError):
    """The signature, or what was signed, was changed: they do not belong together."""


class TimeStampError(SignatureError):
    """A time-stamp authority gives no time stamp, or the one that is there does not prove the time."""


class NotificationError(AuditkitError):
    """A webhook did not take a message; the message names the webhook, and never its address."""


class Incomplete(AuditkitError):
    """The collection is incomplete, and ``--strict`` was given."""

    exit_code = 3


class MissingDependency(AuditkitError):
    """A package (an extra) or a library of the system is needed and not installed; the message names it."""


class GapWarning(UserWarning):
    """A result is based on incomplete tables; the missing data may change it."""

    def __init__(self, gaps: Iterable[str]):
        super().__init__(f"the result is based on incomplete evidence: {'; '.join(gaps)}.")
