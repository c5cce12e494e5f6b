"""Derived tables: pure functions of tables, named by what they derive.

A derived table is a function whose parameter names are the tables (or derived tables) that it reads. It is complete
only where all of them are.
"""

import importlib
import inspect
from collections.abc import Callable
from functools import cache

DERIVED: dict[str, str] = {
    "audit_requests": "auditkit.analysis.audit_log:audit_requests",
    "audit_periods": "auditkit.analysis.audit_log:audit_periods",
    "audit_silences": "auditkit.analysis.audit_log:audit_silences",
    "audit_levels": "auditkit.analysis.audit_log:audit_levels",
    "audit_sources": "auditkit.analysis.audit_log:audit_sources",
    "failed_authentications": "auditkit.analysis.audit_log:failed_authentications",
    "secret_reads": "auditkit.analysis.audit_log:secret_reads",
    "pod_sessions": "auditkit.analysis.audit_log:pod_sessions",
    "rbac_changes": "auditkit.analysis.audit_log:rbac_changes",
    "binding_uses": "auditkit.analysis.audit_log:binding_uses",
    "subject_uses": "auditkit.analysis.audit_log:subject_uses",
    "right_uses": "auditkit.analysis.audit_log:right_uses",
    "agreement": "auditkit.analysis.agreement:agreement",
    "rule_opinions": "auditkit.analysis.agreement:rule_opinions",
    "own_verdicts": "auditkit.evaluation.own_verdicts:own_verdicts",
    "audit_logs": "auditkit.analysis.coverage:audit_logs",
    "coverage": "auditkit.analysis.coverage:coverage",
    "tool_coverage": "auditkit.analysis.coverage:tool_coverage",
    "images_unscanned": "auditkit.analysis.coverage:images_unscanned",
    "node_sensors": "auditkit.analysis.coverage:node_sensors",
    "findings_tied": "auditkit.analysis.findings:findings_tied",
    "findings_untied": "auditkit.analysis.findings:findings_untied",
    "judged_objects": "auditkit.analysis.findings:judged_objects",
    "objects": "auditkit.analysis.findings:objects",
    "policies": "auditkit.analysis.findings:policies",
    "framework_findings": "auditkit.analysis.frameworks:framework_findings",
    "framework_results": "auditkit.analysis.frameworks:framework_results",
    "image_findings": "auditkit.analysis.images:image_findings",
    "image_users": "auditkit.analysis.images:image_users",
    "images_in_use": "auditkit.analysis.images:images_in_use",
    "top_owners": "auditkit.analysis.owners:top_owners",
    "api_servers": "auditkit.analysis.control_plane:api_servers",
    "controller_managers": "auditkit.analysis.control_plane:controller_managers",
    "schedulers": "auditkit.analysis.control_plane:schedulers",
    "etcd_members": "auditkit.analysis.control_plane:etcd_members",
    "kube_proxy_instances": "auditkit.analysis.control_plane:kube_proxy_instances",
    "node_kubelets": "auditkit.analysis.control_plane:node_kubelets",
    "idle_templates": "auditkit.analysis.all_pods:idle_templates",
    "all_pods": "auditkit.analysis.all_pods:all_pods",
    "all_containers": "auditkit.analysis.all_pods:all_containers",
    "all_container_capabilities": "auditkit.analysis.all_pods:all_container_capabilities",
    "all_container_ports": "auditkit.analysis.all_pods:all_container_ports",
    "all_container_handlers": "auditkit.analysis.all_pods:all_container_handlers",
    "all_container_env": "auditkit.analysis.all_pods:all_container_env",
    "all_container_env_from": "auditkit.analysis.all_pods:all_container_env_from",
    "all_volumes": "auditkit.analysis.all_pods:all_volumes",
    "all_pod_sysctls": "auditkit.analysis.all_pods:all_pod_sysctls",
    "all_pod_node_selectors": "auditkit.analysis.all_pods:all_pod_node_selectors",
    "all_pod_annotations": "auditkit.analysis.all_pods:all_pod_annotations",
    "node_results": "auditkit.analysis.kube_bench:node_results",
    "container_contexts": "auditkit.analysis.pod_contexts:container_contexts",
    "container_powers": "auditkit.analysis.pod_contexts:container_powers",
    "namespaced_objects": "auditkit.analysis.pod_contexts:namespaced_objects",
    "secret_fetchers": "auditkit.analysis.pod_contexts:secret_fetchers",
    "workload_budgets": "auditkit.analysis.pod_contexts:workload_budgets",
    "pod_webhooks": "auditkit.analysis.pod_admission:pod_webhooks",
    "pod_policies": "auditkit.analysis.pod_admission:pod_policies",
    "webhook_namespaces": "auditkit.analysis.pod_admission:webhook_namespaces",
    "namespace_policies": "auditkit.analysis.network_namespaces:namespace_policies",
    "policy_openings": "auditkit.analysis.network_openings:policy_openings",
    "entrances": "auditkit.analysis.entrances:entrances",
    "network_plugin": "auditkit.analysis.network_plugins:network_plugin",
    "service_backends": "auditkit.analysis.network_services:service_backends",
    "ingress_backends": "auditkit.analysis.network_services:ingress_backends",
    "exposure": "auditkit.analysis.network_exposure:exposure",
    "reachability": "auditkit.analysis.network:reachability",
    "isolation": "auditkit.analysis.network_tables:isolation",
    "network_groups": "auditkit.analysis.network_tables:network_groups",
    "flows": "auditkit.analysis.network_tables:flows",
    "namespace_flows": "auditkit.analysis.network_tables:namespace_flows",
    "data_class_flows": "auditkit.analysis.network_tables:data_class_flows",
    "pod_specs": "auditkit.analysis.podsecurity:pod_specs",
    "spec_security": "auditkit.analysis.podsecurity:spec_security",
    "pod_security": "auditkit.analysis.podsecurity:pod_security",
    "template_pod_security": "auditkit.analysis.podsecurity:template_pod_security",
    "namespace_levels": "auditkit.analysis.podsecurity:namespace_levels",
    "pod_levels": "auditkit.analysis.podsecurity:pod_levels",
    "template_pod_levels": "auditkit.analysis.podsecurity:template_pod_levels",
    "access": "auditkit.analysis.access_frame:access",
    "duty_conflicts": "auditkit.analysis.access_duties:duty_conflicts",
    "granted_rules": "auditkit.analysis.rbac_aggregation:granted_rules",
    "system_masters": "auditkit.analysis.system_masters:system_masters",
    "role_powers": "auditkit.analysis.rbac_powers:role_powers",
    "held_powers": "auditkit.analysis.rbac_powers:held_powers",
    "escalation_steps": "auditkit.analysis.escalation_graph:escalation_steps",
    "paths_to_admin": "auditkit.analysis.escalation:paths_to_admin",
}
"""Name of a derived table → ``module:function``; modules are imported when first asked for."""

GIVEN: dict[str, tuple[str, ...]] = {
    "node_results": ("findings",),
    "system_masters": ("memberships", "events"),
}
"""Of a derived table the tables that people may give and need not: without them it has fewer rows, and those it has are
as true. One that was given and is not whole is a gap, as everywhere."""


@cache
def derivation(name: str) -> Callable:
    """The function that derives a table."""
    module, _, function = DERIVED[name].partition(":")
    return getattr(importlib.import_module(module), function)


def inputs(function: Callable) -> tuple[str, ...]:
    """The tables that a function reads: the names of its positional parameters."""
    return tuple(
        name for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    )
