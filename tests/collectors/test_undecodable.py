"""Answers that no decoder takes, of every endpoint: each is told in the ledger, and none ends the collection."""


import pytest
from replay import ReplayServer

from auditkit import api

BODIES = {
    "deep": b'{"metadata": {"annotations": ' + b"[" * 50_000 + b"]" * 50_000 + b'}, "items": []}',
    "deep-item": b'{"metadata": {}, "items": [{"metadata": {"name": "a"}, "spec": ' + b"[" * 50_000 + b"]" * 50_000 + b"}]}",
    "encoding": b'{"gitVersion": "\xff", "message": "\xff", "metadata": {"resourceVersion": "\xff"}, "items": []}',
    "cut": b'{"kind": "Li', "empty": b"", "null": b"null", "text": b"<html>gateway timeout</html>",
}


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("path", ["/version", "/api", "/apis", "/api/v1/pods", "*/rolebindings", "/api/v1/nodes/*", "*reviews"])
def test_an_answer_that_cannot_be_decoded_does_not_end_a_collection(
        server: ReplayServer, kubeconfig: str, path: str, body: str) -> None:
    server.fault(path, kind="body", body=BODIES[body])
    assert api.collect(kubeconfig=kubeconfig).sources_read[0] > 40


@pytest.mark.parametrize("body", BODIES)
def test_a_list_that_cannot_be_decoded_is_failed(server: ReplayServer, kubeconfig: str, body: str) -> None:
    server.fault("/api/v1/pods", kind="body", body=BODIES[body])
    entry = next(each for each in api.collect(kubeconfig=kubeconfig).manifest.ledger if each.resource == "pods")
    assert entry.outcome != "complete" and entry.reason
