"""Who may reach the load balancers of Services, as far as the cluster shows: by ranges, by their addresses, by what
their annotations and class leave to a controller."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, named
from auditkit.analysis.network.addresses import wide
from auditkit.analysis.network.entry_points import PRIVATE
from auditkit.tables import load_balancers as known

ON = {"namespace": "namespace", "name": "service"}
AWS_INTERNAL = r"internal-[^.]+\.[a-z0-9-]+\.elb\.amazonaws\.com(?:\.cn)?"
"""Names of internal Classic and Application Load Balancers: AWS itself puts ``internal-`` before them, and refuses it
in the names that people choose (Elastic Load Balancing API: CreateLoadBalancer)."""

OUTSIDE = "rules outside the cluster decide who can reach it; ask for these rules"
ASKED = "the service or its class requests an internal load balancer; ask the cloud whether its address is private"
BY_ANNOTATION = "an annotation states address ranges; ask whether the controller of the load balancer applies them"
BY_CLASS = "the controller of its class decides who can reach it; ask for the settings of the controller"


def restricted(services: pd.DataFrame, ranges: pd.DataFrame, addresses: pd.DataFrame,
               annotations: pd.DataFrame) -> pd.DataFrame:
    """Of each service, in their order: ok (nullable: whether only stated ranges reach its load balancer, or only those
    who reach private addresses), why (where that is not known), widest_range (one that is as good as all; <NA>: none),
    private_address (all of its addresses are)."""
    stated = has(services, ON, ranges)
    as_all = ranges[wide(ranges["cidr"]).fillna(True)]
    listed, listed_wide, added_wide = _by_annotation(services, annotations)
    private, public = _addresses(services, addresses)
    elsewhere = _any(services, annotations, known.ELSEWHERE)
    asked, of_class = _internal(services, annotations), _class_decides(services, annotations)
    unseen = ~public & (asked | of_class)

    narrow = stated & ~has(services, ON, as_all) & ~added_wide
    ok = pd.Series(False, services.index, BOOLEAN).mask(narrow | private, True)
    doubts = (
        (narrow & elsewhere & ~private, OUTSIDE),
        (~stated & ~private & (elsewhere | _any(services, annotations, known.BESIDE)), OUTSIDE),
        (~stated & ~private & listed & ~listed_wide, BY_ANNOTATION),
        (~stated & ~private & unseen & ~listed_wide & asked, ASKED),
        (~stated & ~private & unseen & ~listed_wide, BY_CLASS),
    )
    why = pd.Series("", services.index, STRING)
    for doubt, sentence in reversed(doubts):
        ok, why = ok.mask(doubt, pd.NA), why.mask(doubt, sentence)
    widest = named(services, ON, as_all, "cidr").replace("", pd.NA)
    return pd.DataFrame({"ok": ok, "why": why, "widest_range": widest, "private_address": private})


def _any(services: pd.DataFrame, annotations: pd.DataFrame, group: tuple[known.Annotation, ...]) -> pd.Series:
    """For each service, true if it has an annotation of a group, with a value that counts."""
    found = pd.Series(False, services.index, BOOLEAN)
    for one in group:
        rows = annotations[(annotations["key"] == one.key).fillna(False)]
        value = rows["value"]
        counts = (~rows["empty"] if one.key in known.NAMED
                  else (value.str.fullmatch(one.values) & (value != one.but)).fillna(False))
        found |= has(services, ON, rows[counts])
    return found


def _by_annotation(services: pd.DataFrame, annotations: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Whether an annotation lists ranges, whether one of them is as good as all or is none, and whether such a one is
    added to those of the service itself."""
    rows = annotations[annotations["key"].isin([one.key for one in known.RANGES]) & ~annotations["empty"]]
    parts = _split(rows)
    bad = parts[wide(parts["value"]).fillna(True)]
    added = bad[bad["key"] == known.RANGES[1].key]
    return has(services, ON, rows), has(services, ON, bad), has(services, ON, added)


def _split(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each part of the values, which are joined by commas."""
    parts = rows.assign(value=rows["value"].str.split(",")).explode("value", ignore_index=True)
    return parts.assign(value=parts["value"].astype(STRING).str.strip())


def _addresses(services: pd.DataFrame, addresses: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Whether all addresses of each load balancer are private, of one or more; and whether any is seen to be public."""
    by_ip = addresses["ip"].str.contains(PRIVATE).astype(BOOLEAN)
    by_name = addresses["hostname"].str.fullmatch(AWS_INTERNAL).astype(BOOLEAN).fillna(False)
    private = by_ip.fillna(by_name)
    all_private = has(services, ON, addresses) & ~has(services, ON, addresses[~private])
    return all_private, has(services, ON, addresses[(~by_ip).fillna(False)])


def _internal(services: pd.DataFrame, annotations: pd.DataFrame) -> pd.Series:
    """True if a service asks for an internal load balancer, or for private addresses and no others."""
    asked = annotations[annotations["key"].isin([one.key for one in known.REQUESTED]) & ~annotations["empty"]]
    parts = _split(asked)
    public = parts[~parts["value"].str.contains(PRIVATE).fillna(False)]
    return _any(services, annotations, known.INTERNAL) | (has(services, ON, asked) & ~has(services, ON, public))


def _class_decides(services: pd.DataFrame, annotations: pd.DataFrame) -> pd.Series:
    """True if the controller of a class decides, which the service does not overrule."""
    of_aws = annotations[(annotations["key"] == known.KIND).fillna(False)
                         & annotations["value"].isin(known.OF_AWS_CONTROLLER)]
    scheme = annotations[(annotations["key"] == known.SCHEME).fillna(False)
                         & (annotations["value"] == "internet-facing").fillna(False)]
    kind = services["load_balancer_class"]
    by_class = kind.notna() & ~kind.isin(known.PUBLIC_CLASSES)
    by_aws = kind.isin(list(known.CLASSES)) | has(services, ON, of_aws)
    return (by_class | by_aws) & ~(by_aws & has(services, ON, scheme))
