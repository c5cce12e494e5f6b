"""The help of every command: examples that are right, and exit codes."""

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from auditkit.cli import examples
from auditkit.cli import main as cli

PROGRAM: Any = typer.main.get_command(cli.app)


def commands(group: Any = PROGRAM, name: str = "") -> Iterator[tuple[str, Any]]:
    for word, command in group.commands.items():
        if not command.hidden:
            called = f"{name} {word}".strip()
            yield from commands(command, called) if hasattr(command, "commands") else [(called, command)]


COMMANDS = dict(commands())


def test_every_command_has_examples() -> None:
    assert set(examples.EXAMPLES) == set(COMMANDS) and all(examples.EXAMPLES.values())
    assert set(examples.ONE) | {*examples.COLLECTING, *examples.STRICT} <= set(COMMANDS)


@pytest.mark.parametrize("line", [line for lines in examples.EXAMPLES.values() for line in lines] + [
    each for each in examples.START if "--install" not in each])
def test_every_example_is_a_command_with_options_that_it_has(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "auditkit"
    command = PROGRAM
    while hasattr(command, "commands"):
        word = words.pop(0) if words[0] in command.commands else next(iter(command.commands))
        command = command.commands[word]
    context = command.make_context(word, words)  # raises for what the command does not take
    assert not context.args


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_ends_with_its_examples_and_exit_codes(name: str) -> None:
    shown = CliRunner().invoke(cli.app, [*name.split(), "-h"])
    assert shown.exit_code == 0
    after = shown.stdout.partition("Examples:\n")[2]
    assert all(f"  {line}\n" in after for line in examples.EXAMPLES[name]), "each is a line of its own"
    flat = " ".join(after.split())
    assert "Exit codes: 0 success;" in flat and "2 wrong usage or bad input" in flat
    has = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert ("1 " in flat.partition("Exit codes: 0 success; ")[2][:2]) == (name in examples.ONE)
    assert ("--fail-on" in has) <= (name in examples.ONE)
    assert ("--strict" in has) == ("3 incomplete" in flat)


def test_the_program_says_where_to_start_and_all_exit_codes() -> None:
    shown = CliRunner().invoke(cli.app, ["--help"]).stdout
    assert "  auditkit demo\n" in shown and "143 terminated by SIGTERM" in " ".join(shown.split())
