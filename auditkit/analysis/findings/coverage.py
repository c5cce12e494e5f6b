"""How far scanners, sensors and audit logs reach: what each tool has seen, and what none has."""

from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from auditkit.analysis.cluster.audit_log_bodies import bodies_with_secrets
from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.columns import BOOLEAN, INTEGER, STRING, lookup
from auditkit.analysis.findings.images import references
from auditkit.analysis.workloads.lifecycle import ENDED, lasting
from auditkit.tables.findings import MAX_AGE_DAYS, MAX_AGE_DAYS_OF

TIME = pd.ArrowDtype(pa.timestamp("us", tz="UTC"))

AUDIT_LOG = "kubernetes-audit"
SECRET_READS = ("get", "list", "watch")

_COUNTS = ["events", "untimed", "secret_reads", "secret_bodies", "unlevelled"]
_NAMED = ["kind", "namespace", "name"]


def coverage(top_owners: pd.DataFrame, findings_tied: pd.DataFrame, images_in_use: pd.DataFrame,
             image_findings: pd.DataFrame, nodes: pd.DataFrame, events: pd.DataFrame,
             collection: pd.DataFrame) -> pd.DataFrame:
    """The coverage of each tool: one row for each workload, image or node and each tool that has seen it.

    Columns: what (workload, image or node), kind, namespace, name, tool, findings, events, first, last. Audit logs
    are no tool that sees workloads, so their events are left out.
    """
    workloads = _workloads(top_owners)
    tied = findings_tied[["object_kind", "object_namespace", "object_name", "tool", "seen"]]
    tied = tied[tied["object_kind"].notna()].set_axis([*_NAMED, "tool", "time"], axis=1)
    images = images_in_use[["kind", "name"]].assign(namespace=pd.Series(pd.NA, images_in_use.index, STRING))[_NAMED]
    of_images = image_findings[image_findings["match"].isin(["digest", "reference", "place"])]
    of_images = pd.concat([images.take(of_images["image"].to_numpy(np.int64)).reset_index(drop=True),
                           of_images[["tool", "seen"]].rename(columns={"seen": "time"}).reset_index(drop=True)], axis=1)
    named_nodes = nodes[["name"]].assign(kind="Node", namespace=pd.NA)[_NAMED].astype(STRING)
    happened = events[(events["tool"] != AUDIT_LOG).fillna(True) & ~of_other_cluster(events["cluster"], collection)]
    of_pods = happened[["kind", "namespace", "name", "tool", "time"]].merge(top_owners, on=_NAMED)
    of_pods = of_pods[["top_kind", "namespace", "top_name", "tool", "time"]].set_axis([*_NAMED, "tool", "time"], axis=1)
    of_nodes = happened[happened["node"].notna()][["node", "tool", "time"]].rename(columns={"node": "name"})
    of_nodes = of_nodes.assign(kind=pd.Series("Node", of_nodes.index, STRING))
    parts = [_seen("workload", workloads, tied, of_pods), _seen("image", images.drop_duplicates(), of_images, None),
             _seen("node", named_nodes, tied, of_nodes)]
    return pd.concat(parts, ignore_index=True)


def _workloads(tops: pd.DataFrame) -> pd.DataFrame:
    """The controllers that nothing owns, and the pods without one: kind, namespace, name."""
    return tops[["top_kind", "namespace", "top_name"]].drop_duplicates().set_axis(_NAMED, axis=1)


def _seen(what: str, things: pd.DataFrame, findings: pd.DataFrame, events: pd.DataFrame | None) -> pd.DataFrame:
    happened = [] if events is None else [events.assign(findings=0, events=1)]
    rows = [findings.assign(findings=1, events=0), *happened]
    columns = dict.fromkeys([*_NAMED, "tool"], STRING) | {"time": TIME, "findings": INTEGER, "events": INTEGER}
    rows = pd.concat([part.reindex(columns=list(columns)) for part in rows]).astype(columns)
    rows = things.merge(rows[rows["name"].notna()], on=_NAMED)
    grouped = rows.groupby([*_NAMED, "tool"], dropna=False, sort=True)
    found = grouped.agg(findings=("findings", "sum"), events=("events", "sum"), first=("time", "min"),
                        last=("time", "max")).reset_index()
    found.insert(0, "what", pd.Series(what, found.index, STRING))
    return found


def tool_coverage(coverage: pd.DataFrame, top_owners: pd.DataFrame, images_in_use: pd.DataFrame,
                  nodes: pd.DataFrame) -> pd.DataFrame:
    """The number of workloads, images and nodes that each tool has seen, of all: what, tool, seen, of, first, last."""
    images = len(images_in_use.drop_duplicates("name"))
    totals = {"workload": len(_workloads(top_owners)), "image": images, "node": len(nodes)}
    grouped = coverage.groupby(["what", "tool"], sort=True)
    found = grouped.agg(seen=("name", "size"), first=("first", "min"), last=("last", "max")).reset_index()
    found.insert(3, "of", found["what"].map(totals).astype(INTEGER))
    return found


def evidence_age(scans: pd.DataFrame, collection: pd.DataFrame) -> pd.DataFrame:
    """The age of each scan at the time of the snapshot.

    Columns: scan, tool, file, time, time_from, age_days, max_age_days, old. ``time`` is when the scan was made, as it
    says (``time_from``: ``scan``), else when its file was last written, than which it is not newer (``file``).
    ``age_days`` is <NA> where neither is known. ``max_age_days`` is for how long the tool's results count, where a
    control does not say otherwise; ``old``: for longer than that.
    """
    now = collection["ended"].fillna(collection["started"]).max()
    time = scans["time"].fillna(scans["file_time"])
    days = ((now - time).dt.total_seconds() / 86400).astype("double[pyarrow]")
    said = pd.Series("scan", scans.index, STRING).mask(scans["time"].isna(), "file").mask(time.isna(), pd.NA)
    bound = scans["tool"].map(lambda tool: MAX_AGE_DAYS_OF.get(tool, MAX_AGE_DAYS)).astype(INTEGER)
    return scans[["scan", "tool", "file"]].assign(
        time=time, time_from=said, age_days=days.round(2), max_age_days=bound, old=(days > bound).astype(BOOLEAN))


def images_unscanned(images_in_use: pd.DataFrame, image_findings: pd.DataFrame) -> pd.DataFrame:
    """Running images without a known vulnerability scan, with the columns of `images_in_use`."""
    seen = image_findings[scanned(image_findings).fillna(False)]["image"]
    return images_in_use[~pd.Series(images_in_use.index, images_in_use.index).isin(seen.to_numpy())]


def scanned(image_findings: pd.DataFrame, category: str = "vulnerability") -> pd.Series:
    """For each row, true if it shows that a scanner looked into exactly this image for things of a category."""
    rows = image_findings
    sure = rows["match"].isin(["digest", "reference", "place"])
    looked = rows["status"].isin(["pass", "fail", "warn", "accepted"]) | rows["rule_id"].notna()
    return (sure & looked & rows["category"].eq(category)).fillna(False).astype(BOOLEAN)


# --- sensors ---------------------------------------------------------------------------------------------------------


class Sensor(NamedTuple):
    """A sensor that watches what happens on its node: how its image is called, and its container where that tells."""

    name: str
    image: str
    container: str = ""


SENSORS = (
    Sensor("Falco", r"(?:^|/)falco(?:-no-driver|-debian|-distroless|-modern(?:-bpf)?)?$"),
    Sensor("Sysdig", r"(?:^|/)sysdig/(?:agent|agent-slim|host-shield)$"),
    Sensor("Tetragon", r"(?:^|/)tetragon$"),
    Sensor("Tracee", r"(?:^|/)tracee$"),
    Sensor("KubeArmor", r"(?:^|/)kubearmor/kubearmor$"),
    Sensor("NeuVector", r"(?:^|/)(?:neuvector/|mirrored-neuvector-|neuvector-)enforcer$"),
    Sensor("Aqua", r"(?:^registry\.aquasec\.com/|(?:^|/)aquasec/)(?:micro-)?enforcer$"),
    Sensor("Prisma Cloud", r"(?:^|/)twistlock/defender$"),
    Sensor("CrowdStrike Falcon", r"(?:^|/)falcon-sensor$"),
    Sensor("SentinelOne", r"(?:^|/)s1-?agent$"),
    Sensor("Microsoft Defender", r"(?:^|/)azuredefender/.*low-level-collector$"),
    Sensor("StackRox", r"(?:^|/)(?:stackrox-io/collector(?:-full|-slim)?|rhacs-collector(?:-slim)?-rhel\d+)$"),
    Sensor("Lacework", r"(?:^|/)lacework/datacollector$"),
    Sensor("Datadog", r"(?:^|/)datadog/agent$|(?:^|/)datadoghq/agent$", r"^security-agent$"),
    Sensor("Kubescape", r"(?:^|/)kubescape/node-agent$"),
    Sensor("GuardDuty", r"(?:^|/)aws-guardduty-agent$"),
    Sensor("Wazuh", r"(?:^|/)wazuh-agent$"),
    Sensor("Deepfence", r"(?:^|/)deepfence_agent(?:_ce)?$"),
    Sensor("Carbon Black", r"(?:^|/)cbartifactory/(?:runtime-kubernetes-sensor|cndr)$"),
)
"""Runtime sensors by the image that runs on every node. Loaders, operators and forwarders beside them see nothing."""


def node_sensors(nodes: pd.DataFrame, pods: pd.DataFrame, containers: pd.DataFrame, pod_readiness: pd.DataFrame,
                 *, sensors: tuple[Sensor, ...] = SENSORS) -> pd.DataFrame:
    """The runtime sensors on nodes: one row for each node and sensor; a node without a sensor has one row.

    Columns: node, sensor, namespace, pod, image, running (its pod is ready; <NA>: not known).
    """
    found = recognised(containers, sensors)
    placed = found.join(lookup(found, {"namespace": "namespace", "pod": "name"}, pods, ["node", "phase"]))
    placed = placed[placed["node"].notna() & ~placed["phase"].isin(ENDED)]
    of_pod = {"namespace": "namespace", "pod": "pod"}
    placed["running"] = lookup(placed, of_pod, pod_readiness, ["ready"])["ready"]
    columns = dict.fromkeys(["node", "sensor", "namespace", "pod", "image"], STRING) | {"running": BOOLEAN}
    named = nodes[["name"]].rename(columns={"name": "node"}).drop_duplicates()
    return named.merge(placed, on="node", how="left")[list(columns)].astype(columns)


def recognised(containers: pd.DataFrame, sensors: tuple[Sensor, ...]) -> pd.DataFrame:
    """The containers that are runtime sensors: sensor, namespace, pod, container, image.

    Init containers of sensors only prepare the node, and ephemeral ones are somebody's who looks for a fault: neither
    are sensors.
    """
    columns = ["namespace", "pod", "name", "image"]
    beside = containers.loc[lasting(containers).fillna(False), columns].rename(columns={"name": "container"})
    images = beside["image"].dropna().drop_duplicates()
    repository = references(images)["repository"].str.removeprefix("docker.io/")
    parts = [beside.iloc[:0].assign(sensor=pd.Series(dtype=STRING))]
    for sensor in sensors:
        theirs = images[repository.str.contains(sensor.image).fillna(False)]
        if theirs.empty:
            continue
        mine = beside[beside["image"].isin(theirs)]
        if sensor.container:
            mine = mine[mine["container"].str.contains(sensor.container).fillna(False)]
        parts.append(mine.assign(sensor=pd.Series(sensor.name, mine.index, STRING)))
    return pd.concat(parts, ignore_index=True)[["sensor", "namespace", "pod", "container", "image"]]


# --- audit logs ------------------------------------------------------------------------------------------------------


def audit_logs(scans: pd.DataFrame, events: pd.DataFrame, collection: pd.DataFrame) -> pd.DataFrame:
    """The supplied audit logs of the API server: one row for each log, in chronological order.

    Columns: kind, name (its file), scan, cluster, other_cluster, events, untimed (events without a time), first,
    last, silence (the longest time without an event inside of it, or since the logs of its cluster before it, in
    seconds), silent_since, newest (of its cluster), newest_of_cluster (the time of its last event), hours (that the
    logs of its cluster reach over); secret_reads (requests that read Secrets), reads_of_cluster (in all logs of its
    cluster), secret_bodies (events whose level writes what is in a Secret, or a token, into the log), unlevelled (such
    events without a level), truncated.
    """
    logs = scans[(scans["tool"] == AUDIT_LOG).fillna(False)][["scan", "file", "cluster", "truncated"]]
    log = events[(events["tool"] == AUDIT_LOG).fillna(False)]
    counted = _counted(log)
    found = logs.drop_duplicates("scan").merge(counted, on="scan", how="left", suffixes=("", "_said"))
    found["cluster"] = found["cluster"].fillna(found["cluster_said"])
    found[_COUNTS] = found[_COUNTS].fillna(0)
    found = found.merge(_silences(log, found), on="scan", how="left").sort_values(["first", "scan"], ignore_index=True)
    of_cluster = found.groupby(found["cluster"].fillna(""))
    last = of_cluster["last"].transform("max")
    found["newest"] = (found["last"] == last).fillna(False)
    found["newest_of_cluster"] = last
    found["hours"] = ((last - of_cluster["first"].transform("min")).dt.total_seconds() / 3600).astype("double[pyarrow]")
    found["reads_of_cluster"] = of_cluster["secret_reads"].transform("sum")
    found["other_cluster"] = of_other_cluster(found["cluster"], collection)
    found = found.rename(columns={"file": "name"}).drop(columns="cluster_said")
    found.insert(0, "kind", pd.Series("AuditLog", found.index, STRING))
    return found


def _counted(log: pd.DataFrame) -> pd.DataFrame:
    """For each audit log: scan, cluster_said, first, last, and `_COUNTS`."""
    of_secrets = (log["resource"].eq("secrets") & log["api_group"].eq("")).fillna(False) & log["subresource"].isna()
    reads = of_secrets & log["verb"].isin(SECRET_READS).fillna(False)
    once = ~log["audit_id"].duplicated() | log["audit_id"].isna()
    secret, unlevelled = bodies_with_secrets(log)
    rows = log[["scan", "cluster", "time"]].assign(
        events=1, untimed=log["time"].isna(), secret_reads=reads & once, secret_bodies=secret, unlevelled=unlevelled)
    grouped = rows.astype(dict.fromkeys(_COUNTS, INTEGER)).groupby("scan", sort=False)
    return grouped.agg(cluster_said=("cluster", "first"), first=("time", "min"), last=("time", "max"),
                       **{name: (name, "sum") for name in _COUNTS}).reset_index()


def _silences(log: pd.DataFrame, logs: pd.DataFrame) -> pd.DataFrame:
    """The longest silence of each log: scan, silence (seconds), silent_since.

    Inside one log, and between it and what all logs of its cluster have had before it begins.
    """
    times = log[log["time"].notna()][["scan", "time"]].merge(logs[["scan", "cluster"]], on="scan")
    times = times.assign(cluster=times["cluster"].fillna("")).sort_values("time", ignore_index=True)
    inside = times.assign(since=times.groupby("scan")["time"].shift())
    before = times.assign(since=times.groupby("cluster")["time"].cummax().groupby(times["cluster"]).shift())
    before = before[~before.duplicated("scan")]
    both = pd.concat([inside, before]).dropna(subset=["since"])
    both["silence"] = (both["time"] - both["since"]).dt.total_seconds().astype("double[pyarrow]")
    longest = both.sort_values("silence", ascending=False, kind="stable").drop_duplicates("scan")
    return longest[["scan", "silence", "since"]].rename(columns={"since": "silent_since"})
