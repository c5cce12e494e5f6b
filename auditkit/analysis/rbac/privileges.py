"""Rights that lead to more rights, as data, and which roles and subjects hold them.

A power is a set of verbs on resources. A rule holds it if it has one of the verbs, one of the groups and one of the
resources, by name or by wildcard (``*``, ``*/exec``), as the authorizer matches them.
"""

from functools import cache
from itertools import product

import msgspec
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.rbac.bindings import grants, role_keys
from auditkit.analysis.rbac.defaults import shipped_powers

RBAC = "rbac.authorization.k8s.io"
WRITE = ("create", "update", "patch")
CHANGE = (*WRITE, "delete", "deletecollection")
STANDARD = ("get", "list", "watch", *CHANGE)
CONTROLLERS = ("deployments.apps", "daemonsets.apps", "statefulsets.apps", "replicasets.apps",
               "replicationcontrollers", "jobs.batch", "cronjobs.batch")
AUTHENTICATION = "authentication.k8s.io"
_EXTRAS = "userextras/"
CONSTRAINED = tuple(f"impersonate:{how}" for how in ("user-info", "serviceaccount", "arbitrary-node",
                                                     "associated-node"))
"""Verbs of constrained impersonation (KEP-5284, since 1.35); ``impersonate-on:…`` limits what is done by them."""
CSRS = "certificatesigningrequests.certificates.k8s.io"
SIGNERS = "signers.certificates.k8s.io"
ADMISSION = "admissionregistration.k8s.io"


class Power(msgspec.Struct, frozen=True):
    """A right that matters: its name, what it is good for, the verbs, and the resources as ``resource.group``.

    ``resources`` are asked for in a namespace, so that a RoleBinding can grant them; those ``outside`` are not, and
    in a RoleBinding have no effect.
    """

    name: str
    doc: str
    verbs: tuple[str, ...]
    resources: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()


POWERS = (
    Power("read_secrets", "reads Secrets, among them tokens and passwords", ("get", "list", "watch"), ("secrets",)),
    Power("write_secrets", "makes Secrets, which a controller fills with the token of any service account beside them",
          WRITE, ("secrets",)),
    Power("create_pods", "runs pods, with any service account of the namespace", ("create",), ("pods",)),
    Power("create_workloads", "lets controllers run pods, with any service account of the namespace", WRITE,
          CONTROLLERS),
    Power("change_pods", "changes what runs in pods", ("update", "patch"), ("pods",)),
    Power("exec_pods", "runs commands in pods", ("create", "get"), ("pods/exec",)),
    Power("attach_pods", "speaks to programs in pods", ("create", "get"), ("pods/attach",)),
    Power("debug_pods", "adds containers to pods that run", ("update", "patch"), ("pods/ephemeralcontainers",)),
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
          outside=("nodes/proxy",)),
    Power("bind_roles", "grants roles whose rights it does not have", ("bind",),
          (f"roles.{RBAC}", f"clusterroles.{RBAC}")),
    Power("write_bindings", "grants roles", WRITE, (f"rolebindings.{RBAC}",), (f"clusterrolebindings.{RBAC}",)),
    Power("escalate_roles", "writes rights into roles that it does not have", ("escalate",), (f"roles.{RBAC}",),
          (f"clusterroles.{RBAC}",)),
    Power("write_roles", "writes roles", WRITE, (f"roles.{RBAC}",), (f"clusterroles.{RBAC}",)),
    Power("impersonate_users", "acts as users", ("impersonate",), outside=("users",)),
    Power("impersonate_groups", "acts as a member of groups", ("impersonate",), outside=("groups",)),
    Power("impersonate_accounts", "acts as service accounts", ("impersonate",), ("serviceaccounts",)),
    Power("impersonate_extras", "acts with other attributes of a user", ("impersonate",), outside=tuple(
        f"{what}.{AUTHENTICATION}" for what in ("uids", "userextras", f"{_EXTRAS}*"))),
    Power("impersonate_constrained", "acts as others for some requests", CONSTRAINED,
          (f"serviceaccounts.{AUTHENTICATION}",), tuple(
              f"{what}.{AUTHENTICATION}" for what in ("users", "groups", "uids", f"{_EXTRAS}*", "nodes"))),
    Power("create_tokens", "makes tokens of service accounts", ("create",), ("serviceaccounts/token",)),
    Power("create_csrs", "asks for certificates", ("create",), outside=(CSRS,)),
    Power("approve_csrs", "approves requests for certificates", ("update", "patch"), outside=(
        "certificatesigningrequests/approval.certificates.k8s.io",)),
    Power("approve_signers", "may let a signer sign", ("approve",), outside=(SIGNERS,)),
    Power("sign_csrs", "writes certificates as a signer", ("sign",), outside=(SIGNERS,)),
    Power("change_webhooks", "sees and alters every object on its way in", CHANGE, outside=(
        f"mutatingwebhookconfigurations.{ADMISSION}", f"validatingwebhookconfigurations.{ADMISSION}")),
    Power("change_admission_policies", "alters what may come in", CHANGE, outside=tuple(
        f"{kind}{what}.{ADMISSION}" for kind in ("validating", "mutating")
        for what in ("admissionpolicies", "admissionpolicybindings"))),
    Power("change_policy_engines", "alters the rules of Gatekeeper or Kyverno", CHANGE,
          ("configs.config.gatekeeper.sh", "policies.kyverno.io", "policyexceptions.kyverno.io"),
          ("constrainttemplates.templates.gatekeeper.sh", "assign.mutations.gatekeeper.sh",
           "assignmetadata.mutations.gatekeeper.sh", "modifyset.mutations.gatekeeper.sh",
           "clusterpolicies.kyverno.io")),
    Power("change_api", "alters which resources the server has, and who serves them", CHANGE, outside=(
        "customresourcedefinitions.apiextensions.k8s.io", "apiservices.apiregistration.k8s.io")),
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
    Power("use_policies", "uses a PodSecurityPolicy (Kubernetes up to 1.24)", ("use",),
          ("podsecuritypolicies.policy", "podsecuritypolicies.extensions")),
)
FULL_POWER = "full_power"
"""The name of all verbs on all resources of all groups, which is no rule of its own in `POWERS`."""
COLUMNS = ["kind", "namespace", "role", "rule", "power", "verb", "group", "resource", "resource_name",
           "in_namespaces"]


def role_powers(granted_rules: pd.DataFrame) -> pd.DataFrame:
    """Which powers roles hold: a row for each power × what grants it (verb, group, resource, name) of a rule.

    Columns: ``kind, namespace, role, rule, power, verb, group, resource, resource_name``, and ``in_namespaces``:
    whether it has an effect where a RoleBinding grants it.

    Of ``userextras/KEY`` any key counts.
    """
    on = ["verb", "group", "resource"]
    known, extras = spellings(POWERS), granted_rules["resource"].str.startswith(_EXTRAS).fillna(False)
    any_extra = known[known["resource"] == f"{_EXTRAS}*"].drop(columns="resource")
    of_extras = granted_rules[extras].merge(any_extra, on=on[:2])
    held = granted_rules[~extras].merge(known, on=on)
    return pd.concat([_full(granted_rules), held[COLUMNS], of_extras[COLUMNS]], ignore_index=True)


def held_powers(binding_subjects: pd.DataFrame, role_powers: pd.DataFrame) -> pd.DataFrame:
    """Which powers the subjects of bindings hold.

    Columns of `role_powers` without its ``kind``, ``namespace`` and ``in_namespaces``, and ``row`` (position in
    `binding_subjects`), ``user``, ``of_group`` and ``scope`` (of `rbac.grants`; an empty scope is the whole cluster),
    ``shipped`` (Kubernetes itself ships the binding with this power).
    """
    granted = grants(binding_subjects).rename_axis("row").reset_index()
    granted = granted[granted["user"].notna() | granted["of_group"].notna()]
    powers = role_powers.drop(columns=["kind", "namespace"])
    powers = powers.assign(role_key=pd.Series(pd.arrays.ArrowExtensionArray(role_keys(role_powers)), powers.index))
    held = granted.merge(powers, on="role_key")
    held = held[(held["scope"] == "") | held["in_namespaces"]].drop(columns=["role_key", "in_namespaces"])
    return held.assign(shipped=shipped_powers(held, binding_subjects))


@cache
def spellings(powers: tuple[Power, ...]) -> pd.DataFrame:
    """Every verb, group and resource that a rule can name and so hold a power: as it stands, or by wildcard.

    Columns: ``power, verb, group, resource``, ``in_namespaces``. Powers of one name are one.
    """
    found: dict[tuple[str, ...], bool] = {}
    for power in powers:
        for inside, resources in ((True, power.resources), (False, power.outside)):
            for name, _, named in (text.partition(".") for text in resources):
                for words in product({*power.verbs, "*"}, {named, "*"}, _as_written(name)):
                    found[power.name, *words] = inside or found.get((power.name, *words), False)
    columns = pd.DataFrame(list(found), columns=["power", "verb", "group", "resource"], dtype=STRING)
    return columns.assign(in_namespaces=pd.Series(list(found.values()), dtype=BOOLEAN))


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
