"""One vocabulary for what every tool says in its own words: severities, rule identifiers, times, images."""

import datetime as dt
import re
from functools import lru_cache
from typing import Any

Text = str | int | float | bool | None
"""The type of a field that should be text, in files of tools that are careless about it; `text` makes it text."""

_SEVERITIES = {
    "critical": ("critical", "crit", "fatal", "emergency", "alert", "emerg"),
    "high": ("high", "error", "err", "danger", "important", "severe", "major"),
    "medium": ("medium", "moderate", "warning", "warn", "med"),
    "low": ("low", "minor", "notice", "note"),
    "info": ("info", "informational", "information", "informative", "negligible", "none", "debug", "ok", "trace",
             "ignore", "success"),
}
_SEVERITY = {word: severity for severity, words in _SEVERITIES.items() for word in words}

_TRIVY = re.compile(r"^(?:AVD-)?(KSV|KCV|DS|AWS|AZU|GCP|GIT|DIG|OCI|OPNSTK|NIF)-?0*(\d+)$", re.IGNORECASE)
_BENCHMARK = re.compile(r"^(?:k8s-|kubernetes-)?(?:(?P<cloud>eks|gke|aks|rke2?|k3s|rh)-)?(?:cis-)?v?"
                        r"(?P<version>\d+(?:\.\d+)+)(?:-t[\d.]+)?$", re.IGNORECASE)
_UPPER = re.compile(r"^(CVE-\d|KHV\d|CKV\w*_|POP-\d|C-\d{4}$)", re.IGNORECASE)

_IMAGE_ID = re.compile(r"^(?:[a-z0-9+.-]+://)?(?:sha256:)?([0-9a-f]+)$")

_DAY = re.compile(r"\d{4}-?\d{2}-?\d{2}$")

_NANOSECONDS, _MICROSECONDS, _MILLISECONDS = 1e17, 1e14, 1e11
_FIRST_YEAR, _LAST_YEAR = 1970, 2100
_LATEST = 4102444800.0  # the beginning of the last year


@lru_cache(4096)
def severity(word: str | None) -> str:
    """critical, high, medium, low, info or unknown for a tool's word. Syslog levels and logrus levels are known."""
    return _SEVERITY.get(word.strip().lower(), "unknown") if word else "unknown"


@lru_cache(65536)
def rule_id(rule: str | None) -> str | None:
    """The rule in one form: AVD-KSV-0012, KSV-0012 and KSV012 are ``KSV012``; CVEs and the like in upper case."""
    if rule is None:
        return None
    rule = rule.strip()
    if trivy := _TRIVY.match(rule):
        return f"{trivy[1].upper()}{int(trivy[2]):03d}"
    return rule.upper() if _UPPER.match(rule) else rule


@lru_cache(1024)
def benchmark(name: str | None) -> str | None:
    """A benchmark with its version in one form: ``1.6``, ``k8s-cis-1.6`` and ``cis-v1.6-t1.0`` are ``cis-1.6``.

    Those of CIS for managed clusters keep their name: ``eks-1.2.0``. What is no benchmark of CIS stays as it is.
    """
    if not name:
        return None
    if name[0].isdigit():
        return f"cis-{name}"
    found = _BENCHMARK.match(name)
    return f"{(found['cloud'] or 'cis').lower()}-{found['version']}" if found else name


def moment(value: Any) -> dt.datetime | None:
    """A time in UTC from RFC 3339 text or a Unix time in seconds, milli-, micro- or nanoseconds (number or text).

    ``None`` for what is no time, and for year 1, which tools written in Go give for "not set".
    """
    if isinstance(value, dt.datetime):
        return _utc(value)
    if isinstance(value, str):
        try:
            return _utc(dt.datetime.fromisoformat(value.strip()))
        except ValueError:
            pass
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int) and _NANOSECONDS <= value < _NANOSECONDS * 1000:
        value = value // 1000  # in a float nanoseconds would not keep their microseconds
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    for unit, scale in ((_NANOSECONDS, 1e9), (_MICROSECONDS, 1e6), (_MILLISECONDS, 1e3)):
        if number >= unit:
            number /= scale
            break
    return dt.datetime.fromtimestamp(number, dt.UTC) if 0 < number < _LATEST else None


def until(value: Any) -> dt.datetime | None:
    """The end of a term in UTC: of one that is given as a day, the end of that day."""
    end = moment(value)
    return end + dt.timedelta(days=1) if end and isinstance(value, str) and _DAY.match(value.strip()) else end


def _utc(time: dt.datetime) -> dt.datetime | None:
    """A time in UTC; one without a zone is taken to be in UTC. ``None`` outside of the years that can be meant."""
    if not _FIRST_YEAR < time.year < _LAST_YEAR:
        return None
    return time.replace(tzinfo=dt.UTC) if time.tzinfo is None else time.astimezone(dt.UTC)


def digest(reference: str | None) -> str | None:
    """The digest in an image reference (``repo/name@sha256:...``), or of what is a digest itself."""
    if not reference or "sha256:" not in reference:
        return None
    return reference[reference.rindex("sha256:"):]


def image_id(value: str | None) -> str | None:
    """The ID of an image, as ``sha256:...``: the digest of its configuration, which is not that of its manifest.

    Runtimes write it with a scheme (``docker://sha256:...``), others without the name of the algorithm.
    """
    found = _IMAGE_ID.match(value.strip().lower()) if value else None
    return f"sha256:{found[1]}" if found else None


def identity(status_id: str | None) -> dict[str, str | None]:
    """What the ``imageID`` in the status of a container says of its image: ``image_digest``, or only ``image_id``.

    ``docker-pullable://name@sha256:...`` has the digest of a manifest; without a name it is an ID.
    """
    pulled = status_id is not None and "@" in status_id
    return {"image_digest": digest(status_id) if pulled else None, "image_id": None if pulled else image_id(status_id)}


def group(api_version: Any) -> str | None:
    """The API group of ``group/version``; the core group is the empty string."""
    if not isinstance(api_version, str):
        return None
    return api_version.rpartition("/")[0]


def text(value: Any) -> str | None:
    """A text, or a number as text; ``None`` for anything else, and for the empty text."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
