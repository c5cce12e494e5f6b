"""The scheduler: its flags, each instance judged for itself."""

from functools import partial

import pandas as pd

from auditkit.checks.model import Judgement, check
from auditkit.checks.support.flags import UNSEEN, Component, Flags, local_only
from auditkit.checks.support.values import boolean

SCHEDULER = Component(defaults={"profiling": "true", "bind-address": "0.0.0.0", "secure-port": "10259"},  # noqa: S104
                      ignored={"profiling": "config"})

rule = partial(check, if_empty=UNSEEN.format("kube-scheduler"))
CIS = "CIS Kubernetes Benchmark 2.0.1, {}; reference of kube-scheduler"


@rule(severity="low", wanted="--profiling=false", source=CIS.format("1.4.1"),
      remedy="Set --profiling=false, or enableProfiling: false in the file that --config names.")
def profiling_disabled(schedulers: pd.DataFrame) -> Judgement:
    """The scheduler offers no profiling data."""
    flags = Flags(schedulers, SCHEDULER)
    return flags.judge(~boolean(flags["profiling"]), "profiling")


@rule(severity="medium", wanted="--bind-address=127.0.0.1, or --secure-port=0", source=CIS.format("1.4.2"),
      remedy="Set --bind-address=127.0.0.1; where it is not set, the scheduler listens on all addresses.")
def bind_address_local(schedulers: pd.DataFrame) -> Judgement:
    """The scheduler listens on the loopback address only."""
    flags = Flags(schedulers, SCHEDULER)
    return flags.judge(local_only(flags), "bind-address", "secure-port")
