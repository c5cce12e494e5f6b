"""Audit logs for the use of rights: events a second and peak memory, beside the way that keeps every event.

``python tests/bench/rights.py [--events N]`` writes a log (a million events by default; ten million are 9 GB), reads it in
both ways, each in a process of its own, and prints the ratio of their processor time. The limit that is kept: 500 MiB for ten
million events, and five minutes.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
if str(ROOT / "tests" / "support") not in sys.path:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from audit_worlds import lines  # noqa: E402

_READ = """
import re, sys, time
from auditkit.scans.read import read_scans
from auditkit.scans.uses import read_uses
started, process = time.perf_counter(), time.process_time()
if sys.argv[1] == "grouped":
    count = read_uses([sys.argv[2]]).logs["events"].sum()
else:
    count = read_scans([sys.argv[2]])[0]["events"].num_rows
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) // 1024
print(count, time.perf_counter() - started, time.process_time() - process, peak)
"""


class Measured(NamedTuple):
    """How a log was read: events, seconds, seconds of the processor, and the peak of resident memory in MiB."""

    events: int
    seconds: float
    processor: float
    peak: int


def measure(how: str, path: Path) -> Measured:
    """Read a log in a process of its own: ``grouped``, or ``kept``."""
    done = subprocess.run([sys.executable, "-c", _READ, how, str(path)], cwd=ROOT, check=True, capture_output=True, text=True)
    events, seconds, processor, peak = done.stdout.split()
    return Measured(int(events), float(seconds), float(processor), int(peak))


def write(folder: Path, events: int, per_file: int = 200_000) -> Path:
    """A folder of rotated files."""
    for number in range(-(-events // per_file)):
        with (folder / f"audit-{number:03d}.log").open("w") as file:
            file.writelines(f"{line}\n" for line in lines(min(per_file, events - number * per_file), seed=number))
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    events = parser.parse_args().events
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder), events)
        ways = {how: measure(how, path) for how in ("grouped", "kept")}
    for how, found in ways.items():
        print(f"{how:8} {found.events:10,} events {found.events / found.seconds:8,.0f} a second {found.seconds:7.1f} s "
              f"{found.processor:7.1f} s processor {found.peak:5} MiB")
    print(f"grouped takes {ways['grouped'].processor / ways['kept'].processor:.2f} of the processor time of keeping them")


if __name__ == "__main__":
    main()
