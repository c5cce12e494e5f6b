"""What checks of pods and containers share: reasons for leaving them out, and readings of their settings."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN

ENDED = "the pod has ended and will not run again"
ON_WINDOWS = "the pod has ended, or runs on Windows, where this setting does not exist"
NO_USER = "the user of this Windows container is set by its image or its node, which were not read"
_ADMINISTRATORS = (r"(?i)\s*(?:.*\\)?\s*(?:containeradministrator|administrators?|(?:local\s?)?system|"
                   r"s-1-5-(?:18|32-544|93-2-1|21-.*-500))\s*(?:@.*)?")
"""Users and groups of Windows with all rights in a container or on its node: by name (``DOMAIN\\USER`` or
``USER@DOMAIN``, in any case) or by their well-known security identifier."""


def on_linux(contexts: pd.DataFrame, systems: pd.DataFrame) -> pd.Series:
    """Whether the pod of each container has not ended and does not run on Windows."""
    return ~systems["windows"] & ~contexts["ended"]


def no_administrator(contexts: pd.DataFrame) -> pd.Series:
    """Whether a Windows container names a user that is no administrator; <NA> where its image or its node decides.

    A HostProcess container that names no user runs as SYSTEM.
    """
    of_node = contexts["windows_host_process"].fillna(False)
    user = contexts["windows_user"].mask(contexts["windows_user"].str.strip() == "", pd.NA)
    bad = user.str.fullmatch(_ADMINISTRATORS).fillna(False) | (user.isna() & of_node)
    return (~bad).mask(~bad & (user.isna() | of_node), pd.NA)


def other_than_root(contexts: pd.DataFrame, *columns: str) -> pd.Series:
    """Whether any of these user or group numbers is set to other than 0."""
    found = pd.Series(False, contexts.index, BOOLEAN)
    for name in columns:
        found |= (contexts[name] != 0).fillna(False)
    return found


def limited(limit: pd.Series) -> pd.Series:
    """Whether a quantity is set and above zero; ``0``, ``0.0`` and ``0Mi`` are no limits."""
    return limit.str.match(r"\+?[0-9.]*[1-9]").fillna(False)
