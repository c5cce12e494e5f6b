"""Admission policies: what the API server's ValidatingAdmissionPolicies do with a request, decided offline."""

from auditkit.admission.decide import Decision, Failure, Unresolved, decide

__all__ = ["Decision", "Failure", "Unresolved", "decide"]
