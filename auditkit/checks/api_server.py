"""The API server: its flags, each instance judged for itself."""

from functools import partial

import pandas as pd

from auditkit.checks.model import Judgement, check
from auditkit.checks.support import kube_bench
from auditkit.checks.support.flags import UNSEEN, Component, Flags
from auditkit.checks.support.values import STRONG_CIPHERS, boolean, lists, lists_only, number, paths, seconds

API_SERVER = Component(
    defaults={
        "anonymous-auth": "true", "authorization-mode": "AlwaysAllow", "profiling": "true", "request-timeout": "1m0s",
        "service-account-lookup": "true", "service-account-extend-token-expiration": "true",
        "audit-log-maxage": "0", "audit-log-maxbackup": "0", "audit-log-maxsize": "0",
    },
    since={  # changelog of Kubernetes 1.36, pull request 136478
        "audit-log-maxage": (36, "366"), "audit-log-maxbackup": (36, "100"), "audit-log-maxsize": (36, "100"),
    },
    files={"anonymous-auth": "authentication-config", "authorization-mode": "authorization-config"},
)

rule = partial(check, if_empty=UNSEEN.format("kube-apiserver"))
CIS = "CIS Kubernetes Benchmark 2.0.1, {}; reference of kube-apiserver"
ELSEWHERE = "the log goes to standard output or to a webhook; where it is kept, and how long, these flags do not say"
_NOWHERE, _STREAM = r"/dev/null", r"-|/dev/(?:stdout|stderr|fd/\d+)|/proc/(?:self|1)/fd/\d+"
"""Paths of an audit log that are no file that is kept."""


# --- who may ask ---------------------------------------------------------------------------------------------------


@rule(severity="high", wanted="--anonymous-auth=false", source=CIS.format("1.2.1"),
      remedy="Set --anonymous-auth=false; or let health endpoints alone be read without identity, by a file of "
             "--authentication-config, and record that.")
def anonymous_auth_disabled(api_servers: pd.DataFrame) -> Judgement:
    """The API server refuses requests that carry no identity."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(~boolean(flags["anonymous-auth"]), "anonymous-auth")


@rule(severity="high", wanted="--token-auth-file is not set", source=CIS.format("1.2.2"),
      remedy="Remove --token-auth-file and let people sign in by OIDC; such tokens never expire.")
def no_token_auth_file(api_servers: pd.DataFrame) -> Judgement:
    """The API server takes no static tokens from a file."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(~flags.set("token-auth-file"), "token-auth-file")


@rule(severity="high", wanted="--client-ca-file is set", source=CIS.format("1.2.25"),
      remedy="Set --client-ca-file to the authority that signs client certificates.")
def client_ca_file(api_servers: pd.DataFrame) -> Judgement:
    """The API server checks client certificates against a named authority."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(flags.set("client-ca-file"), "client-ca-file")


@rule(severity="critical", wanted="--authorization-mode without AlwaysAllow", source=CIS.format("1.2.6"),
      remedy="Set --authorization-mode=Node,RBAC; without the flag every request is allowed.")
def authorization_not_always_allow(api_servers: pd.DataFrame) -> Judgement:
    """The API server does not allow every request."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(~lists(flags["authorization-mode"], "AlwaysAllow"), "authorization-mode")


@rule(severity="high", wanted="--authorization-mode with Node", source=CIS.format("1.2.7"),
      remedy="Add Node to --authorization-mode, so that a kubelet can reach only what its pods need.")
def authorization_includes_node(api_servers: pd.DataFrame) -> Judgement:
    """The API server limits kubelets to their own objects."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(lists(flags["authorization-mode"], "Node"), "authorization-mode")


@rule(severity="high", wanted="--authorization-mode with RBAC", source=CIS.format("1.2.8"),
      remedy="Add RBAC to --authorization-mode.")
def authorization_includes_rbac(api_servers: pd.DataFrame) -> Judgement:
    """The API server decides access by roles."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(lists(flags["authorization-mode"], "RBAC"), "authorization-mode")


# --- admission plug-ins --------------------------------------------------------------------------------------------


_PLUGINS = ("enable-admission-plugins", "disable-admission-plugins", "admission-control")


def _plugin(api_servers: pd.DataFrame, name: str, *, wanted: bool = True,
            by_default: bool = False) -> Judgement:
    """Whether an admission plug-in is on, as wanted."""
    on = plugin_on(api_servers, name, by_default=by_default)
    return Flags(api_servers, API_SERVER).judge(on if wanted else ~on, *_PLUGINS)


def plugin_on(api_servers: pd.DataFrame, name: str, *, by_default: bool = False) -> pd.Series:
    """Whether an admission plug-in is on. Naming it in ``--enable-admission-plugins`` goes before the other flag.

    ``--admission-control``, out of date since 1.10 and still understood, stands instead of both and of all defaults:
    then what it does not name is off.
    """
    flags = Flags(api_servers, API_SERVER)
    on = lists(flags["enable-admission-plugins"], name)
    if by_default:
        on |= ~lists(flags["disable-admission-plugins"], name)
    return on.mask(flags.given("admission-control").fillna(False), lists(flags["admission-control"], name))


@rule(severity="medium", wanted="admission plug-in DenyServiceExternalIPs is on", source=CIS.format("1.2.3"),
      remedy="Add DenyServiceExternalIPs to --enable-admission-plugins: external addresses can divert traffic.")
def deny_service_external_ips(api_servers: pd.DataFrame) -> Judgement:
    """Services may not claim external addresses."""
    return _plugin(api_servers, "DenyServiceExternalIPs")


@rule(severity="low", wanted="admission plug-in EventRateLimit is on", source=CIS.format("1.2.9"),
      remedy="Add EventRateLimit to --enable-admission-plugins and configure it.")
def event_rate_limit(api_servers: pd.DataFrame) -> Judgement:
    """Floods of events are slowed down."""
    return _plugin(api_servers, "EventRateLimit")


@rule(severity="high", wanted="admission plug-in AlwaysAdmit is off", source=CIS.format("1.2.10"),
      remedy="Remove AlwaysAdmit from --enable-admission-plugins.")
def no_always_admit(api_servers: pd.DataFrame) -> Judgement:
    """The admission plug-in AlwaysAdmit is not in use."""
    return _plugin(api_servers, "AlwaysAdmit", wanted=False)


@rule(severity="low", wanted="admission plug-in AlwaysPullImages is on", source=CIS.format("1.2.11"),
      remedy="Add AlwaysPullImages to --enable-admission-plugins, if the registry can bear it.")
def always_pull_images(api_servers: pd.DataFrame) -> Judgement:
    """Credentials for images are checked at each start of a pod."""
    return _plugin(api_servers, "AlwaysPullImages")


@rule(severity="high", wanted="admission plug-in ServiceAccount is on (it is by default)", source=CIS.format("1.2.12"),
      remedy="Remove ServiceAccount from --disable-admission-plugins.")
def service_account_plugin(api_servers: pd.DataFrame) -> Judgement:
    """Pods are given a service account by admission."""
    return _plugin(api_servers, "ServiceAccount", by_default=True)


@rule(severity="high", wanted="admission plug-in NamespaceLifecycle is on (it is by default)",
      source=CIS.format("1.2.13"), remedy="Remove NamespaceLifecycle from --disable-admission-plugins.")
def namespace_lifecycle_plugin(api_servers: pd.DataFrame) -> Judgement:
    """Nothing is created in namespaces that are missing or about to end."""
    return _plugin(api_servers, "NamespaceLifecycle", by_default=True)


@rule(severity="high", wanted="admission plug-in NodeRestriction is on", source=CIS.format("1.2.14"),
      remedy="Add NodeRestriction to --enable-admission-plugins.")
def node_restriction_plugin(api_servers: pd.DataFrame) -> Judgement:
    """A kubelet may change only its own node and the pods on it."""
    return _plugin(api_servers, "NodeRestriction")


@rule(severity="high", wanted="admission plug-in PodSecurity is on (it is by default)",
      source="Kubernetes documentation: Pod Security admission",
      remedy="Remove PodSecurity from --disable-admission-plugins.")
def pod_security_plugin(api_servers: pd.DataFrame) -> Judgement:
    """The labels by which namespaces refuse unsafe pods are obeyed."""
    return _plugin(api_servers, "PodSecurity", by_default=True)


# --- connections ---------------------------------------------------------------------------------------------------


@rule(severity="high", wanted="--kubelet-client-certificate and --kubelet-client-key are set",
      source=CIS.format("1.2.4"), remedy="Set both to the certificate and key by which kubelets know the API server.")
def kubelet_client_certificate(api_servers: pd.DataFrame) -> Judgement:
    """The API server proves its identity to kubelets."""
    flags = Flags(api_servers, API_SERVER)
    ok = flags.set("kubelet-client-certificate") & flags.set("kubelet-client-key")
    return flags.judge(ok, "kubelet-client-certificate", "kubelet-client-key")


@rule(severity="high", wanted="--kubelet-certificate-authority is set", source=CIS.format("1.2.5"),
      remedy="Set --kubelet-certificate-authority to the authority that signs the serving certificates of kubelets.")
def kubelet_certificate_authority(api_servers: pd.DataFrame) -> Judgement:
    """The API server verifies the certificates of kubelets."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(flags.set("kubelet-certificate-authority"), "kubelet-certificate-authority")


@rule(severity="high", wanted="--etcd-certfile and --etcd-keyfile are set", source=CIS.format("1.2.23"),
      remedy="Set both to the certificate and key by which etcd knows the API server.")
def etcd_client_certificate(api_servers: pd.DataFrame) -> Judgement:
    """The API server proves its identity to etcd."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(flags.set("etcd-certfile") & flags.set("etcd-keyfile"), "etcd-certfile", "etcd-keyfile")


@rule(severity="high", wanted="--etcd-cafile is set", source=CIS.format("1.2.26"),
      remedy="Set --etcd-cafile to the authority that signs the certificate of etcd.")
def etcd_ca_file(api_servers: pd.DataFrame) -> Judgement:
    """The API server verifies the certificate of etcd."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(flags.set("etcd-cafile"), "etcd-cafile")


@rule(severity="high", wanted="--tls-cert-file and --tls-private-key-file are set", source=CIS.format("1.2.24"),
      remedy="Set both; without them the API server signs a certificate itself.")
def tls_certificate(api_servers: pd.DataFrame) -> Judgement:
    """The API server serves TLS with a certificate of the operator."""
    flags = Flags(api_servers, API_SERVER)
    ok = flags.set("tls-cert-file") & flags.set("tls-private-key-file")
    return flags.judge(ok, "tls-cert-file", "tls-private-key-file")


@rule(severity="medium", source=CIS.format("1.2.29"),
      wanted="--tls-cipher-suites with strong suites only, or --tls-min-version=VersionTLS13",
      remedy="Set --tls-cipher-suites to suites with ECDHE and an AEAD cipher, or --tls-min-version to VersionTLS13; "
             "what is taken by default holds suites with CBC.")
def strong_ciphers(api_servers: pd.DataFrame) -> Judgement:
    """The API server accepts only strong cipher suites."""
    flags = Flags(api_servers, API_SERVER)
    ok = lists_only(flags["tls-cipher-suites"], STRONG_CIPHERS) | (flags["tls-min-version"] == "VersionTLS13")
    return flags.judge(ok, "tls-cipher-suites", "tls-min-version")


@rule(severity="low", wanted="--request-timeout above 0 and not above five minutes", source=CIS.format("1.2.20"),
      remedy="Remove --request-timeout (60 s is the default), or set a time that slow clients need and no more.")
def request_timeout(api_servers: pd.DataFrame, *,
                    longest_seconds: int = 300) -> Judgement:
    """Requests to the API server end after some minutes at most."""
    flags = Flags(api_servers, API_SERVER)
    time = seconds(flags["request-timeout"])
    return flags.judge((time > 0) & (time <= longest_seconds), "request-timeout")


@rule(severity="low", wanted="--profiling=false", source=CIS.format("1.2.15"), remedy="Set --profiling=false.")
def profiling_disabled(api_servers: pd.DataFrame) -> Judgement:
    """The API server offers no profiling data."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(~boolean(flags["profiling"]), "profiling")


# --- audit log -----------------------------------------------------------------------------------------------------


@rule(severity="high", wanted="--audit-policy-file is set", source=CIS.format("3.2.1"),
      remedy="Write an audit policy and name it in --audit-policy-file; without one no event is recorded.")
def audit_policy_file(api_servers: pd.DataFrame) -> Judgement:
    """The API server has an audit policy."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(flags.set("audit-policy-file"), "audit-policy-file")


@rule(severity="high", wanted="--audit-log-path is set, and not /dev/null", source=CIS.format("1.2.16"),
      remedy="Set --audit-log-path, and --audit-policy-file: without a policy nothing is written.")
def audit_log_path(api_servers: pd.DataFrame) -> Judgement:
    """The API server is told where to write its audit log."""
    flags = Flags(api_servers, API_SERVER)
    ok = flags.set("audit-log-path") & ~paths(flags["audit-log-path"]).str.fullmatch(_NOWHERE)
    return flags.judge(ok, "audit-log-path", "audit-policy-file", "audit-webhook-config-file")


def _kept(api_servers: pd.DataFrame, flag: str, least: int) -> Judgement:
    """Whether a flag of the audit log's files has this value at least. Where there is no log, nothing is kept; where it
    goes to standard output, or to a webhook alone, the flag does not say how long."""
    flags = Flags(api_servers, API_SERVER)
    log = paths(flags["audit-log-path"])
    webhook = (log == "") & flags.set("audit-webhook-config-file")
    file = (~log.str.fullmatch(f"|{_NOWHERE}")).mask(webhook.fillna(True))
    ok = ((number(flags[flag]) >= least) & file).mask(log.str.fullmatch(_STREAM).fillna(False))
    return flags.judge(ok, flag, "audit-log-path", "audit-webhook-config-file", reasons=ELSEWHERE)


@rule(severity="medium", wanted="--audit-log-maxage of 30 or more", source=CIS.format("1.2.17"),
      remedy="Set --audit-log-maxage to 30 days, or as many as your rules ask for, or send the log elsewhere.")
def audit_log_maxage(api_servers: pd.DataFrame, *, days: int = 30) -> Judgement:
    """Files of the audit log are kept for a month or longer."""
    return _kept(api_servers, "audit-log-maxage", days)


@rule(severity="low", wanted="--audit-log-maxbackup of 10 or more", source=CIS.format("1.2.18"),
      remedy="Set --audit-log-maxbackup to 10 or more.")
def audit_log_maxbackup(api_servers: pd.DataFrame, *, files: int = 10) -> Judgement:
    """Enough old files of the audit log are kept."""
    return _kept(api_servers, "audit-log-maxbackup", files)


@rule(severity="low", wanted="--audit-log-maxsize of 100 or more", source=CIS.format("1.2.19"),
      remedy="Set --audit-log-maxsize to 100 or more.")
def audit_log_maxsize(api_servers: pd.DataFrame, *,
                      megabytes: int = 100) -> Judgement:
    """Files of the audit log may grow before they are rotated."""
    return _kept(api_servers, "audit-log-maxsize", megabytes)


# --- service accounts ----------------------------------------------------------------------------------------------


@rule(severity="medium", wanted="--service-account-lookup=true (the default)", source=CIS.format("1.2.21"),
      remedy="Remove --service-account-lookup=false.")
def service_account_lookup(api_servers: pd.DataFrame) -> Judgement:
    """Tokens of service accounts that are gone are refused."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(boolean(flags["service-account-lookup"]), "service-account-lookup")


@rule(severity="medium", source=CIS.format("1.2.22"),
      wanted="--service-account-key-file is set, or --service-account-signing-endpoint",
      remedy="Set --service-account-key-file; without it the key of the serving certificate is taken.")
def service_account_key_file(api_servers: pd.DataFrame) -> Judgement:
    """Tokens of service accounts are checked against a key of their own."""
    flags = Flags(api_servers, API_SERVER)
    ok = flags.set("service-account-key-file") | flags.set("service-account-signing-endpoint")
    return flags.judge(ok, "service-account-key-file", "service-account-signing-endpoint")


@rule(severity="low", wanted="--service-account-extend-token-expiration=false", source=CIS.format("1.2.30"),
      remedy="Set --service-account-extend-token-expiration=false; by default tokens live for a year.")
def no_extended_token_expiration(api_servers: pd.DataFrame) -> Judgement:
    """The life of service account tokens is not silently extended."""
    flags = Flags(api_servers, API_SERVER)
    flag = "service-account-extend-token-expiration"
    return flags.judge(~boolean(flags[flag]), flag)


# --- encryption at rest --------------------------------------------------------------------------------------------


@rule(severity="high", wanted="--encryption-provider-config is set", source=CIS.format("1.2.27"),
      remedy="Write an EncryptionConfiguration for Secrets, name it in --encryption-provider-config, and write the "
             "Secrets that exist once more.")
def encryption_provider_config(api_servers: pd.DataFrame) -> Judgement:
    """The API server has a configuration by which it encrypts what it stores in etcd."""
    flags = Flags(api_servers, API_SERVER)
    return flags.judge(flags.set("encryption-provider-config"), "encryption-provider-config")


@rule(severity="high", wanted="provider kms, secretbox or aescbc, before identity", source=CIS.format("1.2.28"),
      tools=kube_bench.TOOLS,
      remedy="Put a KMS v2 provider first in the EncryptionConfiguration, and identity last or nowhere.")
def encryption_providers_strong(api_servers: pd.DataFrame, node_results: pd.DataFrame) -> Judgement:
    """Encryption at rest uses a strong provider."""
    flags = Flags(api_servers, API_SERVER)
    seen = kube_bench.of_nodes(api_servers, node_results, "1.2.28", node="node")
    return flags.judge(flags.set("encryption-provider-config") & seen, "encryption-provider-config", reasons=(
        "the providers stand in a file of the node; kube-bench results of the node, or a person, can tell"))
