"""The frameworks that there are, as data: what they say of a snapshot is in `auditkit.api.evaluating`."""

from pathlib import Path

from auditkit.api.options import folder
from auditkit.framework import library
from auditkit.framework.model import Framework

DEFAULT_FRAMEWORKS = ("cis-kubernetes", "soc2", "hipaa")
"""The frameworks that are evaluated if none is named."""


def frameworks(controls: Path | str | None = None) -> list[str]:
    """The names of the built-in frameworks, and of those in your own folder."""
    return library.names(folder(controls))


def listed(controls: Path | str | None = None) -> list[tuple[Framework, bool]]:
    """All frameworks, built-in and from your own folder. The flag is true for a framework of the folder that has a
    built-in name and is therefore only a proposal."""
    return library.listed(folder(controls))


def load_framework(name: str, controls: Path | str | None = None) -> Framework:
    """A framework by name. Raises `NoSuchName`, which names those that come close."""
    return library.load(name, folder(controls))


def shown_framework(name: str, controls: Path | str | None = None) -> tuple[Framework, bool]:
    """A framework to show. If the folder has its own version of a built-in framework, that one, with the flag true.

    Raises `NoSuchName`.
    """
    own = folder(controls)
    if own and library.proposed(name, own):
        return library.proposal(name, own)[1], True
    return library.load(name, own), False


def proposals(controls: Path | str) -> list[str]:
    """The frameworks of a folder that can be compared with one in force: of the same name, or extended."""
    return library.proposals(Path(controls))


def proposed(framework: str, controls: Path | str | None) -> bool:
    """True if a folder has its own version of a built-in framework."""
    own = folder(controls)
    return own is not None and library.proposed(framework, own)
