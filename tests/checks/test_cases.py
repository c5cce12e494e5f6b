"""Every check is proved by its cases: it passes the clean ones and fails the mutants."""

import json
import os
from pathlib import Path

import pytest

from auditkit import checks
from auditkit.base import strict_yaml
from auditkit.checks import all_checks
from auditkit.errors import DefinitionError
from auditkit.framework import library
from auditkit.proof import prove as module
from auditkit.proof.prove import MINIMUM, Cases, cases, prove, world


def test_every_check_has_cases():
    missing = {name: (len(found.clean), len(found.mutants)) for name, check in sorted(all_checks().items())
               if len((found := cases(check)).clean) < MINIMUM["clean"] or len(found.mutants) < MINIMUM["mutants"]}
    assert not missing, f"checks with too few (clean, mutants): {missing}"


@pytest.mark.parametrize("name", sorted(all_checks()))
def test_check_passes_clean_worlds_and_fails_mutants(name):
    proof = prove(all_checks()[name])
    assert proof.wrong == []
    if os.environ.get("AUDITKIT_WRITE_DOCS"):
        known = json.loads(module.PROVED.read_text()) if module.PROVED.exists() else {}
        module.PROVED.write_text(json.dumps(dict(sorted((known | {name: proof.text}).items())), indent=1) + "\n")
    assert json.loads(module.PROVED.read_text())[name] == proof.text, "make docs writes it anew"


def test_every_case_belongs_to_a_check():
    """A case under a misspelt name would prove nothing."""
    files = (Path(checks.__file__).parent / "cases").glob("*.yaml")
    named = {f"{file.stem}.{name}" for file in files for name in strict_yaml.read(file, dict[str, Cases])}
    assert named <= set(all_checks())


def test_every_check_says_what_is_wanted_what_to_do_and_where_it_comes_from():
    silent = [name for name, check in all_checks().items()
              if not (check.title.endswith(".") and check.wanted and check.remedy and check.source)]
    assert not silent


OURS = ("api_server", "controller_manager", "scheduler", "etcd", "kubelet", "kube_proxy", "node_files", "workloads",
        "admission", "secrets", "storage", "quotas")


@pytest.mark.parametrize("framework", library.names())
def test_frameworks_name_checks_that_exist(framework):
    named = {name for requirement in library.load(framework).requirements for entry in requirement.checks
             for name in ([entry] if isinstance(entry, str) else entry)}
    assert {name for name in named if name.partition(".")[0] in OURS} <= set(all_checks())


def test_a_proof_tells_which_case_is_judged_wrongly(monkeypatch):
    check = all_checks()["api_server.profiling_disabled"]
    swapped = module.Cases(clean=cases(check).mutants, mutants=cases(check).clean)
    monkeypatch.setattr(module, "cases", lambda _: swapped)
    proof = module.prove(check)
    assert not proof.holds
    assert (proof.clean_passed, proof.mutants_failed) == (0, 0)
    assert len(proof.wrong) == proof.clean + proof.mutants


def test_a_case_with_a_misspelt_table_or_column_is_refused():
    with pytest.raises(DefinitionError, match="contaners"):
        world({"contaners": []})
    with pytest.raises(DefinitionError, match="privilegd"):
        world({"containers": [{"privilegd": True}]})


def test_a_world_makes_up_names_and_takes_what_absence_means():
    snapshot = world({"pods": [{}, {"host_pid": True}], "containers": [{}], "roles": [{"kind": "ClusterRole"}]})
    assert snapshot.pods["name"].tolist() == ["pod-0", "pod-1"]
    assert snapshot.pods["host_pid"].tolist() == [False, True]
    assert snapshot.containers.loc[0, ["namespace", "pod", "name", "type"]].tolist() == \
        ["namespace-0", "pod-0", "container-0", "regular"]
    assert snapshot.roles["namespace"].isna().all()
    assert not any(snapshot.gaps(table) for table in ("pods", "control_plane", "kubelets", "findings"))
