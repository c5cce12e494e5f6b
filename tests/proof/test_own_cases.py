"""The cases that prove checks of a user's own: what is wrong in them is named with file and line."""

import datetime as dt

import pytest
from own_worlds import CASES, CHECK

from auditkit import checks
from auditkit.checks import all_checks
from auditkit.errors import DefinitionError
from auditkit.proof.prove import prove, world

pytestmark = pytest.mark.usefixtures("registry")


@pytest.mark.parametrize(("old", "new", "line", "says"), [
    ("{pods: [{}, {}]}", "{podz: [{}]}", 4, "There is no table 'podz'; did you mean pods"),
    ("{pods: [{}, {}]}", "{pods: {}}", 4, "pods must be a list of rows"),
    ("{pods: [{}, {}]}", "{pods: }", 4, "pods must be a list of rows"),
    ("{pods: [{}, {}]}", "{pods: [x]}", 4, "a row of pods must be a mapping of columns to values"),
    ("{pods: [{}, {}]}", "{pods: [{}, {host_pidd: true}]}", 4, "There is no column of pods 'host_pidd'; did you mean"),
    ("{pods: [{}, {}]}", "{pods: [{}, {host_pid: yes please}]}", 4, "pods.host_pid is 'yes please'; it must be boolean"),
    ("{pods: [{}, {}]}", "{pods: [{started: soon}]}", 4, "There is no column of pods 'started'"),
    ("{pods: [{}, {}]}", "{pods: [{created: soon}]}", 4, "pods.created is 'soon'; it must be timestamp"),
    ("{pods: [{}, {}]}", "{kubelet: [x]}", 4, "kubelet must be a mapping of settings"),
    ("{pods: [{}, {}]}", "{kube-apiserver: [1]}", 4, "kube-apiserver must be a list of arguments"),
    ("{pods: [{}, {}]}", "[x]", 4, "pods_few.mutants[0] must be a mapping, but is a list."),
    ("clean: [", "clean: x\n  parameters: [", 3, "pods_few.clean must be a list, but is text."),
    ("clean:", "cleen:", 3, "There is no key 'cleen'; did you mean clean"),
    ("  clean:", "  parameters: {least: 3}\n  clean:", 3, "The check wards.pods_few has no parameter least"),
])
def test_a_mistake_in_cases_is_named_with_its_line(write, old, new, line, says) -> None:
    checks.load_file(write("wards.py", CHECK))
    path = write("cases/wards.yaml", CASES.replace(old, new, 1))
    with pytest.raises(DefinitionError) as error:
        prove(all_checks()["wards.pods_few"])
    assert f"{path}, line {line}: {says}" in str(error.value)


def test_days_of_yaml_are_moments() -> None:
    for said in (dt.date(2026, 1, 2), dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)):
        assert world({"pods": [{"created": said}]}).pods["created"].item() == dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def test_a_check_that_breaks_on_a_case_is_not_proved(write) -> None:
    checks.load_file(write("wards.py", CHECK.replace("len(pods)", "1 // (len(pods) - 3)")))
    write("cases/wards.yaml", CASES)
    found = prove(all_checks()["wards.pods_few"])
    assert not found.holds and any("wards.pods_few failed to run: ZeroDivisionError" in said for said in found.wrong)
