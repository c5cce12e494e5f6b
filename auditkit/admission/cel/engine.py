"""The engine of cel-expr-python (the C++ implementation of CEL), and its regular expressions.

Expressions are parsed and checked by it (`checker`), and evaluated by `plan`: its own evaluation has other texts of
errors than the API server, takes no object of a type of ours (a quantity, an address) from a function, and knows no
values that are only partly known.
"""

import json
from functools import cache
from typing import Any

from auditkit.admission.cel.values import CelError, Unknown
from auditkit.errors import MissingDependency


@cache
def engine() -> Any:
    """The module of cel-expr-python, which is loaded when it is first needed."""
    try:
        from cel_expr_python import cel
    except ImportError:
        raise MissingDependency("Admission policies need the package cel-expr-python: "
                                "`pip install auditkit[admission]`.") from None
    return cel


@cache
def _searching() -> Any:
    cel = engine()
    extensions = [{"name": "regex"}, {"name": "optional"}]
    texts = [{"name": name, "type_name": "string"} for name in ("text", "pattern", "group")]
    settings = {"name": "regular-expressions", "extensions": extensions, "variables": texts}
    env = cel.NewEnv(config=cel.NewEnvConfigFromYaml(json.dumps(settings)))
    return env.compile("text.matches(pattern)"), env.compile("regex.replace(text, pattern, group)")


def matches(text: str, pattern: str) -> bool:
    """Whether a regular expression (RE2) matches anywhere in a text."""
    expression, _ = _searching()
    return bool(_searched(expression, text, pattern))


def group(text: str, pattern: str, number: int) -> str:
    """A group of a regular expression that matches all of a text."""
    _, expression = _searching()
    return str(_searched(expression, text, pattern, f"\\{number}"))


def _searched(expression: Any, text: str, pattern: str, group: str = "") -> Any:
    try:
        result = expression.eval(data={"text": text, "pattern": pattern, "group": group})
    except RuntimeError:  # a text that is no UTF-8
        raise Unknown("a text that has letters which are none") from None
    value = result.plain_value()
    if result.type().name() == "ERROR":
        raise CelError(value)
    return value
