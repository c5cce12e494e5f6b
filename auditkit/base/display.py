"""How objects show themselves in a notebook: who draws registers a face for a class; the objects know no drawing."""

from collections.abc import Callable
from typing import Any

FACES: dict[type, Callable[[Any], dict[str, Any]]] = {}
"""Of a class, what gives the forms in which a notebook can show an object of it, by their MIME type."""


def bundle(thing: object) -> dict[str, Any]:
    """An object in every form that it has; its ``repr`` where nobody draws it."""
    face = FACES.get(type(thing))
    return face(thing) if face else {"text/plain": repr(thing)}
