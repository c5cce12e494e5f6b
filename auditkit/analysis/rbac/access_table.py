"""The table `access`: subject × verb × group × resource × namespace × name, wildcards written out.

Rights are written out once for each role, and subjects joined to them last, as numbers; texts are dictionary-encoded,
so that ten million rows take a few hundred megabytes.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import STRING, strings
from auditkit.analysis.rbac.bindings import MASTERS, grants
from auditkit.analysis.rbac.index import Multimap, Vocabulary, role_codes
from auditkit.analysis.rbac.requests import ONLY_ASKED, nameless
from auditkit.analysis.rbac.requests import inside as asked_inside
from auditkit.analysis.rbac.who_can import homes

SUBJECT, WHAT = ["subject_kind", "subject_namespace", "subject"], ["verb", "group", "resource"]
HOLDINGS = 2_000
"""How many pairs of subject and role are written out together."""


class Rights(NamedTuple):
    """Rights by number (verb, group, resource, name), and those of each role: everywhere, and inside a namespace."""

    written: pd.DataFrame
    names: pa.Array
    everywhere: Multimap
    inside: Multimap


class Holdings(NamedTuple):
    """Who holds which role where: a number for each subject and scope, and subjects and scopes by number."""

    holder: np.ndarray
    role: np.ndarray
    scopes: pa.Array
    subjects: pd.DataFrame


def access(granted_rules: pd.DataFrame, binding_subjects: pd.DataFrame, api_resources: pd.DataFrame) -> pd.DataFrame:
    """The effective rights of every subject of a binding on resources, each right once.

    Columns: ``subject_kind, subject_namespace, subject, verb, group, resource`` (``pods/exec`` with a subresource),
    ``namespace`` (``<NA>``: everywhere), ``name`` (``<NA>``: every object). Groups are listed as groups, and
    ``system:masters`` always, since it may do everything. Wildcards are written out against what the server serves,
    with the verbs that only authorization knows (bind, escalate, impersonate, approve, sign); one that meets nothing
    served stays as it is written. What a RoleBinding grants outside of namespaces has no effect and is not listed.
    Rights to create objects of certain names, which no request meets (`rbac_requests.NAMELESS`), are not listed either.
    Texts are dictionary-encoded: ``astype("string[pyarrow]")`` makes plain ones.
    """
    granted = grants(binding_subjects)
    masters = role_codes(granted_rules, granted_rules.iloc[:0].assign(url=""), granted)
    everything = {"role_code": masters, "verb": "*", "group": "*", "resource": "*", "resource_name": None}
    rules = granted_rules[[*everything]]
    rules = pd.concat([rules, pd.DataFrame([everything]).astype(rules.dtypes)])
    rights = _rights(rules, _served(api_resources))
    return _frame(_holdings(binding_subjects, granted, masters), rights)


def written_out(rules: pd.DataFrame, api_resources: pd.DataFrame) -> pd.DataFrame:
    """Rules with wildcards written out, and ``inside``: a request for it can name a namespace."""
    distinct = rules[WHAT].drop_duplicates(ignore_index=True)
    at, written = _written_out(distinct, _served(api_resources))
    row, number = Multimap(at, np.arange(len(written))).find(_places(rules[WHAT], distinct))
    columns = written.iloc[number].reset_index(drop=True)
    rules = rules.iloc[row].reset_index(drop=True).assign(**columns).drop_duplicates()
    none = nameless(rules["verb"], rules["resource"]) & rules["resource_name"].notna()
    return rules[~none].reset_index(drop=True)


def _served(api_resources: pd.DataFrame) -> pd.DataFrame:
    """What can be asked for: ``group, resource, verb``, and ``inside``: a request for it can name a namespace."""
    served = api_resources[["group", "resource", "verb", "namespaced"]].dropna()
    of_one = asked_inside(served["verb"], served["group"], served["resource"])
    served = served.assign(inside=served["namespaced"] | of_one)
    only_asked = pd.DataFrame(ONLY_ASKED, columns=["group", "resource", "verb", "inside"]).astype(
        {"group": STRING, "resource": STRING, "verb": STRING, "inside": served["inside"].dtype})
    known = pd.concat([served[["group", "resource", "verb", "inside"]], only_asked])
    return known.groupby(["group", "resource", "verb"], as_index=False)["inside"].any()


def _rights(rules: pd.DataFrame, served: pd.DataFrame) -> Rights:
    """The rights of roles, wildcards written out."""
    distinct = rules[WHAT].drop_duplicates(ignore_index=True)
    stated = _places(rules[WHAT], distinct)
    at, written = _written_out(distinct, served)
    numbered = written.drop_duplicates(ignore_index=True)
    number = _places(written, numbered)
    names = Vocabulary(strings(rules["resource_name"]))
    row, right = Multimap(at, number).find(stated)
    named = rules["resource_name"].notna().to_numpy(dtype=bool)
    none = nameless(numbered["verb"], numbered["resource"]).to_numpy(dtype=bool)[right] & named[row]
    row, right = row[~none], right[~none]
    name = names.codes(strings(rules["resource_name"]))[row] + 1
    role = rules["role_code"].to_numpy(np.int64)[row]
    inside = numbered["inside"].to_numpy(dtype=bool)[right]
    right = right * (len(names) + 1) + name
    return Rights(numbered, names.values, Multimap(role, right), Multimap(role[inside], right[inside]))


def _written_out(distinct: pd.DataFrame, served: pd.DataFrame) -> tuple[np.ndarray, pd.DataFrame]:
    """Each verb × group × resource of rules as what it means: the places of the former, and rows of the latter."""
    words = [Vocabulary(strings(distinct[name]), strings(served[name])) for name in WHAT]
    asked = [word.codes(strings(distinct[name])) for word, name in zip(words, WHAT, strict=True)]
    known = [word.codes(strings(served[name])) for word, name in zip(words, WHAT, strict=True)]
    star = [word.code("*") for word in words]
    resources = strings(distinct["resource"])
    partly = pc.starts_with(resources, "*/").to_numpy(zero_copy_only=False)
    ends = words[2].codes(pc.replace_substring_regex(strings(served["resource"]), r"^[^/]*/", "*/"))
    wild = np.flatnonzero((asked[0] == star[0]) | (asked[1] == star[1]) | (asked[2] == star[2]) | partly)
    pairs = [np.zeros((2, 0), np.int64)]
    for some in np.array_split(wild, len(wild) * max(1, len(served)) // 10_000_000 + 1):
        verb, group, resource = (column[some, None] for column in asked)
        means = ((verb == known[0]) | (verb == star[0])) & ((group == known[1]) | (group == star[1])) & (
            (resource == known[2]) | (resource == star[2]) | (resource == ends))
        row, column = np.nonzero(means)
        pairs.append(np.stack([some[row], column]))
    at, meant = np.concatenate(pairs, axis=1)
    stays = np.setdiff1d(np.arange(len(distinct)), at)
    literal = distinct.iloc[stays].merge(served, on=WHAT, how="left")
    literal["inside"] = literal["inside"].fillna(True)
    columns = [*WHAT, "inside"]
    return np.concatenate([at, stays]), pd.concat([served.iloc[meant][columns], literal[columns]], ignore_index=True)


def _holdings(binding_subjects: pd.DataFrame, granted: pd.DataFrame, masters: int) -> Holdings:
    """Who holds which role where, each once, with ``system:masters``, to whom the role ``masters`` is given."""
    real = ((granted["role_code"] >= 0) & (granted["user"].notna() | granted["of_group"].notna())).to_numpy(bool)
    bound = pd.DataFrame({
        "subject_kind": binding_subjects["subject_kind"].array,
        "subject_namespace": homes(binding_subjects, granted).array, "subject": binding_subjects["subject"].array,
        "scope": granted["scope"].array, "role": granted["role_code"].array})
    always = pd.DataFrame([("Group", None, MASTERS, "", masters)], columns=list(bound)).astype(bound.dtypes)
    bound = pd.concat([bound[real], always]).drop_duplicates()
    subjects = bound[SUBJECT].drop_duplicates().sort_values(SUBJECT, na_position="first", ignore_index=True)
    subject = _places(bound[SUBJECT], subjects)
    scopes = pc.unique(strings(bound["scope"])).sort()
    scope = pc.index_in(strings(bound["scope"]), scopes).to_numpy()
    holder = subject * len(scopes) + scope
    order = np.argsort(holder, kind="stable")
    return Holdings(holder[order], bound["role"].to_numpy(np.int64)[order], scopes, subjects)


def _places(rows: pd.DataFrame, among: pd.DataFrame) -> np.ndarray:
    """The place of each row among different rows with the same columns."""
    numbered = among.assign(at=np.arange(len(among)))
    return np.asarray(rows.merge(numbered, on=list(among), how="left")["at"].to_numpy(np.int64))


def _parts(held: Holdings, rights: Rights) -> Iterator[np.ndarray]:
    """Holders and their rights, each once, in their order and a part at a time.

    A part has four rows: numbers of the subject, the scope, the verb × group × resource, and the name (0: all).
    """
    everywhere = held.scopes.index("").as_py()
    first = 0
    while first < len(held.holder):
        last = np.searchsorted(held.holder, held.holder[min(first + HOLDINGS, len(held.holder)) - 1], "right")
        holders, holder = np.unique(held.holder[first:last], return_inverse=True)
        wide = holders[holder] % len(held.scopes) == everywhere
        pairs = []
        for here, roles in ((wide, rights.everywhere), (~wide, rights.inside)):
            row, right = roles.find(held.role[first:last][here])
            pairs.append(np.stack([holder[here][row], right]))
        holder, right = np.concatenate(pairs, axis=1)
        size = int(right.max(initial=0)) + 1
        holder, right = np.divmod(np.unique(holder * size + right), size)
        yield np.stack([*np.divmod(holders[holder], len(held.scopes)), *np.divmod(right, len(rights.names) + 1)]
                       ).astype(np.int32)
        first = last


def _frame(held: Holdings, rights: Rights) -> pd.DataFrame:
    """The numbers as a table of texts."""
    subject, scope, written, name = np.concatenate(list(_parts(held, rights)), axis=1)
    scopes = pd.Series(pd.arrays.ArrowExtensionArray(held.scopes)).replace("", pd.NA)
    columns = {column: _encoded(held.subjects[column], subject) for column in SUBJECT}
    columns |= {column: _encoded(rights.written[column], written) for column in WHAT}
    columns["namespace"] = _encoded(scopes, scope)
    columns["name"] = pa.DictionaryArray.from_arrays(pa.array(name - 1, mask=name == 0), rights.names)
    return pd.DataFrame({key: pd.Series(pd.arrays.ArrowExtensionArray(array)) for key, array in columns.items()})


def _encoded(values: pd.Series, at: np.ndarray) -> pa.DictionaryArray:
    """``values`` at these places, dictionary-encoded."""
    encoded = strings(values).dictionary_encode()
    return pa.DictionaryArray.from_arrays(encoded.indices.take(pa.array(at)), encoded.dictionary)
