"""The images that run, and what scanners say of exactly these images.

An image is what its digest says; a tag can come to mean another image. So a finding counts for an image by the
digest where both are known, and only else by the reference, or by the container that a scanner names.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.columns import STRING, has, lookup, strings
from auditkit.analysis.findings.supersession import in_force, superseded
from auditkit.analysis.workloads.lifecycle import ENDED

OF_IMAGES = ("vulnerability", "secret", "malware", "license")
"""Categories of findings that are about an image, also where they name only the container that runs it."""

_IDENTITY = ["repository", "tag", "digest", "asked_digest", "image_id"]
_NAMES = ["image", "image_digest", "image_id"]
"""By what findings name an image."""
_SCHEME = r"^[a-z0-9+.-]+://"
_BARE_DIGEST = r"^sha[0-9]+:[0-9a-f]+$"
_BARE_ID = r"^[0-9a-f]{64}$"
"""CRI-O gives the ID of an image without the algorithm. No repository can be called so (distribution/reference)."""
_REFERENCE = r"^(?P<name>(?:[^/@]+/)*[^:@/]+)(?::(?P<tag>[^:@/]+))?(?:@(?P<digest>.+))?$"
_REGISTRY = r"^(?:[^/]*[.:][^/]*|localhost)/"
_DOCKER_HUB = r"^(?:index\.docker\.io|registry-1\.docker\.io|registry\.hub\.docker\.com)/"


def references(image: pd.Series) -> pd.DataFrame:
    """The parts of image references: repository (with its registry, as Docker completes it), tag, digest.

    ``nginx`` is ``docker.io/library/nginx`` with the tag ``latest``; a reference with a digest has no tag but one that
    is written. A digest alone has no repository. Columns have the index of ``image``.
    """
    words = strings(image).dictionary_encode()
    text = pc.replace_substring_regex(pc.ascii_lower(words.dictionary), _SCHEME, "")
    text = pc.replace_substring_regex(text, _BARE_ID, r"sha256:\0")
    bare = pc.match_substring_regex(text, _BARE_DIGEST)
    parts = pc.extract_regex(text, _REFERENCE)
    name, tag, digest = (_given(pc.struct_field(parts, field)) for field in ("name", "tag", "digest"))
    nothing = pa.scalar(None, pa.string())
    digest = pc.if_else(pc.match_substring(digest, ":"), digest, nothing)
    digest, name = pc.if_else(bare, text, digest), pc.if_else(bare, nothing, _completed(name))
    tag = pc.if_else(bare, nothing, pc.if_else(pc.is_null(digest), pc.coalesce(tag, "latest"), tag))
    tag = pc.if_else(pc.is_null(name), nothing, tag)
    return pd.DataFrame({column: _strings(values.take(words.indices)).set_axis(image.index)
                         for column, values in (("repository", name), ("tag", tag), ("digest", digest))})


def _completed(name: pa.Array) -> pa.Array:
    """``nginx`` → ``docker.io/library/nginx``; other names of Docker's registry become that one."""
    hub = pc.replace_substring_regex(name, _DOCKER_HUB, "docker.io/")
    hub = pc.if_else(pc.match_substring_regex(hub, _REGISTRY), hub, pc.binary_join_element_wise("docker.io", hub, "/"))
    return pc.replace_substring_regex(hub, r"^docker\.io/([^/]+)$", r"docker.io/library/\1")


def _given(text: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _strings(values: pa.Array) -> pd.Series:
    return pd.Series(pd.arrays.ArrowExtensionArray(values.cast(pa.string())))


# --- what runs -----------------------------------------------------------------------------------------------------


def image_users(pods: pd.DataFrame, pod_owners: pd.DataFrame, containers: pd.DataFrame, container_images: pd.DataFrame,
                top_owners: pd.DataFrame, volumes: pd.DataFrame) -> pd.DataFrame:
    """The containers of pods that have not ended, with their image, and the volumes of these pods that are images.

    Columns: image (number of the row in `images_in_use`), namespace, pod, container (or volume), owner_kind, owner (the
    pod's controller), top_kind, top_name (the last controller that owns it), repository, tag, digest
    (as the node pulled
    it, else as the pod asks for it), asked_digest (the latter, which of an image for several platforms is another),
    image_id (where a runtime tells that instead).
    """
    pod = {"namespace": "namespace", "pod": "pod"}
    tops = top_owners[(top_owners["kind"] == "Pod").fillna(False)].rename(columns={"name": "pod"})
    columns = ["namespace", "pod", "name", "image"]
    users = pd.concat([containers[columns], volumes.loc[volumes["image"].notna(), columns]], ignore_index=True)
    users = users.rename(columns={"name": "container"})
    running = pods.loc[~pods["phase"].isin(ENDED), ["namespace", "name"]].rename(columns={"name": "pod"})
    users = users[has(users, pod, running)].reset_index(drop=True)
    controls = pod_owners.loc[pod_owners["controller"].fillna(False), ["namespace", "pod", "owner_kind", "owner"]]
    users = users.join([lookup(users, pod | {"container": "container"}, container_images, ["image_id"]),
                        lookup(users, pod, controls, ["owner_kind", "owner"]),
                        lookup(users, pod, tops, ["top_kind", "top_name"])])
    asked, pulled = references(users["image"]), references(users["image_id"])
    bare = pulled["repository"].isna()
    users = users.assign(**asked, asked_digest=asked["digest"], image_id=pulled["digest"].where(bare, pd.NA))
    users["digest"] = pulled["digest"].where(~bare, pd.NA).fillna(asked["digest"])
    users["digest"] = users["digest"].fillna(_only_digest(users))
    named = (pc.fill_null(strings(users[column]), "\1") for column in _IDENTITY)
    numbers = pc.binary_join_element_wise(*named, "\0").dictionary_encode().indices
    return users.assign(image=pd.Series(pd.arrays.ArrowExtensionArray(numbers.cast(pa.int64())), users.index))


def _only_digest(users: pd.DataFrame) -> pd.Series:
    """The digest of the image by its name, where all containers with a known one agree."""
    keys = ["repository", "tag"]
    seen = pa.table({column: strings(users[column]) for column in (*keys, "digest")})
    known = seen.group_by(seen.column_names).aggregate([]).to_pandas(types_mapper=pd.ArrowDtype).dropna(subset="digest")
    only = known[~known.duplicated(keys, keep=False)]
    named = {column: users[column].fillna("") for column in keys}
    only = only.fillna(dict.fromkeys(keys, ""))
    return lookup(users[[]].assign(**named), dict(zip(keys, keys, strict=True)), only, ["digest"])["digest"]


def images_in_use(image_users: pd.DataFrame) -> pd.DataFrame:
    """The running images and their users: kind, name, repository, tag, digest, asked_digest, image_id, pods, used_by.

    An image whose digest is not known has a row of its own; the same tag with two digests is two images.
    """
    first = image_users.drop_duplicates("image").sort_values("image", ignore_index=True)
    counted = image_users.drop_duplicates(["image", "namespace", "pod"]).groupby("image").size()
    tag, digest = ":" + first["tag"], "@" + first["digest"]
    name = (first["repository"] + tag.fillna(digest)).fillna(first["image_id"]).fillna(first["digest"])
    return pd.DataFrame({
        "kind": pd.Series("Image", first.index, STRING), "name": name,
        **{column: first[column] for column in _IDENTITY},
        "pods": counted.reindex(range(len(first)), fill_value=0).astype(pd.ArrowDtype(pa.int64())),
        "used_by": _users(image_users, len(first)),
    })


def _users(users: pd.DataFrame, size: int) -> pd.Series:
    """The workloads that run each image, joined by commas."""
    said = users["top_kind"] + " " + users["namespace"] + "/" + users["top_name"]
    each = users.assign(said=said)[["image", "said"]].dropna().drop_duplicates()
    joined = each.groupby("image")["said"].agg(", ".join)
    return joined.reindex(range(size)).astype(STRING).reset_index(drop=True)


# --- what is said of it --------------------------------------------------------------------------------------------


def matches(findings: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Which findings name which images: row (position of the finding), image, match.

    ``match`` is ``digest`` (or ID); ``reference`` (the same name, and not both digests are known); ``tag`` (the same,
    but the tag is ``latest``, which says little); ``moved`` (the same name with another digest: another image).

    A digest of a manifest and an ID say nothing against each other: both are of one image. So where a tool does not
    say which of them it has, only that it is ours tells something.
    """
    named = references(findings["image"]).reset_index(drop=True)
    said, theirs = (findings[name].str.lower().reset_index(drop=True) for name in ("image_digest", "image_id"))
    either = (said == theirs).fillna(False)
    digest = said.mask(either, pd.NA).fillna(named["digest"])
    asked = named.assign(digest=digest, image_id=theirs.mask(either, pd.NA), row=np.arange(len(named)))
    named_by = pd.concat([asked[["row", "digest"]], *(
        asked[["row"]].assign(digest=ids) for ids in (asked["image_id"], said.where(either, pd.NA)))])
    ours = images[_IDENTITY].assign(image=np.arange(len(images)))
    by_digest = pd.concat([
        named_by.dropna().merge(ours[[column, "image"]].dropna().set_axis(["digest", "image"], axis=1))
        for column in ("digest", "asked_digest", "image_id")])[["row", "image"]].drop_duplicates()
    name = ["repository", "tag"]
    by_name = asked.dropna(subset=name).merge(ours.dropna(subset=name), on=name, suffixes=("", "_ours"))
    other_digest, other_id = ((by_name[one] != by_name[f"{one}_ours"]).fillna(False) for one in ("digest", "image_id"))
    other = other_digest | other_id  # those of which one is the same come first below
    vague = by_name["tag"].eq("latest") & by_name["digest"].isna()
    by_name = by_name.assign(match=np.select([other, vague], ["moved", "tag"], "reference"))
    found = pd.concat([by_digest.assign(match="digest"), by_name[["row", "image", "match"]]], ignore_index=True)
    return found.drop_duplicates(["row", "image"]).astype({"match": STRING})


def image_findings(findings: pd.DataFrame, scans: pd.DataFrame, collection: pd.DataFrame, image_users: pd.DataFrame,
                   images_in_use: pd.DataFrame) -> pd.DataFrame:
    """The findings of scanners for running images: one row for each finding and image.

    Columns: image (number of the row in `images_in_use`), match (as in `matches`; ``place``: by the container that
    the finding names; ``vague``: it names only the workload, so it may be of any of its images), tool, scan,
    category, rule_id, status (at the time of the snapshot), severity, package, fixed_version, seen, data_time,
    superseded, closed (see `auditkit.analysis.findings.supersession`). Findings of another cluster are left out.
    """
    findings = findings.assign(status=in_force(findings, collection), **superseded(findings, scans))
    named = findings[_NAMES].notna().any(axis=1)
    about = named | findings["category"].isin(OF_IMAGES)
    ours = findings[about.fillna(False) & ~of_other_cluster(findings["cluster"], collection)].reset_index(drop=True)
    by_name = matches(ours, images_in_use)
    places = _by_place(ours, image_users)
    named = ours[_NAMES].notna().any(axis=1)
    unnamed = places[~named.to_numpy(dtype=bool)[places["row"]]]
    found = pd.concat([_surer(by_name, places), unnamed], ignore_index=True)
    columns = ["tool", "scan", "category", "rule_id", "status", "severity", "package", "fixed_version", "seen",
               "data_time", "superseded", "closed"]
    rows = ours[columns].take(found["row"].to_numpy()).reset_index(drop=True)
    return pd.concat([found[["image", "match"]].reset_index(drop=True), rows], axis=1)


def _surer(by_name: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """Where a finding also names the container or workload that runs the image, its tag is that container's."""
    there = by_name.merge(places[["row", "image"]].drop_duplicates(), on=["row", "image"], how="left", indicator="also")
    sure = (there["also"] == "both").to_numpy() & (there["match"] == "tag").to_numpy(dtype=bool)
    return by_name.assign(match=there["match"].mask(sure, "reference").array)


def _by_place(findings: pd.DataFrame, users: pd.DataFrame) -> pd.DataFrame:
    """The images of the containers (or only workloads) that findings name: row, image, match.

    What a ReplicaSet runs is not what its Deployment runs by now, so the pods of just this one count.
    """
    asked = findings[["kind", "namespace", "name", "container"]].assign(row=np.arange(len(findings)))
    asked = asked[asked["kind"].notna() & asked["name"].notna()]
    levels = ((pd.Series("Pod", users.index, STRING), users["pod"]), (users["owner_kind"], users["owner"]),
              (users["top_kind"], users["top_name"]))
    runs = pd.concat([users[["namespace", "container", "image"]].assign(kind=kind, name=name) for kind, name in levels])
    both = asked.merge(runs.dropna(subset=["kind", "name"]).drop_duplicates(), on=["kind", "namespace", "name"],
                       suffixes=("", "_ours"))
    both = both[both["container"].isna() | both["container"].eq(both["container_ours"]).fillna(False)]
    match = both["container"].notna().map({True: "place", False: "vague"}).astype(STRING)
    return both[["row", "image"]].assign(match=match).drop_duplicates(["row", "image"])
