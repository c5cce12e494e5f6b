"""The command line as a whole: what holds for the words of every command."""

from itertools import pairwise
from typing import Any

from typer.core import TyperGroup

from auditkit.errors import UsageError


class Group(TyperGroup):
    """Commands that take no empty word: it is a shell variable that is not set, as in ``--store "$STORE"``.

    An empty path would be the current folder, and other empty words the default, which nobody asked for.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the program's name. Raises `UsageError` where one is empty."""
        for before, word in () if ctx.resilient_parsing else pairwise([ctx.info_name or "", *args]):
            option, equals, value = word.partition("=")
            if not word or (option.startswith("--") and equals and not value):
                raise UsageError(f"The value after {option or before} is empty. Set the shell variable that it is "
                                 "taken from, or leave the option or argument out.")
        return super().parse_args(ctx, args)


class Defaulting(TyperGroup):
    """Commands of which the first need not be named: ``auditkit rights demo`` is ``auditkit rights show demo``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the name of the group."""
        default = next(iter(self.commands))
        if args and args[0] not in (*self.commands, *self.get_help_option_names(ctx)):
            args = [default, *args]
        return super().parse_args(ctx, args)
