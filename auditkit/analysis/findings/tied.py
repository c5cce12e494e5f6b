"""What findings of scanners are about: each is tied to an object of the snapshot, or it is said why it is not."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.columns import BOOLEAN, STRING, strings
from auditkit.analysis.findings import supersession
from auditkit.analysis.findings.images import matches
from auditkit.analysis.findings.supersession import in_force
from auditkit.analysis.workloads.owners import KINDS
from auditkit.tables.resources import BY_KIND

OTHER_CLUSTER = "it is of another cluster"
NAMELESS = "it names no object"
KINDLESS = "it names no kind of object"
PLACELESS = "it names no namespace"
GONE = "the snapshot has no such object"
NOT_COMPARED = "objects of this kind are not compared"
NOT_RUNNING = "no pod runs this image"

OF_OBJECTS = ("misconfiguration", "rbac", "infra", "compliance", "exposure", "malware", "secret")
"""Categories of findings about the state of an object (secrets, where they are not in an image)."""

_IMAGE = ["image", "image_digest", "image_id"]
_OBJECT = ["object_kind", "object_namespace", "object_name"]
_GROUPS = {kind: resource.group for kind, resource in BY_KIND.items()}
_CLUSTER_WIDE = tuple(kind for kind, resource in BY_KIND.items() if not resource.namespaced)
_FORMER_GROUPS = ("extensions",)
_COMPARED = ("Namespace", "Node", "Pod", *KINDS, "Service", "Ingress", "NetworkPolicy", "ServiceAccount", "Role",
             "ClusterRole", "RoleBinding", "ClusterRoleBinding")


def objects(namespaces: pd.DataFrame, nodes: pd.DataFrame, pods: pd.DataFrame, workloads: pd.DataFrame,
            services: pd.DataFrame, ingresses: pd.DataFrame, network_policies: pd.DataFrame,
            service_accounts: pd.DataFrame, roles: pd.DataFrame, bindings: pd.DataFrame) -> pd.DataFrame:
    """The objects that findings are compared with: kind, namespace, name, uid."""
    kinds = {"Namespace": namespaces, "Node": nodes, "Pod": pods, "Service": services, "Ingress": ingresses,
             "NetworkPolicy": network_policies, "ServiceAccount": service_accounts}
    named = [rows.assign(kind=pd.Series(kind, rows.index, STRING)) for kind, rows in kinds.items()]
    columns = ["kind", "namespace", "name", "uid"]
    frames = [rows.reindex(columns=columns) for rows in (*named, workloads, roles, bindings)]
    return pd.concat(frames, ignore_index=True).astype(STRING)


# --- to what each finding is tied ----------------------------------------------------------------------------------


def findings_tied(findings: pd.DataFrame, scans: pd.DataFrame, collection: pd.DataFrame, objects: pd.DataFrame,
                  top_owners: pd.DataFrame, pod_owners: pd.DataFrame, workload_owners: pd.DataFrame,
                  image_users: pd.DataFrame, images_in_use: pd.DataFrame) -> pd.DataFrame:
    """Every finding, in the order of ``findings``, with the object of the snapshot that it refers to.

    In addition to the columns of ``findings``: object_kind, object_namespace, object_name (of the controller that owns
    what the finding names, where one does), tied, why_not, superseded, closed. ``status`` is that at the time of the
    snapshot: what was accepted for a time that is over fails.

    ``tied`` says how the object was found: ``uid``; ``name`` (kind, namespace and name); ``owner`` (an owner of pods
    that is not itself in the snapshot); ``image`` (the only workload that runs it, else the image); ``none``, with
    the reason in ``why_not``. What is tied to nothing in the snapshot may still be of the cluster: where it names no
    object, the object is the cluster, and one of a kind that is not compared is the object that the finding names.
    ``superseded``: a later scan of the same tool judges the same rule on the same object, or covers the same image, or
    it is of a former revision of a Deployment. ``closed``: when a later scan of the image did not list it any more.
    """
    findings = findings.assign(status=in_force(findings, collection))
    older = supersession.superseded(findings, scans)
    asked = _asked(findings)
    owned = _owned(pod_owners, workload_owners)
    tied = pd.Series(pd.NA, asked.index, STRING)
    found = pd.DataFrame(pd.NA, asked.index, ["kind", "namespace", "name"], STRING)
    for how, targets, at in (
        ("uid", objects, _at(asked["uid"], objects["uid"])), ("name", objects, _by_name(asked, objects)),
        ("owner", owned, _at(asked["uid"], owned["owner_uid"])), ("owner", owned, _by_owner(asked, owned)),
    ):
        new = tied.isna().to_numpy() & at.is_valid().to_numpy(zero_copy_only=False)
        if new.any():
            found = _put(found, new, targets.take(pc.fill_null(at, 0).to_numpy()).set_axis(asked.index))
        tied = tied.mask(new, how)
    found, former = _lifted(found, top_owners)
    found, tied = _by_image(asked, found, tied, image_users, images_in_use)
    other = of_other_cluster(asked["cluster"], collection).to_numpy(dtype=bool)
    tied = tied.mask(other, pd.NA)
    found, why = _rest(asked, found, tied, other, collection)
    columns = dict(zip(_OBJECT, (found[name].array for name in found), strict=True))
    return findings.assign(**columns, tied=tied.fillna("none").array, why_not=why.array,
                           superseded=(_superseded(findings, found) | former | older["superseded"].array).array,
                           closed=older["closed"].array)


def _put(found: pd.DataFrame, where: np.ndarray, objects: pd.DataFrame | None) -> pd.DataFrame:
    """Kind, namespace and name of these objects at these places; nothing without objects."""
    return found.assign(**{name: column.mask(where, pd.NA if objects is None else objects[name])
                           for name, column in found.items()})


def _asked(findings: pd.DataFrame) -> pd.DataFrame:
    """What findings say of their object, with a node as an object where nothing else is named."""
    columns = ["cluster", "api_group", "kind", "namespace", "name", "uid", "image", "image_digest", "image_id",
               "node", "category"]
    asked = findings[columns].reset_index(drop=True)
    of_node = asked["node"].notna() & asked["name"].isna() & asked["kind"].fillna("Node").eq("Node")
    asked["kind"] = asked["kind"].mask(of_node, "Node")
    asked["name"] = asked["name"].mask(of_node, asked["node"])
    asked["key"] = _key(asked["kind"], asked["namespace"], asked["name"])
    return asked


def _key(kind: pd.Series, namespace: pd.Series, name: pd.Series) -> pd.Series:
    """Kind, namespace and name as one text; ``<NA>`` where one that is needed is not said."""
    wide = kind.isin(_CLUSTER_WIDE).fillna(False)
    return kind.str.lower() + "\0" + namespace.mask(wide, "") + "\0" + name


def _at(keys: pd.Series, targets: pd.Series) -> pa.Array:
    """The position of each key among the targets; null where it is not there, or not said."""
    return pc.index_in(strings(keys), value_set=strings(targets), skip_nulls=True)


def _by_name(asked: pd.DataFrame, objects: pd.DataFrame) -> pa.Array:
    """By kind, namespace and name, unless the API group or the UID says that another object is meant."""
    at = _at(asked["key"], _key(objects["kind"], objects["namespace"], objects["name"]))
    theirs = objects.take(pc.fill_null(at, 0).to_numpy()).reset_index(drop=True) if len(objects) else asked
    other_uid = (asked["uid"] != theirs["uid"]).fillna(False)
    fits = (_same_group(asked["api_group"], theirs["kind"]) & ~other_uid).to_numpy(dtype=bool)
    return pc.if_else(pa.array(fits), at, pa.scalar(None, at.type))


def _same_group(group: pd.Series, kind: pd.Series) -> pd.Series:
    """True if a kind of Kubernetes itself is meant: a Service of Knative is another than that of the core group."""
    own = kind.map(_GROUPS).astype(STRING)
    return group.isna() | (group == own).fillna(False) | group.isin(_FORMER_GROUPS).fillna(False)


def _owned(pod_owners: pd.DataFrame, workload_owners: pd.DataFrame) -> pd.DataFrame:
    """What is owned, by whom: kind, namespace, name; owner_kind, owner, owner_uid."""
    of_pods = pod_owners.rename(columns={"pod": "name"}).assign(kind=pd.Series("Pod", pod_owners.index, STRING))
    columns = ["kind", "namespace", "name", "owner_kind", "owner", "owner_uid"]
    owned = pd.concat([of_pods[columns], workload_owners[columns]], ignore_index=True)
    return owned[(owned["owner_kind"] != "Node").fillna(False)].reset_index(drop=True)


def _by_owner(asked: pd.DataFrame, owned: pd.DataFrame) -> pa.Array:
    """By the name of an owner, where its UID does not say that another is meant."""
    at = _at(asked["key"], _key(owned["owner_kind"], owned["namespace"], owned["owner"]))
    if not len(owned):
        return at
    theirs = owned["owner_uid"].take(pc.fill_null(at, 0).to_numpy()).reset_index(drop=True)
    other = (asked["uid"] != theirs).fillna(False).to_numpy(dtype=bool)
    return pc.if_else(pa.array(~other), at, pa.scalar(None, at.type))


def _lifted(found: pd.DataFrame, tops: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Pods and controllers become the controller that owns them in the end; and whether they are a former revision."""
    at = _at(*(_key(rows["kind"], rows["namespace"], rows["name"]) for rows in (found, tops)))
    if not len(tops):
        return found, pd.Series(False, found.index, BOOLEAN)
    there = at.is_valid().to_numpy(zero_copy_only=False)
    top = tops.take(pc.fill_null(at, 0).to_numpy()).reset_index(drop=True)
    return _put(found, there, found.assign(kind=top["top_kind"], name=top["top_name"])), top["former"] & there


def _by_image(asked: pd.DataFrame, found: pd.DataFrame, tied: pd.Series, users: pd.DataFrame,
              images: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """Findings that are left and name an image that runs: to the one workload that runs it, else to the image."""
    left = asked[tied.isna() & asked[_IMAGE].notna().any(axis=1)]
    pairs = matches(left, images)
    pairs = pairs[(pairs["match"] != "moved").fillna(False)]
    rows = pd.DataFrame({"row": left.index.to_numpy()[pairs["row"]], "image": pairs["image"].to_numpy()})
    first = rows.drop_duplicates("row").set_index("row")["image"]
    first = pd.DataFrame({"kind": "Image", "namespace": pd.NA, "name": images["name"].take(first).array}, first.index)
    runs = users[["image", "namespace", "top_kind", "top_name"]].dropna().drop_duplicates()
    runs = rows.merge(runs.astype({"image": "int64"}), on="image").drop(columns="image").drop_duplicates()
    wanted = asked["namespace"].take(runs["row"].to_numpy()).set_axis(runs.index)
    runs = runs[wanted.isna() | (wanted == runs["namespace"]).fillna(False)]
    alone = runs[~runs.duplicated("row", keep=False)].set_index("row")
    chosen = alone.rename(columns={"top_kind": "kind", "top_name": "name"})[["kind", "namespace", "name"]]
    target = pd.concat([chosen, first[~first.index.isin(chosen.index)]]).astype(STRING)
    new = pd.Series(asked.index.isin(target.index), asked.index)
    return _put(found, new.to_numpy(), target.reindex(asked.index)), tied.mask(new, "image")


def _rest(asked: pd.DataFrame, found: pd.DataFrame, tied: pd.Series, other: np.ndarray,
          collection: pd.DataFrame) -> tuple[pd.DataFrame, pd.Series]:
    """What is tied to nothing: the object that it may be of all the same, and why it is tied to none."""
    none = tied.isna().to_numpy()
    of_image = asked[_IMAGE].notna().any(axis=1).to_numpy()
    kind, named = asked["kind"], asked["name"].notna().to_numpy()
    from_outside = kind.isna() & asked["category"].eq("exposure").fillna(False)
    nameless = ~named | (kind.eq("Cluster").fillna(False) | from_outside).to_numpy(bool)
    compared = _same_group(asked["api_group"], kind) & kind.str.lower().isin([word.lower() for word in _COMPARED])
    compared = compared.fillna(False).to_numpy(bool)
    placeless = compared & asked["key"].isna().to_numpy()
    ways = ((OTHER_CLUSTER, other), (NOT_RUNNING, of_image & (~named | kind.isna().to_numpy())), (NAMELESS, nameless),
            (KINDLESS, kind.isna().to_numpy()), (PLACELESS, placeless), (GONE, compared))
    why = pd.Series(np.select([rows for _, rows in ways], [reason for reason, _ in ways], NOT_COMPARED), dtype=STRING)
    why = why.where(none, pd.NA)
    cluster = collection["cluster"].iloc[0] if len(collection) else pd.NA
    of_cluster = (why == NAMELESS).fillna(False).to_numpy(bool)
    as_named = (why == NOT_COMPARED).fillna(False).to_numpy(bool)
    found = _put(_put(found, none, None), as_named, asked)
    found["kind"] = found["kind"].mask(of_cluster, "Cluster")
    found["name"] = found["name"].mask(of_cluster, cluster)
    return found, why


def _superseded(findings: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    """True if a later scan of the same tool judges the same rule on the same object."""
    keys = ["tool", "rule_id", "kind", "namespace", "name", "container", "image", "package"]
    rows = findings[["tool", "rule_id", "container", "image", "package", "scan", "seen"]].reset_index(drop=True)
    rows = pd.concat([rows, found], axis=1)
    scans = rows[["tool", "scan"]].drop_duplicates()
    several = scans["tool"][scans["tool"].duplicated()]
    rows = rows[rows["tool"].isin(several).fillna(False) & rows["name"].notna() & rows["seen"].notna()]
    by_scan = rows.groupby([*keys, "scan"], dropna=False)["seen"].transform("max")
    newest = rows.groupby(keys, dropna=False)["seen"].transform("max")
    late = pd.Series(False, range(len(findings)), BOOLEAN)
    late.loc[rows.index[(by_scan < newest).fillna(False).to_numpy(bool)]] = True
    return late


# --- what follows from it ------------------------------------------------------------------------------------------


def findings_untied(findings_tied: pd.DataFrame) -> pd.DataFrame:
    """The number of findings without a matching object in the snapshot.

    Columns: why_not, tool, cluster, kind, namespace, name, image, node, findings, failed (how many of them fail).
    """
    left = findings_tied[(findings_tied["tied"] == "none").fillna(False)]
    keys = ["why_not", "tool", "cluster", "kind", "namespace", "name", "image", "node"]
    failed = (left["status"] == "fail").fillna(False).astype("int64[pyarrow]")
    grouped = left[keys].assign(failed=failed).groupby(keys, dropna=False, sort=True)["failed"]
    return grouped.agg(["size", "sum"]).rename(columns={"size": "findings", "sum": "failed"}).reset_index()


def of_state(findings_tied: pd.DataFrame) -> pd.DataFrame:
    """The findings about the state of objects of this cluster, each by the latest scan that speaks of it.

    Secrets in images, and vulnerabilities, are judged by image; kube-bench's results by the rules of their benchmark.
    """
    rows = findings_tied
    in_image = rows["category"].eq("secret") & rows[_IMAGE].notna().any(axis=1)
    state = rows["category"].isin(OF_OBJECTS) & ~in_image & rows["object_kind"].notna() & ~rows["superseded"]
    return rows[state.fillna(False)]


def judged_objects(top_owners: pd.DataFrame, findings_tied: pd.DataFrame) -> pd.DataFrame:
    """The objects whose state scanners can judge: kind, namespace, name.

    Every workload (a pod without a controller is one), and every other object that a finding about its state is of.
    """
    columns = ["kind", "namespace", "name"]
    tops = top_owners[["top_kind", "namespace", "top_name"]].set_axis(columns, axis=1)
    named = of_state(findings_tied)[_OBJECT].drop_duplicates().set_axis(columns, axis=1).sort_values(columns)
    return pd.concat([tops, named]).drop_duplicates(ignore_index=True).astype(STRING)


def policies(findings_tied: pd.DataFrame) -> pd.DataFrame:
    """The rules of policy engines in this cluster: kind, name, tool, title, enforcement, last_seen.

    And how many of their latest results ``failed``, failed on what is ``gone`` from the snapshot, ``passed``, were
    ``skipped``, or are ``open`` (the engine does not say whether the policy holds). Templates of Gatekeeper judge
    nothing by themselves, and stand here only where they are not known to be in force; then they are open. Findings
    of images that no pod runs are left out.
    """
    ours = findings_tied[(findings_tied["category"] == "policy").fillna(False) & findings_tied["rule"].notna()]
    ours = ours[~ours["why_not"].isin([OTHER_CLUSTER, NOT_RUNNING]).fillna(False) & ~ours["superseded"]]
    template = (ours["kind"] == "ConstraintTemplate").fillna(False)
    passes = (ours["status"] == "pass").fillna(False)
    fails = (ours["status"] == "fail").fillna(False) & ~template
    gone, skipped = (ours["why_not"] == GONE).fillna(False), ours["status"].isin(["skip", "accepted"]).fillna(False)
    rows = ours[["rule", "tool", "title", "enforcement", "seen"]].assign(
        failed=fails & ~gone, gone=fails & gone, passed=passes, skipped=skipped, open=~(fails | passes | skipped))
    counts = ["failed", "gone", "passed", "skipped", "open"]
    rows = rows[~(template & passes)].astype(dict.fromkeys(counts, "int64[pyarrow]"))
    grouped = rows.groupby(["tool", "rule"], dropna=False, sort=True)
    found = grouped.agg(title=("title", "first"), enforcement=("enforcement", "first"), last_seen=("seen", "max"),
                        **{name: (name, "sum") for name in counts}).reset_index()
    found.insert(0, "kind", pd.Series("Policy", found.index, STRING))
    return found.rename(columns={"rule": "name"})
