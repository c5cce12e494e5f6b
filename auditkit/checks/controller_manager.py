"""The controller manager: its flags, each instance judged for itself."""

from functools import partial

import pandas as pd

from auditkit.checks.support.flags import UNSEEN, Component, Flags, local_only
from auditkit.checks.support.rules import Rule, given, off, on, register
from auditkit.checks.support.values import gate, number

CONTROLLER_MANAGER = Component(defaults={
    "profiling": "true", "bind-address": "0.0.0.0", "use-service-account-credentials": "false",  # noqa: S104
    "secure-port": "10257",
})


def _number_chosen(flags: Flags) -> pd.Series:
    """The threshold is set, and above 0. CIS requires a number that was chosen, not the default of 12500."""
    flag = "terminated-pod-gc-threshold"
    return flags.set(flag) & (number(flags[flag]) > 0)


def _rotation_on(flags: Flags) -> pd.Series:
    return gate(flags["feature-gates"], "RotateKubeletServerCertificate", default=True)


register(__name__, "controller_managers", partial(Flags, component=CONTROLLER_MANAGER),
         if_empty=UNSEEN.format("kube-controller-manager"),
         source="CIS Kubernetes Benchmark 2.0.1, {}; reference of kube-controller-manager", rules=[
    Rule("terminated_pod_gc", "1.3.1, which asks for a number that was chosen, and not for the default of 12500", "low",
         "The number of ended pods that are kept is set, and not left at its default",
         "sets no number of ended pods that are kept",
         _number_chosen, ["terminated-pod-gc-threshold"],
         wanted="--terminated-pod-gc-threshold is set, above 0",
         remedy="Set --terminated-pod-gc-threshold to a number that suits the cluster. The default is 12500, and "
                "above the number, the controller manager deletes ended pods.",
         why="Ended pods take up space in etcd until they are deleted."),
    Rule("profiling_disabled", "1.3.2", "low",
         "The controller manager serves no profiling data",
         "serves profiling data",
         off("profiling"), ["profiling"],
         wanted="--profiling=false",
         remedy="Set --profiling=false.",
         why="Profiling data show details of the program, and making them costs it time."),
    Rule("service_account_credentials", "1.3.3", "medium",
         "Each controller uses a service account of its own",
         "runs all controllers under one identity",
         on("use-service-account-credentials"), ["use-service-account-credentials"],
         wanted="--use-service-account-credentials=true",
         remedy="Set --use-service-account-credentials=true, so that each controller has only the rights that it "
                "needs.",
         why="With one identity, each controller has the rights of all of them."),
    Rule("service_account_private_key", "1.3.4", "medium",
         "The controller manager names a key for signing service account tokens",
         "names no key for signing service account tokens",
         given("service-account-private-key-file"), ["service-account-private-key-file"],
         wanted="--service-account-private-key-file is set",
         remedy="Set --service-account-private-key-file to a key that is used only for this.",
         why="With a key for each purpose, one can be replaced without the other."),
    Rule("root_ca_file", "1.3.5", "medium",
         "The controller manager gives pods the CA certificate with which they verify the API server",
         "gives pods no CA certificate with which they can verify the API server",
         given("root-ca-file"), ["root-ca-file"],
         wanted="--root-ca-file is set",
         remedy="Set --root-ca-file to the certificate of the CA that signs the serving certificate of the API "
                "server. Pods receive it with their token.",
         why="A pod that cannot verify the API server may send its token to somebody who poses as it."),
    Rule("rotate_kubelet_server_certificate", "1.3.6", "medium",
         "The rotation of kubelets' serving certificates is not disabled",
         "disables the rotation of kubelets' serving certificates",
         _rotation_on, ["feature-gates"],
         wanted="feature gate RotateKubeletServerCertificate is on (the default)",
         remedy="Remove RotateKubeletServerCertificate=false from --feature-gates.",
         why="A certificate that is not replaced expires, or stays valid after it was stolen."),
    Rule("bind_address_local", "1.3.7", "medium",
         "The controller manager listens only on the loopback address",
         "listens on addresses other than loopback",
         local_only, ["bind-address", "secure-port"],
         wanted="--bind-address=127.0.0.1, or --secure-port=0",
         remedy="Set --bind-address=127.0.0.1. Without the flag, the controller manager listens on all addresses.",
         why="Whoever reaches the node can connect to the controller manager."),
])
