"""Collect: the outside world → tables and a ledger."""

from auditkit.collect.cluster import collect

__all__ = ["collect"]
