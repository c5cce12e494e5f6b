"""The requests of an audit log by what they asked: the log of a year in as many rows as it has different questions."""

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.columns import BOOLEAN, strings
from auditkit.analysis.rbac.bindings import MASTERS
from auditkit.analysis.rbac.requests import nameless

RBAC, NODE, OTHER, UNTOLD = "RBAC", "Node", "another authorizer", "not stated"
MAX_NAMES = 25
"""How many names (and paths) of one kind of request are told apart. A program that asks for more of them works with
whatever objects there are."""

WHO = ["user", "user_groups", "impersonated_user", "actor", "actor_groups"]
WHAT = ["verb", "api_group", "resource", "subresource", "namespace"]
_ALIKE = [*WHO, *WHAT]
_HOW = ["allowed_by", "code", "level"]
NEEDED = [*_ALIKE, "name", "path", "decision", "binding", "subject", "refused", "code", "level", "cluster"]
"""Columns of `audit_requests` from which uses are made."""
KEYS = [*_ALIKE, "name", "many_names", "path", *_HOW]


def audit_uses(audit_requests: pd.DataFrame, collection: pd.DataFrame) -> pd.DataFrame:
    """The requests of this cluster's audit log by what they asked: one row for each different question.

    Columns: ``user, user_groups`` (who sent them), ``impersonated_user``, ``actor, actor_groups`` (as whom the
    authorizer was asked), ``verb, api_group, resource, subresource, namespace, name, path``, ``many_names`` (more than
    25 names were asked for: ``name`` is ``<NA>``), ``allowed_by`` (``RBAC``; ``system:masters`` and ``Node``, which
    pass before RBAC is asked; ``another authorizer``; ``not stated``: the event does not say that it was refused, nor
    by what it was allowed; ``<NA>``: refused), ``code, level``, ``requests`` (how many), ``last`` (when the last one
    ended).

    ``name`` is the one that the authorizer was asked about: a list or watch has one where its field selector demands
    ``metadata.name``, and a request that creates has none, though the event knows the name of what was created (source:
    kubernetes ``apiserver/pkg/endpoints/request/requestinfo.go`` and ``apiserver/pkg/audit/request.go``). Names and
    paths of requests that were refused are left out.
    """
    return grouped(audit_requests.assign(requests=1, last=audit_requests["ended"]), collection)


def grouped(requests: pd.DataFrame, collection: pd.DataFrame) -> pd.DataFrame:
    """`audit_uses` of requests with ``requests`` and ``last``; ``many_names`` where there is such a column."""
    requests = requests[~of_other_cluster(requests["cluster"], collection).fillna(False)].reset_index(drop=True)
    refused = requests["refused"].fillna(False).astype(bool)
    silent = (refused | nameless(requests["verb"], _joined(requests))).to_numpy(bool)
    known = requests["many_names"].fillna(False) if "many_names" in requests else False
    rows = requests.assign(
        name=requests["name"].mask(silent, pd.NA), path=requests["path"].mask(refused | requests["resource"].notna(),
                                                                             pd.NA),
        many_names=pd.Series(known, requests.index, BOOLEAN) & ~silent, allowed_by=_allowed_by(requests, refused))
    found = _summed(_folded(_summed(rows)))
    return found.sort_values(KEYS, na_position="first", ignore_index=True)


def _joined(requests: pd.DataFrame) -> pd.Series:
    """The resource as rules write it."""
    below = requests["subresource"]
    return requests["resource"].where(below.isna(), requests["resource"] + "/" + below.fillna(""))


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows that are alike as one."""
    table = pa.Table.from_pandas(rows[[*KEYS, "requests", "last"]], preserve_index=False)
    found = table.group_by(KEYS).aggregate([("requests", "sum"), ("last", "max")])
    names = {"requests_sum": "requests", "last_max": "last"}
    return found.rename_columns([names.get(name, name) for name in found.column_names]).to_pandas(
        types_mapper=pd.ArrowDtype)


def _folded(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without names where there are more than `MAX_NAMES` of them, and paths likewise by their beginning."""
    alike = rows.groupby(_ALIKE, dropna=False)
    many = alike["name"].transform("nunique").gt(MAX_NAMES) | alike["many_names"].transform("max")
    many = many.fillna(False).to_numpy(bool) & (rows["name"].notna() | rows["many_names"]).to_numpy(bool)
    paths = alike["path"].transform("nunique").gt(MAX_NAMES).fillna(False).to_numpy(bool)
    shorter = rows.loc[paths, "path"].map(beginning, na_action="ignore")
    return rows.assign(name=rows["name"].mask(many, pd.NA), many_names=pd.Series(many, rows.index, BOOLEAN),
                       path=rows["path"].mask(paths, shorter.reindex(rows.index)))


def beginning(path: str) -> str:
    """The first part of a path with all that is below it: ``/logs/kern.log`` → ``/logs/*``. That is not the part
    itself: ``/logs`` stays as it is."""
    first, below, _ = path.removeprefix("/").partition("/")
    return f"/{first}/*" if below else path


def _allowed_by(requests: pd.DataFrame, refused: pd.Series) -> pd.Series:
    """What allowed each request. RBAC names its binding, and what passes before it names none."""
    decision, subject = strings(requests["decision"]), pc.fill_null(strings(requests["subject"]), "")
    allowed = pc.fill_null(pc.equal(decision, "allow"), False)
    groups = pc.fill_null(strings(requests["actor_groups"]), "")
    node = pc.and_(pc.fill_null(pc.starts_with(strings(requests["actor"]), "system:node:"), False),
                   pc.match_substring_regex(groups, "(^|,)system:nodes(,|$)"))
    ways = pc.make_struct(pc.is_valid(strings(requests["binding"])), pc.equal(subject, MASTERS), node)
    untold = pc.if_else(pc.or_(pa.array(refused.to_numpy(bool)), pc.is_valid(decision)), None, UNTOLD)
    found = pc.if_else(allowed, pc.case_when(ways, RBAC, MASTERS, NODE, OTHER), untold)
    return pd.Series(pd.arrays.ArrowExtensionArray(found), requests.index)
