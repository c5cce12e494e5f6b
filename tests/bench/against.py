"""How an older build compares: collecting, evaluating, reporting and running, as ratios of old to new in one run.

``against.py OLD`` takes the path of a worktree of the older commit, with an environment of its own in ``.venv`` (or
``--python``, an interpreter that has what that commit requires):

    git worktree add ../old COMMIT
    python3 -m venv ../old/.venv
    ../old/.venv/bin/pip install --require-hashes -r ../old/requirements.lock
    make bench-against OLD=../old

Both builds do the same one after the other, ``--rounds`` times in turn, and the best of each counts. For each step
there are the seconds of a processor that the process and all its children used, the seconds that passed, and the
highest sum of the memory of them all (``Pss``, in which shared pages count once; sampled, on Linux). Seconds of a
processor are those to trust on a machine that does other work.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

FRAMEWORK = "soc2"
_EVERY = 0.05
"""Seconds between two samples of memory."""


class Build(NamedTuple):
    """A worktree, and the interpreter that has what it requires."""

    tree: Path
    python: Path


class Cost(NamedTuple):
    """What a command took: seconds of processors, seconds that passed, MB."""

    cpu: float
    wall: float
    memory: float


def cost(build: Build, words: list[str], folder: Path) -> Cost:
    """What a command of a build takes. Raises `SystemExit` where it fails: what failed is not fast."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    begun, used, highest = time.perf_counter(), _used(), 0.0
    with open(folder / "said", "w+b") as said:
        process = subprocess.Popen([str(build.python), "-m", "auditkit", *words], cwd=folder, stdout=said, stderr=said,
                                   env={**env, "PYTHONPATH": str(build.tree)})
        while process.poll() is None:
            highest = max(highest, sum(map(_memory, _family(process.pid))))
            time.sleep(_EVERY)
        if process.returncode:
            said.seek(0)
            sys.exit(f"{build.tree}: {' '.join(words)} failed:\n{said.read().decode(errors='replace')}")
    return Cost(_used() - used, time.perf_counter() - begun, highest)


def _used() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def _family(process: int) -> Iterator[int]:
    """A process and those that it started, and so on."""
    yield process
    try:
        children = [child for tasks in os.listdir(f"/proc/{process}/task")
                    for child in Path(f"/proc/{process}/task/{tasks}/children").read_text().split()]
    except OSError:  # it has ended, or this system does not tell
        return
    for child in children:
        yield from _family(int(child))


def _memory(process: int) -> float:
    """The memory of a process in MB; pages that it shares count in part."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended, or this system has none
        return 0
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("Pss:")), 0)


def steps(build: Build, recording: Path, folder: Path) -> dict[str, Cost]:
    """What each step takes on a recording."""
    folder.mkdir()
    found = {"collect": cost(build, ["collect", "--recording", str(recording), "--store", "store", "-q"], folder)}
    snapshot = str(next((folder / "store").glob("*/*/manifest.json")).parent)
    # each on a snapshot of its own: verdicts that are stored would be read by the next
    found["report"] = cost(build, ["report", snapshot, "-f", FRAMEWORK, "-o", "one", "-q"], folder)
    cost(build, ["collect", "--recording", str(recording), "--store", "again", "-q"], folder)
    fresh = str(next((folder / "again").glob("*/*/manifest.json")).parent)
    found["evaluate"] = cost(build, ["evaluate", fresh, "-f", FRAMEWORK], folder)
    found["run"] = cost(build, ["run", "--recording", str(recording), "--store", "runs", "-o", "reports", "-q"], folder)
    return found


def best(costs: list[Cost]) -> Cost:
    """The least of each."""
    return Cost(*map(min, zip(*costs, strict=True)))


def recording(pods: int, folder: Path) -> Path:
    """The recorded cluster, grown where more pods are wanted than it has."""
    from replay import ACME_PROD

    from tests.bench.pods import grow_recording

    return grow_recording(ACME_PROD, folder, pods) if pods > 65 else ACME_PROD


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("old", type=Path, help="worktree of the older commit")
    options.add_argument("--python", type=Path, help="its interpreter (default: OLD/.venv/bin/python)")
    options.add_argument("--pods", type=int, nargs="*", default=[65, 10_000])
    options.add_argument("--rounds", type=int, default=3)
    given = options.parse_args()
    old = given.old.resolve()
    builds = {"old": Build(old, (given.python or old / ".venv" / "bin" / "python").absolute()),
              "new": Build(ROOT, Path(sys.executable))}
    for pods in given.pods:
        with tempfile.TemporaryDirectory() as name:
            read = recording(pods, Path(name) / "recording")
            found: dict[str, list[dict[str, Cost]]] = {which: [] for which in builds}
            for turn in range(given.rounds):
                for which, build in builds.items():
                    found[which].append(steps(build, read, Path(name) / f"{which}-{turn}"))
        for step in found["new"][0]:
            before, now = (best([each[step] for each in found[which]]) for which in builds)
            print(f"{pods:>7,} pods  {step:<9}" + "".join(
                f" {what}: {was:7.1f} / {is_:6.1f} {unit:<2} = {was / is_ if is_ else 0:5.2f}  "
                for what, unit, was, is_ in zip(("processor", "wall", "memory"), ("s", "s", "MB"), before, now, strict=True)),
                flush=True)


if __name__ == "__main__":
    main()
