"""Every subject that can do one thing, with the chain that grants it (binding → role → rule → aggregated from)."""

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis.columns import STRING, strings
from auditkit.analysis.rbac.bindings import ACCOUNT_GROUP, ACCOUNT_USER, MASTERS
from auditkit.analysis.rbac.index import Patterns
from auditkit.analysis.rbac.requests import CERTIFICATES, NAMELESS

COLUMNS = {
    "subject_kind": STRING, "subject_namespace": STRING, "subject": STRING, "through": STRING, "members": STRING,
    "binding_kind": STRING, "binding_namespace": STRING, "binding": STRING, "role_kind": STRING, "role": STRING,
    "rule": pd.ArrowDtype(pa.int64()), "aggregated_from": STRING, "namespace": STRING, "resource_name": STRING,
}
NOT_KNOWN = "the cluster does not store its members"
EVERYBODY = {
    "system:authenticated": "all authenticated users",
    "system:unauthenticated": "all unauthenticated users",
    ACCOUNT_GROUP: "all service accounts",
    "system:nodes": "all nodes",
}


def holders(matching: pd.DataFrame, subjects: pd.DataFrame, grants: pd.DataFrame, memberships: pd.DataFrame,
            scopes: tuple[str, ...] | None) -> pd.DataFrame:
    """The subjects that hold a role with one of the ``matching`` rules in one of the scopes (all where ``None``).

    ``subjects`` is `binding_subjects` and ``grants`` what `rbac.grants` says of it, row by row.
    """
    counts = (grants["role_code"] >= 0) & (grants["user"].notna() | grants["of_group"].notna())
    if scopes is not None:
        counts &= grants["scope"].isin(scopes)
    counts = counts.to_numpy(dtype=bool)
    bound = pd.DataFrame({
        "subject_kind": subjects["subject_kind"], "subject_namespace": homes(subjects, grants),
        "subject": subjects["subject"], "binding_kind": subjects["kind"], "binding_namespace": subjects["namespace"],
        "binding": subjects["binding"], "role_kind": subjects["role_kind"], "role": subjects["role"],
        "namespace": grants["scope"].replace("", pd.NA).array, "role_code": grants["role_code"].array,
    })[counts]
    rules = matching[["role_code", "rule", "resource_name", "aggregated_from"]]
    found = bound.merge(rules.drop_duplicates(["role_code", "rule", "resource_name"]), on="role_code")
    found = pd.concat([_masters(), found.reindex(columns=[c for c in COLUMNS if c in found])], ignore_index=True)
    found["members"] = describe_members(found, memberships)
    found = pd.concat([found, _through_groups(found, memberships)], ignore_index=True)
    found = found.reindex(columns=list(COLUMNS)).astype(COLUMNS).drop_duplicates()
    order = ["subject_kind", "subject_namespace", "subject", "through", "binding_kind", "namespace", "binding", "rule"]
    return found.sort_values(order, na_position="first", ignore_index=True)


def homes(subjects: pd.DataFrame, grants: pd.DataFrame) -> pd.Series:
    """The namespace of a service account, also where the binding leaves it to its own."""
    account = (subjects["subject_kind"] == "ServiceAccount").to_numpy(dtype=bool)
    named = grants["user"].str.removeprefix(ACCOUNT_USER).str.split(":", n=1, regex=False).list[0]
    return named.where(account, pd.NA).set_axis(subjects.index)


def _masters() -> pd.DataFrame:
    """The group that may do everything before RBAC is asked; no binding grants it that."""
    return pd.DataFrame({"subject_kind": ["Group"], "subject": [MASTERS]}, dtype=STRING)


def describe_members(found: pd.DataFrame, memberships: pd.DataFrame) -> pd.Series:
    """What is known of the members of groups, in words; ``<NA>`` for other subjects.

    ``found`` has columns ``subject_kind`` and ``subject``.
    """
    group = found["subject"]
    said = group.map(EVERYBODY)
    of_namespace = group.str.startswith(f"{ACCOUNT_GROUP}:").fillna(False)
    said = said.where(~of_namespace, "all service accounts of " + group.str.removeprefix(f"{ACCOUNT_GROUP}:"))
    stated = group.map(memberships.groupby("group").size() if len(memberships) else {})
    said = said.where(said.notna() | stated.isna(), stated.astype(STRING) + " by the membership file")
    said = said.astype(STRING).fillna(NOT_KNOWN)
    return said.where((found["subject_kind"] == "Group").to_numpy(dtype=bool), pd.NA)


def _through_groups(found: pd.DataFrame, memberships: pd.DataFrame) -> pd.DataFrame:
    """A row for each member of a group, as far as the membership file says."""
    if not len(memberships):
        return found.iloc[:0]
    groups = found[found["subject_kind"] == "Group"].rename(columns={"subject": "through"})
    people = groups.merge(memberships.rename(columns={"user": "subject", "group": "through"}), on="through")
    named = people["subject"].str.extract(rf"^{ACCOUNT_USER}(?P<space>[^:]+):(?P<name>[^:]+)$").astype(STRING)
    account = named["name"].notna()
    return people.assign(
        subject_kind=pd.Series("User", people.index, STRING).mask(account, "ServiceAccount"),
        subject_namespace=named["space"], subject=people["subject"].mask(account, named["name"]), members=pd.NA)


def matching_rules(rules: pd.DataFrame, verb: str, group: str, resource: str, subresource: str,
                   name: str | None) -> pd.DataFrame:
    """The rules that allow it.

    ``name=None`` asks of any object, so that rules limited to names count too, where requests for it have a name. For
    a signer the API server asks again for all signers of its domain, ``DOMAIN/*`` (source: kubernetes
    ``pkg/certauthorization``).
    """
    joined = f"{resource}/{subresource}" if subresource else resource
    resources = ["*", joined, *([f"*/{subresource}"] if subresource else [])]
    matches = (_is_in(rules["verb"], ["*", verb]) & _is_in(rules["group"], ["*", group])
               & _is_in(rules["resource"], resources))
    names = [name] if name is not None else []
    if name and (group, resource) == (CERTIFICATES, "signers"):
        names.append(f"{name.partition('/')[0]}/*")
    if name is not None or (verb in NAMELESS and not subresource):
        matches &= rules["resource_name"].isna().to_numpy(dtype=bool) | _is_in(rules["resource_name"], names)
    return rules[matches]


def matching_urls(urls: pd.DataFrame, verb: str, path: str) -> pd.DataFrame:
    """The rules that allow a verb on a path that is no resource; the column ``resource_name`` is empty."""
    patterns = Patterns(strings(urls["url"]))
    meant = np.concatenate(patterns.matching(pa.array([path])))
    matches = np.isin(patterns.words.codes(strings(urls["url"])), meant[meant >= 0])
    return urls[matches & _is_in(urls["verb"], ["*", verb])].assign(resource_name=pd.Series(pd.NA, urls.index, STRING))


def _is_in(values: pd.Series, wanted: list[str]) -> np.ndarray:
    """For each text, true if it is one of these; a missing text is none of them."""
    return np.asarray(values.isin(wanted).to_numpy(dtype=bool))
