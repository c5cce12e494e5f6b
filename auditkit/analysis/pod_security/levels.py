"""Pod Security Standards, exactly as the admission plug-in of Kubernetes judges them.

`spec_security` finds at once what every version of the standard has against each kind of pod; the verdicts of checks,
the levels that pods meet and what the labels of namespaces do are then selections from it. The rules are in
`podsecurity_rules`.

A version is ``latest`` or ``v1.N``. As in a cluster, versions newer than the server's own are judged as that; without
a server's version, ``latest`` is the newest release that is known here.
"""

import re
from collections.abc import Collection, Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import STRING
from auditkit.analysis.pod_security import rules
from auditkit.analysis.pod_security.specs import Listing, Specs, filled, joined, keys, texts, true
from auditkit.errors import UsageError

LEVELS = ("privileged", "baseline", "restricted")
MODES = ("enforce", "audit", "warn")
LATEST = 36
"""Minor number of the newest release of Kubernetes that is known here."""
NEWEST = 37
"""Minor number of the newest version of the standard that is known here; as of July 2026 an alpha."""

LABELS = "pod-security.kubernetes.io/"
"""How the labels of a namespace begin that say its levels."""

ENFORCE = f"{LABELS}enforce"
"""The label whose level refuses pods."""
_VERSION = r"v1\.(0|[1-9][0-9]{0,17})"


def minor_version(version: str, server: str = "") -> int:
    """The version of the standard that is judged, as a minor number: 25 for ``v1.25``.

    ``server`` is the API server's version (``v1.34.2+k3s1``). Raises `UsageError` for what is no version.
    """
    own = re.match(r"v?1\.(\d+)", server)
    if server and not own:
        raise UsageError(f"{server!r} is not the version of a Kubernetes server; it looks like v1.{LATEST}.0.")
    limit = min(int(own[1]), NEWEST) if own else NEWEST
    if version == "latest":
        return limit if own else LATEST
    asked = re.fullmatch(_VERSION, version)
    if not asked:
        raise UsageError(f"{version!r} is not a version of the Pod Security Standards; "
                         f"give latest, v1.0, v1.1 … (one after v1.{NEWEST} is judged as that).")
    return min(int(asked[1]), limit)


def verify_chosen(version: str, level: str) -> None:
    """Refuse a version or a level that the standard does not have, for good or as far as is known here. A level that
    forbids nothing is none. Raises `UsageError`."""
    asked = re.fullmatch(_VERSION, version)
    if version != "latest" and (not asked or int(asked[1]) > NEWEST):
        raise UsageError(f"{version!r} is no version of the Pod Security Standards that this auditkit knows; give "
                         f"latest, v1.0, v1.1 … v1.{NEWEST}.")
    if level not in LEVELS[1:]:
        raise UsageError(f"{level!r} is not a level of the Pod Security Standards that has rules; give "
                         f"{' or '.join(LEVELS[1:])}.")


def server_version(told: object) -> str:
    """The version that a server told, or nothing where it is none that `minor_version` could read."""
    return told if isinstance(told, str) and re.match(r"v?1\.\d+", told) else ""


# --- what the standard has against each pod ------------------------------------------------------------------------


def pod_specs(all_pods: pd.DataFrame, all_containers: pd.DataFrame, all_container_capabilities: pd.DataFrame,
              all_container_ports: pd.DataFrame, all_container_handlers: pd.DataFrame, all_volumes: pd.DataFrame,
              all_pod_sysctls: pd.DataFrame, all_pod_annotations: pd.DataFrame) -> pd.DataFrame:
    """Groups of pods that the Pod Security Standards treat alike, in the order of `all_pods`: kind, namespace, name,
    spec.

    ``spec`` is a number, from 0. Most pods come from a template, and are as the others that do.
    """
    specs = _specs(all_pods, all_containers, all_container_capabilities, all_container_ports, all_container_handlers,
                   all_volumes, all_pod_sysctls, all_pod_annotations)
    numbers = pd.Series(specs.alike, all_pods.index, "int64[pyarrow]")
    return all_pods[["kind", "namespace", "name"]].assign(spec=numbers)


def spec_security(
    all_pods: pd.DataFrame, pod_specs: pd.DataFrame, all_containers: pd.DataFrame,
    all_container_capabilities: pd.DataFrame, all_container_ports: pd.DataFrame, all_container_handlers: pd.DataFrame,
    all_volumes: pd.DataFrame, all_pod_sysctls: pd.DataFrame, all_pod_annotations: pd.DataFrame,
) -> pd.DataFrame:
    """The violations of every version of the Pod Security Standards by the pods of each spec in `pod_specs`.

    One row for each spec, violated rule and stretch of versions: spec, rule (its name upstream), level, since and
    until (minor numbers; the latter is not itself meant, ``<NA>``: to the newest), message (the words of the plug-in;
    ``<NA>``: it is not known whether the rule is violated). Specs are in their order, rules in the plug-in's.
    """
    spec = pod_specs["spec"].to_numpy()
    firsts = np.unique(spec, return_index=True)[1]
    found = _violations(_specs(all_pods.take(firsts), all_containers, all_container_capabilities, all_container_ports,
                               all_container_handlers, all_volumes, all_pod_sysctls, all_pod_annotations))
    return found.assign(at=spec[firsts][found["at"].to_numpy()]).rename(columns={"at": "spec"})


def pod_security(pod_specs: pd.DataFrame, spec_security: pd.DataFrame) -> pd.DataFrame:
    """The violations of every version of the Pod Security Standards by each pod, in the order of the pods.

    Columns: namespace, pod, and those of `spec_security` but for spec.
    """
    pods = pod_specs[pod_specs["kind"] == "Pod"]
    at, rows = _spread(pods, spec_security)
    owners = pods[["namespace", "name"]].rename(columns={"name": "pod"}).take(at).reset_index(drop=True)
    return pd.concat([owners, spec_security.drop(columns="spec").take(rows).reset_index(drop=True)], axis=1)


def template_pod_security(
    templates: pd.DataFrame, template_containers: pd.DataFrame, template_container_capabilities: pd.DataFrame,
    template_container_ports: pd.DataFrame, template_container_handlers: pd.DataFrame, template_volumes: pd.DataFrame,
    template_pod_sysctls: pd.DataFrame, template_pod_annotations: pd.DataFrame,
) -> pd.DataFrame:
    """The same as `pod_security` for the pod templates of workload controllers, with a column kind before."""
    found = _violations(_specs(templates, template_containers, template_container_capabilities,
                               template_container_ports, template_container_handlers, template_volumes,
                               template_pod_sysctls, template_pod_annotations))
    owners = templates[["kind", "namespace", "name"]].rename(columns={"name": "pod"})
    return pd.concat([owners.take(found["at"].to_numpy()).reset_index(drop=True), found.drop(columns="at")], axis=1)


def _specs(pods: pd.DataFrame, containers: pd.DataFrame, capabilities: pd.DataFrame, ports: pd.DataFrame,
           handlers: pd.DataFrame, volumes: pd.DataFrame, sysctls: pd.DataFrame, annotations: pd.DataFrame) -> Specs:
    volumes, ports, handlers, annotations = rules.at_issue(volumes, ports, handlers, annotations)
    return Specs(pods, containers, capabilities, ports, handlers, volumes, sysctls, annotations)


def _violations(specs: Specs) -> pd.DataFrame:
    """What all rules find: at (the place of the pod), rule, level, since, until, message."""
    found = pa.concat_tables(rows for rule in rules.RULES for rows in _rows(rule, specs))
    return found.to_pandas(types_mapper=pd.ArrowDtype).sort_values("at", kind="stable", ignore_index=True)


def _rows(rule: rules.Rule, specs: Specs) -> Iterator[pa.Table]:
    """What a rule finds, one row for each pod that it speaks of; those of which it is not known come last."""
    for finding in rule.find(specs):
        yield _table(rule, finding.message.notna().to_numpy(dtype=bool), finding)
    unknown = np.logical_or.reduce([specs.unknown(place) for place in rule.known])
    yield _table(rule, unknown, rules.Finding(pd.Series(pd.NA, range(specs.size), STRING)))


def _table(rule: rules.Rule, chosen: np.ndarray, finding: rules.Finding) -> pa.Table:
    at = np.flatnonzero(chosen)
    until = np.broadcast_to(np.nan if finding.until is None else finding.until, len(chosen))[at]
    return pa.table({
        "at": at,
        "rule": pa.repeat(pa.scalar(rule.id, pa.string()), len(at)),
        "level": pa.repeat(pa.scalar(rule.level, pa.string()), len(at)),
        "since": pa.repeat(pa.scalar(max(rule.since, finding.since), pa.int64()), len(at)),
        "until": pa.array(until, from_pandas=True).cast(pa.int64()),
        "message": finding.message.array.__arrow_array__().take(pa.array(at)),
    })


def _spread(pod_specs: pd.DataFrame, spec_security: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """The place of a pod and a row of its spec, for all rows of all pods; both tables are in their order."""
    spec, of_spec = pod_specs["spec"].to_numpy(), spec_security["spec"].to_numpy()
    first, end = (np.searchsorted(of_spec, spec, side) for side in ("left", "right"))
    count = end - first
    at = np.repeat(np.arange(len(spec)), count)
    return at, np.arange(len(at)) - np.repeat(np.cumsum(count) - count - first, count)


def in_force(security: pd.DataFrame, *, level: str, version: str = "latest", server: str = "",
             only: Collection[str] = ()) -> pd.DataFrame:
    """The rows of `pod_security` that a level has against pods in one version; of some rules only, if they are named.

    Raises `UsageError` for a level or version that does not exist.
    """
    if level not in LEVELS:
        raise UsageError(f"{level!r} is not a level of the Pod Security Standards; they are {', '.join(LEVELS)}.")
    minor = minor_version(version, server)
    names = [name for name in rules.in_force(level, minor) if not only or name in only]
    now = (security["since"] <= minor) & (security["until"].isna() | (security["until"] > minor).fillna(False))
    return security[true(now & security["rule"].isin(names))]


def explain(pods: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    """The message of the plug-in for each pod or template: the messages of these rows, joined.

    Empty where there are none, ``<NA>`` where the only ones are not known. The index is that of the pods.
    """
    names = keys(pods, "name")
    at = pc.index_in(keys(found, "pod"), value_set=names)
    said = _said(len(pods), pc.fill_null(at, -1).to_numpy(), found["message"])
    same = pc.index_in(names, value_set=names).to_numpy()  # a pod that is listed twice is one pod
    return said.take(same).set_axis(pods.index)


def explain_specs(pod_specs: pd.DataFrame, found: pd.DataFrame) -> pd.Series:
    """The same as `explain`, by rows of `spec_security`."""
    spec = pod_specs["spec"].to_numpy()
    said = _said(spec.max(initial=-1) + 1, found["spec"].to_numpy(), found["message"])
    return said.take(spec).set_axis(pod_specs.index)


def _said(size: int, place: np.ndarray, message: pd.Series) -> pd.Series:
    """The messages of each of so many places, joined; those of place -1 are left out."""
    known = message.notna().to_numpy(dtype=bool)
    rows = np.flatnonzero(known & (place >= 0))
    rows = rows[np.argsort(place[rows], kind="stable")]
    said = Listing.of(size, place[rows], filled(message.take(rows))).text
    doubtful = np.zeros(size, bool)
    doubtful[place[(place >= 0) & ~known]] = True
    return said.mask(said.isna() & ~doubtful, "")


# --- what namespaces ask for ---------------------------------------------------------------------------------------


def namespace_levels(namespaces: pd.DataFrame, namespace_labels: pd.DataFrame) -> pd.DataFrame:
    """The effect of the Pod Security labels of each namespace, in the order of the namespaces.

    Columns: name; enforce, audit, warn (level); enforce_version, audit_version, warn_version; errors (labels that
    are not valid, ``<NA>``: none). Nothing said is ``privileged`` and ``latest``. As in the plug-in, a level that is
    not valid is ``restricted`` to enforce and ``privileged`` to the others, a version that is not valid is
    ``latest``, and warn follows a stricter enforce unless it says otherwise. Defaults and exemptions that an
    AdmissionConfiguration file of the API server may set cannot be seen in the cluster.
    """
    name = namespaces["name"]
    labels = {key: _label(name, namespace_labels, key) for mode in MODES for key in (mode, f"{mode}-version")}
    valid = {key: value.str.fullmatch(_VERSION + "|latest" if key.endswith("version") else "|".join(LEVELS))
             for key, value in labels.items()}
    columns = {"name": name}
    for key, value in labels.items():
        absent, instead = ("latest", "latest") if key.endswith("version") else \
            ("privileged", "restricted" if key == "enforce" else "privileged")
        columns[key.replace("-", "_")] = value.where(valid[key].fillna(True), instead).fillna(absent)
    levels = pd.DataFrame(columns)
    follows = labels["warn"].isna() & valid["enforce"].fillna(False)
    stricter = levels["enforce"] != "privileged"
    levels["warn"] = levels["warn"].mask(true(follows & stricter), levels["enforce"])
    levels["warn_version"] = levels["warn_version"].mask(
        true(follows & stricter & labels["warn-version"].isna()), levels["enforce_version"])
    errors = joined(", ", *((f"{LABELS}{key}=" + value).where(true(~valid[key])) for key, value in labels.items()))
    return levels.assign(errors=errors.set_axis(name.index))


def _label(names: pd.Series, labels: pd.DataFrame, key: str) -> pd.Series:
    """The value of a label of each namespace; ``<NA>`` where it is not set."""
    rows = labels[true(labels["key"] == LABELS + key)]
    at = pc.index_in(filled(names), value_set=filled(rows["namespace"]))
    return texts(filled(rows["value"]).take(at)).set_axis(names.index)


def pod_levels(pods: pd.DataFrame, pod_security: pd.DataFrame, namespace_levels: pd.DataFrame,
               collection: pd.DataFrame) -> pd.DataFrame:
    """The level that each pod meets, and its violations of the levels of its namespace, in the order of the pods.

    Columns: (kind,) namespace, name, level (the strictest that it meets in the version of the server; ``<NA>``: not
    known); enforce, audit, warn (the words of the plug-in in this mode; empty: nothing against it; ``<NA>``: unknown).
    """
    server = server_version(collection["server_version"].dropna().max())
    baseline, restricted = (explain(pods, in_force(pod_security, level=level, server=server)) for level in LEVELS[1:])
    level = pd.Series("restricted", pods.index, STRING)
    for said, lower in ((restricted, "baseline"), (baseline, "privileged")):
        level = level.mask(said.isna(), pd.NA).mask(true(said != ""), lower)
    modes = {mode: _asked(pods, pod_security, namespace_levels, mode, server) for mode in MODES}
    return pods[[name for name in ("kind", "namespace", "name") if name in pods]].assign(level=level, **modes)


def template_pod_levels(templates: pd.DataFrame, template_pod_security: pd.DataFrame, namespace_levels: pd.DataFrame,
                        collection: pd.DataFrame) -> pd.DataFrame:
    """The same as `pod_levels` for pod templates. Enforce meets their pods, not the workload controllers themselves."""
    return pod_levels(templates, template_pod_security, namespace_levels, collection)


def _asked(pods: pd.DataFrame, security: pd.DataFrame, levels: pd.DataFrame, mode: str, server: str) -> pd.Series:
    """What each pod's namespace says of it in one mode; ``<NA>`` where the namespace is not known."""
    at = pc.index_in(filled(pods["namespace"]), value_set=filled(levels["name"]))
    asked = pd.DataFrame({name: filled(levels[column]).take(at) for name, column in (
        ("level", mode), ("version", f"{mode}_version"))}, index=pods.index, dtype=STRING)
    said = pd.Series(pd.NA, pods.index, STRING)
    for (level, version), group in asked.groupby(["level", "version"]):
        found = in_force(security, level=level, version=version, server=server)
        said = said.mask(asked.index.isin(group.index), explain(pods.loc[group.index], found))
    return said
