"""A fleet whose store is on a real S3 server: the same rows, frames and report as in a folder."""

from pathlib import Path

import object_stores
import pytest
from command_line import auditkit
from fleet_worlds import member, rules

import auditkit as public

pytestmark = pytest.mark.slow


def test_a_store_on_s3_is_judged_reported_and_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (object_stores.s3(tmp_path / "server") as port,
          object_stores.reached(port, tmp_path / "cache", monkeypatch)):
        object_stores.driver(port).mkdir("evidence")
        url = "s3://evidence/fleet"
        for name in ("dev-eu", "prod-eu"):
            member(url, name, privileged=name == "prod-eu")
        words = ["-f", "wards", "--controls", rules(tmp_path)]
        done = auditkit("fleet", url, "-o", tmp_path / "reports", *words)
        assert done.returncode == 0, done.stderr
        assert f"] {url}/prod-eu/" in done.stderr and len(list((tmp_path / "reports").glob("fleet-fleet-*.pdf"))) == 1
        fleet = public.fleet(url, "wards", controls=tmp_path / "rules")
        assert fleet.worst[["requirement", "where"]].values.tolist() == [["A1", "prod-eu"]]
        (tmp_path / "pod.yaml").write_text('{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system", "uid": "u"}}')
        (tmp_path / "job.yaml").write_text(f"clusters: [{{recording: pod.yaml, name: a}}]\nframeworks: [wards]\n"
                                           f"controls: rules\nstore: {url}\nreports: {{faces: []}}\n")
        first, second = (auditkit("run", "--config", tmp_path / "job.yaml") for _ in range(2))
        assert first.returncode == 0 and first.stdout.startswith(f"{url}/a/"), first.stderr
        assert "Nothing to do" in second.stderr and second.stdout == first.stdout
