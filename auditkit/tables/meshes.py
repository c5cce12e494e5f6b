"""What pods say of service meshes: what tells proxies and their agents what goes around them.

Source: Istio's documentation (2026), resource annotations, and its injection template; Linkerd's documentation (2026),
proxy configuration, and linkerd/linkerd2, ``charts/partials/templates/_proxy-init.tpl``.
"""

from auditkit.tables.model import Column, Rows, Table

ANNOTATIONS = (
    "ambient.istio.io/redirection", "ambient.istio.io/bypass-inbound-capture", "sidecar.istio.io/interceptionMode",
    "traffic.sidecar.istio.io/", "istio.io/reroute-virtual-interfaces", "sidecar.istio.io/bootstrapOverride",
    "linkerd.io/proxy-version", "config.linkerd.io/default-inbound-policy", "config.linkerd.io/skip-inbound-ports",
    "config.linkerd.io/skip-subnets",
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
    Table(
        "pod_redirections", "which incoming ports init containers redirect to a proxy; other arguments are not kept",
        (Rows("pods", "spec.initContainers[]"),),
        (Column("namespace", "string", "/metadata.namespace", "namespace of the pod"),
         Column("pod", "string", "/metadata.name", "name of the pod"),
         Column("container", "string", "name", "name of the init container"),
         Column("ports", "string", "args",
                "included= and excluded= with ports, other= where something else is left out; ?: not understood",
                read="redirection")),
        ("namespace", "pod", "container"),
    ),
)
