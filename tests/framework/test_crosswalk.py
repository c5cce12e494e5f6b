"""The crosswalk: all requirements that name a check, of the framework that was judged first, and none that do not."""

from pathlib import Path

import pytest

from auditkit.framework import library
from auditkit.framework.crosswalk import COLUMNS, crosswalk

CHECK = "workloads.no_privileged_containers"


def test_every_requirement_that_names_a_check_is_there_and_no_other() -> None:
    found = crosswalk([CHECK], library.load("soc2"))
    named = {(name, requirement.id) for name in library.names() for requirement in library.load(name).requirements
             if CHECK in [check for check, _ in requirement.named]}
    assert list(found) == COLUMNS and set(found["check"]) == {CHECK}
    assert set(zip(found["framework"], found["requirement"], strict=True)) == named and len(found) == len(named)
    assert {"cis-kubernetes", "soc2", "nsa-cisa"} <= set(found["framework"]) and found["framework"].iloc[0] == "soc2"


@pytest.mark.parametrize("checks", [[], ["no.such_check"]])
def test_a_check_that_nobody_names_touches_nothing(checks: list[str]) -> None:
    assert crosswalk(checks, library.load("soc2")).empty


def test_frameworks_of_a_user_are_in_it_and_proposals_are_not(tmp_path: Path) -> None:
    own = f"requirements: [{{id: A, section: '1', title: Mine, reach: evidenced, checks: [{CHECK}]}}]\n"
    for name in ("ward", "soc2"):
        (tmp_path / f"{name}.yaml").write_text(f"framework: {name}\ntitle: Rules\nversion: '1'\nsections: [{{id: '1', title: One}}]\n{own}")
    found = crosswalk([CHECK], library.load("ward", tmp_path), tmp_path)
    assert found["framework"].iloc[0] == "ward" and (found["framework"] == "ward").sum() == 1
    assert "A" not in set(found.loc[found["framework"] == "soc2", "requirement"])
