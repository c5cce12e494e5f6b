"""The API server: its flags, each instance judged for itself."""

from functools import partial

import pandas as pd

from auditkit.checks.model import Judgement, check
from auditkit.checks.support import kube_bench
from auditkit.checks.support.flags import UNSEEN, Component, Flags
from auditkit.checks.support.rules import Condition, Rule, given, names, not_given, off, on, register
from auditkit.checks.support.values import STRONG_CIPHERS, lists, lists_only, number, paths, seconds

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

SEEN_BY = UNSEEN.format("kube-apiserver")
rule = partial(check, if_empty=SEEN_BY)
CIS = "CIS Kubernetes Benchmark 2.0.1, {}; reference of kube-apiserver"
ELSEWHERE = "the log goes to standard output or to a webhook; where it is kept, and how long, these flags do not say"
_PLUGINS = ("enable-admission-plugins", "disable-admission-plugins", "admission-control")
_NOWHERE, _STREAM = r"/dev/null", r"-|/dev/(?:stdout|stderr|fd/\d+)|/proc/(?:self|1)/fd/\d+"
"""Paths of an audit log that are no file that is kept."""


# --- conditions ----------------------------------------------------------------------------------------------------


def _plugin_on(flags: Flags, name: str, *, by_default: bool) -> pd.Series:
    """Whether an admission plug-in is on. Naming it in ``--enable-admission-plugins`` goes before the other flag.

    ``--admission-control``, out of date since 1.10 and still understood, stands instead of both and of all defaults:
    then what it does not name is off.
    """
    on = lists(flags["enable-admission-plugins"], name)
    if by_default:
        on |= ~lists(flags["disable-admission-plugins"], name)
    return on.mask(flags.given("admission-control").fillna(False), lists(flags["admission-control"], name))


def plugin_on(api_servers: pd.DataFrame, name: str, *, by_default: bool = False) -> pd.Series:
    """Whether an admission plug-in is on, for each API server."""
    return _plugin_on(Flags(api_servers, API_SERVER), name, by_default=by_default)


def _plugin(name: str, *, wanted: bool = True, by_default: bool = False) -> Condition:
    """An admission plug-in is on, as wanted."""
    def ok(flags: Flags) -> pd.Series:
        found = _plugin_on(flags, name, by_default=by_default)
        return found if wanted else ~found

    return ok


def _without_always_allow(flags: Flags) -> pd.Series:
    return ~lists(flags["authorization-mode"], "AlwaysAllow")


def _strong(flags: Flags) -> pd.Series:
    return lists_only(flags["tls-cipher-suites"], STRONG_CIPHERS) | (flags["tls-min-version"] == "VersionTLS13")


def _log_kept(flags: Flags) -> pd.Series:
    return flags.set("audit-log-path") & ~paths(flags["audit-log-path"]).str.fullmatch(_NOWHERE)


def _token_key(flags: Flags) -> pd.Series:
    return flags.set("service-account-key-file") | flags.set("service-account-signing-endpoint")


# --- one flag, one value -------------------------------------------------------------------------------------------


register(__name__, "api_servers", partial(Flags, component=API_SERVER), source=CIS, if_empty=SEEN_BY, rules=[
    Rule("anonymous_auth_disabled", "1.2.1", "high",
         "The API server refuses anonymous requests",
         "accepts anonymous requests",
         off("anonymous-auth"), ["anonymous-auth"],
         wanted="--anonymous-auth=false",
         remedy="Set --anonymous-auth=false. Or allow anonymous requests to the health endpoints alone, in the file"
                " of --authentication-config, and record that decision."),
    Rule("no_token_auth_file", "1.2.2", "high",
         "The API server accepts no static tokens from a file",
         "accepts static tokens from a file",
         not_given("token-auth-file"), ["token-auth-file"],
         wanted="--token-auth-file is not set",
         remedy="Remove --token-auth-file and let people sign in by OIDC. Static tokens never expire."),
    Rule("client_ca_file", "1.2.25", "high",
         "The API server verifies client certificates against a named authority",
         "verifies client certificates against no named authority",
         given("client-ca-file"), ["client-ca-file"],
         wanted="--client-ca-file is set",
         remedy="Set --client-ca-file to the authority that signs client certificates."),
    Rule("authorization_not_always_allow", "1.2.6", "critical",
         "The API server does not allow every request",
         "allows every request",
         _without_always_allow, ["authorization-mode"],
         wanted="--authorization-mode without AlwaysAllow",
         remedy="Set --authorization-mode=Node,RBAC. Without the flag every request is allowed."),
    Rule("authorization_includes_node", "1.2.7", "high",
         "The API server limits each kubelet to the objects of its own node",
         "does not limit kubelets to the objects of their own node",
         names("authorization-mode", "Node"), ["authorization-mode"],
         wanted="--authorization-mode with Node",
         remedy="Add Node to --authorization-mode, so that a kubelet reaches only what its pods need."),
    Rule("authorization_includes_rbac", "1.2.8", "high",
         "The API server authorizes requests by RBAC",
         "does not authorize requests by RBAC",
         names("authorization-mode", "RBAC"), ["authorization-mode"],
         wanted="--authorization-mode with RBAC",
         remedy="Add RBAC to --authorization-mode."),
    Rule("deny_service_external_ips", "1.2.3", "medium",
         "Services cannot claim external addresses",
         "lets Services claim external addresses",
         _plugin("DenyServiceExternalIPs"), _PLUGINS,
         wanted="admission plug-in DenyServiceExternalIPs is on",
         remedy="Add DenyServiceExternalIPs to --enable-admission-plugins. External addresses can divert traffic."),
    Rule("event_rate_limit", "1.2.9", "low",
         "The API server limits the rate of events",
         "does not limit the rate of events",
         _plugin("EventRateLimit"), _PLUGINS,
         wanted="admission plug-in EventRateLimit is on",
         remedy="Add EventRateLimit to --enable-admission-plugins and configure it."),
    Rule("no_always_admit", "1.2.10", "high",
         "The admission plug-in AlwaysAdmit is off",
         "runs the admission plug-in AlwaysAdmit",
         _plugin("AlwaysAdmit", wanted=False), _PLUGINS,
         wanted="admission plug-in AlwaysAdmit is off",
         remedy="Remove AlwaysAdmit from --enable-admission-plugins."),
    Rule("always_pull_images", "1.2.11", "low",
         "Image pull credentials are verified each time a pod starts",
         "does not verify image pull credentials each time a pod starts",
         _plugin("AlwaysPullImages"), _PLUGINS,
         wanted="admission plug-in AlwaysPullImages is on",
         remedy="Add AlwaysPullImages to --enable-admission-plugins, if the registry can bear the load."),
    Rule("service_account_plugin", "1.2.12", "high",
         "Admission gives every pod a service account",
         "gives pods no service account by admission",
         _plugin("ServiceAccount", by_default=True), _PLUGINS,
         wanted="admission plug-in ServiceAccount is on (it is by default)",
         remedy="Remove ServiceAccount from --disable-admission-plugins."),
    Rule("namespace_lifecycle_plugin", "1.2.13", "high",
         "Objects cannot be created in namespaces that are missing or terminating",
         "lets objects be created in namespaces that are missing or terminating",
         _plugin("NamespaceLifecycle", by_default=True), _PLUGINS,
         wanted="admission plug-in NamespaceLifecycle is on (it is by default)",
         remedy="Remove NamespaceLifecycle from --disable-admission-plugins."),
    Rule("node_restriction_plugin", "1.2.14", "high",
         "A kubelet can change only its own node and the pods on it",
         "lets a kubelet change other nodes and their pods",
         _plugin("NodeRestriction"), _PLUGINS,
         wanted="admission plug-in NodeRestriction is on",
         remedy="Add NodeRestriction to --enable-admission-plugins."),
    Rule("pod_security_plugin", "", "high",
         "The API server enforces the Pod Security labels of namespaces",
         "ignores the Pod Security labels of namespaces",
         _plugin("PodSecurity", by_default=True), _PLUGINS,
         wanted="admission plug-in PodSecurity is on (it is by default)",
         remedy="Remove PodSecurity from --disable-admission-plugins.",
         source="Kubernetes documentation: Pod Security admission"),
    Rule("kubelet_client_certificate", "1.2.4", "high",
         "The API server authenticates itself to kubelets with a certificate",
         "does not authenticate itself to kubelets",
         given("kubelet-client-certificate", "kubelet-client-key"),
         ["kubelet-client-certificate", "kubelet-client-key"],
         wanted="--kubelet-client-certificate and --kubelet-client-key are set",
         remedy="Set both to the certificate and key by which kubelets know the API server."),
    Rule("kubelet_certificate_authority", "1.2.5", "high",
         "The API server verifies the certificates of kubelets",
         "does not verify the certificates of kubelets",
         given("kubelet-certificate-authority"), ["kubelet-certificate-authority"],
         wanted="--kubelet-certificate-authority is set",
         remedy="Set --kubelet-certificate-authority to the authority that signs the serving certificates of "
                "kubelets."),
    Rule("etcd_client_certificate", "1.2.23", "high",
         "The API server authenticates itself to etcd with a certificate",
         "does not authenticate itself to etcd",
         given("etcd-certfile", "etcd-keyfile"), ["etcd-certfile", "etcd-keyfile"],
         wanted="--etcd-certfile and --etcd-keyfile are set",
         remedy="Set both to the certificate and key by which etcd knows the API server."),
    Rule("etcd_ca_file", "1.2.26", "high",
         "The API server verifies the certificate of etcd",
         "does not verify the certificate of etcd",
         given("etcd-cafile"), ["etcd-cafile"],
         wanted="--etcd-cafile is set",
         remedy="Set --etcd-cafile to the authority that signs the certificate of etcd."),
    Rule("tls_certificate", "1.2.24", "high",
         "The API server serves TLS with a certificate that was issued to it",
         "serves TLS with a certificate that it signed itself",
         given("tls-cert-file", "tls-private-key-file"), ["tls-cert-file", "tls-private-key-file"],
         wanted="--tls-cert-file and --tls-private-key-file are set",
         remedy="Set both. Without them the API server signs a certificate itself."),
    Rule("strong_ciphers", "1.2.29", "medium",
         "The API server accepts only strong cipher suites",
         "accepts weak cipher suites",
         _strong, ["tls-cipher-suites", "tls-min-version"],
         wanted="--tls-cipher-suites with strong suites only, or --tls-min-version=VersionTLS13",
         remedy="Set --tls-cipher-suites to suites with ECDHE and an AEAD cipher, or --tls-min-version to "
                "VersionTLS13. The default includes suites with CBC."),
    Rule("profiling_disabled", "1.2.15", "low",
         "The API server serves no profiling data",
         "serves profiling data",
         off("profiling"), ["profiling"],
         wanted="--profiling=false",
         remedy="Set --profiling=false."),
    Rule("audit_policy_file", "3.2.1", "high",
         "The API server has an audit policy",
         "has no audit policy",
         given("audit-policy-file"), ["audit-policy-file"],
         wanted="--audit-policy-file is set",
         remedy="Write an audit policy and name it in --audit-policy-file. Without a policy no event is recorded."),
    Rule("audit_log_path", "1.2.16", "high",
         "The API server writes an audit log",
         "writes no audit log to a file",
         _log_kept, ["audit-log-path", "audit-policy-file", "audit-webhook-config-file"],
         wanted="--audit-log-path is set, and not /dev/null",
         remedy="Set --audit-log-path and --audit-policy-file. Without a policy nothing is written."),
    Rule("service_account_lookup", "1.2.21", "medium",
         "The API server refuses tokens of deleted service accounts",
         "accepts tokens of deleted service accounts",
         on("service-account-lookup"), ["service-account-lookup"],
         wanted="--service-account-lookup=true (the default)",
         remedy="Remove --service-account-lookup=false."),
    Rule("service_account_key_file", "1.2.22", "medium",
         "The API server verifies service account tokens with a key made for that purpose",
         "verifies service account tokens with the key of its serving certificate",
         _token_key, ["service-account-key-file", "service-account-signing-endpoint"],
         wanted="--service-account-key-file is set, or --service-account-signing-endpoint",
         remedy="Set --service-account-key-file. Without it the key of the serving certificate is used."),
    Rule("no_extended_token_expiration", "1.2.30", "low",
         "The API server does not extend the lifetime of service account tokens",
         "extends the lifetime of service account tokens to a year",
         off("service-account-extend-token-expiration"), ["service-account-extend-token-expiration"],
         wanted="--service-account-extend-token-expiration=false",
         remedy="Set --service-account-extend-token-expiration=false. By default such tokens live for a year."),
    Rule("encryption_provider_config", "1.2.27", "high",
         "The API server is configured to encrypt what it stores in etcd",
         "has no configuration to encrypt what it stores in etcd",
         given("encryption-provider-config"), ["encryption-provider-config"],
         wanted="--encryption-provider-config is set",
         remedy="Write an EncryptionConfiguration for Secrets, name it in --encryption-provider-config, and write "
                "the existing Secrets again."),
])


# --- what looks at more --------------------------------------------------------------------------------------------


@rule(severity="low", source=CIS.format("1.2.20"),
      finding="lets requests run for more than five minutes, or without end",
      wanted="--request-timeout above 0 and not above five minutes",
      remedy="Remove --request-timeout (60 s is the default), or set a time that slow clients need and no more.")
def request_timeout(api_servers: pd.DataFrame, *,
                    longest_seconds: int = 300) -> Judgement:
    """Requests to the API server end after some minutes at most."""
    flags = Flags(api_servers, API_SERVER)
    time = seconds(flags["request-timeout"])
    return flags.judge((time > 0) & (time <= longest_seconds), "request-timeout")


def _kept(api_servers: pd.DataFrame, flag: str, least: int) -> Judgement:
    """Whether a flag of the audit log's files has this value at least. Where there is no log, nothing is kept; where it
    goes to standard output, or to a webhook alone, the flag does not say how long."""
    flags = Flags(api_servers, API_SERVER)
    log = paths(flags["audit-log-path"])
    webhook = (log == "") & flags.set("audit-webhook-config-file")
    file = (~log.str.fullmatch(f"|{_NOWHERE}")).mask(webhook.fillna(True))
    ok = ((number(flags[flag]) >= least) & file).mask(log.str.fullmatch(_STREAM).fillna(False))
    return flags.judge(ok, flag, "audit-log-path", "audit-webhook-config-file", reasons=ELSEWHERE)


@rule(severity="medium", source=CIS.format("1.2.17"),
      finding="keeps files of its audit log for less than a month",
      wanted="--audit-log-maxage of 30 or more",
      remedy="Set --audit-log-maxage to 30 days, or as many as your rules ask for, or send the log elsewhere.")
def audit_log_maxage(api_servers: pd.DataFrame, *, days: int = 30) -> Judgement:
    """Files of the audit log are kept for a month or longer."""
    return _kept(api_servers, "audit-log-maxage", days)


@rule(severity="low", source=CIS.format("1.2.18"),
      finding="keeps too few old files of its audit log",
      wanted="--audit-log-maxbackup of 10 or more",
      remedy="Set --audit-log-maxbackup to 10 or more.")
def audit_log_maxbackup(api_servers: pd.DataFrame, *, files: int = 10) -> Judgement:
    """Enough old files of the audit log are kept."""
    return _kept(api_servers, "audit-log-maxbackup", files)


@rule(severity="low", source=CIS.format("1.2.19"),
      finding="rotates the files of its audit log too early",
      wanted="--audit-log-maxsize of 100 or more",
      remedy="Set --audit-log-maxsize to 100 or more.")
def audit_log_maxsize(api_servers: pd.DataFrame, *,
                      megabytes: int = 100) -> Judgement:
    """Files of the audit log may grow before they are rotated."""
    return _kept(api_servers, "audit-log-maxsize", megabytes)


@rule(severity="high", source=CIS.format("1.2.28"),
      finding="encrypts what it stores with a weak provider, or not at all",
      wanted="provider kms, secretbox or aescbc, before identity",
      tools=kube_bench.TOOLS,
      remedy="Put a KMS v2 provider first in the EncryptionConfiguration, and identity last or nowhere.")
def encryption_providers_strong(api_servers: pd.DataFrame, node_results: pd.DataFrame) -> Judgement:
    """Encryption at rest uses a strong provider."""
    flags = Flags(api_servers, API_SERVER)
    seen = kube_bench.of_nodes(api_servers, node_results, "1.2.28", node="node")
    return flags.judge(flags.set("encryption-provider-config") & seen, "encryption-provider-config", reasons=(
        "the providers stand in a file of the node; kube-bench results of the node, or a person, can tell"))
