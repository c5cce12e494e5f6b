"""The public functions, which the command line and the notebooks call: a file for each subject."""

from typing import Any

from auditkit.snapshots.snapshot import VERBS


def _diff(earlier: Any, later: Any, **given: Any) -> Any:
    from auditkit.api.over_time import diff

    return diff(earlier, later, **given)


VERBS["diff"] = _diff
