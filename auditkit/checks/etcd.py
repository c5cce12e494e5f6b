"""etcd: its flags and environment, each member judged for itself."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import BOOLEAN
from auditkit.checks.api_server import API_SERVER
from auditkit.checks.model import Judgement, check
from auditkit.checks.support.flags import UNSEEN, Component, Flags
from auditkit.checks.support.values import boolean, paths

_READ = ("cert-file", "key-file", "client-cert-auth", "auto-tls", "trusted-ca-file", "peer-cert-file", "peer-key-file",
         "peer-client-cert-auth", "peer-auto-tls")
ETCD = Component(
    defaults=dict.fromkeys(("client-cert-auth", "auto-tls", "peer-client-cert-auth", "peer-auto-tls"), "false"),
    ignored=dict.fromkeys(_READ, "config-file"),  # with it, etcd reads neither other flags nor its environment
)

rule = partial(check, if_empty=UNSEEN.format("etcd"))
CIS = "CIS Kubernetes Benchmark 2.0.1, {}; documentation of etcd: configuration options"


@rule(severity="high", wanted="--cert-file and --key-file are set", source=CIS.format("2.1"),
      remedy="Set --cert-file and --key-file to a certificate that the API server can verify.")
def server_certificate(etcd_members: pd.DataFrame) -> Judgement:
    """etcd serves its clients by TLS."""
    flags = Flags(etcd_members, ETCD)
    return flags.judge(flags.set("cert-file") & flags.set("key-file"), "cert-file", "key-file")


@rule(severity="critical", wanted="--client-cert-auth=true", source=CIS.format("2.2"),
      remedy="Set --client-cert-auth=true and --trusted-ca-file; who reaches etcd without them has every Secret.")
def client_cert_auth(etcd_members: pd.DataFrame) -> Judgement:
    """etcd demands a client certificate."""
    flags = Flags(etcd_members, ETCD)
    return flags.judge(boolean(flags["client-cert-auth"]), "client-cert-auth")


@rule(severity="high", wanted="--auto-tls=false (the default)", source=CIS.format("2.3"),
      remedy="Remove --auto-tls and give a certificate of your authority.")
def no_auto_tls(etcd_members: pd.DataFrame) -> Judgement:
    """etcd serves its clients with no certificate that it signed itself."""
    flags = Flags(etcd_members, ETCD)
    return flags.judge(~boolean(flags["auto-tls"]), "auto-tls")


@rule(severity="high", wanted="--peer-cert-file and --peer-key-file are set", source=CIS.format("2.4"),
      remedy="Set --peer-cert-file and --peer-key-file, also where there is but one member today.")
def peer_certificate(etcd_members: pd.DataFrame) -> Judgement:
    """Members of etcd talk to each other by TLS."""
    flags = Flags(etcd_members, ETCD)
    return flags.judge(flags.set("peer-cert-file") & flags.set("peer-key-file"), "peer-cert-file", "peer-key-file")


@rule(severity="high", wanted="--peer-client-cert-auth=true", source=CIS.format("2.5"),
      remedy="Set --peer-client-cert-auth=true and --peer-trusted-ca-file.")
def peer_client_cert_auth(etcd_members: pd.DataFrame) -> Judgement:
    """Members of etcd demand certificates from each other."""
    flags = Flags(etcd_members, ETCD)
    return flags.judge(boolean(flags["peer-client-cert-auth"]), "peer-client-cert-auth")


@rule(severity="high", wanted="--peer-auto-tls=false (the default)", source=CIS.format("2.6"),
      remedy="Remove --peer-auto-tls and give a certificate of your authority.")
def no_peer_auto_tls(etcd_members: pd.DataFrame) -> Judgement:
    """Members of etcd use no certificates that they signed themselves."""
    flags = Flags(etcd_members, ETCD)
    return flags.judge(~boolean(flags["peer-auto-tls"]), "peer-auto-tls")


@rule(severity="medium", wanted="--trusted-ca-file names another file than --client-ca-file of the API server",
      source=CIS.format("2.7"), remedy="Give etcd an authority of its own, and set --trusted-ca-file to it.")
def unique_ca(etcd_members: pd.DataFrame, api_servers: pd.DataFrame) -> Judgement:
    """etcd trusts an authority that signs for etcd alone."""
    flags = Flags(etcd_members, ETCD)
    theirs = paths(Flags(api_servers, API_SERVER)["client-ca-file"])
    trusted = paths(flags["trusted-ca-file"])
    known = len(theirs) > 0 and bool(theirs.notna().all())
    apart = pd.Series(True if known else pd.NA, etcd_members.index, BOOLEAN).mask(trusted.isin(theirs.dropna()), False)
    return flags.judge((trusted != "") & apart, "trusted-ca-file",
                       reasons="--client-ca-file of the API server is not visible, to compare it with")
