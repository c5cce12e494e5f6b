"""The access of one person: what binds roles to them, which powers these have, and how far full power is."""

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.rbac.bindings import implicit_groups
from auditkit.analysis.rights import subjects
from auditkit.analysis.rights.manifests import Subject
from auditkit.base import hostile_text as text
from auditkit.errors import NoSuchName
from auditkit.reports.panels.access_and_network import missing
from auditkit.reports.panels.block import Block
from auditkit.reports.panels.population import table
from auditkit.snapshots.snapshot import Snapshot

COLUMNS = ["binding", "role", "where", "through", "powers"]
_NOT_STORED = "A cluster does not store the groups of a user: bindings of other groups may add rights."


def person(snap: Snapshot, subject: str) -> Block:
    """The access of a user, group or service account: one row for each binding, with the powers of its role.

    ``subject`` is its name as bindings have it; a service account is ``NAMESPACE/NAME``. Bindings of the groups that it
    is known to be in count, with the group in ``through``. Where bindings were not read completely, it may have some
    though none names it. Raises `NoSuchName` and `UsageError`.
    """
    bound = snap.binding_subjects
    try:
        one = subjects.subject(subject, bound, snap.service_accounts, snap.audit_uses)
    except NoSuchName:
        if unknown := missing(snap, "binding_subjects"):
            return table(pd.DataFrame(columns=COLUMNS), f"Access of {subject}", f"It is not known. {unknown}")
        raise
    groups = _groups(one, snap.memberships)
    named = subjects.rows_of(one, bound.assign(subject_namespace=bound["subject_namespace"].fillna(
        bound["namespace"].where(bound["subject_kind"].eq("ServiceAccount")))))
    through = (bound["subject_kind"].eq("Group") & bound["subject"].isin(groups)).fillna(False)
    found = bound[named | through]
    held = snap.held_powers
    powers = held[held["through"].isna()].groupby("row")["power"].agg(lambda names: ", ".join(sorted(set(names))))
    rows = pd.DataFrame({
        "binding": found["kind"] + " " + found["binding"], "role": found["role_kind"] + " " + found["role"],
        "where": found["namespace"].fillna("whole cluster"), "through": found["subject"].where(through),
        "powers": powers.reindex(found.index).astype(STRING)})
    notes = [_steps(one, groups, snap), _NOT_STORED if one.kind == "User" else "",
             missing(snap, "held_powers"), missing(snap, "paths_to_admin")]
    return table(rows, f"Access of {one.called}", " ".join(dict.fromkeys(filter(None, notes))))


def _groups(one: Subject, memberships: pd.DataFrame) -> list[str]:
    """The groups that a subject is known to be in."""
    if one.kind == "Group":
        return ["system:authenticated"]  # everybody who has groups is in it
    return [*implicit_groups(one.user), *memberships.loc[memberships["user"].eq(one.user).fillna(False), "group"]]


def _steps(one: Subject, groups: list[str], snap: Snapshot) -> str:
    """How far full power over the cluster is, by the subject itself or a group of it, as a sentence."""
    paths = snap.paths_to_admin
    itself = (paths["kind"].eq(one.kind) & paths["name"].eq(one.name)
              & paths["namespace"].fillna("").eq(one.namespace)).fillna(False)
    through = (paths["kind"].eq("Group") & paths["name"].isin(groups)).fillna(False)
    mine = paths[(itself | through) & paths["steps"].notna()].sort_values("steps", kind="stable")
    if mine.empty:
        return "No path to full power over the cluster is known."
    away = text.count(int(mine["steps"].iloc[0]), "step")
    doubt = "" if mine["certain"].fillna(False).iloc[0] else ", if conditions hold that the snapshot does not show"
    return f"Full power over the cluster is {away} away{doubt}: {mine['path'].iloc[0]}."
