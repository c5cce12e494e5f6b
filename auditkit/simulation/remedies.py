"""Manifests that would mend what fails, as far as a manifest can: proposals, of which nothing is proven yet.

Each rule looks at the subjects of one check that fail and proposes a partial manifest for an object, or says why it
proposes none. `auditkit.simulation.proving` keeps those that are proven.
"""

from collections.abc import Callable
from typing import NamedTuple

import pandas as pd

from auditkit.analysis.pod_security.levels import ENFORCE, LEVELS
from auditkit.analysis.rbac.bindings import ACCOUNT_USER, grants, implicit_groups
from auditkit.analysis.rbac.defaults import shipped_bindings
from auditkit.simulation.places import Object, put
from auditkit.simulation.proposal import Failing, Made, Proposed, Unmade, manifest
from auditkit.simulation.remedies_of_namespaces import default_deny, limit_range, quota, without_egress
from auditkit.simulation.remedies_of_webhooks import fail_closed
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.pods import CONTROLLERS

_BY_KIND = {kind: (source, path) for source, (kind, path) in CONTROLLERS.items()}
_OUR_OWN = ("kube-system", "kube-public", "kube-node-lease")


class Proposals(NamedTuple):
    """What is proposed, each with the check whose failures it should mend; and what is not, and why."""

    made: list[tuple[str, Made]]
    unmade: list[Unmade]


def proposals(snapshot: Snapshot, failing: dict[str, Failing]) -> Proposals:
    """What may mend the failing subjects of checks. Nothing is proposed for the namespaces of Kubernetes itself."""
    found = Proposals([], [])
    for check, rule in RULES.items():
        own = failing[check] if check in failing else None
        for each in rule(snapshot, own[~_of_kubernetes(own)]) if own is not None else ():
            if isinstance(each, Unmade):
                found.unmade.append(each)
            else:
                found.made.append((check, each))
    return found


def _of_kubernetes(failing: Failing) -> pd.Series:
    """True for its namespaces, and for what is in them."""
    return failing["namespace"].isin(_OUR_OWN) | (failing["kind"].eq("Namespace") & failing["name"].isin(_OUR_OWN))


def _pod_security(snapshot: Snapshot, failing: Failing) -> Proposed:
    """The highest level that every pod and every template of a namespace meets."""
    columns = ["namespace", "level"]
    met = pd.concat([snapshot.frame(name)[columns] for name in ("pod_levels", "template_pod_levels")])
    rank = met["level"].map({level: number for number, level in enumerate(LEVELS)})
    for name in failing["name"]:
        ranks = rank[met["namespace"] == name]
        lowest = 0 if ranks.isna().any() else int(ranks.min()) if len(ranks) else len(LEVELS) - 1
        if lowest:
            made = manifest("Namespace", name)
            made["metadata"]["labels"] = {ENFORCE: LEVELS[lowest]}
            yield Made(made, f"Refuses new pods that do not meet the level {LEVELS[lowest]}. All that are there "
                             "meet it.")


def _default_accounts(snapshot: Snapshot, failing: Failing) -> Proposed:
    """Default service accounts whose token is mounted by default."""
    for namespace, name in zip(failing["namespace"], failing["name"], strict=True):
        yield Made(manifest("ServiceAccount", name, namespace, automountServiceAccountToken=False),
                   "Pods that name no service account get no token any more. One that needs it has to ask for it.")


def _tokens(snapshot: Snapshot, failing: Failing) -> Proposed:
    """Workloads whose service account is bound to nothing: its token is of no use to them."""
    if snapshot.gaps(["binding_subjects", "templates"]):
        return
    bound = snapshot.frame("binding_subjects")
    named = grants(bound[~shipped_bindings(bound)])
    able, groups = {*named["user"].dropna()}, {*named["of_group"].dropna()}
    accounts = snapshot.frame("templates").set_index(["kind", "namespace", "name"])["service_account"].to_dict()
    for kind, namespace, name in _controllers(snapshot, failing):
        account = accounts.get((kind, namespace, name), "")
        user = f"{ACCOUNT_USER}{namespace}:{account}"
        if user not in able and not groups.intersection(implicit_groups(user)):
            yield Made(_of_template(kind, namespace, name, "automountServiceAccountToken", False),
                       f"Its pods get no token of the service account {account}, which no binding names.")


def _seccomp(snapshot: Snapshot, failing: Failing) -> Proposed:
    for kind, namespace, name in _controllers(snapshot, failing):
        yield Made(_of_template(kind, namespace, name, "securityContext.seccompProfile", {"type": "RuntimeDefault"}),
                   "The runtime blocks system calls that programs rarely need. No snapshot shows whether this one "
                   "needs them: try it outside of production.")


def _controllers(snapshot: Snapshot, failing: Failing) -> list[tuple[str, str, str]]:
    """The controllers at the top of failing pods and templates, each once; bare pods and Jobs cannot be changed."""
    found = failing.merge(snapshot.frame("top_owners"), on=["kind", "namespace", "name"])
    tops = found[["top_kind", "namespace", "top_name"]].drop_duplicates()
    return [each for each in tops.itertuples(index=False, name=None) if each[0] in _BY_KIND and each[0] != "Job"]


def _of_template(kind: str, namespace: str, name: str, path: str, value: object) -> Object:
    made = manifest(kind, name, namespace)
    put(made, f"{_BY_KIND[kind][1]}.spec.{path}", value)
    return made


RULES: dict[str, Callable[[Snapshot, Failing], Proposed]] = {
    "admission.pod_security_enforced": _pod_security,
    "access.default_service_accounts_unused": _default_accounts,
    "workloads.token_mounted_only_where_needed": _tokens,
    "workloads.seccomp_profile_set": _seccomp,
    "network.default_deny_ingress": default_deny,
    "network.namespaces_have_policy": default_deny,
    "network.default_deny_egress": without_egress,
    "admission.webhooks_fail_closed": fail_closed,
    "quotas.namespaces_have_quota": quota,
    "quotas.namespaces_have_limit_range": limit_range,
}
"""The checks that a manifest may mend."""
