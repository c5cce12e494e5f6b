"""Ten thousand pods and a thousand policies, against the plain slow way on the same cluster."""

import pandas as pd
import pytest
from network_reference import Cluster
from worlds import frames

from auditkit.analysis.network.reachability import QUESTION, Reachability
from tests.bench.network import engine_ratios, measures, mesh_ratio, world


@pytest.mark.slow
def test_the_whole_matrix_of_a_large_cluster():
    found = measures()
    assert found["groups"] > 1000
    assert found["matrix_seconds"] < 10
    assert found["pairs_ratio"] > 100
    assert found["question_seconds"] * 100 < found["plain_seconds"]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["cilium", "calico"])
def test_policies_of_an_engine_take_at_most_three_times_as_long(engine):
    assert engine_ratios(pods=3_000, policies=300)[f"{engine}_ratio"] < 3


@pytest.mark.slow
def test_policies_of_a_mesh_take_at_most_three_times_as_long():
    assert mesh_ratio(pods=3_000, policies=300) < 3


def test_the_large_cluster_is_judged_as_the_plain_way_judges_it():
    objects = world(pods=60, policies=60, spaces=4, apps=5)
    cluster, pods = Cluster(objects), [thing for thing in objects if thing["kind"] == "Pod"]
    pairs = [(a, b, port) for a in pods for b in pods for port in (8000, 8002, 9090)]
    questions = pd.DataFrame([[end["metadata"][key] for end in pair for key in ("namespace", "name")] + ["TCP", port]
                              for *pair, port in pairs], columns=QUESTION)
    found = Reachability(frames(objects)).judged(questions)
    for direction in ("ingress", "egress"):
        expected = [cluster.verdict(direction, a, b, "TCP", port) for a, b, port in pairs]
        assert found[direction].tolist() == expected
        assert set(expected) == {True, False}
