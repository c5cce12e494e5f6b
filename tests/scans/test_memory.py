"""Memory is bounded: a scan four times as large is not read in more of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bench import scans

SMALL, LARGE = 8_000_000, 32_000_000


@pytest.mark.slow
@pytest.mark.parametrize("write", [scans.audit_log, scans.trivy_report, scans.trivy_image, scans.kubescape_report])
def test_memory_does_not_grow_with_the_file(write: Callable[[Path, int], Path], tmp_path: Path) -> None:
    small, large = (scans.measure(write(tmp_path / "scan", size)) for size in (SMALL, LARGE))
    assert small.outcome == large.outcome == "complete"
    assert large.rows > 3 * small.rows > 0
    assert large.peak < scans.LIMIT_MIB
    assert large.peak - small.peak < 60  # what is kept in memory before it lies in a file
