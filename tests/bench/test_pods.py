"""The grown clusters are what a server would serve: whole, sorted, distinct, and their references hold."""

import json

import pytest
import urllib3
from replay import ACME_PROD, ReplayServer

from tests.bench.pods import grow_pods, grow_recording

N = 65 * 45 + 3  # three groups of namespaces


@pytest.fixture(scope="module")
def pages():
    return [json.loads(page) for page in grow_pods(ACME_PROD, N)]


def test_pages_are_those_of_one_list(pages):
    assert [len(page["items"]) for page in pages] == [500] * 5 + [N - 2500]
    assert [page["metadata"].get("remainingItemCount", 0) for page in pages] == [
        N - 500 * i for i in range(1, 6)
    ] + [0]
    assert {page["metadata"]["resourceVersion"] for page in pages} == {"1525"}
    tokens = [page["metadata"].get("continue") for page in pages]
    assert len(set(tokens)) == len(tokens) and tokens[-1] is None


def test_pods_are_sorted_distinct_and_spread(pages):
    metadata = [item["metadata"] for page in pages for item in page["items"]]
    keys = [f"{m['namespace']}/{m['name']}" for m in metadata]
    assert keys == sorted(set(keys)) and len(keys) == N
    assert len({m["uid"] for m in metadata}) == N
    assert len({m["namespace"] for m in metadata}) == 3 * 14
    assert all(m["managedFields"] for m in metadata)


def test_as_many_pods_as_were_recorded_are_the_recorded_ones():
    with ReplayServer(ACME_PROD) as server:
        recorded = urllib3.request("GET", server.url + "/api/v1/pods?limit=500").data
    assert list(grow_pods(ACME_PROD, 65)) == [recorded]


def test_no_pods_are_one_empty_page():
    (page,) = grow_pods(ACME_PROD, 0)
    assert json.loads(page)["items"] == []


def test_the_same_bytes_each_time():
    assert list(grow_pods(ACME_PROD, 1500)) == list(grow_pods(ACME_PROD, 1500))


def test_a_grown_recording_is_served_and_its_references_hold(tmp_path, pages):
    with ReplayServer(grow_recording(ACME_PROD, tmp_path, N)) as server:

        def everything(path):
            token, items = None, []
            while token != "":
                fields = {"limit": "500"} | ({"continue": token} if token else {})
                page = urllib3.request("GET", server.url + path, fields=fields).json()
                items += page["items"]
                token = page["metadata"].get("continue", "")
            return items

        pods = everything("/api/v1/pods")
        assert pods == [item for page in pages for item in page["items"]]
        namespaces = {item["metadata"]["name"] for item in everything("/api/v1/namespaces")}
        assert {pod["metadata"]["namespace"] for pod in pods} <= namespaces
        accounts = {_key(item) for item in everything("/api/v1/serviceaccounts")}
        named = {
            (pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default")) for pod in pods
        }
        assert named <= accounts
        sets = {item["metadata"]["uid"] for item in everything("/apis/apps/v1/replicasets")}
        owners = {
            o["uid"]
            for p in pods
            for o in p["metadata"].get("ownerReferences", [])
            if o["kind"] == "ReplicaSet"
        }
        assert owners and owners <= sets
        assert len(everything("/apis/rbac.authorization.k8s.io/v1/clusterroles")) < 100


def _key(item):
    return item["metadata"]["namespace"], item["metadata"]["name"]
