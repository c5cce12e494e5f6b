"""Frameworks and checks of a user's own: found, refused with a sentence, proved, and compared."""

import os
from pathlib import Path

import msgspec
import pytest
from own_worlds import CHECK, OURS, TUNED

from auditkit import checks
from auditkit.analysis.pod_security.levels import NEWEST
from auditkit.api import definitions, evaluating
from auditkit.checks import all_checks
from auditkit.checks.model import REGISTRY
from auditkit.errors import DefinitionError, NoSuchName, UsageError
from auditkit.evaluation.engine import run
from auditkit.evaluation.words import STATUSES
from auditkit.framework import library, model
from auditkit.proof import lint
from auditkit.proof.prove import world

pytestmark = pytest.mark.usefixtures("registry")


def two_pods():
    return world({"pods": [{}, {}]})


# Frameworks


def test_a_framework_and_a_check_of_ones_own(hospital: Path) -> None:
    judged = evaluating.evaluate(two_pods(), "hospital", controls=hospital / "controls",
                          checks=hospital / "hospital.py")
    assert judged.requirements.set_index("id")["status"].to_dict() == {"H1": "pass", "H2": "manual"}
    assert {"hospital", "soc2"} <= set(definitions.frameworks(hospital / "controls"))
    assert "hospital" not in definitions.frameworks()


def test_a_framework_with_the_name_of_ours_never_stands_in_for_it(write, tmp_path: Path) -> None:
    write("soc2.yaml", OURS.replace("framework: hospital", "framework: soc2"))
    with pytest.raises(DefinitionError, match=r"auditkit has a built-in framework.*Rename yours"):
        library.load("soc2", tmp_path)
    assert len(library.load("soc2").requirements) == 61


def test_extending_replaces_and_adds_requirements(write, tmp_path: Path) -> None:
    write("mine.yaml", """
framework: mine
title: Mine
version: "1"
extends: pss-baseline
sections: [{id: more, title: More}]
requirements:
  - {id: privileged, section: baseline, title: Tuned, reach: evidenced, checks: [pss.privileged]}
  - {id: new, section: more, title: New, reach: attested}
""")
    base, mine = library.load("pss-baseline"), library.load("mine", tmp_path)
    assert [each.id for each in mine.requirements] == [*(each.id for each in base.requirements), "new"]
    assert {each.id: each for each in mine.requirements}["privileged"].title == "Tuned"
    assert [each.id for each in mine.sections] == [*(each.id for each in base.sections), "more"]


@pytest.mark.parametrize(("old", "new", "says"), [
    ("framework: hospital", "framework: clinic", "hospital.yaml, line 2: the framework is called 'clinic'. Give the framework and the file the same name"),
    ("id: H2", "id: H1", "line 8: the requirement 'H1' is listed twice"),
    ("id: H2, section: s", "id: H2, section: t", "line 8: the requirement 'H2' is in section 't'"),
    ("reach: attested", "reach: proven", "line 8: requirements[1].reach is 'proven'; it may be attested, evidenced, partly."),
    ("look_at:", "lookat:", "line 8: There is no key 'lookat'; did you mean look_at?"),
    ('version: "3"', 'version: "3"\nextends: hospital', "hospital.yaml, line 5: it extends itself"),
    ('version: "3"', 'version: "3"\nextends: soc3', "line 5: it extends 'soc3'. There is no framework 'soc3'; did you mean soc2"),
    ("requirements:", "requirement:", "line 6: There is no key 'requirement'; did you mean requirements?"),
    ('version: "3"', "version: 3", "line 4: version must be text, but is a whole number: put it in quotes."),
    ('version: "3"', "version: latest", "line 4: version must be one line of text with the number of an edition, or its date, but is 'latest'."),
    ('version: "3"', 'version: ""', "line 4: version must be one line of text with the number of an edition"),
    ('version: "3"', 'version: "draft\\n3"', "line 4: version must be one line of text with the number of an edition"),
    ('version: "3"', 'version: "3"\nnote: !!int abc', "line 5: the tag !!int is not supported"),
    ("id: H2", 'id: ""', "line 8: requirements[1].id must be one line of text that is not empty, but is ''."),
    ("id: H2", 'id: "H\\n2"', "line 8: requirements[1].id must be one line of text"),
    ("id: H2, ", "", "line 8: requirements[1] has no key 'id'; it must have one."),
    ("[hospital.pods_few: {most: 2}]", "[pss.privileged, hospital.pods_few: {}, pss.privileged]",
     "line 7: the requirement 'H1' lists the check pss.privileged twice."),
    (OURS[OURS.index("requirements:"):], "requirements: []", "line 6: the framework has no requirements."),
    (OURS[OURS.index("requirements:"):], "", "line 2: the framework has no requirements."),
    ("look_at:", "reach: evidenced, look_at:", "line 8: 'reach' is listed twice"),
    ('version: "3"', 'version: "3"\ndated: 2026-02-30', "line 5: 2026-02-30 is not a date"),
])
def test_a_mistake_in_a_framework(write, tmp_path: Path, old, new, says) -> None:
    write("hospital.yaml", OURS.replace(old, new))
    with pytest.raises(DefinitionError, match=r"hospital\.yaml") as error:
        library.load("hospital", tmp_path)
    assert says in str(error.value)


def test_what_is_no_framework_in_a_folder_is_named(write, tmp_path: Path) -> None:
    write("hospital.yaml", OURS)
    for name, text, says in (
        ("b.yaml", "framwork: b\n", "b.yaml, line 1: the file is not a framework: it has no key 'framework'. "
         "There is no key 'framwork'; did you mean framework?"),
        ("b.yaml", "- a\n", "b.yaml, line 1: the file is not a framework"), ("b.yml", "", "b.yml, line 1: the file is not a framework"),
        ("b.yml", "a: [\n", "b.yml, line 2: the file is not YAML"),
        ("hospital.yml", OURS, "hospital.yaml and hospital.yml both define the framework 'hospital'"),
    ):
        path = write(name, text)
        with pytest.raises(DefinitionError) as error:
            library.names(tmp_path)
        assert says in str(error.value)
        path.unlink()
    write("accepted.yaml", "exceptions: []\n")
    write("notes.txt", "x")
    assert "hospital" in library.names(tmp_path) and "accepted" not in library.names(tmp_path)


@pytest.mark.parametrize(("name", "text"), [
    ("hospital.yml", OURS), ("hospital.YAML", OURS), ("hospital.yaml", OURS.replace("framework:", '"framework":')),
    ("hospital.yaml", OURS.replace("framework:", "framework :")), ("hospital.yaml", "\ufeff" + OURS.lstrip()),
])
def test_a_framework_is_found_however_it_is_written(write, tmp_path: Path, name, text) -> None:
    write(name, text)
    assert len(library.load("hospital", tmp_path).requirements) == 2


def test_a_folder_without_a_framework(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match="has no framework"):
        library.names(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "hospital.yaml")
    with pytest.raises(DefinitionError, match="it is not a file"):
        library.names(tmp_path)


@pytest.mark.parametrize(("old", "new", "says"), [
    ("hospital.pods_few", "hospital.pods_fw", "H1: There is no check 'hospital.pods_fw'; did you mean"),
    ("most: 2", "least: 2", "H1: The check hospital.pods_few has no parameter least"),
    ("most: 2", "most: two", "H1: the parameter most of hospital.pods_few is 'two'; give a value of the same type as the default, 1"),
    ("hospital.pods_few: {most: 2}", f"pss.privileged: {{version: v1.{NEWEST + 1}}}",
     f"H1: 'v1.{NEWEST + 1}' is no version of the Pod Security Standards that this auditkit knows; give latest, v1.0, v1.1 … v1.{NEWEST}."),
    ("hospital.pods_few: {most: 2}", "pss.privileged: {version: v2.0}", "H1: 'v2.0' is no version of the Pod Security Standards"),
    ("hospital.pods_few: {most: 2}", 'pss.privileged: {version: ""}', "H1: '' is no version of the Pod Security Standards"),
    ("hospital.pods_few: {most: 2}", "pss.privileged: {version: 1.30}", "H1: the parameter version of pss.privileged is 1.3; give a value of the same type"),
    ("hospital.pods_few: {most: 2}", "pss.proc_mount: {level: privileged}",
     "H1: 'privileged' is not a level of the Pod Security Standards that has rules; give baseline or restricted."),
    ("most: 2", "most: null", "H1: the parameter most of hospital.pods_few is None; give a value of the same type as the default, 1"),
])
def test_checks_and_parameters_are_verified_before_anything_is_judged(hospital: Path, write, old, new, says) -> None:
    text = OURS.replace(old, new).replace(", checks: [", ",\n     checks: [\n     ")
    write("controls/hospital.yaml", text)
    write("controls/other.yaml", OURS.replace("framework: hospital", "framework: other\nextends: hospital").partition("req")[0])
    for name in ("hospital", "other"):
        for call in (lambda **own: evaluating.evaluate(two_pods(), name, **own), lambda **own: evaluating.verify([name], **own)):
            with pytest.raises(DefinitionError) as error:
                call(controls=hospital / "controls", checks=hospital / "hospital.py")
            assert f"{hospital / 'controls' / 'hospital.yaml'}, line 9: {says}" in str(error.value)


@pytest.mark.parametrize("given", ["latest", "v1.0", f"v1.{NEWEST}"])
def test_a_version_of_the_standard_that_exists(hospital: Path, write, given) -> None:
    write("controls/hospital.yaml", OURS.replace("hospital.pods_few: {most: 2}", f"pss.privileged: {{version: {given}}}"))
    evaluating.verify(["hospital"], controls=hospital / "controls", checks=hospital / "hospital.py")


def test_a_framework_of_no_file_that_is_wrong() -> None:
    none = model.Framework(framework="f", title="F", version="1")
    assert evaluating.evaluate(two_pods(), none).statuses == dict.fromkeys(STATUSES, 0), "not even that breaks"
    wrong = model.Requirement(id="1", section="s", title="T", reach="evidenced", checks=["pss.privilged"])
    with pytest.raises(UsageError, match=r"The framework f: 1: There is no check .* did you mean pss\.privileged"):
        evaluating.evaluate(two_pods(), msgspec.structs.replace(none, requirements=[wrong]))


def test_a_name_in_another_case_is_close() -> None:
    with pytest.raises(NoSuchName, match="did you mean soc2"):
        library.load("SOC2")


def test_a_circle_of_frameworks(write, tmp_path: Path) -> None:
    write("a.yaml", "framework: a\ntitle: A\nversion: '1'\nextends: b\n")
    write("b.yaml", "framework: b\ntitle: B\nversion: '1'\nextends: a\n")
    with pytest.raises(DefinitionError, match="it extends itself"):
        library.load("a", tmp_path)


def test_no_folder() -> None:
    with pytest.raises(DefinitionError, match="is not a folder"):
        library.load("soc2", Path("nowhere"))


# Checks


@pytest.mark.parametrize(("old", "new", "says"), [
    ('    """No node runs more pods than agreed."""\n', "", "line 6: the check wards.pods_few has no doc"),
    ("(pods, *", "(podz, *", "line 6: the check wards.pods_few reads 'podz'. There is no table 'podz'; "
     "did you mean pods"),
    ("(pods, *, most=1)", "(pods, most=1)", "reads 'most'"),
    ("(pods, *, most=1)", "(*, most=1)", "reads no table"),
    ("most=1", "most", "the parameter most needs a default"),
    ('severity="high"', 'severity="urgent"', "may be low, medium, high, critical"),
    ('severity="high", ', "", "line 6: the checks cannot be imported: TypeError"),
    ("import check, judge", "import czech", "line 3: the checks cannot be imported: ImportError"),
    ('"an owner is named"', "5", "line 6: the check wards.pods_few: wanted is 5. It must be text."),
    ('severity="high"', 'severity="high", finding=5', "the check wards.pods_few: finding is 5. It must be text."),
    ("def pods_few", "async def pods_few", "line 6: the check wards.pods_few is not a plain function"),
    ("@check(sev", "@check(severity='low')\nclass rule:\n    '''T.'''\n\n\n@check(sev",
     "line 6: the check wards.rule is a class. Decorate a function"),
    ("@check", "def pods_few(): ...\n\n@check", "'pods_few' is defined twice, in line 6 and in line 9"),
    ("return judge(", "return judge((", "the checks cannot be imported: SyntaxError"),
    ("@check", "raise SystemExit(3)\n@check", "the checks cannot be imported: SystemExit"),
    ("import check, judge\n", "import judge\n\ndef check(**_): return lambda function: function\n",
     "has no check"),
])
def test_a_mistake_in_a_check(write, old, new, says) -> None:
    before = set(REGISTRY)
    with pytest.raises(DefinitionError, match=r"wards\.py") as error:
        checks.load_file(write("wards.py", CHECK.replace(old, new)))
    assert says in str(error.value)
    assert set(REGISTRY) == before, "nothing of it stays"


def test_a_name_that_is_taken(write) -> None:
    ours = all_checks()["workloads.no_privileged_containers"]
    text = CHECK.replace("pods_few", "no_privileged_containers")
    with pytest.raises(UsageError, match=r"Two checks are called workloads\.no_privileged_containers"):
        checks.load_file(write("workloads.py", text))
    assert all_checks()["workloads.no_privileged_containers"] is ours
    assert checks.load_file(write("a/wards.py", CHECK)) == ["wards.pods_few"]
    with pytest.raises(UsageError, match=r"Two checks are called wards\.pods_few"):
        checks.load_file(write("b/wards.py", CHECK))


def test_a_file_is_run_again_only_when_it_has_changed(write) -> None:
    path = write("wards.py", CHECK)
    checks.load_file(path)
    first = REGISTRY["wards.pods_few"]
    checks.load_file(path)
    assert REGISTRY["wards.pods_few"] is first
    write("wards.py", CHECK.replace("pods_few", "pods_fewer"))
    assert checks.load_file(path) == ["wards.pods_fewer"]
    assert "wards.pods_few" not in REGISTRY


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_with_checks_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wards.py")
    with pytest.raises(DefinitionError, match="it is not a file"):
        checks.load_file(tmp_path / "wards.py")


@pytest.mark.parametrize("name", ["no.such/wards.py", "my-wards.py", "wards.txt"])
def test_what_is_no_file_of_checks(write, tmp_path: Path, name) -> None:
    path = tmp_path / name if name.startswith("no") else write(name, CHECK)
    with pytest.raises(DefinitionError):
        checks.load_file(path)


def test_a_check_that_breaks_is_named(write) -> None:
    checks.load_file(write("wards.py", CHECK.replace("len(pods)", 'len(pods["nmae"])')))
    with pytest.raises(UsageError, match=r"wards.pods_few failed to run: KeyError: 'nmae'"):
        run(all_checks()["wards.pods_few"], two_pods())
    checks.load_file(write("wards.py", CHECK.replace("return judge", "judge")))
    with pytest.raises(UsageError, match="returned NoneType"):
        run(all_checks()["wards.pods_few"], two_pods())


# Lint


def test_lint_of_a_good_folder(hospital: Path) -> None:
    assert lint.lint(hospital / "hospital.py", hospital / "controls") == []
    assert lint.lint(hospital / "controls" / "hospital.yaml") == []


@pytest.mark.parametrize(("old", "new", "level", "says"), [
    ("hospital.pods_few", "hospital.pods_fw", "error", "line 7: H1: There is no check 'hospital.pods_fw'"),
    ("most: 2", "least: 2", "error", "line 7: H1: The check hospital.pods_few has no parameter least"),
    ("most: 2", "most: two", "error", "line 7: H1: the parameter most of hospital.pods_few is 'two'; "
     "give a value of the same type as the default, 1"),
    ("most: 2", "most: true", "error", "is True"),
    (", checks: [hospital.pods_few: {most: 2}]", "", "warning", "H1: its reach is evidenced, but it has no check"),
    ("reach: evidenced", "reach: attested", "warning", "H1: its reach is attested, but it has checks"),
    ("reach: evidenced", "reach: partly", "error", "its reach is partly, but it has no cannot_show"),
    ("title: Few pods", "titel: Few pods", "error", "line 7: There is no key 'titel'; did you mean title?"),
])
def test_lint_of_a_framework(hospital: Path, write, old, new, level, says) -> None:
    checks.load_file(hospital / "hospital.py")
    found = lint.lint(write("controls/hospital.yaml", OURS.replace(old, new)), hospital / "controls")
    assert [finding.level for finding in found] == [level]
    said = f"{found[0].where}: {found[0].what}"
    assert says in said and "hospital.yaml, line 7" in said


def test_lint_of_checks(hospital: Path, write) -> None:
    path = write("wards.py", CHECK.replace('remedy="Set the label owner.", ', ""))
    said = [finding.what for finding in lint.lint(path)]
    assert said == ["wards.pods_few does not state remedy",
                    "wards.pods_few is not proven: it has 0 of 2 clean cases, 0 of 3 mutants",
                    "wards.pods_few is not used by any framework"]


def test_lint_of_what_people_add(write) -> None:
    found = lint.lint(write("e.yaml", "exceptions:\n  - {owner: me}\n"))
    assert [finding.level for finding in found] == ["error"] and "e.yaml, line 2" in found[0].what


# What a verdict shows


def test_every_check_says_what_is_wanted_what_to_do_and_where_the_rule_comes_from() -> None:
    silent = {name: [part for part in ("wanted", "remedy", "source") if not getattr(check, part).strip()]
              for name, check in all_checks().items()}
    assert {name: parts for name, parts in silent.items() if parts} == {}


def test_every_failure_shows_the_value_seen_and_the_one_wanted(acme) -> None:
    failing = [run(check, acme).rows("fail") for check in all_checks().values()]
    mute = {outcome["wanted"].iloc[0] for outcome in failing if len(outcome)
            and not (outcome["reason"].astype(bool).all() and outcome["wanted"].astype(bool).all())}
    assert any(len(outcome) for outcome in failing) and not mute


# Comparison


def test_what_a_proposal_would_change(write, tmp_path: Path) -> None:
    write("pss-baseline.yaml", TUNED)
    taken = world({"pods": [{}, {"host_pid": True}],
                   "containers": [{"pod": "pod-0", "privileged": True}, {"pod": "pod-1"}]})
    found = evaluating.compare(taken, "pss-baseline", tmp_path)
    assert found.statuses[["requirement", "before", "after"]].values.tolist() == [
        ["privileged", "fail", "manual"], ["extra", "", "fail"]]
    assert found.verdicts[["requirement", "check", "name", "before", "after"]].values.tolist() == [
        ["privileged", "pss.privileged", "pod-0", "fail", ""],
        ["privileged", "pss.privileged", "pod-1", "pass", ""],
        ["extra", "pss.host_namespaces", "pod-0", "", "pass"],
        ["extra", "pss.host_namespaces", "pod-1", "", "fail"]]
    assert found.totals["subjects"].tolist() == [1, 1, 1, 1]
    write("same/pss-baseline.yaml", TUNED.partition("requirements")[0])
    same = evaluating.compare(taken, "pss-baseline", tmp_path / "same")
    assert same.statuses.empty and same.verdicts.empty and same.totals.empty


def test_exceptions_to_a_framework_of_which_another_version_is_proposed(write, tmp_path: Path) -> None:
    write("next/pss-baseline.yaml", TUNED)
    text = """exceptions:
  - {owner: A, reason: B, compensating_control: C, framework: pss-baseline, requirements: [%s],
     subjects: [{name: pod-0}], granted: 2026-01-01, expires: 2026-02-01}
"""
    taken = world({"pods": [{"host_pid": True}]})
    for name in ("host_namespaces", "extra"):  # of the one in force, and of the proposal
        given = write("accepted.yaml", text % name)
        found = evaluating.compare(taken, "pss-baseline", tmp_path / "next", exceptions=given)
        assert found.proposed.requirements.set_index("id")["accepted"][name], "it is accepted there"
    with pytest.raises(DefinitionError, match="accepted.yaml, line 2: There is no requirement of pss-baseline 'none'"):
        evaluating.compare(taken, "pss-baseline", tmp_path / "next", exceptions=write("accepted.yaml", text % "none"))


def test_other_parameters_change_verdicts_one_by_one(hospital: Path, write) -> None:
    draft = OURS.replace("framework: hospital", "framework: hospital2\nextends: hospital")
    write("next/hospital2.yaml", draft.replace("most: 2", "most: 1"))
    write("next/hospital.yaml", OURS)
    found = evaluating.compare(two_pods(), "hospital2", hospital / "next", checks=hospital / "hospital.py")
    assert found.statuses[["requirement", "before", "after"]].values.tolist() == [["H1", "pass", "fail"]]
    assert found.verdicts[["name", "before", "after"]].values.tolist() == [
        ["pod-0", "pass", "fail"], ["pod-1", "pass", "fail"]]


def test_nothing_to_compare_with(hospital: Path) -> None:
    with pytest.raises(DefinitionError, match="cannot be compared"):
        evaluating.compare(two_pods(), "hospital", hospital / "controls", checks=hospital / "hospital.py")
    with pytest.raises(DefinitionError, match="no framework to compare"):
        definitions.proposals(hospital / "controls")
    with pytest.raises(NoSuchName):
        evaluating.compare(two_pods(), "hospitl", hospital / "controls")
