"""What can reach what: network policies, services and entrances."""

from auditkit.analysis.network.reachability import TABLES, reachable

__all__ = ["TABLES", "reachable"]
