"""Rights that lead to more rights, as data, and which roles and subjects hold them.

A power is a set of verbs on resources. A rule holds it if it has one of the verbs, one of the groups and one of the
resources, by name or by wildcard (``*``, ``*/exec``), as the authorizer matches them.

`POWERS` is the one place where they are written down: the checks on who holds them, the steps of paths to more power
(`Step`), and the duties that must lie in different hands are derived from it.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import msgspec
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.rbac.bindings import grants, role_keys
from auditkit.analysis.rbac.defaults import shipped_powers
from auditkit.analysis.rbac.requests import (
    CONSTRAINED,
    IMPERSONATE_ON,
    NAMELESS,
    NAMESPACES,
    OF_ONE_NAMESPACE,
    created_by_apply,
)

RBAC = "rbac.authorization.k8s.io"
WRITE = ("create", "update", "patch")
CHANGE = (*WRITE, "delete", "deletecollection")
STANDARD = ("get", "list", "watch", *CHANGE)
CONTROLLERS = ("deployments.apps", "daemonsets.apps", "statefulsets.apps", "replicasets.apps",
               "replicationcontrollers", "jobs.batch", "cronjobs.batch")
AUTHENTICATION = "authentication.k8s.io"
_EXTRAS = "userextras/"
CSRS = "certificatesigningrequests.certificates.k8s.io"
SIGNERS = "signers.certificates.k8s.io"
ADMISSION = "admissionregistration.k8s.io"
ADMIN = "ClusterAdmin"
"""Everything, as a place that steps lead to."""


class Step(msgspec.Struct, frozen=True):
    """What one power is enough for: the act in words, and the place that it leads to (`escalation_steps`).

    ``only`` are the resources with which it is a step, if not all. What is not ``certain`` depends on something that
    the tables do not show. Changing admission or the API is a step for who may write it, not for who may delete it.
    """

    act: str
    leads: str
    certain: bool = True
    only: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()


class Power(msgspec.Struct, frozen=True):
    """A right that matters: its name, what it is good for, the verbs, and the resources as ``resource.group``.

    ``resources`` are asked for in a namespace, so that a RoleBinding can grant them; those ``outside`` are not, and
    in a RoleBinding have no effect (but see `rbac_requests.inside`). ``step`` is where it leads by itself.
    """

    name: str
    doc: str
    verbs: tuple[str, ...]
    resources: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    step: Step | None = None


POWERS = (
    Power("read_secrets", "reads Secrets, among them tokens and passwords", ("get", "list", "watch"), ("secrets",)),
    Power("write_secrets", "makes Secrets, which a controller fills with a token of any account of the namespace",
          WRITE, ("secrets",)),
    Power("create_pods", "runs pods, with any service account of the namespace", ("create",), ("pods",),
          step=Step("runs a pod as any service account", "Accounts")),
    Power("create_workloads", "lets controllers run pods, with any service account of the namespace", WRITE,
          CONTROLLERS,
          step=Step("lets a controller run a pod as any service account", "Accounts")),
    Power("change_pods", "changes what runs in pods", ("update", "patch"), ("pods",),
          step=Step("changes the image of a pod", "Pods")),
    Power("exec_pods", "runs commands in pods", ("create", "get"), ("pods/exec",),
          step=Step("runs commands in a pod", "Pods")),
    Power("attach_pods", "speaks to programs in pods", ("create", "get"), ("pods/attach",),
          step=Step("speaks to the program in a pod", "Pods", certain=False)),
    Power("debug_pods", "adds containers to pods that run", ("update", "patch"), ("pods/ephemeralcontainers",),
          step=Step("adds a container to a pod", "Pods")),
    Power("proxy_pods", "reaches ports of pods through the API server", ("create", "get"),
          ("pods/portforward", "pods/proxy", "services/proxy")),
    Power("delete_pods", "stops pods, so that they start elsewhere", ("delete", "deletecollection"), ("pods",)),
    Power("evict_pods", "evicts pods, so that they start elsewhere", ("create",), ("pods/eviction",)),
    Power("change_nodes", "changes nodes: taints, labels, whether pods come to them", ("update", "patch"),
          outside=("nodes", "nodes/status")),
    Power("delete_nodes", "takes nodes away, so that their pods start elsewhere", ("delete", "deletecollection"),
          outside=("nodes",)),
    Power("change_pod_status", "changes the stated condition of pods", ("update", "patch"), ("pods/status",)),
    Power("change_service_status", "changes the address of services (CVE-2020-8554)", ("update", "patch"),
          ("services/status",)),
    Power("proxy_nodes", "speaks to kubelets, which run commands in every pod of the node; get is enough", STANDARD,
          outside=("nodes/proxy",),
          step=Step("runs commands in pods through the kubelet", "PodsOfNode")),
    Power("bind_roles", "grants roles whose rights it does not have", ("bind",),
          (f"roles.{RBAC}", f"clusterroles.{RBAC}")),
    Power("write_bindings", "grants roles", WRITE, (f"rolebindings.{RBAC}",), (f"clusterrolebindings.{RBAC}",)),
    Power("escalate_roles", "writes rights into roles that it does not have", ("escalate",), (f"roles.{RBAC}",),
          (f"clusterroles.{RBAC}",)),
    Power("write_roles", "writes roles", WRITE, (f"roles.{RBAC}",), (f"clusterroles.{RBAC}",)),
    Power("impersonate_users", "acts as users", ("impersonate",), outside=("users",),
          step=Step("impersonates a user", "Users")),
    Power("impersonate_groups", "acts as a member of groups", ("impersonate",), outside=("groups",)),
    Power("impersonate_accounts", "acts as service accounts", ("impersonate",), ("serviceaccounts",),
          step=Step("impersonates a service account", "Accounts")),
    Power("impersonate_extras", "acts with other attributes of a user", ("impersonate",), outside=tuple(
        f"{what}.{AUTHENTICATION}" for what in ("uids", "userextras", f"{_EXTRAS}*"))),
    *(Power("impersonate_constrained", "acts as others for some requests", (verb,),
            tuple(f"{what}.{AUTHENTICATION}" for what in whom if what == "serviceaccounts"),
            tuple(f"{_EXTRAS}*.{AUTHENTICATION}" if what == "userextras" else f"{what}.{AUTHENTICATION}"
                  for what in whom if what != "serviceaccounts")) for verb, whom in CONSTRAINED.items()),
    Power("create_tokens", "makes tokens of service accounts", ("create",), ("serviceaccounts/token",),
          step=Step("makes a token of a service account", "Accounts")),
    Power("create_csrs", "asks for certificates", ("create",), outside=(CSRS,)),
    Power("approve_csrs", "approves requests for certificates", ("update", "patch"), outside=(
        "certificatesigningrequests/approval.certificates.k8s.io",)),
    Power("approve_signers", "may let a signer sign", ("approve",), outside=(SIGNERS,)),
    Power("sign_csrs", "writes certificates as a signer", ("sign",), outside=(SIGNERS,)),
    Power("change_webhooks", "sees and alters every object on its way in", CHANGE, outside=(
        f"mutatingwebhookconfigurations.{ADMISSION}", f"validatingwebhookconfigurations.{ADMISSION}"),
          step=Step("alters every object by a mutating webhook", ADMIN, certain=False, verbs=WRITE,
                    only=("mutatingwebhookconfigurations",))),
    Power("change_admission_policies", "alters what may come in", CHANGE, outside=tuple(
        f"{kind}{what}.{ADMISSION}" for kind in ("validating", "mutating")
        for what in ("admissionpolicies", "admissionpolicybindings")),
          step=Step("alters objects by a mutating policy", ADMIN, certain=False, verbs=WRITE,
                    only=("mutatingadmissionpolicies",))),
    Power("change_policy_engines", "alters the rules of Gatekeeper or Kyverno", CHANGE,
          ("configs.config.gatekeeper.sh", "policies.kyverno.io", "policyexceptions.kyverno.io"),
          ("constrainttemplates.templates.gatekeeper.sh", "assign.mutations.gatekeeper.sh",
           "assignmetadata.mutations.gatekeeper.sh", "modifyset.mutations.gatekeeper.sh",
           "clusterpolicies.kyverno.io"),
          step=Step("alters objects through a policy engine", ADMIN, certain=False, verbs=WRITE)),
    Power("change_api", "alters which resources the server has, and who serves them", CHANGE, outside=(
        "customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io"),
          step=Step("answers for an API group in the server's place", ADMIN, certain=False, verbs=WRITE,
                    only=("apiservices",))),
    Power("create_volumes", "makes PersistentVolumes, which can reach files of the node", WRITE,
          outside=("persistentvolumes",)),
    Power("change_storage", "alters claims, volumes and classes of storage", CHANGE, ("persistentvolumeclaims",),
          ("persistentvolumes", "storageclasses.storage.k8s.io")),
    Power("change_networking", "alters which traffic goes where, and what is let through", CHANGE,
          ("services", "endpoints", "endpointslices.discovery.k8s.io", "ingresses.networking.k8s.io",
           "ingresses.extensions", "networkpolicies.networking.k8s.io", "networkpolicies.extensions"),
          ("ingressclasses.networking.k8s.io",)),
    Power("change_gateways", "alters the routes of the Gateway API", CHANGE, tuple(
        f"{name}.gateway.networking.k8s.io" for name in ("gateways", "httproutes", "grpcroutes", "tcproutes",
                                                         "tlsroutes", "udproutes")),
          ("gatewayclasses.gateway.networking.k8s.io",)),
    Power("change_configmaps", "alters settings that controllers trust", WRITE, ("configmaps",)),
    Power("change_namespaces", "alters labels by which policies are chosen", CHANGE, outside=("namespaces",)),
    Power("change_namespaces", "alters the same labels in what looks like a write of the state", ("update", "patch"),
          outside=("namespaces/status", "namespaces/finalize")),
    Power("use_policies", "uses a PodSecurityPolicy (Kubernetes up to 1.24)", ("use",),
          ("podsecuritypolicies.policy", "podsecuritypolicies.extensions")),
)
FULL_POWER = "full_power"
"""The name of all verbs on all resources of all groups, which is no rule of its own in `POWERS`."""
ACT_AS_OTHERS = "act_as_others"
"""The second half of constrained impersonation: any of `POWERS`, used as the one who is impersonated."""
COLUMNS = ["kind", "namespace", "role", "rule", "power", "verb", "group", "resource", "resource_name",
           "in_namespaces"]


def role_powers(granted_rules: pd.DataFrame) -> pd.DataFrame:
    """The powers of roles: one row for each power and each right (verb, group, resource, name) of a rule that grants
    it.

    Columns: ``kind, namespace, role, rule, power, verb, group, resource, resource_name``, and ``in_namespaces``:
    whether it has an effect where a RoleBinding grants it.

    Of ``userextras/KEY`` any key counts. What no request can meet is no power: creating objects of certain names.
    """
    on = ["verb", "group", "resource"]
    known, extras = spellings(POWERS), granted_rules["resource"].str.startswith(_EXTRAS).fillna(False)
    any_extra = known[known["resource"] == f"{_EXTRAS}*"].drop(columns="resource")
    of_extras = granted_rules[extras].merge(any_extra, on=on[:2])
    held = granted_rules[~extras].merge(known, on=on)
    found = pd.concat([held, of_extras, _as_others(granted_rules, known)], ignore_index=True)
    found = found[effective(found, granted_rules)]
    return pd.concat([_full(granted_rules), found[COLUMNS]], ignore_index=True)


def effective(found: pd.DataFrame, granted_rules: pd.DataFrame) -> pd.Series:
    """Which rows of rules with `spellings` grant what they spell: those that are not limited to names, or can be.

    An associated node is asked for as ``*``, whatever its name (see `rbac_requests.CONSTRAINED`).
    """
    named = found["resource_name"].notna()
    other_node = (found["verb"] == "impersonate:associated-node") & (found["resource_name"] != "*")
    grants_it = found["by_name"] & ~other_node
    if (waits := named & ~found["by_name"]).any():
        grants_it |= waits & created_by_apply(found.where(waits), granted_rules)
    return (~named | grants_it).fillna(False)


def _as_others(rules: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Rules with the verb ``impersonate-on:MODE:VERB``, where VERB on their resource is a power."""
    own = rules[rules["verb"].str.startswith(IMPERSONATE_ON).fillna(False)]
    verb = own["verb"].str.replace(rf"^{IMPERSONATE_ON}[^:]+:", "", regex=True)
    found = own.rename(columns={"verb": "said"}).assign(verb=verb).merge(known, on=["verb", "group", "resource"])
    found = found[found["verb"] != "*"]  # here it is no wildcard
    return found.assign(verb=found["said"], power=pd.Series(ACT_AS_OTHERS, found.index, STRING)).drop(
        columns="said").drop_duplicates()


def held_powers(binding_subjects: pd.DataFrame, role_powers: pd.DataFrame,
                memberships: pd.DataFrame | None = None) -> pd.DataFrame:
    """The powers of the subjects of bindings, and of the members of groups in the membership file.

    Columns of `role_powers` without its ``kind``, ``namespace`` and ``in_namespaces``, and ``row`` (position in
    `binding_subjects`), ``user``, ``of_group`` and ``scope`` (of `rbac.grants`; an empty scope is the whole cluster),
    ``shipped`` (Kubernetes itself ships the binding with this power), and ``through`` (the group by which a user holds
    it). Powers over one namespace by its name have that scope.
    """
    granted = grants(binding_subjects).rename_axis("row").reset_index()
    granted = granted[granted["user"].notna() | granted["of_group"].notna()]
    powers = role_powers.drop(columns=["kind", "namespace"])
    powers = powers.assign(role_key=pd.Series(pd.arrays.ArrowExtensionArray(role_keys(role_powers)), powers.index))
    held = granted.merge(powers, on="role_key")
    held = held[(held["scope"] == "") | held["in_namespaces"]].drop(columns=["role_key", "in_namespaces"])
    held = of_one_namespace(held, held["power"] == "change_namespaces")
    held = held.assign(shipped=shipped_powers(held, binding_subjects))
    return with_members(held.assign(through=pd.Series(pd.NA, held.index, STRING)), memberships)


def of_one_namespace(held: pd.DataFrame, over_namespaces: pd.Series) -> pd.DataFrame:
    """Rights over one namespace by its name as rights in it; those over another one than the binding's are none."""
    name, scope = held["resource_name"], held["scope"]
    named = (over_namespaces & name.notna()).fillna(False)
    held = held.assign(scope=scope.where(~named, name), resource_name=name.where(~named, pd.NA))
    return held[~(named & (scope != "") & (scope != name)).fillna(False)]


def with_members(held: pd.DataFrame, memberships: pd.DataFrame | None) -> pd.DataFrame:
    """Rows of subjects (``user, of_group, through``), and the same of every member that is known of a group."""
    if memberships is None or not len(memberships):
        return held
    of_groups = held[held["of_group"].notna()].drop(columns=["user", "through"])
    more = of_groups.merge(memberships.rename(columns={"group": "through"}), left_on="of_group", right_on="through")
    more["of_group"] = pd.Series(pd.NA, more.index, STRING)
    return pd.concat([held, more[held.columns].astype(held.dtypes)], ignore_index=True)


@cache
def spellings(powers: tuple[Power, ...]) -> pd.DataFrame:
    """Every verb, group and resource that a rule can name and so hold a power: as it stands, or by wildcard.

    Columns: ``power, verb, group, resource``, ``in_namespaces`` (a RoleBinding can grant it), ``by_name`` (a rule that
    is limited to names can hold it). Powers of one name are one.
    """
    found: dict[tuple[str, ...], tuple[bool, bool]] = {}
    for power in powers:
        for scoped, resources in ((True, power.resources), (False, power.outside)):
            for name, _, named in (text.partition(".") for text in resources):
                for verb, word in _words(power.verbs):
                    here = scoped or (name in NAMESPACES and not named and verb in OF_ONE_NAMESPACE)
                    # by * objects of a name are patched too, and so applied
                    by_name = "/" in name or verb not in NAMELESS or (word, verb) == ("*", "create")
                    for words in product([word], {named, "*"}, _as_written(name)):
                        before = found.get((power.name, *words), (False, False))
                        found[power.name, *words] = (here or before[0], by_name or before[1])
    columns = pd.DataFrame(list(found), columns=["power", "verb", "group", "resource"], dtype=STRING)
    flags = zip(*found.values(), strict=True) if found else ((), ())
    return columns.assign(**{name: pd.Series(list(values), dtype=BOOLEAN)
                             for name, values in zip(("in_namespaces", "by_name"), flags, strict=True)})


def _words(verbs: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each verb with each word by which a rule can mean it."""
    for verb in verbs:
        yield from ((verb, verb), (verb, "*"))


def _as_written(resource: str) -> set[str]:
    """The texts of rules that mean a resource: itself, ``*``, and for ``pods/exec`` also ``*/exec``."""
    _, slash, subresource = resource.partition("/")
    return {resource, "*", f"*/{subresource}"} if slash else {resource, "*"}


def _full(rules: pd.DataFrame) -> pd.DataFrame:
    """Rules on everything, with all verbs (``*``, or each standard one by name)."""
    everything = rules[(rules["group"] == "*") & (rules["resource"] == "*") & rules["resource_name"].isna()]
    of_role = ["kind", "namespace", "role"]
    standard = everything[everything["verb"].isin(STANDARD)]
    several = standard.groupby(of_role, dropna=False)["verb"].nunique().rename("verbs").reset_index()
    several = standard.merge(several[several["verbs"] == len(STANDARD)][of_role], on=of_role)
    whole = pd.concat([everything[everything["verb"] == "*"], several])
    return whole.assign(power=pd.Series(FULL_POWER, whole.index, STRING),
                        in_namespaces=pd.Series(True, whole.index, BOOLEAN))[COLUMNS]
