"""Reachability: network policies, services and entry points."""

from auditkit.analysis.network.reachability import TABLES, reachable

__all__ = ["TABLES", "reachable"]
