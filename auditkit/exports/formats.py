"""The formats of exports: each has a function from evaluations to bytes, a media type and a file ending."""

from collections.abc import Callable
from dataclasses import dataclass

from auditkit.errors import NoSuchName
from auditkit.exports import junit, ocsf, oscal, policyreport, sarif
from auditkit.exports.judged import Evaluations


@dataclass(frozen=True)
class Format:
    """A format. ``encoded`` takes one evaluation or several; the same evaluations give the same bytes."""

    encoded: Callable[[Evaluations], bytes]
    media_type: str
    ending: str


FORMATS = {
    "oscal": Format(oscal.encoded, "application/oscal+json", "oscal.json"),
    "sarif": Format(sarif.encoded, "application/sarif+json", "sarif"),
    "ocsf": Format(ocsf.encoded, "application/x-ndjson", "ocsf.jsonl"),
    "junit": Format(junit.encoded, "application/xml", "junit.xml"),
    "policyreport": Format(policyreport.encoded, "application/json", "policyreport.json"),
    "openreports": Format(policyreport.openreports, "application/json", "openreports.json"),
}
"""Every format by its name."""


def find(name: str) -> Format:
    """A format by its name. Raises `NoSuchName`."""
    if name not in FORMATS:
        raise NoSuchName("format", name, FORMATS)
    return FORMATS[name]
