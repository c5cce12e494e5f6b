"""Settings as text, read as the programs read them. What cannot be understood is <NA>, and so never a pass."""

import posixpath
import re
from collections.abc import Iterable

import pandas as pd
import pyarrow as pa

from auditkit.analysis.columns import BOOLEAN, STRING

NUMBER = pd.ArrowDtype(pa.float64())

STRONG_CIPHERS = frozenset(
    f"TLS_{suite}" for suite in (
        "AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256",
        *(f"ECDHE_{key}_WITH_{cipher}" for key in ("ECDSA", "RSA") for cipher in (
            "AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305", "CHACHA20_POLY1305_SHA256")),
    )
)
"""Cipher suites with forward secrecy and authenticated encryption: those that CIS Kubernetes 1.2.29 lists.

4.2.12 lists fewer for the kubelet: those of TLS 1.3 are missing there, but they cannot be switched off and are not
weaker, and one is there by its other name.
"""

_PARSED = (dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True)
           | dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False))
"""What ``strconv.ParseBool`` of Go's standard library accepts."""

_DURATION = r"0|-?(?:\d+(?:\.\d*)?(?:h|ms|m|s|us|µs|ns))+"


def boolean(text: pd.Series) -> pd.Series:
    """A switch as Go's ``ParseBool`` reads it, which knows ``True`` and ``TRUE`` and not ``tRUE``."""
    return text.map(_PARSED).astype(BOOLEAN)


def number(text: pd.Series) -> pd.Series:
    """A whole number as Go reads it in flags (``base 0``): with ``0x`` in sixteens, with ``0`` before it in eights."""
    return pd.Series([None if pd.isna(each) else _number(each) for each in text], text.index, NUMBER)


def _number(text: str) -> float | None:
    if text != text.strip():  # as Python would, and Go does not
        return None
    try:
        return float(int(text, 8 if re.fullmatch(r"[+-]?0[0-7_]+", text) else 0))
    except (ValueError, OverflowError):
        return None


def seconds(text: pd.Series) -> pd.Series:
    """A duration as Go writes it (``1m30s``), in seconds."""
    valid = text.where(text.str.fullmatch(_DURATION).fillna(False))
    return pd.to_timedelta(valid.astype(object), errors="coerce").dt.total_seconds().astype(NUMBER)


def lists(text: pd.Series, item: str) -> pd.Series:
    """Whether a list that is joined by commas has this item."""
    return text.str.contains(rf"(?:^|,)\s*{re.escape(item)}\s*(?:,|$)", regex=True)


def lists_only(text: pd.Series, items: Iterable[str]) -> pd.Series:
    """Whether a list that is joined by commas has these items and no other, and is not empty."""
    one = rf"\s*(?:{'|'.join(map(re.escape, sorted(items)))})\s*"
    return text.str.fullmatch(f"{one}(?:,{one})*")


def gate(text: pd.Series, name: str, *, default: bool) -> pd.Series:
    """A feature gate of stage beta in a list of ``Name=true``: as it says of the gate, else of all of that stage.

    ``kube:Name=true`` says the same; other prefixes are those of other components (component-base, compatibility).
    """
    on = pd.Series(default, text.index, BOOLEAN).where(text.notna())
    for each in ("AllBeta", name):
        item = rf"\s*(?:kube\s*:)?\s*{each}\s*="
        stated = text.str.contains(rf"(?:^|,){item}", regex=True).fillna(False)
        on = on.mask(stated, boolean(text.str.extract(rf"^(?:.*,)?{item}\s*(\w+)", expand=False)))
    return on


def loopback(text: pd.Series) -> pd.Series:
    """Whether an address is reached from its own node only."""
    return text.str.fullmatch(r"127(?:\.\d{1,3}){3}|::1|\[::1\]|localhost")


def paths(text: pd.Series) -> pd.Series:
    """Paths in their shortest form, so that the same file has one name; empty where there is none."""
    short = {path: re.sub("^//", "/", posixpath.normpath(path)) if path else path for path in text.dropna().unique()}
    return text.map(short, na_action="ignore").astype(STRING)
