"""The control plane's flags, from its static pods in kube-system.

Arguments can hold credentials. Those of ordinary pods are never read; of the four components only the values of the
flags in `KEPT` are kept, and a user and password in an address are struck out.
"""

import re
from typing import Any

import msgspec

COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")

KEPT = frozenset(
    # kube-apiserver
    "admission-control-config-file advertise-address allow-privileged anonymous-auth api-audiences"
    " audit-log-format audit-log-maxage audit-log-maxbackup audit-log-maxsize audit-log-mode audit-log-path"
    " audit-policy-file audit-webhook-config-file authentication-config authentication-token-webhook-config-file"
    " authorization-config authorization-mode authorization-webhook-config-file bind-address client-ca-file"
    " disable-admission-plugins egress-selector-config-file enable-admission-plugins enable-bootstrap-token-auth"
    " encryption-provider-config encryption-provider-config-automatic-reload etcd-cafile etcd-certfile etcd-keyfile"
    " etcd-servers event-ttl feature-gates goaway-chance insecure-port kubelet-certificate-authority"
    " kubelet-client-certificate kubelet-client-key kubelet-https kubelet-preferred-address-types"
    " max-mutating-requests-inflight max-requests-inflight min-request-timeout oidc-ca-file oidc-client-id"
    " oidc-groups-claim oidc-groups-prefix oidc-issuer-url oidc-required-claim oidc-signing-algs"
    " oidc-username-claim oidc-username-prefix profiling proxy-client-cert-file proxy-client-key-file"
    " request-timeout requestheader-allowed-names requestheader-client-ca-file secure-port"
    " service-account-extend-token-expiration service-account-issuer service-account-jwks-uri"
    " service-account-key-file service-account-lookup service-account-max-token-expiration"
    " service-account-signing-key-file service-cluster-ip-range service-node-port-range"
    " strict-transport-security-directives"
    " tls-cert-file tls-cipher-suites tls-min-version tls-private-key-file token-auth-file v runtime-config"
    # kube-controller-manager and kube-scheduler
    " allocate-node-cidrs authentication-kubeconfig authorization-kubeconfig cluster-cidr cluster-name"
    " cluster-signing-cert-file cluster-signing-duration cluster-signing-key-file config controllers kubeconfig"
    " leader-elect master root-ca-file service-account-private-key-file terminated-pod-gc-threshold"
    " use-service-account-credentials rotate-certificates"
    # etcd
    " advertise-client-urls auto-tls cert-file cipher-suites client-cert-auth data-dir"
    " initial-advertise-peer-urls initial-cluster key-file listen-client-urls listen-metrics-urls listen-peer-urls"
    " name peer-auto-tls peer-cert-file peer-client-cert-auth peer-key-file peer-trusted-ca-file snapshot-count"
    " trusted-ca-file".split()
)
"""Flags whose value is a path, a switch, a name, a number or an address."""

SWITCHES = frozenset(
    "allow-privileged anonymous-auth audit-log-compress audit-log-truncate-enabled enable-bootstrap-token-auth"
    " encryption-provider-config-automatic-reload kubelet-https profiling contention-profiling service-account-lookup"
    " service-account-extend-token-expiration allocate-node-cidrs leader-elect use-service-account-credentials"
    " auto-tls client-cert-auth peer-auto-tls peer-client-cert-auth enable-aggregator-routing".split()
)
"""Flags that take no following word: ``--profiling false`` turns profiling on."""

GATHERED = frozenset(
    "authorization-mode enable-admission-plugins disable-admission-plugins tls-cipher-suites feature-gates"
    " service-account-key-file service-account-issuer runtime-config cipher-suites".split()
)
"""Flags whose values add up where they are given more than once; of all others the last counts."""

_USER_INFO = re.compile(r"(?<=://)[^/@\s,]+@")


class _Meta(msgspec.Struct):
    name: str
    namespace: str = ""
    annotations: dict[str, msgspec.Raw] | None = None


class _Container(msgspec.Struct):
    name: str
    image: str | None = None
    command: list[str] | None = None
    args: list[str] | None = None


class _Spec(msgspec.Struct):
    containers: list[_Container]
    nodeName: str | None = None


class _Pod(msgspec.Struct):
    metadata: _Meta
    spec: _Spec


class _Pods(msgspec.Struct):
    items: list[msgspec.Raw]


_PODS, _POD = msgspec.json.Decoder(_Pods), msgspec.json.Decoder(_Pod)


def static_pods(body: bytes) -> list[dict[str, Any]]:
    """The components among the pods of a list: component, node, pod, image, and flags with their values.

    Only mirror pods in kube-system count: a kubelet makes them of the files on its node.
    """
    if not any(component.encode() in body for component in COMPONENTS):
        return []
    found = []
    for raw in _PODS.decode(body).items:
        if b"kubernetes.io/config.mirror" not in bytes(raw):
            continue
        try:
            pod = _POD.decode(raw)
        except msgspec.ValidationError:  # the list decoder names such an object in the ledger
            continue
        annotations = pod.metadata.annotations or {}
        if pod.metadata.namespace == "kube-system" and "kubernetes.io/config.mirror" in annotations:
            found += [_component(pod, container) for container in pod.spec.containers
                      if container.name in COMPONENTS]
    return found


def _component(pod: _Pod, container: _Container) -> dict[str, Any]:
    arguments = [*(container.command or []), *(container.args or [])]
    return {"component": container.name, "node": pod.spec.nodeName, "pod": pod.metadata.name,
            "image": container.image, "flags": flags(arguments)}


def flags(arguments: list[str]) -> list[dict[str, str | None]]:
    """Flags of a command line as the components read them: ``--flag=value``, ``--flag value``, or ``--flag`` (true).

    The value of a flag that is not in `KEPT` is ``None``, and so is one that the kubelet puts in (``$(NAME)``).
    """
    read: dict[str, str | None] = {}
    for position, argument in enumerate(arguments):
        if not argument.startswith("-") or argument in ("-", "--"):
            continue
        name, given, value = argument.lstrip("-").partition("=")
        name = name.replace("_", "-")
        if not given:
            following = arguments[position + 1] if position + 1 < len(arguments) else "-"
            value = "true" if name in SWITCHES or following.startswith("-") else following
        if name in GATHERED and read.get(name):
            value = f"{read[name]},{value}"
        read[name] = _USER_INFO.sub("", value) if name in KEPT and "$(" not in value else None
    return [{"flag": name, "value": value} for name, value in read.items()]
