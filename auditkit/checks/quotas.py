"""Limits of namespaces, so that one cannot use up what the others need."""

from functools import partial

import pandas as pd

from auditkit.analysis.columns import STRING, has, named
from auditkit.checks.admission import NO_NAMESPACE, OF_KUBERNETES, SYSTEM, if_asked
from auditkit.checks.model import Judgement, check, judge

_OF_NAMESPACE = {"name": "namespace"}

low = partial(check, severity="low", if_empty=NO_NAMESPACE)


@low(
    finding="has no resource quota in effect",
    wanted="a ResourceQuota without scopes, and the admission plug-in ResourceQuota",
    remedy="Add a ResourceQuota that limits CPU, memory and the number of pods.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: resource policies; SOC 2 A1.1",
    needs=("resource_quotas", "api_servers"),
)
def namespaces_have_quota(namespaces: pd.DataFrame, resource_quotas: pd.DataFrame, api_servers: pd.DataFrame, *,
                          exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Every namespace has a resource quota in effect.

    Without a quota, one namespace can use up the cluster. A quota with scopes covers only some pods, and none takes
    effect where the admission plug-in ResourceQuota is off.
    """
    seen = namespaces.assign(limited=named(namespaces, _OF_NAMESPACE, resource_quotas, "resource"))
    scoped = (resource_quotas["scopes_count"] > 0).fillna(True) | resource_quotas["has_scope_selector"].fillna(True)
    ok = has(namespaces, _OF_NAMESPACE, resource_quotas[~scoped])
    partly = ~ok & has(namespaces, _OF_NAMESPACE, resource_quotas[scoped])
    reasons = pd.Series("", namespaces.index, STRING).mask(partly, "its quota covers only pods of certain scopes")
    return _asked(seen, ok.mask(partly, pd.NA), ["limited"], reasons, api_servers, "ResourceQuota", exempt)


@low(
    finding="has no LimitRange in effect that sets a default or maximum for containers",
    wanted="a LimitRange with a default limit or a maximum for containers, and the admission plug-in LimitRanger",
    remedy="Add a LimitRange of type Container with default and max.",
    source="NSA/CISA Kubernetes Hardening Guidance 1.2: resource policies; SOC 2 A1.1",
    needs=("limit_ranges", "api_servers"),
)
def namespaces_have_limit_range(namespaces: pd.DataFrame, limit_ranges: pd.DataFrame, api_servers: pd.DataFrame, *,
                                exempt: tuple[str, ...] = SYSTEM) -> Judgement:
    """Every namespace has a LimitRange in effect that sets a default or maximum for containers.

    A container without limits can use up the CPU and memory of its node.
    """
    limits = limit_ranges[(limit_ranges["type"] == "Container").fillna(False)
                          & (limit_ranges["has_default"] | limit_ranges["has_max"])]
    seen = namespaces.assign(limit_ranges=named(namespaces, _OF_NAMESPACE, limits, "name"))
    reasons = pd.Series("", namespaces.index, STRING)
    return _asked(seen, has(namespaces, _OF_NAMESPACE, limits), ["limit_ranges"], reasons, api_servers, "LimitRanger",
                  exempt)


def _asked(seen: pd.DataFrame, ok: pd.Series, evidence: list[str], reasons: pd.Series, api_servers: pd.DataFrame,
           plugin: str, exempt: tuple[str, ...]) -> Judgement:
    """The judgement, which depends on an admission plug-in that is on by default and may be off."""
    ok, reasons = if_asked(ok, reasons, api_servers, plugin)
    return judge(seen, ok, evidence, applies=~seen["name"].isin(exempt), otherwise=OF_KUBERNETES, reasons=reasons)
