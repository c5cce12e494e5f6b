"""Who collects is shown, and what the server says that this identity may not read: after discovery, and right both ways."""

import json
import time

import pytest
from replay import ACME_PROD, ReplayServer

from auditkit.collectors import identity
from auditkit.collectors.cluster import collect
from auditkit.collectors.identity import Collector
from auditkit.collectors.in_parallel import threads
from auditkit.collectors.listing import Listing
from auditkit.collectors.sources import transport
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.live import LiveSource
from auditkit.errors import SourceError
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short pauses between retries."""
    monkeypatch.setattr(transport, "PAUSE", 0.01)


def told(kubeconfig: str) -> tuple[Collector, list[str], Snapshot]:
    """Who was shown, what they may not read, and what came of it."""
    shown: list[tuple[Collector, list[str]]] = []
    snapshot = collect(LiveSource(None, kubeconfig), on_identity=lambda *what: shown.append(what))
    [(who, may_not)] = shown
    return who, may_not, snapshot


def test_whoever_may_all_is_shown_with_nothing_left_out(server, kubeconfig) -> None:
    who, may_not, _ = told(kubeconfig)
    assert who.user == "admin" and "system:masters" in who.groups and may_not == []


def test_what_is_refused_is_foretold_and_nothing_else(server, kubeconfig) -> None:
    server.forbid("secrets", "pods", "policyreports", "k8sallowedrepos", "nodes/proxy")
    _, may_not, snapshot = told(kubeconfig)
    refused = [e.resource.rpartition(":")[2] for e in snapshot.manifest.ledger
               if e.outcome == "forbidden" and e.resource not in ("controlplane", "kubelets")]
    assert set(may_not) == {*refused, "nodes/proxy"} and len(may_not) == 5
    assert {"policyreports.wgpolicyk8s.io", "k8sallowedrepos.constraints.gatekeeper.sh"} < set(may_not)


def test_the_server_is_asked_after_discovery_of_what_it_serves_in_all_namespaces(server, kubeconfig) -> None:
    _, _, snapshot = told(kubeconfig)
    paths = [request.path for request in server.requests]
    reviews = [request for request in server.requests if request.path == REVIEWS]
    assert paths.index("/apis") < paths.index(REVIEWS)
    assert max(place for place, path in enumerate(paths) if path == REVIEWS) < paths.index("/api/v1/namespaces")
    asked = [request.body["spec"]["resourceAttributes"] for request in reviews]
    assert not any("namespace" in attributes for attributes in asked)
    served = {(row["group"], row["resource"]) for row in snapshot.arrow("api_resources").to_pylist()}
    assert {(attributes["group"], attributes["resource"]) for attributes in asked} <= served
    lists = {request.path for request in server.requests if "limit=" in request.url}
    assert len([attributes for attributes in asked if attributes["verb"] == "list"]) == len(lists)
    assert [attributes for attributes in asked if attributes["verb"] == "get"] == [
        {"verb": "get", "group": "", "version": "v1", "resource": "nodes", "subresource": "proxy"}]
    assert server.count("*/selfsubjectrulesreviews") == 0


def denied(**status) -> dict:
    return {"kind": "body", "status": 201, "body": json.dumps({"status": {"allowed": False, **status}}).encode()}


@pytest.mark.parametrize("fault", [
    {"status": 403}, {"status": 404}, {"status": 500}, {"kind": "cut"}, {"kind": "body", "status": 201, "body": b"{}"},
    {"kind": "body", "status": 201, "body": b"\xff"}, denied(evaluationError="the webhook timed out"),
])
def test_a_review_that_fails_says_nothing(server, kubeconfig, fault) -> None:
    server.fault(REVIEWS, **fault)
    assert told(kubeconfig)[1] == []


@pytest.mark.parametrize("status", [{}, {"denied": True, "evaluationError": "a role is missing"}])
def test_a_review_that_denies_is_told(server, kubeconfig, status) -> None:
    server.fault(REVIEWS, **denied(**status))
    assert {"pods", "nodes/proxy"} <= set(told(kubeconfig)[1])


def test_reviews_that_are_not_answered_cost_little(server, kubeconfig, monkeypatch) -> None:
    monkeypatch.setattr(identity, "SECONDS", 0.5)
    server.fault(REVIEWS, kind="hang")
    started = time.monotonic()
    with threads(4) as pool:
        lists = [Listing(LiveSource(None, kubeconfig), resource, "v1") for resource in list(RESOURCES.values())[:20]]
        assert identity.may_not(LiveSource(None, kubeconfig), pool, lists) == []
    assert time.monotonic() - started < 10 * identity.SECONDS
    assert server.count(REVIEWS) == 4, "the others found no time left"


def test_nobody_listens_so_that_nothing_is_asked(server, kubeconfig) -> None:
    collect(LiveSource(None, kubeconfig))
    assert server.count(REVIEWS) == 0


@pytest.mark.parametrize("fault", [{"status": 403}, {"status": 503}, {"kind": "body", "status": 201, "body": b"{}"}])
def test_a_server_that_does_not_say_who_asks(server, kubeconfig, fault) -> None:
    server.fault("*/selfsubjectreviews", **fault)
    assert told(kubeconfig)[0] == Collector("", [])


def test_of_files_it_is_shown_who_recorded_them_if_they_say_so(tmp_path) -> None:
    shown: list = []
    collect(open_files(ACME_PROD), on_identity=lambda *what: shown.append(what))
    assert [(who.user, may_not) for who, may_not in shown] == [("admin", [])]
    (tmp_path / "objects.json").write_text(json.dumps(
        {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "x"}}))
    collect(open_files(tmp_path / "objects.json"), on_identity=lambda *what: shown.append(what))
    assert len(shown) == 1


def test_somebody_without_rights_is_told_all_of_it(tmp_path) -> None:
    with ReplayServer(ACME_PROD, identity="erin@acme.example") as server:
        shown: list = []
        with pytest.raises(SourceError, match=r"as erin@acme\.example: \S"):
            collect(LiveSource(None, str(server.kubeconfig(tmp_path))), on_identity=lambda *what: shown.append(what))
    [(who, may_not)] = shown
    assert who == Collector("erin@acme.example", ["system:authenticated"]) and {"pods", "nodes/proxy"} < set(may_not)
