"""The formats of exports: each has a function from evaluations to bytes, a media type and a file ending."""

import importlib
from dataclasses import dataclass

from auditkit.errors import NoSuchName
from auditkit.exports.judged import Evaluations


@dataclass(frozen=True)
class Format:
    """A format: ``function`` (``module:name`` below this package) takes one evaluation or several."""

    function: str
    media_type: str
    ending: str

    def encoded(self, evaluations: Evaluations) -> bytes:
        """The evaluations in this format; the same evaluations give the same bytes."""
        module, _, name = self.function.partition(":")
        content: bytes = getattr(importlib.import_module(f"auditkit.exports.{module}"), name)(evaluations)
        return content


FORMATS = {
    "oscal": Format("oscal:encoded", "application/oscal+json", "oscal.json"),
    "sarif": Format("sarif:encoded", "application/sarif+json", "sarif"),
    "ocsf": Format("ocsf:encoded", "application/x-ndjson", "ocsf.jsonl"),
    "junit": Format("junit:encoded", "application/xml", "junit.xml"),
    "policyreport": Format("policyreport:encoded", "application/json", "policyreport.json"),
    "openreports": Format("policyreport:openreports", "application/json", "openreports.json"),
}
"""Every format by its name."""


def find(name: str) -> Format:
    """A format by its name. Raises `NoSuchName`."""
    if name not in FORMATS:
        raise NoSuchName("format", name, FORMATS)
    return FORMATS[name]
