"""Text of tools without the values that it quotes, so that no credentials are stored.

The rule stands here, where findings and events are put into the one vocabulary, and holds whoever hands a finding on:
a PolicyReport can carry what Falco or Trivy says, and SARIF what any tool does.
"""

import re
from functools import lru_cache
from typing import Any

from auditkit.base.secret_words import WORDS

_SENSORS = re.compile(r"falco|tracee|kubearmor|tetragon", re.IGNORECASE)
"""Sensors whose sentences are built from command lines, with the arguments of the process."""

_QUOTING = re.compile(r"\b(?:AVD-)?KSV-?0*(?:109|1010)\b", re.IGNORECASE)
"""Rules whose message quotes what looks like a secret: Trivy's on ConfigMaps."""

_SECRETS = re.compile(r"exposed ?secret", re.IGNORECASE)
"""Who hands on the secrets that Trivy found, as ``Trivy ExposedSecrets``."""

_HASHED = re.compile(r"CKV_SECRET_", re.IGNORECASE)
"""Rules whose resource is a plain hash of the secret that was found: Checkov's secrets runner."""

_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bhv[sbr]\.[\w-]{20,}|\bAIza[\w-]{35}",
    re.DOTALL)
_CALLED = "|".join(WORDS)
_NAMED = re.compile(
    rf"""(?P<name>(?:{_CALLED}|authorization|credentials?)["']?\s*(?:=|:(?=\s*\S))\s*)
        (?P<value>(?:(?:Bearer|Basic)\s+)?(?:"[^"]*"|'[^']*'|[^\s,;'"}})\]]+))""", re.IGNORECASE | re.VERBOSE)
_FLAG = re.compile(
    rf"(?P<name>(?:^|\s)--?(?:[\w.-]*[_.-])?(?:{_CALLED})\s+)(?P<value>[^\s-]\S*)", re.IGNORECASE)
_BEARER = re.compile(r"(?P<name>\b(?:Bearer|Basic)\s+)(?P<value>[\w.~+/=-]{12,})")
_ADDRESS = re.compile(r"(?P<name>\w://)(?P<value>[^/@\s:]*:[^/@\s]+)(?=@)")
_HINTS = ("pass", "pwd", "secret", "token", "key", "auth", "cred", "bearer", "basic", "://", "-----begin", "eyj",
          "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "hvs.", "hvb.",
          "hvr.", "aiza")
"""Every text with a value has one of these in it, in whatever case: most texts are spared the patterns."""
STRUCK = "***"
MOST = 5000
"""How much of a text is looked at; more than any table keeps."""
_WORDS = frozenset({"true", "false", "null", "none", "yes", "no", "", STRUCK})


def without_values(text: Any) -> Any:
    """A text with each value that is a credential, or is called one, struck out; booleans and nothing stay."""
    return _clean(text[:MOST]) if isinstance(text, str) and text else text


@lru_cache(1024)
def _clean(text: str) -> str:
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return text
    text = _VALUE.sub(STRUCK, text)
    for pattern in (_ADDRESS, _NAMED, _FLAG, _BEARER):
        text = pattern.sub(_struck, text)
    return text


def _struck(found: re.Match[str]) -> str:
    value = found["value"]
    return found[0] if value.strip("\"'").lower() in _WORDS else found["name"] + STRUCK


def message(text: Any, tool: Any, rule: Any) -> Any:
    """The message of a finding, or nothing where this tool, or this rule, says values in it."""
    tool, rule = str(tool or ""), str(rule or "")
    if text is None or _SENSORS.search(tool) or _SECRETS.search(tool) or _QUOTING.search(rule):
        return None
    return without_values(text)


def name(word: Any, rule: Any) -> Any:
    """What a finding calls its object, unless that is made of the secret itself."""
    return None if _HASHED.match(str(rule or "")) else word
