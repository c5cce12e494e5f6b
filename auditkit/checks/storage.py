"""Storage: whether volumes are encrypted, and what becomes of their data."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, lookup
from auditkit.checks.model import Judgement, check, judge

_OFF_BY_DEFAULT = ("ebs.csi.aws.com", "kubernetes.io/aws-ebs", "rbd.csi.ceph.com", "cephfs.csi.ceph.com")
"""Provisioners that encrypt a volume only where its class says ``encrypted: "true"``."""


@check(
    severity="high", wanted='made by a class that says encrypted: "true"',
    remedy="Make a StorageClass that encrypts, with a key of your own, and move the data to a volume of that class.",
    source="45 CFR 164.312(a)(2)(iv); documentation of the CSI drivers of EBS and Ceph",
)
def volumes_encrypted(persistent_volumes: pd.DataFrame, storage_classes: pd.DataFrame) -> Judgement:
    """Persistent volumes are encrypted at rest.

    A class speaks only for volumes that its provisioner made, after the class was made; others are unknown.
    """
    volumes = persistent_volumes
    of_class = lookup(volumes, {"storage_class": "name"}, storage_classes,
                      ["provisioner", "encrypted", "encryption_key", "created"])
    driver = volumes["csi_driver"].fillna(of_class["provisioner"].where(
        of_class["provisioner"].str.startswith("kubernetes.io/").fillna(False)))
    made = (volumes["name"].str.fullmatch(r"pvc-[0-9a-f-]{36}") & (driver == of_class["provisioner"])
            & (of_class["created"] <= volumes["created"]).fillna(True)).fillna(False)
    says = of_class["encrypted"].str.lower().map({"true": True, "false": False}).astype(BOOLEAN)
    says = says.mask(of_class["encrypted"].isna() & driver.isin(_OFF_BY_DEFAULT), False)
    seen = volumes.assign(provisioner=of_class["provisioner"], encrypted=of_class["encrypted"],
                          own_key=of_class["encryption_key"])
    ok = says.where(made)
    reasons = pd.Series("whether the disk behind it is encrypted, the cluster does not show", volumes.index, STRING)
    return judge(seen, ok, ["storage_class", "provisioner", "type", "encrypted", "own_key"],
                 reasons=reasons.where(ok.isna(), ""))


@check(
    severity="medium", wanted="reclaim policy Delete or Retain, and not left behind by its claim",
    remedy="Decide what becomes of the data of a released volume, wipe or archive it, and delete the volume.",
    source="45 CFR 164.310(d)(2)(i); Kubernetes documentation: reclaiming of persistent volumes",
)
def reclaim_policy_known(persistent_volumes: pd.DataFrame) -> Judgement:
    """What becomes of the data of a volume is decided."""
    decided = persistent_volumes["reclaim_policy"].isin(["Delete", "Retain"]).astype(BOOLEAN).where(
        persistent_volumes["reclaim_policy"].notna())
    left = persistent_volumes["phase"].isin(["Released", "Failed"])
    return judge(persistent_volumes, decided & ~left, ["reclaim_policy", "phase", "claim_namespace", "claim"])
