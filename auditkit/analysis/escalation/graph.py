"""All steps to more power of a cluster, put together: those of rights, those of pods, and who belongs where."""

from collections.abc import Iterator
from typing import NamedTuple

import pandas as pd

from auditkit.analysis.cluster.control_plane import of_control_plane
from auditkit.analysis.columns import STRING
from auditkit.analysis.escalation.from_pods import UNBOUND, pod_steps
from auditkit.analysis.escalation.from_rights import (
    held_by_roles,
    held_by_subjects,
    several_rights,
    single_rights,
    with_groups,
)
from auditkit.analysis.escalation.steps import IS_ONE, place, place_of, steps
from auditkit.analysis.pod_security.levels import ENFORCE
from auditkit.analysis.rbac.bindings import ACCOUNT_GROUP, ANONYMOUS, AUTHENTICATED, MASTERS, UNAUTHENTICATED
from auditkit.analysis.rbac.privileges import ADMIN
from auditkit.analysis.workloads.lifecycle import ENDED


def escalation_steps(
    binding_subjects: pd.DataFrame, role_powers: pd.DataFrame, held_powers: pd.DataFrame,
    service_accounts: pd.DataFrame, pods: pd.DataFrame, containers: pd.DataFrame,
    container_capabilities: pd.DataFrame, container_mounts: pd.DataFrame, container_ports: pd.DataFrame,
    volumes: pd.DataFrame, projected_sources: pd.DataFrame, namespaces: pd.DataFrame, namespace_labels: pd.DataFrame,
    nodes: pd.DataFrame, node_labels: pd.DataFrame, control_plane: pd.DataFrame, secrets: pd.DataFrame,
    config_maps: pd.DataFrame, memberships: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every step from one place to another (places: see `auditkit.analysis.escalation.steps`), each with its source.

    Columns: ``from_kind, from_namespace, from_name, to_kind, to_namespace, to_name``; ``step`` in words; ``source``
    (binding, role and rule; or pod and container); ``certain`` (it needs nothing that the tables do not show);
    ``counts`` (it is an act, and not a place that is one of many).
    """
    pods = pods[~pods["phase"].isin(ENDED)]
    held = held_by_subjects(held_powers, binding_subjects)
    memberships = pd.DataFrame({"user": [], "group": []}, dtype=STRING) if memberships is None else memberships
    known = _known(held, service_accounts, pods, namespaces, nodes, memberships)
    members = _memberships(held, known, memberships)
    lax = _lax(namespaces, namespace_labels)
    own = several_rights(with_groups(held, members), secrets, config_maps, lax)
    bound = pd.concat([own, _roles_of_namespaces(own, role_powers)])
    of_roles = held_by_roles(role_powers, bound)
    found = [
        single_rights(pd.concat([held, of_roles], ignore_index=True)), bound,
        several_rights(of_roles, secrets, config_maps, lax), members,
        pod_steps(pods, containers, container_capabilities, container_mounts, container_ports, volumes,
                  projected_sources, service_accounts),
        *_belonging(known, pods, lax), *_control_plane(node_labels, control_plane),
    ]
    return _single_places(pd.concat(found, ignore_index=True), known).drop_duplicates(ignore_index=True)


class _Known(NamedTuple):
    """The places that the tables name: columns ``namespace`` and ``name``."""

    accounts: pd.DataFrame
    pods: pd.DataFrame
    users: pd.DataFrame
    groups: pd.DataFrame
    namespaces: pd.DataFrame
    nodes: pd.DataFrame


def _names(*parts: tuple[pd.Series | str, pd.Series]) -> pd.DataFrame:
    rows = pd.concat([pd.DataFrame({"namespace": space, "name": name}).astype(STRING) for space, name in parts])
    return rows[rows["name"].notna()].fillna("").drop_duplicates(ignore_index=True)


def _known(held: pd.DataFrame, accounts: pd.DataFrame, pods: pd.DataFrame, namespaces: pd.DataFrame,
           nodes: pd.DataFrame, stated: pd.DataFrame) -> _Known:
    """What the tables name. Where service accounts were not listed, those that bindings and pods name."""
    of = {kind: held[held["from_kind"] == kind] for kind in ("User", "Group", "ServiceAccount")}
    bound, people = of["ServiceAccount"], place_of(stated["user"])
    listed = _names((accounts["namespace"], accounts["name"])) if len(accounts) else _names(
        (bound["from_namespace"], bound["from_name"]), (pods["namespace"], pods["service_account"]))
    return _Known(
        accounts=listed, pods=_names((pods["namespace"], pods["name"])),
        users=_names(("", of["User"]["from_name"]), ("", people.loc[people["from_kind"] == "User", "from_name"])),
        groups=_names(("", of["Group"]["from_name"])),
        namespaces=_names(("", namespaces["name"]), ("", pods["namespace"]), ("", listed["namespace"])),
        nodes=_names(("", nodes["name"]), ("", pods["node"])),
    )


def _memberships(held: pd.DataFrame, known: _Known, stated: pd.DataFrame) -> pd.DataFrame:
    """From users and service accounts to their groups, as far as those groups hold anything."""
    accounts = _names((known.accounts["namespace"], known.accounts["name"]), *(
        (rows["from_namespace"], rows["from_name"]) for rows in [held[held["from_kind"] == "ServiceAccount"]]))
    account = place("ServiceAccount", accounts["namespace"], accounts["name"])
    user = place("User", "", known.users["name"])
    named = known.users["name"] != ANONYMOUS
    pairs = [(account, AUTHENTICATED), (account, ACCOUNT_GROUP), (account, f"{ACCOUNT_GROUP}:" + accounts["namespace"]),
             (user[named], AUTHENTICATED), (place("User", "", pd.Series([ANONYMOUS])), UNAUTHENTICATED)]
    found = [steps(who, "Group", "", group, step="is a member", source="every request", counts=False)
             for who, group in pairs]
    found.append(steps(place_of(stated["user"]), "Group", "", stated["group"], step="is a member",
                       source="membership file", counts=False))
    rows = pd.concat(found, ignore_index=True)
    masters = steps(place("Group", "", pd.Series([MASTERS])), ADMIN, step="passes before any role is asked",
                    source="the API server")
    holding = held.loc[held["from_kind"] == "Group", "from_name"]
    return pd.concat([rows[rows["to_name"].isin(holding) | (rows["to_name"] == MASTERS)], masters], ignore_index=True)


def _lax(namespaces: pd.DataFrame, namespace_labels: pd.DataFrame) -> pd.Series | None:
    """Namespaces in which Pod Security does not keep pods from their node; ``None`` where none were listed."""
    enforced = namespace_labels[(namespace_labels["key"] == ENFORCE)
                                & namespace_labels["value"].isin(["baseline", "restricted"])]
    names = namespaces["name"]
    return names[~names.isin(enforced["namespace"])] if len(names) else None


def _roles_of_namespaces(found: pd.DataFrame, role_powers: pd.DataFrame) -> pd.DataFrame:
    """From ``Roles`` of namespaces, where somebody may bind them, to each of them."""
    wanted = found.loc[found["to_kind"] == "Roles", "to_namespace"]
    roles = role_powers.loc[role_powers["kind"] == "Role", ["namespace", "role"]].drop_duplicates()
    roles = roles if (wanted == "").any() else roles[roles["namespace"].isin(wanted)]
    inside = steps(place("Roles", roles["namespace"]), "Role", roles["namespace"], "Role/" + roles["role"],
                   step=IS_ONE, source="roles", counts=False)
    every = steps(place("Roles", "", "", index=roles.index), "Roles", roles["namespace"], step=IS_ONE, source="roles",
                  counts=False)
    return pd.concat([inside, every], ignore_index=True).drop_duplicates()


def _belonging(known: _Known, pods: pd.DataFrame, lax: pd.Series | None) -> Iterator[pd.DataFrame]:
    """From places that stand for many to each of them."""

    def one_of(origin: pd.DataFrame, *to: pd.Series | str, certain: bool = True) -> pd.DataFrame:
        return steps(origin, *to, step=IS_ONE, source="tables", certain=certain, counts=False)

    spaces, nodes = known.namespaces["name"], known.nodes["name"]
    for kind in ("Accounts", "Pods"):
        yield one_of(place(kind, "", "", index=spaces.index), kind, spaces)
        yield one_of(place("Namespace", "", spaces), kind, spaces)
    yield one_of(place("Accounts", known.accounts["namespace"]), "ServiceAccount", known.accounts["namespace"],
                 known.accounts["name"])
    yield one_of(place("Pods", known.pods["namespace"]), "Pod", known.pods["namespace"], known.pods["name"])
    yield one_of(place("Namespace", "", "", index=spaces.index), "Namespace", "", spaces)
    free = spaces if lax is None else spaces[spaces.isin(lax)]
    yield one_of(place("Namespace", "", free), "Nodes", certain=False)
    yield one_of(place("Nodes", "", "", index=nodes.index), "Node", "", nodes)
    yield one_of(place("PodsOfNode", "", "", index=nodes.index), "PodsOfNode", "", nodes)
    yield one_of(place("Node", "", nodes), "PodsOfNode", "", nodes)
    node = pods["node"].fillna(UNBOUND)
    yield one_of(place("PodsOfNode", "", node), "Pod", pods["namespace"], pods["name"])
    yield steps(place("Node", "", nodes), "User", "", "system:node:" + nodes, step="uses the kubelet's certificate",
                source="node " + nodes)
    yield one_of(place("Users", "", "", index=known.users.index), "User", "", known.users["name"])
    groups = known.groups[known.groups["name"] != MASTERS]
    yield one_of(place("Groups", "", "", index=groups.index), "Group", "", groups["name"])
    for kind in ("Namespace", "Nodes", "Users", "Groups"):
        yield one_of(place(ADMIN), kind)


def _control_plane(node_labels: pd.DataFrame, control_plane: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """From the control plane, which holds the keys of the cluster, to everything."""
    nodes = of_control_plane(node_labels)["node"].drop_duplicates()
    yield steps(place("Node", "", nodes), ADMIN, step="has the keys of the control plane", source="node " + nodes)
    pods = control_plane["pod"].dropna()
    yield steps(place("Pod", "kube-system", pods), ADMIN, step="has the keys of the control plane",
                source="pod kube-system/" + pods)


def _single_places(found: pd.DataFrame, known: _Known) -> pd.DataFrame:
    """Steps to a single account or pod that a rule for the whole cluster names: one to each of that name."""
    rest = [found]
    for kind, names in (("ServiceAccount", known.accounts), ("Pod", known.pods)):
        loose = (found["to_kind"] == kind) & (found["to_namespace"] == "")
        each = found[loose].drop(columns="to_namespace").merge(
            names.rename(columns={"namespace": "to_namespace", "name": "to_name"}), on="to_name")
        rest.append(each[found.columns])
        rest[0] = rest[0][~loose.reindex(rest[0].index)]
    return pd.concat(rest, ignore_index=True)


