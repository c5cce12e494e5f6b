"""Access: who holds rights that lead to more rights, and whom bindings name.

CIS section 5.1 asks people who needs which right, because a cluster does not show it. These checks are strict: every
subject that holds such a right fails, and the reason names the rule that grants it. Two kinds do not fail: rights that
Kubernetes itself ships, and subjects that the framework lists in ``accepted`` (``alice``, ``NAMESPACE/ACCOUNT``).
"""

from collections.abc import Sequence
from itertools import compress

import numpy as np
import pandas as pd

from auditkit.analysis.columns import STRING, has, lookup
from auditkit.analysis.rbac.bindings import (
    ACCOUNT_GROUP,
    ACCOUNT_USER,
    ANONYMOUS,
    AUTHENTICATED,
    UNAUTHENTICATED,
    grants,
    role_keys,
)
from auditkit.analysis.rbac.defaults import ADMINS, WITH_ALL_VERBS, WITH_WILDCARDS, shipped_bindings, shipped_roles
from auditkit.analysis.rbac.privileges import FULL_POWER
from auditkit.analysis.workloads.containers import ended
from auditkit.checks.model import BOOLEAN, Judgement, check, judge
from auditkit.errors import UsageError

SHIPPED = "Kubernetes ships this right by default"
EVIDENCE = ["subject_kind", "subject_namespace", "subject", "role_kind", "role"]
WILDCARD = r"\*"
WITH_WILDCARD = r".*\*.*"
"""A resource with a wildcard in it: ``*``, ``*/exec``, ``pods/*``."""
_HELD = ["row", "of_group", "rule", "verb", "group", "resource", "resource_name", "scope", "shipped"]
REVIEW = "Remove the right, limit it to what the work needs, or record who accepted it and why."


def _few(subjects: pd.DataFrame, held: pd.DataFrame, powers: Sequence[str], accepted: Sequence[str], *,
         verbs: Sequence[str] = (), by_name: bool = False, people: Sequence[str] = ()) -> Judgement:
    """Fail each subject of a binding that holds one of the powers.

    With ``verbs`` only rules with one of them, or with ``*``, count. Rules for named objects count only with
    ``by_name``. Groups of ``people`` count even where Kubernetes itself ships their binding.
    """
    held = held[_HELD][held["power"].isin(powers)]
    held = held[held["verb"].isin([*verbs, "*"])] if verbs else held
    held = held if by_name else held[held["resource_name"].isna()]
    own = held["shipped"] & ~held["of_group"].isin(people) if people else held["shipped"]
    by_others, by_kubernetes = (_marked(subjects, held.loc[rows, "row"]) for rows in (~own, own))
    is_accepted = _named(subjects).isin(accepted) if accepted else pd.Series(False, subjects.index, BOOLEAN)

    def reasons() -> pd.Series:
        grounds = _grounds(held[~own]).reindex(range(len(subjects))).set_axis(subjects.index)
        return grounds.where(~is_accepted, "accepted by the framework: " + grounds)

    return judge(subjects, ~by_others | is_accepted, EVIDENCE, applies=by_others | ~by_kubernetes,
                 otherwise=SHIPPED, reasons=reasons)


def _marked(subjects: pd.DataFrame, places: pd.Series) -> pd.Series:
    """``True`` for the subjects at these places."""
    marked = np.zeros(len(subjects), bool)
    marked[places.to_numpy(int)] = True
    return pd.Series(marked, subjects.index, BOOLEAN)


def _named(subjects: pd.DataFrame) -> pd.Series:
    """Each subject under the name by which controls list it in ``accepted``."""
    home = subjects["subject_namespace"].fillna(subjects["namespace"])
    account = (subjects["subject_kind"] == "ServiceAccount") & home.notna()
    return subjects["subject"].where(~account.fillna(False), home + "/" + subjects["subject"])


def _grounds(held: pd.DataFrame) -> pd.Series:
    """In words, what each row of `binding_subjects` may do, and which rule grants it."""
    what = held["resource"].where(held["group"].isin(["", "*"]), held["resource"] + "." + held["group"])
    what = what.where(held["resource_name"].isna(), what + " " + held["resource_name"])
    frame = pd.DataFrame({"row": held["row"], "rule": held["rule"], "what": what, "verb": held["verb"],
                          "scope": held["scope"]}).drop_duplicates()
    ordered = frame.sort_values(["row", "rule", "what", "verb"])
    # of each rule the verbs and things, in order and once
    rules: dict[tuple[int, int, str], tuple[dict[str, None], dict[str, None]]] = {}
    for row, rule, what, verb, scope in ordered.itertuples(index=False, name=None):
        verbs, things = rules.setdefault((row, rule, scope), ({}, {}))
        verbs[verb] = things[what] = None
    texts: dict[int, list[str]] = {}
    for (row, rule, scope), (verbs, things) in rules.items():
        place = f"in namespace {scope}" if scope else "in the whole cluster"
        texts.setdefault(row, []).append(f"{', '.join(verbs)} on {', '.join(things)} {place} (rule {rule})")
    return pd.Series({row: "; ".join(found) for row, found in texts.items()}, dtype=STRING)


@check(
    severity="critical", finding="holds cluster-admin or an equal role",
    wanted="only Kubernetes itself and accepted administrators hold all verbs on all resources",
    remedy="Bind a role with only the rights that the work needs. Keep cluster-admin for emergency accounts.",
    source="CIS Kubernetes 5.1.1; NIST SP 800-53 AC-6(5)",
)
def cluster_admin_only_where_needed(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                    accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted administrators hold cluster-admin or an equal role.

    A subject with such a role can read every Secret and change every object, in one namespace or in the whole cluster.
    The group kubeadm:cluster-admins, which kubeadm creates, counts too, because the cluster does not show its members.
    """
    return _few(binding_subjects, held_powers, [FULL_POWER], accepted, people=[ADMINS])


@check(severity="high", finding="can read all Secrets of a namespace or of the cluster",
       wanted="no right to read all Secrets of a namespace or of the cluster", remedy=REVIEW,
       source="CIS Kubernetes 5.1.2")
def secrets_access_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                           accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can read all Secrets of a namespace or of the cluster.

    Secrets hold passwords and tokens, and whoever reads a token can act with it. The verbs list and watch show the
    values too.
    """
    return _few(binding_subjects, held_powers, ["read_secrets"], accepted)


@check(severity="medium", finding="can create pods, or workloads that create pods",
       wanted="no right to create pods, or workloads that create pods", remedy=REVIEW,
       source="CIS Kubernetes 5.1.4")
def pod_creation_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                         accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can create pods.

    A pod can run as any service account of its namespace and mount any Secret there, so whoever creates pods gains
    the rights of those accounts.
    """
    return _few(binding_subjects, held_powers, ["create_pods", "create_workloads"], accepted, verbs=["create"])


@check(severity="critical", finding="holds a right to bind, escalate or impersonate",
       wanted="none of the verbs bind, escalate and impersonate", remedy=REVIEW,
       source="CIS Kubernetes 5.1.8; Kubernetes documentation: RBAC good practices")
def no_bind_escalate_impersonate(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                 accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can bind roles, escalate roles or impersonate others.

    With these verbs a subject obtains rights that it was not given: it grants them to itself, or acts as somebody who
    has them. Rights on named objects count too.
    """
    powers = ["bind_roles", "escalate_roles", "impersonate_users", "impersonate_groups", "impersonate_accounts",
              "impersonate_extras", "impersonate_constrained"]
    return _few(binding_subjects, held_powers, powers, accepted, by_name=True)


@check(severity="high", finding="can create PersistentVolumes", wanted="no right to create PersistentVolumes",
       remedy=REVIEW, source="CIS Kubernetes 5.1.9")
def persistent_volume_creation_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                       accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can create PersistentVolumes.

    A PersistentVolume can point at a directory of the node (hostPath). A pod that claims it reaches those files.
    """
    return _few(binding_subjects, held_powers, ["create_volumes"], accepted, verbs=["create"])


@check(severity="critical", finding="holds a right on nodes/proxy", wanted="no right on nodes/proxy, not even get",
       remedy=REVIEW, source="CIS Kubernetes 5.1.10; Kubernetes documentation: kubelet authorization")
def node_proxy_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                       accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can reach the kubelet API through nodes/proxy.

    The kubelet API runs commands in every pod of the node, and the verb get is enough. Admission control does not see
    these commands. Rights on named nodes count too.
    """
    return _few(binding_subjects, held_powers, ["proxy_nodes"], accepted, by_name=True)


@check(severity="critical", finding="holds a right to approve certificate signing requests",
       wanted="no right on the approval of certificate signing requests, and no verb approve on signers", remedy=REVIEW,
       source="CIS Kubernetes 5.1.11")
def csr_approval_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                         accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can approve certificate signing requests.

    A signed client certificate is an identity: whoever approves requests can create users, or take the name of another.
    Rights on named requests or signers count too.
    """
    return _few(binding_subjects, held_powers, ["approve_csrs", "approve_signers"], accepted, by_name=True)


@check(severity="high", finding="can create, change or delete admission webhooks",
       wanted="no right to create, change or delete admission webhooks", remedy=REVIEW, source="CIS Kubernetes 5.1.12")
def webhook_config_access_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                  accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can create, change or delete admission webhooks.

    A validating webhook can see every object that is sent to the API server, and a mutating one can alter it. A right
    on one named configuration counts too, because its rules can be widened to all objects.
    """
    return _few(binding_subjects, held_powers, ["change_webhooks"], accepted, by_name=True)


@check(severity="high", finding="can create tokens of service accounts",
       wanted="no right to create serviceaccounts/token", remedy=REVIEW, source="CIS Kubernetes 5.1.13")
def token_creation_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                           accepted: Sequence[str] = ()) -> Judgement:
    """Only accepted subjects can create tokens of service accounts.

    Whoever creates a token can act as its service account, with all of its rights. Rights on named accounts count too.
    """
    return _few(binding_subjects, held_powers, ["create_tokens"], accepted, by_name=True)


@check(severity="medium", finding="uses wildcards for verbs, API groups, resources or paths",
       wanted="verbs, API groups, resources and paths are named, without *",
       remedy="List each verb, API group, resource and path that the role needs.", source="CIS Kubernetes 5.1.3")
def no_wildcards(roles: pd.DataFrame, role_rules: pd.DataFrame, role_urls: pd.DataFrame,
                 role_labels: pd.DataFrame) -> Judgement:
    """Roles name verbs, API groups, resources and paths without wildcards.

    A wildcard also grants what is added later: a new subresource, or every resource of a new API group.
    """
    where = ["kind", "namespace", "role"]
    found = [frame[frame[column].str.fullmatch(pattern)][where].assign(column=column)
             for frame, column, pattern in ((role_rules, "verb", WILDCARD), (role_rules, "group", WILDCARD),
                                            (role_rules, "resource", WITH_WILDCARD), (role_urls, "verb", WILDCARD),
                                            (role_urls, "url", r"/?\*+"))]  # every path begins with /
    wild = pd.concat(found).drop_duplicates().groupby(where, dropna=False)["column"].agg(", ".join).reset_index()
    named = roles[["kind", "namespace", "name"]].rename(columns={"name": "role"})
    columns = named.merge(wild.astype(STRING), on=where, how="left")["column"].set_axis(roles.index)
    own = shipped_roles(roles, role_labels) & roles["name"].isin(WITH_WILDCARDS)
    widened = columns.str.contains("verb").fillna(False) & ~roles["name"].isin(WITH_ALL_VERBS)
    return judge(roles, columns.isna(), ["rules_count"], applies=~own | widened,
                 otherwise="Kubernetes ships this role by default", reasons="wildcards in: " + columns)


@check(
    severity="medium",
    finding="serves as a default account with a role, a pod or a mounted token",
    wanted="no binding names the default account or a group that it is in, its token is not mounted by default, and no "
           "pod runs with its token",
    remedy="Give each workload its own service account. Set automountServiceAccountToken: false on the default "
           "account.",
    source="CIS Kubernetes 5.1.5", tools=("kubernetes-audit",),
    if_empty="every namespace has a service account, yet none is visible",
)
def default_service_accounts_unused(service_accounts: pd.DataFrame, binding_subjects: pd.DataFrame,
                                    pods: pd.DataFrame, pod_annotations: pd.DataFrame,
                                    projected_sources: pd.DataFrame, acting_accounts: pd.DataFrame,
                                    listed_members: pd.DataFrame, *, token_off: bool = True) -> Judgement:
    """Default service accounts have no rights, and no pod runs with their token.

    A pod that names no service account runs as the default one, so every such pod gains its rights. An audit log or a
    list of members can show that the account is used, but never that it is unused.
    """
    by_name, by_group = _bound(service_accounts, binding_subjects, listed_members)
    in_use = has(service_accounts, {"namespace": "namespace", "name": "service_account"},
                 pods.loc[_with_token(pods, service_accounts, pod_annotations, projected_sources),
                          ["namespace", "service_account"]])
    acts = has(service_accounts, {"namespace": "namespace", "name": "name"}, acting_accounts)
    by_default = service_accounts["automount_token"] & token_off
    reasons = _sentences({
        "a binding names it": by_name, "a binding names a group that it is in": by_group,
        "a pod runs with its token": in_use, "the audit log shows its requests": acts,
        "its token is mounted by default": by_default})
    return judge(service_accounts, ~(by_name | by_group | in_use | acts | by_default), ["automount_token"],
                 applies=service_accounts["name"] == "default", otherwise="not a default service account",
                 reasons=reasons)


def _bound(service_accounts: pd.DataFrame, binding_subjects: pd.DataFrame,
           listed_members: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which accounts a binding names: by their own name, and by a group that they are in, also by the list of members.
    For groups, the bindings that Kubernetes ships do not count."""
    granted, namespace = grants(binding_subjects), service_accounts["namespace"]
    groups = granted["of_group"][~shipped_bindings(binding_subjects).to_numpy(dtype=bool)].dropna()
    user = ACCOUNT_USER + namespace + ":" + service_accounts["name"]
    of_all = bool(groups.isin([ACCOUNT_GROUP, AUTHENTICATED]).any())
    listed = user.isin(listed_members["user"][listed_members["group"].isin(groups)].dropna())
    return user.isin(granted["user"].dropna()), (ACCOUNT_GROUP + ":" + namespace).isin(groups) | of_all | listed


def _with_token(pods: pd.DataFrame, service_accounts: pd.DataFrame, pod_annotations: pd.DataFrame,
                projected_sources: pd.DataFrame) -> pd.Series:
    """Whether each pod runs with a token: mounted by default, or requested in a volume. Static pods get none, and a pod
    that has ended does not run."""
    in_pod = {"namespace": "namespace", "name": "pod"}
    account = lookup(pods, {"namespace": "namespace", "service_account": "name"}, service_accounts, ["automount_token"])
    asked = has(pods, in_pod, projected_sources[(projected_sources["secret"] == "").fillna(False)])
    static = has(pods, in_pod, pod_annotations[pod_annotations["key"] == "kubernetes.io/config.mirror"])
    return (pods["automount_token"].fillna(account["automount_token"]).fillna(True) | asked) & ~static & ~ended(pods)


def _sentences(conditions: dict[str, pd.Series]) -> pd.Series:
    """The phrases of the conditions that hold in each row, joined; empty where none does."""
    columns = [held.fillna(False).tolist() for held in conditions.values()]
    joined = ["; ".join(compress(conditions, row)) for row in zip(*columns, strict=True)]
    return pd.Series(joined, next(iter(conditions.values())).index, STRING)


@check(severity="critical", finding="belongs to the group system:masters, or is that group",
       wanted="no binding names system:masters; the list of members, the audit log and the collector's own identity "
              "show nobody in it",
       remedy="Use a group of your own, with a binding that can be removed. Keep certificates of system:masters for "
              "emergencies.",
       source="CIS Kubernetes 5.1.7", tools=("kubernetes-audit",))
def no_system_masters_group(system_masters: pd.DataFrame, *, accepted: Sequence[str] = ()) -> Judgement:
    """Nobody is known to belong to the group system:masters.

    The API server allows every request of this group, whatever roles say, and removing a binding does not change that.
    A list of members, the audit log and what the API server says of the collector can show members, but not that there
    are none. Without them, only bindings are judged.
    """
    user = system_masters["subject"]
    account = user.str.replace(rf"^{ACCOUNT_USER}([^:]+):([^:]+)$", r"\1/\2", regex=True)
    is_accepted = user.isin(accepted) | account.isin(accepted)
    return judge(system_masters, ~system_masters["masters"] | is_accepted, ["told_by", *EVIDENCE],
                 applies=~system_masters["own"],
                 otherwise="part of Kubernetes: a binding that it ships, or the API server's own identity")


@check(severity="critical", finding="is system:anonymous or system:unauthenticated",
       wanted="only bindings that Kubernetes itself ships name system:anonymous or system:unauthenticated",
       remedy="Remove the subject from the binding. Whoever needs access must authenticate.",
       source="Kubernetes documentation: RBAC good practices; 45 CFR 164.312(d)")
def no_anonymous_bindings(binding_subjects: pd.DataFrame, *,
                          subjects: Sequence[str] = (ANONYMOUS, UNAUTHENTICATED)) -> Judgement:
    """No binding gives rights to unauthenticated requests, except bindings that Kubernetes ships.

    Anybody who can reach the API server has these rights, without a password, a token or a certificate. ``subjects``
    may leave out the user (system:anonymous) or the group (system:unauthenticated). Raises `UsageError` for others.
    """
    if others := set(subjects) - {ANONYMOUS, UNAUTHENTICATED}:
        raise UsageError(f"The parameter subjects names {', '.join(sorted(others))}; "
                         f"it may only name {ANONYMOUS} and {UNAUTHENTICATED}.")
    return _unnamed(binding_subjects, {"User": {ANONYMOUS}.intersection(subjects),
                                       "Group": {UNAUTHENTICATED}.intersection(subjects)})


@check(severity="high", finding="is the group of everyone who authenticates",
       wanted="only bindings that Kubernetes itself ships name system:authenticated",
       remedy="Bind a group that has only those who need the right.",
       source="Kubernetes documentation: RBAC good practices; CIS Google GKE 4.1.10")
def no_bindings_of_everybody(binding_subjects: pd.DataFrame) -> Judgement:
    """No binding gives rights to everyone who authenticates, except bindings that Kubernetes ships.

    The group system:authenticated includes every user and every service account of the cluster.
    """
    return _unnamed(binding_subjects, {"Group": {AUTHENTICATED}})


def _unnamed(binding_subjects: pd.DataFrame, names: dict[str, set[str]]) -> Judgement:
    """Fail each subject with one of these names (by kind), unless Kubernetes itself ships the binding."""
    named = pd.Series(False, binding_subjects.index, BOOLEAN)
    for kind, of_kind in names.items():
        subject = binding_subjects["subject"]
        named |= (binding_subjects["subject_kind"] == kind) & subject.isin(of_kind).mask(subject.isna())
    return judge(binding_subjects, ~named, EVIDENCE, applies=~(named & shipped_bindings(binding_subjects)),
                 otherwise=SHIPPED)


@check(severity="low", finding="names a role that does not exist", wanted="the role that the binding names exists",
       remedy="Delete the binding.",
       source="Kubernetes documentation: RBAC good practices", needs=("roles",))
def no_bindings_to_missing_roles(bindings: pd.DataFrame, roles: pd.DataFrame) -> Judgement:
    """Every binding grants a role that exists.

    A binding to a missing role grants nothing today. Whoever creates a role of that name gives the subjects its rights,
    without touching the binding.
    """
    inside = bindings["kind"] == "RoleBinding"
    meant = pd.DataFrame({"kind": bindings["role_kind"], "role": bindings["role"],
                          "namespace": bindings["namespace"].where(inside, pd.NA)})
    wanted = pd.Series(pd.arrays.ArrowExtensionArray(role_keys(meant)), bindings.index)
    there = wanted.isin(pd.Series(pd.arrays.ArrowExtensionArray(role_keys(roles, "name"))).dropna())
    possible = inside | (bindings["role_kind"] != "Role")
    return judge(bindings, there & possible, ["role_kind", "role", "subjects_count"])


@check(severity="medium", finding="holds two duties that must be separated",
       wanted="no subject holds both duties of a pair that must be separated",
       remedy="Remove one of the two rights, or record who accepted the combination and what compensates for it.",
       source="NIST SP 800-53 AC-5; the pairs are in controls/segregation-of-duties.yaml")
def duties_segregated(binding_subjects: pd.DataFrame, duty_conflicts: pd.DataFrame, *,
                      accepted: Sequence[str] = ()) -> Judgement:
    """No subject holds two duties that must be separated.

    A subject with both duties can act, and approve or hide its own act, without a second person. The file
    controls/segregation-of-duties.yaml lists the pairs and why each matters.
    """
    sides = [duty_conflicts[[side, "duty"]].set_axis(["row", "duty"], axis=1) for side in ("first_row", "second_row")]
    own = shipped_bindings(binding_subjects).to_numpy(bool)
    both_own = np.logical_and.reduce([own[side["row"].to_numpy(int)] for side in sides])
    by_others, by_kubernetes = (_marked(binding_subjects, pd.concat([side["row"][rows] for side in sides]))
                                for rows in (~both_own, both_own))
    is_accepted = _named(binding_subjects).isin(accepted)

    def reasons() -> pd.Series:
        words = pd.concat(sides).drop_duplicates().sort_values(["row", "duty"]).groupby("row")["duty"].agg(", ".join)
        said = ("the subject holds both duties: " + words.astype(STRING)
                + "; this binding grants at least one of them")
        return said.reindex(range(len(binding_subjects))).set_axis(binding_subjects.index)

    return judge(binding_subjects, ~by_others | is_accepted, EVIDENCE, applies=by_others | ~by_kubernetes,
                 otherwise=SHIPPED, reasons=reasons)
