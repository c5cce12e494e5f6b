"""What manifests would change if they were applied to the cluster of a snapshot."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditkit.api.evaluating import DEFAULT_FRAMEWORKS, evaluate
from auditkit.api.options import Options
from auditkit.api.snapshots import open
from auditkit.errors import UsageError
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from auditkit.simulation.effects import Effects


def simulate(snapshot: Snapshot | Path | str | None, apply: Path | str | None = None, *, delete: Sequence[str] = (),
             namespace: str = "default", frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, **options: Unpack[Options]
             ) -> "Effects":
    """What would change if the manifests of a file or folder were applied, and objects deleted before.

    Without a snapshot manifests are judged alone: what the cluster has beside them is not known. ``delete`` has
    ``KIND/NAMESPACE/NAME`` or ``KIND/NAME``; ``namespace`` is that of manifests that name none. Nothing is sent to a
    cluster. The result (`auditkit.simulation.effects.Effects`) has the frames ``objects``, ``flows``,
    ``rights``, ``paths`` and ``refused``, and in ``verdicts`` what each framework says; its ``simulation.after`` is the
    snapshot as it would be, which can be evaluated and asked as any other, and never written. Raises `DefinitionError`
    with file and line for manifests that cannot be applied, `NoSuchName`, and `UsageError` where nothing is to be done.
    """
    from auditkit.history.verdicts import verdict_changes
    from auditkit.simulation.applying import simulate
    from auditkit.simulation.effects import Effects
    from auditkit.simulation.nothing import nothing

    if apply is None and not delete:
        raise UsageError("Nothing is to be simulated. Give manifests with --apply, or objects with --delete.")
    before = nothing() if snapshot is None else open(snapshot)
    found = simulate(before, None if apply is None else Path(apply), delete, namespace)
    verdicts = {name: verdict_changes(*(evaluate(each, name, **options) for each in (found.before, found.after)))
                for name in dict.fromkeys(frameworks)}
    return Effects(found, verdicts)
