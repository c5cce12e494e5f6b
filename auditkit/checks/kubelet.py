"""Kubelets: their running configuration, each node judged for itself."""

from functools import partial

import pandas as pd

from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support import kube_bench
from auditkit.checks.support.settings import Settings
from auditkit.checks.support.values import STRONG_CIPHERS, boolean, lists_only, number, seconds

rule = partial(check, if_empty="every cluster has nodes, yet none is visible")
CIS = "CIS Kubernetes Benchmark 2.0.1, {}; reference of KubeletConfiguration"


@rule(severity="critical", wanted="authentication.anonymous.enabled: false", source=CIS.format("4.2.1"),
      remedy="Set authentication.anonymous.enabled to false in the kubelet's configuration.")
def anonymous_auth_disabled(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet refuses requests that carry no identity."""
    settings = Settings(node_kubelets)
    key = "authentication.anonymous.enabled"
    return settings.judge(~boolean(settings[key]), key)


@rule(severity="critical", wanted="authorization.mode: Webhook", source=CIS.format("4.2.2"),
      remedy="Set authorization.mode to Webhook, so that the API server decides.")
def authorization_not_always_allow(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet does not allow every request."""
    settings = Settings(node_kubelets)
    return settings.judge(settings["authorization.mode"] != "AlwaysAllow", "authorization.mode")


@rule(severity="high", wanted="authentication.x509.clientCAFile is set", source=CIS.format("4.2.3"),
      remedy="Set authentication.x509.clientCAFile to the authority that signs the API server's client certificate.")
def client_ca_file(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet checks client certificates against a named authority."""
    settings = Settings(node_kubelets)
    key = "authentication.x509.clientCAFile"
    return settings.judge(settings.get(key, absent="") != "", key)


@rule(severity="high", wanted="readOnlyPort: 0, which is also the default", source=CIS.format("4.2.4"),
      remedy="Remove readOnlyPort, or set it to 0; who reads by it is never asked for an identity.")
def read_only_port_closed(node_kubelets: pd.DataFrame) -> Judgement:
    """The read-only port of the kubelet is closed."""
    settings = Settings(node_kubelets)
    return settings.judge(number(settings.get("readOnlyPort", absent="0")) == 0, "readOnlyPort")


@rule(severity="medium", wanted="streamingConnectionIdleTimeout above 0 (4h0m0s by default)",
      source=CIS.format("4.2.5"), remedy="Set streamingConnectionIdleTimeout to some minutes or hours, not to 0.")
def streaming_timeout_set(node_kubelets: pd.DataFrame) -> Judgement:
    """Idle sessions of exec, attach and port-forward are ended."""
    settings = Settings(node_kubelets)
    key = "streamingConnectionIdleTimeout"
    return settings.judge(seconds(settings[key]) > 0, key)


@rule(severity="low", wanted="makeIPTablesUtilChains: true (the default)", source=CIS.format("4.2.6"),
      remedy="Remove makeIPTablesUtilChains: false.")
def iptables_chains_managed(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet looks after its own iptables rules."""
    settings = Settings(node_kubelets)
    return settings.judge(boolean(settings["makeIPTablesUtilChains"]), "makeIPTablesUtilChains",
                          applies=node_kubelets["os"].ne("windows").fillna(True), otherwise="Windows has no iptables")


@rule(severity="low", wanted="the kubelet runs without --hostname-override", source=CIS.format("4.2.7"),
      tools=kube_bench.TOOLS,
      remedy="Remove --hostname-override and let the node go by the host name of its machine.")
def no_hostname_override(nodes: pd.DataFrame, node_results: pd.DataFrame) -> Judgement:
    """Nodes go by the host names of their machines."""
    ok = kube_bench.of_nodes(nodes, node_results, "4.2.7")
    is_open = kube_bench.left_open(nodes, node_results, "4.2.7")
    return judge(nodes, ok, reasons=kube_bench.reasons(
        ok, is_open, "the flags of the kubelet's process are in no API"))


@rule(severity="low", wanted="eventRecordQPS of 5 or more, or 0 (no limit); 50 by default", source=CIS.format("4.2.8"),
      remedy="Remove eventRecordQPS, or set a rate at which no event that matters is dropped.")
def event_qps_set(node_kubelets: pd.DataFrame, *,
                  least: int = 5) -> Judgement:
    """The kubelet records events at a rate that drops none that matters."""
    settings = Settings(node_kubelets)
    rate = number(settings["eventRecordQPS"])
    return settings.judge((rate == 0) | (rate >= least), "eventRecordQPS")


@rule(severity="medium", wanted="tlsCertFile and tlsPrivateKeyFile are set", source=CIS.format("4.2.9"),
      remedy="Set both, or serverTLSBootstrap: true and approve the requests; else the kubelet signs one itself.")
def tls_certificate(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet serves TLS with a certificate of the operator."""
    settings = Settings(node_kubelets)
    files = (settings.get("tlsCertFile", absent="") != "") & (settings.get("tlsPrivateKeyFile", absent="") != "")
    asks = boolean(settings.get("serverTLSBootstrap", absent="false"))
    return settings.judge(files | (asks & pd.NA), "tlsCertFile", "tlsPrivateKeyFile", "serverTLSBootstrap", reasons=(
        "the kubelet asks the cluster for its certificate; whether that was signed, its configuration does not say"))


@rule(severity="medium", wanted="rotateCertificates: true", source=CIS.format("4.2.10"),
      remedy="Set rotateCertificates to true; the kubelet's own default is false.")
def rotates_certificates(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet renews its client certificate before it expires."""
    settings = Settings(node_kubelets)
    return settings.judge(boolean(settings.get("rotateCertificates", absent="false")), "rotateCertificates")


@rule(severity="low", wanted="feature gate RotateKubeletServerCertificate is on (it is by default)",
      source=CIS.format("4.2.11"), remedy="Remove RotateKubeletServerCertificate: false from featureGates.")
def rotates_server_certificate(node_kubelets: pd.DataFrame) -> Judgement:
    """The renewal of the kubelet's serving certificate is not switched off."""
    settings = Settings(node_kubelets)
    by_stage = settings.get("featureGates.AllBeta", absent="true")
    key = "featureGates.RotateKubeletServerCertificate"
    return settings.judge(boolean(settings[key].fillna(by_stage)), key, "serverTLSBootstrap")


@rule(severity="medium", source=CIS.format("4.2.12"),
      wanted="tlsCipherSuites with strong suites only, or tlsMinVersion: VersionTLS13",
      remedy="Set tlsCipherSuites to suites with ECDHE and an AEAD cipher, or tlsMinVersion to VersionTLS13.")
def strong_ciphers(node_kubelets: pd.DataFrame) -> Judgement:
    """The kubelet accepts only strong cipher suites."""
    settings = Settings(node_kubelets)
    ok = (lists_only(settings.get("tlsCipherSuites", absent=""), STRONG_CIPHERS)
          | (settings.get("tlsMinVersion", absent="") == "VersionTLS13"))
    return settings.judge(ok, "tlsCipherSuites", "tlsMinVersion")


@rule(severity="medium", wanted="podPidsLimit above 0", source=CIS.format("4.2.13"),
      remedy="Set podPidsLimit, for example to 4096; -1, the default, is no limit.")
def pod_pids_limited(node_kubelets: pd.DataFrame) -> Judgement:
    """The number of processes in a pod is limited."""
    settings = Settings(node_kubelets)
    return settings.judge(number(settings["podPidsLimit"]) > 0, "podPidsLimit")


@rule(severity="medium", wanted="seccompDefault: true", source=CIS.format("4.2.14"),
      remedy="Set seccompDefault to true; pods that need another profile can name it.")
def seccomp_default(node_kubelets: pd.DataFrame) -> Judgement:
    """Containers that name no seccomp profile get that of the runtime."""
    settings = Settings(node_kubelets)
    return settings.judge(boolean(settings.get("seccompDefault", absent="false")), "seccompDefault",
                          applies=node_kubelets["os"].ne("windows").fillna(True), otherwise="Windows has no seccomp")
