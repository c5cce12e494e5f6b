"""Derived tables: pure functions of tables, named by what they derive.

A derived table is a function whose parameter names are the tables (or derived tables) that it reads. It is complete
only where all of them are.
"""

import importlib
import inspect
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

Derivation = Callable[..., Any]
"""A function of tables: a DataFrame, or one of `NO_TABLES` that others read."""
_Function = TypeVar("_Function", bound=Derivation)

DERIVED: dict[str, str] = {
    "audit_requests": "auditkit.analysis.cluster.audit_log:audit_requests",
    "audit_periods": "auditkit.analysis.cluster.audit_log:audit_periods",
    "audit_silences": "auditkit.analysis.cluster.audit_log:audit_silences",
    "audit_levels": "auditkit.analysis.cluster.audit_log:audit_levels",
    "audit_sources": "auditkit.analysis.cluster.audit_log:audit_sources",
    "failed_authentications": "auditkit.analysis.cluster.audit_log:failed_authentications",
    "secret_reads": "auditkit.analysis.cluster.audit_log:secret_reads",
    "pod_sessions": "auditkit.analysis.cluster.audit_log:pod_sessions",
    "rbac_changes": "auditkit.analysis.cluster.audit_log:rbac_changes",
    "binding_uses": "auditkit.analysis.cluster.audit_log:binding_uses",
    "subject_uses": "auditkit.analysis.cluster.audit_log:subject_uses",
    "right_uses": "auditkit.analysis.cluster.audit_log:right_uses",
    "audit_uses": "auditkit.analysis.rights.uses:audit_uses",
    "granted_uses": "auditkit.analysis.rights.granted:granted_uses",
    "agreement": "auditkit.analysis.findings.agreement:agreement",
    "rule_opinions": "auditkit.analysis.findings.agreement:rule_opinions",
    "audit_logs": "auditkit.analysis.findings.coverage:audit_logs",
    "coverage": "auditkit.analysis.findings.coverage:coverage",
    "tool_coverage": "auditkit.analysis.findings.coverage:tool_coverage",
    "images_unscanned": "auditkit.analysis.findings.coverage:images_unscanned",
    "node_sensors": "auditkit.analysis.findings.coverage:node_sensors",
    "findings_tied": "auditkit.analysis.findings.tied:findings_tied",
    "findings_untied": "auditkit.analysis.findings.tied:findings_untied",
    "judged_objects": "auditkit.analysis.findings.tied:judged_objects",
    "objects": "auditkit.analysis.findings.tied:objects",
    "policies": "auditkit.analysis.findings.tied:policies",
    "framework_findings": "auditkit.analysis.findings.tool_frameworks:framework_findings",
    "framework_results": "auditkit.analysis.findings.tool_frameworks:framework_results",
    "evidence_age": "auditkit.analysis.findings.coverage:evidence_age",
    "image_findings": "auditkit.analysis.findings.images:image_findings",
    "image_users": "auditkit.analysis.findings.images:image_users",
    "images_in_use": "auditkit.analysis.findings.images:images_in_use",
    "top_owners": "auditkit.analysis.workloads.owners:top_owners",
    "api_servers": "auditkit.analysis.cluster.control_plane:api_servers",
    "controller_managers": "auditkit.analysis.cluster.control_plane:controller_managers",
    "schedulers": "auditkit.analysis.cluster.control_plane:schedulers",
    "etcd_members": "auditkit.analysis.cluster.control_plane:etcd_members",
    "kube_proxy_instances": "auditkit.analysis.cluster.control_plane:kube_proxy_instances",
    "node_kubelets": "auditkit.analysis.cluster.control_plane:node_kubelets",
    "pod_readiness": "auditkit.analysis.workloads.readiness:pod_readiness",
    "idle_templates": "auditkit.analysis.workloads.pods_and_templates:idle_templates",
    "all_pods": "auditkit.analysis.workloads.pods_and_templates:all_pods",
    "all_containers": "auditkit.analysis.workloads.pods_and_templates:all_containers",
    "all_container_capabilities": "auditkit.analysis.workloads.pods_and_templates:all_container_capabilities",
    "all_container_ports": "auditkit.analysis.workloads.pods_and_templates:all_container_ports",
    "all_container_handlers": "auditkit.analysis.workloads.pods_and_templates:all_container_handlers",
    "all_container_env": "auditkit.analysis.workloads.pods_and_templates:all_container_env",
    "all_container_env_from": "auditkit.analysis.workloads.pods_and_templates:all_container_env_from",
    "all_volumes": "auditkit.analysis.workloads.pods_and_templates:all_volumes",
    "all_pod_sysctls": "auditkit.analysis.workloads.pods_and_templates:all_pod_sysctls",
    "all_pod_node_selectors": "auditkit.analysis.workloads.pods_and_templates:all_pod_node_selectors",
    "all_pod_annotations": "auditkit.analysis.workloads.pods_and_templates:all_pod_annotations",
    "node_results": "auditkit.analysis.findings.kube_bench:node_results",
    "container_contexts": "auditkit.analysis.workloads.containers:container_contexts",
    "container_systems": "auditkit.analysis.workloads.containers:container_systems",
    "container_powers": "auditkit.analysis.workloads.containers:container_powers",
    "namespaced_objects": "auditkit.analysis.workloads.containers:namespaced_objects",
    "secret_fetchers": "auditkit.analysis.workloads.containers:secret_fetchers",
    "host_mounts": "auditkit.analysis.workloads.host_mounts:host_mounts",
    "secret_users": "auditkit.analysis.workloads.secret_users:secret_users",
    "workload_budgets": "auditkit.analysis.workloads.containers:workload_budgets",
    "pod_webhooks": "auditkit.analysis.workloads.admission:pod_webhooks",
    "pod_policies": "auditkit.analysis.workloads.admission:pod_policies",
    "binding_effects": "auditkit.analysis.workloads.admission_bindings:binding_effects",
    "image_rules": "auditkit.analysis.workloads.admission:image_rules",
    "webhook_service": "auditkit.analysis.workloads.admission:webhook_service",
    "webhook_namespaces": "auditkit.analysis.workloads.admission:webhook_namespaces",
    "namespace_policies": "auditkit.analysis.network.namespaces:namespace_policies",
    "policy_openings": "auditkit.analysis.network.openings:policy_openings",
    "network_rules": "auditkit.analysis.network.policy_sets:network_rules",
    "other_engines": "auditkit.analysis.network.engines:other_engines",
    "listeners": "auditkit.analysis.network.gateways.listeners:listeners",
    "attachments": "auditkit.analysis.network.gateways.attachments:attachments",
    "gateway_backends": "auditkit.analysis.network.gateways.backends:gateway_backends",
    "openshift_ways": "auditkit.analysis.network.routes.openshift:openshift_ways",
    "openshift_backends": "auditkit.analysis.network.routes.openshift:openshift_backends",
    "contour_ways": "auditkit.analysis.network.routes.contour:contour_ways",
    "contour_backends": "auditkit.analysis.network.routes.contour:contour_backends",
    "contour_certificates": "auditkit.analysis.network.routes.contour:contour_certificates",
    "istio_gateway_pods": "auditkit.analysis.network.routes.istio:istio_gateway_pods",
    "istio_ways": "auditkit.analysis.network.routes.istio:istio_ways",
    "istio_backends": "auditkit.analysis.network.routes.istio:istio_backends",
    "istio_certificates": "auditkit.analysis.network.routes.istio:istio_certificates",
    "istio_addresses": "auditkit.analysis.network.routes.istio:istio_addresses",
    "traefik_entry_points": "auditkit.analysis.network.routes.traefik:traefik_entry_points",
    "traefik_ways": "auditkit.analysis.network.routes.traefik:traefik_ways",
    "traefik_backends": "auditkit.analysis.network.routes.traefik:traefik_backends",
    "traefik_certificates": "auditkit.analysis.network.routes.traefik:traefik_certificates",
    "traefik_addresses": "auditkit.analysis.network.routes.traefik:traefik_addresses",
    "route_controllers": "auditkit.analysis.network.routes.controllers:route_controllers",
    "route_addresses": "auditkit.analysis.network.routes.addresses:route_addresses",
    "route_certificates": "auditkit.analysis.network.routes.certificates:route_certificates",
    "route_ways": "auditkit.analysis.network.routes.ways:route_ways",
    "route_backends": "auditkit.analysis.network.routes.backends:route_backends",
    "listener_certificates": "auditkit.analysis.network.gateways.certificates:listener_certificates",
    "mesh_control": "auditkit.analysis.network.mesh.proxies:mesh_control",
    "mesh_pods": "auditkit.analysis.network.mesh.proxies:mesh_pods",
    "mesh_ports": "auditkit.analysis.network.mesh.ports:mesh_ports",
    "mesh_clients": "auditkit.analysis.network.mesh.clients:mesh_clients",
    "spiffe_identities": "auditkit.analysis.network.mesh.spiffe:spiffe_identities",
    "node_encryption": "auditkit.analysis.network.cilium.encryption:node_encryption",
    "mutual_authentication": "auditkit.analysis.network.cilium.encryption:mutual_authentication",
    "mesh_rules": "auditkit.analysis.network.mesh.rules:mesh_rules",
    "mesh_policies": "auditkit.analysis.network.mesh.policies:mesh_policies",
    "undecided_traffic": "auditkit.analysis.network.engines:undecided_traffic",
    "entrances": "auditkit.analysis.network.entry_points:entrances",
    "network_plugin": "auditkit.analysis.network.plugins:network_plugin",
    "service_backends": "auditkit.analysis.network.services:service_backends",
    "ingress_backends": "auditkit.analysis.network.services:ingress_backends",
    "exposure": "auditkit.analysis.network.exposure:exposure",
    "reachability": "auditkit.analysis.network.reachability:reachability",
    "isolation": "auditkit.analysis.network.tables:isolation",
    "network_groups": "auditkit.analysis.network.tables:network_groups",
    "flows": "auditkit.analysis.network.tables:flows",
    "namespace_flows": "auditkit.analysis.network.tables:namespace_flows",
    "data_class_flows": "auditkit.analysis.network.tables:data_class_flows",
    "pod_specs": "auditkit.analysis.pod_security.levels:pod_specs",
    "spec_security": "auditkit.analysis.pod_security.levels:spec_security",
    "pod_security": "auditkit.analysis.pod_security.levels:pod_security",
    "template_pod_security": "auditkit.analysis.pod_security.levels:template_pod_security",
    "namespace_levels": "auditkit.analysis.pod_security.levels:namespace_levels",
    "pod_levels": "auditkit.analysis.pod_security.levels:pod_levels",
    "template_pod_levels": "auditkit.analysis.pod_security.levels:template_pod_levels",
    "access": "auditkit.analysis.rbac.access_table:access",
    "duty_conflicts": "auditkit.analysis.rbac.duties:duty_conflicts",
    "granted_rules": "auditkit.analysis.rbac.aggregation:granted_rules",
    "acting_accounts": "auditkit.analysis.cluster.audit_log_accounts:acting_accounts",
    "system_masters": "auditkit.analysis.cluster.system_masters:system_masters",
    "role_powers": "auditkit.analysis.rbac.privileges:role_powers",
    "listed_members": "auditkit.analysis.rbac.bindings:listed_members",
    "held_powers": "auditkit.analysis.rbac.privileges:held_powers",
    "escalation_steps": "auditkit.analysis.escalation.graph:escalation_steps",
    "paths_to_admin": "auditkit.analysis.escalation.paths:paths_to_admin",
}
"""Name of a derived table → ``module:function``; modules are imported when first asked for."""

NO_TABLES = frozenset({"mesh_rules", "network_rules", "reachability"})
"""What is derived and no table: others are made of it."""

GIVEN: dict[str, tuple[str, ...]] = {
    "node_results": ("findings", "scans"),
    "system_masters": ("memberships", "events"),
    "acting_accounts": ("events",),
    "granted_uses": ("audit_policy",),
    "listed_members": ("memberships",),
    "held_powers": ("memberships",),
    "duty_conflicts": ("memberships",),
    "escalation_steps": ("memberships",),
}
"""Of a derived table the tables that people may give and need not: without them it has fewer rows, and those it has are
as true. One that was given and is not whole is a gap, as everywhere."""


def provide(function: _Function) -> _Function:
    """Add a derived table of a layer above, named as its function: it is there once that layer is imported."""
    DERIVED[function.__name__] = f"{function.__module__}:{function.__name__}"
    return function


@cache
def derivation(name: str) -> Derivation:
    """The function that derives a table."""
    module, _, function = DERIVED[name].partition(":")
    found: Derivation = getattr(importlib.import_module(module), function)
    return found


def collected(*names: str) -> list[str]:
    """The collected tables that tables are made of, each once: a collected one is made of itself."""
    found: list[str] = []
    todo = list(names)
    while todo:
        name = todo.pop(0)
        if name in DERIVED:
            todo += inputs(derivation(name))
        elif name not in found:
            found.append(name)
    return found


@cache
def inputs(function: Derivation) -> tuple[str, ...]:
    """The tables that a function reads: the names of its positional parameters."""
    return tuple(
        name for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY
    )
