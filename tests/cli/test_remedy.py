"""`auditkit remedy`."""

from pathlib import Path

from simulated import deployment, snapshot, stored
from typer.testing import CliRunner

from auditkit.cli.main import app


def test_manifests_are_listed_and_written_with_what_they_mend(tmp_path: Path) -> None:
    snap = snapshot(*deployment(), stored("ServiceAccount", "default")).write(tmp_path / "store")
    done = CliRunner().invoke(app, ["remedy", str(snap), "-f", "cis-kubernetes", "--output", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert "Deployment_shop_web.yaml\tworkloads.seccomp_profile_set\tThe runtime blocks system calls" in done.stdout
    assert f"manifests in {tmp_path / 'out'}; " in done.stderr
    text = (tmp_path / "out" / "Deployment_shop_web.yaml").read_text()
    assert text.startswith("# workloads.token_mounted_only_where_needed: Its pods get no token of the service account default")
