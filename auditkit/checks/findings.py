"""Results of scanners, policy engines and sensors: findings are handled, and everything is covered.

Scans count for ``max_age_days`` before the snapshot. An older scan, or one without a time, is no evidence for a pass.
Findings of another cluster do not count.
"""

import re

import numpy as np
import pandas as pd

from auditkit.analysis.cluster.cluster_names import of_other_cluster
from auditkit.analysis.columns import STRING, has, named
from auditkit.analysis.findings import coverage
from auditkit.analysis.findings.tied import of_state
from auditkit.checks.model import Judgement, check, judge
from auditkit.checks.support import evidence
from auditkit.checks.support.evidence import any_of, at_least, count_of, fresh, newest, reason, verdict
from auditkit.scans.registry import Providers
from auditkit.tables.findings import MAX_AGE_DAYS

IMAGE_SCANNERS = Providers("images")
STATE_SCANNERS = Providers("state")
POLICY_ENGINES = Providers("policies")
NAME_FIXES = Providers("fixed versions")
"""Scanners that name the fixed version of a package where there is one. Others count as such once they name one."""

_OWN_POLICIES = "policyEvaluation"
"""Sysdig's rule for the policies of an image. An image that passes them may still have vulnerabilities."""

_EVIDENCE = ["digest", "used_by", "scanned"]


# --- images ----------------------------------------------------------------------------------------------------------


@check(
    severity="high",
    finding="has serious vulnerabilities that can be fixed",
    wanted="a scan in the {max_age_days} days before the snapshot, with no vulnerability of severity {severity} "
           "or higher that has a fix",
    remedy="Rebuild the image with fixed packages and roll it out. Accept what cannot be fixed in time, with an "
           "expiry date.",
    source="NIST SP 800-53 RA-5 and SI-2; NIST SP 800-190 4.1.1",
    tools=IMAGE_SCANNERS,
)
def vulnerabilities_handled(images_in_use: pd.DataFrame, image_findings: pd.DataFrame, collection: pd.DataFrame, *,
                            max_age_days: int = MAX_AGE_DAYS, severity: str = "high") -> Judgement:
    """Scanners find no serious vulnerabilities that can be fixed in images in use.

    A known vulnerability with a fix is the easiest way into a container: attackers know it, and an update would close
    it.
    """
    rows = _said(image_findings, "vulnerability")
    bad = _adverse(rows) & at_least(rows["severity"], severity) & _fixable(rows)
    listed = coverage.scanned(rows) & ~_is(rows["rule_id"], _OWN_POLICIES)
    return _of_images(images_in_use, rows, bad, listed, collection, max_age_days,
                      f"vulnerabilities of severity {severity} or higher that can be fixed",
                      "the severity, state or fix of vulnerabilities is not known")


@check(
    severity="critical",
    finding="contains secrets that a scanner found",
    wanted="a scan for secrets in the {max_age_days} days before the snapshot, with no secret found",
    remedy="Revoke the secret, rebuild the image without it, and give the secret to the container at run time.",
    source="NIST SP 800-190 4.1.4; 45 CFR 164.312(d)",
    tools=IMAGE_SCANNERS,
)
def exposed_secrets_none(images_in_use: pd.DataFrame, image_findings: pd.DataFrame, collection: pd.DataFrame, *,
                         max_age_days: int = MAX_AGE_DAYS) -> Judgement:
    """Scanners find no secrets in images in use.

    Whoever can pull the image has the secret, and keeps it after the secret is removed from later images.
    """
    rows = _said(image_findings, "secret")
    return _of_images(images_in_use, rows, _adverse(rows), coverage.scanned(rows, "secret"), collection, max_age_days,
                      "secrets found", "a scanner left results on secrets undecided")


def _said(image_findings: pd.DataFrame, category: str) -> pd.DataFrame:
    """The findings of a category about images, by the newest scan of each tool."""
    rows = image_findings[_is(image_findings["category"], category) & ~image_findings["superseded"]]
    return rows.reset_index(drop=True)


def _informed(rows: pd.DataFrame, collection: pd.DataFrame, max_age_days: int) -> pd.Series:
    """Whether the scanner's data were recent too. Tools that do not state their age are taken to have fetched them."""
    return fresh(rows["data_time"], collection, max_age_days).mask(rows["data_time"].isna(), True)


def _of_images(images: pd.DataFrame, rows: pd.DataFrame, bad: pd.Series, scanned: pd.Series, collection: pd.DataFrame,
               max_age_days: int, found: str, left_open: str) -> Judgement:
    """Judge images: bad in a scan that may be recent fails; nothing bad, with a recent scan, passes."""
    at, size = rows["image"].to_numpy(np.int64), len(images)
    young = fresh(rows["seen"], collection, max_age_days)
    vague = rows["match"].eq("vague").fillna(True)
    bad = bad.mask(vague & bad.fillna(True), pd.NA) & (young.fillna(True) & ~_is(rows["match"], "moved"))
    any_bad, good = any_of(at, bad, size), any_of(at, scanned & young & _informed(rows, collection, max_age_days), size)
    subjects = images.assign(scanned=newest(at, rows["seen"], scanned, size).array)
    rules = _names(at, rows["rule_id"], bad, size)
    reasons = reason(
        (any_bad.fillna(False), f"{found}: " + count_of(at, bad, size).astype(STRING) + " (" + rules + ")"),
        (any_bad.isna(), left_open),
        (good.isna() | ~good.fillna(False), _unscanned(rows, size, scanned, young, collection, max_age_days)),
    )
    return judge(subjects, _like(verdict(any_bad, good), images), _EVIDENCE, reasons=_like(reasons, images))


@check(
    severity="medium",
    finding="was not scanned for vulnerabilities recently, with up-to-date data",
    wanted="a scan for vulnerabilities in the {max_age_days} days before the snapshot, with data from these days",
    remedy="Scan every image that runs, not only those that are built. Trivy Operator does so.",
    source="NIST SP 800-53 RA-5; 45 CFR 164.308(a)(1)(ii)(A)",
    tools=IMAGE_SCANNERS,
)
def images_scanned_recently(images_in_use: pd.DataFrame, image_findings: pd.DataFrame, findings: pd.DataFrame,
                            scans: pd.DataFrame, collection: pd.DataFrame, *,
                            max_age_days: int = MAX_AGE_DAYS) -> Judgement:
    """Images in use have a recent scan for vulnerabilities.

    New vulnerabilities become known every day. An old scan, or a scan with old data, does not show them.
    """
    rows = _said(image_findings, "vulnerability")
    at, size = rows["image"].to_numpy(np.int64), len(images_in_use)
    scanned, young = coverage.scanned(rows), fresh(rows["seen"], collection, max_age_days)
    good = any_of(at, scanned & young & _informed(rows, collection, max_age_days), size)
    looked = findings[_is(findings["category"], "vulnerability") & ~of_other_cluster(findings["cluster"], collection)]
    whole = len(looked) > 0 and not scans["truncated"].fillna(True)[scans["scan"].isin(looked["scan"].dropna())].any()
    nothing = ~pd.Series(np.bincount(at, minlength=size) > 0) & whole
    ok = good.where(good.fillna(False) | nothing, pd.NA)
    subjects = images_in_use.assign(scanned=newest(at, rows["seen"], scanned, size).array)
    reasons = reason((good.fillna(False), ""), (
        np.full(size, True), _unscanned(rows, size, scanned, young, collection, max_age_days)))
    if not whole:
        reasons = reasons.mask(~good.fillna(False) & (np.bincount(at, minlength=size) == 0),
                               "the scans of images are incomplete" if len(looked)
                               else "no scan has results on vulnerabilities of images")
    return judge(subjects, _like(ok, images_in_use), _EVIDENCE, reasons=_like(reasons, images_in_use))


def _unscanned(rows: pd.DataFrame, size: int, scanned: pd.Series, young: pd.Series, collection: pd.DataFrame,
               max_age_days: int) -> pd.Series:
    """Why an image has no recent scan."""
    at = rows["image"].to_numpy(np.int64)
    last = newest(at, rows["seen"], scanned, size).dt.strftime("%Y-%m-%d").astype(STRING)
    old, undated = any_of(at, scanned & ~young, size), any_of(at, scanned & young.isna(), size)
    ignorant = any_of(at, scanned & ~_informed(rows, collection, max_age_days), size)
    moved, tag = (any_of(at, _is(rows["match"], match), size) for match in ("moved", "tag"))
    return reason(
        (old.fillna(False), "the last scan is from " + last + f", more than {max_age_days} days before the snapshot"),
        (undated.fillna(False), "the age of the scan is not known"),
        (ignorant.fillna(False), f"the scanner's data on vulnerabilities were more than {max_age_days} days old"),
        (moved.fillna(False), "the scan under this name was of another image"),
        (tag.fillna(False), "a scan names only the tag latest, which may mean another image"),
        (np.full(size, True), "no scan is known to cover the image"),
    )


def _adverse(rows: pd.DataFrame) -> pd.Series:
    """Whether each finding is adverse; ``<NA>`` where the tool left a rule undecided.

    An undecided result without a rule is a scan that failed, and says nothing of the subject.
    """
    fails = rows["status"].isin(evidence.FAILS).astype("bool[pyarrow]")
    left_open = rows["status"].isin(evidence.OPEN).fillna(False) | rows["status"].isna()
    return fails.mask(left_open & rows["rule_id"].notna(), pd.NA)


def _fixable(rows: pd.DataFrame) -> pd.Series:
    """Whether a version without the vulnerability exists; ``<NA>`` where the tool does not report this."""
    version = rows["fixed_version"].str.strip().str.lower()
    fixed = version.notna() & ~version.isin(["", "none"])
    tells = rows["tool"].isin([*NAME_FIXES, *rows["tool"][fixed]]) & rows["package"].notna()
    return fixed.astype("bool[pyarrow]").where((fixed | tells).fillna(False), pd.NA)


# --- objects and policies --------------------------------------------------------------------------------------------


@check(
    severity="high",
    finding="has serious misconfigurations that a scanner found",
    wanted="a scan in the {max_age_days} days before the snapshot, with no misconfiguration of severity {severity} "
           "or higher",
    remedy="Change the object as the scanner advises. Or let its owner accept the finding in the scanner, with an "
           "expiry date.",
    source="NIST SP 800-53 CM-6 and RA-5",
    tools=STATE_SCANNERS,
    if_empty="no object that a scanner could judge is visible",
    needs=("workloads",),
)
def misconfigurations_handled(judged_objects: pd.DataFrame, findings_tied: pd.DataFrame, collection: pd.DataFrame, *,
                              max_age_days: int = MAX_AGE_DAYS, severity: str = "high") -> Judgement:
    """Scanners find no serious misconfigurations of workloads and other objects.

    Scanners judge objects by their own rules, in addition to the checks of this report. Whatever they find must be
    corrected, or accepted by its owner.
    """
    keys = ["kind", "namespace", "name"]
    places = judged_objects[keys].assign(at=np.arange(len(judged_objects)))
    rows = of_state(findings_tied).drop(columns=keys)
    rows = rows.rename(columns={f"object_{key}": key for key in keys}).merge(places, on=keys)
    at, size = rows["at"].to_numpy(np.int64), len(judged_objects)
    young = fresh(rows["seen"], collection, max_age_days)
    state = _adverse(rows)
    state = state.mask(state.isna() & _is(rows["tied"], "none"), False)  # such controls are about no object
    bad = state & at_least(rows["severity"], severity) & young.fillna(True)
    judged = rows["status"].isin(evidence.JUDGED).fillna(False).astype("bool[pyarrow]")
    any_bad, good = any_of(at, bad, size), any_of(at, judged & young, size)
    last = newest(at, rows["seen"], judged, size)
    subjects = judged_objects.assign(scanned=last.array, findings=count_of(at, state, size).array)
    reasons = reason(
        (any_bad.fillna(False), f"misconfigurations of severity {severity} or higher: "
         + count_of(at, bad, size).astype(STRING) + " (" + _names(at, rows["rule_id"], bad, size) + ")"),
        (any_bad.isna(), "the severity or state of findings is not known"),
        (good.fillna(False), ""),
        (last.isna(), "no scan with a known time covers the object"),
        (np.full(size, True), "the last scan is from " + last.dt.strftime("%Y-%m-%d").astype(STRING)
         + f", more than {max_age_days} days before the snapshot, or its time is not known"),
    )
    return judge(subjects, _like(verdict(any_bad, good), judged_objects), ["findings", "scanned"],
                 reasons=_like(reasons, judged_objects))


@check(
    severity="medium",
    finding="is violated",
    wanted="a complete audit of the policy in the {max_age_days} days before the snapshot, without a violation",
    remedy="Change the objects that violate the policy, or exclude them from it by name. Raise the limit of listed "
           "violations.",
    source="NIST SP 800-53 CM-6 and CM-7; documentation of OPA Gatekeeper (audit) and of the PolicyReport API",
    tools=POLICY_ENGINES,
    if_empty="no results of a policy engine are available for this cluster",
)
def policy_violations_none(policies: pd.DataFrame, collection: pd.DataFrame, *,
                           max_age_days: int = MAX_AGE_DAYS) -> Judgement:
    """No object violates a policy of a policy engine.

    A policy that only audits does not stop what violates it. Its violations stay until somebody handles them.
    """
    young = fresh(policies["last_seen"], collection, max_age_days)
    violated, passed, left_open, gone = (policies[name] > 0 for name in ("failed", "passed", "open", "gone"))
    bad = (violated & young.fillna(True)).mask(~violated & (left_open | gone), pd.NA)
    only_skipped = (policies["skipped"] > 0) & ~(violated | passed | left_open | gone)
    reasons = reason(
        (bad.fillna(False), "violations listed: " + policies["failed"].astype(STRING)),
        ((~young).fillna(False), f"the last audit was more than {max_age_days} days before the snapshot"),
        (left_open, "the policy was not audited, or not all of its violations are listed"),
        (gone, "the objects that violated the policy are not in the snapshot"),
        (young.isna(), "the time of the last audit is not known"),
    )
    return judge(policies, verdict(bad, passed & young), ["tool", "failed", "passed", "enforcement", "last_seen"],
                 applies=~only_skipped, otherwise="the policy engine skipped the policy for all objects",
                 reasons=_like(reasons, policies))


# --- sensors ---------------------------------------------------------------------------------------------------------


@check(
    severity="medium",
    finding="has no ready runtime sensor",
    wanted="a ready pod of a runtime sensor on the node",
    remedy="Run a sensor such as Falco, Tetragon or Tracee as a DaemonSet that tolerates the taints of all nodes.",
    source="NIST SP 800-53 SI-4; 45 CFR 164.308(a)(1)(ii)(D)",
    if_empty="no node is visible, though every cluster has nodes",
    needs=("pods", "containers"),
)
def runtime_sensor_on_every_node(nodes: pd.DataFrame, pods: pd.DataFrame, containers: pd.DataFrame,
                                 pod_readiness: pd.DataFrame, *, also: str = "") -> Judgement:
    """A runtime sensor runs on every node.

    Attacks on a node without a sensor may go unseen. ``also`` is the image of a sensor that auditkit does not know,
    without registry and tag: ``acme/watcher``.
    """
    own = [coverage.Sensor("own sensor", rf"(?:^|/){re.escape(also)}$")] if also else []
    found = coverage.node_sensors(nodes, pods, containers, pod_readiness, sensors=(*coverage.SENSORS, *own))
    found, on = found[found["sensor"].notna()], {"name": "node"}
    running = found[found["running"].fillna(False)].drop_duplicates(["node", "sensor"])
    there, unsure = has(nodes, on, found), has(nodes, on, found[found["running"].isna()])
    watched = has(nodes, on, running)
    watched = watched.mask(~watched & unsure, pd.NA)
    reasons = reason((watched.fillna(False), ""),
                     (unsure, "it is not known whether the runtime sensor on the node is ready"),
                     (there, "the pod of the runtime sensor on the node is not ready"),
                     (np.full(len(nodes), True), "no runtime sensor is recognised on the node"))
    return judge(nodes.assign(sensor=named(nodes, on, running, "sensor")), watched, ["sensor", "os"],
                 reasons=_like(reasons, nodes))


# --- helpers ---------------------------------------------------------------------------------------------------------


def _is(values: pd.Series, word: str) -> pd.Series:
    return values.eq(word).fillna(False).astype("bool[pyarrow]")


def _names(at: np.ndarray, names: pd.Series, where: pd.Series, size: int, most: int = 5) -> pd.Series:
    """The first few names of the rows that are true of each subject, joined by commas."""
    rows = pd.DataFrame({"at": at, "name": names.array})[where.fillna(False).to_numpy(bool)]
    chosen = rows.dropna().drop_duplicates()
    joined = chosen.groupby("at").head(most).groupby("at")["name"].agg(", ".join)
    return joined.reindex(range(size)).astype(STRING).fillna("")


def _like(values: pd.Series, subjects: pd.DataFrame) -> pd.Series:
    return values.set_axis(subjects.index)
