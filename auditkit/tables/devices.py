"""Devices of nodes (dynamic resource allocation): classes, claims on devices, and who uses them.

``resource.k8s.io/v1`` and ``v1beta2`` write a request for one sort of device under ``exactly``; ``v1beta1`` writes it
flat. Requests with alternatives (``firstAvailable``) cannot ask for admin access. Source: Kubernetes API reference,
ResourceClaim; Kubernetes documentation: Dynamic Resource Allocation.
"""

from auditkit.tables.model import Column, Rows, Table, identity
from auditkit.tables.pods import CONTROLLERS

_CLAIMS = {"ResourceClaim": ("resourceclaims.resource.k8s.io", "spec"),
           "ResourceClaimTemplate": ("resourceclaimtemplates.resource.k8s.io", "spec.spec")}
_KIND = Column("kind", "string", "=kind", "ResourceClaim or ResourceClaimTemplate")
_PODS = {"pods": ("Pod", "")} | CONTROLLERS


def _rows(path: str = "") -> tuple[Rows, ...]:
    return tuple(Rows(source, f"{spec}.{path}" if path else "", constants={"kind": kind})
                 for kind, (source, spec) in _CLAIMS.items())


TABLES = (
    Table(
        "device_classes", "classes of devices", (Rows("deviceclasses.resource.k8s.io"),),
        (
            *identity(namespaced=False),
            Column("selectors_count", "int64", "spec.selectors", "conditions that its devices meet", read="count",
                   absent=0),
            Column("extended_resource", "string", "spec.extendedResourceName",
                   "name by which containers ask for its devices as a resource"),
        ),
        ("name",), kind="DeviceClass",
    ),
    Table(
        "device_claims", "device claims, and the templates of claims", _rows(),
        (_KIND, *identity()), ("kind", "namespace", "name"), kind="ResourceClaim",
    ),
    Table(
        "device_requests", "devices that claims request: one row for each request", _rows("devices.requests[]"),
        (
            _KIND,
            Column("namespace", "string", "/metadata.namespace", "namespace of the claim"),
            Column("claim", "string", "/metadata.name", "name of the claim"),
            Column("name", "string", "name", "name of the request"),
            Column("device_class", "string", "exactly.deviceClassName", "class of devices (v1, v1beta2)"),
            Column("device_class_flat", "string", "deviceClassName", "the same (v1beta1)"),
            Column("admin_access", "boolean", "exactly.adminAccess",
                   "admin access to devices in use (v1, v1beta2)", absent=False),
            Column("admin_access_flat", "boolean", "adminAccess", "the same (v1beta1)", absent=False),
            Column("alternatives_count", "int64", "firstAvailable", "alternatives, of which one is given",
                   read="count", absent=0),
        ),
        ("kind", "namespace", "claim", "name"),
    ),
    Table(
        "device_users", "device claims of pods and pod templates",
        tuple(Rows(source, f"{path}.spec.resourceClaims[]".lstrip("."), constants={"kind": kind})
              for source, (kind, path) in _PODS.items()),
        (
            Column("kind", "string", "=kind", "Pod, or kind of the workload controller"),
            Column("namespace", "string", "/metadata.namespace", "namespace of the pod or controller"),
            Column("pod", "string", "/metadata.name", "name of the pod or controller"),
            Column("name", "string", "name", "name of the claim in the pod"),
            Column("claim", "string", "resourceClaimName", "ResourceClaim that it uses"),
            Column("template", "string", "resourceClaimTemplateName", "ResourceClaimTemplate that one is made of"),
        ),
        ("kind", "namespace", "pod", "name"),
    ),
)
