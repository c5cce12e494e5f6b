"""Which findings still hold: what a later scan leaves out is closed, and an acceptance counts as long as it lasts.

A scan of an image lists all of its vulnerabilities (secrets, licences). So the newest whole scan of a tool is what the
tool says of the image, and what only an older one lists is closed, as of the newer. A scan that is not whole closes
nothing; nor does one of another tool, or one for other things.
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN

WHOLE = ("vulnerability", "secret", "license")
"""Categories of which a report on an image has all."""

_IMAGE = ["image_digest", "image_id", "image"]
_PLACE = ["tool", "category", "cluster", "kind", "namespace", "name", "container"]
_FINDING = ["rule_id", "package", "installed_version"]


def superseded(findings: pd.DataFrame, scans: pd.DataFrame) -> pd.DataFrame:
    """For each finding: superseded (a newer scan of the same tool covers its image), closed (when that one was made;
    <NA> where it lists the same, which then is open by the newer one). Indexed as the findings.

    Of two scans at one time, which are one scan given twice, the first counts.
    """
    found = pd.DataFrame({"superseded": pd.Series(False, findings.index, BOOLEAN),
                          "closed": pd.Series(pd.NaT, findings.index).astype(findings["seen"].dtype)})
    rows = _of_images(findings)
    if rows.empty:
        return found
    keys = [*_PLACE, "subject"]
    rows["time"] = rows.groupby([*keys, "scan"], dropna=False)["seen"].transform("max")
    whole = ~rows["scan"].isin(scans.loc[scans["truncated"].fillna(True), "scan"])
    runs = rows.loc[whole & rows["time"].notna(), [*keys, "scan", "time", "order"]]
    runs = runs.sort_values(["time", "order"], ascending=[False, True], kind="stable").drop_duplicates(keys)
    newest = rows[keys].merge(runs.rename(columns={"scan": "newest", "time": "newest_time"}), on=keys, how="left")
    newest = newest[["newest", "newest_time"]].set_axis(rows.index)
    late = ((rows["time"] <= newest["newest_time"]) & (rows["scan"] != newest["newest"])).fillna(False)
    late = late.to_numpy(bool)
    if not late.any():
        return found
    ids = [*keys, *_FINDING]
    kept = rows.loc[(rows["scan"] == newest["newest"]).fillna(False), ids].drop_duplicates()
    again = rows.loc[late, ids].merge(kept, on=ids, how="left", indicator="again")["again"].to_numpy() == "both"
    adverse = findings["status"].isin(["fail", "warn", "unknown", "error", "accepted"]).fillna(False)
    closes = ~again & adverse.take(np.flatnonzero(findings.index.isin(rows.index[late]))).to_numpy(bool)
    found.loc[rows.index[late], "superseded"] = True
    found.loc[rows.index[late][closes], "closed"] = newest.loc[late, "newest_time"][closes].to_numpy()
    return found


def _of_images(findings: pd.DataFrame) -> pd.DataFrame:
    """The findings of images where several scans of one tool speak of them, with the image as ``subject``."""
    scans = findings[["tool", "scan"]].drop_duplicates()
    several = scans["tool"][scans["tool"].duplicated()].dropna().unique()
    ours = findings["tool"].isin(several) & findings["category"].isin(WHOLE)
    ours = ours.fillna(False) & findings[_IMAGE].notna().any(axis=1)
    rows = findings.loc[ours, [*_PLACE, *_IMAGE, *_FINDING, "scan", "seen"]].copy()
    subject = rows["image_digest"].fillna(rows["image_id"]).fillna(rows["image"])
    return rows.drop(columns=_IMAGE).assign(subject=subject, order=np.arange(len(rows)))


def in_force(findings: pd.DataFrame, collection: pd.DataFrame) -> pd.Series:
    """The status of each finding at the time of the snapshot: one whose acceptance has ended by then fails."""
    now = collection["ended"].fillna(collection["started"]).max()
    if pd.isna(now):
        return findings["status"]
    ended = findings["status"].eq("accepted") & (findings["accepted_until"] <= now)
    return findings["status"].mask(ended.fillna(False), "fail")
