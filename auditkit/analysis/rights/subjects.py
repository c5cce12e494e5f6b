"""Which subject people mean: by the name that its requests carry, as bindings name it, or with its kind before it."""

from collections.abc import Iterable

import pandas as pd

from auditkit.analysis.rbac.bindings import ACCOUNT_USER
from auditkit.analysis.rights.manifests import Subject
from auditkit.errors import NoSuchName, UsageError

_KINDS = {"user": "User", "group": "Group", "serviceaccount": "ServiceAccount"}


def subject(said: str, binding_subjects: pd.DataFrame, service_accounts: pd.DataFrame,
            audit_uses: pd.DataFrame) -> Subject:
    """The subject of bindings, service account, or user of the log that is meant.

    ``alice``, ``billing/deployer`` and ``system:serviceaccount:billing:deployer`` are found by their names. Where a
    user and a group have the same one, ``user:`` or ``group:`` stands before it (also ``serviceaccount:``). Raises
    `UsageError` where several are meant, and `NoSuchName`.
    """
    kind, colon, name = said.partition(":")
    only = _KINDS.get(kind.lower()) if colon else None
    wanted = name if only else said
    known = dict.fromkeys([*_of_bindings(binding_subjects), *_of_accounts(service_accounts), *_of_log(audit_uses)])
    found = [one for one in known if only in (None, one.kind) and wanted in (_short(one), one.user)]
    if len(found) > 1:
        raise UsageError(f"{said} can be {' or '.join(one.called for one in found)}. Write its kind before it: "
                         f"{' or '.join(f'{one.kind.lower()}:{_short(one)}' for one in found)}.")
    if not found:
        raise NoSuchName("subject of bindings, service account or user of the log", said, map(_short, known))
    return found[0]


def rows_of(one: Subject, granted_uses: pd.DataFrame) -> pd.Series:
    """The rows of `granted_uses` that name a subject."""
    same = granted_uses["subject_kind"].eq(one.kind) & granted_uses["subject"].eq(one.name)
    return (same & granted_uses["subject_namespace"].fillna("").eq(one.namespace)).fillna(False)


def _short(one: Subject) -> str:
    return f"{one.namespace}/{one.name}" if one.namespace else one.name


def _of_bindings(bound: pd.DataFrame) -> Iterable[Subject]:
    named = bound[bound["subject_kind"].isin(list(_KINDS.values())) & bound["subject"].notna()]
    home = named["subject_namespace"].fillna(named["namespace"]).where(named["subject_kind"].eq("ServiceAccount"), "")
    return map(Subject._make, zip(named["subject_kind"], named["subject"], home.fillna(""), strict=True))


def _of_accounts(accounts: pd.DataFrame) -> Iterable[Subject]:
    return (Subject("ServiceAccount", name, space)
            for space, name in accounts[["namespace", "name"]].dropna().itertuples(index=False))


def _of_log(uses: pd.DataFrame) -> Iterable[Subject]:
    for user in uses["actor"].dropna().unique():
        space, colon, name = user.removeprefix(ACCOUNT_USER).partition(":")
        is_account = user.startswith(ACCOUNT_USER) and colon
        yield Subject("ServiceAccount", name, space) if is_account else Subject("User", user)
    for group in {group for text in uses["actor_groups"].dropna().unique() for group in text.split(",")}:
        yield Subject("Group", group)
