"""The scheduler: its flags, each instance judged for itself."""

from functools import partial

from auditkit.checks.support.flags import UNSEEN, Component, Flags, local_only
from auditkit.checks.support.rules import Rule, off, register

SCHEDULER = Component(defaults={"profiling": "true", "bind-address": "0.0.0.0", "secure-port": "10259"},  # noqa: S104
                      ignored={"profiling": "config"})

register(__name__, "schedulers", partial(Flags, component=SCHEDULER), if_empty=UNSEEN.format("kube-scheduler"),
         source="CIS Kubernetes Benchmark 2.0.1, {}; reference of kube-scheduler", rules=[
    Rule("profiling_disabled", "1.4.1", "low",
         "The scheduler serves no profiling data",
         "serves profiling data",
         off("profiling"), ["profiling"],
         wanted="--profiling=false",
         remedy="Set --profiling=false, or enableProfiling: false in the file that --config names.",
         why="Profiling data show details of the program, and making them costs it time."),
    Rule("bind_address_local", "1.4.2", "medium",
         "The scheduler listens only on the loopback address",
         "listens on addresses other than loopback",
         local_only, ["bind-address", "secure-port"],
         wanted="--bind-address=127.0.0.1, or --secure-port=0",
         remedy="Set --bind-address=127.0.0.1. Without the flag, the scheduler listens on all addresses.",
         why="Whoever reaches the node can connect to the scheduler."),
])
