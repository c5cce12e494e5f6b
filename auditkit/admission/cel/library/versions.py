"""Semantic versions: ``semver('1.2.3')`` (k8s.io/apiserver, ``pkg/cel/library/semverlib.go``; blang/semver)."""

import re
from dataclasses import dataclass

from auditkit.admission.cel.functions import function
from auditkit.admission.cel.numbers import UINT_MAX
from auditkit.admission.cel.values import CelError, Opaque
from auditkit.base.go_text import go_quoted

_NUMBERS = re.compile("[0-9]*", re.ASCII)
_LETTERS = re.compile("[0-9A-Za-z-]*", re.ASCII)


@dataclass(frozen=True)
class Version(Opaque):
    """A version: three numbers, and the parts of a version before the release."""

    numbers: tuple[int, ...]
    before: tuple[int | str, ...] = ()
    type_name = "kubernetes.Semver"

    def place(self) -> tuple[object, ...]:
        """Where it stands among others: numbers before texts, a release after what comes before it."""
        return (self.numbers, not self.before,
                tuple((isinstance(part, str), part) for part in self.before))


def _number(text: str, what: str) -> int:
    if not _NUMBERS.fullmatch(text):
        raise CelError(f"Invalid character(s) found in {what.lower()} {go_quoted(text)}")
    if len(text) > 1 and text.startswith("0"):
        raise CelError(f"{what} must not contain leading zeroes {go_quoted(text)}")
    if not text:
        raise CelError('strconv.ParseUint: parsing "": invalid syntax')
    if int(text) > UINT_MAX:
        raise CelError(f"strconv.ParseUint: parsing {go_quoted(text)}: value out of range")
    return int(text)


def _parse(text: str) -> Version:
    if not text:
        raise CelError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) < 3:
        raise CelError("No Major.Minor.Patch elements found")
    major, minor = _number(parts[0], "Major number"), _number(parts[1], "Minor number")
    rest, plus, build = parts[2].partition("+")
    patch, minus, before = rest.partition("-")
    numbers = (major, minor, _number(patch, "Patch number"))
    parts_before = tuple(_before(part) for part in before.split(".")) if minus else ()
    for part in build.split(".") if plus else ():
        _check_build(part)
    return Version(numbers, parts_before)


def _before(part: str) -> int | str:
    if not part:
        raise CelError("Prerelease is empty")
    if _NUMBERS.fullmatch(part):
        return _number(part, "Numeric PreRelease version")
    if not _LETTERS.fullmatch(part):
        raise CelError(f"Invalid character(s) found in prerelease {go_quoted(part)}")
    return part


def _check_build(part: str) -> None:
    if not part:
        raise CelError("Build meta data is empty")
    if not _LETTERS.fullmatch(part):
        raise CelError(f"Invalid character(s) found in build meta data {go_quoted(part)}")


def _normalised(text: str) -> str:
    """The text without ``v`` and leading zeros, and with all three numbers."""
    parts = [_without_zeros(part) for part in text.removeprefix("v").split(".", 2)]
    if len(parts) < 3 and set(parts[-1]) & set("+-"):
        raise CelError("short version cannot contain PreRelease/Build meta data")
    return ".".join([*parts, "0", "0"][:3])


def _without_zeros(part: str) -> str:
    if len(part) <= 1:
        return part
    rest = part.lstrip("0")
    return rest if rest[:1].isascii() and rest[:1].isdigit() else f"0{rest}"


@function("semver(string) -> kubernetes.Semver", "semver(string, bool) -> kubernetes.Semver")
def semver(text: str, normalise: bool = False) -> Version:
    return _parse(_normalised(text) if normalise else text)


@function("isSemver(string) -> bool", "isSemver(string, bool) -> bool")
def is_semver(text: str, normalise: bool = False) -> bool:
    try:
        semver(text, normalise)
    except CelError:
        return False
    return True


@function("kubernetes.Semver.major() -> int")
def major(version: Version) -> int:
    return version.numbers[0]


@function("kubernetes.Semver.minor() -> int")
def minor(version: Version) -> int:
    return version.numbers[1]


@function("kubernetes.Semver.patch() -> int")
def patch(version: Version) -> int:
    return version.numbers[2]


@function("kubernetes.Semver.compareTo(kubernetes.Semver) -> int")
def compare_to(one: Version, other: Version) -> int:
    return int(one.place() > other.place()) - int(one.place() < other.place())


@function("kubernetes.Semver.isGreaterThan(kubernetes.Semver) -> bool")
def is_greater_than(one: Version, other: Version) -> bool:
    return compare_to(one, other) > 0


@function("kubernetes.Semver.isLessThan(kubernetes.Semver) -> bool")
def is_less_than(one: Version, other: Version) -> bool:
    return compare_to(one, other) < 0
