"""Expressions parsed and type-checked, with the variables and functions that a policy has."""

import json
import re
from functools import cache
from typing import Any

from auditkit.admission.cel.checked import Node, tree
from auditkit.admission.cel.engine import engine
from auditkit.admission.cel.functions import between_commas, declaration, declared_type, signature_type
from auditkit.admission.cel.library import functions

_OPERATORS_OF_ORDER = ("_<_", "_<=_", "_>_", "_>=_")
_NUMBERS = ("int", "uint", "double")
_OTHERS_IN_ORDER = ("bool", "string", "bytes", "timestamp", "duration")
_EXTENSIONS = ("optional", "two-var-comprehensions", "lists")
_VARIABLES = {
    **dict.fromkeys(("object", "oldObject", "params", "request", "namespaceObject"), "dyn"),
    "authorizer": "kubernetes.authorization.Authorizer",
    "authorizer.requestResource": "kubernetes.authorization.ResourceCheck",
}
_POSITION = re.compile(r"^[A-Z_]+: | \[[A-Z_]+\]$")


class CompileError(Exception):
    """An expression does not compile; the text is that of the type checker."""


def check(expression: str, variables: dict[str, str]) -> tuple[Node, str]:
    """The tree of an expression and the name of its type. ``variables`` are those of the policy, with their types."""
    try:
        compiled = _environment(tuple(variables.items())).compile(_for_engine(expression, variables))
    except RuntimeError as error:
        raise CompileError(_POSITION.sub("", str(error))) from None
    return tree(compiled.serialize()), _written_type(compiled.return_type().name())


@cache
def _environment(variables: tuple[tuple[str, str], ...]) -> Any:
    """What an expression may use. Each variable of the policy is a name of its own (``variables.every``)."""
    cel = engine()
    known = {**_VARIABLES, **({"variables": "dyn"} if variables else {}),
             **{f"variables.{name}": of for name, of in variables}}
    settings = {
        "name": "kubernetes",
        "stdlib": {"exclude_functions": [{"name": name} for name in (*_OPERATORS_OF_ORDER, "string")]},
        "extensions": [{"name": name} for name in _EXTENSIONS],
        "variables": [{"name": name, **declared_type(signature_type(of))} for name, of in known.items()],
        "functions": [*map(_order_of_numbers, _OPERATORS_OF_ORDER),
                      *(declaration(each) for each in functions().values() if not each.standard)],
    }
    return cel.NewEnv(config=cel.NewEnvConfigFromYaml(json.dumps(settings)))


def _order_of_numbers(operator: str) -> dict[str, Any]:
    """An operator of order that takes numbers of two kinds, as the API server's does."""
    pairs = [(one, other) for one in _NUMBERS for other in _NUMBERS] + [(each, each) for each in _OTHERS_IN_ORDER]
    return {"name": operator, "overloads": [
        {"id": f"{operator}({one},{other})", "args": [{"type_name": one}, {"type_name": other}],
         "return": {"type_name": "bool"}} for one, other in pairs]}


_BASIC = {"BOOL": "bool", "INT": "int", "UINT": "uint", "DOUBLE": "double", "STRING": "string", "BYTES": "bytes",
          "TIMESTAMP": "timestamp", "DURATION": "duration", "null_type": "null_type"}


def _written_type(name: str) -> str:
    """The name of a type as signatures have it. What the API server does not carry over is ``dyn``, as there."""
    if name in _BASIC:
        return _BASIC[name]
    outer, _, inside = name.partition("<")
    parts = [_written_type(part) for part in between_commas(inside.removesuffix(">"))]
    return f"{outer.lower()}<{', '.join(parts)}>" if outer in ("LIST", "MAP") else "dyn"


_TEXT = r"""[rRbB]{0,2}(?:'''(?:\\.|.)*?'''|\"\"\"(?:\\.|.)*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")"""
_OTHERWISE = re.compile(rf"(?P<text>{_TEXT})|\.\s*(?P<macro>existsOne|exists_one)\s*\("
                        r"|\bhas\(\s*variables\.(?P<variable>\w+)\s*\)", re.DOTALL)


def _for_engine(expression: str, variables: dict[str, str]) -> str:
    """The expression as the engine has to be told it.

    ``exists_one`` has another spelling where it has two variables; and a variable of the policy that was declared is
    always there, which the engine takes for its value.
    """
    return _OTHERWISE.sub(lambda found: _told(found, expression, variables), expression)


def _told(found: re.Match[str], expression: str, variables: dict[str, str]) -> str:
    if found["variable"] in variables:
        return "true".ljust(len(found[0]))
    if found["macro"]:
        name = "existsOne" if _commas(expression[found.end():]) == 2 else "exists_one"
        return found[0].replace(found["macro"], name)
    return found[0]


def _commas(rest: str) -> int:
    """How many commas stand between the arguments of a call whose bracket was just opened."""
    depth = count = position = 0
    while position < len(rest) and depth >= 0:
        other = _OTHERWISE.match(rest, position)
        if other and other["text"]:
            position = other.end()
            continue
        letter = rest[position]
        depth += (letter in "([{") - (letter in ")]}")
        count += letter == "," and depth == 0
        position += 1
    return count
