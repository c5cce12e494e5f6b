"""The evidence that a report carries with it, so that it can be re-performed: the manifest and the ledger of the
snapshot, every requirement and every verdict, and the files of people that were used.

``seal.json`` says what the report rests on: the digests of the snapshot, of the framework, of auditkit's own sources
and of the other attachments. Its SHA-256 digests stand on the cover of the PDF.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.analysis.workloads.owners import Owners
from auditkit.base.version import VERSION
from auditkit.errors import UsageError
from auditkit.evaluation.basis import framework_digest, package_digest
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.inputs import Input
from auditkit.evaluation.words import SUBJECT
from auditkit.exports.columns import Exported
from auditkit.exports.frames import TABLES
from auditkit.reports.panels.attached import packed, packed_table
from auditkit.reports.panels.block import Block
from auditkit.reports.panels.checks import checks
from auditkit.reports.panels.dictionary import columns

SEAL = "seal.json"

VERDICT_COLUMNS = ["requirement", "check", "severity", "verdict", *SUBJECT, "owner", "team", "seen", "wanted", "reason",
                   "accepted"]


def evidence(evaluation: Evaluation, *shown: Block) -> Block:
    """The attachments of a report: the files themselves, packed into the notebook, and their digests.

    ``shown`` are tables of the notebook (`show.table`) whose files belong to the evidence: a report with a seal has
    no attachment that its seal does not name. Raises `UsageError` where two files have the same name.
    """
    snap, files = evaluation.snapshot, []
    if snap.path is not None:
        files.append(packed("manifest.json", "application/json",
                            "The manifest of the snapshot. Its SHA-256 is the digest of the snapshot",
                            (snap.path / "manifest.json").read_bytes()))
    files += [
        _table("requirements.csv", "Every requirement with its status and reason", evaluation.requirements),
        packed_table("verdicts.csv", "Every verdict with its requirement, check, subject, observed value and reason",
                     _verdicts(evaluation), VERDICT_COLUMNS),
        _table("ledger.csv", "Every request to the source and its outcome", snap.ledger),
        _table("checks.csv", "Every check of each requirement: its rule, how it is proved, the number of each verdict",
               checks(evaluation)),
        *(_exported(TABLES[name], evaluation) for name in ("failures", "gaps", "objects", "crosswalk")),
        _table("dictionary.csv", "The meaning of the columns of the tables that the checks read", columns(evaluation)),
        *({**file, "content": ""} for block in shown for file in block.content["files"]),
    ]
    for name, meaning, frame in (
        ("exceptions", "The accepted risks", evaluation.exceptions),
        ("attestations", "The attestations", evaluation.attestations),
        ("out_of_scope", "What the scope leaves out: requirements and subjects",
         pd.concat(TABLES["out_of_scope"].rows(evaluation)) if evaluation.scope else pd.DataFrame()),
        ("carve_outs", "The requirements that another organisation provides",
         evaluation.scope.carve_outs if evaluation.scope else pd.DataFrame()),
        ("own", "The user's own frameworks and checks, with their digests and proof", evaluation.own),
    ):
        if len(frame):
            files.append(_table(f"{name}.csv", meaning, frame))
    given = [packed(name, "text/plain", f"The file {one.name} as it was used (--{one.kind})", one.content)
             for name, one in zip(_names(evaluation.inputs), evaluation.inputs, strict=True)]
    _apart(files)
    seal = _seal(evaluation, {file["name"]: file["sha256"] for file in files}, given)
    files = [packed(SEAL, "application/json", "What the report rests on, by digest: auditkit reperform reads it",
                    json.dumps(seal, indent=1, ensure_ascii=True).encode()), *files, *given]
    return Block("evidence", title="Attachments", files=files, seal=seal)


def _verdicts(evaluation: Evaluation) -> Iterator[pa.Table]:
    """The verdicts of each requirement and check, with the workload and the team that each subject belongs to."""
    owners = Owners(evaluation.snapshot.top_owners)
    for _, table in evaluation.tables():
        yield table.append_column("owner", owners.of(table))


def _apart(files: list[dict[str, Any]]) -> None:
    names = [file["name"] for file in files]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"Two attachments of the report are called {twice}. Give each table of show.table a title of "
                         "its own.")


def _seal(evaluation: Evaluation, tables: dict[str, str], given: list[dict[str, Any]]) -> dict[str, Any]:
    """What a report rests on: the content of ``seal.json``."""
    framework = evaluation.framework
    return {
        "auditkit": VERSION, "rules_sha256": package_digest(), "snapshot": evaluation.snapshot.digest,
        "framework": framework.framework, "framework_version": framework.version,
        "framework_sha256": framework_digest(framework), "pss_version": evaluation.pss_version,
        "owner_label": evaluation.owner_label, "categories": _categories(evaluation), "files": tables,
        "given": [{"kind": one.kind, "name": one.name, "attachment": file["name"], "sha256": one.sha256}
                  for one, file in zip(evaluation.inputs, given, strict=True)]}


def _categories(evaluation: Evaluation) -> list[str]:
    """The categories that were chosen without a scope file, which would say them."""
    scope = evaluation.scope.scope if evaluation.scope else None
    return scope.bounds.categories if scope and scope.path is None else []


def _names(inputs: Iterable[Input]) -> list[str]:
    """The names that files of people have as attachments: each once, in characters that every system takes."""
    names: list[str] = []
    for one in inputs:
        name = f"{one.kind}--{re.sub(r'[^A-Za-z0-9_.-]', '_', one.name)}"
        names.append(name if name not in names else f"{len(names)}-{name}")
    return names


def _table(name: str, meaning: str, frame: pd.DataFrame) -> dict[str, Any]:
    return packed_table(name, meaning, [frame], list(frame))


def _exported(table: Exported, evaluation: Evaluation) -> dict[str, Any]:
    return packed_table(f"{table.name}.csv", table.meaning, table.arrow(evaluation),
                        [column.name for column in table.columns])
