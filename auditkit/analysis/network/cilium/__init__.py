"""Cilium's network policies in the form of all others."""

from auditkit.analysis.network.cilium.rules import TABLES, cilium

__all__ = ["TABLES", "cilium"]
