"""Compares auditkit with its peers: ``python tests/bench/peers/run.py FOLDER`` (it keeps their environments there).

Each tool gets the same three clusters. Its answers are compared with right answers that `questions.py` works out from
the objects alone. The tables are written to `docs/comparison.md`, between its marks.
"""

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support"), str(HERE)]

from clusters import objects, serving  # noqa: E402
from questions import QUESTIONS, Cluster, Question  # noqa: E402
from replay import ACME_PROD, ReplayServer  # noqa: E402
from tools import TOOLS, Cost, Given, Said, Tool, export, install, run  # noqa: E402

PAGE = ROOT / "docs" / "comparison.md"
REFUSED = {"pods": "Pod", "clusterroles": "ClusterRole"}
OUTCOMES = ("right", "false pass", "false fail", "left open", "no answer")


class World(NamedTuple):
    name: str
    recording: Path
    refused: dict[str, str]
    """Resources that the identity of the tool may not list, with their kinds."""


class Result(NamedTuple):
    world: str
    tool: str
    outcomes: dict[Question, Counter[str]]
    """How the answers to each question came out."""
    cost: Cost

    @property
    def total(self) -> Counter[str]:
        return sum(self.outcomes.values(), Counter())


def outcomes(question: Question, tool: str, cluster: Cluster, said: list[Said]) -> Counter[str]:
    """How a tool's answers to a question come out, one for each subject."""
    verdicts: dict[tuple[str, str, str] | None, set[str]] = {}
    for check, subject, verdict in said:
        if check in question.check(tool):
            verdicts.setdefault(subject, set()).add(verdict)
    found: Counter[str] = Counter()
    for subject, right in cluster.answers(question).items():
        judged = (verdicts.get(one, set()) for one in _judged(question, tool, cluster, subject))
        answer = _combined(judged) or _combined(iter([verdicts.get(None, set())]))
        found[_outcome(right, answer)] += 1
    return found


def _judged(question: Question, tool: str, cluster: Cluster, subject: tuple[str, str, str]) -> list[tuple[str, str, str]]:
    """The objects whose verdicts are the tool's answer on a subject.

    A workload is its controllers and pods. Peers judge roles, so a binding has the verdict of its role.
    """
    if question.of == "workload":
        return [one for one, top in cluster.top.items() if top == subject]
    if question.of == "binding" and tool != "auditkit":
        return [dict(cluster.bindings())[subject]]
    return [subject]


def _combined(verdicts: Iterator[set[str]]) -> str:
    found = set().union(*verdicts)
    return next((one for one in ("fail", "open", "pass") if one in found), "")


def _outcome(right: bool, answer: str) -> str:
    if answer in ("", "open"):
        return "left open" if answer else "no answer"
    if (answer == "pass") == right:
        return "right"
    return "false pass" if answer == "pass" else "false fail"


def compare(world: World, tool: Tool, programs: Path) -> Result:
    """Runs a tool on a world."""
    found = objects(world.recording)
    with tempfile.TemporaryDirectory() as name, ReplayServer(world.recording) as server:
        folders = [Path(name) / part for part in ("exported", "folder")]
        for folder in folders:
            folder.mkdir()
        export({kind: things for kind, things in found.items() if kind not in world.refused.values()}, folders[0])
        server.forbid(*world.refused)
        said, cost = run(tool, Given(programs, server.kubeconfig(name), *folders))
    cluster = Cluster(found)
    return Result(world.name, tool.name, {one: outcomes(one, tool.name, cluster, said)
                                          for one in QUESTIONS if one.check(tool.name)}, cost)


def tables(results: list[Result]) -> Iterator[tuple[str, list[list[str]]]]:
    """The tables of the page, by their marks."""
    yield "totals", [["cluster", "tool", "answers", *OUTCOMES, "CPU seconds", "MB"]] + [
        [one.world, one.tool, str(one.total.total()), *(str(one.total[outcome]) for outcome in OUTCOMES),
         f"{one.cost.seconds:.0f}", f"{one.cost.megabytes:.0f}"] for one in results]
    yield "wrong", [["cluster", "tool", "question", "false passes", "false fails", "of"]] + [
        [one.world, one.tool, question.asks, str(found["false pass"]), str(found["false fail"]), str(found.total())]
        for one in results for question, found in one.outcomes.items() if found["false pass"] or found["false fail"]]
    yield "questions", [["question", "asked of", *(tool.name for tool in TOOLS)]] + [
        [one.asks, one.of, *(", ".join(f"`{check}`" for check in one.check(tool.name)) or "not asked" for tool in TOOLS)]
        for one in QUESTIONS]


def write(results: list[Result]) -> None:
    text = PAGE.read_text(encoding="utf-8")
    for mark, rows in tables(results):
        lines = [f"| {' | '.join(row)} |" for row in rows]
        table = "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]])
        text = re.sub(rf"(?s)(<!-- {mark} -->\n).*?(\n<!-- end -->)", lambda found, table=table: f"{found[1]}{table}{found[2]}", text)
    PAGE.write_text(text, encoding="utf-8")


def main() -> None:
    folder = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as name:
        small = serving(HERE / "edges.yaml", Path(name))
        worlds = [World("recorded", ACME_PROD, {}), World("refused", ACME_PROD, REFUSED), World("edges", small, {})]
        results = []
        for world in worlds:
            for tool in TOOLS:
                results.append(compare(world, tool, install(tool, folder)))
                print(world.name, tool.name, dict(results[-1].total), results[-1].cost, flush=True)
    write(results)


if __name__ == "__main__":
    main()
