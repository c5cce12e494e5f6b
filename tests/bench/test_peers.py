"""The comparison with peers: the right answers, how answers are counted, and that its page is of these questions.

The peers themselves are not run here: `make peers` does.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
PEERS = Path(__file__).parent / "peers"


@pytest.fixture(scope="module")
def peers() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PEERS)
        import run

        yield run
        for name in ("run", "questions", "tools", "clusters"):
            sys.modules.pop(name)


@pytest.fixture(scope="module")
def edges(peers: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return peers.serving(PEERS / "edges.yaml", tmp_path_factory.mktemp("edges"))


def question(peers: ModuleType, asks: str) -> object:
    return next(one for one in peers.QUESTIONS if one.asks == asks)


def wrong(cluster: object, asked: object) -> list[str]:
    return sorted(name for (_, _, name), right in cluster.answers(asked).items() if not right)


@pytest.mark.parametrize(("asks", "failing"), [
    ("no container is privileged", ["debugged", "init-privileged"]),
    ("pods do not share the host's process IDs", ["nightly"]),
    ("no Secret is in an environment variable", ["all-variables", "one-variable"]),
    ("pods mount no path of the host", ["nightly"]),
    ("images have a tag, and not latest", ["init-privileged"]),
    ("no role has a wildcard in resources or verbs", ["all-verbs"]),
    ("no binding lets anybody read all Secrets", ["reads-secrets", "watches-secrets"]),
    ("anonymous requests are refused", []),
])
def test_the_small_cluster_has_the_answers_that_it_was_made_for(peers: ModuleType, edges: Path, asks: str, failing: list[str]) -> None:
    assert wrong(peers.Cluster(peers.objects(edges)), question(peers, asks)) == failing


def test_who_is_root_is_decided_by_the_container_and_then_by_the_pod(peers: ModuleType, edges: Path) -> None:
    answers = peers.Cluster(peers.objects(edges)).answers(question(peers, "no container may run as root"))
    found = {name: right for (_, _, name), right in answers.items()}
    assert (found["root-again"], found["root-by-pod"], found["user-by-number"]) == (False, False, True)


def test_answers_are_counted(peers: ModuleType, edges: Path) -> None:
    cluster, asked = peers.Cluster(peers.objects(edges)), question(peers, "pods do not share the host's process IDs")
    says = [(asked.prowler, ("Pod", "shop", name), verdict) for name, verdict in (
        ("debugged", "pass"), ("init-privileged", "fail"), ("root-again", "open"))]
    says.append((asked.prowler, ("CronJob", "shop", "nightly"), "pass"))
    counted = peers.outcomes(asked, "prowler", cluster, says)
    assert counted == {"right": 1, "false fail": 1, "left open": 1, "false pass": 1, "no answer": 5}
    whole = peers.outcomes(asked, "prowler", cluster, [*says, (asked.prowler, None, "open")])
    assert (whole["left open"], whole["no answer"]) == (6, 0)


def test_auditkit_is_right_on_the_small_cluster(peers: ModuleType, edges: Path) -> None:
    ours = next(tool for tool in peers.TOOLS if tool.name == "auditkit")
    result = peers.compare(peers.World("edges", edges, {}), ours, Path(sys.executable).parent)
    assert set(result.total) == {"right"} and result.cost.seconds > 0


def test_the_page_has_these_questions(peers: ModuleType) -> None:
    page = (ROOT / "docs" / "comparison.md").read_text(encoding="utf-8")
    rows = dict(peers.tables([]))["questions"]
    assert [row for row in rows if f"| {' | '.join(row)} |" not in page] == []
