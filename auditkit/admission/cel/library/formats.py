"""Named formats: ``format.dns1123Label().validate(name)`` (k8s.io/apiserver, ``pkg/cel/library/format.go``)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.library.urls import parse_request_uri
from auditkit.admission.cel.times import parse_timestamp
from auditkit.admission.cel.values import CelError, Opaque, Optional

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_BASE64 = "([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"
_UUID = "[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}"

_ENDS = "and must start and end with an alphanumeric character"


def _says(what: str, pattern: str, *examples: str) -> str:
    """The API server's message where a text does not match a pattern."""
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{what} (e.g. {shown}regex used for validation is '{pattern}')"


_LABEL_SAYS = _says(f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ENDS}",
                    _LABEL, "my-name", "123-abc")
_SUBDOMAIN_SAYS = _says("a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
                        f"'.', {_ENDS}", _SUBDOMAIN, "example.com")
_LABEL_1035_SAYS = _says("a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                         "alphabetic character, and end with an alphanumeric character",
                         _LABEL_1035, "my-name", "abc-123")
_NAME_SAYS = _says(f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
                   _NAME, "MyName", "my.name", "123-abc")
_VALUE_SAYS = _says("a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', "
                    f"{_ENDS}", f"({_NAME})?", "MyValue", "my_value", "12345")


def _matches(pattern: str, text: str) -> bool:
    return bool(re.fullmatch(pattern, text, re.ASCII))


def _too_long(text: str, most: int) -> list[str]:
    return [f"must be no more than {most} characters"] if len(text.encode()) > most else []


def dns_label(text: str) -> list[str]:
    """What is wrong with the label of a DNS name (RFC 1123)."""
    wrong = _too_long(text, 63)
    if not _matches(_LABEL, text):
        wrong.append("must not contain dots" if _matches(_SUBDOMAIN, text) else _LABEL_SAYS)
    return wrong


def dns_subdomain(text: str) -> list[str]:
    """What is wrong with a DNS name (RFC 1123)."""
    return [*_too_long(text, 253), *([] if _matches(_SUBDOMAIN, text) else [_SUBDOMAIN_SAYS])]


def dns_label_1035(text: str) -> list[str]:
    """What is wrong with the label of a DNS name (RFC 1035)."""
    return [*_too_long(text, 63), *([] if _matches(_LABEL_1035, text) else [_LABEL_1035_SAYS])]


def _prefix(of: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """The format of the beginning of a name: a dash at its end is allowed."""
    return lambda text: of(f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text)


def qualified_name(text: str) -> list[str]:
    """What is wrong with the key of a label."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return [f"a valid label key {_NAME_SAYS} with an optional DNS subdomain prefix and '/' (e.g. "
                "'example.com/MyName')"]
    wrong = []
    if slash:
        wrong = [f"prefix part {each}" for each in (dns_subdomain(prefix) if prefix else ["must be non-empty"])]
    if not name:
        wrong.append("name part must be non-empty")
    wrong += [f"name part {each}" for each in _too_long(name, 63)]
    return wrong if _matches(_NAME, name) else [*wrong, f"name part {_NAME_SAYS}"]


def label_value(text: str) -> list[str]:
    """What is wrong with the value of a label."""
    return [*_too_long(text, 63), *([] if _matches(f"({_NAME})?", text) else [_VALUE_SAYS])]


def uri(text: str) -> list[str]:
    """What is wrong with a URI."""
    try:
        parse_request_uri(text)
    except CelError as error:
        return [str(error)]
    return []


def uuid(text: str) -> list[str]:
    """What is wrong with a UUID."""
    return [] if _matches(_UUID, text) else ["does not match the UUID format"]


def base64_text(text: str) -> list[str]:
    """What is wrong with bytes in base64."""
    return [] if _matches(_BASE64, text) else ["invalid base64"]


def full_date(text: str) -> list[str]:
    """What is wrong with a date."""
    try:
        date.fromisoformat(text if _matches(r"\d{4}-\d\d-\d\d", text) else "")
    except ValueError:
        return ["invalid date"]
    return []


def date_time(text: str) -> list[str]:
    """What is wrong with a moment (RFC 3339)."""
    return [] if parse_timestamp(text.upper()) else ["invalid datetime"]


@dataclass(frozen=True)
class Format(Opaque):
    """A format with a name."""

    name: str
    type_name = "kubernetes.NamedFormat"


_FORMATS: dict[str, Callable[[str], list[str]]] = {
    "dns1123Label": dns_label, "dns1123Subdomain": dns_subdomain, "dns1035Label": dns_label_1035,
    "qualifiedName": qualified_name, "dns1123LabelPrefix": _prefix(dns_label),
    "dns1123SubdomainPrefix": _prefix(dns_subdomain), "dns1035LabelPrefix": _prefix(dns_label_1035),
    "labelValue": label_value, "uri": uri, "uuid": uuid, "byte": base64_text, "date": full_date, "datetime": date_time,
}


def _declare(name: str) -> None:
    @function(f"format.{name}() -> kubernetes.NamedFormat")
    def constant() -> Format:
        return Format(name)


for _name in _FORMATS:
    _declare(_name)


@function("format.named(string) -> optional_type<kubernetes.NamedFormat>")
def named(name: str) -> Optional:
    return Optional.of(Format(name)) if name in _FORMATS else Optional()


@function("kubernetes.NamedFormat.validate(string) -> optional_type<list<string>>")
def validate(form: Format, text: str) -> Optional:
    wrong = _FORMATS[form.name](text)
    return Optional.of(wrong) if wrong else Optional()
