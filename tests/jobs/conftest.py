"""The folder of a job."""

from pathlib import Path

import pytest
from fleet_worlds import rules
from job_worlds import cluster


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two clusters and a framework of its own."""
    rules(tmp_path)
    for name in ("a", "b"):
        cluster(tmp_path, name)
    return tmp_path
