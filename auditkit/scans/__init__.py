"""Readers of other tools' output into the tables ``findings``, ``finding_references``, ``events`` and ``scans``.

`auditkit.scans.model` says what a reader is; there is one module a tool, and `auditkit.scans.registry` has them all.
"""
