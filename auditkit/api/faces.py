"""How what the functions return shows itself in a notebook."""

from collections.abc import Callable
from typing import Any


def face(name: str) -> Callable[[Any], dict[str, Any]]:
    """What `auditkit.reports.show` draws under this name; it is imported when something is shown."""
    def draw(thing: Any) -> dict[str, Any]:
        from auditkit.reports import show

        bundle: dict[str, Any] = getattr(show, name)(thing)._repr_mimebundle_()
        return bundle

    return draw
