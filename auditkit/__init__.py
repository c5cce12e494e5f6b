"""auditkit: prove what a Kubernetes cluster complies with, with the evidence.

    snap = auditkit.collect()                 # or auditkit.collect(recording="folder")
    snap.pods, snap.ledger, snap.sql("select …")
    auditkit.evaluate(snap, "soc2").requirements
    auditkit.report(snap, "soc2", "reports/")
"""

from typing import TYPE_CHECKING

from auditkit.base.version import VERSION as __version__

if TYPE_CHECKING:
    from auditkit.api import (
        bundle,
        collect,
        compare,
        demo,
        diff,
        evaluate,
        explain,
        export,
        frameworks,
        given,
        load_framework,
        open,
        period,
        population,
        reperform,
        report,
        sample,
        verdict_changes,
        workpapers,
    )
    from auditkit.collectors.sources.bounds import Bounds
    from auditkit.snapshots.snapshot import Snapshot

__all__ = ["Bounds", "Snapshot", "__version__", "bundle", "collect", "compare", "demo", "diff", "evaluate", "explain",
           "export", "frameworks", "given", "load_framework", "open", "period", "population", "reperform", "report",
           "sample", "verdict_changes", "workpapers"]


if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    def __getattr__(name: str) -> object:
        """Names are imported when they are first used, so that ``import auditkit`` costs nothing."""
        if name not in __all__:
            raise AttributeError(f"module 'auditkit' has no attribute {name!r}")
        if name == "Snapshot":
            from auditkit.snapshots.snapshot import Snapshot

            return Snapshot
        if name == "Bounds":
            from auditkit.collectors.sources.bounds import Bounds

            return Bounds
        from auditkit import api

        return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
