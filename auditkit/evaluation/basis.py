"""All that decides verdicts: what must be the same for a stored verdict to be the one that judging would give.

Exceptions and attestations are not part of it: they change no verdict, and are applied to stored ones as to fresh ones.
"""

import ast
import hashlib
import platform
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis import DERIVED
from auditkit.base.version import VERSION
from auditkit.checks import Check, plugins
from auditkit.framework.model import Framework
from auditkit.snapshots.snapshot import Snapshot

FORMAT = 1
"""Of the files in which verdicts are stored."""

_KNOWN = {"auditkit", "numpy", "pandas", "pyarrow", *sys.stdlib_module_names} - {"importlib", "runpy"}
"""What a file of checks may import, and its bytes still say all that it does."""


class Basis(msgspec.Struct, frozen=True, kw_only=True):
    """By what a snapshot is judged: digests (SHA-256) of everything that verdicts depend on.

    ``snapshot`` is the digest of the snapshot, ``framework`` the name and ``framework_sha256`` the digest of its whole
    content, ``package_sha256`` that of auditkit's own sources, ``checks`` has each check of a user's own with the
    digest of its file, ``pss_version`` is the version of the Pod Security Standards that was asked for.
    """

    format: int = FORMAT
    snapshot: str
    framework: str
    version: str
    framework_sha256: str
    pss_version: str
    checks: dict[str, str]
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
    """By what a snapshot is judged; ``None`` where it cannot be told, as a check is not all in a file that was
    loaded: it was made by other code, comes from a package, or imports what may change without it; or as there are
    derived tables that are not auditkit's."""
    own = {check.name: _file_digest(check.function.__module__) for check in checks if not check.ships}
    shipped = all(place.startswith("auditkit.") for place in DERIVED.values())
    if not shipped or not all(own.values()):
        return None
    return Basis(snapshot=snapshot.digest, framework=framework.framework, version=framework.version,
                 framework_sha256=_framework_digest(framework), pss_version=pss_version, checks=own,
                 package_sha256=_package_digest())


def _framework_digest(framework: Framework) -> str:
    content = {name: value for name, value in msgspec.structs.asdict(framework).items() if name != "files"}
    content["requirements"] = [requirement.written() for requirement in framework.requirements]
    return hashlib.sha256(msgspec.json.encode(content, enc_hook=repr, order="sorted")).hexdigest()


def _file_digest(module: str) -> str:
    """The digest of the file of a user's own from which a module was made; empty where that is not all that it is."""
    digest, file = plugins.digest(module), getattr(sys.modules.get(module), "__file__", None)
    try:
        content = Path(file).read_bytes() if digest and file else b""
    except OSError:
        return ""
    return digest if content and hashlib.sha256(content).hexdigest() == digest and _closed(content) else ""


def _closed(content: bytes) -> bool:
    """Whether code imports nothing but what the basis has a version of."""
    for node in ast.walk(ast.parse(content)):
        names = ([alias.name for alias in node.names] if isinstance(node, ast.Import)
                 else [f"{'.' * node.level}{node.module or ''}"] if isinstance(node, ast.ImportFrom) else [])
        if any(name.partition(".")[0] not in _KNOWN for name in names):
            return False
    return True


@cache
def _package_digest() -> str:
    """The digest of the files of this package: code, and the tables and rules that stand beside it."""
    root = Path(__file__).parent.parent
    found = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix != ".pyc" and not name.startswith("_data/") and path.is_file():
            found.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()
