"""Small parts of OSCAL documents: texts, times, tokens, properties."""

import datetime as dt
import re
from collections.abc import Iterable

from auditkit.base.hostile_text import one_line
from auditkit.exports.judged import digest, identity

NAMESPACE = "urn:auditkit:oscal"
TOOL, PLAN = identity("tool", "auditkit"), identity("no assessment plan")

_FOREIGN = re.compile(r"[^\w.-]+")


def line(text: object) -> str:
    """Text on one line without blanks around it; a dash where there is none."""
    return one_line(str(text)).strip() or "-"


def time(moment: dt.datetime) -> str:
    """A time in UTC."""
    return moment.astimezone(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def prop(name: str, value: str) -> dict[str, str] | None:
    """A property of auditkit; none where it has no value."""
    return {"name": name, "ns": NAMESPACE, "value": line(value)} if value.strip() else None


def tokens(framework: str, identifiers: Iterable[str]) -> dict[str, str]:
    """Identifiers as OSCAL tokens, by identifier: ``164.312(b)`` of hipaa is ``hipaa-164.312.b``. Where two would be
    the same, the later has the beginning of its digest behind."""
    found: dict[str, str] = {}
    for identifier in identifiers:
        token = _FOREIGN.sub(".", f"{framework}-{identifier}").strip(".-")
        token = token if token[:1].isalpha() else f"_{token}"
        found[identifier] = f"{token}-{digest(identifier)[:8]}" if token in found.values() else token
    return found
