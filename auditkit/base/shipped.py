"""Where the data that ships with auditkit lies: controls, notebooks, templates and the demo's recording."""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_SHIPPED = _PACKAGE / "_data"
_CHECKOUT = _PACKAGE.parent


def folder(name: str) -> Path:
    """The folder of this name: inside an installed wheel, or beside the package in a checkout."""
    shipped = _SHIPPED / name
    return shipped if shipped.is_dir() else _CHECKOUT / name


def demo() -> Path:
    """The recording of a made-up cluster, which the demo needs and the tests use."""
    shipped = _SHIPPED / "demo" / "acme-prod"
    return shipped if shipped.is_dir() else _CHECKOUT / "tests" / "clusters" / "acme-prod"
