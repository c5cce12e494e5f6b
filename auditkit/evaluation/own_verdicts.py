"""Verdicts of the built-in checks on pods, containers and workloads, for comparison with other tools."""

import numpy as np
import pandas as pd

from auditkit.analysis import provide
from auditkit.analysis.columns import STRING
from auditkit.analysis.findings.agreement import equivalent_rules
from auditkit.checks import find
from auditkit.evaluation.engine import verdicts_of
from auditkit.evaluation.results import called, frame_of


@provide
def own_verdicts(all_pods: pd.DataFrame, all_containers: pd.DataFrame, all_volumes: pd.DataFrame,
                 all_container_ports: pd.DataFrame, container_contexts: pd.DataFrame, container_systems: pd.DataFrame,
                 container_powers: pd.DataFrame,
                 namespaced_objects: pd.DataFrame, all_container_env: pd.DataFrame,
                 all_container_env_from: pd.DataFrame, limit_ranges: pd.DataFrame, pod_specs: pd.DataFrame,
                 spec_security: pd.DataFrame) -> pd.DataFrame:
    """Verdicts of the built-in checks for which other tools have rules: check, kind, namespace, name, verdict.

    ``verdict`` is pass, fail or unknown. Subjects outside the scope of a check have no row.
    """
    frames = dict(locals())
    parts = []
    for name in sorted(equivalent_rules()["check"].dropna().unique()):
        check = find(name)
        population, judgement = frames[check.tables[0]], check(*(frames[table] for table in check.tables))
        subjects = frame_of(called(population, check.tables[0], np.arange(len(population))))
        word = pd.Series(verdicts_of(judgement).to_pylist(), subjects.index, STRING)
        parts.append(subjects.assign(check=pd.Series(name, subjects.index, STRING), verdict=word))
    found = pd.concat(parts, ignore_index=True)
    return found[found["verdict"] != "not_applicable"][["check", "kind", "namespace", "name", "verdict"]].reset_index(
        drop=True)
