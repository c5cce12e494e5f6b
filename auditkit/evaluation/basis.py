"""All that decides verdicts: what must be the same for a stored verdict to be the one that judging would give.

Exceptions and attestations are not part of it: they change no verdict, and are applied to stored ones as to fresh ones.
"""

import hashlib
import os
import platform
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis import DERIVED
from auditkit.base.version import VERSION
from auditkit.checks import Check
from auditkit.framework.model import Framework
from auditkit.snapshots.snapshot import Snapshot

FORMAT = 1
"""Of the files in which verdicts are stored."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """By what a snapshot is judged: digests (SHA-256) of everything that verdicts depend on.

    ``snapshot`` is the digest of the snapshot, ``framework`` the name and ``framework_sha256`` the digest of its whole
    content, ``package_sha256`` that of auditkit's own sources with its checks, ``pss_version`` is the version of the
    Pod Security Standards that was asked for.
    """

    format: int = FORMAT
    snapshot: str
    framework: str
    version: str
    framework_sha256: str
    pss_version: str
    package_sha256: str
    auditkit: str = VERSION
    python: str = platform.python_version()
    numpy: str = np.__version__
    pandas: str = pd.__version__
    pyarrow: str = pa.__version__

    @property
    def digest(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


def basis(snapshot: Snapshot, framework: Framework, checks: Iterable[Check], pss_version: str) -> Basis | None:
    """By what a snapshot is judged; ``None`` where digests cannot tell it: a check or a derived table that is not
    auditkit's may read a file, the time or anything else beside its tables, so that it is asked each time."""
    shipped = all(place.startswith("auditkit.") for place in DERIVED.values())
    if not shipped or not all(check.ships for check in checks):
        return None
    return rule(snapshot, framework, pss_version)


def rule(snapshot: Snapshot, framework: Framework, pss_version: str) -> Basis:
    """The same as far as digests tell it: checks of a user's own may read more."""
    return Basis(snapshot=snapshot.digest, framework=framework.framework, version=framework.version,
                 framework_sha256=framework_digest(framework), pss_version=pss_version,
                 package_sha256=package_digest())


def framework_digest(framework: Framework) -> str:
    """SHA-256 of the whole content of a framework, without the place of its files."""
    content = {name: value for name, value in msgspec.structs.asdict(framework).items() if name != "files"}
    content["requirements"] = [requirement.written() for requirement in framework.requirements]
    return hashlib.sha256(msgspec.json.encode(content, enc_hook=repr, order="sorted")).hexdigest()


@cache
def package_digest() -> str:
    """The digest of the files of this package: code, and the tables and rules that stand beside it."""
    root = str(Path(__file__).parent.parent)
    paths = []
    for folder, _, files in os.walk(root):
        inside = folder[len(root) + 1:].replace(os.sep, "/")
        if inside.split("/")[0] != "_data":
            names = (f"{inside}/{name}".lstrip("/") for name in files if not name.endswith(".pyc"))
            paths += [name for name in names if Path(root, name).is_file()]
    found = hashlib.sha256()
    for name in sorted(paths, key=lambda name: name.split("/")):
        with open(f"{root}/{name}", "rb") as file:
            found.update(f"{name}\0{hashlib.sha256(file.read()).hexdigest()}\n".encode())
    return found.hexdigest()
