"""The tutorials: each command and each example prints what the page shows, in the order of the page."""

import doctest
import glob
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from auditkit.cli.main import app

TUTORIALS = Path(__file__).parents[1] / "docs" / "tutorials"
LEFT_OUT = "…"


def blocks(page: str, kind: str) -> list[str]:
    return re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", (TUTORIALS / page).read_text(encoding="utf-8"))


def commands(page: str) -> list[tuple[str, str]]:
    """Each command of a page, and the output that the page shows below it."""
    found = []
    for block in blocks(page, "console"):
        for part in re.split(r"(?m)^\$ ", block)[1:]:
            command, _, shown = part.partition("\n")
            found.append((command, shown))
    return found


def shows(shown: str, output: str) -> bool:
    """Whether an output is what a page shows: a line of `…` stands for any lines, and `…` in a line for any text."""
    lines = "".join("(?:.*\n)*" if line.strip() == LEFT_OUT else ".*".join(map(re.escape, line.split(LEFT_OUT))) + "\n"
                    for line in shown.splitlines())
    return re.fullmatch(lines, output) is not None


def words(command: str) -> list[str]:
    """The words of a command, with file patterns replaced as a shell does."""
    return [each for word in shlex.split(command) for each in (sorted(glob.glob(word)) or [word])]


def test_what_is_left_out_is_all_that_may_differ() -> None:
    assert shows("a …\n…\nd\n", "a b\nc\nc\nd\n") and shows("…\n", "")
    assert not shows("a …\nd\n", "a b\nc\nd\n") and not shows("a\n", "a b\n") and not shows("…\nd\n", "c\n")


@pytest.mark.parametrize("page", [pytest.param("auditor.md", marks=pytest.mark.slow), "engineer.md"])
def test_each_command_prints_what_the_page_shows(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for text in blocks(page, "yaml"):
        path = Path(text.partition("\n")[0].removeprefix("# "))
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    code = 0
    for command, shown in [*commands(page), ("", "")]:
        if command == "echo $?":
            assert shown == f"{code}\n"
            code = 0
            continue
        assert code == 0, f"the page does not show that the command before {command!r} exits with {code}"
        if command:
            result = CliRunner().invoke(app, words(command)[1:])
            both = (result.stdout + result.stderr, result.stderr + result.stdout)  # a page does not tell them apart
            assert any(shows(shown, output) for output in both), f"$ {command}\n{result.output}"
            code = result.exit_code


def test_the_examples_in_python_print_what_the_page_shows() -> None:
    session = "\n".join(blocks("analyst.md", "pycon"))
    test = doctest.DocTestParser().get_doctest(session, {}, "analyst.md", "analyst.md", 0)
    assert doctest.DocTestRunner(optionflags=doctest.REPORT_NDIFF).run(test).failed == 0
    assert len(test.examples) > 10
