"""What is wrong with a value from YAML, in the words of those who write it: text, list, mapping."""

import re
from typing import Any

import msgspec
from msgspec import inspect

from auditkit.errors import NoSuchName

Step = str | int
"""A key of a mapping, or a position in a list."""

_KINDS = {"array": "a list", "object": "a mapping", "str": "text", "int": "a whole number", "float": "a number",
          "bool": "true or false", "null": "nothing", "date": "a date", "datetime": "a time"}
_PLACE = re.compile(r" - at (?:`key` in )?`\$(.*)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|(\[\.\.\.\])")


def said(error: msgspec.ValidationError, content: Any, shape: Any) -> tuple[str, list[Step], str]:
    """What is wrong with ``content``, which should have a shape: a sentence, the steps to the place, and the key there
    that is wrong (if it is a key)."""
    message = str(error)
    found = _PLACE.search(message)
    message = message[:found.start()] if found else message
    steps = _steps(found[1] if found else "", content, shape)
    there, value = _type_at(shape, steps), _value_at(content, steps)
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).lstrip(".")
    if unknown := re.match(r"Object contains unknown field `(.*)`$", message):
        known = [field.encode_name for field in getattr(there, "fields", ())]
        return f"{NoSuchName('key', unknown[1], known)}", steps, unknown[1]
    if missing := re.match(r"Object missing required field `(.*)`$", message):
        return f"{_called(where, value)} has no key {missing[1]!r}, which it must have.", steps, ""
    if message == "Expected `str`" or (found and "`key` in" in found[0]):
        return f"a key in {where or 'the file'} is not text: put it in quotes.", steps, ""
    return f"{where or 'the file'} {_wrong(message, there, value)}.", steps, ""


def _called(where: str, value: Any) -> str:
    """The place, and who stands there."""
    name = value.get("id") if isinstance(value, dict) else None
    return f"{where} ({name})" if where and isinstance(name, str) else where or "the file"


def _wrong(message: str, there: Any, value: Any) -> str:
    """What a value at a place must be, and is."""
    if message.startswith("Invalid enum value"):
        return f"is {value!r}; it may be {', '.join(str(each) for each in _allowed(there) if each != '')}"
    if "RFC3339" in message or "`datetime`" in message:
        return f"must be a day, as 2026-01-31 is, and is {str(value)!r}"
    if "matching regex" in message or "of length" in message:
        kind = "a list" if isinstance(value, list) else "text"
        other = f"{kind} that is not empty" if message.endswith(">= 1") else "of another form"
        return f"must be {next(filter(None, map(_meaning, _members(there))), other)}, and is {value!r}"
    if kinds := re.match(r"Expected `(.*?)`(?:, got `(.*)`)?$", message):
        wanted = [_KINDS.get(kind, kind) for kind in kinds[1].split(" | ") if kind != "null"] or ["nothing"]
        quotes = ": put it in quotes" if wanted == ["text"] and kinds[2] not in ("array", "object", "null") else ""
        return f"must be {' or '.join(wanted)}, and is {_KINDS.get(kinds[2], kinds[2])}{quotes}"
    return f"is wrong: {message}"


def _steps(place: str, content: Any, shape: Any) -> list[Step]:
    """The steps of a place such as ``.requirements[3].checks[0][...]``, where dots stand for any key."""
    steps: list[Step] = []
    for name, position, anything in _STEP.findall(place):
        steps.append(name or (int(position) if position else ""))
        if anything:
            steps[-1] = _wrong_key(content, steps[:-1], shape)
    return steps


def _wrong_key(content: Any, steps: list[Step], shape: Any) -> str:
    """The key of a mapping whose value is wrong: the first that is so when it stands there alone."""
    mapping = _value_at(content, steps)
    for key in mapping:
        try:
            msgspec.convert(_replaced(content, steps, {key: mapping[key]}), shape)
        except msgspec.ValidationError as error:
            if "[...]" in str(error):
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
