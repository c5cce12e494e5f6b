"""Audit logs of the API server: whether they have gaps, and what they record about Secrets."""

import pandas as pd

from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support.evidence import fresh, reason, verdict
from auditkit.scans.registry import Providers
from auditkit.tables.findings import MAX_AGE_DAYS

_TOOLS = Providers("audit log")
_NO_LOG = "no audit log of the API server was given"
OF_ANOTHER_CLUSTER, WITHOUT_EVENTS = "it is the log of another cluster", "the log has no events"
TOO_OLD = "nothing shows that the logs reach into the last {} days before the snapshot"


@check(
    severity="high", finding="has a long gap between its events, or since the log before it",
    wanted="at least {min_hours} hours of events without a gap of more than {max_gap_minutes} minutes, the last event "
           "at most {max_age_days} days before the snapshot",
    remedy="Supply the logs of the whole period and of every API server. Find out why no events were written in the "
           "gap.",
    source="45 CFR 164.312(b); NIST SP 800-53 AU-12",
    tools=_TOOLS, if_empty=_NO_LOG,
)
def continuous(audit_logs: pd.DataFrame, collection: pd.DataFrame, *, max_gap_minutes: int = 10, min_hours: int = 24,
               max_age_days: int = MAX_AGE_DAYS) -> Judgement:
    """The audit log has no long gaps.

    What happened in a gap cannot be shown afterwards. If the audit policy leaves out requests of system components, a
    quiet cluster has gaps too: raise ``max_gap_minutes`` there. Logs that cover less than ``min_hours``, or end more
    than ``max_age_days`` before the snapshot, do not pass.
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
        (~ours, OF_ANOTHER_CLUSTER),
        ((logs["events"] == 0), WITHOUT_EVENTS),
        (silent.fillna(False), "there is no event for " + found["silence_minutes"].astype("string[pyarrow]")
         + " minutes after " + logs["silent_since"].dt.strftime("%Y-%m-%d %H:%M:%S").astype("string[pyarrow]")),
        (silent.isna(), "whether it has gaps is not known: some events have no time, or there are too few"),
        (~long.fillna(False), f"the logs cover less than {min_hours} hours"),
        (~recent.fillna(False), TOO_OLD.format(max_age_days)),
        (logs["truncated"].fillna(True), "the log is not complete, or not known to be complete"),
    )
    good = ours & long & recent & ~logs["truncated"].fillna(True)
    return judge(found, verdict(silent, good), ["events", "first", "last", "silence_minutes"], reasons=reasons)


@check(
    severity="high", finding="contains values of Secrets or tokens, or no record of who reads Secrets",
    wanted="get, list and watch of Secrets are logged at the level Metadata, and so are requests for tokens",
    remedy="Log secrets, serviceaccounts/token and tokenreviews at the level Metadata, in a rule before those that "
           "leave requests out. Higher levels write the values into the log.",
    source="CIS Kubernetes 3.2.2; Kubernetes documentation: auditing; 45 CFR 164.312(b)",
    tools=_TOOLS, if_empty=_NO_LOG,
)
def secret_reads_logged(audit_logs: pd.DataFrame, collection: pd.DataFrame, *, min_hours: int = 24,
                        max_age_days: int = MAX_AGE_DAYS) -> Judgement:
    """The audit log records who reads Secrets, but not their values.

    Without the reads, nobody can tell who saw a password. With the values, the log itself discloses them. Kubelets and
    controllers read Secrets all the time, so a log of ``min_hours`` or more without a read does not record reads. A log
    that ends more than ``max_age_days`` before the snapshot does not show the current audit policy.
    """
    logs = audit_logs
    ours, some = ~logs["other_cluster"], logs["reads_of_cluster"] > 0
    left_out = ~some & (logs["hours"] >= min_hours)
    recent = fresh(logs["newest_of_cluster"], collection, max_age_days)
    bad = (left_out | (logs["secret_bodies"] > 0)).mask(~ours | (logs["events"] == 0), pd.NA)
    bad = bad.mask(~bad.fillna(True) & (logs["unlevelled"] > 0), pd.NA)
    reasons = reason(
        (~ours, OF_ANOTHER_CLUSTER),
        (logs["events"] == 0, WITHOUT_EVENTS),
        (logs["secret_bodies"] > 0, "number of events that contain values of Secrets or tokens: "
         + logs["secret_bodies"].astype("string[pyarrow]")),
        (left_out.fillna(False), "the logs cover " + logs["hours"].round().astype("string[pyarrow]")
         + " hours and contain no read of a Secret"),
        (~some, f"the logs cover less than {min_hours} hours and contain no read of a Secret"),
        (logs["unlevelled"] > 0, "events about Secrets do not state the level at which they were logged"),
        (~recent.fillna(False), TOO_OLD.format(max_age_days)),
    )
    return judge(logs, verdict(bad, some & recent), ["secret_reads", "secret_bodies", "first", "last"], reasons=reasons)
