"""Why a requirement has its status: the reason, the subjects, and what was asked of the cluster."""

import pytest
from replay import ReplayServer
from report_worlds import pod, snapshot

from auditkit.api import evaluating, snapshots
from auditkit.errors import NoSuchName, UsageError


def test_a_failure_is_explained_down_to_the_request(acme) -> None:
    found = evaluating.explain(acme, "5.2.2", "ci-runners/*", frameworks=["cis-kubernetes"])
    assert (found.result.status, found.result.requirement.id) == ("fail", "5.2.2")
    assert set(found.verdicts["namespace"]) == {"ci-runners"}
    assert found.verdicts["verdict"].iloc[0] == "fail"
    pods = found.sources.set_index("source").loc[["pods"]].iloc[0]
    assert (pods["outcome"], pods["path"]) == ("complete", "/api/v1/pods?limit=500")
    assert len(pods["sha256"]) == 64
    text = str(found)
    assert text.splitlines()[0].startswith("cis-kubernetes 5.2.2 ") and "pods: complete, " in text


def test_what_is_unknown_names_the_request_that_was_refused(server: ReplayServer, kubeconfig: str) -> None:
    server.forbid("clusterrolebindings", "rolebindings")
    found = evaluating.explain(snapshots.collect(kubeconfig=kubeconfig), "5.1.1", frameworks=["cis-kubernetes"])
    assert found.result.status == "unknown"
    line = next(line for line in str(found).splitlines() if line.strip().startswith("clusterrolebindings."))
    assert "forbidden" in line and "/clusterrolebindings?limit=500" in line


def test_what_nobody_judges_is_a_sentence(acme) -> None:
    with pytest.raises(NoSuchName, match="5.2.99"):
        evaluating.explain(acme, "5.2.99")
    with pytest.raises(UsageError, match="the subject nobody"):
        evaluating.explain(acme, "5.2.2", "nobody")
    with pytest.raises(UsageError, match="-f cis-kubernetes or -f cis-kubernetes-1.12"):
        evaluating.explain(acme, "5.2.2", frameworks=["cis-kubernetes", "cis-kubernetes-1.12"])


def test_a_requirement_without_a_check_says_so(acme) -> None:
    assert "No check covers this requirement" in str(evaluating.explain(acme, "CC1.1", frameworks=["soc2"]))


def test_results_say_on_one_line_what_they_are(acme) -> None:
    judged = evaluating.evaluate(acme, "soc2")
    result = next(one for one in judged.results if one.outcomes)
    for thing in (judged, result, result.outcomes[0], evaluating.explain(acme, "CC6.1"), acme):
        assert repr(thing).startswith("<") and "\n" not in repr(thing)
        assert "text/html" in thing._repr_mimebundle_()


def test_what_a_cluster_says_does_not_steer_a_terminal() -> None:
    bad = snapshot(pod("a\x1b[2J\u2028\u202eb", privileged=True))
    judged = evaluating.evaluate(bad, "cis-kubernetes")
    found = evaluating.explain(bad, "5.2.2", frameworks=["cis-kubernetes"])
    assert "1 of 1 containers" in str(found)
    for said in (*map(repr, judged.results), repr(found), str(found), found._repr_mimebundle_()["text/plain"]):
        assert not {"\x1b", "\u2028", "\u202e"} & set(said)
