"""Fields and elements: what ``object.spec.replicas``, ``list[0]``, ``.?field``, ``[?key]`` and ``has()`` find."""

from collections.abc import Mapping

from auditkit.admission.cel.operators import has_key
from auditkit.admission.cel.partial import Partial, Perhaps
from auditkit.admission.cel.values import CelError, Optional, Value, go_type_name, text_of, type_name

_KEYS = (str, bool, int, float)


def element(holder: Value, key: Value) -> Value:
    """The element of a map or list, or the field of an object; an error where it is not there.

    Of an optional it is an optional: ``object.?spec.replicas`` has none where there is no ``spec``.
    """
    if isinstance(holder, Optional | Perhaps):
        return optional_element(holder, key)
    found = _find(holder, key)
    if isinstance(found, Perhaps):
        raise found.unknown()
    if found.content:
        return found.content[0]
    if isinstance(holder, list):
        raise CelError(f"index out of bounds: {text_of(key)}")
    raise CelError(f"no such key: {text_of(key)}")


def optional_element(holder: Value, key: Value) -> Optional | Perhaps:
    """The element as an optional value, which has none where it is not there."""
    if isinstance(holder, Perhaps):
        found = _find(holder.value, key)
        return Perhaps(found.content[0], holder.where) if isinstance(found, Optional) and found.content else found
    if isinstance(holder, Optional):
        return _find(holder.content[0], key) if holder.content else holder
    return _find(holder, key)


def is_there(holder: Value, key: Value) -> bool:
    """``has()``: whether the element is there. A null has no elements, which is no error."""
    if isinstance(holder, Partial):
        return holder.has(key)
    return bool(settled(optional_element(holder, key)).content)


def settled(value: Value) -> Value:
    """The value; Unknown where it is one of two."""
    if isinstance(value, Perhaps):
        raise value.unknown()
    return value


def _find(holder: Value, key: Value) -> Optional | Perhaps:
    if not isinstance(key, _KEYS):
        raise CelError(f"invalid qualifier type: {go_type_name(key)}")
    if isinstance(holder, Partial):
        return holder.find(str(key))
    if isinstance(holder, list):
        position = _position(key)
        return Optional.of(holder[position]) if 0 <= position < len(holder) else Optional()
    if isinstance(holder, Mapping) and has_key(holder, key):
        return Optional.of(holder[key])
    return Optional()


def _position(key: Value) -> int:
    if isinstance(key, int) and not isinstance(key, bool):
        return int(key)
    if isinstance(key, float):
        if key.is_integer():
            return int(key)
        raise CelError(f"unsupported index value {text_of(key)} in list")
    raise CelError(f"unsupported index type '{type_name(key)}' in list")
