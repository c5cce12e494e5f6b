"""The location of auditkit's data files: frameworks, notebooks, templates and the demo's recording."""

from pathlib import Path

_PACKAGE = Path(__file__).parent.parent
_SHIPPED = _PACKAGE / "_data"
_CHECKOUT = _PACKAGE.parent

DEMO_TAKEN = "2026-11-23T08:27:00Z"
"""When the demo's recording was made: so its reports are the same whenever they are."""


def folder(name: str) -> Path:
    """The folder of this name: inside an installed wheel, or beside the package in a checkout."""
    shipped = _SHIPPED / name
    return shipped if shipped.is_dir() else _CHECKOUT / name


def demo() -> Path:
    """The recording of a made-up cluster, which the demo needs and the tests use."""
    return _of_demo("acme-prod")


def demo_manifests() -> Path:
    """Manifests for the demo's cluster: a change that a simulation shows."""
    return _of_demo("acme-change")


def _of_demo(name: str) -> Path:
    shipped = _SHIPPED / "demo" / name
    return shipped if shipped.is_dir() else _CHECKOUT / "tests" / "clusters" / name
