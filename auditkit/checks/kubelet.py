"""Kubelets: their running configuration, each node judged for itself."""

from functools import partial

import pandas as pd

from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support import kube_bench
from auditkit.checks.support.rules import Rule, off, register
from auditkit.checks.support.settings import Settings
from auditkit.checks.support.values import STRONG_CIPHERS, boolean, lists_only, number, seconds

NO_NODES = "no node is visible, though every cluster has nodes"
rule = partial(check, if_empty=NO_NODES)
CIS = "CIS Kubernetes Benchmark 2.0.1, {}; reference of KubeletConfiguration"


def _files(settings: Settings) -> pd.Series:
    """A certificate is named; <NA> where the kubelet requests one from the cluster, which may not be signed yet."""
    named = (settings.get("tlsCertFile", absent="") != "") & (settings.get("tlsPrivateKeyFile", absent="") != "")
    return named | (boolean(settings.get("serverTLSBootstrap", absent="false")) & pd.NA)


def _rotation(settings: Settings) -> pd.Series:
    by_stage = settings.get("featureGates.AllBeta", absent="true")
    return boolean(settings["featureGates.RotateKubeletServerCertificate"].fillna(by_stage))


def _strong(settings: Settings) -> pd.Series:
    return (lists_only(settings.get("tlsCipherSuites", absent=""), STRONG_CIPHERS)
            | (settings.get("tlsMinVersion", absent="") == "VersionTLS13"))


register(__name__, "node_kubelets", Settings, source=CIS, if_empty=NO_NODES, rules=[
    Rule("anonymous_auth_disabled", "4.2.1", "critical",
         "The kubelet refuses anonymous requests",
         "has a kubelet that accepts anonymous requests",
         off("authentication.anonymous.enabled"), ["authentication.anonymous.enabled"],
         wanted="authentication.anonymous.enabled: false",
         remedy="Set authentication.anonymous.enabled to false in the kubelet's configuration.",
         why="Whoever reaches an unprotected kubelet can list pods, read logs and run commands in containers."),
    Rule("authorization_not_always_allow", "4.2.2", "critical",
         "The kubelet does not allow every request",
         "has a kubelet that allows every request",
         lambda settings: settings["authorization.mode"] != "AlwaysAllow", ["authorization.mode"],
         wanted="authorization.mode other than AlwaysAllow: Webhook",
         remedy="Set authorization.mode to Webhook, so that the API server decides.",
         why="Whoever can authenticate to the kubelet can run commands in all containers of the node."),
    Rule("client_ca_file", "4.2.3", "high",
         "The kubelet names a certificate authority (CA) with which it verifies client certificates",
         "has a kubelet that names no CA for client certificates",
         lambda settings: settings.get("authentication.x509.clientCAFile", absent="") != "",
         ["authentication.x509.clientCAFile"],
         wanted="authentication.x509.clientCAFile is set",
         remedy="Set authentication.x509.clientCAFile to the certificate of the CA that signs the API server's client "
                "certificate.",
         why="Without a CA, the API server cannot authenticate to the kubelet with its certificate."),
    Rule("read_only_port_closed", "4.2.4", "high",
         "The read-only port of the kubelet is closed",
         "has a kubelet with an open read-only port",
         lambda settings: number(settings.get("readOnlyPort", absent="0")) == 0, ["readOnlyPort"],
         wanted="readOnlyPort: 0 (the default)",
         remedy="Remove readOnlyPort, or set it to 0.",
         why="The port shows pods and their specifications to everybody who reaches the node, without "
             "authentication."),
    Rule("streaming_timeout_set", "4.2.5", "medium",
         "The kubelet ends idle sessions of exec, attach and port-forward",
         "has a kubelet that never ends idle sessions of exec, attach and port-forward",
         lambda settings: seconds(settings["streamingConnectionIdleTimeout"]) > 0, ["streamingConnectionIdleTimeout"],
         wanted="streamingConnectionIdleTimeout above 0 (the default is 4h0m0s)",
         remedy="Set streamingConnectionIdleTimeout to minutes or hours, not to 0.",
         why="Sessions that never end use up connections, and stay open for whoever takes over the terminal."),
    Rule("tls_certificate", "4.2.9", "medium",
         "The kubelet serves TLS with a named certificate",
         "has a kubelet that names no certificate and key for TLS",
         _files, ["tlsCertFile", "tlsPrivateKeyFile", "serverTLSBootstrap"],
         wanted="tlsCertFile and tlsPrivateKeyFile are set",
         remedy="Set both fields. Or set serverTLSBootstrap to true and approve the certificate requests. "
                "Otherwise, the kubelet makes a self-signed certificate.",
         why="The API server cannot verify a self-signed certificate, and so does not know whether it talks to the "
             "kubelet.",
         reasons="the kubelet requests its certificate from the cluster; its configuration does not show whether the "
                 "request was signed"),
    Rule("rotates_certificates", "4.2.10", "medium",
         "The kubelet renews its client certificate before it expires",
         "has a kubelet that does not renew its client certificate",
         lambda settings: boolean(settings.get("rotateCertificates", absent="false")), ["rotateCertificates"],
         wanted="rotateCertificates: true",
         remedy="Set rotateCertificates to true. The kubelet's own default is false.",
         why="A certificate that is not renewed expires, and with it the connection of the node to the cluster."),
    Rule("rotates_server_certificate", "4.2.11", "low",
         "The rotation of the kubelet's serving certificate is not disabled",
         "has a kubelet on which the rotation of its serving certificate is disabled",
         _rotation, ["featureGates.RotateKubeletServerCertificate", "serverTLSBootstrap"],
         wanted="the feature gate RotateKubeletServerCertificate is on (the default)",
         remedy="Remove RotateKubeletServerCertificate: false from featureGates.",
         why="A certificate that is not replaced expires, or stays valid after it was stolen."),
    Rule("strong_ciphers", "4.2.12", "medium",
         "The kubelet accepts only strong cipher suites",
         "has a kubelet that does not limit TLS to strong cipher suites",
         _strong, ["tlsCipherSuites", "tlsMinVersion"],
         wanted="tlsCipherSuites with strong suites only, or tlsMinVersion: VersionTLS13",
         remedy="Set tlsCipherSuites to suites with ECDHE and an AEAD cipher, or tlsMinVersion to VersionTLS13.",
         why="Traffic under a weak cipher suite can be decrypted by somebody who records it."),
    Rule("pod_pids_limited", "4.2.13", "medium",
         "The kubelet limits the number of processes in a pod",
         "has a kubelet that does not limit the number of processes in a pod",
         lambda settings: number(settings["podPidsLimit"]) > 0, ["podPidsLimit"],
         wanted="podPidsLimit above 0",
         remedy="Set podPidsLimit, for example to 4096. The default, -1, is no limit.",
         why="A pod without a limit can use up the process IDs of its node, and stop all other pods there."),
])


@rule(severity="low", finding="has a kubelet that does not manage its iptables chains",
      wanted="makeIPTablesUtilChains: true (the default)", source=CIS.format("4.2.6"),
      remedy="Remove makeIPTablesUtilChains: false.")
def iptables_chains_managed(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet manages its iptables chains.

    Chains that somebody else manages can miss rules that pods and Services of the node need.
    """
    settings = Settings(node_kubelets)
    return settings.judge(boolean(settings["makeIPTablesUtilChains"]), "makeIPTablesUtilChains",
                          applies=node_kubelets["os"].ne("windows").fillna(True), otherwise="Windows has no iptables")


@rule(severity="low", finding="has a kubelet that runs with --hostname-override",
      wanted="the kubelet runs without --hostname-override", source=CIS.format("4.2.7"),
      tools=kube_bench.TOOLS,
      remedy="Remove --hostname-override, so that the node has the host name of its machine.")
def no_hostname_override(nodes: pd.DataFrame, node_results: pd.DataFrame) -> Judgement:
    """Nodes have the host names of their machines.

    Certificates and logs contain host names. A node with another name is hard to find in them.
    """
    ok = kube_bench.of_nodes(nodes, node_results, "4.2.7")
    is_open = kube_bench.left_open(nodes, node_results, "4.2.7")
    return judge(nodes, ok, reasons=kube_bench.reasons(
        ok, is_open, "the API does not show the flags of the kubelet",
        kube_bench.too_old(nodes, node_results, "4.2.7")))


@rule(severity="low", finding="has a kubelet whose limit on events per second is too low",
      wanted="eventRecordQPS of {least} or more, or 0 (no limit); the default is 50", source=CIS.format("4.2.8"),
      remedy="Remove eventRecordQPS, or set a rate at which no important event is dropped.")
def event_qps_set(node_kubelets: pd.DataFrame, *, least: int = 5) -> Judgement:
    """The kubelet may record enough events per second.

    The kubelet drops events above the limit, and with them traces of an attack or a fault.
    """
    settings = Settings(node_kubelets)
    rate = number(settings["eventRecordQPS"])
    return settings.judge((rate == 0) | (rate >= least), "eventRecordQPS")


@rule(severity="medium", finding="has a kubelet that gives containers no default seccomp profile",
      wanted="seccompDefault: true", source=CIS.format("4.2.14"),
      remedy="Set seccompDefault to true. Pods that need another profile can set it.")
def seccomp_default(node_kubelets: pd.DataFrame) -> Judgement:
    """Containers that set no seccomp profile get the default profile of the container runtime.

    Without a profile, a container can use every system call.
    """
    settings = Settings(node_kubelets)
    return settings.judge(boolean(settings.get("seccompDefault", absent="false")), "seccompDefault",
                          applies=node_kubelets["os"].ne("windows").fillna(True), otherwise="Windows has no seccomp")
