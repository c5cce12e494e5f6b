"""Who may reach the load balancers of Services, as far as the cluster shows: by ranges, by what their annotations and
class ask for, and by the addresses that they then got.

A private address alone proves nothing: on machines without a cloud a load balancer has the address of a node, or one of
a range that MetalLB or kube-vip announce, and a router may send on to it what comes from outside. It counts where the
Service or its class asked for an internal load balancer, or where AWS itself calls it internal. An annotation asks
nobody where another controller acts than the one that reads it, nor where no node is a machine of its cloud.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, named
from auditkit.analysis.network.addresses import private, wide
from auditkit.tables import load_balancers as known

ON = {"namespace": "namespace", "name": "service"}
AWS_INTERNAL = r"internal-[^.]+\.[a-z0-9-]+\.elb\.amazonaws\.com(?:\.cn)?"
"""Names of internal Classic and Application Load Balancers: AWS itself puts ``internal-`` before them, and refuses it
in the names that people choose (Elastic Load Balancing API: CreateLoadBalancer)."""

OUTSIDE = "rules outside the cluster decide who can reach it; ask for these rules"
ASKED = "the service or its class requests an internal load balancer; ask the cloud whether its address is private"
BY_ANNOTATION = "an annotation states address ranges; ask whether the controller of the load balancer applies them"
BY_CLASS = "the controller of its class decides who can reach it; ask for the settings of the controller: "
OF_AWS = "AWS Load Balancer Controller"
PRIVATE_ONLY = ("its addresses are private, but nothing requests an internal load balancer; ask what is forwarded to "
                "them")


def restricted(services: pd.DataFrame, ranges: pd.DataFrame, addresses: pd.DataFrame,
               annotations: pd.DataFrame, node_addresses: pd.DataFrame, nodes: pd.DataFrame) -> pd.DataFrame:
    """Of each service, in their order: ok (nullable: whether only stated ranges reach its load balancer, or it is
    internal), why (where that is not known), widest_range (one that is as good as all; <NA>: none), private_address
    (all of its addresses are)."""
    stated = has(services, ON, ranges)
    as_all = ranges[wide(ranges["cidr"]).fillna(True)]
    listed, listed_wide, added_wide = _by_annotation(services, annotations)
    seen = private_addresses(services, addresses)
    elsewhere = _any(services, annotations, "elsewhere")
    asked, of_class = _asked(services, annotations), _class_decides(services, annotations)
    unseen = ~seen["public"] & ~seen["private"] & (asked | of_class)
    inside = internal(services, addresses, annotations, node_addresses, nodes)

    narrow = stated & ~has(services, ON, as_all) & ~added_wide
    ok = pd.Series(False, services.index, BOOLEAN).mask(narrow | inside, True)
    doubts = (
        (narrow & elsewhere & ~inside, OUTSIDE),
        (~stated & ~inside & (elsewhere | _any(services, annotations, "beside")), OUTSIDE),
        (~stated & ~inside & listed & ~listed_wide, BY_ANNOTATION),
        (~narrow & ~inside & seen["private"], PRIVATE_ONLY),
        (~stated & ~inside & unseen & ~listed_wide & asked, ASKED),
        (~stated & ~inside & unseen & ~listed_wide, BY_CLASS + services["load_balancer_class"].fillna(OF_AWS)),
    )
    why = pd.Series("", services.index, STRING)
    for doubt, sentence in reversed(doubts):
        ok, why = ok.mask(doubt, pd.NA), why.mask(doubt, sentence)
    widest = named(services, ON, as_all, "cidr").replace("", pd.NA)
    return pd.DataFrame({"ok": ok, "why": why, "widest_range": widest, "private_address": seen["private"]})


def internal(services: pd.DataFrame, addresses: pd.DataFrame, annotations: pd.DataFrame,
             node_addresses: pd.DataFrame, nodes: pd.DataFrame) -> pd.Series:
    """True where a load balancer is internal: it was asked for, and all addresses that it got are private, none that
    of a node; or AWS calls it so."""
    seen = private_addresses(services, addresses)
    public = _by_class(services, "public") | _internet_facing(services, annotations)
    heard = annotations[annotations["key"].isin(_heard(nodes)).to_numpy(bool)]
    declared = (_any(services, heard, "internal") & _of_clouds(services, annotations)) | _by_class(
        services, "internal")
    of_nodes = has(services, ON, addresses[addresses["ip"].isin(node_addresses["address"].dropna())])
    return seen["called_internal"] | (seen["private"] & declared & ~public & ~of_nodes)


def private_addresses(services: pd.DataFrame, addresses: pd.DataFrame) -> pd.DataFrame:
    """Of each service, in their order: private (all addresses of its load balancer are, of one or more), public (one is
    seen to be), called_internal (all are names that AWS gives to internal load balancers)."""
    by_ip = private(addresses["ip"])
    by_name = addresses["hostname"].str.fullmatch(AWS_INTERNAL).astype(BOOLEAN).fillna(False)
    there = has(services, ON, addresses)
    return pd.DataFrame({
        "private": there & ~has(services, ON, addresses[~by_ip.fillna(by_name)]),
        "public": has(services, ON, addresses[(~by_ip).fillna(False)]),
        "called_internal": there & ~has(services, ON, addresses[~by_name])})


def ends_tls(services: pd.DataFrame, addresses: pd.DataFrame, annotations: pd.DataFrame,
             reach: pd.DataFrame) -> pd.Series:
    """True where an annotation lets the load balancer end TLS on all of its ports. It is one of AWS, whose load
    balancers have names and no addresses. ``reach`` are annotations about who may reach it."""
    there = annotations[~annotations["empty"]]
    certificate, some_ports = (
        has(services, ON, there[there["key"].isin([one.key for one in known.meaning(means)])])
        for means in ("certificate", "TLS ports"))
    by_another = ~_of_clouds(services, reach) | has(services, ON, addresses[addresses["ip"].notna()])
    return (services["type"] == "LoadBalancer") & certificate & ~some_ports & ~by_another


def _of_clouds(services: pd.DataFrame, annotations: pd.DataFrame) -> pd.Series:
    """True where a controller of a cloud may act, which reads its annotations: no other class is chosen, and no
    addresses are asked for, as of MetalLB."""
    own = services["load_balancer_class"].isna() | services["load_balancer_class"].isin(
        [one.name for one in known.CLASSES])
    return own & ~has(services, ON, _stating(annotations, "addresses"))


def _heard(nodes: pd.DataFrame) -> list[str]:
    """The annotations that a cloud may read, of which a node is a machine. Where no node is seen at all, nothing speaks
    against any."""
    machines = nodes["provider_id"].fillna("")
    named = machines[(machines != "") & ~machines.str.startswith((*known.MACHINES.values(), *known.LOCAL))]
    return [one.key for one in known.ANNOTATIONS if not len(nodes) or (
        machines.str.startswith(known.MACHINES[one.provider]).any() if one.provider in known.MACHINES else len(named))]


def _any(services: pd.DataFrame, annotations: pd.DataFrame, means: known.Meaning) -> pd.Series:
    """For each service, true if it has an annotation of this meaning, with a value that counts."""
    found, there = pd.Series(False, services.index, BOOLEAN), set(annotations["key"].unique())
    for one in (one for one in known.meaning(means) if one.key in there):
        rows = annotations[(annotations["key"] == one.key).fillna(False)]
        value = rows["value"]
        counts = (~rows["empty"] if one.key in known.NAMED
                  else (value.str.fullmatch(one.values) & (value != one.but)).fillna(False))
        found |= has(services, ON, rows[counts])
    return found


def _by_annotation(services: pd.DataFrame, annotations: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """Whether an annotation lists ranges, whether one of them is as good as all or is none, and whether such a one is
    added to those of the service itself."""
    rows = _stating(annotations, "ranges", "added ranges")
    parts = _split(rows)
    bad = parts[wide(parts["value"]).fillna(True)]
    return has(services, ON, rows), has(services, ON, bad), has(services, ON, _stating(bad, "added ranges"))


def _stating(annotations: pd.DataFrame, *means: known.Meaning) -> pd.DataFrame:
    """The annotations with any of these meanings in which something stands."""
    return annotations[annotations["key"].isin([one.key for one in known.meaning(*means)]) & ~annotations["empty"]]


def _split(rows: pd.DataFrame) -> pd.DataFrame:
    """A row for each part of the values, which are joined by commas."""
    parts = rows.assign(value=rows["value"].str.split(",")).explode("value", ignore_index=True)
    return parts.assign(value=parts["value"].astype(STRING).str.strip())


def _asked(services: pd.DataFrame, annotations: pd.DataFrame) -> pd.Series:
    """True if a service asks for an internal load balancer, or for private addresses and no others."""
    asked = _stating(annotations, "addresses")
    parts = _split(asked)
    public = parts[~private(parts["value"]).fillna(False)]
    return _any(services, annotations, "internal") | (has(services, ON, asked) & ~has(services, ON, public))


def _class_decides(services: pd.DataFrame, annotations: pd.DataFrame) -> pd.Series:
    """True if the controller of a class decides, which the service does not overrule."""
    by_aws = _by_class(services, "internal") | _any(services, annotations, "kind")
    by_class = services["load_balancer_class"].notna() & ~_by_class(services, "public")
    return (by_class | by_aws) & ~(by_aws & _internet_facing(services, annotations))


def _by_class(services: pd.DataFrame, reach: str) -> pd.Series:
    names = [one.name for one in known.CLASSES if one.reach == reach]
    return services["load_balancer_class"].isin(names).astype(BOOLEAN)


def _internet_facing(services: pd.DataFrame, annotations: pd.DataFrame) -> pd.Series:
    scheme = annotations[(annotations["key"] == known.SCHEME).fillna(False)]
    return has(services, ON, scheme[(scheme["value"] == known.INTERNET_FACING).fillna(False)])
