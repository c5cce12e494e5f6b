"""Who is in the group system:masters, which passes before any role is asked: as far as bindings, a list of members,
the audit log and the API server's answer to the collector tell. Client certificates that carry the group are not kept
in the cluster.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.cluster.audit_log import TOOL
from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.columns import BOOLEAN, STRING, strings
from auditkit.analysis.rbac.bindings import MASTERS
from auditkit.analysis.rbac.defaults import shipped_bindings

API_SERVER = "system:apiserver"
"""As whom an API server speaks to itself, with that group and over the loopback interface (kubernetes
``cmd/kube-apiserver`` and ``apiserver/pkg/server/options``). No other component is in the group by itself:
``kube-apiserver-kubelet-client`` is for kubelets, and at the API server it is somebody who has taken it.
"""

_OF_BINDING = ["kind", "namespace", "role_kind", "role", "subject_kind", "subject_namespace", "subject"]
COLUMNS = dict.fromkeys(["kind", "namespace", "name", *_OF_BINDING[2:], "told_by"], STRING) | {
    "masters": BOOLEAN, "own": BOOLEAN}


def system_masters(binding_subjects: pd.DataFrame, memberships: pd.DataFrame, events: pd.DataFrame,
                   collection: pd.DataFrame, collector: pd.DataFrame) -> pd.DataFrame:
    """Every subject that a binding, the membership file, the audit log or the API server names, and whether it is a
    member of system:masters.

    One row for each subject of a binding, in their order (``kind`` and ``name`` are those of the binding), and then
    for each user (kind User) of the list, of the log, and the one who collected. Columns: kind, namespace, name,
    role_kind, role, subject_kind, subject_namespace, subject, told_by, ``masters`` (<NA>: not known), ``own``
    (part of Kubernetes: a binding that it ships, or the API server itself).
    """
    bound = binding_subjects[_OF_BINDING].assign(name=binding_subjects["binding"])
    bound["told_by"] = pd.Series("binding", bound.index, STRING)
    bound["masters"] = (bound["subject_kind"] == "Group") & (bound["subject"] == MASTERS)
    bound["own"] = bound["masters"].fillna(False) & shipped_bindings(binding_subjects)
    parts = [bound, *(_users(part, told_by) for part, told_by in (
        (_listed(memberships), "list of members"), (_logged(events, collection), "audit log"),
        (_collecting(collector), "answer to the collector")))]
    return pd.concat([part.reindex(columns=list(COLUMNS)).astype(COLUMNS) for part in parts], ignore_index=True)


def _users(found: pd.DataFrame, told_by: str) -> pd.DataFrame:
    """Users in the shape of subjects."""
    return found.assign(name=found["user"], subject=found["user"], **{
        name: pd.Series(text, found.index, STRING)
        for name, text in (("kind", "User"), ("subject_kind", "User"), ("told_by", told_by))})


def _listed(memberships: pd.DataFrame) -> pd.DataFrame:
    """The users of a list of members: user, masters, own."""
    in_group = memberships["group"].eq(MASTERS).fillna(False)
    masters = memberships.loc[in_group, "user"]
    users = memberships["user"].dropna().drop_duplicates().rename("user").to_frame().reset_index(drop=True)
    return users.assign(masters=users["user"].isin(masters), own=False)


def _collecting(collector: pd.DataFrame) -> pd.DataFrame:
    """Who collected: user, masters, own. Everybody who is known has a group; where none is told, nothing is known."""
    known = collector[(collector["user"] != "").fillna(False)]
    masters = known["group"].eq(MASTERS).where(known["group"].notna(), pd.NA).astype(BOOLEAN)
    found = known[["user"]].assign(masters=masters).groupby("user", as_index=False)["masters"].agg(
        lambda said: True if said.fillna(False).any() else (pd.NA if said.isna().any() else False))
    return found.astype({"masters": BOOLEAN}).assign(own=False)


def _logged(events: pd.DataFrame, collection: pd.DataFrame) -> pd.DataFrame:
    """The users of the cluster's audit logs, and whether they acted with the group, by themselves or by impersonation:
    user, masters, own. An identity that an API server has for itself is its own only over loopback."""
    clusters = events["cluster"].drop_duplicates()
    others = events["cluster"].isin(clusters[of_other_cluster(clusters, collection)].dropna())
    ours = events["tool"].eq(TOOL).fillna(False) & events["user"].notna() & ~others
    log = events[["user", "groups", "impersonated_groups", "source_ip"]][ours]
    masters = pa.array(np.logical_or(_with_masters(log["groups"]), _with_masters(log["impersonated_groups"])))
    local = pc.fill_null(pc.match_substring_regex(strings(log["source_ip"]), r"^(?:127\.|::1$|::ffff:127\.)"), False)
    table = pa.table({"user": strings(log["user"]), "masters": masters, "afar": pc.and_not(masters, local)})
    found = table.group_by("user").aggregate([("masters", "any"), ("afar", "any")]).sort_by("user")
    itself = pc.and_(pc.equal(found["user"], API_SERVER), found["masters_any"])
    unsure = pc.and_(itself, found["afar_any"])
    return pa.table({
        "user": found["user"], "masters": pc.if_else(unsure, pa.scalar(None, pa.bool_()), found["masters_any"]),
        "own": pc.and_not(itself, found["afar_any"]),
    }).to_pandas(types_mapper=pd.ArrowDtype)


def _with_masters(groups: pd.Series) -> np.ndarray:
    """Whether each list of groups, parted by commas, has system:masters."""
    lists = strings(groups).dictionary_encode()
    has = pc.match_substring_regex(lists.dictionary, f"(^|,){MASTERS}(,|$)")
    return np.asarray(pc.fill_null(has.take(lists.indices), False).to_numpy(zero_copy_only=False))
