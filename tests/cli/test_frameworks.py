"""Own controls and checks on the command line, in processes."""

import json
import os
from pathlib import Path

import pytest
from own_worlds import CASES, CHECK, OURS, TUNED

from auditkit.framework import library
from auditkit.proof.prove import world
from tests.cli.test_main import HERE, auditkit, on_a_terminal, process


def test_controls_list_and_show(hospital: Path) -> None:
    listed = auditkit("controls", "list", "--controls", hospital / "controls")
    assert listed.returncode == 0, listed.stderr
    assert ("hospital: Hospital policy 3\n    2 requirements: 1 evidenced, 0 partly, 1 attested; 1 with checks, 1 without"
            in listed.stdout)
    narrow = on_a_terminal("controls", "list", "--controls", hospital / "controls")
    assert max(map(len, narrow.splitlines())) <= 80 and all(f"\n{name}: " in f"\n{narrow}" for name in library.names())
    as_json = json.loads(auditkit("controls", "list", "--controls", hospital / "controls", "--format", "json").stdout)
    assert as_json[-1] == {"framework": "hospital", "title": "Hospital policy", "version": "3", "proposed": False,
                           "requirements": 2, "evidenced": 1, "partly": 0, "attested": 1, "with_checks": 1, "without": 1}
    ours = ("--controls", hospital / "controls", "--checks", hospital / "hospital.py")
    one = auditkit("controls", "show", "hospital", "H1", *ours).stdout
    assert all(part in one for part in ("an owner is named", "Set the label owner.", "Policy 7", "most=2"))
    derived = auditkit("controls", "show", "pss-baseline", "privileged").stdout
    assert "all_pods, pod_specs, spec_security; from pods, templates, workloads" in derived, "a derived table says what it comes from"
    assert "the minutes" in auditkit("controls", "show", "hospital", "H2", *ours).stdout
    shown = json.loads(auditkit("controls", "show", "hospital", *ours, "--format", "json").stdout)
    assert [(each["id"], [check["parameters"] for check in each["checks"]]) for each in shown] == [
        ("H1", [{"most": 2}]), ("H2", [])]
    unknown = auditkit("controls", "show", "hospital", "H1", "--controls", hospital / "controls")
    assert unknown.returncode == 2 and "hospital.yaml, line 7: H1: There is no check" in unknown.stderr
    wrong = auditkit("controls", "show", "hospital", "H3", *ours)
    assert wrong.returncode == 2 and "known are: H1, H2" in wrong.stderr


def test_controls_lint_and_test(hospital: Path, write) -> None:
    ours = ("--checks", hospital / "hospital.py")
    proved = auditkit("controls", "test", "hospital.pods_few", *ours)
    assert proved.returncode == 0, proved.stderr
    assert proved.stdout == "ok    hospital.pods_few: fails on 3 of 3, passes 2 of 2\n"
    as_json = json.loads(auditkit("controls", "test", "hospital.pods_few", *ours, "--format", "json").stdout)
    assert [(each["check"], each["holds"], each["mutants"]) for each in as_json] == [("hospital.pods_few", True, 3)]
    write("cases/hospital.yaml", CASES.replace("{pods: [{}, {}]}", "{pods: [{}]}"))
    weak = auditkit("controls", "test", "hospital.pods_few", *ours)
    assert weak.returncode == 1 and "fails on 2 of 3, passes 2 of 2; mutants 1: 1 pass" in weak.stdout
    clean = auditkit("controls", "lint", hospital / "controls" / "hospital.yaml", *ours)
    assert (clean.returncode, clean.stdout) == (0, "")
    wrong = write("controls/hospital.yaml", OURS.replace("pods_few", "x"))
    broken = auditkit("controls", "lint", wrong, *ours)
    assert broken.returncode == 1 and broken.stdout.startswith("error: ") and "line 7" in broken.stdout
    as_json = json.loads(auditkit("controls", "lint", wrong, *ours, "--format", "json").stdout)
    assert [each["level"] for each in as_json] == ["error"] and "line 7" in as_json[0]["where"]
    for file, says in ((wrong.with_name("nothing.yaml"), "does not exist"), (wrong.parent, "is a folder")):
        missing = auditkit("controls", "lint", file)
        assert missing.returncode == 2 and says in missing.stderr and missing.stdout == ""
    everything = auditkit("controls", "lint", "--controls", hospital / "controls", *ours)
    assert broken.stdout.strip() in everything.stdout, "also where nothing is named"
    assert "warning: " in everything.stdout and "hospital.pods_few is not used by any framework" in everything.stdout


def test_compare_on_the_command_line(write, tmp_path: Path) -> None:
    taken = world({"pods": [{}], "containers": [{"privileged": True}]}).write(tmp_path / "store")
    write("next/pss-baseline.yaml", TUNED)
    asked = ("evaluate", taken, "-f", "pss-baseline", "--controls", tmp_path / "next")
    said = auditkit(*asked)
    assert said.returncode == 0, said.stderr
    assert "privileged" in said.stdout and "manual" in said.stdout and "the list" in said.stdout
    assert "pss-baseline draft of 2027 (proposed)" in said.stderr
    document = json.loads(auditkit(*asked, "--compare", "--format", "json").stdout)
    [compared] = document["comparisons"]
    assert [(each["requirement"], each["before"], each["after"]) for each in compared["statuses"]] == [
        ("privileged", "fail", "manual"), ("extra", "", "pass")]
    for more, before in ((["--subjects"], ["fail", ""]), ([], ["fail", ""])):
        lines = auditkit(*asked[:2], "--compare", *asked[4:], *more, "--format", "jsonl").stdout
        assert [(each["framework"], each["before"]) for each in map(json.loads, lines.splitlines())] == [
            ("pss-baseline", each) for each in before]
    listed = auditkit("controls", "list", "--controls", tmp_path / "next").stdout
    assert "Proposal draft of 2027, proposed" in listed and listed.count("pss-baseline: ") == 2
    shown = auditkit("controls", "show", "pss-baseline", "--controls", tmp_path / "next")
    assert shown.returncode == 0 and "No host PID" in shown.stdout and "a proposal" in shown.stderr
    alone = auditkit("evaluate", taken, "--compare")
    assert alone.returncode == 2 and "needs --controls" in alone.stderr
    report = auditkit("report", taken, "-f", "pss-baseline", "--controls", tmp_path / "next", "-o", tmp_path)
    assert report.returncode == 2 and "auditkit has a built-in framework" in report.stderr


def package(folder: Path, text: str) -> dict[str, str]:
    """An installed package whose entry point names checks; the environment in which it is found."""
    (folder / "acme_checks.py").write_text(text)
    about = folder / "acme_checks-1.2.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-checks\nVersion: 1.2\n")
    (about / "entry_points.txt").write_text("[auditkit.checks]\nacme = acme_checks\n")
    return {"PYTHONPATH": f"{folder}{os.pathsep}{HERE}"}


def test_checks_of_an_installed_package(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "acme_checks.yaml").write_text(CASES)
    done = process("frameworks", "test", "acme_checks.pods_few", **package(tmp_path, CHECK))
    assert done.returncode == 0 and "fails on 3 of 3" in done.stdout, done.stderr


@pytest.mark.parametrize(("text", "says"), [
    ("import nowhere_at_all", "cannot be imported: ModuleNotFoundError"),
    (CHECK.replace("(pods, *", "(podz, *"), "did you mean pods"),
    ("", "has no check"),
])
def test_a_mistake_in_an_installed_package(tmp_path: Path, text, says) -> None:
    done = process("frameworks", "test", "pss.privileged", **package(tmp_path, text))
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert says in done.stderr and "acme" in done.stderr
