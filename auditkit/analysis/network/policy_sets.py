"""All network policies that decide: those of Kubernetes, and those of an engine that is seen to act.

An object of an engine decides nothing by being there: its agent must be ready on every node, and no other agent may
enforce policies beside it. Where that is not seen, its policies are problems: what they would decide over is not known.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.network import calico as calico_policies_of
from auditkit.analysis.network import cilium as cilium_policies_of
from auditkit.analysis.network import policies as kubernetes
from auditkit.analysis.network.plugins import acting, reads_cluster_wide
from auditkit.analysis.network.policies import (
    KUBERNETES,
    NO_PROBLEMS,
    POLICY,
    Policies,
    Tier,
    joined,
    kubernetes_policies,
)

ENGINES = ("Cilium", "Calico")
SERVICES = ("services", "service_selectors")
TABLES = (*kubernetes.TABLES, *cilium_policies_of.TABLES, *calico_policies_of.TABLES, *SERVICES)
LISTS = {"namespaced": ("network_policies", "cilium_policies", "calico_policies"),
         "cluster": ("admin_policies", "cilium_policies", "calico_policies", "calico_tiers")}
"""Where policies stand, by what they are for."""


def policies_of(tables: Mapping[str, pd.DataFrame], network_plugin: pd.DataFrame) -> Policies:
    """The policies in these tables (those of `TABLES`) that decide in a cluster with these agents."""
    idle = {engine: acting(network_plugin, engine) for engine in ENGINES}
    parts = kubernetes_policies(tables, blocks="blocks" if idle["Cilium"] else "outside",
                                certain=reads_cluster_wide(network_plugin))
    problems = [_idle(tables[f"{engine.lower()}_policies"], engine, why) for engine, why in idle.items()]
    gaps = {scope: any(_lacking(tables[name]) for name in names) for scope, names in LISTS.items()}
    tiers: tuple[Tier, ...] = KUBERNETES
    more: dict[str, Any] = {}
    if not idle["Cilium"] and len(tables["cilium_policies"]):
        own, refused = cilium_policies_of.cilium(tables)
        parts.append(own)
        problems.append(refused.assign(engine="Cilium"))
    if not idle["Calico"]:
        found = calico_policies_of.calico(tables, parts)
        parts, tiers = found.parts, found.tiers.tiers
        problems.append(found.problems.assign(engine="Calico"))
        more = {"conditions": found.conditions, "asked": found.asked, "hosts": found.hosts}
    told = pd.concat(problems, ignore_index=True)[list(NO_PROBLEMS)].astype(STRING)
    whole = Policies(*joined(parts), tiers, told, gaps, **more)
    return replace(whole, directions=_isolating(whole.policies, whole.directions, tiers))


def _isolating(policies: pd.DataFrame, directions: pd.DataFrame, tiers: tuple[Tier, ...]) -> pd.DataFrame:
    """The directions in which policies isolate: a tier that passes on what none of its rules matches denies nothing."""
    denying = [at for at, tier in enumerate(tiers) if tier.denies]
    isolating = policies.loc[policies["tier"].isin(denying).to_numpy(bool), POLICY]
    return directions.merge(isolating, on=POLICY)


def _idle(policies: pd.DataFrame, engine: str, why: str) -> pd.DataFrame:
    """The policies of an engine that is not seen to act, as problems."""
    rows = policies if why else policies.head(0)
    return rows[POLICY].drop_duplicates().assign(engine=engine, why=why)


def _lacking(table: pd.DataFrame) -> bool:
    """True if rows of a table may be missing."""
    return bool(table.attrs.get("gaps"))


def network_rules(
    network_policies: pd.DataFrame, network_policy_types: pd.DataFrame, network_policy_rules: pd.DataFrame,
    network_policy_peers: pd.DataFrame, network_policy_excepts: pd.DataFrame, network_policy_ports: pd.DataFrame,
    network_policy_selectors: pd.DataFrame, admin_policies: pd.DataFrame, admin_policy_rules: pd.DataFrame,
    admin_policy_peers: pd.DataFrame, admin_policy_networks: pd.DataFrame, admin_policy_relations: pd.DataFrame,
    admin_policy_ports: pd.DataFrame, admin_policy_selectors: pd.DataFrame, cilium_policies: pd.DataFrame,
    cilium_policy_conditions: pd.DataFrame, cilium_subject_selectors: pd.DataFrame, cilium_policy_rules: pd.DataFrame,
    cilium_policy_selectors: pd.DataFrame, cilium_policy_entities: pd.DataFrame, cilium_policy_blocks: pd.DataFrame,
    cilium_policy_excepts: pd.DataFrame, cilium_policy_services: pd.DataFrame, cilium_policy_ports: pd.DataFrame,
    cilium_cidr_groups: pd.DataFrame, cilium_unread_fields: pd.DataFrame, calico_policies: pd.DataFrame,
    calico_policy_types: pd.DataFrame, calico_rules: pd.DataFrame, calico_rule_nets: pd.DataFrame,
    calico_rule_ports: pd.DataFrame, calico_rule_accounts: pd.DataFrame, calico_tiers: pd.DataFrame,
    calico_sets: pd.DataFrame, calico_set_labels: pd.DataFrame, calico_set_nets: pd.DataFrame,
    calico_host_endpoints: pd.DataFrame, calico_unread_fields: pd.DataFrame, services: pd.DataFrame,
    service_selectors: pd.DataFrame, network_plugin: pd.DataFrame,
) -> Policies:
    """The network policies of a snapshot in one form, which the tables of the network are derived from; no table."""
    return policies_of(dict(locals()), network_plugin)
