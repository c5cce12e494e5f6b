"""Steps to more power that rights allow.

Each is named as such in Kubernetes' documentation (RBAC good practices) or follows from its admission code; what needs
several rights at once is a step of whoever holds them all, by whatever bindings and groups.
"""

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.analysis.escalation.steps import DTYPES, FROM, choose, place, place_of, steps
from auditkit.analysis.rbac.bindings import MASTERS
from auditkit.analysis.rbac.privileges import ACT_AS_OTHERS, ADMIN, FULL_POWER, POWERS
from auditkit.analysis.rbac.requests import IMPERSONATE_ON

TOKEN_TYPE = "kubernetes.io/service-account-token"  # noqa: S105 (a type of Secret, not one)
CLIENT_SIGNERS = ["kubernetes.io/kube-apiserver-client", "kubernetes.io/*"]
KUBELET_SIGNERS = ["kubernetes.io/kube-apiserver-client-kubelet", "kubernetes.io/*"]
SIMPLE = pd.DataFrame(
    [(FULL_POWER, "may do everything", "Everything", True), *(
        (power.name, power.step.act, power.step.leads, power.step.certain) for power in POWERS if power.step)],
    columns=["power", "step", "leads", "certain"]).astype({"power": STRING, "step": STRING, "leads": STRING})
OTHER_MODES = {"User": r"system:(?:serviceaccount|node):", "Group": rf"{MASTERS}$"}
"""Names that constrained impersonation of users and groups refuses."""
NAMES = {("user-info", "users"): "user", ("user-info", "groups"): "group",
         ("serviceaccount", "serviceaccounts"): "service account", ("arbitrary-node", "nodes"): "node",
         ("associated-node", "nodes"): "node of its own"}
SINGLE = {"Accounts": "ServiceAccount", "Pods": "Pod", "Users": "User"}


def held_by_subjects(held: pd.DataFrame, bindings: pd.DataFrame) -> pd.DataFrame:
    """`held_powers` with the holder as a place, and the source of each power in words.

    Columns: ``FROM, power, verb, resource, resource_name, scope, source``.
    """
    held = held[held["through"].isna()]  # members have steps to their groups
    row = bindings.iloc[held["row"].to_numpy(dtype=int)].set_axis(held.index)
    home = (row["namespace"] + "/").fillna("")
    source = row["kind"] + " " + home + row["binding"] + ": " + row["role_kind"] + " " + row["role"]
    groups = place("Group", "", held["of_group"])
    who = place_of(held["user"]).where(held["user"].notna(), groups)
    return _tidy(pd.concat([held, who], axis=1).assign(source=source + ", rule " + held["rule"].astype(STRING)))


def held_by_roles(role_powers: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """What whoever binds a role gets: the powers of ``Role`` places (``TO`` of steps), as if these were holders."""
    places = wanted.loc[wanted["to_kind"] == "Role", ["to_namespace", "to_name"]].drop_duplicates()
    written = role_powers.assign(to_name=role_powers["kind"] + "/" + role_powers["role"])
    rows = written.merge(places, on="to_name")
    fits = (rows["kind"] == "ClusterRole") | (rows["namespace"] == rows["to_namespace"])
    fits &= (rows["to_namespace"] == "") | rows["in_namespaces"]
    rows = rows[fits.fillna(False)]
    source = rows["to_name"] + ", rule " + rows["rule"].astype(STRING)
    return _tidy(rows.assign(from_kind="Role", from_namespace=rows["to_namespace"], from_name=rows["to_name"],
                             scope=rows["to_namespace"], source=source))


def _tidy(held: pd.DataFrame) -> pd.DataFrame:
    columns = [*FROM, "power", "verb", "resource", "resource_name", "scope", "source"]
    return held[columns].astype({name: STRING for name in columns if name in DTYPES}).reset_index(drop=True)


def with_groups(held: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Held powers and those that places hold as members of groups. ``members``: steps to ``Group`` places."""
    of_groups = held[held["from_kind"] == "Group"].drop(columns=["from_kind", "from_namespace"])
    joined = members[[*FROM, "to_name"]].merge(of_groups.rename(columns={"from_name": "to_name"}), on="to_name")
    joined["source"] = "as one of " + joined["to_name"] + ": " + joined["source"]
    return pd.concat([held, joined[held.columns]], ignore_index=True)


def single_rights(held: pd.DataFrame) -> pd.DataFrame:
    """The steps that one right is enough for."""
    held = held[held["power"].isin(SIMPLE["power"])]
    for power in POWERS:
        if power.step and power.step.verbs:
            other = ~_verb(held, *power.step.verbs)
            if power.step.only:
                other |= ~held["resource"].isin([*power.step.only, "*"])
            held = held[~((held["power"] == power.name) & other)]
    rows = held.merge(SIMPLE, on="power")
    rows = rows[(rows["leads"] != ADMIN) | (rows["scope"] == "")]
    named = rows["resource_name"].notna() & rows["leads"].isin([*SINGLE, "PodsOfNode"])
    named &= rows["power"] != "create_workloads"  # whoever changes one workload gives it any account
    everything = choose(rows["scope"] == "", ADMIN, "Namespace")
    kind = choose(named, rows["leads"].replace(SINGLE), rows["leads"])
    kind = choose(rows["leads"] == "Everything", everything, kind)
    inside = kind.isin(["Accounts", "Pods", "ServiceAccount", "Pod"])
    name = choose(named, rows["resource_name"], choose(kind == "Namespace", rows["scope"], ""))
    made = steps(rows, kind, choose(inside, rows["scope"], ""), name, step=rows["step"])
    made["certain"] = rows["certain"].astype(made["certain"].dtype).array
    return made


def several_rights(held: pd.DataFrame, secrets: pd.DataFrame, config_maps: pd.DataFrame, lax: pd.Series | None,
                   ) -> pd.DataFrame:
    """The steps that need several rights, or something that the cluster has.

    ``lax`` are the namespaces in which Pod Security does not keep pods from their node; ``None``: not known.
    """
    found = [*_bind(held), *_escalate(held), *_impersonate(held), *_constrained(held), *_certificates(held),
             *_secrets(held, secrets), *_nodes(held, lax)]
    if ((config_maps["namespace"] == "kube-system") & (config_maps["name"] == "aws-auth")).any():
        writers = held[(held["power"] == "change_configmaps") & held["scope"].isin(["", "kube-system"])
                       & held["resource_name"].isin(["aws-auth", pd.NA])]
        found.append(steps(writers, ADMIN, step="writes aws-auth, which maps cloud identities to groups"))
    return pd.concat(found, ignore_index=True).drop_duplicates(ignore_index=True)


def _verb(held: pd.DataFrame, *verbs: str) -> pd.Series:
    return held["verb"].isin([*verbs, "*"])


def _over(held: pd.DataFrame, power: str, *resources: str, verbs: tuple[str, ...] = ()) -> pd.DataFrame:
    """Rows of a power over one of these resources, with one of these verbs."""
    rows = held[(held["power"] == power) & held["resource"].isin([*resources, "*"])]
    return rows[_verb(rows, *verbs)] if verbs else rows


def _everywhere(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["scope"] == ""]


def _unnamed(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["resource_name"].isna()]


def _together(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Holders of both, with the scope in which they have both; the name is that of the first."""
    what = [*FROM, "scope", "resource_name", "source"]
    if first.empty or second.empty:
        return first.iloc[:0][what]
    first = first[what].drop_duplicates([*FROM, "scope", "resource_name"])
    second = second[[*FROM, "scope", "source"]].drop_duplicates([*FROM, "scope"])
    both = first.merge(second, on=FROM, suffixes=("", "_2"))
    both = both[(both["scope"] == both["scope_2"]) | (both["scope"] == "") | (both["scope_2"] == "")]
    both["scope"] = both["scope"].where(both["scope"] != "", both["scope_2"])
    both["source"] = both["source"].where(both["source"] == both["source_2"], both["source"] + "; " + both["source_2"])
    return both[what]


def _bind(held: pd.DataFrame) -> list[pd.DataFrame]:
    """Binding roles: verb bind on them, and writing bindings."""
    of_cluster, of_space = (_over(held, "bind_roles", kind) for kind in ("clusterroles", "roles"))
    everywhere = _everywhere(_over(held, "write_bindings", "clusterrolebindings"))
    inside = _over(held, "write_bindings", "rolebindings")
    whole = _together(_everywhere(of_cluster), everywhere)
    part, own = _together(of_cluster, inside), _together(of_space, inside)
    step = "binds a role whose rights it does not have"
    return [
        steps(_unnamed(whole), ADMIN, step="binds cluster-admin"),
        steps(_named(whole), "Role", "", "ClusterRole/" + _named(whole)["resource_name"], step=step),
        steps(_unnamed(part), "Namespace", "", _unnamed(part)["scope"], step="binds cluster-admin in a namespace"),
        steps(_named(part), "Role", _named(part)["scope"], "ClusterRole/" + _named(part)["resource_name"], step=step),
        steps(_unnamed(own), "Roles", _unnamed(own)["scope"], step=step),
        steps(_named(own), "Role", _named(own)["scope"], "Role/" + _named(own)["resource_name"], step=step),
    ]


def _named(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["resource_name"].notna()]


def _escalate(held: pd.DataFrame) -> list[pd.DataFrame]:
    """Writing rights into roles: verb escalate on them, and changing them."""
    changes = ("update", "patch")
    whole = _together(_everywhere(_over(held, "escalate_roles", "clusterroles")),
                      _everywhere(_over(held, "write_roles", "clusterroles", verbs=changes)))
    part = _together(_over(held, "escalate_roles", "roles"), _over(held, "write_roles", "roles", verbs=changes))
    return [steps(whole, ADMIN, step="writes every right into a ClusterRole"),
            steps(part, "Namespace", "", part["scope"], step="writes every right into a Role", certain=False)]


def _impersonate(held: pd.DataFrame) -> list[pd.DataFrame]:
    """Acting as a member of groups, which the API server allows together with a user or service account."""
    groups = held[held["power"] == "impersonate_groups"]
    whom = held[held["power"].isin(["impersonate_users", "impersonate_accounts"])]
    both = _together(groups, whom)
    masters = both[both["resource_name"].isin([MASTERS, pd.NA])]
    return [steps(masters, ADMIN, step="impersonates system:masters"),
            steps(_named(both), "Group", "", _named(both)["resource_name"], step="impersonates a group")]


def _constrained(held: pd.DataFrame) -> list[pd.DataFrame]:
    """Acting as others by constrained impersonation (KEP-5284), for whoever may use a power as the other one.

    Whom and what for are asked separately, so that their namespaces need not be the same. Users in this mode are no
    service accounts and no nodes, and ``system:masters`` is refused. That the other one holds the power too, is not
    looked at: the steps are not certain.
    """
    found = []
    for mode, what, one, many in (("user-info", "users", "User", "Users"), ("user-info", "groups", "Group", "Groups"),
                                  ("serviceaccount", "serviceaccounts", "ServiceAccount", "Accounts"),
                                  ("arbitrary-node", "nodes", "PodsOfNode", "PodsOfNode"),
                                  ("associated-node", "nodes", "PodsOfNode", "PodsOfNode")):
        whom = _over(held, "impersonate_constrained", what, verbs=(f"impersonate:{mode}",))
        if mode == "associated-node":
            whom = whom[whom["from_kind"] == "ServiceAccount"].assign(resource_name=pd.NA)
        does = held[((held["power"] == ACT_AS_OTHERS) & held["verb"].str.startswith(f"{IMPERSONATE_ON}{mode}:"))
                    | ((held["power"] != "impersonate_constrained") & (held["verb"] == "*"))]
        if what == "groups":  # a group is taken along with a user
            whom = _both(whom, _over(held, "impersonate_constrained", "users", verbs=(f"impersonate:{mode}",)))
        whom = _both(whom, does)
        whom = whom[~whom["resource_name"].str.match(OTHER_MODES[one]).fillna(False)] if one in OTHER_MODES else whom
        act = f"impersonates a {NAMES[mode, what]} for some requests"
        named, unnamed = _named(whom), _unnamed(whom)
        inside = what == "serviceaccounts"
        found += [
            steps(unnamed, many, unnamed["scope"] if inside else "", step=act, certain=False),
            steps(named, one, named["scope"] if inside else "", named["resource_name"], step=act, certain=False)]
    return found


def _both(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """The first rows of whoever holds one of the second too, wherever; the source is that of both."""
    second = second[[*FROM, "source"]].drop_duplicates(FROM)
    both = first.merge(second, on=FROM, suffixes=("", "_2"))
    return both.assign(source=both["source"].where(
        both["source"] == both["source_2"], both["source"] + "; " + both["source_2"])).drop(columns="source_2")


def _certificates(held: pd.DataFrame) -> list[pd.DataFrame]:
    """Making client certificates: asking, approving, and the right to let the signer sign."""
    asks, approves = (held[held["power"] == power] for power in ("create_csrs", "approve_csrs"))
    signers = held[held["power"] == "approve_signers"]
    made = _together(asks, approves)
    users = _together(made, signers[signers["resource_name"].isin([*CLIENT_SIGNERS, pd.NA])])
    kubelets = _together(made, signers[signers["resource_name"].isin([*KUBELET_SIGNERS, pd.NA])])
    return [steps(users, "Users", step="obtains a certificate for a user"),
            steps(users, "Groups", step="obtains a certificate with groups"),
            steps(kubelets, "PodsOfNode", step="obtains the certificate of a kubelet")]


def _secrets(held: pd.DataFrame, secrets: pd.DataFrame) -> list[pd.DataFrame]:
    """Tokens by way of Secrets: those that are there, and those that a controller fills."""
    reads, writes = held[held["power"] == "read_secrets"], held[held["power"] == "write_secrets"]
    seen = pd.concat([reads, writes[_verb(writes, "update", "patch")]])
    made = _together(_unnamed(writes[_verb(writes, "create")]), seen)
    asked = steps(made, "Accounts", made["scope"], step="makes a Secret that is filled with a token")
    step = "reads Secrets with tokens of service accounts"
    if not len(secrets):  # which Secrets there are is not known
        return [asked, steps(reads, "Accounts", reads["scope"], step=step, certain=False)]
    tokens = secrets.loc[secrets["type"] == TOKEN_TYPE, ["namespace", "name"]].astype(STRING)
    everywhere = reads[reads["scope"] == ""].merge(tokens, how="cross")
    inside = reads.merge(tokens, left_on="scope", right_on="namespace")
    found = pd.concat([everywhere, inside])
    found = found[found["resource_name"].isna() | (found["resource_name"] == found["name"]).fillna(False)]
    return [asked, steps(found, "Accounts", found["namespace"], step=step, certain=False).drop_duplicates()]


def _nodes(held: pd.DataFrame, lax: pd.Series | None) -> list[pd.DataFrame]:
    """Onto nodes: by pods with rights over their node, by volumes of its files, by lifting what forbids such pods."""
    runs = held[held["power"].isin(["create_pods", "create_workloads"])]
    free = runs if lax is None else runs[runs["scope"].isin(lax) | ((runs["scope"] == "") & bool(len(lax)))]
    claims = _over(held, "change_storage", "persistentvolumeclaims", verbs=("create",))
    volumes = held[(held["power"] == "create_volumes") & _verb(held, "create")]
    spaces = held[(held["power"] == "change_namespaces") & _verb(held, "update", "patch")]
    return [steps(free, "Nodes", step="runs a privileged pod", certain=False),
            steps(_together(_together(runs, claims), volumes), "Nodes", step="mounts files of the node as a volume"),
            steps(_together(runs, spaces), "Nodes", step="lifts Pod Security and runs a privileged pod", certain=False)]
