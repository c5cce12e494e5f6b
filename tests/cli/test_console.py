"""What the terminal shows: tables that can be read at its width, progress, and what to do next."""

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from auditkit.cli import console

PATH = "snapshots/acme-prod/20261123T082600Z-0123456789ab"


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """A terminal of 60 columns for stdout and stderr."""
    shown = io.StringIO()
    terminal = Console(file=shown, force_terminal=True, width=60, highlight=False, no_color=True)
    monkeypatch.setattr(console, "out", terminal)
    monkeypatch.setattr(console, "err", terminal)
    return shown


def plain(screen: io.StringIO) -> list[str]:
    from rich.text import Text
    return [Text.from_ansi(line).plain for line in screen.getvalue().splitlines()]


def test_a_table_that_fits_has_a_line_a_row_and_cuts_no_name(screen: io.StringIO) -> None:
    console.table("T", ["name", "about"], [["a-name-that-is-quite-long", "several words " * 6], ["b", "c"]])
    shown = plain(screen)
    assert shown[1].split() == ["name", "about"] and max(map(len, shown)) <= 60
    assert any(line.startswith("a-name-that-is-quite-long  several") for line in shown)


def test_a_table_that_is_too_wide_is_a_block_a_row_in_which_a_path_can_be_copied(screen: io.StringIO) -> None:
    console.table("T", ["cluster", "empty", "status", "path"],
                  [["acme-prod", "", "fail", PATH], ["other", "x", "pass", PATH]], status=2)
    assert [line.rstrip() for line in plain(screen)] == [
        "T", "cluster  acme-prod", "status   fail", f"path     {PATH}", "", "cluster  other", "empty    x",
        "status   pass", f"path     {PATH}"]


def test_lines_on_stderr_break_between_words(screen: io.StringIO) -> None:
    console.say(f"66 requirements: 20 fail, 1 unknown, 45 manual, 0 attested, 0 pass, 0 not applicable in {PATH}")
    shown = plain(screen)
    assert max(map(len, shown)) <= 60 and len(shown) > 1
    assert shown[0].endswith(" 0 attested,") and PATH in shown[-1]


def test_what_is_hostile_stays_harmless_in_blocks(screen: io.StringIO) -> None:
    console.table("\x1b[31mT", ["a\x07", "b"], [["\x1b]0;owned\x07[red]" + "x" * 60, "y"]])
    shown = screen.getvalue()
    assert "\x07" not in shown and "\x1b]" not in shown and "[red]" in shown


def test_the_next_commands_are_for_terminals_only(screen: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    console.suggest(["explain", "my snap", "5.1.8"], ["verify", "x"])
    assert plain(screen) == ["next: auditkit explain 'my snap' 5.1.8", "      auditkit verify x"]
    piped = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=piped))
    console.suggest(["verify", "x"])
    assert piped.getvalue() == ""


@pytest.mark.parametrize(("done", "total", "seconds", "said"), [
    (0, 9, 0.0, ""), (1, 9, 5.0, ""), (2, 4, 10.0, " (about 10 s left)"), (3, 9, 120.0, " (about 4 minutes left)"),
    (9, 9, 10.0, ""),
])
def test_how_long_the_rest_takes_is_said_once_it_can_be(done: int, total: int, seconds: float, said: str) -> None:
    assert console.left(done, total, seconds) == said
