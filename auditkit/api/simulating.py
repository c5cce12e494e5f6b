"""What manifests would change if they were applied to the cluster of a snapshot."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from auditkit.api.definitions import DEFAULT_FRAMEWORKS
from auditkit.api.evaluating import evaluate_both
from auditkit.api.options import Options
from auditkit.api.snapshots import DEMO, open
from auditkit.base import shipped
from auditkit.errors import UsageError
from auditkit.people.scope import names
from auditkit.snapshots.snapshot import Snapshot

if TYPE_CHECKING:
    from auditkit.reports import Files
    from auditkit.simulation.effects import Effects


def simulate(snapshot: Snapshot | Path | str | None, apply: Path | str | None = None, *, delete: Sequence[str] = (),
             namespace: str = "default", frameworks: Iterable[str] = DEFAULT_FRAMEWORKS, **options: Unpack[Options]
             ) -> "Effects":
    """What would change if the manifests of a file or folder were applied, and objects deleted before.

    Without a snapshot manifests are judged alone: what the cluster has beside them is not known. ``apply`` may be
    ``"demo"``: manifests for the cluster of the demo. ``delete`` has
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
    found = simulate(before, _manifests(apply), delete, namespace)
    verdicts = {name: verdict_changes(*evaluate_both(found.before, found.after, name, **options))
                for name in dict.fromkeys(frameworks)}
    return Effects(found, verdicts)


def report_simulation(snapshot: Snapshot | Path | str, apply: Path | str | None = None, output: Path | str = "reports",
                      progress: Callable[[str], None] | None = None, *, delete: Sequence[str] = (),
                      namespace: str = "default", frameworks: Iterable[str] = DEFAULT_FRAMEWORKS,
                      **options: Unpack[Options]) -> "Files":
    """Run the notebook ``what-if`` on what `simulate` does; returns the paths of the notebook, the page and the PDF."""
    from auditkit.reports import report_simulation

    return report_simulation(open(snapshot), Path(output), {
        "manifests": str(apply or ""), "delete": list(delete), "namespace": namespace, "frameworks": list(frameworks),
        **{name: _plain(name, value) for name, value in options.items() if value}}, progress)


def _plain(name: str, value: Any) -> Any:
    """An option as a parameter of a notebook."""
    return names(value) if name == "categories" else value if name == "checks" else str(value)


def _manifests(apply: Path | str | None) -> Path | None:
    if apply is None:
        return None
    return shipped.demo_manifests() if str(apply) == DEMO and not Path(apply).exists() else Path(apply)
