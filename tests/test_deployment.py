"""What runs auditkit under `deploy/`: rendered, judged by auditkit itself, and as far as it can be run here, run."""

import configparser
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
import types
from pathlib import Path

import msgspec
import papermill
import pytest
import yaml
from replay import ACME_PROD, ReplayServer

from auditkit.api import evaluating, snapshots
from auditkit.base import shipped
from auditkit.checks import all_checks
from auditkit.collectors.sources import live
from auditkit.evaluation import engine
from auditkit.fleets.work import JUDGED, do
from auditkit.jobs.config import Job
from auditkit.jobs.tasks import tasks
from auditkit.snapshots.snapshot import Snapshot

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
COMMANDS = {name: set(re.findall(r"`(--?[a-z-]+)`", text)) for name, text in re.findall(
    r"(?ms)^## auditkit ([a-z-]+)\n(.*?)(?=^## |\Z)", (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8"))}


def verify_command(words: list[str]) -> None:
    """A command of auditkit has a verb and options that exist."""
    verb, *rest = words
    assert {word for word in rest if word.startswith("-")} <= COMMANDS[verb], words


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What `kubectl apply -k` would send, with an image by its digest as the comment asks for."""
    if not shutil.which("kubectl"):
        pytest.skip("kubectl, which renders kustomizations, is not installed")
    folder = tmp_path_factory.mktemp("deploy") / "deploy"
    shutil.copytree(DEPLOY, folder)
    text = (folder / "kustomization.yaml").read_text()
    (folder / "kustomization.yaml").write_text(text.replace('newTag: "0.1.0"', f"digest: 'sha256:{'ab' * 32}'"))
    return subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def snap(rendered: str, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    path = tmp_path_factory.mktemp("rendered") / "all.yaml"
    path.write_text(rendered)
    return snapshots.collect(recording=path, complete=["all"], name="deploy")


@pytest.fixture
def job() -> Job:
    return Job(DEPLOY / "auditkit.yaml")


def template(rendered: str) -> dict:
    [cron] = [each for each in yaml.safe_load_all(rendered) if each["kind"] == "CronJob"]
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    return cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_it_meets_the_restricted_pod_security_standard(snap: Snapshot) -> None:
    statuses = evaluating.evaluate(snap, "pss-restricted").statuses
    assert statuses["pass"] == sum(statuses.values()) > 10
    labels = snap.namespace_labels.set_index("key")["value"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_no_check_fails_but_for_what_it_is_there_for(snap: Snapshot) -> None:
    """A collector needs its token, and asks for kinds of scanners whose names it cannot know."""
    outcomes = {name: engine.run(check, snap) for name, check in all_checks().items() if check.ships}
    failing = {name: outcome.rows("fail")["name"].tolist() for name, outcome in outcomes.items() if outcome.counts["fail"]}
    assert failing == {"access.no_wildcards": ["auditkit"], "workloads.token_mounted_only_where_needed": ["auditkit"]}
    passed = {name for name, outcome in outcomes.items() if outcome.counts["pass"]}
    assert {"workloads.images_pinned_by_digest", "workloads.no_privileged_containers"} <= passed


def test_all_that_the_job_writes_is_on_the_volume_that_stays(rendered: str, job: Job) -> None:
    pod = template(rendered)
    [container] = pod["containers"]
    mounts = {each["mountPath"]: each["name"] for each in container["volumeMounts"]}
    kept = {volume["name"] for volume in pod["volumes"] if "persistentVolumeClaim" in volume}
    environ = {each["name"]: each["value"] for each in container["env"]}
    written = [Path(job.store), job.state, job.place(job.config.reports.folder), job.metrics, Path(environ["XDG_STATE_HOME"])]
    assert all(mounts[f"/{path.parts[1]}"] in kept for path in written)
    assert environ["HOME"] == "/tmp" and "/tmp" in mounts and container["securityContext"]["readOnlyRootFilesystem"]
    verify_command(container["args"])
    config = Path(container["args"][container["args"].index("--config") + 1])
    assert str(config.parent) in mounts and config.name == job.path.name
    assert pod["serviceAccountName"] == "auditkit"


def test_the_job_collects_the_cluster_of_its_pod(job: Job, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a pod finds it: no kubeconfig, an address in the environment, a token and a CA in files."""
    with ReplayServer(ACME_PROD, tls=True, token="of-the-pod") as server:
        (tmp_path / "token").write_text("of-the-pod")
        (tmp_path / "ca.crt").write_bytes(server.ca)
        monkeypatch.setattr(live, "_ACCOUNT", tmp_path)
        host, port = server.url.removeprefix("https://").split(":")
        for name, value in (("KUBERNETES_SERVICE_HOST", host), ("KUBERNETES_SERVICE_PORT", port), ("KUBECONFIG", "/nowhere")):
            monkeypatch.setenv(name, value)
        [task] = tasks(job)
        row = do(msgspec.structs.replace(task, store=str(tmp_path / "store"), frameworks=["pss-baseline"]))
    assert row.outcome == JUDGED and row.cluster == "in-cluster" and row.sources_read > 50, row.problem


def test_the_network_policy_lets_nothing_in(rendered: str) -> None:
    [policy] = [each["spec"] for each in yaml.safe_load_all(rendered) if each["kind"] == "NetworkPolicy"]
    assert policy["policyTypes"] == ["Ingress", "Egress"] and "ingress" not in policy and policy["podSelector"] == {}
    assert {port["port"] for rule in policy["egress"] for port in rule["ports"]} == {53, 443, 6443}


def test_the_container_runs_as_the_user_of_the_pod_and_copies_what_is_there(rendered: str) -> None:
    text = (DEPLOY / "Containerfile").read_text()
    context = template(rendered)["securityContext"]
    assert re.search(r"(?m)^USER (\d+):(\d+)$", text).groups() == (str(context["runAsUser"]), str(context["runAsGroup"]))
    assert 'ENTRYPOINT ["auditkit"]' in text and "--require-hashes" in text
    assert all((ROOT / name).exists() for name in ("pyproject.toml", "README.md", "LICENSE"))


def locked(path: Path) -> dict[str, tuple[str, ...]]:
    """The packages of a lock, each with its version and digests."""
    entries = re.split(r"(?m)^(?=[a-z0-9])", path.read_text())
    return {name: (re.match(r"[^\s;]+", rest)[0], *re.findall(r"sha256:[0-9a-f]{64}", rest))
            for name, found, rest in (entry.partition("==") for entry in entries) if found}


def test_the_image_has_what_auditkit_needs_in_the_versions_that_are_tested() -> None:
    image, tested = locked(DEPLOY / "requirements.lock"), locked(ROOT / "requirements.lock")
    assert image.items() <= tested.items(), "run `make lock`"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for name in ("admission", "s3", "signing") for each in project["optional-dependencies"][name]]
    needed = {re.match(r"[a-z0-9-]+", each)[0] for each in [*project["dependencies"], *extras]}
    assert needed <= image.keys() and not image.keys() & {"pytest", "jupyterlab", "kubernetes", "playwright"}


def test_the_service_of_systemd(tmp_path: Path) -> None:
    service = configparser.ConfigParser(strict=False, interpolation=None)
    service.optionxform = str
    service.read(DEPLOY / "systemd" / "auditkit.service")
    program, *words = shlex.split(service["Service"]["ExecStart"])
    verify_command(words)
    assert program.endswith("/auditkit") and service["Service"]["SuccessExitStatus"] == "143"
    assert service["Service"]["NoNewPrivileges"] == "yes" and service["Service"]["User"] == "auditkit"
    if shutil.which("systemd-analyze"):
        done = subprocess.run(["systemd-analyze", "calendar", "*-*-* 02:15:00 UTC"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert "OnCalendar=*-*-* 02:15:00 UTC" in (DEPLOY / "systemd" / "auditkit.timer").read_text()


MADE: list["Operator"] = []


class Operator:
    """Stands for an operator of Airflow: keeps what it was given, and what comes after it."""

    def __init__(self, **given: object):
        self.given, self.after = given, None
        MADE.append(self)

    def __rshift__(self, other: "Operator") -> "Operator":
        self.after = other
        return other


def test_the_dag_of_airflow_gives_the_notebook_parameters_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow itself is not installed here: its operators are stood for."""
    class Dag:
        def __init__(self, name: str, **given: object):
            assert given["catchup"] is False and given["max_active_runs"] == 1

        def __enter__(self) -> None: ...
        def __exit__(self, *exception: object) -> None: ...

    stands = {"airflow": {"DAG": Dag}, "airflow.operators.bash": {"BashOperator": Operator},
              "airflow.providers.papermill.operators.papermill": {"PapermillOperator": Operator}}
    for name in ("airflow.operators", "airflow.providers", "airflow.providers.papermill", "airflow.providers.papermill.operators"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for name, held in stands.items():
        module = types.ModuleType(name)
        vars(module).update(held)
        monkeypatch.setitem(sys.modules, name, module)
    MADE.clear()
    runpy.run_path(str(DEPLOY / "airflow" / "auditkit_dag.py"))
    job, notebook = MADE
    verify_command(shlex.split(job.given["bash_command"].partition(" || ")[0])[1:])
    assert job.after is notebook
    known = papermill.inspect_notebook(str(shipped.folder("notebooks") / Path(notebook.given["input_nb"]).name))
    assert set(notebook.given["parameters"]) <= set(known)


def test_the_workflow_of_github(tmp_path: Path) -> None:
    workflow = yaml.load((DEPLOY / "github" / "auditkit.yml").read_text(), yaml.BaseLoader)
    steps = workflow["jobs"]["audit"]["steps"]
    commands = [step["run"] for step in steps if step.get("run", "").startswith("auditkit ")]
    for command in commands:
        verify_command(shlex.split(command)[1:])
    assert [shlex.split(command)[1] for command in commands] == ["run", "export"] and workflow["permissions"] == {}
    assert not re.search(r"\$\{\{ *secrets", "".join(step.get("run", "") for step in steps)), "secrets stay out of commands"
