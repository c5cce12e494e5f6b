"""What is wrong with a value from YAML, in the words of those who write it: text, list, mapping."""

import datetime as dt
import re
from typing import Any

import msgspec
from msgspec import inspect

from auditkit.errors import NoSuchName

Step = str | int
"""A key of a mapping, or a position in a list."""

_SHAPES: dict[type, str] = {
    inspect.StrType: "text", inspect.EnumType: "text", inspect.LiteralType: "text", inspect.IntType: "a whole number",
    inspect.FloatType: "a number", inspect.BoolType: "true or false", inspect.DateType: "a date",
    inspect.DateTimeType: "a time", inspect.ListType: "a list", inspect.VarTupleType: "a list",
    inspect.DictType: "a mapping", inspect.StructType: "a mapping",
}
_VALUES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", type(None): "nothing",
           dt.date: "a date", dt.datetime: "a time", list: "a list", dict: "a mapping"}
# msgspec states the place of an error only at the end of its text. All else is told from the type and the value there.
_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$")
_WITHIN = re.compile(r" - at (?:`key in )?`\$.*\[\.\.\.\]")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|(\[\.\.\.\])")


def said(error: msgspec.ValidationError, content: Any, shape: Any) -> tuple[str, list[Step], str]:
    """What is wrong with ``content``, which should have a shape: a sentence, the steps to the place, and the key there
    that is wrong (if it is a key)."""
    found = _PLACE.search(str(error))
    steps = _steps(found[1] if found else "", content, shape)
    there, value = _type_at(shape, steps), _value_at(content, steps)
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    place = where or "the file"
    if isinstance(value, dict) and not all(isinstance(key, str) for key in value):
        return f"a key in {place} is not text: put it in quotes.", steps, ""
    struct = next((member for member in _members(there) if isinstance(member, inspect.StructType)), None)
    if isinstance(value, dict) and struct:
        known = {field.encode_name: field.required for field in struct.fields}
        if struct.forbid_unknown_fields and (unknown := next((key for key in value if key not in known), "")):
            return f"{NoSuchName('key', unknown, known)}", steps, unknown
        if missing := next((key for key, required in known.items() if required and key not in value), ""):
            return f"{_called(where, value)} has no key {missing!r}; it must have one.", steps, ""
    return f"{place} {_wrong(there, value) or f'is wrong: {error}'}.", steps, ""


def _called(where: str, value: Any) -> str:
    """The place, and who stands there."""
    name = value.get("id") if isinstance(value, dict) else None
    return f"{where} ({name})" if where and isinstance(name, str) else where or "the file"


def _wrong(there: Any, value: Any) -> str:
    """What a value at a place must be, and is; empty where its type does not tell."""
    members = [member.type if isinstance(member, inspect.Metadata) else member for member in _members(there)]
    kind = _VALUES.get(type(value), "something else")
    wanted = list(dict.fromkeys(_SHAPES[type(member)] for member in members if type(member) in _SHAPES))
    if any(isinstance(member, (inspect.DateType, inspect.DateTimeType)) for member in members):
        return f"must be a day, such as 2026-01-31, but is {str(value)!r}"
    if kind not in wanted:
        quotes = ": put it in quotes" if wanted == ["text"] and not isinstance(value, (list, dict, type(None))) else ""
        return f"must be {' or '.join(wanted) or 'nothing'}, but is {kind}{quotes}"
    if kind == "text" and (allowed := _allowed(there)):
        return f"is {value!r}; it may be {', '.join(str(each) for each in allowed if each != '')}"
    if kind in ("text", "a list"):
        other = "of another form" if value else f"{kind} that is not empty"
        return f"must be {next(filter(None, map(_meaning, _members(there))), other)}, but is {value!r}"
    return ""


def _steps(place: str, content: Any, shape: Any) -> list[Step]:
    """The steps of a place such as ``.requirements[3].checks[0][...]``, where dots stand for any key."""
    steps: list[Step] = []
    for name, position, anything in _STEP.findall(place):
        steps.append(name or (int(position) if position else ""))
        if anything:
            steps[-1] = _wrong_key(content, steps[:-1], shape)
    return steps


def _wrong_key(content: Any, steps: list[Step], shape: Any) -> str:
    """The key of a mapping whose value is wrong: the first that is wrong in a mapping of its own."""
    mapping = _value_at(content, steps)
    for key in mapping:
        try:
            msgspec.convert(_replaced(content, steps, {key: mapping[key]}), shape)
        except msgspec.ValidationError as error:
            if _WITHIN.search(str(error)):
                return str(key)
    return ""


def _replaced(content: Any, steps: list[Step], value: Any) -> Any:
    """The content with another value at a place; nothing that was given is changed."""
    if not steps:
        return value
    other = content.copy()
    other[steps[0]] = _replaced(content[steps[0]], steps[1:], value)
    return other


def _value_at(content: Any, steps: list[Step]) -> Any:
    for step in steps:
        try:
            content = content[step]
        except (KeyError, IndexError, TypeError):
            return None
    return content


def _type_at(shape: Any, steps: list[Step]) -> Any:
    """The type that should stand at a place."""
    there: Any = inspect.type_info(shape)
    for step in steps:
        there = next((inner for member in _members(there) if (inner := _inside(_bare(member), step))), None)
    return _bare(there)


def _inside(there: Any, step: Step) -> Any:
    if isinstance(there, inspect.StructType):
        return next((field.type for field in there.fields if field.encode_name == step), None)
    if isinstance(there, inspect.DictType):
        return there.value_type
    return getattr(there, "item_type", None) if isinstance(step, int) else None


def _members(there: Any) -> list[Any]:
    return list(there.types) if isinstance(there, inspect.UnionType) else [there]


def _bare(there: Any) -> Any:
    """A type without what is said of it, but for the meaning of a form."""
    inner = getattr(there, "type", None) if isinstance(there, inspect.Metadata) else None
    return inner if inner is not None and not isinstance(inner, inspect.StrType) else there


def _meaning(there: Any) -> str:
    schema: dict[str, str] = getattr(there, "extra_json_schema", None) or {}
    return schema.get("description", "")


def _allowed(there: Any) -> list[Any]:
    return [value for member in _members(there) for value in getattr(member, "values", ())]
