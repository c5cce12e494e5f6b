"""`make bench`: how fast lists become tables and verdicts, and in how much memory.

Everything is a ratio to a known thing in the same run, best of three, since machines differ and are shared:
`orjson.loads` of the same bytes, the official client's own deserialisation, or the smaller of two sizes. Prints a
table, and with ``--json FILE`` writes the figures. Memory is measured in a process of its own.
"""

import argparse
import gc
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

from replay import ACME_PROD  # noqa: E402

from tests.bench.pods import grow_pods, grow_recording  # noqa: E402

FRAMEWORKS = ("cis-kubernetes", "soc2", "hipaa")


def best(work: Callable[[], object], rounds: int = 3) -> float:
    """The shortest of three times in seconds, with cyclic garbage collection off in all of them."""
    gc.collect()
    gc.disable()
    try:
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        return min(times)
    finally:
        gc.enable()


def tables_of_pages(pages: list[bytes]) -> dict:
    from auditkit.collectors.decode.objects import decode
    from auditkit.collectors.listing import tables_of

    batches: dict[str, list] = {}
    for page in pages:
        for name, found in decode(page, "pods").batches.items():
            batches.setdefault(name, []).extend(found)
    return tables_of(batches)


def official_client(pages: list[bytes]) -> Callable[[], object]:
    """The official client's own way from bodies to its model classes."""
    from kubernetes import client

    api = client.ApiClient()
    texts = [page.decode() for page in pages]

    def deserialize() -> None:
        for text in texts:
            api.deserialize(text, "V1PodList", "application/json")

    return deserialize


def orjson_all(pages: list[bytes]) -> None:
    import orjson

    for page in pages:
        orjson.loads(page)


def measure_tables(size: int) -> dict[str, float]:
    pages = list(grow_pods(ACME_PROD, size))
    return {"MB": sum(map(len, pages)) / 1e6, "orjson": best(lambda: orjson_all(pages)),
            "tables": best(lambda: tables_of_pages(pages))}


def measure_client() -> float:
    """How many times longer the official client takes for 5,000 pods than lists to tables."""
    pages = list(grow_pods(ACME_PROD, 5000))
    return best(official_client(pages)) / best(lambda: tables_of_pages(pages))


def measure_run(size: int, folder: Path) -> dict[str, float]:
    """Collect and evaluate in a process of its own: seconds, and peak memory above the imports."""
    recording = grow_recording(ACME_PROD, folder / str(size), size)
    done = subprocess.run([sys.executable, __file__, "--inside", str(recording)], check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def inside(recording: Path) -> None:
    """What `measure_run` runs: one collection and the three frameworks."""
    import pyarrow as pa

    from auditkit.checks import all_checks
    from auditkit.collectors.cluster import collect
    from auditkit.collectors.sources.kubectl_files import open_files
    from auditkit.evaluation.evaluation import evaluate
    from auditkit.framework import library, model

    checks = all_checks()
    small = collect(open_files(ACME_PROD))  # so that nothing is imported for the first time when it counts
    every = model.Framework(framework="all", title="All checks", version="", requirements=[
        model.Requirement(id=name, section="", title="", reach="evidenced", checks=[name]) for name in checks])
    for framework in (every, *map(library.load, FRAMEWORKS)):
        evaluate(small, framework)
    before = peak()
    start = time.perf_counter()
    snapshot = collect(open_files(recording))
    collected, after_collect = time.perf_counter(), peak() - before
    for name in FRAMEWORKS:
        evaluate(snapshot, library.load(name))
    evaluated, highest = time.perf_counter(), peak() - before
    again = collect(open_files(recording))  # without what the frameworks have derived already
    begun = time.perf_counter()
    evaluate(again, every)
    print(json.dumps({
        "collect": collected - start, "evaluate": evaluated - collected, "all_checks": time.perf_counter() - begun,
        "collected_MB": after_collect, "peak_MB": highest,
        "read_MB": sum(body.bytes for entry in snapshot.manifest.ledger for body in entry.bodies) / 1e6,
        "tables_MB": sum(snapshot.arrow(name).nbytes for name in snapshot._tables) / 1e6,
        "arrow_MB": pa.default_memory_pool().max_memory() / 1e6}))


def peak() -> float:
    """The highest resident memory of this process so far, in MB. (``ru_maxrss`` would count its parent's too.)"""
    status = Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1000


def figures() -> dict[str, float]:
    small, large = measure_tables(10_000), measure_tables(50_000)
    with tempfile.TemporaryDirectory() as folder:
        run_small, run_large = measure_run(10_000, Path(folder)), measure_run(50_000, Path(folder))
    return {
        "lists to tables / orjson.loads, 10,000 pods": small["tables"] / small["orjson"],
        "lists to tables / orjson.loads, 50,000 pods": large["tables"] / large["orjson"],
        "official client / lists to tables, 5,000 pods": measure_client(),
        "lists to tables, 50,000 / 10,000 pods": large["tables"] / small["tables"],
        "evaluate three frameworks / collect, 50,000 pods": run_large["evaluate"] / run_large["collect"],
        "evaluate, 50,000 / 10,000 pods": run_large["evaluate"] / run_small["evaluate"],
        "peak memory of collect + evaluate, 50,000 pods, MB": run_large["peak_MB"],
        "memory added by collecting / bytes read, 50,000 pods": run_large["collected_MB"] / run_large["read_MB"],
        "all checks / collect, 50,000 pods": run_large["all_checks"] / run_large["collect"],
        "lists to tables, 50,000 pods, s": large["tables"],
        "collect, 50,000 pods, s": run_large["collect"],
        "evaluate, 50,000 pods, s": run_large["evaluate"],
        "all checks, 50,000 pods, s": run_large["all_checks"],
    }


BOUNDS = {
    "lists to tables / orjson.loads, 50,000 pods": ("<=", 1.0),
    "official client / lists to tables, 5,000 pods": (">=", 10.0),
    "lists to tables, 50,000 / 10,000 pods": ("<=", 5.5),
    "evaluate three frameworks / collect, 50,000 pods": ("<=", 1.0),
    "peak memory of collect + evaluate, 50,000 pods, MB": ("<=", 400.0),
    "memory added by collecting / bytes read, 50,000 pods": ("<=", 0.5),
    "all checks / collect, 50,000 pods": ("<=", 1.0),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--inside", type=Path)
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    if given.inside:
        inside(given.inside)
        return
    measured = figures()
    for name, value in measured.items():
        way, bound = BOUNDS.get(name, ("", None))
        met = "" if bound is None else "met" if (value <= bound) == (way == "<=") else "NOT MET"
        print(f"{value:10.2f}  {name:<55} {f'{way} {bound:g}' if bound else '':<8} {met}")
    if given.json:
        given.json.write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
