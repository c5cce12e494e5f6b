"""The API server: its flags, each instance judged for itself."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import STRING
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
ELSEWHERE = "the log goes to standard output or to a webhook; these flags do not show how long it is kept there"
NOTHING_LOGGED = "--audit-policy-file is not set, so the API server logs no event"
_PLUGINS = ("enable-admission-plugins", "disable-admission-plugins", "admission-control")
_NOWHERE, _STREAM = r"/dev/null", r"-|/dev/(?:stdout|stderr|fd/\d+)|/proc/(?:self|1)/fd/\d+"
"""Paths at which no file of the audit log is kept."""


# --- conditions ------------------------------------------------------------------------------------------------------


def _plugin_on(flags: Flags, name: str, *, by_default: bool) -> pd.Series:
    """Whether an admission plug-in is on. ``--enable-admission-plugins`` takes precedence over the other flag.

    ``--admission-control``, deprecated since 1.10 and still read, replaces both flags and all defaults: a plug-in that
    it does not name is off.
    """
    on = lists(flags["enable-admission-plugins"], name)
    if by_default:
        on |= ~lists(flags["disable-admission-plugins"], name)
    return on.mask(flags.given("admission-control").fillna(False), lists(flags["admission-control"], name))


def plugin_on(api_servers: pd.DataFrame, name: str, *, by_default: bool = False) -> pd.Series:
    """Whether an admission plug-in is on, for each API server."""
    return _plugin_on(Flags(api_servers, API_SERVER), name, by_default=by_default)


def _plugin(name: str, *, wanted: bool = True, by_default: bool = False) -> Condition:
    """An admission plug-in is on, or off where that is ``wanted``."""
    def ok(flags: Flags) -> pd.Series:
        found = _plugin_on(flags, name, by_default=by_default)
        return found if wanted else ~found

    return ok


def _without_always_allow(flags: Flags) -> pd.Series:
    return ~lists(flags["authorization-mode"], "AlwaysAllow")


def _strong(flags: Flags) -> pd.Series:
    return lists_only(flags["tls-cipher-suites"], STRONG_CIPHERS) | (flags["tls-min-version"] == "VersionTLS13")


def _token_key(flags: Flags) -> pd.Series:
    return flags.set("service-account-key-file") | flags.set("service-account-signing-endpoint")


# --- one flag, one value ---------------------------------------------------------------------------------------------


register(__name__, "api_servers", partial(Flags, component=API_SERVER), source=CIS, if_empty=SEEN_BY, rules=[
    Rule("anonymous_auth_disabled", "1.2.1", "high",
         "The API server refuses anonymous requests",
         "accepts anonymous requests",
         off("anonymous-auth"), ["anonymous-auth"],
         wanted="--anonymous-auth=false",
         remedy="Set --anonymous-auth=false. Or allow anonymous requests only to the health endpoints, in the file of "
                "--authentication-config, and record that decision.",
         why="Whoever reaches the API server can send anonymous requests, and has the rights that bindings give to "
             "system:anonymous and system:unauthenticated."),
    Rule("no_token_auth_file", "1.2.2", "high",
         "The API server accepts no static tokens from a file",
         "accepts static tokens from a file",
         not_given("token-auth-file"), ["token-auth-file"],
         wanted="--token-auth-file is not set",
         remedy="Remove --token-auth-file and let users sign in with OIDC.",
         why="Static tokens never expire, and are in plain text in a file of the node."),
    Rule("client_ca_file", "1.2.25", "high",
         "The API server names a certificate authority (CA) with which it verifies client certificates",
         "names no CA for client certificates",
         given("client-ca-file"), ["client-ca-file"],
         wanted="--client-ca-file is set",
         remedy="Set --client-ca-file to the certificate of the CA that signs client certificates.",
         why="Without a CA, users and components cannot authenticate with client certificates."),
    Rule("authorization_not_always_allow", "1.2.6", "critical",
         "The API server does not allow every request",
         "allows every request",
         _without_always_allow, ["authorization-mode"],
         wanted="--authorization-mode without AlwaysAllow",
         remedy="Set --authorization-mode=Node,RBAC. Without the flag every request is allowed.",
         why="Whoever can authenticate has all rights in the cluster."),
    Rule("authorization_includes_node", "1.2.7", "high",
         "The API server uses the Node authorizer",
         "runs without the Node authorizer",
         names("authorization-mode", "Node"), ["authorization-mode"],
         wanted="--authorization-mode with Node",
         remedy="Add Node to --authorization-mode.",
         why="The Node authorizer limits each kubelet to the objects of its own node. Without it, a stolen "
             "credential of a kubelet may read Secrets of other nodes."),
    Rule("authorization_includes_rbac", "1.2.8", "high",
         "The API server uses the RBAC authorizer",
         "runs without the RBAC authorizer",
         names("authorization-mode", "RBAC"), ["authorization-mode"],
         wanted="--authorization-mode with RBAC",
         remedy="Add RBAC to --authorization-mode.",
         why="Without RBAC, roles and bindings have no effect."),
    Rule("deny_service_external_ips", "1.2.3", "medium",
         "The admission plug-in DenyServiceExternalIPs is on",
         "runs without the admission plug-in DenyServiceExternalIPs",
         _plugin("DenyServiceExternalIPs"), _PLUGINS,
         wanted="admission plug-in DenyServiceExternalIPs is on",
         remedy="Add DenyServiceExternalIPs to --enable-admission-plugins.",
         why="A Service with an external IP can intercept traffic to that address."),
    Rule("event_rate_limit", "1.2.9", "low",
         "The admission plug-in EventRateLimit is on",
         "runs without the admission plug-in EventRateLimit",
         _plugin("EventRateLimit"), _PLUGINS,
         wanted="admission plug-in EventRateLimit is on",
         remedy="Add EventRateLimit to --enable-admission-plugins and configure it.",
         why="A flood of events can slow down the API server and fill etcd."),
    Rule("no_always_admit", "1.2.10", "high",
         "The admission plug-in AlwaysAdmit is off",
         "runs the admission plug-in AlwaysAdmit",
         _plugin("AlwaysAdmit", wanted=False), _PLUGINS,
         wanted="admission plug-in AlwaysAdmit is off",
         remedy="Remove AlwaysAdmit from --enable-admission-plugins.",
         why="AlwaysAdmit accepts every request, and so checks nothing."),
    Rule("always_pull_images", "1.2.11", "low",
         "The admission plug-in AlwaysPullImages is on",
         "runs without the admission plug-in AlwaysPullImages",
         _plugin("AlwaysPullImages"), _PLUGINS,
         wanted="admission plug-in AlwaysPullImages is on",
         remedy="Add AlwaysPullImages to --enable-admission-plugins, if the registry can bear the load.",
         why="Without it, a pod can use a private image on its node without credentials for it."),
    Rule("service_account_plugin", "1.2.12", "high",
         "The admission plug-in ServiceAccount is on",
         "runs without the admission plug-in ServiceAccount",
         _plugin("ServiceAccount", by_default=True), _PLUGINS,
         wanted="admission plug-in ServiceAccount is on (the default)",
         remedy="Remove ServiceAccount from --disable-admission-plugins.",
         why="The plug-in gives each pod its service account, and refuses pods whose service account does not exist."),
    Rule("namespace_lifecycle_plugin", "1.2.13", "high",
         "The admission plug-in NamespaceLifecycle is on",
         "runs without the admission plug-in NamespaceLifecycle",
         _plugin("NamespaceLifecycle", by_default=True), _PLUGINS,
         wanted="admission plug-in NamespaceLifecycle is on (the default)",
         remedy="Remove NamespaceLifecycle from --disable-admission-plugins.",
         why="The plug-in refuses new objects in namespaces that are missing or terminating, and protects the "
             "system namespaces from deletion."),
    Rule("node_restriction_plugin", "1.2.14", "high",
         "The admission plug-in NodeRestriction is on",
         "runs without the admission plug-in NodeRestriction",
         _plugin("NodeRestriction"), _PLUGINS,
         wanted="admission plug-in NodeRestriction is on",
         remedy="Add NodeRestriction to --enable-admission-plugins.",
         why="The plug-in lets a kubelet change only its own node and the pods on it. Without it, a stolen "
             "credential of a kubelet can change other nodes."),
    Rule("pod_security_plugin", "", "high",
         "The API server enforces the Pod Security labels of namespaces",
         "ignores the Pod Security labels of namespaces",
         _plugin("PodSecurity", by_default=True), _PLUGINS,
         wanted="admission plug-in PodSecurity is on (the default)",
         remedy="Remove PodSecurity from --disable-admission-plugins.",
         why="Without the plug-in, the labels have no effect, and privileged pods are admitted in every namespace.",
         source="Kubernetes documentation: Pod Security admission"),
    Rule("kubelet_client_certificate", "1.2.4", "high",
         "The API server authenticates itself to kubelets with a certificate",
         "names no client certificate and key for kubelets",
         given("kubelet-client-certificate", "kubelet-client-key"),
         ["kubelet-client-certificate", "kubelet-client-key"],
         wanted="--kubelet-client-certificate and --kubelet-client-key are set",
         remedy="Set both flags to the certificate and key with which the API server authenticates itself to "
                "kubelets.",
         why="A kubelet that accepts requests without a certificate accepts them from others too."),
    Rule("kubelet_certificate_authority", "1.2.5", "high",
         "The API server verifies the certificates of kubelets",
         "does not verify the certificates of kubelets",
         given("kubelet-certificate-authority"), ["kubelet-certificate-authority"],
         wanted="--kubelet-certificate-authority is set",
         remedy="Set --kubelet-certificate-authority to the certificate of the CA that signs the serving certificates "
                "of kubelets.",
         why="Somebody in the network between can pose as a kubelet, and read or change logs, exec sessions and "
             "port-forwards."),
    Rule("etcd_client_certificate", "1.2.23", "high",
         "The API server authenticates itself to etcd with a certificate",
         "names no client certificate and key for etcd",
         given("etcd-certfile", "etcd-keyfile"), ["etcd-certfile", "etcd-keyfile"],
         wanted="--etcd-certfile and --etcd-keyfile are set",
         remedy="Set both flags to the certificate and key with which the API server authenticates itself to etcd.",
         why="An etcd that accepts the API server without a certificate accepts others too, who can then read "
             "every Secret."),
    Rule("etcd_ca_file", "1.2.26", "high",
         "The API server verifies the certificate of etcd",
         "names no CA for the certificate of etcd",
         given("etcd-cafile"), ["etcd-cafile"],
         wanted="--etcd-cafile is set",
         remedy="Set --etcd-cafile to the certificate of the CA that signs the certificate of etcd.",
         why="Somebody in the network between can pose as etcd, and read or change what the API server stores."),
    Rule("tls_certificate", "1.2.24", "high",
         "The API server serves TLS with a named certificate",
         "names no certificate and key for TLS",
         given("tls-cert-file", "tls-private-key-file"), ["tls-cert-file", "tls-private-key-file"],
         wanted="--tls-cert-file and --tls-private-key-file are set",
         remedy="Set both flags. Without them, the API server makes a self-signed certificate.",
         why="Clients cannot verify a self-signed certificate with a CA that they know."),
    Rule("strong_ciphers", "1.2.29", "medium",
         "The API server accepts only strong cipher suites",
         "does not limit TLS to strong cipher suites",
         _strong, ["tls-cipher-suites", "tls-min-version"],
         wanted="--tls-cipher-suites with strong suites only, or --tls-min-version=VersionTLS13",
         remedy="Set --tls-cipher-suites to suites with ECDHE and an AEAD cipher, or --tls-min-version to "
                "VersionTLS13. The default includes suites with CBC.",
         why="Traffic under a weak cipher suite can be decrypted by somebody who records it."),
    Rule("profiling_disabled", "1.2.15", "low",
         "The API server serves no profiling data",
         "serves profiling data",
         off("profiling"), ["profiling"],
         wanted="--profiling=false",
         remedy="Set --profiling=false.",
         why="Profiling data show details of the program, and making them costs it time."),
    Rule("audit_policy_file", "3.2.1", "high",
         "The API server has an audit policy",
         "has no audit policy",
         given("audit-policy-file"), ["audit-policy-file"],
         wanted="--audit-policy-file is set",
         remedy="Write an audit policy and name it in --audit-policy-file.",
         why="Without a policy, no event is recorded, and nobody can see later who did what."),
    Rule("service_account_lookup", "1.2.21", "medium",
         "The API server refuses tokens of deleted service accounts",
         "accepts tokens of deleted service accounts",
         on("service-account-lookup"), ["service-account-lookup"],
         wanted="--service-account-lookup=true (the default)",
         remedy="Remove --service-account-lookup=false.",
         why="A stolen token stays valid after its service account is deleted."),
    Rule("service_account_key_file", "1.2.22", "medium",
         "The API server verifies service account tokens with a key for that purpose",
         "verifies service account tokens with the key of the serving certificate",
         _token_key, ["service-account-key-file", "service-account-signing-endpoint"],
         wanted="--service-account-key-file or --service-account-signing-endpoint is set",
         remedy="Set --service-account-key-file. Without it, the key of the serving certificate is used.",
         why="With a key for each purpose, one can be replaced without the other."),
    Rule("no_extended_token_expiration", "1.2.30", "low",
         "The API server does not extend the lifetime of service account tokens",
         "extends the lifetime of service account tokens to a year",
         off("service-account-extend-token-expiration"), ["service-account-extend-token-expiration"],
         wanted="--service-account-extend-token-expiration=false",
         remedy="Set --service-account-extend-token-expiration=false.",
         why="A stolen token can be used for up to a year, instead of about an hour."),
    Rule("encryption_provider_config", "1.2.27", "high",
         "The API server has a configuration for encryption at rest",
         "has no configuration for encryption at rest",
         given("encryption-provider-config"), ["encryption-provider-config"],
         wanted="--encryption-provider-config is set",
         remedy="Write an EncryptionConfiguration for Secrets and name it in --encryption-provider-config. Then "
                "rewrite all Secrets, so that they are encrypted.",
         why="Whoever gets a copy of etcd or of its backup can read every Secret."),
])


# --- rules that need more --------------------------------------------------------------------------------------------


@rule(severity="low", source=CIS.format("1.2.20"),
      finding="lets requests run for too long, or without a limit",
      wanted="--request-timeout above 0, and at most {longest_seconds} seconds",
      remedy="Remove --request-timeout (the default is 60 seconds), or set it to the shortest time that slow clients "
             "need.")
def request_timeout(api_servers: pd.DataFrame, *, longest_seconds: int = 300) -> Judgement:
    """The API server ends requests that run too long.

    Where slow requests are not ended, a few clients can use up the connections of the API server.
    """
    flags = Flags(api_servers, API_SERVER)
    time = seconds(flags["request-timeout"])
    return flags.judge((time > 0) & (time <= longest_seconds), "request-timeout")


def _logged(flags: Flags, ok: pd.Series, *shown: str, reasons: str = "") -> Judgement:
    """Judge flags of the audit log. Without a policy the API server logs nothing, whatever these flags say."""
    policy = flags.set("audit-policy-file")
    return flags.judge(ok & policy, *shown, "audit-policy-file", "audit-webhook-config-file", reasons=reasons,
                       failing=pd.Series("", ok.index, STRING).mask(~policy.fillna(True), NOTHING_LOGGED))


@rule(severity="high", source=CIS.format("1.2.16"),
      finding="writes no audit log to a file or to standard output",
      wanted="--audit-policy-file and --audit-log-path are set, and the path is not /dev/null",
      remedy="Write an audit policy, name it in --audit-policy-file, and set --audit-log-path.")
def audit_log_path(api_servers: pd.DataFrame) -> Judgement:
    """The API server writes an audit log.

    Without an audit log, nobody can see later who did what in the cluster.
    """
    flags = Flags(api_servers, API_SERVER)
    written = flags.set("audit-log-path") & ~paths(flags["audit-log-path"]).str.fullmatch(_NOWHERE)
    return _logged(flags, written, "audit-log-path")


def _kept(api_servers: pd.DataFrame, flag: str, least: int) -> Judgement:
    """Judge a flag of the audit log's files by its least value. Without a log nothing is kept. Where the log goes to
    standard output, or only to a webhook, the flag does not show how long it is kept."""
    flags = Flags(api_servers, API_SERVER)
    log = paths(flags["audit-log-path"])
    webhook = (log == "") & flags.set("audit-webhook-config-file")
    file = (~log.str.fullmatch(f"|{_NOWHERE}")).mask(webhook.fillna(True))
    ok = ((number(flags[flag]) >= least) & file).mask(log.str.fullmatch(_STREAM).fillna(False))
    return _logged(flags, ok, flag, "audit-log-path", reasons=ELSEWHERE)


@rule(severity="medium", source=CIS.format("1.2.17"),
      finding="writes no audit log to files, or deletes the files too early",
      wanted="--audit-log-maxage of {days} days or more; --audit-policy-file is set, and --audit-log-path names a file",
      remedy="Set --audit-log-maxage to 30 or more days, as your rules require, or send the log to another store.")
def audit_log_maxage(api_servers: pd.DataFrame, *, days: int = 30) -> Judgement:
    """Audit log files may reach a sufficient age before they are deleted.

    Incidents are often found weeks later. Then the log must still exist. The limit on the number of files can delete
    them earlier.
    """
    return _kept(api_servers, "audit-log-maxage", days)


@rule(severity="low", source=CIS.format("1.2.18"),
      finding="writes no audit log to files, or keeps too few old files",
      wanted="--audit-log-maxbackup of {files} or more; --audit-policy-file is set, and --audit-log-path names a file",
      remedy="Set --audit-log-maxbackup to 10 or more.")
def audit_log_maxbackup(api_servers: pd.DataFrame, *, files: int = 10) -> Judgement:
    """The API server keeps enough old audit log files.

    Where too few are kept, a burst of requests pushes older events out of the log.
    """
    return _kept(api_servers, "audit-log-maxbackup", files)


@rule(severity="low", source=CIS.format("1.2.19"),
      finding="writes no audit log to files, or starts a new file too early",
      wanted="--audit-log-maxsize of {megabytes} MB or more; --audit-policy-file is set, and --audit-log-path names a "
             "file",
      remedy="Set --audit-log-maxsize to 100 or more.")
def audit_log_maxsize(api_servers: pd.DataFrame, *, megabytes: int = 100) -> Judgement:
    """Audit log files may reach a sufficient size before the API server starts a new one.

    Where files are small and few, a burst of requests pushes older events out of the log.
    """
    return _kept(api_servers, "audit-log-maxsize", megabytes)


@rule(severity="high", source=CIS.format("1.2.28"),
      finding="has weak encryption at rest, or none",
      wanted="the first provider is kms, secretbox or aescbc",
      tools=kube_bench.TOOLS,
      remedy="Put a KMS v2 provider first in the EncryptionConfiguration, and identity last or nowhere.")
def encryption_providers_strong(api_servers: pd.DataFrame, node_results: pd.DataFrame) -> Judgement:
    """Encryption at rest uses a strong provider.

    Whoever gets a copy of etcd or of its backup reads every Secret that is not encrypted.
    """
    flags = Flags(api_servers, API_SERVER)
    seen = kube_bench.of_nodes(api_servers, node_results, "1.2.28", node="node")
    return flags.judge(flags.set("encryption-provider-config") & seen, "encryption-provider-config", reasons=(
        "the providers are in a file of the node, which the cluster does not show; give a kube-bench result of the "
        "node, or let a person attest them"))
