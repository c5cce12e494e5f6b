"""What a Kubernetes audit log shows: who did what from where, where the log is silent, and which grants were used.

One request gives several events, one a stage; all counts here are of requests, told apart by ``audit_id``. Who acts
is the impersonated user where there is one, because that is whom the authorizer asks about; both are kept.

A right that does not occur was not used *as far as the log reaches*: a policy may leave users or resources out, and
of several bindings that allow a request the authorizer names the first it finds. Rights that the API server asks about
beside the request (`rbac_requests.asked_beside`), and rights on paths, which other components ask about too, can be in
use without a trace: of them that they do not occur says nothing.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from auditkit.analysis.cluster.audit_log_beside import uses_beside
from auditkit.analysis.columns import strings
from auditkit.analysis.rbac.bindings import MASTERS
from auditkit.analysis.rbac.requests import asked_beside

TOOL = "kubernetes-audit"
STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
READS = ("get", "list", "watch")
WRITES = ("create", "update", "patch", "delete", "deletecollection")
RBAC = "rbac.authorization.k8s.io"
SESSIONS = ("exec", "attach", "portforward", "ephemeralcontainers", "proxy")
SHORTEST_SILENCE = pd.Timedelta(seconds=10)
RENEWAL = {"user": "system:apiserver", "verb": "update", "resource": "leases", "namespace": "kube-system"}
"""An API server renews its lease every ten seconds, in its own log (KEP-1965)."""
SERVER = "apiserver-"
"""How the names of these leases begin."""
SHORTEST_PAUSE = pd.Timedelta(minutes=1)
"""Between two renewals."""

_OK, _BAD, _UNAUTHORIZED, _FORBIDDEN = 100, 400, 401, 403
_QUOTED = r'"(?P<{}>(?:[^"\\]|\\.)*)"'
_REASON = (
    r"^(?P<authorizer>[^:]+): allowed by (?P<binding_kind>ClusterRoleBinding|RoleBinding) " + _QUOTED.format("binding")
    + r" of (?P<role_kind>ClusterRole|Role) " + _QUOTED.format("role")
    + r" to (?P<subject_kind>User|Group|ServiceAccount) " + _QUOTED.format("subject")
)
BINDING = ("binding_kind", "binding_namespace", "binding")
SUBJECT = ("subject_kind", "subject_namespace", "subject")
GRANT = (*BINDING, "role_kind", "role", *SUBJECT)


def audit_requests(events: pd.DataFrame) -> pd.DataFrame:
    """One row for each request in the API server's audit log, as of its last stage.

    Columns: ``audit_id, time`` (its first stage), ``ended`` (its last), ``stages`` (how many were logged), ``actor``
    (as whom it was done), ``actor_groups``, ``user, user_groups, impersonated_user, verb, api_group, resource,
    subresource, namespace, name, path, code, decision, level, source_ip, user_agent, cluster, scan``; ``succeeded`` (by
    its code; ``<NA>``: not known), ``refused`` (by authentication or authorization; a 403 without a decision is a
    refused impersonation); and what the authorizer said of the grant:
    ``authorizer, binding_kind, binding_namespace, binding, role_kind, role, subject_kind, subject_namespace, subject``
    (``system:masters`` has no binding, because it bypasses RBAC).
    """
    log = pa.Table.from_pandas(events[events["tool"].eq(TOOL).fillna(False)], preserve_index=False)
    first, last, stages = _by_request(log)
    final = log.take(pa.array(last))
    code, decision, other = final["code"], final["decision"], final["impersonated_user"]
    columns = {
        "audit_id": final["audit_id"], "time": log["time"].take(pa.array(first)), "ended": final["time"],
        "stages": pa.array(stages),
        "actor": pc.coalesce(other, final["user"]),
        "actor_groups": pc.if_else(pc.is_valid(other), final["impersonated_groups"], final["groups"]),
        "user_groups": final["groups"],
        **{name: final[name] for name in (
            "user", "impersonated_user", "verb", "api_group", "resource", "subresource", "namespace", "name", "path",
            "code", "decision", "level", "source_ip", "user_agent", "cluster", "scan")},
        "succeeded": pc.and_(pc.greater_equal(code, _OK), pc.less(code, _BAD)),
        "refused": pc.or_kleene(pc.or_kleene(pc.is_in(code, pa.array([_UNAUTHORIZED])), pc.equal(decision, "forbid")),
                                _undecided(final)),
    }
    columns |= _grant(final["reason"], columns["actor_groups"], decision)
    return pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)


def _undecided(final: pa.Table) -> pa.ChunkedArray:
    """True if a request was forbidden before the authorizer decided about it: who asked may not impersonate.

    So the event has neither a decision nor an impersonated user (source: kubernetes
    ``apiserver/pkg/endpoints/filters/impersonation``, which answers before both are noted). Logs of Google Cloud say
    no level, and may leave the decision out for other reasons.
    """
    forbidden = pc.fill_null(pc.equal(final["code"], _FORBIDDEN), False)
    silent = pc.and_(pc.is_null(final["decision"]), pc.is_null(final["impersonated_user"]))
    told = pc.and_(pc.and_(forbidden, silent), pc.is_valid(final["level"]))
    return pc.if_else(told, True, pc.if_else(pc.is_null(final["decision"]), None, False))


def _by_request(log: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The row of the first and of the last stage of each request, and how many stages were logged.

    A row without ``audit_id`` is a request of its own; a stage that was logged twice counts once.
    """
    ids = log["audit_id"].combine_chunks()
    code = pc.fill_null(ids.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = code < 0
    code[alone] = np.arange(len(code))[alone] + len(code)
    rank = pc.fill_null(pc.index_in(log["stage"], pa.array(STAGES)), -1).to_numpy().astype(np.int64)
    time = pc.fill_null(log["time"].cast(pa.int64()), -1).to_numpy()
    order = np.lexsort((time, rank, code))
    starts = np.flatnonzero(np.diff(code[order], prepend=-1)) if len(order) else order
    ends = np.append(starts[1:], len(order)) - 1 if len(order) else order
    distinct = np.diff(code[order], prepend=-1).astype(bool) | np.diff(rank[order], prepend=-9).astype(bool)
    stages = np.add.reduceat(distinct.astype(np.int64), starts) if len(starts) else np.array([], np.int64)
    return order[starts], order[ends], stages


def _grant(reason: pa.ChunkedArray, groups: pa.ChunkedArray, decision: pa.ChunkedArray) -> dict[str, pa.Array]:
    """The authorizer's words in their parts. They name service accounts and RoleBindings as ``NAME/NAMESPACE``."""
    said = reason.combine_chunks().dictionary_encode()
    parts = pc.extract_regex(said.dictionary, _REASON).take(said.indices)
    found = {name: pc.replace_substring_regex(pc.struct_field(parts, name), r"\\(.)", r"\1")
             for name in ("authorizer", "binding_kind", "binding", "role_kind", "role", "subject_kind", "subject")}
    found["binding"], found["binding_namespace"] = _split(found["binding"], found["binding_kind"], "RoleBinding")
    found["subject"], found["subject_namespace"] = _split(found["subject"], found["subject_kind"], "ServiceAccount")
    as_master = pc.and_kleene(pc.match_substring_regex(pc.fill_null(groups, ""), f"(^|,){MASTERS}(,|$)"),
                              pc.and_(pc.is_null(found["binding"]), pc.fill_null(pc.equal(decision, "allow"), False)))
    found["subject_kind"] = pc.if_else(as_master, "Group", found["subject_kind"])
    found["subject"] = pc.if_else(as_master, MASTERS, found["subject"])
    return {name: found[name] for name in ("authorizer", *GRANT)}


def _split(name: pa.Array, kind: pa.Array, where: str) -> tuple[pa.Array, pa.Array]:
    """A name, and the namespace behind its last slash where the kind has one."""
    parts = pc.extract_regex(name, r"^(?P<name>.*)/(?P<namespace>[^/]*)$")
    has = pc.and_kleene(pc.equal(kind, where), pc.is_valid(parts))
    return (pc.if_else(has, pc.struct_field(parts, "name"), name),
            pc.if_else(has, pc.struct_field(parts, "namespace"), pa.scalar(None, pa.string())))


# --- the log itself --------------------------------------------------------------------------------------------------


def audit_periods(events: pd.DataFrame) -> pd.DataFrame:
    """The period that each audit log covers: one row for each tool, cluster and scan.

    Columns: ``tool, cluster, scan, events, untimed`` (events without a time), ``first, last, longest_silence`` (in
    seconds).
    """
    keys = ["tool", "cluster", "scan"]
    log = events[[*keys, "time"]].assign(untimed=events["time"].isna())
    grouped = log.groupby(keys, dropna=False, sort=True)
    periods = grouped.agg(events=("untimed", "size"), untimed=("untimed", "sum"), first=("time", "min"),
                          last=("time", "max")).reset_index()
    silences = _silences(events, keys).groupby(keys, dropna=False)["seconds"].max().rename("longest_silence")
    return periods.merge(silences.reset_index(), on=keys, how="left")


def audit_silences(events: pd.DataFrame) -> pd.DataFrame:
    """Periods of ten seconds or more without an event in the audit log of a cluster, and of a minute or more in which
    one of its API servers did not renew its lease.

    A running API server logs the renewal of leases every few seconds. If its policy excludes them, a silence is not
    necessarily a gap. Several API servers write a log each, so that one hides the silence of another; the time before
    the first renewal of a server, and after its last, counts too. Columns: ``cluster, server`` (the name of its lease;
    ``<NA>``: there is no event at all), ``started, ended, seconds``, longest first.
    """
    log = events[events["tool"].eq(TOOL).fillna(False)]
    found = _silences(log, ["cluster"]).assign(server=pd.Series(pd.NA, dtype=log["name"].dtype))
    found = found[found["seconds"].ge(SHORTEST_SILENCE.total_seconds()).fillna(False)]
    pauses = _silences(_renewals(log), ["cluster", "server"])
    pauses = pauses[pauses["seconds"].gt(SHORTEST_PAUSE.total_seconds()).fillna(False)]
    found = pd.concat([found, pauses])[["cluster", "server", "started", "ended", "seconds"]]
    return found.sort_values(["seconds", "started"], ascending=[False, True], ignore_index=True)


def renewals(requests: pd.DataFrame) -> pd.Series:
    """True where an API server renews its lease; it is named as the server."""
    found = requests["name"].str.startswith(SERVER).fillna(False)
    for column, value in RENEWAL.items():
        found &= requests[column].eq(value).fillna(False)
    return found.astype(bool)


def _renewals(log: pd.DataFrame) -> pd.DataFrame:
    """The renewals of each server (``cluster, server, time``), and for each the beginning and end of the cluster's
    log."""
    found = log.loc[renewals(log), ["cluster", "name", "time"]].rename(columns={"name": "server"})
    servers = found[["cluster", "server"]].drop_duplicates()
    times = log.groupby("cluster", dropna=False)["time"].agg(["min", "max"]).reset_index()
    bounds = servers.merge(times, on="cluster")
    ends = [bounds[["cluster", "server", end]].rename(columns={end: "time"}) for end in ("min", "max")]
    return pd.concat([found, *ends], ignore_index=True)


def _silences(events: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The time from each event to the next of the same log."""
    log = events.loc[events["time"].notna(), [*keys, "time"]].sort_values("time", ignore_index=True)
    started = log.groupby(keys, dropna=False)["time"].shift()
    seconds = (log["time"] - started).dt.total_seconds()
    return log[keys].assign(started=started, ended=log["time"], seconds=seconds.astype(pd.ArrowDtype(pa.float64())))


def audit_levels(events: pd.DataFrame) -> pd.DataFrame:
    """The audit level and the last stage at which each resource is logged.

    Columns: ``api_group, resource, subresource, level, stage, events, requests, first, last``. For requests that
    are not about a resource, its columns are ``<NA>``.
    """
    log = events[events["tool"].eq(TOOL).fillna(False)]
    keys = ["api_group", "resource", "subresource", "level", "stage"]
    table = pa.Table.from_pandas(log[[*keys, "audit_id", "time"]], preserve_index=False)
    counted = table.group_by(keys).aggregate(
        [([], "count_all"), ("audit_id", "count_distinct"), ("time", "min"), ("time", "max")])
    names = {"count_all": "events", "audit_id_count_distinct": "requests", "time_min": "first", "time_max": "last"}
    return _sorted(counted.rename_columns([names.get(name, name) for name in counted.column_names]), keys)


# --- who did what ----------------------------------------------------------------------------------------------------


def audit_sources(audit_requests: pd.DataFrame) -> pd.DataFrame:
    """The origin of each user's requests: one row for each user, impersonated user, address and client.

    Columns: ``user, impersonated_user, source_ip, user_agent, requests, refused, first, last``.
    """
    return _counted(audit_requests, ["user", "impersonated_user", "source_ip", "user_agent"])


def failed_authentications(audit_requests: pd.DataFrame) -> pd.DataFrame:
    """Requests with rejected credentials (401), and anonymous requests that were refused.

    Columns: ``failure`` (``credentials`` or ``anonymous``) and those of `audit_requests`. The log does not name the
    user of a rejected credential.
    """
    rejected = audit_requests["code"].eq(_UNAUTHORIZED).fillna(False)
    anonymous = (audit_requests["user"].eq("system:anonymous") & audit_requests["refused"]).fillna(False) & ~rejected
    found = audit_requests[rejected | anonymous]
    failure = rejected[found.index].map({True: "credentials", False: "anonymous"}).astype(pd.ArrowDtype(pa.string()))
    return found.assign(failure=failure).reset_index(drop=True)


def secret_reads(audit_requests: pd.DataFrame) -> pd.DataFrame:
    """Requests that read Secrets, including refused ones (see ``succeeded``).

    Columns: ``reach`` (``object``, ``namespace`` or ``cluster``: list and watch give the values of all of them) and
    those of `audit_requests`.
    """
    asked = audit_requests
    found = asked[_are(asked, api_group=("",), resource=("secrets",), verb=READS) & asked["subresource"].isna()]
    reach = np.select([found["name"].notna(), found["namespace"].notna()], ["object", "namespace"], "cluster")
    return found.assign(reach=pd.array(reach, pd.ArrowDtype(pa.string()))).reset_index(drop=True)


def pod_sessions(audit_requests: pd.DataFrame) -> pd.DataFrame:
    """Requests that access running pods: exec, attach, port-forward, debug containers, and the kubelet's proxy.

    Through ``nodes/proxy`` the kubelet runs commands too. Columns: ``how`` (the subresource, ``nodes/proxy`` for
    nodes) and those of `audit_requests`.
    """
    asked = audit_requests
    of_pods = _are(asked, api_group=("",), resource=("pods",), subresource=SESSIONS)
    debug = asked["subresource"].eq("ephemeralcontainers").fillna(False)
    of_pods &= ~debug | asked["verb"].isin(WRITES).fillna(False)
    of_nodes = _are(asked, api_group=("",), resource=("nodes",), subresource=("proxy",))
    found = asked[of_pods | of_nodes]
    how = found["subresource"].where(~of_nodes[found.index], "nodes/proxy")
    return found.assign(how=how).reset_index(drop=True)


def rbac_changes(audit_requests: pd.DataFrame) -> pd.DataFrame:
    """Requests that change roles and bindings, including refused ones. Columns: those of `audit_requests`."""
    asked = audit_requests
    found = asked[_are(asked, api_group=(RBAC,), verb=WRITES) & asked["resource"].notna()]
    return found.reset_index(drop=True)


# --- use of grants ---------------------------------------------------------------------------------------------------


def binding_uses(audit_requests: pd.DataFrame) -> pd.DataFrame:
    """The bindings that allowed requests, with the subject and the last use, for break-glass access and reviews.

    Columns: ``binding_kind, binding_namespace, binding, role_kind, role, subject_kind, subject_namespace, subject,
    actor, requests, refused, first, last``. Members of ``system:masters`` have no binding.
    """
    granted = audit_requests[audit_requests["subject"].notna()]
    return _counted(granted, [*GRANT, "actor"])


def subject_uses(audit_requests: pd.DataFrame, binding_subjects: pd.DataFrame, role_rules: pd.DataFrame | None = None,
                 role_urls: pd.DataFrame | None = None) -> pd.DataFrame:
    """The last use of each binding by each subject: one row for each row of `binding_subjects`, in the same order.

    Columns: those of `binding_subjects`, ``requests`` (0: none in the log; ``<NA>``: not known, because there is no
    log, or none that names bindings, or the role has rights that can be used without a trace), ``last_used``
    (``<NA>``: not in the log), and the period that the log reaches over, ``log_from`` and ``log_to``.
    """
    own = ["kind", "namespace", "binding", *SUBJECT]
    uses = _counted(audit_requests[audit_requests["binding"].notna()], [*BINDING, *SUBJECT])
    uses = uses.rename(columns=dict(zip([*BINDING, *SUBJECT], own, strict=True)))
    subjects = binding_subjects.assign(order=np.arange(len(binding_subjects)))
    # without a namespace of its own, a service account is one of the binding's
    home = subjects["subject_namespace"].fillna(subjects["namespace"])
    is_account = subjects["subject_kind"].eq("ServiceAccount").fillna(False)
    asked = subjects.assign(subject_namespace=home.where(is_account, pd.NA))
    merged = asked.merge(uses[[*own, "requests", "last"]], on=own, how="left").sort_values("order")
    used, traceless = [merged[["order", "requests", "last"]]], pd.Series(False, subjects.index)
    if role_rules is not None and role_urls is not None:
        rights = _rights(binding_subjects, role_rules, role_urls)
        silent, beside = _traceless(rights, audit_requests, binding_subjects)
        used.append(beside.drop_duplicates(["row", "act"]).rename(columns={"order": "right", "row": "order"}))
        bindings = rights.loc[silent, list(BINDING)].drop_duplicates().assign(silent=True)
        found = subjects[own[:3]].set_axis(list(BINDING), axis=1).merge(bindings, on=list(BINDING), how="left")
        traceless = found["silent"].notna().set_axis(subjects.index)
    return _with_period(subjects.drop(columns="order"), _summed(used, len(subjects)), audit_requests, traceless)


def right_uses(audit_requests: pd.DataFrame, binding_subjects: pd.DataFrame, role_rules: pd.DataFrame,
               role_urls: pd.DataFrame) -> pd.DataFrame:
    """The last use of each right that a binding grants: one row for each binding and rule of its role.

    Columns: ``binding_kind, binding_namespace, binding, role_kind, role, rule, verb, group, resource,
    resource_name``, ``url`` (of rights on paths, which have no resource), and ``requests, last_used, log_from,
    log_to`` as in `subject_uses`.
    """
    rights = _rights(binding_subjects, role_rules, role_urls)
    traceless, beside = _traceless(rights, audit_requests, binding_subjects)
    used = [_used(rights, audit_requests), beside.drop_duplicates(["order", "act"])]
    return _with_period(rights.drop(columns="order"), _summed(used, len(rights)), audit_requests, traceless)


def _rights(binding_subjects: pd.DataFrame, role_rules: pd.DataFrame, role_urls: pd.DataFrame) -> pd.DataFrame:
    """The rules of the role of each binding, numbered (``order``)."""
    bindings = binding_subjects[["kind", "namespace", "binding", "role_kind", "role"]].drop_duplicates()
    bindings = bindings.rename(columns={"kind": "binding_kind", "namespace": "binding_namespace"})
    is_role = bindings["role_kind"].eq("Role").fillna(False)
    bindings["role_namespace"] = bindings["binding_namespace"].where(is_role, pd.NA)
    granted = [rules.rename(columns={"kind": "role_kind", "namespace": "role_namespace"})
               for rules in (role_rules, role_urls)]
    rights = pd.concat([bindings.merge(rules, on=["role_kind", "role_namespace", "role"]) for rules in granted],
                       ignore_index=True).drop(columns="role_namespace")
    return rights.assign(order=np.arange(len(rights)))


def _traceless(rights: pd.DataFrame, requests: pd.DataFrame, binding_subjects: pd.DataFrame,
               ) -> tuple[pd.Series, pd.DataFrame]:
    """Which rights can be used without a request that names them, and what the log shows of their use after all."""
    beside = asked_beside(rights)
    subjects = binding_subjects[["kind", "namespace", "binding"]].set_axis(list(BINDING), axis=1)
    of_subjects = rights[beside].merge(subjects.rename_axis("row").reset_index(), on=list(BINDING))
    return beside | rights["url"].notna(), uses_beside(of_subjects, requests, binding_subjects)


def _summed(used: list[pd.DataFrame], length: int) -> pd.DataFrame:
    """``requests`` and ``last`` of all that was found, by ``order``; ``<NA>`` where nothing was."""
    found = pd.concat([rows[["order", "requests", "last"]] for rows in used if len(rows)] or used[:1])
    found = found[found["requests"].notna()].groupby("order").agg(requests=("requests", "sum"), last=("last", "max"))
    return found.reindex(np.arange(length))


def _used(rights: pd.DataFrame, requests: pd.DataFrame) -> pd.DataFrame:
    """``order, requests, last`` of the rights that cover a request which their binding let pass."""
    asked = requests[requests["binding"].notna()]
    of_resource, of_path = asked[asked["resource"].notna()], asked[asked["resource"].isna() & asked["path"].notna()]
    what = [*BINDING, "verb", "api_group", "resource", "subresource"]
    limited, on_path = rights["resource_name"].notna(), rights["url"].notna()
    found = [_covering(rights[~limited & ~on_path], _counted(of_resource, what)),
             _covering(rights[limited], _counted(of_resource[of_resource["name"].notna()], [*what, "name"])),
             _covering_paths(rights[on_path], _counted(of_path, [*BINDING, "verb", "path"]))]
    pairs = pd.concat([pair[["order", "requests", "last"]] for pair in found], ignore_index=True)
    return pairs.groupby("order").agg(requests=("requests", "sum"), last=("last", "max")).reset_index()


def _covering(rights: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """Pairs of a right and a kind of request of the same binding that it covers, as the authorizer compares them."""
    asked = asked.rename(columns={"verb": "asked_verb", "resource": "asked_resource"})
    pairs = rights.merge(asked, on=list(BINDING), how="inner")
    right, subresource = pairs["resource"], pairs["subresource"]
    full = pairs["asked_resource"].where(subresource.isna(), pairs["asked_resource"] + "/" + subresource.fillna(""))
    covers = (_same(pairs["verb"], pairs["asked_verb"]) & _same(pairs["group"], pairs["api_group"])
              & (_same(right, full) | right.eq("*/" + subresource).fillna(False)))
    if "name" in asked:
        covers &= pairs["resource_name"].eq(pairs["name"]).fillna(False)
    return pairs[covers.fillna(False)]


def _covering_paths(rights: pd.DataFrame, asked: pd.DataFrame) -> pd.DataFrame:
    """The same for rights on paths: ``*`` is every path, and a path that ends in it a beginning."""
    pairs = rights.merge(asked.rename(columns={"verb": "asked_verb"}), on=list(BINDING), how="inner")
    covers = _same(pairs["url"], pairs["path"])
    for beginning in pairs.loc[pairs["url"].str.endswith("*").fillna(False), "url"].unique():
        covers |= pairs["url"].eq(beginning) & pairs["path"].str.startswith(beginning.removesuffix("*"))
    return pairs[(covers & _same(pairs["verb"], pairs["asked_verb"])).fillna(False)]


def _same(right: pd.Series, asked: pd.Series) -> pd.Series:
    return (right.eq("*") | right.eq(asked)).fillna(False)


# --- helpers ---------------------------------------------------------------------------------------------------------


def _are(requests: pd.DataFrame, **values: tuple[str, ...]) -> pd.Series:
    """Rows whose columns are among these values; what is missing is not."""
    found = pd.Series(True, index=requests.index, dtype=pd.ArrowDtype(pa.bool_()))
    for column, wanted in values.items():
        among = pc.is_in(strings(requests[column]), pa.array(wanted, pa.string()))
        found &= pd.Series(pd.arrays.ArrowExtensionArray(among), index=requests.index)
    return found


def _counted(requests: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """How many requests there are by these columns, how many refused, the first and the last."""
    table = pa.Table.from_pandas(requests[[*keys, "refused", "time"]], preserve_index=False)
    counted = table.group_by(keys).aggregate(
        [([], "count_all"), ("refused", "sum"), ("time", "min"), ("time", "max")])
    names = {"count_all": "requests", "refused_sum": "refused", "time_min": "first", "time_max": "last"}
    counted = counted.rename_columns([names.get(name, name) for name in counted.column_names])
    refused = pc.fill_null(counted["refused"].cast(pa.int64()), 0)
    return _sorted(counted.set_column(counted.column_names.index("refused"), "refused", refused), keys)


def _sorted(table: pa.Table, keys: list[str]) -> pd.DataFrame:
    return table.sort_by([(key, "ascending") for key in keys]).to_pandas(types_mapper=pd.ArrowDtype)


def _with_period(rows: pd.DataFrame, found: pd.DataFrame, requests: pd.DataFrame, traceless: pd.Series,
                 ) -> pd.DataFrame:
    """Rows with how often and when last they were used, and over which period that is known."""
    moment = pd.ArrowDtype(pa.timestamp("us", tz="UTC"))
    named = bool(requests["binding"].notna().any())  # logs of clouds whose own authorizer decides name no binding
    count = pd.Series(pd.array(found["requests"], pd.ArrowDtype(pa.int64())), rows.index)
    silent = traceless.set_axis(rows.index) | (not named)
    first, last = (pd.Series(end, rows.index, moment) for end in (requests["time"].min(), requests["ended"].max()))
    return rows.assign(requests=count.mask(count.isna() & ~silent, 0), last_used=pd.array(found["last"], moment),
                       log_from=first, log_to=last)
