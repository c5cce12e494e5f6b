"""What is installed with auditkit: the packages of the lock, what needs them, and the licences that they name."""

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from packaging.markers import Marker

ROOT = Path(__file__).parents[1]
ENTRY = re.compile(r"(?m)^([a-z0-9][a-z0-9.-]*)==(\S+)( ; [^\\]+)? \\\n((?:    .*\n)*)")
"""A package of the lock: its name, version and condition, then its hashes and what it is needed for."""
SUPPORTED = ("3.11.9", "3.14.0")
"""A package has a licence here if it is installed on Linux with all of these versions of Python: otherwise the page
would depend on the machine that writes it."""
NEEDED_BY = re.compile(r"(?m)^ +#(?: via)? +([a-z0-9][a-z0-9.-]*)(?=$| )")


class Package(NamedTuple):
    name: str
    version: str
    condition: str
    licence: str
    """As its metadata name it; empty for a package that only some systems or versions of Python need."""
    part: str
    """`auditkit`, or the first extra that needs it."""


def packages() -> list[Package]:
    """The packages that auditkit and its extras need, by name; those of its developers are left out."""
    entries = ENTRY.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    needs: dict[str, set[str]] = {}
    for name, _, _, comments in entries:
        for parent in NEEDED_BY.findall(comments):
            needs.setdefault(parent, set()).add(name)
    parts: dict[str, str] = {}
    for part, roots in _roots():
        for name in _closure(roots, needs):
            parts.setdefault(name, part)
    conditions: dict[str, list[str]] = {}
    for name, _, condition, _ in entries:
        conditions.setdefault(name, []).append(condition.removeprefix(" ; ").strip())
    return [Package(name, version, condition.removeprefix(" ; ").strip(),
                    _licence(name) if _everywhere(conditions[name]) else "", parts[name])
            for name, version, condition, _ in entries if name in parts]


def _everywhere(conditions: list[str]) -> bool:
    """A package is installed wherever auditkit is tested, in one version or another."""
    return all(any(not one or Marker(one).evaluate({"python_full_version": python, "sys_platform": "linux"})
                   for one in conditions) for python in SUPPORTED)


def _roots() -> Iterator[tuple[str, set[str]]]:
    """The parts of auditkit, with what each asks for: auditkit itself first."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for part, asked in {"auditkit": project["dependencies"], **project["optional-dependencies"]}.items():
        yield part, {re.split(r"[^A-Za-z0-9._-]", one, maxsplit=1)[0].lower() for one in asked}


def _closure(roots: set[str], needs: dict[str, set[str]]) -> set[str]:
    found, todo = set(roots), list(roots)
    while todo:
        new = needs.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return found


def _licence(name: str) -> str:
    """The licence of an installed package: its SPDX expression, else its classifiers, else its own words."""
    about = metadata.metadata(name)
    classified = [one.rpartition(" :: ")[2] for one in about.get_all("Classifier") or ()
                  if one.startswith("License ::")]
    return about.get("License-Expression") or "; ".join(classified) or (about.get("License") or "").partition("\n")[0]
