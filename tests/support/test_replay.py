"""The replay server says what the recorded server said, pages as a real one does, and fails as told."""

import json
from urllib.parse import quote

import pytest
import urllib3
from replay import ACME_PROD, ACME_PROD_LATER, ReplayServer, assert_no_secret_values

PODS = "/api/v1/pods"
SECRETS = "/api/v1/secrets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
METADATA = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.fixture
def server():
    with ReplayServer(ACME_PROD) as server:
        yield server


def get(server, path, accept="application/json", method="GET", **options):
    headers = {"Accept": accept, **options.pop("headers", {})}
    options = {"retries": False, "timeout": 5, **options}
    return urllib3.PoolManager(ca_cert_data=server.ca and server.ca.decode()).request(
        method, server.url + path, headers=headers, **options
    )


def test_the_deadline_of_a_client_changes_no_answer(server):
    aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    for path, accept in ((f"{PODS}?limit=20", "application/json"), ("/apis", aggregated)):
        late = f"{path}{'&' if '?' in path else '?'}timeout=32s"
        assert get(server, late, accept).data == get(server, path, accept).data


def pages(server, path, limit, accept="application/json", extra=""):
    token, found = "", []
    while True:
        url = f"{path}?limit={limit}{extra}" + (f"&continue={quote(token)}" if token else "")
        found.append(get(server, url, accept).json())
        token = found[-1]["metadata"].get("continue")
        if not token:
            return found


def names(lists):
    rows = [row for page in lists for row in page.get("items") or [r["object"] for r in page.get("rows", [])]]
    return [(row["metadata"].get("namespace"), row["metadata"]["name"]) for row in rows]


def test_every_recorded_answer_is_given_byte_for_byte(server):
    for entry in server.recording.entries:
        response = get(
            server,
            entry["path"],
            entry["accept"],
            entry["method"],
            headers=entry["headers"],
            json=entry["body"],
        )
        assert response.status == entry["status"], entry["path"]
        assert response.data.rstrip() == server.recording.body(entry).rstrip(), entry["path"]
        assert response.headers["Content-Type"] == entry["content_type"]
        assert response.headers.get("Warning") == entry["warning"]
    assert len(server.requests) == len(server.recording.entries)


@pytest.mark.parametrize("limit", [1, 7, 20, 64, 65, 66])
def test_a_list_paged_by_any_limit_is_the_whole_list(server, limit):
    whole = get(server, PODS + "?limit=500").json()
    found = pages(server, PODS, limit)
    assert [item for page in found for item in page["items"]] == whole["items"]
    assert {page["metadata"]["resourceVersion"] for page in found} == {whole["metadata"]["resourceVersion"]}
    assert len(found) == -(-65 // limit)
    left = [page["metadata"].get("remainingItemCount", 0) for page in found]
    assert left == [max(0, 65 - limit * n) for n in range(1, len(found) + 1)]


def test_a_list_that_is_not_in_etcd_is_not_paged(server):
    assert len(pages(server, "/api/v1/componentstatuses", 1)[0]["items"]) == 3


def test_tables_and_metadata_lists_are_paged_too(server):
    whole = names(pages(server, SECRETS, 500, TABLE, "&includeObject=Metadata"))
    assert names(pages(server, SECRETS, 4, TABLE, "&includeObject=Metadata")) == whole
    assert names(pages(server, SECRETS, 3, METADATA)) == whole
    assert len(whole) > 8


def test_the_form_is_found_by_its_parameters_not_by_their_order(server):
    url = SECRETS + "?includeObject=Metadata&limit=500"
    for accept in (TABLE, "application/json; g=meta.k8s.io; as=Table; v=v1", TABLE + ",application/json"):
        assert get(server, url, accept).json()["kind"] == "Table"
    aggregated = "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io,application/json"
    assert get(server, "/apis", aggregated).json()["kind"] == "APIGroupDiscoveryList"
    assert get(server, "/apis").json()["kind"] == "APIGroupList"


def test_a_table_that_was_not_recorded_comes_as_the_plain_list_and_metadata_is_derived(server):
    assert get(server, PODS + "?limit=5", TABLE).json()["kind"] == "PodList"
    partial = get(server, PODS + "?limit=5", METADATA).json()
    assert partial["kind"] == "PartialObjectMetadataList"
    assert [set(item) for item in partial["items"]] == [{"kind", "apiVersion", "metadata"}] * 5
    server.tables = False
    assert get(server, SECRETS + "?limit=500&includeObject=Metadata", TABLE).json()["kind"] == "SecretList"


def test_one_namespace_and_one_object(server):
    billing = get(server, "/api/v1/namespaces/billing/pods?limit=3").json()
    assert {item["metadata"]["namespace"] for item in billing["items"]} == {"billing"}
    assert billing["metadata"]["remainingItemCount"] == 1
    namespace = get(server, "/api/v1/namespaces/kube-system").json()
    assert (namespace["kind"], namespace["apiVersion"]) == ("Namespace", "v1")
    assert namespace["metadata"]["uid"]


def test_what_is_not_there(server):
    assert get(server, "/apis/nope.example/v1/things?limit=500").data == b"404 page not found\n"
    for path in ("/api/v1/things?limit=500", "/apis/apps/v1/things", "/api/v1/namespaces/nowhere"):
        response = get(server, path)
        assert (response.status, response.json()["reason"]) == (404, "NotFound"), path
    assert get(server, PODS + "?limit=5&labelSelector=a%3Db").status == 400


def test_a_token_is_good_for_its_own_list_only(server):
    token = get(server, PODS + "?limit=5").json()["metadata"]["continue"]
    assert get(server, f"/api/v1/services?limit=5&continue={token}").status == 400
    assert get(server, PODS + "?limit=5&continue=nonsense").status == 400
    with ReplayServer(ACME_PROD_LATER) as later:
        assert get(later, f"{PODS}?limit=5&continue={token}").status == 410


def test_reviews_answer_for_any_namespace_and_follow_what_is_forbidden(server):
    def review(kind, spec, **headers):
        group = "authentication" if kind == "SelfSubjectReview" else "authorization"
        body = {"apiVersion": f"{group}.k8s.io/v1", "kind": kind, "spec": spec}
        path = f"/apis/{group}.k8s.io/v1/{kind.lower()}s"
        response = get(server, path, method="POST", json=body, headers=headers)
        assert response.status == 201
        return response.json()["status"]

    secrets = {"resourceAttributes": {"verb": "list", "resource": "secrets"}}
    assert review("SelfSubjectReview", {})["userInfo"]["username"] == "admin"
    assert review("SelfSubjectAccessReview", secrets) == {"allowed": True}
    everything = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
    assert everything in review("SelfSubjectRulesReview", {"namespace": "billing"})["resourceRules"]

    server.forbid("secrets")
    rules = review("SelfSubjectRulesReview", {"namespace": "billing"})["resourceRules"]
    named = {name for rule in rules for name in rule["resources"]}
    assert "pods" in named and "secrets" not in named and "*" not in named
    assert review("SelfSubjectAccessReview", secrets) == {"allowed": False}

    erin = {"Impersonate-User": "erin@acme.example"}
    assert review("SelfSubjectReview", {}, **erin)["userInfo"]["username"] == "erin@acme.example"
    rules = review("SelfSubjectRulesReview", {"namespace": "default"}, **erin)
    assert rules["resourceRules"] and everything not in rules["resourceRules"]


def test_refusals_in_the_words_of_the_server(server):
    server.forbid("secrets", "nodes/proxy")
    refused = get(server, SECRETS + "?limit=500", METADATA)
    assert refused.status == 403
    words = 'User "admin" cannot list resource "secrets" in API group "" at the cluster scope'
    assert refused.json()["message"] == "secrets is forbidden: " + words
    proxied = get(server, "/api/v1/nodes/acme-w1/proxy/configz").json()["message"]
    assert proxied.startswith('nodes "acme-w1" is forbidden: User "admin" cannot get resource "nodes/proxy"')
    assert get(server, PODS + "?limit=500").status == 200


def test_an_identity_without_rights():
    with ReplayServer(ACME_PROD, identity="erin@acme.example") as server:
        assert "role-that-was-deleted" in get(server, PODS + "?limit=50").json()["message"]
        deployments = get(server, "/apis/apps/v1/deployments?limit=500").json()
        assert deployments["message"].startswith('deployments.apps is forbidden: User "erin@acme.example"')
        assert get(server, "/apis").status == get(server, "/version").status == 200


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_status_for_some_requests(server, status):
    server.fault("*/pods", status=status, retry_after=2, after=1, times=1)
    responses = [get(server, PODS + "?limit=500") for _ in range(3)]
    assert [r.status for r in responses] == [200, status, 200]
    assert responses[1].json()["code"] == status
    assert get(server, "/api/v1/nodes?limit=500").status == 200
    assert server.count(PODS) == 3 and server.count("/api/v1/*") == 4
    assert [r.status for r in server.requests] == [200, status, 200, 200]


def test_429_says_when_to_come_back(server):
    server.fault("*", status=429, retry_after=1)
    response = get(server, PODS)
    assert response.headers["Retry-After"] == "1"
    assert response.json()["details"] == {"retryAfterSeconds": 1}


@pytest.mark.parametrize("limit", [20, 10])
def test_gone_in_the_middle_with_a_token_that_is_not_consistent(server, limit):
    server.fault(PODS, kind="gone", page=2, times=1)
    first = get(server, f"{PODS}?limit={limit}").json()["metadata"]
    gone = get(server, f"{PODS}?limit={limit}&continue={first['continue']}")
    assert (gone.status, gone.json()["reason"]) == (410, "Expired")
    rest = get(server, f"{PODS}?limit={limit}&continue={gone.json()['metadata']['continue']}").json()
    assert rest["metadata"]["resourceVersion"] != first["resourceVersion"]
    assert len(names(pages(server, PODS, limit))) == 65


def test_an_old_token_answered_by_an_empty_list(server):
    server.fault(PODS, kind="empty-200", page=3)
    found = pages(server, PODS, 10)
    assert [len(page["items"]) for page in found] == [10, 10, 0]
    assert (found[-1]["kind"], found[-1]["metadata"]) == ("PodList", {"resourceVersion": "1"})


def test_bodies_that_break_off(server):
    server.fault(PODS, kind="cut", times=1)
    with pytest.raises(urllib3.exceptions.HTTPError):
        get(server, PODS + "?limit=500")
    server.fault(PODS, kind="half", times=1)
    response = get(server, PODS + "?limit=500")
    assert response.status == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert get(server, PODS + "?limit=500").json()["items"]


def test_an_answer_that_never_comes(server):
    server.fault(PODS, kind="hang")
    with pytest.raises(urllib3.exceptions.TimeoutError):
        get(server, PODS, timeout=0.2)
    assert get(server, "/version").status == 200


def test_any_body_and_any_change_of_one(server):
    server.fault("/api/v1/nodes", kind="body", body=b"<html>")
    assert get(server, "/api/v1/nodes?limit=500").data == b"<html>"
    server.fault(PODS, kind="transform", transform=lambda pods: {**pods, "items": None})
    assert get(server, PODS + "?limit=500").json()["items"] is None
    with pytest.raises(ValueError, match="no fault is called"):
        server.fault(PODS, kind="typo")


def test_kubelet_configuration(server):
    path = "/api/v1/nodes/acme-w{}/proxy/configz"
    server.configz["acme-w2"] = {"kind": "KubeletConfiguration", "readOnlyPort": 0}
    assert get(server, path.format(2)).json()["kubeletconfig"]["readOnlyPort"] == 0
    assert get(server, path.format(1)).status == 400


def test_token_and_kubeconfig(tmp_path):
    with ReplayServer(ACME_PROD, token="auditors-only") as server:
        config = json.loads(server.kubeconfig(tmp_path).read_text())
        bearer = config["users"][0]["user"]["token"]
        assert config["current-context"] == "acme-prod"
        assert config["clusters"][0]["cluster"]["server"] == server.url
        assert get(server, "/version").status == 401
        assert get(server, "/version", headers={"Authorization": f"Bearer {bearer}"}).status == 200


def test_tls_is_trusted_by_its_authority_until_it_expires():
    pytest.importorskip("cryptography", reason="certificates are made with cryptography")
    with ReplayServer(ACME_PROD, tls=True) as server:
        assert get(server, "/version").json()["major"] == "1"
        with pytest.raises(urllib3.exceptions.SSLError, match="self.signed|unable to get"):
            urllib3.PoolManager().request("GET", server.url + "/version", retries=False)
    refusal = pytest.raises(urllib3.exceptions.SSLError, match="expired")
    with ReplayServer(ACME_PROD, expired=True) as server, refusal:
        get(server, "/version")


def test_a_connection_is_kept_and_large_answers_are_compressed_if_wanted(server):
    with urllib3.HTTPConnectionPool("127.0.0.1", int(server.url.rsplit(":")[-1]), maxsize=1) as pool:
        for _ in range(3):
            pool.request("GET", "/version")
        large = pool.request("GET", PODS + "?limit=500", headers={"Accept-Encoding": "gzip"})
        assert pool.num_connections == 1
    assert large.headers["Content-Encoding"] == "gzip"
    assert len(large.json()["items"]) == 65


def test_nothing_answers_once_it_has_stopped():
    with ReplayServer(ACME_PROD) as server:
        pool = urllib3.PoolManager()
        pool.request("GET", server.url + "/version")
    with pytest.raises(urllib3.exceptions.HTTPError):
        pool.request("GET", server.url + "/version", retries=False)


@pytest.mark.parametrize("accept, path", [
    ("application/json", SECRETS + "?limit=500"),
    ("*/*", SECRETS + "?limit=500&includeObject=Metadata"),
    (TABLE, SECRETS + "?limit=500"),
    (TABLE, SECRETS + "?limit=500&includeObject=Object"),
    (TABLE + ",application/json", SECRETS + "?limit=500&includeObject=Metadata"),
    ("application/json", "/api/v1/namespaces/billing/secrets"),
    ("application/json", "/api/v1/configmaps?limit=500"),
    (TABLE, "/api/v1/configmaps?limit=500&includeObject=Object"),
])  # fmt: skip
def test_asking_for_values_is_seen(server, accept, path):
    get(server, path, accept)
    with pytest.raises(AssertionError, match="values were asked for"):
        assert_no_secret_values(server)


def test_asking_for_names_is_fine(server):
    get(server, SECRETS + "?limit=500&includeObject=Metadata", TABLE)
    get(server, "/api/v1/configmaps?limit=500", METADATA)
    get(server, PODS + "?limit=500")
    assert_no_secret_values(server)
