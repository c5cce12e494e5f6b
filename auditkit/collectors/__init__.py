"""Collect: the outside world → tables and a ledger."""

from auditkit.collectors.cluster import collect

__all__ = ["collect"]
