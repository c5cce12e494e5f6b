"""Where the data that ships with auditkit lies: controls, notebooks, templates and the demo's recording."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder of this name: inside an installed wheel, or beside the package in a checkout."""
    shipped = _PACKAGE / "_data" / name
    return shipped if shipped.is_dir() else _PACKAGE.parent / name
