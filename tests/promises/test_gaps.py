"""Gaps travel: what was not collected is said of rows, requirements, tables, answers and figures that hang on it."""

import datetime as dt
import warnings

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from worlds import arrow

from auditkit import tables
from auditkit.analysis import DERIVED, GIVEN, sources
from auditkit.analysis.network.reachability import TABLES, reachable
from auditkit.checks import find, judge
from auditkit.checks.model import Check
from auditkit.errors import GapWarning, UsageError
from auditkit.evaluation.engine import run
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Requirement
from auditkit.reports import shell, show
from auditkit.snapshots.ledger import Entry, Gap, Ledger, sentences
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

NOW = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
PROBE = Requirement(id="0", section="0", title="t", reach="evidenced")
ROLE = "rbac.authorization.k8s.io"


def spec(name: str, **more) -> dict:
    return {"containers": [{"name": name, "image": "a:1", **more}]}


def pod(name: str, **more) -> dict:
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "spec": spec("c", **more)}


def workload(kind: str, name: str, **more) -> dict:
    return {"kind": kind, "metadata": {"name": name, "namespace": "shop"}, "spec": {
        "replicas": 0, "template": {"spec": spec("c", **more)}}}


def snapshot(*objects: dict, without: tuple[str, ...] = (), only: tuple[str, ...] = (), **outcomes: str) -> Snapshot:
    """A snapshot of these objects, in which every list is complete but those that were not asked for or went wrong
    (``outcomes``: plural → outcome)."""
    asked = [name for name in (*tables.RESOURCES, "discovery", "collection", "controlplane", "kubelets")
             if name not in without and (not only or name in only)]
    entries = [Entry(resource=name, outcome=outcomes.get(name.partition(".")[0], "complete"), started=NOW, ended=NOW,
                     reason="no" if name.partition(".")[0] in outcomes else "") for name in asked]
    return Snapshot(Manifest(cluster="a", started=NOW, ended=NOW, ledger=entries), arrow(objects))


def verdicts(check: str, snap: Snapshot) -> dict[tuple[str, str], str]:
    rows = run(find(check), snap).rows()
    return dict(zip(zip(rows["kind"], rows["name"], strict=True), rows["verdict"], strict=True))


# --- rows and requirements ------------------------------------------------------------------------------------------

MIXED = [pod("p"), workload("Deployment", "d"), workload("StatefulSet", "s"), workload("Deployment", "bad",
                                                                                       securityContext={"privileged": True})]


def test_a_pod_is_judged_though_deployments_were_not_given():
    snap = snapshot(*MIXED, deployments="forbidden")
    assert verdicts("workloads.no_privileged_containers", snap) == {
        ("Pod", "p"): "pass", ("StatefulSet", "s"): "pass", ("Deployment", "d"): "unknown", ("Deployment", "bad"): "fail"}


def test_the_requirement_does_not_pass_though_all_of_its_rows_do():
    snap = snapshot(pod("p"), only=("pods",))
    outcome = run(find("workloads.no_privileged_containers"), snap)
    assert outcome.counts == {"pass": 1, "fail": 0, "unknown": 0, "not_applicable": 0}
    status, reason = status_of(PROBE, [outcome, outcome])
    assert status == "unknown"
    assert str(reason) == ("the snapshot does not include deployments.apps, replicasets.apps, statefulsets.apps, "
                           "daemonsets.apps, replicationcontrollers, jobs.batch and cronjobs.batch")


def test_a_pod_of_a_list_that_is_not_whole_does_not_pass():
    assert verdicts("workloads.no_privileged_containers", snapshot(*MIXED, pods="partial"))["Pod", "p"] == "unknown"


def test_what_is_joined_to_a_row_must_be_whole():
    snap = snapshot(pod("p"), workload("Deployment", "d"), serviceaccounts="partial")
    assert set(verdicts("workloads.token_mounted_only_where_needed", snap).values()) == {"unknown"}


def test_nodes_matter_to_pods_alone():
    found = verdicts("workloads.run_as_non_root", snapshot(
        *[change | {} for change in (pod("p", securityContext={"runAsUser": 1}),
                                     workload("Deployment", "d", securityContext={"runAsUser": 1}))], nodes="forbidden"))
    assert found == {("Pod", "p"): "unknown", ("Deployment", "d"): "pass"}


def test_a_role_is_judged_though_cluster_roles_were_refused():
    def role(kind, name):
        return {"kind": kind, "metadata": {"name": name, "namespace": "shop"},
                "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
    snap = snapshot(role("Role", "r"), role("ClusterRole", "c"), clusterroles="partial")
    assert verdicts("access.no_wildcards", snap) == {("Role", "r"): "pass", ("ClusterRole", "c"): "unknown"}


def test_a_failure_that_no_budget_could_clear_stands():
    few, enough = (workload("Deployment", name) for name in ("few", "enough"))
    few["spec"]["replicas"], enough["spec"]["replicas"] = 1, 3
    found = verdicts("workloads.replicated_with_disruption_budget", snapshot(few, enough, poddisruptionbudgets="forbidden"))
    assert found == {("Deployment", "few"): "fail", ("Deployment", "enough"): "unknown"}


def test_each_row_says_what_it_waits_for():
    rows = run(find("workloads.no_privileged_containers"), snapshot(*MIXED, deployments="partial", jobs="failed")).rows("unknown")
    assert dict(zip(rows["name"], rows["reason"], strict=True)) == {"d": "deployments.apps could be read only in part: no"}


def test_every_kind_that_a_gap_may_touch_is_a_kind_of_the_table():
    """Otherwise a gap would touch no row. Of nodes, which are joined to them, Pods know something."""
    for name in (*tables.TABLES, *sources.BY_KIND):
        for source, kind in sources.reach(name, [name], sources.OPTIONAL).items():
            assert kind is None or kind == (
                "Pod" if source == "nodes" and name in sources.BY_KIND else tables.RESOURCES[source].kind), name


@pytest.mark.parametrize("name", [
    *(name for name in DERIVED if name.startswith("all_")), "idle_templates", "container_powers", "container_contexts",
    "container_systems", "pod_specs", "spec_security", "namespaced_objects"])
def test_a_gap_in_deployments_touches_what_deployments_say(name: str):
    assert sources.reach(name, [name], sources.OPTIONAL)["deployments.apps"] == "Deployment"


@pytest.mark.parametrize(("population", "joined", "source"), [
    ("pods", "roles", f"roles.{ROLE}"), ("roles", "workloads", "deployments.apps"), ("all_pods", "workloads", "deployments.apps"),
    ("workloads", "all_pods", "deployments.apps"), ("all_pods", "top_owners", "deployments.apps")])
def test_a_gap_in_what_is_joined_touches_every_row(population: str, joined: str, source: str):
    for names in ([population, joined], [joined, population]):
        assert sources.reach(population, names, sources.OPTIONAL)[source] is None


@pytest.mark.parametrize(("name", "table"), [(name, table) for name, given in GIVEN.items() for table in given])
def test_what_need_not_be_given_counts_once_it_is_given(name: str, table: str):
    needed = set(sources.sources(name, frozenset()))
    assert set(sources.sources(name, frozenset([table]))) - needed == set(tables.table(table).sources) - needed
    assert needed.isdisjoint(tables.table(table).sources)


def test_a_check_that_is_told_nothing_of_kinds_doubts_every_row():
    def mine(pods, services):
        return judge(pods, pods["name"].notna())
    outcome = run(Check("mine.mine", mine, "t", "low"), snapshot(pod("p"), services="forbidden"))
    assert outcome.counts["unknown"] == 1


def test_sources_that_were_refused_in_the_same_words_are_named_together():
    said = 'x is forbidden: User "u" cannot list resource "{}" in API group "{}" at the cluster scope'
    gaps = [Gap(f"{name}.apps", "forbidden", said.format(name, "apps")) for name in ("deployments", "daemonsets")]
    assert sentences([*gaps, *gaps, Gap("pods", "partial", "it broke off"), Gap("a", "not collected")]) == [
        "access to deployments.apps and daemonsets.apps was refused", "pods could be read only in part: it broke off",
        "the snapshot does not include a"]
    assert sentences(gaps[:1]) == [f"access to deployments.apps was refused: {gaps[0].reason}"]


@pytest.mark.parametrize(("outcome", "sentence"), [
    ("forbidden", "access to {} was refused"), ("absent", "the source does not have {}"),
    ("partial", "{} could be read only in part"), ("failed", "{} could not be read"),
    ("not collected", "the snapshot does not include {}")])
def test_every_outcome_is_a_sentence_for_one_source_and_for_several(outcome, sentence):
    one, two = (Gap(name, outcome, "why") for name in ("discovery", "pods"))
    assert sentences([one]) == [f"{sentence.format('discovery')}: why"]
    assert sentences([one, two]) == [f"{sentence.format('discovery and pods')}: why"]
    assert sentences([Gap("pods", outcome)]) == [sentence.format("pods")]


@pytest.mark.parametrize(("tools", "said"), [
    ((), "no scan was supplied or found in the cluster"),
    (("kube-bench",), "no data from kube-bench was supplied or found in the cluster"),
    (("kubernetes-audit",), "no data from the audit log of the API server was supplied or found in the cluster"),
    (("trivy", "aqua", "sysdig"), "no data from trivy, aqua or sysdig was supplied or found in the cluster")])
def test_data_that_nobody_supplied_is_called_as_people_call_it(tools, said):
    assert sentences(Ledger([]).gaps(["findings"], tools)) == [said]


def test_a_file_of_an_unknown_tool_may_be_of_the_tool_that_a_check_asks_for():
    read = Entry(resource="scan:kubernetes-audit:a.log", outcome="complete", started=NOW, ended=NOW)
    unread = Entry(resource="scan:unknown:b.log.gz", outcome="failed", reason="it is cut off", started=NOW, ended=NOW)
    said = "scan:unknown:b.log.gz could not be read: it is cut off"
    both = Ledger([read, unread])
    assert both.given("events", ("kubernetes-audit",)) and sentences(both.gaps(["events"], ("kubernetes-audit",))) == [said]
    alone = Ledger([unread])
    assert not alone.given("events", ("kubernetes-audit",)), "it is not known to be a log"
    assert sentences(alone.gaps(["findings"], ("trivy",))) == ["no data from trivy was supplied or found in the cluster",
                                                             said]


# --- tables and answers ---------------------------------------------------------------------------------------------


def test_a_table_says_why_rows_may_be_missing():
    snap = snapshot(pod("p"), only=("pods",))
    assert snap.pods.attrs["gaps"] == []
    assert snap.services.attrs["gaps"] == ["the snapshot does not include services"]
    assert "services" in snap.exposure.attrs["gaps"][0]
    assert snap.all_pods.attrs["gaps"] == snap.gaps("all_pods") != []


def policy(name: str) -> dict:
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"]}}


@pytest.mark.parametrize(("given", "isolated", "policies", "reached"), [
    (snapshot(pod("p"), pod("q")), [False], [0], True), (snapshot(pod("p"), pod("q"), policy("n")), [True], [1], False),
    (snapshot(pod("p"), pod("q"), networkpolicies="forbidden"), [pd.NA], [pd.NA], None),
    (snapshot(pod("p"), pod("q"), policy("n"), networkpolicies="partial"), [True], [pd.NA], None),
    (snapshot(pod("p"), pod("q"), clusternetworkpolicies="failed"), [False], [0], None),
], ids=["none", "one", "refused", "cut", "refused for the cluster"])
def test_the_network_is_not_known_where_policies_may_be_missing(given, isolated, policies, reached):
    assert given.isolation["ingress_isolated"].drop_duplicates().tolist() == isolated
    assert given.isolation["policies"].drop_duplicates().tolist() == policies
    frames = {name: given.frame(name) for name in TABLES}
    assert reachable(frames, ("shop", "p"), ("shop", "q"), 80) is reached
    assert reachable(frames, ("shop", "p"), ("shop", "p"), 80) is True, "a pod always reaches itself"
    between = given.namespace_flows
    between = between[(between["source"] == "shop") & (between["destination"] == "shop")]
    assert between["unknown_pairs"].sum() == (2 if reached is None else 0)


def test_exposure_is_not_known_where_policies_may_be_missing():
    service = {"kind": "Service", "metadata": {"name": "s", "namespace": "shop"}, "spec": {
        "type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": {"a": "b"}, "ports": [{"port": 80}]}}
    behind = pod("p")
    behind["metadata"]["labels"] = {"a": "b"}
    assert snapshot(behind, service).exposure["allowed"].tolist() == [True, True][:len(snapshot(behind, service).exposure)]
    assert snapshot(behind, service, networkpolicies="failed").exposure["allowed"].isna().all()


def test_a_plug_in_is_not_known_to_be_missing_where_daemon_sets_may_be():
    flannel = {"kind": "DaemonSet", "metadata": {"name": "flannel", "namespace": "kube-system"}, "spec": {
        "template": {"spec": {"containers": [{"name": "f", "image": "flannel/flannel:v1"}]}}}}
    from auditkit.analysis.network.plugins import enforcement
    assert enforcement(snapshot(flannel).network_plugin) is False
    assert enforcement(snapshot(flannel, daemonsets="partial").network_plugin) is None
    assert snapshot(flannel, nodes="forbidden").network_plugin["of_nodes"].isna().all()


def bound(kind: str, name: str) -> list[dict]:
    meta = {"metadata": {"name": "r"}}
    return [{"kind": "ClusterRole", **meta, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
            {"kind": "ClusterRoleBinding", **meta, "subjects": [{"kind": kind, "name": name}],
             "roleRef": {"kind": "ClusterRole", "name": "r"}}]


@pytest.mark.parametrize(("user", "verb", "groups", "wanted"), [
    ("alice", "get", None, pd.NA), ("alice", "list", None, False), ("alice", "get", [], False),
    ("alice", "get", ["dev"], True), ("alice", "list", ["system:masters"], True),
    ("system:serviceaccount:shop:a", "get", None, False), ("system:anonymous", "get", None, False),
    ("system:node:n", "get", None, pd.NA),
])
def test_a_no_hangs_on_groups_that_nobody_knows(user, verb, groups, wanted):
    snap = snapshot(*bound("Group", "dev"))
    assert snap.can(user=user, verb=verb, resource="pods", **({} if groups is None else {"groups": groups})) is wanted


def test_a_list_of_members_makes_the_answer_known():
    snap = snapshot(*bound("Group", "dev"))
    snap.manifest.ledger.append(Entry(resource="memberships", outcome="complete", started=NOW, ended=NOW))
    members = pa.Table.from_pylist([{"user": "bob", "group": "dev"}], schema=tables.table("memberships").schema)
    told = Snapshot(snap.manifest, {name: members if name == "memberships" else snap.arrow(name) for name in tables.TABLES})
    asked = pd.DataFrame({"user": ["bob", "alice"], "verb": "get", "resource": "pods"})
    assert told.can(asked).tolist() == [True, False]
    assert snap.can(asked).tolist() == [pd.NA, pd.NA]


def test_an_allowed_user_is_allowed_whatever_the_groups_are():
    assert snapshot(*bound("User", "alice")).can(user="alice", verb="get", resource="pods") is True


# --- SQL ------------------------------------------------------------------------------------------------------------


def test_an_answer_says_what_its_tables_lack():
    snap = snapshot(pod("p"), only=("pods",))
    with pytest.warns(GapWarning, match="the snapshot does not include services"):
        answer = snap.sql("select count(*) as n from Services")
    assert answer.attrs["gaps"] == ["the snapshot does not include services"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert snap.sql("with services as (select 1) select count(*) from pods").attrs["gaps"] == []
        assert snap.sql("select count(*) from ledger").attrs["gaps"] == []


def test_derived_tables_can_be_asked():
    assert snapshot(pod("p")).sql("select kind, name from all_pods").values.tolist() == [["Pod", "p"]]


@pytest.fixture(scope="module")
def small() -> Snapshot:
    return snapshot(pod("a"), pod("b"), pod("c"), {"kind": "Namespace", "metadata": {
        "name": "shop", "creationTimestamp": "2026-01-02T03:04:05Z"}})


def test_figures_are_figures(small):
    counts = small.sql("select sum(x) as total, count_if(x > 1) as some from (values (1, 1), (1, 2), (2, 2)) t(k, x) "
                       "group by k order by k")
    assert counts.dtypes.astype(str).tolist() == ["int64[pyarrow]", "int64[pyarrow]"]
    assert counts["total"].tolist() == [3, 2] and counts["total"].mean() == 2.5
    assert (counts["some"] / counts["total"]).tolist() == [1 / 3, 0.5]


@pytest.mark.parametrize(("expression", "dtype", "value"), [
    ("1.25::decimal(10,2)", "double[pyarrow]", 1.25), ("1::utinyint", "int64[pyarrow]", 1),
    ("1.5::float", "double[pyarrow]", 1.5), ("null::hugeint", "int64[pyarrow]", pd.NA),
    ("'a'::enum('a', 'b')", "string[pyarrow]", "a"), ("[1::hugeint]", "list<item: int64>[pyarrow]", [1]),
    ("interval 36 hour", "duration[us][pyarrow]", dt.timedelta(hours=36)),
    ("timestamp '2026-01-02 03:04:05'", "timestamp[us, tz=UTC][pyarrow]", pd.Timestamp("2026-01-02 03:04:05+00:00")),
])
def test_types_that_pandas_computes_with(small, expression, dtype, value):
    answer = small.sql(f"select {expression} as x")["x"]
    assert str(answer.dtype).replace("string", "string[pyarrow]").replace("[pyarrow][pyarrow]", "[pyarrow]") == dtype
    assert answer.iloc[0] is pd.NA if value is pd.NA else answer.iloc[0] == value


def test_times_are_of_the_type_that_they_have_in_the_tables(small):
    answer = small.sql("select min(created) as first from namespaces")["first"]
    assert answer.dtype == small.namespaces["created"].dtype
    assert answer.iloc[0] == small.namespaces["created"].iloc[0]


@pytest.mark.parametrize("expression", ["10000000000000000000::hugeint", "18446744073709551615::ubigint",
                                        "12345678901234567.125::decimal(30,3)", "interval 1 month"])
def test_what_does_not_fit_is_a_sentence(small, expression):
    with pytest.raises(UsageError, match="The column x has values that pandas cannot represent exactly"):
        small.sql(f"select {expression} as x")


@pytest.mark.parametrize("query", [
    "copy pods to 'stolen.csv'", "create table x as select 1", "attach 'x.db'", "install httpfs", "set threads = 1",
    "select * from read_csv('/etc/passwd')", "from '/etc/passwd'", "select * from glob('*')", "export database 'x'",
    "explain analyze copy pods to 'x.csv'", "select 1; select 2", "", "select * from small", "select * from nothing",
    "drop view pods", "selec 1",
])
def test_only_tables_are_read_and_nothing_is_written(small, query, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        small.sql(query)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("query", ["from pods", "describe pods", "summarize pods", "show tables", "values (1)",
                                   "pivot pods on phase using count(*)", "explain select * from pods"])
def test_ways_to_ask(small, query):
    assert len(small.sql(query))


# --- what is shown --------------------------------------------------------------------------------------------------


def test_tables_and_figures_that_are_shown_say_what_is_missing():
    snap = snapshot(pod("p"), only=("pods",))
    with pytest.warns(GapWarning):
        counted = snap.sql("select namespace, count(*) as n from services group by 1")
    assert "the snapshot does not include services" in str(show.table(counted, "Services")._repr_mimebundle_())
    assert "the snapshot does not include services" in show.bars(counted, "Services").title
    assert "the snapshot does not include services" in shell._with_gaps(snap.services)
    assert "missing" not in str(show.table(snap.pods, "Pods")._repr_mimebundle_())
    assert msgspec.json.encode(show.bars(snap.pods[["name"]].assign(n=1), "Pods").title) == b'"Pods"'
