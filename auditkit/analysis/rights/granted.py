"""Granted against used: each rule that a subject holds, and the requests that it covers."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis.columns import INTEGER, STRING, listed, strings
from auditkit.analysis.rbac.bindings import grants, role_keys
from auditkit.analysis.rbac.index import Rights, Vocabulary
from auditkit.analysis.rbac.privileges import STANDARD
from auditkit.analysis.rbac.requests import CERTIFICATES, asked_beside
from auditkit.analysis.rbac.requests import RBAC as RBAC_GROUP
from auditkit.analysis.rights.beside import with_rights_beside
from auditkit.analysis.rights.logged import unlogged
from auditkit.analysis.rights.uses import RBAC, UNTOLD

TRACELESS = "it can be used without a request that names it"
NOT_STATED = "requests that it covers do not say by what they were allowed"
UNNAMED = "more objects were asked for than the log of uses tells apart by name"
GROUPLESS = "the log does not say in which groups those are who sent some of its requests"
SHOWN = 5
_ALSO_OBJECTS = ("roles", "clusterroles", "serviceaccounts", "podsecuritypolicies")
"""Resources with objects, beside which other rights are asked about."""
MOMENT = pd.ArrowDtype(pa.timestamp("us", tz="UTC"))
_OF_OBJECT, _OF_PATH = ("verb", "api_group", "resource", "subresource", "name"), ("verb", "path")
_SUBJECT = ["subject_kind", "subject_namespace", "subject"]
_BINDING = {"kind": "binding_kind", "namespace": "binding_namespace", "binding": "binding", "role_kind": "role_kind",
            "role": "role"}
_USED = {"requests": INTEGER, "last_used": MOMENT, "used": STRING, "impersonated_by": STRING}
_NEVER = pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in {
    "row": "int64", "number": "int64", "not_stated": "int64", "unnamed": "int64", **_USED}.items()})
"""What `_used` says where no request is known."""
_WORDS = {"verb": "verbs", "group": "groups", "resource": "resources", "resource_name": "resource_names", "url": "urls"}


def granted_uses(binding_subjects: pd.DataFrame, granted_rules: pd.DataFrame, role_urls: pd.DataFrame,
                 role_powers: pd.DataFrame, audit_uses: pd.DataFrame, audit_policy: pd.DataFrame) -> pd.DataFrame:
    """What each subject is granted, and what it used of it: one row for each subject of a binding and rule of its role.

    Columns: ``subject_kind, subject_namespace, subject`` and ``row`` (its place in `binding_subjects`), ``binding_kind,
    binding_namespace, binding, role_kind, role, rule`` (its position), ``namespace`` (where it holds; ``<NA>``:
    everywhere), ``verbs, groups, resources, resource_names, urls`` (what it grants), ``powers`` (those of
    `privileges.POWERS` that it holds); ``requests`` (how many it covers), ``last_used``, ``used`` (for what) and
    ``impersonated_by`` (who made them as this subject), all of them ``<NA>`` where none is in the log; ``traceless``
    (whether ``all`` or ``some`` of its rights can be used without a request that names them: see
    `rbac_requests.asked_beside`), and ``unseen``: why the others may have been used all the same (``<NA>``: every use
    would be in the log, as far as the log reaches).

    A request counts for every rule that covers it, not for the one that the authorizer found first, so that no right
    which is needed counts as unused. Requests that passed before RBAC was asked count for none.
    """
    rules, urls, count = _numbered(granted_rules, role_urls)
    who = _who(binding_subjects)
    held = _held(who, rules, urls)
    uses = audit_uses if audit_uses.empty else with_rights_beside(audit_uses)
    uses = uses[uses["allowed_by"].isin([RBAC, UNTOLD]).fillna(False)].reset_index(drop=True)
    used, granting = _NEVER, np.zeros(0, int)
    if len(uses):
        acting = _acting(uses, who)
        used = _used(_covered(uses, acting, held, rules, urls, count), uses)
        granting = _granting(acting, uses)
    found = held.merge(_granted(rules, urls), on="number", how="left")
    found = found.join(_powers(found, role_powers)).merge(used, on=["row", "number"], how="left")
    unseen = unlogged(found, who, rules, urls, audit_policy, audit_uses)
    found = found.merge(_traceless(rules, urls), on="number", how="left")
    silent = found["traceless"].eq("all") | (found["traceless"].notna() & found["row"].isin(granting))
    found["unseen"] = pd.Series(unseen, found.index, STRING).mask(silent.fillna(False), TRACELESS).mask(
        found["not_stated"].gt(0).fillna(False), NOT_STATED).mask(found["unnamed"].gt(0).fillna(False), UNNAMED)
    if (uses["actor"].notna() & uses["actor_groups"].isna()).any():  # the audit logs of Google Cloud
        of_groups = found["row"].isin(who.loc[who["of_group"].notna(), "row"])
        found["unseen"] = found["unseen"].mask(of_groups & found["unseen"].isna(), GROUPLESS)
    subjects = binding_subjects.reset_index(drop=True).rename(columns=_BINDING)
    named = subjects[[*_SUBJECT, *_BINDING.values()]].take(found["row"].to_numpy(int)).reset_index(drop=True)
    home = named["subject_namespace"].fillna(named["binding_namespace"])
    named["subject_namespace"] = home.where(named["subject_kind"].eq("ServiceAccount").fillna(False), pd.NA)
    columns = ["row", "rule", "namespace", *_WORDS.values(), "powers", "requests", "last_used", "used",
               "impersonated_by", "traceless", "unseen"]
    return pd.concat([named, found[columns]], axis=1)


def _numbered(granted_rules: pd.DataFrame, role_urls: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """Rights on resources and on paths with ``role_key`` and ``number``: one for each rule of a role."""
    keys = [_rule_keys(frame) for frame in (granted_rules, role_urls)]
    known = Vocabulary(*keys)
    parts = [frame.assign(number=known.codes(key), role_code=known.codes(key), role_key=pd.Series(
        pd.arrays.ArrowExtensionArray(role_keys(frame)), frame.index)) for frame, key in
        zip((granted_rules, role_urls), keys, strict=True)]
    return parts[0], parts[1], len(known)


def _rule_keys(frame: pd.DataFrame) -> pa.Array:
    """The rule of each row, as one text."""
    role = pd.Series(pd.arrays.ArrowExtensionArray(role_keys(frame)), frame.index)
    return strings(role + "\0" + frame["rule"].astype(STRING))


def _who(binding_subjects: pd.DataFrame) -> pd.DataFrame:
    """`rbac.grants` of the subjects that are somebody, with their place (``row``)."""
    who = grants(binding_subjects).assign(row=np.arange(len(binding_subjects)))
    return who[(who["user"].notna() | who["of_group"].notna()) & who["role_key"].notna()]


def _held(who: pd.DataFrame, rules: pd.DataFrame, urls: pd.DataFrame) -> pd.DataFrame:
    """The rules that each subject holds: ``row, number, rule, role_key, namespace``."""
    columns = ["role_key", "number", "rule"]
    distinct = pd.concat([rules[columns], urls[columns]]).drop_duplicates()
    held = who[["row", "role_key", "scope"]].merge(distinct, on="role_key").sort_values(["row", "rule"])
    return held.assign(namespace=held["scope"].replace("", pd.NA)).drop(columns="scope").reset_index(drop=True)


def _granted(rules: pd.DataFrame, urls: pd.DataFrame) -> pd.DataFrame:
    """What each rule grants, in words."""
    found = pd.concat([rules, urls])
    numbers = found["number"].to_numpy(np.int64)
    parts = {text: listed(numbers, strings(found[word])) for word, text in _WORDS.items()}
    return pd.DataFrame(parts).astype(STRING).rename_axis("number").reset_index()


def _powers(found: pd.DataFrame, role_powers: pd.DataFrame) -> pd.DataFrame:
    """The powers of each rule, where they have an effect in its namespace."""
    keys = pd.Series(pd.arrays.ArrowExtensionArray(role_keys(role_powers)), role_powers.index)
    powers = role_powers.assign(role_key=keys)[["role_key", "rule", "power", "in_namespaces"]].drop_duplicates()
    pairs = found[["role_key", "rule", "namespace"]].reset_index(names="at").merge(powers, on=["role_key", "rule"])
    pairs = pairs[pairs["namespace"].isna() | pairs["in_namespaces"]]
    said = listed(pairs["at"].to_numpy(np.int64), strings(pairs["power"]))
    return said.reindex(found.index).rename("powers").to_frame()


# --- what was used ---------------------------------------------------------------------------------------------------


def _covered(uses: pd.DataFrame, acting: pd.DataFrame, held: pd.DataFrame, rules: pd.DataFrame, urls: pd.DataFrame,
             count: int) -> pd.DataFrame:
    """Which use is covered by which rule of which subject: ``use, row, number``, and whether only perhaps
    (``unnamed``: the rule is limited to names, and those of the requests are not kept)."""
    parts = [_hits(uses, rules, urls, count).assign(unnamed=0)]
    many = uses["many_names"].fillna(False)
    if many.any():
        limited = rules[rules["resource_name"].notna()]
        anyhow = limited.assign(resource_name=pd.Series(pd.NA, limited.index, STRING))
        parts.append(_hits(uses[many], anyhow, urls.iloc[:0], count).assign(unnamed=1))
    pairs = pd.concat(parts).merge(acting, on="use")
    return pairs.merge(held[["row", "number"]], on=["row", "number"])


def _acting(uses: pd.DataFrame, who: pd.DataFrame) -> pd.DataFrame:
    """The subjects of bindings that count for each use, by its user, groups and namespace: ``use, row``."""
    asked = uses[["actor", "actor_groups", "namespace"]].assign(
        use=np.arange(len(uses)), namespace=uses["namespace"].mask(uses["path"].notna(), pd.NA).fillna(""))
    lists = uses["actor_groups"].drop_duplicates().dropna()
    member = pd.DataFrame({"actor_groups": lists, "of_group": lists.str.split(",")}).explode("of_group").astype(STRING)
    by_user = asked.merge(who[who["user"].notna()], left_on="actor", right_on="user")
    by_group = member.merge(who[who["of_group"].notna()].drop(columns="user"), on="of_group").merge(
        asked, on="actor_groups")
    found = pd.concat([part[["use", "row", "scope", "namespace"]] for part in (by_user, by_group)])
    here = found["scope"].eq("") | found["scope"].eq(found["namespace"])
    return found.loc[here, ["use", "row"]].drop_duplicates()


def _hits(uses: pd.DataFrame, rules: pd.DataFrame, urls: pd.DataFrame, count: int) -> pd.DataFrame:
    """Which rule of any role covers each use: ``use, number``; as the authorizer compares them."""
    rights, parts = Rights(rules, urls, count), []
    on_path = uses["path"].notna() & uses["resource"].isna()
    for here, asked, allowing in ((~on_path, _OF_OBJECT, rights.allowing), (on_path, _OF_PATH, rights.allowing_path)):
        rows = uses[here.fillna(False)]
        ask, turns = allowing(*(strings(rows[name].fillna("")) for name in asked))
        pairs = _pairs(turns)
        parts.append(pd.DataFrame({"use": rows.index.to_numpy(), "ask": ask}).merge(pairs, on="ask")[["use", "number"]])
    return pd.concat(parts, ignore_index=True)


def _pairs(turns: Iterator[tuple[int, np.ndarray]]) -> pd.DataFrame:
    found = [np.zeros((2, 0), np.int64)]
    for first, matrix in turns:
        ask, number = np.nonzero(matrix)
        found.append(np.stack([ask + first, number]))
    return pd.DataFrame(np.concatenate(found, axis=1).T, columns=["ask", "number"])


def _used(covered: pd.DataFrame, uses: pd.DataFrame) -> pd.DataFrame:
    """For each rule of a subject: ``requests, last_used, used, impersonated_by, not_stated, unnamed``."""
    below = (("/" + uses["subresource"]).fillna(""))
    what = uses["verb"] + " " + (uses["resource"] + below).fillna(uses["path"])
    whom = uses["user"].where(uses["impersonated_user"].notna(), pd.NA)
    told = uses["allowed_by"].eq(RBAC).to_numpy(bool)
    facts = pd.DataFrame({"requests": uses["requests"], "last": uses["last"], "what": what, "by": whom, "told": told})
    rows = covered.join(facts, on="use")
    sure = rows[rows["told"] & (rows["unnamed"] == 0)]
    keys = ["row", "number"]
    found = sure.groupby(keys).agg(requests=("requests", "sum"), last_used=("last", "max"))
    found = found.join(_listed(sure, "what", "used")).join(_listed(sure, "by", "impersonated_by"))
    open_ = rows.assign(not_stated=~rows["told"]).groupby(keys).agg(not_stated=("not_stated", "sum"),
                                                                      unnamed=("unnamed", "sum"))
    return open_.join(found).astype(_USED).reset_index()


def _listed(rows: pd.DataFrame, column: str, name: str) -> pd.Series:
    """The most frequent values of a column by rule of a subject, and how many more there are."""
    keys = ["row", "number"]
    counted = rows[rows[column].notna()].groupby([*keys, column])["requests"].sum().reset_index()
    counted = counted.sort_values([*keys, "requests", column], ascending=[True, True, False, True])
    place = counted.groupby(keys).cumcount()
    said = counted[place < SHOWN].groupby(keys)[column].agg(", ".join)
    more = counted.groupby(keys).size() - SHOWN
    return said.where(more <= 0, said + " and " + more.astype(str) + " more").rename(name)


def _traceless(rules: pd.DataFrame, urls: pd.DataFrame) -> pd.DataFrame:
    """For each rule whether it has rights that can be used without a request that names them: ``all`` of them or
    ``some``. Other components ask about paths too."""
    wide = (rules["resource"].eq("*") & rules["verb"].isin([*STANDARD, "*"])) | (
        rules["verb"].eq("*") & rules["resource"].isin(_ALSO_OBJECTS))
    silent = asked_beside(rules)
    of_rules = pd.DataFrame({"number": rules["number"], "some": silent, "each": silent & ~wide.fillna(False)})
    rights = pd.concat([of_rules, pd.DataFrame({"number": urls["number"], "some": True, "each": True})]).astype(
        {"some": bool, "each": bool}).groupby("number").agg(some=("some", "any"), each=("each", "all"))
    said = pd.Series(pd.NA, rights.index, STRING).mask(rights["some"], "some").mask(rights["each"], "all")
    return said.rename("traceless").reset_index()


def _granting(acting: pd.DataFrame, uses: pd.DataFrame) -> np.ndarray:
    """The subjects that changed roles, bindings or certificate requests: then the API server asked about more."""
    changed = uses["api_group"].isin([RBAC_GROUP, CERTIFICATES]) & ~uses["verb"].isin(["get", "list", "watch"])
    of_them = acting["use"].isin(np.flatnonzero(changed.fillna(False).to_numpy(bool)))
    return np.unique(acting.loc[of_them, "row"].to_numpy(int))
