"""The public functions, which the command line and the notebooks call: a file for each subject."""

from typing import Any

from auditkit.snapshots.verbs import VERBS


def _diff(earlier: Any, later: Any, **given: Any) -> Any:
    from auditkit.api.over_time import diff

    return diff(earlier, later, **given)


def _policy_decisions(snapshot: Any, policies: Any = None, **options: Any) -> Any:
    from auditkit.api.what_if import policy_decisions

    return policy_decisions(snapshot, policies, **options)


VERBS["diff"] = _diff
VERBS["policy_decisions"] = _policy_decisions
