"""Calico's network policies in the form of all others."""

from auditkit.analysis.network.calico.rules import TABLES, Found, calico

__all__ = ["TABLES", "Found", "calico"]
