"""What a stranger relies on in the layout: names that do not hide one another, and tests that mirror the package."""

from pathlib import Path

import auditkit

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "auditkit"


def test_no_package_hides_a_public_function() -> None:
    inside = {path.stem for path in PACKAGE.iterdir()}
    assert inside & set(auditkit.__all__) == set()


def test_every_public_name_is_there() -> None:
    assert all(getattr(auditkit, name) is not None for name in auditkit.__all__)
    assert dir(auditkit) == auditkit.__all__ == sorted(auditkit.__all__)


def test_folders_of_tests_mirror_the_package() -> None:
    beside = {"bench", "clusters", "promises", "samples", "support", "truth", "typing", "__pycache__"}
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()} - beside
    assert folders <= {path.name for path in PACKAGE.iterdir() if path.is_dir()}


def test_nothing_is_imported_by_a_string_but_within_its_own_package() -> None:
    named = {path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py") if "import_module(" in path.read_text()}
    named.remove("__init__.py")  # the public names, whose imports stand above them for type checkers and the linter
    assert named == {"analysis/__init__.py", "checks/__init__.py", "scans/registry.py"}
