"""Readers of other tools' output into the tables ``findings``, ``finding_references``, ``events``, ``audit_policy`` and
``scans``.

`auditkit.scans.model` says what a reader is; there is one module a tool, and `auditkit.scans.registry` has them all.
"""
