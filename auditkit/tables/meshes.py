"""What pods say of service meshes: annotations by which proxies and their agents tell what goes around them."""

from auditkit.tables.model import Column, Rows, Table

ANNOTATIONS = (
    "ambient.istio.io/redirection", "ambient.istio.io/bypass-inbound-capture", "sidecar.istio.io/interceptionMode",
    "traffic.sidecar.istio.io/",
    "linkerd.io/proxy-version", "config.linkerd.io/default-inbound-policy", "config.linkerd.io/skip-inbound-ports",
)

TABLES = (
    Table(
        "pod_mesh_annotations", "annotations of pods that proxies of a service mesh go by; others are not kept",
        (Rows("pods", "metadata.annotations{}", keep=ANNOTATIONS),),
        (Column("namespace", "string", "/metadata.namespace", "namespace of the pod"),
         Column("pod", "string", "/metadata.name", "name of the pod"),
         Column("key", "string", "$key", "annotation"), Column("value", "string", "$value", "its value")),
        ("namespace", "pod", "key"), kind="Pod", called=("pod", ""),
    ),
)
