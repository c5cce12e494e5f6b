"""Access: who holds rights that lead to more rights, and whom bindings name.

CIS leaves its section 5.1 to people: whether somebody needs a right is not seen in a cluster. These checks take the
strict side: a subject that holds such a right fails, with the rule that grants it, unless Kubernetes itself ships the
right, or the control names the subject in ``accepted`` (``alice``, ``NAMESPACE/ACCOUNT``).
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

SHIPPED = "Kubernetes itself ships this right, to its own component"
EVIDENCE = ["subject_kind", "subject_namespace", "subject", "role_kind", "role"]
ANY = r"\*"
PARTLY = r".*\*.*"
"""A resource with a wildcard in it: ``*``, ``*/exec``, ``pods/*``."""
_HELD = ["row", "of_group", "rule", "verb", "group", "resource", "resource_name", "scope", "shipped"]
REVIEW = "Remove the right, narrow it to a namespace or to names, or record who accepted it and why."


def _few(subjects: pd.DataFrame, held: pd.DataFrame, powers: Sequence[str], accepted: Sequence[str], *,
         verbs: Sequence[str] = (), by_name: bool = False, people: Sequence[str] = ()) -> Judgement:
    """Fails each subject of a binding that holds one of the powers.

    With ``verbs`` only rules with those count, or with ``*``. Rules that are limited to named objects count only
    ``by_name``. Groups of ``people`` count also where Kubernetes itself ships their binding.
    """
    held = held[_HELD][held["power"].isin(powers)]
    held = held[held["verb"].isin([*verbs, "*"])] if verbs else held
    held = held if by_name else held[held["resource_name"].isna()]
    own = held["shipped"] & ~held["of_group"].isin(people) if people else held["shipped"]
    by_others, by_kubernetes = (_marked(subjects, held.loc[rows, "row"]) for rows in (~own, own))
    is_accepted = _named(subjects).isin(accepted) if accepted else pd.Series(False, subjects.index, BOOLEAN)

    def reasons() -> pd.Series:
        grounds = _grounds(held[~own]).reindex(range(len(subjects))).set_axis(subjects.index)
        return grounds.where(~is_accepted, "accepted by the control: " + grounds)

    return judge(subjects, ~by_others | is_accepted, EVIDENCE, applies=by_others | ~by_kubernetes,
                 otherwise=SHIPPED, reasons=reasons)


def _marked(subjects: pd.DataFrame, places: pd.Series) -> pd.Series:
    """``True`` for the subjects at these places."""
    marked = np.zeros(len(subjects), bool)
    marked[places.to_numpy(int)] = True
    return pd.Series(marked, subjects.index, BOOLEAN)


def _named(subjects: pd.DataFrame) -> pd.Series:
    """Subjects as controls name them."""
    home = subjects["subject_namespace"].fillna(subjects["namespace"])
    account = (subjects["subject_kind"] == "ServiceAccount") & home.notna()
    return subjects["subject"].where(~account.fillna(False), home + "/" + subjects["subject"])


def _grounds(held: pd.DataFrame) -> pd.Series:
    """What each row of `binding_subjects` may do and by which rule, in words, by row."""
    what = held["resource"].where(held["group"].isin(["", "*"]), held["resource"] + "." + held["group"])
    what = what.where(held["resource_name"].isna(), what + " " + held["resource_name"])
    frame = pd.DataFrame({"row": held["row"], "rule": held["rule"], "what": what, "verb": held["verb"],
                          "scope": held["scope"]}).drop_duplicates()
    ordered = frame.sort_values(["row", "rule", "what", "verb"])
    rules: dict[tuple, tuple[dict, dict]] = {}  # of each rule the verbs and things, in order and once
    for row, rule, what, verb, scope in ordered.itertuples(index=False, name=None):
        verbs, things = rules.setdefault((row, rule, scope), ({}, {}))
        verbs[verb] = things[what] = None
    texts: dict[int, list[str]] = {}
    for (row, rule, scope), (verbs, things) in rules.items():
        place = f"in namespace {scope}" if scope else "in the whole cluster"
        texts.setdefault(row, []).append(f"{', '.join(verbs)} on {', '.join(things)} {place} (rule {rule})")
    return pd.Series({row: "; ".join(found) for row, found in texts.items()}, dtype=STRING)


@check(
    severity="critical",
    wanted="all verbs on all resources are held by nobody but Kubernetes itself and accepted administrators",
    remedy="Bind a role with the rights that the work needs; keep full power for accounts used in emergencies.",
    source="CIS Kubernetes 5.1.1; NIST SP 800-53 AC-6(5)",
)
def cluster_admin_only_where_needed(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                    accepted: Sequence[str] = ()) -> Judgement:
    """Full power is held only by those who need it.

    The group that kubeadm makes for administrators is people, and who they are is what is asked here; that they also
    hold every lesser power is not asked again by other checks.
    """
    return _few(binding_subjects, held_powers, [FULL_POWER], accepted, people=[ADMINS])


@check(severity="high", wanted="no right to read all Secrets of a namespace or of the cluster", remedy=REVIEW,
       source="CIS Kubernetes 5.1.2")
def secrets_access_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                           accepted: Sequence[str] = ()) -> Judgement:
    """Few can read Secrets."""
    return _few(binding_subjects, held_powers, ["read_secrets"], accepted)


@check(severity="medium", wanted="no right to create pods, or what makes pods", remedy=REVIEW,
       source="CIS Kubernetes 5.1.4")
def pod_creation_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                         accepted: Sequence[str] = ()) -> Judgement:
    """Few can create pods."""
    return _few(binding_subjects, held_powers, ["create_pods", "create_workloads"], accepted, verbs=["create"])


@check(severity="critical", wanted="none of the verbs bind, escalate and impersonate", remedy=REVIEW,
       source="CIS Kubernetes 5.1.8; Kubernetes documentation: RBAC good practices")
def no_bind_escalate_impersonate(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                 accepted: Sequence[str] = ()) -> Judgement:
    """Few can grant themselves more by bind, escalate or impersonate."""
    powers = ["bind_roles", "escalate_roles", "impersonate_users", "impersonate_groups", "impersonate_accounts",
              "impersonate_extras", "impersonate_constrained"]
    return _few(binding_subjects, held_powers, powers, accepted, by_name=True)


@check(severity="high", wanted="no right to create PersistentVolumes", remedy=REVIEW, source="CIS Kubernetes 5.1.9")
def persistent_volume_creation_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                       accepted: Sequence[str] = ()) -> Judgement:
    """Few can create PersistentVolumes."""
    return _few(binding_subjects, held_powers, ["create_volumes"], accepted, verbs=["create"])


@check(severity="critical", wanted="no right on nodes/proxy, not even get", remedy=REVIEW,
       source="CIS Kubernetes 5.1.10; Kubernetes documentation: kubelet authorization")
def node_proxy_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                       accepted: Sequence[str] = ()) -> Judgement:
    """Few can speak to kubelets through the API server."""
    return _few(binding_subjects, held_powers, ["proxy_nodes"], accepted, by_name=True)


@check(severity="critical", wanted="no right to approve certificates or to let a signer sign", remedy=REVIEW,
       source="CIS Kubernetes 5.1.11")
def csr_approval_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                         accepted: Sequence[str] = ()) -> Judgement:
    """Few can approve certificates, and so make identities."""
    return _few(binding_subjects, held_powers, ["approve_csrs", "approve_signers"], accepted, by_name=True)


@check(severity="high", wanted="no right to change admission webhooks", remedy=REVIEW, source="CIS Kubernetes 5.1.12")
def webhook_config_access_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                                  accepted: Sequence[str] = ()) -> Judgement:
    """Few can change admission webhooks.

    A right limited to one by name counts too: whoever may rewrite one can let it see and alter everything.
    """
    return _few(binding_subjects, held_powers, ["change_webhooks"], accepted, by_name=True)


@check(severity="high", wanted="no right to create serviceaccounts/token", remedy=REVIEW,
       source="CIS Kubernetes 5.1.13")
def token_creation_minimal(binding_subjects: pd.DataFrame, held_powers: pd.DataFrame, *,
                           accepted: Sequence[str] = ()) -> Judgement:
    """Few can make tokens of service accounts."""
    return _few(binding_subjects, held_powers, ["create_tokens"], accepted, by_name=True)


@check(severity="medium", wanted="verbs, API groups, resources and paths are named, without *",
       remedy="Name what the role is for, each verb and resource.", source="CIS Kubernetes 5.1.3")
def no_wildcards(roles: pd.DataFrame, role_rules: pd.DataFrame, role_urls: pd.DataFrame,
                 role_labels: pd.DataFrame) -> Judgement:
    """Roles name what they allow instead of using wildcards."""
    where = ["kind", "namespace", "role"]
    found = [frame[frame[column].str.fullmatch(pattern)][where].assign(column=column)
             for frame, column, pattern in ((role_rules, "verb", ANY), (role_rules, "group", ANY),
                                            (role_rules, "resource", PARTLY), (role_urls, "verb", ANY),
                                            (role_urls, "url", r"/?\*+"))]  # every path begins with /
    wild = pd.concat(found).drop_duplicates().groupby(where, dropna=False)["column"].agg(", ".join).reset_index()
    named = roles[["kind", "namespace", "name"]].rename(columns={"name": "role"})
    columns = named.merge(wild.astype(STRING), on=where, how="left")["column"].set_axis(roles.index)
    own = shipped_roles(roles, role_labels) & roles["name"].isin(WITH_WILDCARDS)
    widened = columns.str.contains("verb").fillna(False) & ~roles["name"].isin(WITH_ALL_VERBS)
    return judge(roles, columns.isna(), ["rules_count"], applies=~own | widened,
                 otherwise="Kubernetes itself ships this role", reasons="* as, or in, " + columns)


@check(
    severity="medium",
    wanted="no binding names it or a group that it is in, its token is not mounted by default, and no "
           "pod runs with its token",
    remedy="Give each workload an account of its own; set automountServiceAccountToken: false on the default account.",
    source="CIS Kubernetes 5.1.5", tools=("kubernetes-audit",),
    if_empty="every namespace has a service account, yet none is visible",
)
def default_service_accounts_unused(service_accounts: pd.DataFrame, binding_subjects: pd.DataFrame,
                                    pods: pd.DataFrame, pod_annotations: pd.DataFrame,
                                    projected_sources: pd.DataFrame, acting_accounts: pd.DataFrame,
                                    listed_members: pd.DataFrame, *, token_off: bool = True) -> Judgement:
    """Default service accounts have no rights, and no pod runs with their token.

    An audit log and a list of members, where there are any, can only refute.
    """
    by_name, by_group = _bound(service_accounts, binding_subjects, listed_members)
    in_use = has(service_accounts, {"namespace": "namespace", "name": "service_account"},
                 pods.loc[_with_token(pods, service_accounts, pod_annotations, projected_sources),
                          ["namespace", "service_account"]])
    acts = has(service_accounts, {"namespace": "namespace", "name": "name"}, acting_accounts)
    by_default = service_accounts["automount_token"] & token_off
    reasons = _sentences({
        "a binding names it": by_name, "a binding names a group that it is in": by_group,
        "a pod runs with its token": in_use, "the audit log shows requests of it": acts,
        "its token is mounted unless a pod declines": by_default})
    return judge(service_accounts, ~(by_name | by_group | in_use | acts | by_default), ["automount_token"],
                 applies=service_accounts["name"] == "default", otherwise="it is not a default account",
                 reasons=reasons)


def _bound(service_accounts: pd.DataFrame, binding_subjects: pd.DataFrame,
           listed_members: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which accounts bindings name: themselves, and by a group that they are in (Kubernetes' own left out), be it by
    the list of members."""
    granted, namespace = grants(binding_subjects), service_accounts["namespace"]
    groups = granted["of_group"][~shipped_bindings(binding_subjects).to_numpy(dtype=bool)].dropna()
    user = ACCOUNT_USER + namespace + ":" + service_accounts["name"]
    of_all = bool(groups.isin([ACCOUNT_GROUP, AUTHENTICATED]).any())
    listed = user.isin(listed_members["user"][listed_members["group"].isin(groups)].dropna())
    return user.isin(granted["user"].dropna()), (ACCOUNT_GROUP + ":" + namespace).isin(groups) | of_all | listed


def _with_token(pods: pd.DataFrame, service_accounts: pd.DataFrame, pod_annotations: pd.DataFrame,
                projected_sources: pd.DataFrame) -> pd.Series:
    """Whether each pod has a token: mounted by default, or asked for in a volume. A static pod gets none, and of what
    has ended nothing runs."""
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


@check(severity="critical", wanted="no binding, no list of members, no request in the audit log and not the collector "
                                   "has system:masters, which passes before any role is asked",
       remedy="Use a group of your own with a binding that can be taken away; keep the certificate for emergencies.",
       source="CIS Kubernetes 5.1.7", tools=("kubernetes-audit",))
def no_system_masters_group(system_masters: pd.DataFrame, *, accepted: Sequence[str] = ()) -> Judgement:
    """Nobody is part of system:masters, by a binding, by a list of members, or in what the audit log shows.

    A list of members, an audit log and what the API server says of whoever collects can only refute: without them
    bindings are judged alone.
    """
    user = system_masters["subject"]
    account = user.str.replace(rf"^{ACCOUNT_USER}([^:]+):([^:]+)$", r"\1/\2", regex=True)
    is_accepted = user.isin(accepted) | account.isin(accepted)
    return judge(system_masters, ~system_masters["masters"] | is_accepted, ["told_by", *EVIDENCE],
                 applies=~system_masters["own"],
                 otherwise="Kubernetes itself is in it, by a binding that it ships or to speak to itself")


@check(severity="critical", wanted="no binding names system:anonymous or system:unauthenticated",
       remedy="Remove the subject from the binding; whoever needs access authenticates.",
       source="Kubernetes documentation: RBAC good practices; 45 CFR 164.312(d)")
def no_anonymous_bindings(binding_subjects: pd.DataFrame, *,
                          subjects: Sequence[str] = (ANONYMOUS, UNAUTHENTICATED)) -> Judgement:
    """No rights for those who do not authenticate.

    ``subjects`` may leave out the user (system:anonymous) or the group. Raises `UsageError` for others.
    """
    if others := set(subjects) - {ANONYMOUS, UNAUTHENTICATED}:
        raise UsageError(f"{', '.join(sorted(others))} are others than those who do not authenticate: "
                         f"subjects may be {ANONYMOUS} and {UNAUTHENTICATED}.")
    return _unnamed(binding_subjects, {"User": {ANONYMOUS}.intersection(subjects),
                                       "Group": {UNAUTHENTICATED}.intersection(subjects)})


@check(severity="high", wanted="no binding names system:authenticated but those that Kubernetes itself ships",
       remedy="Bind a group of those who need the right.",
       source="Kubernetes documentation: RBAC good practices; CIS Google GKE 4.1.10")
def no_bindings_of_everybody(binding_subjects: pd.DataFrame) -> Judgement:
    """No rights for everybody who authenticates, beyond those that Kubernetes itself gives."""
    return _unnamed(binding_subjects, {"Group": {AUTHENTICATED}})


def _unnamed(binding_subjects: pd.DataFrame, names: dict[str, set[str]]) -> Judgement:
    """Fails each subject of a binding that has one of these names, by kind, unless Kubernetes itself put it there."""
    named = pd.Series(False, binding_subjects.index, BOOLEAN)
    for kind, of_kind in names.items():
        subject = binding_subjects["subject"]
        named |= (binding_subjects["subject_kind"] == kind) & subject.isin(of_kind).mask(subject.isna())
    return judge(binding_subjects, ~named, EVIDENCE, applies=~(named & shipped_bindings(binding_subjects)),
                 otherwise=SHIPPED)


@check(severity="low", wanted="the role that the binding grants exists",
       remedy="Delete the binding: whoever creates a role of that name gives it rights.",
       source="Kubernetes documentation: RBAC good practices", needs=("roles",))
def no_bindings_to_missing_roles(bindings: pd.DataFrame, roles: pd.DataFrame) -> Judgement:
    """Every binding grants a role that exists."""
    inside = bindings["kind"] == "RoleBinding"
    meant = pd.DataFrame({"kind": bindings["role_kind"], "role": bindings["role"],
                          "namespace": bindings["namespace"].where(inside, pd.NA)})
    wanted = pd.Series(pd.arrays.ArrowExtensionArray(role_keys(meant)), bindings.index)
    there = wanted.isin(pd.Series(pd.arrays.ArrowExtensionArray(role_keys(roles, "name"))).dropna())
    possible = inside | (bindings["role_kind"] != "Role")
    return judge(bindings, there & possible, ["role_kind", "role", "subjects_count"])


@check(severity="medium", wanted="the rights of duties that must lie in different hands are not held by one subject",
       remedy="Take one of the rights away, or record who accepted that one subject has both, and what compensates.",
       source="NIST SP 800-53 AC-5; the pairs are in controls/segregation-of-duties.yaml")
def duties_segregated(binding_subjects: pd.DataFrame, duty_conflicts: pd.DataFrame, *,
                      accepted: Sequence[str] = ()) -> Judgement:
    """Duties that must lie in different hands do."""
    sides = [duty_conflicts[[side, "duty"]].set_axis(["row", "duty"], axis=1) for side in ("first_row", "second_row")]
    own = shipped_bindings(binding_subjects).to_numpy(bool)
    both_own = np.logical_and.reduce([own[side["row"].to_numpy(int)] for side in sides])
    by_others, by_kubernetes = (_marked(binding_subjects, pd.concat([side["row"][rows] for side in sides]))
                                for rows in (~both_own, both_own))
    is_accepted = _named(binding_subjects).isin(accepted)

    def reasons() -> pd.Series:
        words = pd.concat(sides).drop_duplicates().sort_values(["row", "duty"]).groupby("row")["duty"].agg(", ".join)
        said = "it is part of what one subject holds together: " + words.astype(STRING)
        return said.reindex(range(len(binding_subjects))).set_axis(binding_subjects.index)

    return judge(binding_subjects, ~by_others | is_accepted, EVIDENCE, applies=by_others | ~by_kubernetes,
                 otherwise=SHIPPED, reasons=reasons)
