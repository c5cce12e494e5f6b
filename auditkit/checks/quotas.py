"""Limits of namespaces, so that one cannot take what others need."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import has, named
from auditkit.checks.admission import NO_NAMESPACE, OF_KUBERNETES, SYSTEM
from auditkit.checks.model import Judgement, check, judge

_OF_NAMESPACE = {"name": "namespace"}

low = partial(check, severity="low", if_empty=NO_NAMESPACE)


@low(
    wanted="a ResourceQuota that limits something",
    remedy="Add a ResourceQuota with limits of CPU, memory and the number of pods.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: resource policies; SOC 2 A1.1",
    needs=("resource_quotas",),
)
def namespaces_have_quota(namespaces: pd.DataFrame, resource_quotas: pd.DataFrame, *,
                          exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Every namespace has a quota."""
    seen = namespaces.assign(limited=named(namespaces, _OF_NAMESPACE, resource_quotas, "resource"))
    return judge(seen, has(namespaces, _OF_NAMESPACE, resource_quotas), ["limited"],
                 applies=~namespaces["name"].isin(exempt), otherwise=OF_KUBERNETES)


@low(
    wanted="a LimitRange that gives containers a default limit, or a maximum",
    remedy="Add a LimitRange of type Container with default and max.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: resource policies; SOC 2 A1.1",
    needs=("limit_ranges",),
)
def namespaces_have_limit_range(namespaces: pd.DataFrame, limit_ranges: pd.DataFrame, *,
                                exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Every namespace limits containers that state no limit themselves."""
    limits = limit_ranges[(limit_ranges["type"] == "Container").fillna(False)
                          & (limit_ranges["has_default"] | limit_ranges["has_max"])]
    seen = namespaces.assign(limit_ranges=named(namespaces, _OF_NAMESPACE, limits, "name"))
    return judge(seen, has(namespaces, _OF_NAMESPACE, limits), ["limit_ranges"],
                 applies=~namespaces["name"].isin(exempt), otherwise=OF_KUBERNETES)
