"""The controller manager: its flags, each instance judged for itself."""

from functools import partial

import pandas as pd

from auditkit.checks.model import Judgement, check
from auditkit.checks.support.flags import UNSEEN, Component, Flags, local_only
from auditkit.checks.support.values import boolean, gate, number

CONTROLLER_MANAGER = Component(defaults={
    "profiling": "true", "bind-address": "0.0.0.0", "use-service-account-credentials": "false",  # noqa: S104
    "secure-port": "10257",
})

rule = partial(check, if_empty=UNSEEN.format("kube-controller-manager"))
CIS = "CIS Kubernetes Benchmark 2.0.1, {}; reference of kube-controller-manager"


@rule(severity="low", wanted="--terminated-pod-gc-threshold is set, above 0",
      source=CIS.format("1.3.1, which asks for a number that was chosen, and not for the default of 12500"),
      remedy="Set --terminated-pod-gc-threshold to a number that suits the cluster (12500 holds where it is not set).")
def terminated_pod_gc(controller_managers: pd.DataFrame) -> Judgement:
    """Finished pods are removed above a number that was chosen."""
    flags = Flags(controller_managers, CONTROLLER_MANAGER)
    ok = flags.set("terminated-pod-gc-threshold") & (number(flags["terminated-pod-gc-threshold"]) > 0)
    return flags.judge(ok, "terminated-pod-gc-threshold")


@rule(severity="low", wanted="--profiling=false", source=CIS.format("1.3.2"), remedy="Set --profiling=false.")
def profiling_disabled(controller_managers: pd.DataFrame) -> Judgement:
    """The controller manager offers no profiling data."""
    flags = Flags(controller_managers, CONTROLLER_MANAGER)
    return flags.judge(~boolean(flags["profiling"]), "profiling")


@rule(severity="medium", wanted="--use-service-account-credentials=true", source=CIS.format("1.3.3"),
      remedy="Set --use-service-account-credentials=true, so that each controller has only the rights that it needs.")
def service_account_credentials(controller_managers: pd.DataFrame) -> Judgement:
    """Each controller acts under a service account of its own."""
    flags = Flags(controller_managers, CONTROLLER_MANAGER)
    return flags.judge(boolean(flags["use-service-account-credentials"]), "use-service-account-credentials")


@rule(severity="medium", wanted="--service-account-private-key-file is set", source=CIS.format("1.3.4"),
      remedy="Set --service-account-private-key-file to a key that serves for nothing else.")
def service_account_private_key(controller_managers: pd.DataFrame) -> Judgement:
    """Tokens of service accounts are signed with a key of their own."""
    flags = Flags(controller_managers, CONTROLLER_MANAGER)
    return flags.judge(flags.set("service-account-private-key-file"), "service-account-private-key-file")


@rule(severity="medium", wanted="--root-ca-file is set", source=CIS.format("1.3.5"),
      remedy="Set --root-ca-file to the authority of the API server's certificate, which pods are then given.")
def root_ca_file(controller_managers: pd.DataFrame) -> Judgement:
    """Pods are given the authority by which they can verify the API server."""
    flags = Flags(controller_managers, CONTROLLER_MANAGER)
    return flags.judge(flags.set("root-ca-file"), "root-ca-file")


@rule(severity="medium", wanted="feature gate RotateKubeletServerCertificate is on (it is by default)",
      source=CIS.format("1.3.6"), remedy="Remove RotateKubeletServerCertificate=false from --feature-gates.")
def rotate_kubelet_server_certificate(controller_managers: pd.DataFrame) -> Judgement:
    """The renewal of kubelets' serving certificates is not switched off."""
    flags = Flags(controller_managers, CONTROLLER_MANAGER)
    return flags.judge(gate(flags["feature-gates"], "RotateKubeletServerCertificate", default=True), "feature-gates")


@rule(severity="medium", wanted="--bind-address=127.0.0.1, or --secure-port=0", source=CIS.format("1.3.7"),
      remedy="Set --bind-address=127.0.0.1; where it is not set, the controller manager listens on all addresses.")
def bind_address_local(controller_managers: pd.DataFrame) -> Judgement:
    """The controller manager listens on the loopback address only."""
    flags = Flags(controller_managers, CONTROLLER_MANAGER)
    return flags.judge(local_only(flags), "bind-address", "secure-port")
