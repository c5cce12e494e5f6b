"""What objects and policies are read from: a snapshot, or some of its tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Source(Protocol):
    """The part of `auditkit.snapshots.snapshot.Snapshot` that decisions need."""

    def frame(self, name: str) -> "pd.DataFrame":
        """A table."""

    def whole(self, name: str) -> "pd.DataFrame":
        """A table; without rows where not all of it was collected."""

    def gaps(self, name: str | Sequence[str]) -> list[str]:
        """Why rows of tables may be missing."""

    def gap_of(self, source: str) -> str:
        """Why objects of a resource may be missing; empty where none are."""
