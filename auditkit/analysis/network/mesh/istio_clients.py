"""Istio: whom AuthorizationPolicies let in to each pod, rule by rule.

A pod of which no ALLOW policy is takes everybody whom no DENY policy denies; one of which any is takes whom one of
their rules names, and nobody where they have none. A DENY policy that names nobody in particular, or all but some, may
come to the same as an ALLOW policy: what it leaves open is not known.

Source: Istio's reference (2026), Authorization Policy: evaluation order, "allow-nothing" and "deny-all"; istio/api
02e682e, ``security/v1beta1/authorization_policy.proto``.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup, named
from auditkit.analysis.network.addresses import WIDEST, span
from auditkit.analysis.network.mesh.authorization import EVERY_PORT, KIND, Policies, Ports, Said
from auditkit.analysis.network.mesh.peer_authentication import picked_by_label
from auditkit.analysis.network.mesh.proxies import AMBIENT

ANYONE, ANY_IDENTITY, IDENTITIES, ADDRESSES, NOBODY = "anyone", "any identity", "identities", "addresses", "nobody"
WHOLE, PARTLY = "whole", "partly"
POD = ["namespace", "name"]
_ON = {name: name for name in POD}
_OF_POLICY = ["of", "policy"]
ANY_PRINCIPAL = re.compile(r"\*+|[^*/]*(?:/(?:n|ns|ns/)?)?\*")
"""Principals that any identity has: all, or all by a beginning that names no namespace."""
ROOT_LOST = "the root namespace of the mesh is not known, and a policy of another namespace may be for all pods"
WAYPOINT = "a waypoint runs, and may pass on requests of anyone"


class Row(NamedTuple):
    """Whom a rule lets in: port (``None``: every port), kind (``None``: not known), clients, extent, why."""

    port: int | None
    kind: str | None
    clients: str | None
    extent: str | None
    why: str | None


def istio_clients(pods: pd.DataFrame, policies: Policies, selectors: pd.DataFrame, pod_labels: pd.DataFrame,
                  root: str | None, *, waypoint: bool) -> pd.DataFrame:
    """Whom these pods of Istio (namespace, name, mode) let in: the columns of `mesh_clients` but mesh."""
    actions = pd.DataFrame(policies.actions(), columns=["namespace", "policy", "action"]).astype(STRING)
    of = _applied(pods, actions, selectors, pod_labels, root)
    said = {key: list(policies.said(*key)) for key in zip(actions["namespace"], actions["policy"], strict=True)}
    allow = of[(of["action"] == "ALLOW").to_numpy(bool)]
    others = of[(of["action"] != "ALLOW").to_numpy(bool)]
    shut = [(space, name) for space, name in said if any(map(_denies_all, said[space, name]))]
    deny_all = others[(_among(others, shut) & (others["action"] == "DENY") & ~others["assumes_root"]).to_numpy(bool)]
    vague = [key for key, rules in said.items() if any(map(_may_deny_most, rules))]
    blurred = others[(_among(others, vague) | (others["action"] == "CUSTOM")).to_numpy(bool)]

    doubt = _doubts(pods, policies, actions, root, waypoint=waypoint)
    known = doubt.isna()
    closed, asked = has(pods, _ON, deny_all), has(pods, _ON, allow)
    found = [_whole(pods[(~known).to_numpy(bool)], None, doubt[(~known).to_numpy(bool)])]
    nobody = pods[(known & closed).to_numpy(bool)]
    found.append(_whole(nobody, NOBODY).assign(
        decided_by=_called(lookup(nobody, _ON, deny_all, _OF_POLICY)), extent=WHOLE))
    default = pods[(known & ~closed & ~asked).to_numpy(bool)]
    perhaps = _called(lookup(default, _ON, blurred, _OF_POLICY))
    found.append(_whole(default, ANYONE, "but for whom " + perhaps + " denies").assign(
        extent=pd.Series(WHOLE, default.index, STRING).mask(perhaps.notna(), PARTLY),
        assumes_root=_elsewhere(default, actions)))
    judged = allow.merge(pods.loc[(known & ~closed).to_numpy(bool), POD], on=POD)
    rules = _rows(said, actions)
    rows = judged.merge(rules, on=_OF_POLICY)
    opened = _elsewhere(rows, rules[(rules["kind"].isin([ANYONE, ANY_IDENTITY])).to_numpy(bool)].rename(
        columns={"of": "namespace"}))
    more = opened & ~rows["kind"].isin([ANYONE, ANY_IDENTITY])
    found.append(rows.assign(decided_by=_called(rows), assumes_root=rows["assumes_root"] | more))
    whole = pd.concat(found, ignore_index=True)
    denying = others.assign(called=_called(others)).drop_duplicates([*POD, "called"])
    by = named(whole, _ON, denying, "called") if len(denying) else pd.Series("", whole.index, STRING)
    return whole.assign(denied_by=by.mask(by == "", pd.NA))


def _applied(pods: pd.DataFrame, actions: pd.DataFrame, selectors: pd.DataFrame, pod_labels: pd.DataFrame,
             root: str | None) -> pd.DataFrame:
    """Which policies are for which pods: of and policy (namespace and name), action, namespace and name of the pod, and
    assumes_root. Those in the namespace that is taken to be the root's are for all pods, if it is that."""
    asked = selectors[(selectors["kind"] == KIND).to_numpy(bool)]
    selecting = has(actions, {"namespace": "namespace", "policy": "policy"}, asked)
    narrow, wide = actions[selecting.to_numpy(bool)], actions[(~selecting).to_numpy(bool)]
    labels = pod_labels.merge(pods[POD].rename(columns={"name": "pod"}), on=["namespace", "pod"])
    own = picked_by_label(narrow, asked, labels).rename(columns={"pod": "name"}).assign(
        of=lambda rows: rows["namespace"])
    found = [own, wide.assign(of=wide["namespace"])[["namespace", "policy", "of"]].merge(pods[POD], on="namespace")]
    if root is not None:
        others = pods.loc[(pods["namespace"] != root).to_numpy(bool), POD]
        spaces = pd.DataFrame({"namespace": others["namespace"].drop_duplicates()}).astype(STRING)
        everywhere, some = (rows.loc[(rows["namespace"] == root).to_numpy(bool), ["policy"]].merge(spaces, how="cross")
                            for rows in (wide, narrow))
        of_root = asked[(asked["namespace"] == root).to_numpy(bool)].drop(columns="namespace").merge(
            spaces, how="cross")
        found += [everywhere.assign(of=root).merge(others, on="namespace"),
                  picked_by_label(some, of_root, labels).rename(columns={"pod": "name"}).assign(of=root)]
    columns = ["of", "policy", *POD]
    rows = pd.concat([one[columns].astype(STRING) for one in found], ignore_index=True)
    return rows.merge(actions.rename(columns={"namespace": "of"}), on=_OF_POLICY).assign(
        assumes_root=lambda all_: (all_["of"] != all_["namespace"]).astype(BOOLEAN))


def _doubts(pods: pd.DataFrame, policies: Policies, actions: pd.DataFrame, root: str | None, *,
            waypoint: bool) -> pd.Series:
    """Why it is not known who is let in to each pod; <NA>: it is."""
    found = pd.Series(pd.NA, pods.index, STRING)
    ambient = (pods["mode"] == AMBIENT).fillna(False)
    for space, name, targeted in policies.problems():
        mine = (pods["namespace"] == space) | (root in (None, space))
        why = f"{KIND} {space}/{name} is " + ("for a Gateway or service" if targeted else "not understood")
        found = found.mask(found.isna() & mine & (ambient | (not targeted)), why)
    if root is None:
        found = found.mask(found.isna() & _elsewhere(pods, actions), ROOT_LOST)
    return found.mask(found.isna() & ambient & waypoint, WAYPOINT)


def _elsewhere(rows: pd.DataFrame, policies: pd.DataFrame) -> pd.Series:
    """True where any of the policies is of another namespace than the pod: it is for all pods, if that is the root."""
    spaces = set(policies["namespace"])
    return pd.Series([bool(spaces - {space}) for space in rows["namespace"]], rows.index, BOOLEAN)


def _among(rows: pd.DataFrame, keys: list[tuple[str, str]]) -> pd.Series:
    return pd.Series([key in set(keys) for key in zip(rows["of"], rows["policy"], strict=True)], rows.index, BOOLEAN)


def _called(rows: pd.DataFrame) -> pd.Series:
    return KIND + " " + rows["of"] + "/" + rows["policy"]


def _whole(pods: pd.DataFrame, kind: str | None, why: pd.Series | None = None) -> pd.DataFrame:
    """A row for all ports of each pod."""
    return pods[POD].assign(kind=kind, why=why if why is not None else None, assumes_root=False)


def _denies_all(rule: Said) -> bool:
    """True if a rule of a DENY policy denies everybody at every port."""
    return rule.sources is None and rule.ports == EVERY_PORT and not rule.beyond and not rule.strange


def _may_deny_most(rule: Said) -> bool:
    """True if what a rule of a DENY policy leaves may be some clients that it names."""
    kinds = [_kind(fields)[0] for fields in rule.sources or ({},)]
    return bool(rule.strange) or any(kind in (None, ANYONE, ANY_IDENTITY) for kind in kinds)


# --- rules ------------------------------------------------------------------------------------------------------------


def _rows(said: Mapping[tuple[str, str], list[Said]], actions: pd.DataFrame) -> pd.DataFrame:
    """The rows of all ALLOW policies: of, policy, and those of `Row`."""
    allow = actions[(actions["action"] == "ALLOW").to_numpy(bool)]
    rows = [(space, name, *row) for space, name in zip(allow["namespace"], allow["policy"], strict=True)
            for row in (_of_rules(said[space, name]) or [Row(None, NOBODY, None, WHOLE, None)])]
    return pd.DataFrame(rows, columns=[*_OF_POLICY, *Row._fields]).astype(dict.fromkeys(_OF_POLICY, STRING))


def _of_rules(rules: list[Said]) -> list[Row]:
    return [row for rule in rules for row in _of_rule(rule)]


def _of_rule(rule: Said) -> Iterator[Row]:
    """Whom a rule lets in, at each of its ports."""
    for fields in rule.sources if rule.sources is not None else ({},):
        kind, clients = _kind(fields)
        why = "an address range is not understood" if kind is None else None
        extent = None if kind is None else WHOLE
        if rule.strange or not rule.understood:
            strange = ", ".join(rule.strange)
            why = f"it asks for {strange} besides, which is not understood" if strange else "a port is not understood"
            kind = extent = None
        elif rule.beyond and kind is not None:
            extent, why = PARTLY, f"it asks for {', '.join(rule.beyond)} besides, which are not read"
        for port, but in _each(rule.ports):
            yield Row(port, kind, clients, extent, "; ".join(filter(None, (but, why))) or None)


def _each(ports: Ports) -> Iterator[tuple[int | None, str]]:
    """Each port, or none for all (and which of them are left out, in words)."""
    if all(first == last for first, last in ports):
        yield from ((first, "") for first, _ in ports)
    elif ports == EVERY_PORT:
        yield None, ""
    else:
        yield None, "ports " + ", ".join(str(one) if one == last else f"{one}-{last}" for one, last in ports)


def _kind(fields: Mapping[str, list[str]]) -> tuple[str | None, str | None]:
    """What a source comes to, and in words. All of its fields must fit; one value of each does."""
    words = "; ".join(f"{name} {', '.join(values)}" for name, values in fields.items()) or None
    blocks = [*fields.get("ipBlocks", []), *fields.get("notIpBlocks", [])]
    if any(span(range_of(block)) == (0, 0) for block in blocks):
        return None, words
    wanted = [name for name in ("principals", "namespaces", "serviceAccounts") if name in fields]
    if any(not _is_broad(name, fields[name]) for name in wanted):
        return IDENTITIES, words
    if "ipBlocks" in fields and not any(map(is_wide, fields["ipBlocks"])):
        return ADDRESSES, words
    return (ANY_IDENTITY if wanted else ANYONE), words


def _is_broad(name: str, values: list[str]) -> bool:
    """True if any identity has one of these values."""
    if name == "principals":
        return any(ANY_PRINCIPAL.fullmatch(value) for value in values)
    return name == "namespaces" and any(value.strip("*") == "" for value in values)


def range_of(block: str) -> str:
    return block if "/" in block else f"{block}/{128 if ':' in block else 32}"


def is_wide(block: str) -> bool:
    return int(range_of(block).rpartition("/")[2]) < WIDEST


