"""What layers above can do with a snapshot: its methods call it, and `auditkit.api` registers it."""

from collections.abc import Callable
from typing import Any

VERBS: dict[str, Callable[..., Any]] = {}
