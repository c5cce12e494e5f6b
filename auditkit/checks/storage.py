"""Storage: whether volumes are encrypted, and whether released ones keep their data."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, by_value, lookup
from auditkit.checks.model import Judgement, check, judge
from auditkit.tables.volume_encryption import DRIVERS

DISK_UNKNOWN = "the cluster does not show whether the disk is encrypted"


@check(
    severity="high", finding="comes from a storage class that turns encryption off",
    wanted="created by a storage class that tells its driver to encrypt",
    remedy="Create a StorageClass that encrypts with a key of your own, and move the data to a volume of that class.",
    source="45 CFR 164.312(a)(2)(iv); code and documentation of the CSI drivers",
)
def volumes_encrypted(persistent_volumes: pd.DataFrame, storage_classes: pd.DataFrame) -> Judgement:
    """Persistent volumes come from storage classes that turn encryption on.

    Whoever obtains the disk or a copy of it can read data that is not encrypted. A class is evidence only for volumes
    that its provisioner created after the class; other volumes are unknown. So are volumes of a class that does not
    mention encryption, because the cloud account or the layer below may encrypt them.
    """
    volumes = persistent_volumes
    classes = storage_classes.assign(**_told(storage_classes))
    of_class = lookup(volumes, {"storage_class": "name"}, classes,
                      ["provisioner", "encrypted", "encryption_key", "created", "says", "said"])
    driver = volumes["csi_driver"].fillna(of_class["provisioner"].where(
        of_class["provisioner"].str.startswith("kubernetes.io/").fillna(False)))
    made = (volumes["name"].str.fullmatch(r"pvc-[0-9a-f-]{36}") & (driver == of_class["provisioner"])
            & (of_class["created"] <= volumes["created"]).fillna(True)).fillna(False)
    seen = volumes.assign(provisioner=of_class["provisioner"], encrypted=of_class["said"],
                          own_key=of_class["encryption_key"])
    ok = of_class["says"].where(made)
    ask = by_value(driver.astype(STRING), _asked)
    reasons = (DISK_UNKNOWN + ("; " + ask).fillna("")).where(ok.isna(), "")
    return judge(seen, ok, ["storage_class", "provisioner", "type", "encrypted", "own_key"], reasons=reasons)


def _told(classes: pd.DataFrame) -> dict[str, pd.Series]:
    """Whether each class tells its driver to encrypt (``says``; <NA>: it does not mention it, or the driver is not
    known), and the value of the parameter that the driver reads (``said``)."""
    says, said = pd.Series(pd.NA, classes.index, BOOLEAN), pd.Series(pd.NA, classes.index, STRING)
    for driver in DRIVERS:
        its = classes["provisioner"].str.fullmatch(driver.name).fillna(False)
        if driver.column:
            value = classes[driver.column]
            says = says.mask(its & value.str.fullmatch(driver.yes).fillna(False), True)
            says = says.mask(its & value.str.fullmatch(driver.no).fillna(False), False) if driver.no else says
            said = said.mask(its, value)
    return {"says": says, "said": said}


def _asked(provisioner: pd.Series) -> pd.Series:
    """What to ask about the volumes of each provisioner; <NA> where the provisioner is not known."""
    ask = pd.Series(pd.NA, provisioner.index, STRING)
    for driver in DRIVERS:
        ask = ask.mask(provisioner.str.fullmatch(driver.name).fillna(False), driver.ask)
    return ask


@check(
    severity="medium", finding="is Released, Failed or set to be recycled",
    wanted="reclaim policy Delete or Retain, and a phase other than Released and Failed",
    remedy="Decide what happens to the data of a released volume, wipe or archive it, and delete the volume.",
    source="45 CFR 164.310(d)(2)(i); Kubernetes documentation: reclaiming of persistent volumes",
)
def reclaim_policy_known(persistent_volumes: pd.DataFrame) -> Judgement:
    """Volumes have the reclaim policy Delete or Retain, and none is Released or Failed.

    A released volume still holds the data of its last claim, and no workload uses it any more.
    """
    decided = persistent_volumes["reclaim_policy"].isin(["Delete", "Retain"]).astype(BOOLEAN).where(
        persistent_volumes["reclaim_policy"].notna())
    left = persistent_volumes["phase"].isin(["Released", "Failed"])
    return judge(persistent_volumes, decided & ~left, ["reclaim_policy", "phase", "claim_namespace", "claim"])
