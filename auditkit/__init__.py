"""auditkit: prove what a Kubernetes cluster complies with, with the evidence.

    snap = auditkit.collect()                 # or auditkit.collect(recording="folder")
    snap.pods, snap.ledger, snap.sql("select …")
    auditkit.evaluate(snap, "soc2").requirements
    auditkit.report(snap, "soc2", "reports/")
"""

from importlib import import_module
from typing import TYPE_CHECKING

from auditkit.base.version import VERSION as __version__

if TYPE_CHECKING:
    from auditkit.api.definitions import frameworks, load_framework
    from auditkit.api.evaluating import compare, evaluate, explain
    from auditkit.api.handing_over import bundle, conclude, conclude_from, export, reperform, workpapers
    from auditkit.api.over_time import bridge, diff, given, period, population, sample, verdict_changes
    from auditkit.api.remedying import remedy
    from auditkit.api.reporting import report
    from auditkit.api.rights import propose_rights, rights
    from auditkit.api.signing import sign, verify
    from auditkit.api.simulating import simulate
    from auditkit.api.snapshots import collect, demo, open
    from auditkit.api.what_if import policy_decisions
    from auditkit.collectors.sources.bounds import Bounds
    from auditkit.fleets.fleet import fleet
    from auditkit.snapshots.snapshot import Snapshot

__all__ = ["Bounds", "Snapshot", "__version__", "bridge", "bundle", "collect", "compare", "conclude", "conclude_from",
           "demo", "diff", "evaluate", "explain", "export", "fleet", "frameworks", "given", "load_framework", "open",
           "period", "policy_decisions", "population", "propose_rights", "remedy", "reperform", "report", "rights",
           "sample", "sign", "simulate", "verdict_changes", "verify", "workpapers"]


if not TYPE_CHECKING:  # a type checker would take any name for one that is there

    _MODULES = {
        "api.definitions": ("frameworks", "load_framework"),
        "api.evaluating": ("compare", "evaluate", "explain"),
        "api.handing_over": ("bundle", "conclude", "conclude_from", "export", "reperform", "workpapers"),
        "api.over_time": ("bridge", "diff", "given", "period", "population", "sample", "verdict_changes"),
        "api.remedying": ("remedy",),
        "api.reporting": ("report",),
        "api.rights": ("propose_rights", "rights"),
        "api.signing": ("sign", "verify"),
        "api.simulating": ("simulate",),
        "api.snapshots": ("collect", "demo", "open"),
        "api.what_if": ("policy_decisions",),
        "collectors.sources.bounds": ("Bounds",),
        "fleets.fleet": ("fleet",),
        "snapshots.snapshot": ("Snapshot",),
    }

    def __getattr__(name: str) -> object:
        """Names are imported when they are first used, so that ``import auditkit`` costs nothing."""
        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(f"auditkit.{module}"), name)
        raise AttributeError(f"module 'auditkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
