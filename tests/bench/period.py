"""How a period grows with its snapshots: CPU seconds of 90, 180 and 365 days, from stored verdicts and judged anew.

Prints the figures and their ratios to the smallest; linear growth is 2.0 and 4.1. Each is measured in a process of its
own, from its start to its end. ``--changing`` gives the pods of each day other contents, so that little is shared.
"""

import argparse
import datetime as dt
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from replay import ACME_PROD  # noqa: E402
from years import days, noon, written  # noqa: E402

SIZES = (90, 180, 365)
START = dt.date(2026, 1, 1)


def fill(store: Path, number: int, *, changing: bool) -> None:
    """Daily snapshots of the two recordings in turns of twenty days."""
    from auditkit.collectors.cluster import collect
    from auditkit.collectors.sources.kubectl_files import open_files
    from auditkit.snapshots.snapshot import Snapshot

    contents = [collect(open_files(ACME_PROD.parent / name)) for name in ("acme-prod", "acme-prod-later")]
    for place, day in enumerate(days(START, number)):
        content = contents[place // 20 % 2]
        if changing:
            pods = content._tables["pods"]
            turned = pods.take([(row + place) % len(pods) for row in range(len(pods))])
            content = Snapshot(content.manifest, {**content._tables, "pods": turned})
        written(store, content, noon(day), cluster="acme")


def measured(store: Path, *more: str) -> float:
    """CPU seconds of a process that prints a period."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "auditkit", "period", store, "-f", "soc2", "--from", "2026-01-01", "--to",
                    "2026-12-31", "--format", "csv", *more], check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changing", action="store_true")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    given = parser.parse_args()
    first: tuple[float, float] | None = None
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        for number in given.sizes:
            store = Path(folder) / str(number)
            fill(store, number, changing=given.changing)
            anew, stored = measured(store), measured(store)
            first = first or (anew, stored)
            print(f"{number:4} days: anew {anew:7.1f} s ({anew / first[0]:.1f}), stored {stored:6.1f} s "
                  f"({stored / first[1]:.1f})", flush=True)


if __name__ == "__main__":
    main()
