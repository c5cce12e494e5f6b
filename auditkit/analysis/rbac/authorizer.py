"""Access by RBAC, as the API server's authorizer decides it: `Access.can` and `Access.who_can`.

Only RBAC is asked, and ``system:masters``, which passes before it. What a node may do by the Node authorizer, or
anybody by an authorizer outside the cluster, is not in the cluster's objects.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, TypedDict, Unpack, overload

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.columns import STRING, array, strings
from auditkit.analysis.rbac.aggregation import granted_rules, granted_urls, with_origins
from auditkit.analysis.rbac.bindings import AUTHENTICATED, MASTERS, grants, implicit_groups
from auditkit.analysis.rbac.index import Holdings, Rights, role_codes
from auditkit.analysis.rbac.requests import inside
from auditkit.analysis.rbac.who_can import holders, matching_rules, matching_urls
from auditkit.errors import UsageError

TABLES = ("roles", "role_rules", "role_urls", "role_labels", "role_aggregation", "binding_subjects")
OF_RESOURCE, OF_PATH = ("verb", "group", "resource", "subresource", "name"), ("verb", "path")
_ANY_GROUP = "any group"
ASKED = ("user", *OF_RESOURCE, "namespace", "path")


class Question(TypedDict, total=False):
    """One question of `Access.can` by keywords; ``verb`` must be there, what else is missing is empty."""

    user: str
    groups: str | list[str] | None
    verb: str
    group: str | None
    resource: str
    subresource: str
    namespace: str
    name: str
    path: str


class Access:
    """The answers of one cluster's roles and bindings; built once, then asked whole columns of questions.

    ``memberships`` (user, group) says who is in which group, where somebody knows; ``groups_known`` is ``False`` where
    nobody does: then a "no" to a user whose groups are not stated is ``<NA>`` if any group that a binding names is
    allowed it. ``gaps`` are the reasons why the tables are not complete: then no "no" is known, since a binding that
    was not collected could have allowed it.
    """

    def __init__(self, *, roles: pd.DataFrame, role_rules: pd.DataFrame, role_urls: pd.DataFrame,
                 role_labels: pd.DataFrame, role_aggregation: pd.DataFrame, binding_subjects: pd.DataFrame,
                 memberships: pd.DataFrame | None = None, api_resources: pd.DataFrame | None = None,
                 gaps: Sequence[str] = (), groups_known: bool = True):
        self.rules = with_origins(granted_rules(roles, role_rules, role_labels, role_aggregation),
                                  roles, role_labels, role_aggregation)
        self.urls = with_origins(granted_urls(roles, role_urls, role_labels, role_aggregation),
                                 roles, role_labels, role_aggregation)
        self.subjects = binding_subjects
        self.gaps, self._groups_known = list(gaps), groups_known
        self.grants = grants(binding_subjects)
        known = role_codes(self.rules, self.urls, self.grants)
        self._rights = Rights(self.rules, self.urls, known)
        self._held = Holdings(self.grants[self.grants["role_code"] >= 0])
        self._memberships = memberships if memberships is not None else pd.DataFrame({"user": [], "group": []})
        self._api_resources = api_resources

    @classmethod
    def of(cls, snapshot: Any) -> "Access":
        """The access that a snapshot (or anything with its ``whole`` and ``gaps``) shows."""
        frames = {name: snapshot.whole(name) for name in (*TABLES, "memberships", "api_resources")}
        return cls(**frames, gaps=snapshot.gaps(TABLES), groups_known=not snapshot.gaps("memberships"))

    # --- can --------------------------------------------------------------------------------------------------------

    @overload
    def can(self, requests: pd.DataFrame) -> pd.Series: ...

    @overload
    def can(self, requests: None = None, **question: Unpack[Question]) -> bool | pd.api.typing.NAType: ...

    def can(self, requests: pd.DataFrame | None = None,
            **question: Unpack[Question]) -> pd.Series | bool | pd.api.typing.NAType:
        """True for each request that is allowed: a boolean column with the index of ``requests``.

        Columns of ``requests``: ``user, groups, verb, group, resource, subresource, namespace, name, path``; what is
        missing is empty. A request with a ``path`` is about that path, every other one about a resource. ``groups``
        is a list; where it is missing the user has the groups that the API server gives to everybody, and those of
        the membership file; without such a file the answer is ``<NA>`` where it hangs on groups. Questions are taken
        literally, as a SubjectAccessReview takes them.

        One question is asked by keywords, and its answer is ``True``, ``False`` or ``<NA>``. Then ``resource`` may
        be written ``pods/exec`` or ``deployments.apps``, and without ``group`` it is the one that the server serves.
        """
        if requests is not None:
            if question:
                raise UsageError("can() takes a DataFrame of requests, or one question by keywords, not both.")
            return self._answers(requests)
        unknown = set(question) - {*ASKED, "groups"}
        if unknown or "verb" not in question:
            raise UsageError(f"can() takes {', '.join([*ASKED, 'groups'])} and needs a verb; "
                             f"{', '.join(sorted(unknown)) or 'none'} is not among them.")
        resolved = self.resolved(**question)
        groups = resolved.pop("groups", None)
        groups = [groups] if isinstance(groups, str) else groups
        one = pd.DataFrame({key: [value] for key, value in resolved.items()} | {"groups": [groups]})
        return self._answers(one).iloc[0]

    def _answers(self, requests: pd.DataFrame) -> pd.Series:
        if "verb" not in requests:
            raise UsageError(f"The requests need a column verb; can() reads {', '.join(ASKED)} and groups.")
        asked = {name: _texts(requests, name) for name in ASKED}
        is_path = pc.not_equal(asked["path"], "")
        asked["namespace"] = pc.if_else(is_path, "", asked["namespace"])  # a request about a path has none
        group_of, groups, implied = self._groups(requests, asked["user"])
        allowed = self._decide(asked, is_path, self._held, group_of, groups)
        answers = pd.Series(pd.arrays.ArrowExtensionArray(pa.array(allowed)), index=requests.index, name="allowed")
        if self.gaps:
            return answers.where(answers, pd.NA)
        open_ = np.zeros(len(requests), np.bool_) if self._groups_known else implied & ~allowed
        if open_.any():
            anybody = pa.array([_ANY_GROUP] * len(requests), pa.string())
            perhaps = self._decide(asked, is_path, self._held_by_any_group, np.arange(len(requests)), anybody)
            answers = answers.mask(open_ & perhaps, pd.NA)
        return answers

    def _decide(self, asked: dict[str, pa.Array], is_path: pa.Array, holdings: Holdings, group_of: np.ndarray,
                groups: pa.Array) -> np.ndarray:
        """What users with these groups (one after the other, and the question of each) are allowed."""
        allowed = np.zeros(len(is_path), np.bool_)
        allowed[group_of[pc.equal(groups, MASTERS).to_numpy(zero_copy_only=False)]] = True
        question, role = holdings.held(asked["user"], group_of, groups, asked["namespace"])
        of_path = is_path.to_numpy(zero_copy_only=False)
        for here in (False, True):
            rows = np.flatnonzero(of_path == here)
            if len(rows):
                self._allow(allowed, rows, asked, question, role, path=here)
        return allowed

    @cached_property
    def _held_by_any_group(self) -> Holdings:
        """What all groups that bindings name hold together, as if they were one."""
        granted = self.grants[(self.grants["role_code"] >= 0) & self.grants["of_group"].notna()]
        return Holdings(granted.assign(of_group=pd.Series(_ANY_GROUP, granted.index, STRING)))

    def _allow(self, allowed: np.ndarray, rows: np.ndarray, asked: dict[str, pa.Array], question: np.ndarray,
               role: np.ndarray, *, path: bool) -> None:
        """Mark those of ``rows`` that a role allows. (question, role): the roles that each question counts."""
        names = OF_PATH if path else OF_RESOURCE
        columns = [asked[name].take(pa.array(rows)) for name in names]
        ask, turns = (self._rights.allowing_path if path else self._rights.allowing)(*columns)
        ask_of = np.full(len(allowed), -1)
        ask_of[rows] = ask
        inside = ask_of[question] >= 0
        question, role = question[inside], role[inside]
        for first, matrix in turns:
            at = ask_of[question] - first
            here = (at >= 0) & (at < len(matrix))
            hit = matrix[at[here], role[here]]
            allowed[question[here][hit]] = True

    def _groups(self, requests: pd.DataFrame, user: pa.Array) -> tuple[np.ndarray, pa.Array, np.ndarray]:
        """All groups one after the other, and the request of each; and of which requests there may be more.

        The groups of service accounts and of those who do not authenticate are known by their names."""
        given = _lists(requests)
        lengths = pc.fill_null(pc.list_value_length(given), 0).to_numpy(zero_copy_only=False)
        stated = np.repeat(np.arange(len(given)), lengths)
        open_ = np.flatnonzero(given.is_null().to_numpy(zero_copy_only=False))
        implied = user.take(pa.array(open_)).dictionary_encode()
        sets = pa.array([self.groups_of(name) for name in implied.dictionary.to_pylist()], pa.list_(pa.string()))
        added = sets.take(implied.indices)
        perhaps_more = np.zeros(len(given), np.bool_)
        perhaps_more[open_] = pa.array([implicit_groups(name) == [AUTHENTICATED] and name != "" for name in
                                        implied.dictionary.to_pylist()], pa.bool_()).take(
            implied.indices).to_numpy(zero_copy_only=False)
        more = np.repeat(open_, pc.list_value_length(added).to_numpy(zero_copy_only=False))
        return (np.concatenate([stated, more]).astype(np.int64),
                pa.concat_arrays([given.flatten(), added.flatten()]), perhaps_more)

    def groups_of(self, user: str) -> list[str]:
        """The groups of a user: those that the API server gives, and those of the membership file."""
        return [*implicit_groups(user), *self.stated_groups(user)]

    def stated_groups(self, user: str) -> list[str]:
        """The groups that the membership file gives a user."""
        return self._members.get(user, [])

    @cached_property
    def _members(self) -> dict[str, list[str]]:
        return self._memberships.groupby("user")["group"].agg(list).to_dict() if len(self._memberships) else {}

    # --- who can ----------------------------------------------------------------------------------------------------

    def who_can(self, verb: str, resource: str = "", *, group: str | None = None, subresource: str = "",
                namespace: str | None = None, name: str | None = None, path: str = "") -> pd.DataFrame:
        """Everybody who can do it, a row for each chain of binding, role and rule.

        What is not given is open: without ``namespace`` the holders in any namespace are listed, without ``name``
        also those of rules that are limited to names, unless no request can meet them (`rbac_requests.NAMELESS`). An
        empty text is the authorizer's own question: a request without a namespace, or without a name. Of a signer
        also those count who may act for all signers of its domain.

        Columns: ``subject_kind, subject_namespace, subject``, ``through`` (the group by which a user has it, where
        a membership file says so), ``members`` (what is known of the members of a group), ``binding_kind,
        binding_namespace, binding, role_kind, role, rule`` (its position in the role), ``aggregated_from`` (the
        ClusterRoles that the rule came from), ``namespace`` (where it holds; ``<NA>``: everywhere),
        ``resource_name`` (the object it is limited to; ``<NA>``: all). ``system:masters`` is always there, without
        a binding: it passes before RBAC is asked. ``attrs["gaps"]`` says why holders may be missing.
        """
        scopes: tuple[str, ...] | None
        if path:
            matching, scopes = matching_urls(self.urls, verb, path), ("",)
        else:
            asked = self.resolved(resource=resource, group=group, subresource=subresource)
            matching = matching_rules(self.rules, verb, asked["group"] or "", asked["resource"], asked["subresource"],
                                      name)
            scopes = None if namespace is None else tuple({"", namespace})
            if namespace is None and self._is_cluster_wide(asked, verb):
                scopes = ("",)
        found = holders(matching, self.subjects, self.grants, self._memberships, scopes)
        found.attrs["gaps"] = self.gaps
        return found

    def _is_cluster_wide(self, asked: Question, verb: str) -> bool:
        """True if the server serves this only outside of namespaces, so that a RoleBinding does not grant it."""
        if self._api_resources is None:
            return False
        named = "/".join(filter(None, (asked["resource"], asked["subresource"])))
        served = self._api_resources
        served = served[(served["resource"] == named) & (served["group"] == asked["group"]) & (served["verb"] == verb)]
        of_one = inside(served["verb"], served["group"], served["resource"])
        return bool(len(served)) and not (served["namespaced"] | of_one).any()

    def resolved(self, **question: Unpack[Question]) -> Question:
        """A question as people write it (``pods/exec``, ``deployments.apps``) in the parts that requests have."""
        resource, _, sub = (question.get("resource") or "").partition("/")
        resource, _, named = resource.partition(".") if question.get("group") is None else (resource, "", "")
        question["resource"], question["subresource"] = resource, question.get("subresource") or sub
        if question.get("group") is None:
            question["group"] = named or self._group_of(resource)
        return question

    def _group_of(self, resource: str) -> str:
        """The API group that serves a resource; the core group before others, and where none does."""
        if self._api_resources is None or not len(self._api_resources):
            return ""
        served = self._api_resources.loc[self._api_resources["resource"] == resource, "group"]
        return "" if served.empty or (served == "").any() else served.iloc[0]


def _texts(requests: pd.DataFrame, name: str) -> pa.Array:
    """A column of requests as texts; what is missing is empty."""
    if name not in requests:
        return pa.repeat(pa.scalar("", pa.string()), len(requests))
    return pc.fill_null(strings(requests[name]), "")


def _lists(requests: pd.DataFrame) -> pa.ListArray:
    """The column ``groups`` as lists of texts; null where it is missing."""
    kind = pa.list_(pa.string())
    if "groups" not in requests:
        return pa.nulls(len(requests), kind)
    column = requests["groups"]
    if isinstance(column.dtype, pd.ArrowDtype) and pa.types.is_list(column.dtype.pyarrow_dtype):
        return array(column).cast(kind)
    return pa.array([_listed(value) for value in column], kind)


def _listed(value: Any) -> list[str] | None:
    if isinstance(value, list):
        return value
    if isinstance(value, str):
        return [value]
    return list(value) if isinstance(value, Iterable) else None
