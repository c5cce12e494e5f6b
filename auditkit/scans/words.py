"""What several readers share: kinds of resources, framework tags, text that a tool writes for "nothing"."""

import re
from typing import Any

from auditkit.scans.vocabulary import text
from auditkit.tables.resources import RESOURCES

_KINDS = {resource.plural: resource.kind for resource in RESOURCES.values()}
_CANONICAL = {kind.lower(): kind for kind in _KINDS.values()}
_CLUSTER_WIDE = frozenset(resource.kind for resource in RESOURCES.values() if not resource.namespaced)
_TECHNIQUE = re.compile(r"[Tt]\d{4}(?:[._]|$)")
_COUNT = re.compile(r"\d{1,12}$", re.ASCII)
_CODE = re.compile(r"[1-9]\d\d$", re.ASCII)
_TOKEN = re.compile(r"\b(?:hv[sbr]|[sbr])\.[\w-]{20,}|\beyJ[\w-]+\.[\w.-]+")
_NOTHING = frozenset({"", "<na>", "n/a", "<nil>", "<none>"})

# Beginnings of tags that name a framework, longest first where one begins another. Tools write "SOC2_CC6.6",
# "NIST_800-53_AC-6(9)", "PCI_DSS_10.2.5", "mitre_execution" and plain ATT&CK techniques ("T1059").
_FRAMEWORKS = (
    "NIST_800-171", "NIST_800-190", "NIST_800-53", "NIST_CSF", "NIST", "PCI_DSS", "PCI", "HIPAA", "HITRUST", "SOC2",
    "ISO_27001", "ISO27001", "ISO", "GDPR", "FEDRAMP", "MITRE", "CIS", "DISA_STIG", "AWS_FSBP",
)


def kind_of(word: str | None) -> str | None:
    """The kind that a tool means by its plural or its name in lower case; as it is where that is not known."""
    if not word:
        return None
    return _KINDS.get(word) or _CANONICAL.get(word.lower()) or word


def is_namespaced(kind: str | None) -> bool:
    """True if objects of this kind lie in a namespace; kinds that are not known are taken to."""
    return kind not in _CLUSTER_WIDE


def given(value: Any) -> str | None:
    """A text, unless it is one of those that tools write where they have nothing: ``<NA>``, ``N/A`` …"""
    word = text(value)
    return None if word is None or word.strip().lower() in _NOTHING else word


def framework_of(tag: Any) -> tuple[str, str] | None:
    """The framework and the requirement that a tag names, both as the tool writes them; ``None`` for other tags."""
    if not isinstance(tag, str):
        return None
    upper = tag.upper()
    for framework in _FRAMEWORKS:
        if upper.startswith(framework + "_") and len(tag) > len(framework) + 1:
            return tag[:len(framework)], tag[len(framework) + 1:]
    return ("MITRE", tag) if _TECHNIQUE.match(tag) else None


def image_of(repository: str | None, tag: str | None) -> str | None:
    """``repository:tag`` of what is known; ``None`` without a repository."""
    if repository is None:
        return None
    return f"{repository}:{tag}" if tag else repository


def path_of(uri: Any) -> str | None:
    """The path of a request alone: queries hold command lines, and what follows a proxy only its target knows.

    Tokens of Vault and JWTs in a path (old ways of asking about a token) are struck out.
    """
    path, mark, _ = (given(uri) or "").partition("?")[0].partition("/proxy/")
    return _TOKEN.sub("***", path + mark.rstrip("/")) or None


def count_of(value: Any) -> int | None:
    """A count, as a number or as text."""
    word = text(value)
    return int(word) if word and _COUNT.match(word) else None


def code_of(value: Any) -> int | None:
    """An HTTP status, as a number or as text."""
    word = text(value)
    return int(word) if word and _CODE.match(word) else None
