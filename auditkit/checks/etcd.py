"""etcd: its flags and environment, each member judged for itself."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import BOOLEAN
from auditkit.checks.api_server import API_SERVER
from auditkit.checks.model import Judgement, check
from auditkit.checks.support.flags import UNSEEN, Component, Flags
from auditkit.checks.support.rules import Rule, given, off, on, register
from auditkit.checks.support.values import paths

_READ = ("cert-file", "key-file", "client-cert-auth", "auto-tls", "trusted-ca-file", "peer-cert-file", "peer-key-file",
         "peer-client-cert-auth", "peer-auto-tls")
ETCD = Component(
    defaults=dict.fromkeys(("client-cert-auth", "auto-tls", "peer-client-cert-auth", "peer-auto-tls"), "false"),
    ignored=dict.fromkeys(_READ, "config-file"),  # with that file, etcd reads neither other flags nor its environment
)

CIS = "CIS Kubernetes Benchmark 2.0.1, {}; documentation of etcd: configuration options"


register(__name__, "etcd_members", partial(Flags, component=ETCD), source=CIS, if_empty=UNSEEN.format("etcd"), rules=[
    Rule("server_certificate", "2.1", "high",
         "etcd serves its clients over TLS",
         "names no certificate and key for clients",
         given("cert-file", "key-file"), ["cert-file", "key-file"],
         wanted="--cert-file and --key-file are set",
         remedy="Set --cert-file and --key-file to a certificate that the API server can verify.",
         why="Without TLS, Secrets and the credentials of clients can be read in the network."),
    Rule("client_cert_auth", "2.2", "critical",
         "etcd requires client certificates",
         "is not set to require client certificates",
         on("client-cert-auth"), ["client-cert-auth"],
         wanted="--client-cert-auth=true",
         remedy="Set --client-cert-auth=true and --trusted-ca-file.",
         why="Whoever reaches an etcd without client authentication can read and change everything in the cluster."),
    Rule("no_auto_tls", "2.3", "high",
         "etcd does not use self-signed certificates for clients",
         "is set to use self-signed certificates for clients",
         off("auto-tls"), ["auto-tls"],
         wanted="--auto-tls=false (the default)",
         remedy="Remove --auto-tls, and set --cert-file and --key-file to a certificate of your CA.",
         why="Clients cannot verify a self-signed certificate, and so do not know whether they talk to etcd."),
    Rule("peer_certificate", "2.4", "high",
         "Members of etcd use TLS for their peers",
         "names no certificate and key for peers",
         given("peer-cert-file", "peer-key-file"), ["peer-cert-file", "peer-key-file"],
         wanted="--peer-cert-file and --peer-key-file are set",
         remedy="Set --peer-cert-file and --peer-key-file, also where there is only one member.",
         why="Without TLS, everything that the cluster stores can be read in the network between members."),
    Rule("peer_client_cert_auth", "2.5", "high",
         "Members of etcd require certificates from their peers",
         "is not set to require certificates from peers",
         on("peer-client-cert-auth"), ["peer-client-cert-auth"],
         wanted="--peer-client-cert-auth=true",
         remedy="Set --peer-client-cert-auth=true and --peer-trusted-ca-file.",
         why="Without certificates of peers, whoever reaches the peer port can pose as a member of etcd."),
    Rule("no_peer_auto_tls", "2.6", "high",
         "Members of etcd do not use self-signed certificates for peers",
         "is set to use self-signed certificates for peers",
         off("peer-auto-tls"), ["peer-auto-tls"],
         wanted="--peer-auto-tls=false (the default)",
         remedy="Remove --peer-auto-tls, and set --peer-cert-file and --peer-key-file to a certificate of your CA.",
         why="Members cannot verify a self-signed certificate, and so do not know whether they talk to a member."),
])


@check(severity="medium", source=CIS.format("2.7"), if_empty=UNSEEN.format("etcd"),
       finding="names no CA file for clients, or the same as the API server",
       wanted="--trusted-ca-file is set, and names another file than --client-ca-file of the API server",
       remedy="Create a CA that is used only for etcd, and set --trusted-ca-file to its certificate.")
def unique_ca(etcd_members: pd.DataFrame, api_servers: pd.DataFrame) -> Judgement:
    """etcd and the API server verify their clients with different CA files.

    Where etcd trusts the CA with which the API server verifies its clients, every client certificate of the cluster
    gives access to etcd too. Only the names of the files are compared; two files can hold the same certificate.
    """
    flags = Flags(etcd_members, ETCD)
    theirs = paths(Flags(api_servers, API_SERVER)["client-ca-file"])
    trusted = paths(flags["trusted-ca-file"])
    known = len(theirs) > 0 and bool(theirs.notna().all())
    apart = pd.Series(True if known else pd.NA, etcd_members.index, BOOLEAN).mask(trusted.isin(theirs.dropna()), False)
    return flags.judge((trusted != "") & apart, "trusted-ca-file",
                       reasons="--client-ca-file of the API server is not visible, so it cannot be compared")
