"""The API server's audit log as it was given: whether it reaches without gaps, and what it says of Secrets."""

import pandas as pd

from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support.evidence import fresh, reason, verdict
from auditkit.scans.registry import Providers
from auditkit.tables.findings import MAX_AGE_DAYS

_TOOLS = Providers("audit log")
_NO_LOG = "no audit log of the API server was given"


@check(
    severity="high",
    wanted="over a day or more no silence of more than 10 minutes, up to 30 days before the snapshot",
    remedy="Give the logs of the whole period and of every API server; find out what kept them from being written.",
    source="45 CFR 164.312(b); NIST SP 800-53 AU-12",
    tools=_TOOLS, if_empty=_NO_LOG,
)
def continuous(audit_logs: pd.DataFrame, collection: pd.DataFrame, *, max_gap_minutes: int = 10, min_hours: int = 24,
               max_age_days: int = MAX_AGE_DAYS) -> Judgement:
    """The audit log has no gaps.

    A policy that leaves out the requests of the system itself makes a quiet cluster look silent; ``max_gap_minutes``
    is to fit it. A log that reaches over less than ``min_hours`` shows little, and the newest must be recent.
    """
    logs = audit_logs
    silent = logs["silence"] > max_gap_minutes * 60
    silent = silent.mask((logs["untimed"] > 0) & silent.fillna(False), pd.NA)
    long = logs["hours"] >= min_hours
    recent = fresh(logs["last"], collection, max_age_days).mask(~logs["newest"], True)
    ours = ~logs["other_cluster"]
    silent = silent.mask(~ours, pd.NA)
    found = logs.assign(silence_minutes=(logs["silence"] / 60).round(1))
    reasons = reason(
        (~ours, "it is the log of another cluster"),
        ((logs["events"] == 0), "it has no events"),
        (silent.fillna(False), "there is no event for " + found["silence_minutes"].astype("string[pyarrow]")
         + " minutes after " + logs["silent_since"].dt.strftime("%Y-%m-%d %H:%M:%S").astype("string[pyarrow]")),
        (silent.isna(), "its silences are not known"),
        (~long.fillna(False), f"the logs reach over less than {min_hours} hours"),
        (~recent.fillna(False), f"whether it went on is not known: it ends more than {max_age_days} days before the "
                                "snapshot, or it is not known when that was made"),
    )
    good = ours & long & recent & ~logs["truncated"].fillna(True)
    return judge(found, verdict(silent, good), ["events", "first", "last", "silence_minutes"], reasons=reasons)


@check(
    severity="high",
    wanted="get, list and watch of Secrets are logged, at the level Metadata, and so are tokens",
    remedy="Log secrets, serviceaccounts/token and tokenreviews at the level Metadata, before rules that leave "
           "requests out: other levels write their values.",
    source="CIS Kubernetes 3.2.2; Kubernetes documentation: auditing; 45 CFR 164.312(b)",
    tools=_TOOLS, if_empty=_NO_LOG,
)
def secret_reads_logged(audit_logs: pd.DataFrame, collection: pd.DataFrame, *, min_hours: int = 24,
                        max_age_days: int = MAX_AGE_DAYS) -> Judgement:
    """The audit log has the reads of Secrets, and not their values.

    Tokens of service accounts that were asked for or reviewed are values too (see `audit_log_bodies`).
    In a cluster that runs, kubelets and controllers read Secrets all the time. So logs that reach over ``min_hours``
    without one have left them out. A log that ends more than ``max_age_days`` before the snapshot says nothing of the
    policy that is in force now.
    """
    logs = audit_logs
    ours, some = ~logs["other_cluster"], logs["reads_of_cluster"] > 0
    left_out = ~some & (logs["hours"] >= min_hours)
    recent = fresh(logs["newest_of_cluster"], collection, max_age_days)
    bad = (left_out | (logs["secret_bodies"] > 0)).mask(~ours | (logs["events"] == 0), pd.NA)
    bad = bad.mask(~bad.fillna(True) & (logs["unlevelled"] > 0), pd.NA)
    reasons = reason(
        (~ours, "it is the log of another cluster"),
        (logs["events"] == 0, "it has no events"),
        (logs["secret_bodies"] > 0, "events that have the values of Secrets, or tokens: "
         + logs["secret_bodies"].astype("string[pyarrow]")),
        (left_out.fillna(False), "no read of a Secret is in the logs, though they reach over "
         + logs["hours"].round().astype("string[pyarrow]") + " hours"),
        (~some, f"no read of a Secret is in the logs, which reach over less than {min_hours} hours"),
        (logs["unlevelled"] > 0, "it does not say at which level Secrets are logged"),
        (~recent.fillna(False), f"the logs end more than {max_age_days} days before the snapshot"),
    )
    return judge(logs, verdict(bad, some & recent), ["secret_reads", "secret_bodies", "first", "last"], reasons=reasons)
