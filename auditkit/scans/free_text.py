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

_RELAYS = frozenset({"policyreport"})
"""Readers of reports in which any tool may speak."""

_ENGINES = re.compile(r"kyverno|admissionpolicy|trivy|kube-?bench|kubewarden|gatekeeper|image-scanner|rhacm",
                      re.IGNORECASE)
"""Of those tools, the ones that speak of the state of objects. Any other may be a sensor, or hand on what one says."""

_QUOTING = re.compile(r"\b(?:AVD-)?KSV-?0*(?:109|1010)\b", re.IGNORECASE)
"""Rules whose message quotes what looks like a secret: Trivy's on ConfigMaps."""

_SECRETS = re.compile(r"exposed ?secret", re.IGNORECASE)
"""Who hands on the secrets that Trivy found, as ``Trivy ExposedSecrets``."""

_HASHING = frozenset({"checkov"})
"""Tools that call a secret by the plain hash of its value."""

_VALUE = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)"
    r"|\beyJ[\w-]{8,}\.[\w-]+(?:\.[\w-]*)?"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}"
    r"|\bxox[abprs]-[\w-]{10,}|\bhv[sbr]\.[\w-]{20,}|\bAIza[\w-]{35}",
    re.DOTALL)
_CALLED = "|".join(WORDS)
_PLAINLY_CALLED = "|".join(word for word in WORDS if word != "pass")  # which is a verb as well
_QUOTED = r"""\\?"[^"]*"|\\?'[^']*'|`[^`]*`"""
_NAMED = re.compile(
    rf"""(?P<name>(?:{_CALLED}|authorization|credentials?)\\?["']?\s*(?:[!:]?=+>?|:(?=\s*\S))\s*)
        (?P<value>(?:(?:Bearer|Basic)\s+)?(?:{_QUOTED}|[^\s,;'"}})\]]+))""", re.IGNORECASE | re.VERBOSE)
_SAID = re.compile(
    rf"""(?P<name>(?:{_PLAINLY_CALLED}|credentials?)\b[^\n]{{0,80}}?
         \b(?:be|is|was|equals?|to|not|than|of|got|found|has|value|contains?|matche?s?)\s+)
        (?P<value>{_QUOTED})""", re.IGNORECASE | re.VERBOSE)
"""A sentence about a value: ``PASSWORD must not be '...'``."""
_FLAG = re.compile(
    rf"(?P<name>(?:^|\s)--?(?:[\w.-]*[_.-])?(?:{_CALLED})\s+)(?P<value>[^\s-]\S*)", re.IGNORECASE)
_LETTERS = re.compile(
    r"(?P<name>(?:" + "|".join(rf"\b(?:{program})\b[^|;&\n]*?[\s\"',=\[]{option}" for program, option in {
        r"mysql\w*|mariadb[\w-]*|mongo\w*|sshpass|login": "-p", "redis-cli": "-a", r"ldap\w+": "-w",
        "curl": r"(?:-u|--user)[\s=]*[^\s:]*:"}.items()) + r")(?:\s+(?!-))?)(?P<value>[^\s\"',]+)", re.IGNORECASE)
"""Options of one letter that take a password, glued to it or not, by the programs that have them."""
_BEARER = re.compile(r"(?P<name>\b(?:Bearer|Basic)\s+)(?P<value>[\w.~+/=-]{12,})")
_ADDRESS = re.compile(r"(?P<name>\w://)(?P<value>[^/@\s:]*:[^/@\s]+)(?=@)")
_GRANT = re.compile(r"\w+: allowed by \w+ {0} of \w+ {0} to \w+ {0}".format(r'"(?:[^"\\=]|\\.)+"'))
_HINTS = ("pass", "pwd", "secret", "token", "key", "auth", "cred", "bearer", "basic", "://", "-----begin", "eyj",
          "akia", "asia", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "hvs.", "hvb.",
          "hvr.", "aiza", "mysql", "mariadb", "mongo", "login", "redis-cli", "ldap", "curl")
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
    for pattern in (_ADDRESS, _NAMED, _SAID, _FLAG, _LETTERS, _BEARER):
        text = pattern.sub(_struck, text)
    return text


def _struck(found: re.Match[str]) -> str:
    value = found["value"]
    return found[0] if value.strip("\\\"'`").lower() in _WORDS else found["name"] + STRUCK


def message(text: Any, tool: Any, rule: Any, reader: str) -> Any:
    """The message of a finding, or nothing where this tool, or this rule, says values in it or may do so."""
    tool, rule = str(tool or ""), str(rule or "")
    if text is None or _SENSORS.search(tool) or _SECRETS.search(tool) or _QUOTING.search(rule):
        return None
    return None if reader in _RELAYS and not _ENGINES.search(tool) else without_values(text)


def reason(text: Any) -> Any:
    """Why a request was allowed. What RBAC says has names only, which may look like values (``"app:token:read"``)."""
    return text if isinstance(text, str) and _GRANT.fullmatch(text) else without_values(text)


def word(text: Any) -> Any:
    """A name or identifier. One with a space is a sentence; in any other a colon or slash is a part of the name."""
    return without_values(text) if isinstance(text, str) and " " in text else text


def name(text: Any, category: Any, tool: Any) -> Any:
    """What a finding calls its object, unless that is made of the secret itself."""
    return None if category == "secret" and tool in _HASHING else word(text)
