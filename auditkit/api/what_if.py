"""What would be: proposed rules on what a snapshot shows."""

from pathlib import Path
from typing import TYPE_CHECKING

from auditkit.api.snapshots import open
from auditkit.errors import UsageError
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    import pandas as pd


def policy_decisions(snapshot: Snapshot | Path | str, policies: Path | str | None = None) -> "pd.DataFrame":
    """What proposed ValidatingAdmissionPolicies would do with the objects of a snapshot, if they were created now.

    ``policies`` is a YAML file, or a folder of YAML files, with policies, their bindings and parameters; a policy
    without a binding is taken to deny. A row for each policy and object that it matches, with the columns policy, kind,
    namespace, name, outcome (denied, warned, audited, unknown, allowed), binding, message, expression, why. An outcome
    is ``unknown`` where an expression reads what the snapshot does not have: ``why`` names it. ``attrs["gaps"]`` says
    what was not read completely, so that objects may be missing. Raises `UsageError` where no policies are given, and
    `DefinitionError` with file and line for a mistake in them.
    """
    from auditkit.what_if.decisions import policy_decisions
    from auditkit.what_if.policies import read

    opened = open(snapshot)
    if policies is None:
        raise UsageError("A snapshot does not keep the policies of its cluster whole: their variables and match "
                         "conditions are not collected. Give the policies as YAML files with --policies.")
    return policy_decisions(opened, read(Path(policies)))
