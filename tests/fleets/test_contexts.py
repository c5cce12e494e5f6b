"""Contexts by name and pattern."""

from pathlib import Path

import pytest
from fleet_worlds import kubeconfig

from auditkit.errors import NoSuchName, SourceError
from auditkit.fleets.contexts import chosen


@pytest.fixture
def config(tmp_path: Path) -> str:
    return str(kubeconfig(tmp_path, **dict.fromkeys(["prod-eu", "prod-us", "dev", "odd[1]"], "https://x")))


@pytest.mark.parametrize(("patterns", "found"), [
    (["*"], ["prod-eu", "prod-us", "dev", "odd[1]"]), (["prod-*"], ["prod-eu", "prod-us"]), (["dev,prod-*"], ["dev", "prod-eu", "prod-us"]),
    (["dev", "d*"], ["dev"]), (["odd[1]"], ["odd[1]"])])
def test_names_and_patterns_choose(config: str, patterns: list[str], found: list[str]) -> None:
    assert chosen(patterns, config) == found


@pytest.mark.parametrize("pattern", ["prod-e", "test-*", "dev,"])
def test_one_that_chooses_nothing_is_a_mistake(config: str, pattern: str) -> None:
    with pytest.raises(NoSuchName):
        chosen([pattern], config)


def test_a_kubeconfig_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no kubeconfig at"):
        chosen(["*"], str(tmp_path / "none"))
