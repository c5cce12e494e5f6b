"""What our own checks say of each pod, container and workload, to compare it with what other tools say."""

import pandas as pd

from auditkit import tables
from auditkit.analysis.columns import STRING
from auditkit.analysis.findings.agreement import equivalent_rules
from auditkit.checks.model import Judgement


def own_verdicts(all_pods: pd.DataFrame, all_containers: pd.DataFrame, all_volumes: pd.DataFrame,
                 all_container_ports: pd.DataFrame, container_contexts: pd.DataFrame, container_powers: pd.DataFrame,
                 namespaced_objects: pd.DataFrame, all_container_env: pd.DataFrame,
                 all_container_env_from: pd.DataFrame, limit_ranges: pd.DataFrame, pod_specs: pd.DataFrame,
                 spec_security: pd.DataFrame) -> pd.DataFrame:
    """The verdicts of our checks that other tools have rules for: check, kind, namespace, name, verdict.

    ``verdict`` is pass, fail or unknown; what a check does not speak of has no row.
    """
    frames = dict(locals())
    from auditkit.checks import find

    parts = []
    for name in sorted(equivalent_rules()["check"].dropna().unique()):
        check = find(name)
        judgement = check(*(frames[table] for table in check.tables))
        parts.append(_rows(frames[check.tables[0]], check.tables[0], judgement).assign(
            check=pd.Series(name, judgement.ok.index, STRING)))
    found = pd.concat(parts, ignore_index=True)
    return found[found["verdict"].notna()][["check", "kind", "namespace", "name", "verdict"]].reset_index(drop=True)


def _rows(subjects: pd.DataFrame, table: str, judgement: Judgement) -> pd.DataFrame:
    """What each subject is called, and what was judged of it; ``<NA>`` where the rule does not speak of it."""
    declared = tables.TABLES.get(table.removeprefix("all_"))
    kind, (name, _) = (declared.kind, declared.called) if declared else ("", ("name", ""))
    kinds = subjects["kind"] if "kind" in subjects else pd.Series(kind, subjects.index, STRING)
    word = judgement.ok.map({True: "pass", False: "fail"}).astype(STRING).fillna("unknown")
    if judgement.applies is not None:
        word = word.mask(judgement.applies.isna(), "unknown").mask((~judgement.applies).fillna(False), pd.NA)
    return pd.DataFrame({"kind": kinds, "namespace": subjects["namespace"], "name": subjects[name], "verdict": word})
