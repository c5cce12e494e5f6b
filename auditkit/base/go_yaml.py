"""YAML as kubectl reads it: its plain scalars have the types that Go's YAML library gives them.

PyYAML follows YAML 1.1 to the letter, and differs: ``10:30`` is 630, a day is a date, ``=`` is an error, and ``0o400``
and ``1e3`` are texts. Source: go-yaml v2, ``resolve.go``, which sigs.k8s.io/yaml uses; verified with kubectl 1.32.4.
"""

import re
from typing import Any

import yaml

_TAG = "tag:yaml.org,2002:"
_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_NUMBERS = "+-0123456789"
_INT = (r"[-+]?(?:0_*[bB]_*[01][01_]*|0_*[xX]_*[0-9a-fA-F][0-9a-fA-F_]*|0_*[oO]_*[0-7][0-7_]*|0[0-7_]*"
        r"|[1-9][0-9_]*)")
_FLOAT = r"[-+]?(?:\.[0-9_]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
_WHOLE = 1e21
"""JSON, into which kubectl turns YAML, writes whole numbers below this without a point."""


class GoLoader(yaml.CSafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """The safe loader that gives plain scalars and keys the values that kubectl gives them."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012  # as PyYAML declares it
    bool_values = {word.lower(): word in _TRUE for word in _TRUE + _FALSE}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping; its keys are text, as in JSON."""
        self.flatten_mapping(node)
        return {self._name(key): self.construct_object(value, deep) for key, value in node.value}

    def key(self, value: Any) -> str:
        """A key as the text that JSON has for it."""
        return str(value).lower() if isinstance(value, bool) else str(value)

    def _name(self, node: yaml.Node) -> str:
        value = self.construct_object(node) if isinstance(node, yaml.ScalarNode) else None
        if value is None:
            raise yaml.constructor.ConstructorError(problem="found a key that is no text", problem_mark=node.start_mark)
        return self.key(value)


def _int(loader: GoLoader, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "").lower()
    sign, digits = (-1 if text[0] == "-" else 1), text.lstrip("+-")
    base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2], 8 if digits[0] == "0" else 10)
    return sign * int(digits, base)


def _float(loader: GoLoader, node: yaml.ScalarNode) -> int | float:
    value = float(node.value.replace("_", ""))
    return int(value) if abs(value) < _WHOLE and value.is_integer() else value


def _resolve(kind: str, pattern: str, first: str) -> None:
    GoLoader.add_implicit_resolver(_TAG + kind, re.compile(rf"(?:{pattern})\Z"), list(first) or [""])


_resolve("bool", "|".join(_TRUE + _FALSE), "yYnNtTfFoO")
_resolve("null", "~|null|Null|NULL", "~nN")
_resolve("null", "", "")
_resolve("merge", "<<", "<")
_resolve("int", _INT, _NUMBERS)
_resolve("float", _FLOAT, _NUMBERS + ".")
GoLoader.add_constructor(_TAG + "int", _int)
GoLoader.add_constructor(_TAG + "float", _float)
