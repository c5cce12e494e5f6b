"""Rights that nobody uses: what audit logs show of each binding, where they are complete.

A log shows that a right was used. That it was not used is known only where no request of the time can be missing: see
`auditkit.analysis.rights.reach` and `auditkit.analysis.rights.granted`. Everything else is unknown.
"""

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.rbac.defaults import shipped_bindings
from auditkit.analysis.rights import reach, states
from auditkit.checks.model import BOOLEAN, Judgement, check, judge
from auditkit.checks.support.evidence import reason
from auditkit.scans.registry import Providers

_TOOLS = Providers("use of rights")
_EVIDENCE = ["subject_kind", "subject_namespace", "subject", "role_kind", "role"]
_OTHERWISE = "Kubernetes ships this binding, or it grants no such right"
_WANTED = ("a use in the {days} days before the snapshot, in an audit log without a gap of more than {max_gap_minutes} "
           "minutes, with its audit policy")
_SOURCE = "45 CFR 164.308(a)(4)(ii)(C); NIST SP 800-53 AC-2(3), AC-6(7)"


@check(
    severity="medium", finding="uses none of the rights of its binding", wanted=_WANTED,
    remedy="Ask the owner whether the access is still needed, and delete the binding if it is not.", source=_SOURCE,
    tools=_TOOLS, needs=("audit_uses",),
)
def bindings_used(binding_subjects: pd.DataFrame, granted_uses: pd.DataFrame, audit_uses: pd.DataFrame,
                  audit_logs: pd.DataFrame, audit_silences: pd.DataFrame, api_servers: pd.DataFrame,
                  collection: pd.DataFrame, *, days: int = reach.DAYS, max_gap_minutes: int = reach.MAX_GAP_MINUTES,
                  max_lag_hours: int = reach.MAX_LAG_HOURS) -> Judgement:
    """Each subject of a binding uses its rights.

    Access that nobody uses is access that nobody would miss if it were stolen. A right counts as used if it covers a
    request, also where another binding allowed it. Rights that leave no trace in a log (what kubelets serve, paths,
    ``bind``) do not count as unused; where a binding grants nothing else, its use is unknown.
    """
    period = reach.period(audit_logs, audit_silences, audit_uses, api_servers, collection, days=days,
                          max_gap_minutes=max_gap_minutes, max_lag_hours=max_lag_hours)
    return _judged(binding_subjects, states.bindings_unused(granted_uses, period), period, days)


@check(
    severity="medium", finding="does not use a powerful right that it holds", wanted=_WANTED,
    remedy="Narrow the role to what is used: `auditkit rights propose SUBJECT` writes it.", source=_SOURCE,
    tools=_TOOLS, needs=("audit_uses",),
)
def powers_used(binding_subjects: pd.DataFrame, granted_uses: pd.DataFrame, audit_uses: pd.DataFrame,
                audit_logs: pd.DataFrame, audit_silences: pd.DataFrame, api_servers: pd.DataFrame,
                collection: pd.DataFrame, *, days: int = reach.DAYS, max_gap_minutes: int = reach.MAX_GAP_MINUTES,
                max_lag_hours: int = reach.MAX_LAG_HOURS) -> Judgement:
    """Each subject of a binding uses the powerful rights that it holds.

    A rule is powerful if it leads to more rights, to Secrets or to what runs in the cluster. Each rule counts for
    itself: one that is used does not excuse another.
    """
    period = reach.period(audit_logs, audit_silences, audit_uses, api_servers, collection, days=days,
                          max_gap_minutes=max_gap_minutes, max_lag_hours=max_lag_hours)
    powerful = granted_uses[granted_uses["powers"].notna()]
    return _judged(binding_subjects, states.rules_unused(powerful, period), period, days)


def _judged(subjects: pd.DataFrame, found: pd.DataFrame, period: reach.Period, days: int) -> Judgement:
    """A verdict for each subject by its row in ``found`` (``unused, last_used, what, unseen``); none for those without
    one, and for those that Kubernetes ships."""
    rows = found.reindex(range(len(subjects))).set_axis(subjects.index)
    there = pd.Series(pd.RangeIndex(len(subjects)).isin(found.index), subjects.index, BOOLEAN)
    shipped = shipped_bindings(subjects).set_axis(subjects.index)
    unused = rows["unused"].astype(BOOLEAN)

    def reasons() -> pd.Series:
        last = rows["last_used"].dt.strftime("%Y-%m-%d").astype(STRING)
        what = rows["what"].astype(STRING)
        said = reason(
            (unused.fillna(False), f"not used in {days} days: " + what + ("; last used on " + last).fillna("")),
            (unused.isna() & bool(period.gaps), "; ".join(period.gaps)),
            (unused.isna(), rows["unseen"].astype(STRING)))
        return said.set_axis(subjects.index)

    shown = subjects.assign(last_used=rows["last_used"])
    return judge(shown, ~unused, [*_EVIDENCE, "last_used"], applies=there & ~shipped, otherwise=_OTHERWISE,
                 reasons=reasons)
