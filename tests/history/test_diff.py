"""What changed between two snapshots: all of it, and nothing else."""

import json
from pathlib import Path

import msgspec
import pandas as pd
import pyarrow as pa
import pytest
from older import opened
from replay import ACME_PROD

from auditkit import tables
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.history.diff import Change, Diff
from auditkit.history.views import all_views
from auditkit.snapshots.snapshot import Snapshot

LATER = ACME_PROD.parent / "acme-prod-later"
DRIFT = json.loads((ACME_PROD.parent / "drift.json").read_text())


@pytest.fixture(scope="module")
def later() -> Snapshot:
    return collect(open_files(LATER))


@pytest.fixture(scope="module")
def found(acme: Snapshot, later: Snapshot) -> Diff:
    return Diff(acme, later)


def key(change: dict) -> tuple[str, str, str, str]:
    return change["change"], change["kind"], change.get("namespace") or "", change["name"]


def of(diff: Diff, kind: str, name: str) -> Change:
    [change] = [each for each in diff.objects if (each.object.kind, each.object.name) == (kind, name)]
    return change


def test_every_change_of_the_list_is_found_and_nothing_else(found: Diff) -> None:
    assert sorted(map(key, found.plain()["changes"])) == sorted(map(key, DRIFT))


@pytest.mark.parametrize(("kind", "name", "field", "before", "after"), [
    ("ClusterRoleBinding", "break-glass-2026-11", "roleRef.name", None, "cluster-admin"),
    ("ClusterRoleBinding", "old-contractor", "subjects",
     "apiGroup rbac.authorization.k8s.io; kind User; name contractor7@partner.example", None),
    ("Namespace", "billing", "labels.pod-security.kubernetes.io/enforce", "baseline", "privileged"),
    ("Pod", "miner", "containers.miner.securityContext.privileged", None, True),
    ("Pod", "miner", "containers.miner.image", None, "docker.io/xmrig/xmrig:latest"),
    ("Deployment", "portal-web", "spec.replicas", 3, 4),
    ("ClusterRole", "pod-debugger", "rules", None, "apiGroups (core); resources secrets; verbs get"),
    ("RoleBinding", "billing-team", "subjects", "apiGroup rbac.authorization.k8s.io; kind User; name "
                                                "frank@acme.example", None),
    ("Secret", "leaked", "type", None, "Opaque"),
    ("Service", "emr", "spec.type", "NodePort", "LoadBalancer"),
    ("RoleBinding", "runner2-edit", "subjects", None, "kind ServiceAccount; name runner2; namespace ci-runners"),
    ("Ingress", "hub", "spec.tls", None, "hosts hub.acme.example; secretName hub-tls"),
    ("Namespace", "patient-portal", "annotations.acme.example/change", None, "CHG-1042"),
    ("ResourceQuota", "quota", "spec.hard.pods", "50", "80"),
])
def test_the_field_says_what_changed(found: Diff, kind: str, name: str, field: str, before: object,
                                     after: object) -> None:
    assert (field, before, after) in of(found, kind, name).fields


@pytest.mark.parametrize(("kind", "name", "fields"), [
    ("Deployment", "portal-api", ["containers.portal-api.image"]), ("Deployment", "portal-web", ["spec.replicas"]),
    ("Namespace", "billing", ["labels.pod-security.kubernetes.io/enforce"]), ("Service", "emr", ["spec.type"]),
    ("ResourceQuota", "quota", ["spec.hard.pods"]), ("RoleBinding", "billing-team", ["subjects"]),
])
def test_no_other_field_of_the_object_is_said_to_differ(found: Diff, kind: str, name: str, fields: list[str]) -> None:
    assert [each.field for each in of(found, kind, name).fields] == fields


def test_the_worst_comes_first(found: Diff) -> None:
    weights = [each.weight for each in found.objects]
    assert weights == sorted(weights, key=["high", "medium", "low"].index)
    assert of(found, "Deployment", "portal-web").weight == "low"
    assert of(found, "Deployment", "portal-api").weight == "high"


def test_the_same_snapshot_has_no_changes(acme: Snapshot) -> None:
    diff = Diff(acme, acme)
    assert diff.objects == [] and list(diff.changes) and len(diff.changes) == 0


def test_the_way_back_is_the_mirror_image(acme: Snapshot, later: Snapshot, found: Diff) -> None:
    back = Diff(later, acme)
    swap = {"added": "removed", "removed": "added", "changed": "changed"}
    assert sorted((swap[each.change], each.object) for each in back.objects) == sorted(
        (each.change, each.object) for each in found.objects)
    assert "Give the earlier one first" in back.warnings[0]


def test_a_kind_that_was_not_read_completely_has_nothing_added_or_removed(acme: Snapshot, later: Snapshot) -> None:
    source = "clusterrolebindings.rbac.authorization.k8s.io"
    entries = [msgspec.structs.replace(entry, outcome="partial", reason="page 2 was refused")
               if entry.resource == source else entry for entry in later.manifest.ledger]
    doubtful = Snapshot(msgspec.structs.replace(later.manifest, ledger=entries), _tables(later))
    diff = Diff(acme, doubtful)
    assert not [each for each in diff.objects if each.object.kind == "ClusterRoleBinding"]
    [row] = diff.not_comparable.to_dict("records")
    assert row["what"] == "ClusterRoleBinding" and "page 2 was refused" in row["reason"]
    assert diff.changes.attrs["not_comparable"] and diff.plain()["not_comparable"] == [row]


def test_a_table_that_the_older_snapshot_did_not_have_says_nothing(acme: Snapshot, later: Snapshot) -> None:
    diff = Diff(opened(acme, object_approvals=()), later)
    assert ("Namespace", "", "patient-portal") in [each.object for each in diff.objects]  # the key is seen all the same
    assert "table object_approvals" in set(diff.not_comparable["what"])
    assert all("CHG" not in each.what for each in diff.objects)


def test_an_object_that_was_made_anew_is_said_so(acme: Snapshot) -> None:
    diff = Diff(acme, _edited(acme, "service_accounts", {"name": "runner"}, uid="00000000-0000-0000-0000-000000000000"))
    [change] = diff.objects
    assert change.recreated and change.change == "changed" and change.fields[0].field == "recreated"


def test_two_clusters_are_compared_with_a_warning(acme: Snapshot, later: Snapshot) -> None:
    other = Snapshot(msgspec.structs.replace(later.manifest, cluster_uid="another"), _tables(later))
    diff = Diff(acme, other)
    assert not diff.same_cluster and "two clusters" in diff.warnings[0]
    assert diff.plain()["same_cluster"] is False


def test_a_pod_of_a_controller_that_is_changed_in_place_is_a_change(acme: Snapshot) -> None:
    pod = acme.pod_owners.loc[acme.pod_owners["owner_kind"] == "ReplicaSet", "pod"].iloc[0]
    diff = Diff(acme, _edited(acme, "containers", {"pod": pod}, image="evil"))
    [change] = diff.objects
    assert (change.object.kind, change.object.name, change.weight) == ("Pod", pod, "high")


def test_every_column_of_every_table_is_compared_or_left_out_with_a_reason(acme: Snapshot) -> None:
    """A new table counts at once: each collected table that is about objects has a view of each of its origins."""
    from auditkit.history.noise import TABLES

    about_objects = {name for name, table in tables.TABLES.items()
                     if all(source in tables.RESOURCES for source in table.sources)}
    assert about_objects - all_views().keys() - TABLES.keys() == set()
    for views in all_views().values():
        origins = {rows.source for rows in views.table.rows}
        assert {view.source for view in views.by_constants.values()} == origins


def test_a_new_table_counts_at_once(monkeypatch: pytest.MonkeyPatch, acme: Snapshot) -> None:
    from auditkit.history import views
    from auditkit.tables.model import Column, Rows, Table, identity

    new = Table("token_rules", "made up", (Rows("serviceaccounts"),),
                (*identity(), Column("audience", "string", "spec.audience", "audience")), ("namespace", "name"))
    caches = [each for each in vars(views).values() if hasattr(each, "cache_clear")]
    monkeypatch.setitem(tables.TABLES, new.name, new)
    for each in caches:
        each.cache_clear()
    try:
        rows = [{"namespace": "ci-runners", "name": "runner", "audience": audience} for audience in ("vault", "*")]
        one, other = (Snapshot(acme.manifest, _tables(acme) | {new.name: pa.Table.from_pylist([row], new.schema)})
                      for row in rows)
        [change] = Diff(one, other).objects
        assert change.fields == (("spec.audience", "vault", "*"),)
    finally:
        monkeypatch.undo()
        for each in caches:
            each.cache_clear()


def _tables(snapshot: Snapshot) -> dict[str, pa.Table]:
    return {name: snapshot.arrow(name) for name in tables.TABLES if name in snapshot._tables}


def _edited(snapshot: Snapshot, name: str, where: dict[str, str], **values: object) -> Snapshot:
    """The snapshot with other values in the rows of a table that are called so."""
    rows = snapshot.arrow(name).to_pylist()
    hit = [row for row in rows if all(row[column] == value for column, value in where.items())]
    assert hit
    for row in hit:
        row.update(values)
    edited = pa.Table.from_pylist(rows, schema=tables.table(name).schema)
    return Snapshot(snapshot.manifest, _tables(snapshot) | {name: edited})


def test_versions_flags_settings_and_members_are_compared(acme: Snapshot) -> None:
    pod = acme.control_plane_flags.iloc[0]
    changed = _edited(acme, "control_plane_flags", {"pod": pod["pod"], "flag": pod["flag"]}, value="other")
    newer = Snapshot(msgspec.structs.replace(acme.manifest, server_version="v1.37.0"), _tables(changed))
    found = {each.object[0]: each for each in Diff(acme, newer).objects}
    assert found["Pod"].fields[0].field == f"flags.{pod['flag']}" and found["Pod"].fields[0].after == "other"
    assert found["Cluster"].fields == (("server version", acme.manifest.server_version, "v1.37.0"),)


def test_a_write_to_a_secret_is_a_change_although_its_content_is_not_read(acme: Snapshot) -> None:
    written = acme.object_writers[acme.object_writers["kind"].eq("Secret") & acme.object_writers["time"].notna()]
    name = written["object"].iloc[0]
    later = written["time"].max() + pd.Timedelta(minutes=1)
    diff = Diff(acme, _edited(acme, "object_writers", {"kind": "Secret", "object": name}, time=later.to_pydatetime()))
    assert {each.object.name for each in diff.objects} == {name}
    assert diff.objects[0].fields[0].field == "last write (content is not read)"


def test_rights_are_compared_whatever_the_order_of_the_rules(acme: Snapshot) -> None:
    rows = acme.arrow("role_rules").to_pylist()
    most = {row["role"]: row["rule"] for row in rows}
    turned = [row | {"rule": most[row["role"]] - row["rule"]} for row in rows]
    table = pa.Table.from_pylist(turned, schema=tables.table("role_rules").schema)
    assert Diff(acme, Snapshot(acme.manifest, _tables(acme) | {"role_rules": table})).objects == []


def test_a_new_pod_that_is_not_what_its_controller_says_is_a_change(acme: Snapshot, later: Snapshot) -> None:
    pod = next(name for name in later.pods["name"] if name.startswith("portal-web-") and
               name not in set(acme.pods["name"]))
    diff = Diff(acme, _edited(later, "containers", {"pod": pod}, image="evil", privileged=True))
    change = of(diff, "Pod", pod)
    assert (change.change, change.weight) == ("added", "high")
    assert "image evil; privileged true" in change.what and "ReplicaSet portal-web" in change.what


def test_pods_that_came_with_their_template_are_none(found: Diff) -> None:
    assert not [each for each in found.objects if each.object.kind == "Pod" and "portal" in each.object.name]


def test_an_action_of_a_binding_is_an_element_and_nothing_beside_it_changed(acme: Snapshot) -> None:
    name = acme.admission_policy_bindings["name"].iloc[0]
    [change] = Diff(acme, _edited(acme, "admission_policy_bindings", {"name": name}, action="Warn")).objects
    assert change.fields == (("spec.validationActions", "Audit", None),)  # Warn was there before


# --- snapshots of other versions ----------------------------------------------------------------------------------------

def test_a_table_that_one_of_the_two_lacks_is_not_comparable_and_nothing_was_added(acme: Snapshot, later: Snapshot) -> None:
    assert any(each.object.kind == "ServiceAccount" for each in Diff(acme, later).objects)
    for diff in (Diff(opened(acme, service_accounts=()), later), Diff(acme, opened(later, service_accounts=()))):
        assert not [each for each in diff.objects if each.object.kind == "ServiceAccount" and each.change != "changed"]
        assert "table service_accounts" in diff.not_comparable["what"].tolist()
        assert "did not have the table" in "".join(diff.changes.attrs["not_comparable"])


def test_a_column_that_one_of_the_two_lacks_is_no_change_beside_one_that_is(acme: Snapshot) -> None:
    name = acme.services["name"].iloc[0]
    edited = _edited(acme, "services", {"name": name}, type="LoadBalancer")
    other = next(value.column for view in all_views()["services"].by_constants.values() for value in view.values
                 if value.column != "type")
    expected = [each.fields for each in Diff(acme, edited).objects]
    assert expected == [each.fields for each in Diff(opened(acme, services=(other,)), edited).objects] != []


def unchanged_without(acme: Snapshot, names: list[str]) -> None:
    """Nothing changed in the same cluster, where one of the two did not have these tables, or no more than their keys."""
    keys_only = {name: tuple(column for column in tables.table(name).schema.names
                             if column not in tables.table(name).key) for name in names}
    for lost in (dict.fromkeys(names, ()), keys_only):
        old = opened(acme, **lost)
        for diff in (Diff(old, acme), Diff(acme, old)):
            assert diff.objects == [], lost
            assert {f"table {name}" for name in names} <= set(diff.not_comparable["what"])


def test_what_was_not_collected_then_is_no_change(acme: Snapshot) -> None:
    unchanged_without(acme, ["pod_owners", "services", "memberships"])


@pytest.mark.slow
@pytest.mark.parametrize("place", range(12))
def test_whatever_was_not_collected_then_is_no_change(acme: Snapshot, place: int) -> None:
    unchanged_without(acme, list(tables.TABLES)[place::12])


# --- what is not read, and what is written otherwise -------------------------------------------------------------------

def _written(snapshot: Snapshot, kind: str, name: str, **values: object) -> Snapshot:
    """The snapshot in which one object was written an hour later."""
    rows = snapshot.object_writers
    last = rows.loc[rows["kind"].eq(kind) & rows["object"].eq(name), "time"].max() + pd.Timedelta(hours=1)
    return _edited(snapshot, "object_writers", {"kind": kind, "object": name}, time=last.to_pydatetime(),
                   subresource=None, **values)


@pytest.mark.parametrize(("kind", "name"), [
    ("Deployment", "portal-web"), ("Namespace", "billing"), ("Service", "emr"), ("ServiceAccount", "runner"),
    ("ValidatingWebhookConfiguration", "gatekeeper-validating-webhook-configuration"), ("StorageClass", "standard")])
def test_a_write_to_what_is_not_read_is_a_change(acme: Snapshot, kind: str, name: str) -> None:
    [change] = Diff(acme, _written(acme, kind, name)).objects
    assert (change.object.kind, change.object.name) == (kind, name)
    assert [each.field for each in change.fields] == ["last write (to fields that are not read)"]


def test_a_write_of_the_cluster_itself_is_none(acme: Snapshot) -> None:
    assert Diff(acme, _written(acme, "Namespace", "billing", manager="kube-controller-manager")).objects == []


def test_a_generation_shows_a_field_that_was_taken_away(acme: Snapshot) -> None:
    where = {"kind": "DaemonSet", "object": "falco"}
    [change] = Diff(acme, _edited(acme, "object_generations", where, generation=7)).objects
    assert change.fields == (("generation (fields that are not read)", 1, 7),) and change.weight == "medium"


def test_the_generation_of_what_an_autoscaler_scales_says_nothing(acme: Snapshot) -> None:
    scaler = {"namespace": "patient-portal", "name": "web", "uid": "u", "target_kind": "Deployment",
              "target": "portal-web", "min_replicas": 1, "max_replicas": 9}
    table = pa.Table.from_pylist([scaler], schema=tables.table("autoscalers").schema)
    one = Snapshot(acme.manifest, _tables(acme) | {"autoscalers": table})
    where = {"kind": "Deployment", "object": "portal-web"}
    assert Diff(one, _edited(one, "object_generations", where, generation=7)).objects == []


def test_what_is_written_differs_between_two_clusters_and_is_no_change(acme: Snapshot) -> None:
    later = _written(acme, "Service", "emr")
    assert Diff(acme, Snapshot(msgspec.structs.replace(later.manifest, cluster_uid="another"), _tables(later))
                ).objects == []


def test_the_operator_of_a_selector_is_compared(acme: Snapshot) -> None:
    rows = acme.arrow("webhook_selectors").to_pylist()
    hit = next(row for row in rows if row["operator"] == "DoesNotExist")
    edited = _edited(acme, "webhook_selectors", hit, operator="Exists")
    [change] = Diff(acme, edited).objects
    assert {(each.field.rpartition(".")[2], each.before, each.after) for each in change.fields} == {
        (hit["of"], f"key {hit['key']}; operator DoesNotExist", f"key {hit['key']}; operator Exists")}


def test_the_key_of_a_selector_is_compared(acme: Snapshot) -> None:
    rows = acme.arrow("network_policy_selectors").to_pylist()
    hit = next(row for row in rows if row["of"] == "subject")
    [change] = Diff(acme, _edited(acme, "network_policy_selectors", hit, key="tier")).objects
    assert change.fields == (
        ("spec.podSelector", f"key {hit['key']}; value {hit['value']}", f"key tier; value {hit['value']}"),)


def test_of_a_policy_the_field_is_told_and_not_all_of_it(acme: Snapshot) -> None:
    row = acme.arrow("admission_policy_specs").to_pylist()[0]
    spec = json.loads(row["spec"])
    spec["validations"][0]["expression"] = "true"
    before = json.loads(row["spec"])["validations"][0]["expression"]
    edited = _edited(acme, "admission_policy_specs", {"name": row["name"]}, spec=json.dumps(spec))
    [change] = Diff(acme, edited).objects
    assert change.fields == (("spec.validations[0].expression", before, "true"),)


def test_a_taint_by_which_the_cluster_says_how_a_node_is_is_no_change(acme: Snapshot) -> None:
    def tainted(key: str) -> Diff:
        taint = {"node": "acme-w1", "key": key, "effect": "NoExecute"}
        table = pa.Table.from_pylist([*acme.arrow("node_taints").to_pylist(), taint],
                                     schema=tables.table("node_taints").schema)
        return Diff(acme, Snapshot(acme.manifest, _tables(acme) | {"node_taints": table}))

    assert tainted("node.kubernetes.io/unreachable").objects == []
    assert len(tainted("acme.example/drained").objects) == 1


@pytest.mark.parametrize(("table", "where", "value", "field"), [
    ("template_settings", {"kind": "Deployment", "name": "portal-web"}, {"dns_policy": '"Default"'}, "dnsPolicy"),
    ("object_settings", {"kind": "PersistentVolume", "field": "spec.accessModes"}, {"value": '["ReadWriteMany"]'},
     "spec.accessModes"),
    ("object_settings", {"kind": "APIService", "object": "v1.apps", "field": "spec.versionPriority"}, {"value": "1"},
     "spec.versionPriority"),
])
def test_settings_that_no_check_reads_are_compared(acme: Snapshot, table: str, where: dict[str, str],
                                                   value: dict[str, str], field: str) -> None:
    [change] = Diff(acme, _edited(acme, table, where, **value)).objects
    assert [each.field for each in change.fields] == [field]


def test_subjects_are_not_told_where_only_the_role_changed(acme: Snapshot) -> None:
    rows = acme.arrow("binding_subjects").to_pylist()
    hit = next(row for row in rows if row["role"] == "cluster-admin")
    where = {"kind": hit["kind"], "namespace": hit["namespace"], "binding": hit["binding"]}
    [change] = Diff(acme, _edited(acme, "binding_subjects", where, role="view")).objects
    assert change.fields == (("roleRef.name", "cluster-admin", "view"),)


POLICY = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "web", "namespace": "shop"}}
PEERS = [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}},
         {"podSelector": {"matchLabels": {"app": "a", "tier": "b"}}}, {"namespaceSelector": {}},
         {"namespaceSelector": {}, "podSelector": {"matchExpressions": [{"key": "x", "operator": "Exists"}]}}]
PORTS = [{"port": 80}, {"port": 53, "protocol": "UDP"}, {"port": 8000, "endPort": 8080}]


def policed(tmp_path: Path, *rules: dict, way: str = "ingress") -> Snapshot:
    spec = {"podSelector": {}, "policyTypes": [way.title()], way: list(rules)}
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [{**POLICY, "spec": spec}]}))
    return collect(open_files(path))


@pytest.mark.parametrize(("way", "peers"), [("ingress", "from"), ("egress", "to")])
def test_network_policies_in_another_order_are_the_same(tmp_path: Path, way: str, peers: str) -> None:
    first, second = {peers: PEERS, "ports": PORTS}, {peers: PEERS[1:], "ports": PORTS[:1]}
    turned = [{peers: second[peers][::-1], "ports": PORTS[:1]}, {peers: [*PEERS[2:], *PEERS[:2]], "ports": PORTS[::-1]}]
    one, other = policed(tmp_path, first, second, way=way), policed(tmp_path, *turned, way=way)
    assert Diff(one, other).objects == [] == Diff(other, one).objects


def test_of_network_policies_in_another_order_only_the_change_is_told(tmp_path: Path) -> None:
    one = policed(tmp_path, {"from": PEERS, "ports": PORTS}, {"from": PEERS[:1]})
    wider = {"ipBlock": {"cidr": "10.0.0.0/7", "except": ["10.2.0.0/16", "10.1.0.0/16"]}}
    other = policed(tmp_path, {"from": PEERS[:1]}, {"from": [*PEERS[:0:-1], wider], "ports": [PORTS[2], PORTS[0]]})
    [change] = Diff(one, other).objects
    assert change.fields == (
        ("spec.ingress[0].from[0]", "ipBlock.cidr 10.0.0.0/8", "ipBlock.cidr 10.0.0.0/7"),
        ("spec.ingress[0].ports", "port 53; protocol UDP", None))


def test_a_peer_that_is_added_in_front_is_told_alone(tmp_path: Path) -> None:
    one = policed(tmp_path, {"from": PEERS[1:], "ports": PORTS})
    other = policed(tmp_path, {"from": PEERS, "ports": PORTS})
    [change] = Diff(one, other).objects
    assert {field for field, *_ in change.fields} == {"spec.ingress[0].from[3]", "spec.ingress[0].from[3].ipBlock.except"}
    assert {before for _, before, _ in change.fields} == {None}


def test_kinds_that_are_not_read_are_named(acme: Snapshot, found: Diff) -> None:
    names = set(found.not_compared["what"])
    assert {"FlowSchema (flowcontrol.apiserver.k8s.io)", "CSIDriver (storage.k8s.io)", "Record (emr.acme.example)",
            "K8sAllowedRepos (constraints.gatekeeper.sh)"} <= names
    assert not {"Pod", "NetworkPolicy (networking.k8s.io)", "Lease (coordination.k8s.io)",
                "TokenReview (authentication.k8s.io)"} & names
    assert found.plain()["not_compared"] == found.not_compared.to_dict("records")


def test_of_files_custom_kinds_that_are_not_read_are_named_by_their_definitions(tmp_path: Path) -> None:
    names = {"kind": "Kiln", "plural": "kilns", "singular": "kiln", "listKind": "KilnList"}
    definition = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                  "metadata": {"name": "kilns.lab.example"},
                  "spec": {"group": "lab.example", "names": names, "scope": "Namespaced", "versions": []}}
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": [definition]}))
    snap = collect(open_files(path))
    whats = Diff(snap, snap).not_compared["what"].tolist()
    assert "Kiln (lab.example)" in whats and "other kinds" in whats
