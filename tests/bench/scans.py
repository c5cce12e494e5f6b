"""Big scans for the benchmarks, and what it takes to read them: time, and the most memory that the process had.

``python tests/bench/scans.py [--small]`` writes a 1 GB audit log and reports of 300 MB, and reads each in a process
of its own. The limit that is kept: 300 MiB, whatever the size.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LIMIT_MIB = 300

_READ = """
import re, sys
from auditkit.scans.read import read_scans
tables, entries = read_scans([sys.argv[1]])
peak = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read()).group(1)) / 1024  # ru_maxrss counts the parent's
print(entries[0].outcome, tables["findings"].num_rows + tables["events"].num_rows, round(peak))
"""


class Measured(NamedTuple):
    """How a file was read: the outcome in the ledger, rows, seconds, and the peak of resident memory in MiB."""

    outcome: str
    rows: int
    seconds: float
    peak: int


def measure(path: Path) -> Measured:
    """Read a scan in a process of its own."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(path)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    outcome, rows, peak = done.stdout.split()
    return Measured(outcome, int(rows), time.perf_counter() - started, int(peak))


def _until(path: Path, size: int, parts: Iterator[str], *, head: str = "", between: str = ",", tail: str) -> Path:
    """A file of at least this many bytes: a head, parts, and a tail."""
    with path.open("w") as file:
        file.write(head)
        written = len(head)
        for number, part in enumerate(parts):
            written += file.write((between if number else "") + part)
            if written >= size:
                break
        file.write(tail)
    return path


def audit_log(path: Path, size: int) -> Path:
    """JSON lines of an API server's audit log."""

    def lines() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield json.dumps(
                {
                    "kind": "Event",
                    "apiVersion": "audit.k8s.io/v1",
                    "level": "RequestResponse",
                    "auditID": f"id-{number}",
                    "stage": "ResponseComplete",
                    "requestURI": f"/api/v1/namespaces/shop/secrets/s-{number % 999}",
                    "verb": "get",
                    "user": {
                        "username": f"system:serviceaccount:shop:web-{number % 50}",
                        "groups": ["system:serviceaccounts", "system:authenticated"],
                    },
                    "sourceIPs": ["10.0.0.1"],
                    "userAgent": "kubectl/v1.30",
                    "responseStatus": {"code": 200},
                    "objectRef": {
                        "resource": "secrets",
                        "namespace": "shop",
                        "name": f"s-{number % 999}",
                        "apiVersion": "v1",
                    },
                    "requestObject": {"data": "x" * 300},
                    "requestReceivedTimestamp": "2026-11-01T10:00:00.123456Z",
                    "annotations": {"authorization.k8s.io/decision": "allow"},
                }
            )

    return _until(path, size, lines(), between="\n", tail="\n")


def trivy_report(path: Path, size: int) -> Path:
    """One JSON document about a cluster."""

    def resources() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            found = [
                {
                    "VulnerabilityID": f"CVE-2026-{at}",
                    "PkgName": f"package-{at}",
                    "InstalledVersion": "1.0",
                    "FixedVersion": "1.1",
                    "Severity": "HIGH",
                    "Title": "t" * 60,
                    "Description": "d" * 600,
                    "References": ["https://example.com"] * 8,
                }
                for at in range(100)
            ]
            yield json.dumps(
                {
                    "Namespace": "shop",
                    "Kind": "Deployment",
                    "Name": f"app-{number}",
                    "Results": [
                        {"Target": f"shop/app-{number}:1 (debian 12)", "Class": "os-pkgs", "Vulnerabilities": found}
                    ],
                }
            )

    return _until(path, size, resources(), head='{"ClusterName":"big","Resources":[', tail="]}")


def trivy_image(path: Path, size: int) -> Path:
    """One JSON document about one image, all of it in one list."""

    def found() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield json.dumps(
                {
                    "VulnerabilityID": f"CVE-2026-{number}",
                    "PkgName": "p",
                    "Severity": "LOW",
                    "Title": "t" * 60,
                    "Description": "d" * 600,
                }
            )

    head = '{"SchemaVersion":2,"ArtifactName":"web:1","Results":[{"Target":"web:1 (debian 12)","Vulnerabilities":['
    return _until(path, size, found(), head=head, tail="]}]}")


def kubescape_report(path: Path, size: int) -> Path:
    """One JSON document whose resources and results belong together."""
    count = max(1, size // 16_000)
    controls = {f"C-{at:04d}": {"name": f"control {at}", "status": "failed", "scoreFactor": 7} for at in range(60)}
    resources = ",".join(
        json.dumps(
            {
                "resourceID": f"apps/v1/shop/Deployment/app-{at}",
                "object": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "spec": {"x": "y" * 3000},
                    "metadata": {"name": f"app-{at}", "namespace": "shop", "uid": f"uid-{at}"},
                },
            }
        )
        for at in range(count)
    )

    def results() -> Iterator[str]:
        for at in range(count):
            yield json.dumps(
                {
                    "resourceID": f"apps/v1/shop/Deployment/app-{at}",
                    "controls": [
                        {
                            "controlID": rule,
                            "name": one["name"],
                            "status": {"status": "failed"},
                            "rules": [
                                {
                                    "status": "failed",
                                    "paths": [{"failedPath": "spec.template.spec.containers[0].image"}],
                                }
                            ],
                        }
                        for rule, one in controls.items()
                    ],
                }
            )

    head = json.dumps({"clusterName": "big", "summaryDetails": {"controls": controls}})[:-1]
    head += f',"resources":[{resources}]'
    return _until(path, 1 << 62, results(), head=head + ',"results":[', tail="]}")


SCANS: dict[str, tuple[Callable[[Path, int], Path], int]] = {
    "audit log, JSON lines": (audit_log, 1_000_000_000),
    "Trivy, a cluster": (trivy_report, 300_000_000),
    "Trivy, one image": (trivy_image, 300_000_000),
    "Kubescape": (kubescape_report, 300_000_000),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="a twentieth of the size")
    small = parser.parse_args().small
    over = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, (write, size) in SCANS.items():
            path = write(Path(folder) / "scan", size // 20 if small else size)
            found = measure(path)
            over += found.peak > LIMIT_MIB
            print(
                f"{name:24} {path.stat().st_size / 1e6:7.0f} MB {found.rows:9,} rows {found.seconds:6.1f} s "
                f"{found.peak:5} MiB  {found.outcome}"
            )
            path.unlink()
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
