"""How long many reports take: fifty reports of fifty clusters, as a ratio to the first, in one run.

The first is what somebody waits for who asks for one report: a process that imports, judges, runs the notebook and draws it.
The fifty are drawn as `auditkit run --config` draws them. Verdicts are stored before both, as they are after a night.
``--faces`` are those that are drawn (``page``, ``paper``, both, or ``none`` for the notebook alone).
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

BOUND = 4.0
"""What fifty reports may take, in times of the first, on two cores."""


def fill(store: Path, number: int) -> list[Path]:
    """Snapshots of so many clusters, each judged."""
    import datetime as dt

    from replay import ACME_PROD
    from years import noon, written

    import auditkit
    from auditkit.collectors.cluster import collect
    from auditkit.collectors.sources.kubectl_files import open_files

    content = collect(open_files(ACME_PROD))
    found = [written(store, content, noon(dt.date(2026, 11, 22)), cluster=f"c{place:02}", cluster_uid=f"uid-{place}")
             for place in range(number)]
    for path in found:
        auditkit.evaluate(path, FRAMEWORK)
    return found


FRAMEWORK = "soc2"
DRAW = """
import sys
from auditkit.fleets.drawing import Wanted, draw
folder, faces, *paths = sys.argv[1:]
done = list(draw([Wanted(path, "soc2") for path in paths], folder, [] if faces == "none" else faces.split(","), {}))
assert not any(each.problem for each in done) and len(done) == len(paths), done
"""


def seconds(folder: Path, faces: str, paths: list[Path]) -> tuple[float, float]:
    """How long a process takes to draw these reports, and how much of a processor it and its processes use, in seconds."""
    begun, used = time.perf_counter(), _used()
    subprocess.run([sys.executable, "-c", DRAW, str(folder), faces, *map(str, paths)], check=True, cwd=ROOT)
    return time.perf_counter() - begun, _used() - used


def _used() -> float:
    found = resource.getrusage(resource.RUSAGE_CHILDREN)
    return found.ru_utime + found.ru_stime


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--number", type=int, default=50)
    options.add_argument("--faces", default="page,paper")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = fill(folder / "store", given.number)
        first, first_used = seconds(folder / "one", given.faces, paths[:1])
        many, many_used = seconds(folder / "many", given.faces, paths)
    ratio = many / first
    met = "not measured" if given.number != 50 else "met" if ratio <= BOUND else "NOT MET"
    print(f"{first:8.1f}  s, the first report ({given.faces}); {first_used:.1f} s of a processor")
    print(f"{many:8.1f}  s, {given.number} reports of {given.number} clusters; {many_used:.1f} s of a processor")
    print(f"{(many_used - first_used) / max(1, given.number - 1):8.2f}  s of a processor for each further report")
    print(f"{ratio:8.2f}  times the first (bound {BOUND:g} for 50 on two cores: {met})")


if __name__ == "__main__":
    main()
