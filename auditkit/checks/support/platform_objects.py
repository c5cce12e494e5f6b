"""What a platform itself puts into the namespace ``default``: data with sources, read by the check of CIS 5.6.4.

k3s, RKE2, EKS and AKS put nothing there beside what Kubernetes does; neither do Linkerd and cert-manager, whose CA
injector writes into webhooks and CRDs. Bundles of trust-manager have names that their owner chose, and are no
platform's.
"""

from typing import NamedTuple

import pandas as pd

from auditkit.analysis.columns import STRING

NAMESPACE = "default"


class Made(NamedTuple):
    """Objects that a platform makes: their kind, and patterns that their whole name, and where it is given the type of
    a Secret or the name that a Service stands for, must match.

    ``shown`` is true of names that anybody could choose: they count only where the platform shows itself (`SIGNS`).
    """

    platform: str
    kind: str
    name: str
    source: str
    type: str = ""
    stands_for: str = ""
    shown: bool = False


_TOKEN = r"kubernetes\.io/service-account-token"  # noqa: S105 - a type
_API_SERVER = r"kubernetes\.default\.svc(\..+)?"
_OPENSHIFT = "OpenShift Container Platform documentation: default service accounts and roles of projects"
_PIPELINES = "tektoncd/operator, pkg/reconciler/openshift/tektonconfig/rbac.go"

MADE = (
    Made("Kubernetes", "Service", "kubernetes", "Kubernetes, pkg/controlplane/controller/kubernetesservice"),
    Made("Kubernetes", "ServiceAccount", "default", "Kubernetes documentation: service accounts"),
    Made("Kubernetes", "ConfigMap", r"kube-root-ca\.crt",
         "Kubernetes, pkg/controller/certificates/rootcacertpublisher"),
    Made("Kubernetes", "Secret", "default-token-[a-z0-9]{5}", "Kubernetes before 1.24: token controller", type=_TOKEN),
    Made("OpenShift", "Service", "openshift", "openshift/cluster-openshift-apiserver-operator",
         stands_for=_API_SERVER),
    Made("OpenShift", "Service", "openshift-apiserver",
         "IBM Cloud documentation: Red Hat OpenShift clusters; and MicroShift 4.8", shown=True),
    Made("OpenShift", "Service", "openshift-oauth-apiserver", "MicroShift 4.8", shown=True),
    Made("OpenShift", "ConfigMap", r"openshift-service-ca\.crt",
         "openshift/cluster-kube-controller-manager-operator: service CA publisher; also in MicroShift"),
    Made("OpenShift", "ServiceAccount", "builder|deployer", _OPENSHIFT, shown=True),
    Made("OpenShift", "RoleBinding", "system:(image-pullers|image-builders|deployers)", _OPENSHIFT, shown=True),
    Made("OpenShift", "Secret", "(builder|default|deployer|pipeline)-dockercfg-[a-z0-9]{5}", _OPENSHIFT,
         type=r"kubernetes\.io/dockercfg", shown=True),
    Made("OpenShift", "Secret", "(builder|default|deployer|pipeline)-token-[a-z0-9]{5}", _OPENSHIFT, type=_TOKEN,
         shown=True),
    Made("OpenShift Pipelines", "ServiceAccount", "pipeline", _PIPELINES, shown=True),
    Made("OpenShift Pipelines", "RoleBinding", "openshift-pipelines-edit|pipelines-scc-rolebinding", _PIPELINES,
         shown=True),
    Made("OpenShift Pipelines", "ConfigMap", "config-(trusted|service)-cabundle", _PIPELINES, shown=True),
    Made("Istio", "ConfigMap", "istio-ca-root-cert|istio-ca-crl",
         "istio/istio, pilot/pkg/serviceregistry/kube/controller/namespacecontroller.go"),
    Made("Rancher", "RoleBinding", "rb-[a-z0-9]{10}", "rancher/rancher, pkg/rbac/common.go: bindings of members of the "
         "project that default belongs to", shown=True),
    Made("Google GKE", "LimitRange", "limits",
         "Kubernetes, cluster/gce/addons/limit-range/limit-range.yaml", shown=True),
    Made("IBM Cloud", "Secret", "(all|default)-icr-io|default-.+-icr-io",
         "IBM Cloud documentation: image pull secrets of clusters", type=r"kubernetes\.io/dockerconfigjson",
         shown=True),
)

SIGNS = {
    "OpenShift": ({"kind": "ConfigMap", "name": r"openshift-service-ca\.crt"},
                  {"kind": "Service", "name": "openshift", "stands_for": _API_SERVER},
                  {"namespace": "openshift-(config|apiserver|kube-apiserver|controller-manager|monitoring)"}),
    "OpenShift Pipelines": ({"namespace": "openshift-pipelines"},),
    "Rancher": ({"namespace": "cattle-system"},),
    "Google GKE": ({"namespace": "kube-system", "name": "gke-.+"},),
    "IBM Cloud": ({"namespace": "kube-system|ibm-.+", "name": "ibm-.+"},),
}
"""By which objects a platform shows that the cluster is one of its own: any that matches all of some patterns."""


def made_by(objects: pd.DataFrame) -> pd.Series:
    """The platform that put each object of `namespaced_objects` into ``default`` itself; <NA>: none is known to."""
    found = pd.Series(pd.NA, objects.index, STRING)
    here = objects[(objects["namespace"] == NAMESPACE).fillna(False)]
    shown = {platform for platform, signs in SIGNS.items()
             if len(here) and any(_matches(objects, sign).any() for sign in signs)}
    for made in MADE:
        if made.shown and made.platform not in shown:
            continue
        wanted = {"kind": made.kind, "name": made.name, "type": made.type, "stands_for": made.stands_for}
        rows = _matches(here, {column: pattern for column, pattern in wanted.items() if pattern})
        found[here.index[rows]] = made.platform
    return found


def _matches(objects: pd.DataFrame, patterns: dict[str, str]) -> pd.Series:
    """Whether each object matches all of these patterns."""
    ok = pd.Series(True, objects.index)
    for column, pattern in patterns.items():
        ok &= objects[column].str.fullmatch(pattern).fillna(False).astype(bool)
    return ok
