"""Why the use of a right may not stand in the audit log, by the audit policy."""

import pandas as pd

from auditkit.analysis.rbac.bindings import ACCOUNT_USER, ANONYMOUS, implicit_groups
from auditkit.analysis.rights.policy import CONTRADICTED, LEFT_OUT, UNGIVEN, Policy, Right, Who, policies

_ASKED = ["user", "user_groups", "verb", "api_group", "resource", "subresource", "namespace", "name", "path", "level"]
_ATOM = ["verb", "group", "resource", "resource_name", "url"]


def unlogged(held: pd.DataFrame, who: pd.DataFrame, rules: pd.DataFrame, urls: pd.DataFrame, audit_policy: pd.DataFrame,
             audit_uses: pd.DataFrame) -> list[str | None]:
    """For each rule that a subject holds (``row, number, namespace``), why a use may not be in the log; else ``None``.

    ``who`` is `rbac.grants` with ``row``; ``rules`` and ``urls`` have the rights of each ``number``.
    """
    known = policies(audit_policy)
    if not known:
        return [UNGIVEN] * len(held)
    if not all(_explains(policy, audit_uses) for policy in known):
        return [CONTRADICTED] * len(held)
    rights = pd.concat([rules, urls])[["number", *_ATOM]].drop_duplicates()
    plain = rights.astype(object).where(rights.notna(), None)
    of_rule = {number: list(rows[_ATOM].itertuples(index=False, name=None)) for number, rows in plain.groupby("number")}
    subjects = _subjects(who, audit_uses)
    spaces = held["namespace"].astype(object).where(held["namespace"].notna(), None)
    return [None if _all_logged(known, subjects[row], of_rule[number], space) else LEFT_OUT
            for row, number, space in zip(held["row"], held["number"], spaces, strict=True)]


def _explains(policy: Policy, audit_uses: pd.DataFrame) -> bool:
    """Whether each event was logged at the level that the policy has for it: if not, another one was in force.

    Of requests that were refused neither name nor path is kept, and a rule that is limited to them decides nothing.
    """
    rows = audit_uses.loc[audit_uses["user"].notna() & audit_uses["level"].notna(), _ASKED].drop_duplicates()
    plain = rows.astype(object).where(rows.notna(), None)
    for user, groups, verb, group, plural, below, space, name, path, level in plain.itertuples(index=False, name=None):
        if plural is None and path is None:
            continue
        who = Who(user, frozenset(groups.split(",") if groups else ()), True)
        asked = (Right(verb, path=path) if plural is None else
                 Right(verb, group or "", f"{plural}/{below}" if below else plural, space or "", name))
        if policy.level(who, asked) not in (level, None):
            return False
    return True


def _all_logged(known: list[Policy], who: Who, rights: list[tuple[str | None, ...]], namespace: str | None) -> bool:
    asked = [Right(verb or "", group or "", resource or "", namespace, name, url)
             for verb, group, resource, name, url in rights]
    return all(policy.logged(who, right) for right in asked for policy in known)


def _subjects(who: pd.DataFrame, audit_uses: pd.DataFrame) -> dict[int, Who]:
    """Who sends the requests of each subject, with the groups that the log shows of a user."""
    seen: dict[str, set[str]] = {}
    for user, groups in audit_uses[["user", "user_groups"]].drop_duplicates().dropna().itertuples(index=False):
        seen.setdefault(user, set()).update(groups.split(","))
    found = {}
    for row, user, group in who[["row", "user", "of_group"]].itertuples(index=False):
        if isinstance(user, str):
            exact = user.startswith(ACCOUNT_USER) or user == ANONYMOUS  # others may come with other groups another time
            found[row] = Who(user, frozenset({*implicit_groups(user), *seen.get(user, ())}), exact)
        else:
            found[row] = Who(None, frozenset({group}), False)
    return found
