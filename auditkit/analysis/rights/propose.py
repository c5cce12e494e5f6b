"""From the uses of one subject to a proposal that was replayed: the authorizer allows every request that it allowed."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
import pandas as pd

from auditkit.analysis.rbac.authorizer import TABLES, Access
from auditkit.analysis.rbac.bindings import ACCOUNT_GROUP, AUTHENTICATED, UNAUTHENTICATED
from auditkit.analysis.rbac.defaults import shipped_bindings
from auditkit.analysis.rbac.requests import IMPERSONATE_ON
from auditkit.analysis.rights.beside import CONSTRAINED, PLAIN, with_rights_beside
from auditkit.analysis.rights.granted import TRACELESS
from auditkit.analysis.rights.manifests import Manifest, Subject, frames, manifests
from auditkit.analysis.rights.proposal import READ, rights_of
from auditkit.analysis.rights.uses import RBAC, UNTOLD

_FAILED = 400
_EVERYBODY = (AUTHENTICATED, UNAUTHENTICATED, ACCOUNT_GROUP)
Frames = Mapping[str, pd.DataFrame]


class Proposal(msgspec.Struct, frozen=True):
    """What a subject needs of what it is granted.

    ``manifests`` are roles and bindings. Of its ``requests`` that RBAC allowed, ``by_default`` are allowed by what
    Kubernetes grants to everybody. All of them were asked again of the proposal, with the ``questions`` beside them
    (`beside.with_rights_beside`), and it refuses ``refused``. ``aside`` counts requests that passed before RBAC was
    asked, by what allowed them. ``notes`` say what the proposal may lack, or what to look at before it is applied.
    """

    subject: Subject
    manifests: list[Manifest]
    requests: int
    by_default: int
    questions: int
    refused: int
    aside: dict[str, int]
    notes: list[str]


def propose(subject: Subject, audit_uses: pd.DataFrame, snapshot: Frames, *, margin: bool = False,
            gaps: Sequence[str] = (), unseen: Iterable[str] = ()) -> Proposal:
    """The smallest roles and bindings that would have allowed what a subject used.

    ``snapshot`` has the tables of `Access`, ``namespaces``, ``bindings`` and ``api_resources``. ``gaps`` are the
    reasons why ``audit_uses`` is not all that was used, ``unseen`` those of `granted_uses`. Of a group, the requests of
    its members count that its own bindings allow. What Kubernetes grants to everybody is not granted again.
    """
    own = with_rights_beside(audit_uses)
    own = own[_is_of(own, subject)]
    aside = own[~own["allowed_by"].isin([RBAC, UNTOLD]) & own["allowed_by"].notna()]
    used = own[_used(own)].reset_index(drop=True)
    used = _ways(used, subject, snapshot)
    if subject.kind == "Group":
        used = used[_allowed(used, _of_group(snapshot, subject.name), subject)].reset_index(drop=True)
    everybody = _of_everybody(snapshot)
    default = _allowed(used, everybody, subject)
    needed = used[~default]
    served = _readable(snapshot["api_resources"]) if margin else None
    found = manifests(subject, rights_of(needed, _names(snapshot["namespaces"]), served),
                      [*_names(snapshot["roles"]), *_names(snapshot["bindings"])])
    counts, beside = used["requests"].to_numpy(np.int64), used["beside"].to_numpy(bool)
    allowed = _allowed(used, _together(everybody, frames(found)), subject)
    by = aside.groupby("allowed_by")["requests"].sum()
    return Proposal(
        subject, found, int(counts[~beside].sum()), int(counts[default & ~beside].sum()), int(counts[beside].sum()),
        int(counts[~allowed].sum()),
        {str(name): int(count) for name, count in by.items()}, _notes(subject, used, gaps, unseen))


def _is_of(uses: pd.DataFrame, subject: Subject) -> pd.Series:
    """The uses of a user or service account, or of the members of a group."""
    if subject.kind == "Group":
        of_group = uses["actor_groups"].map(lambda text: subject.name in text.split(","), na_action="ignore")
        return of_group.fillna(False).astype(bool)
    return uses["actor"].eq(subject.user).fillna(False).astype(bool)


def _used(uses: pd.DataFrame) -> pd.Series:
    """What RBAC allowed, and what succeeded where the event does not say by what it was allowed."""
    untold = uses["allowed_by"].eq(UNTOLD) & (uses["code"] < _FAILED)
    return (uses["allowed_by"].eq(RBAC) | untold).fillna(False).astype(bool)


def _ways(used: pd.DataFrame, subject: Subject, snapshot: Frames) -> pd.DataFrame:
    """Impersonation in the way that the subject may use now: constrained where plain impersonation is not granted."""
    if used["way"].isna().all():
        return used
    now = {name: snapshot[name] for name in TABLES}
    held = _allowed(used, now, subject)
    plain, constrained = used["way"].eq(PLAIN).fillna(False), used["way"].eq(CONSTRAINED).fillna(False)
    users = constrained & ~used["verb"].str.startswith(IMPERSONATE_ON).fillna(False)
    narrow = not held[plain.to_numpy(bool)].all() and bool(held[users.to_numpy(bool)].any())
    return used[~(plain if narrow else constrained)].reset_index(drop=True)


def _allowed(uses: pd.DataFrame, granted: Frames, subject: Subject) -> np.ndarray:
    """What these roles and bindings allow of the uses, as the authorizer decides it."""
    if not len(uses):
        return np.zeros(0, bool)
    of_group = subject.kind == "Group"
    groups = [[subject.name]] * len(uses) if of_group else uses["actor_groups"].fillna("").str.split(",").tolist()
    asked = pd.DataFrame({"user": "" if of_group else uses["actor"], "groups": groups, "verb": uses["verb"],
                          "group": uses["api_group"], "resource": uses["resource"], "subresource": uses["subresource"],
                          "namespace": uses["namespace"], "name": uses["name"],
                          "path": uses["path"].where(uses["resource"].isna(), pd.NA)})
    answers = Access(**{name: granted[name] for name in TABLES}).can(asked)
    return np.asarray(answers.to_numpy(bool))


def _of_everybody(snapshot: Frames) -> dict[str, pd.DataFrame]:
    """What Kubernetes itself grants to all users, and to all service accounts."""
    bound = snapshot["binding_subjects"]
    ours = shipped_bindings(bound) & bound["subject_kind"].eq("Group") & bound["subject"].isin(_EVERYBODY)
    return {**{name: snapshot[name] for name in TABLES}, "binding_subjects": bound[ours.fillna(False)]}


def _of_group(snapshot: Frames, group: str) -> dict[str, pd.DataFrame]:
    bound = snapshot["binding_subjects"]
    ours = (bound["subject_kind"].eq("Group") & bound["subject"].eq(group)).fillna(False)
    return {**{name: snapshot[name] for name in TABLES}, "binding_subjects": bound[ours]}


def _together(first: Frames, second: Frames) -> dict[str, pd.DataFrame]:
    return {name: pd.concat([first[name], second[name]], ignore_index=True) for name in TABLES}


def _names(table: pd.DataFrame) -> list[str]:
    names: list[str] = table["name"].dropna().tolist()
    return names


def _readable(api_resources: pd.DataFrame) -> dict[tuple[str, str], list[str]]:
    """The read verbs that the server serves of each resource (not of subresources)."""
    served = api_resources[api_resources["verb"].isin(READ) & ~api_resources["resource"].str.contains("/")]
    found: dict[tuple[str, str], list[str]] = served.groupby(["group", "resource"])["verb"].agg(list).to_dict()
    return found


def _notes(subject: Subject, used: pd.DataFrame, gaps: Iterable[str], unseen: Iterable[str]) -> list[str]:
    """What the proposal may lack."""
    silent = set(unseen)
    notes = [f"The log is not complete, so that the proposal can lack rights: {gap}."
             for gap in (*gaps, *sorted(silent - {TRACELESS}))]
    if TRACELESS in silent:
        notes.append("Some rights that it holds can be used without a request that names them: what kubelets serve, "
                     "paths of other components, bind, escalate, sign. They are proposed only where the log shows "
                     "them.")
    if (subject.user or subject.name).startswith("system:") and not (
            subject.kind == "ServiceAccount" and subject.namespace != "kube-system"):
        notes.append(f"{subject.called} belongs to Kubernetes itself, which needs its rights in situations that a log "
                     "of ordinary days does not show. Do not narrow them.")
    untold = int(used.loc[used["allowed_by"].eq(UNTOLD).fillna(False), "requests"].sum())
    if untold:
        notes.append(f"Of {untold} requests the log does not say by what they were allowed; they are taken as used.")
    writes = used[used["api_group"].eq("rbac.authorization.k8s.io") & ~used["verb"].isin(READ)]
    if len(writes):
        notes.append("It changes roles or bindings. Whether it needed bind or escalate for that is not in a log, and "
                     "neither is proposed: Kubernetes lets it grant only what it holds itself.")
    if used["way"].notna().any():
        notes.append("It acts as others. The log does not keep which extra attributes and UIDs it took, and none is "
                     "proposed.")
    return notes


