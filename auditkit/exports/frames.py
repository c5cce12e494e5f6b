"""The tables of an evaluation, as every export has them: `TABLES`, with the meaning of each column.

CSV and Parquet (`auditkit.exports.tables`) and the workbook (`auditkit.exports.workbook`) are written from these frames
and from nothing else, so that they cannot differ.
"""

import hashlib
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa

from auditkit.analysis.workloads.owners import Owners
from auditkit.evaluation.evaluation import Evaluation
from auditkit.evaluation.results import Outcome, Result
from auditkit.evaluation.sentences import subjects_of
from auditkit.evaluation.words import SUBJECT
from auditkit.exports.columns import Column, Exported
from auditkit.exports.trace import objects, population_of, sources_of
from auditkit.framework.crosswalk import crosswalk
from auditkit.framework.definition import DIGITS, definition

REQUIREMENT = Column("requirement", "Identifier of the requirement in its framework")
CHECK = Column("check", "Name of the check", widest=34)
SEVERITY = Column("severity", "Severity of the check: low, medium, high, critical")
NAMED = (
    Column("kind", "Kind of the subject", widest=22),
    Column("namespace", "Namespace of the subject; empty for what belongs to the whole cluster"),
    Column("name", "Name of the subject", widest=40),
    Column("container", "Container of the pod, or subject of the binding; empty where there is none"),
)
OBSERVED = Column("observed", "Values of the subject that decided the verdict", widest=50)
EXPECTED = Column("expected", "Value that is wanted, with the parameters in force", widest=40)
REASON = Column("reason", "Why the subject has this verdict", widest=60)
ACCEPTED = Column("accepted", "True if a valid risk acceptance covers this failure", "bool")
OWNER = Column("owner", "Workload that the object belongs to in the end, or is; empty where there is none")
TEAM = Column("team", "Whose the object is, by the label that was named (--owner-label)", optional=True)
FILE = (
    Column("file", "File in which it is written"), Column("line", "Line of the file", "int64"),
    Column("sha256", "SHA-256 of the file", widest=20),
)

EXAMINE, NOT_SHOWN, NOT_DECIDED, NOT_READ = (
    "to examine", "not shown by a cluster", "subjects not decided", "source not read completely")
"""Why something is not known, in the table ``gaps``."""


def population_digest(outcome: Outcome) -> str:
    """The SHA-256 of a population: each subject as kind, namespace, name and container, each ended by a zero byte,
    then a line feed; the lines sorted as bytes. Whoever has the list can compute it."""
    rows = outcome.population[SUBJECT].fillna("").itertuples(index=False, name=None)
    lines = sorted("".join(f"{part}\0" for part in row).encode("utf-8", "surrogatepass") + b"\n" for row in rows)
    return hashlib.sha256(b"".join(lines)).hexdigest()


def _requirements(evaluation: Evaluation) -> Iterator[pd.DataFrame]:
    yield evaluation.requirements.assign(
        definition=[definition(result.requirement)[:DIGITS] for result in evaluation.results])


def _populations(evaluation: Evaluation) -> Iterator[pd.DataFrame]:
    digests: dict[int, str] = {}
    rows = []
    for result in evaluation.results:
        for outcome in result.outcomes:
            if id(outcome) not in digests:
                digests[id(outcome)] = population_digest(outcome)
            rows.append(_population(result, outcome, digests[id(outcome)]))
    yield _frame("populations", rows)


def _population(result: Result, outcome: Outcome, digest: str) -> dict[str, Any]:
    counts = outcome.counts
    return {
        "requirement": result.requirement.id, "check": outcome.check.name, "title": outcome.check.title,
        "severity": outcome.check.severity, "population": subjects_of(outcome.check), "subjects": len(outcome),
        "in_scope": len(outcome) - counts["not_applicable"], "passed": counts["pass"], "failed": counts["fail"],
        "unknown": counts["unknown"], "not_applicable": counts["not_applicable"], "out_of_scope": outcome.outside,
        "complete": not outcome.missing, "gaps": "; ".join(outcome.gaps), "sha256": digest,
    }


def _verdicts(evaluation: Evaluation) -> Iterator[pa.Table]:
    for _, table in evaluation.tables():
        yield _renamed(table)


def _failures(evaluation: Evaluation) -> Iterator[pa.Table]:
    owners = Owners(evaluation.snapshot.top_owners)
    for check, table in evaluation.tables("fail"):
        if count := len(table):
            more = {"owner": owners.of(table)} | {name: pa.repeat(value, count) for name, value in {
                "remedy": check.remedy, "table": population_of(check),
                "sources": " ".join(sources_of(check, evaluation.snapshot))}.items()}
            for name, values in more.items():
                table = table.append_column(name, values)
            yield _renamed(table)


def _renamed(table: pa.Table) -> pa.Table:
    return table.rename_columns({name: {"seen": "observed", "wanted": "expected"}.get(name, name)
                                 for name in table.column_names})


def _crosswalk(evaluation: Evaluation) -> Iterator[pd.DataFrame]:
    checks = dict.fromkeys(outcome.check.name for result in evaluation.results for outcome in result.outcomes)
    yield crosswalk(checks, evaluation.framework, evaluation.controls)


def _out_of_scope(evaluation: Evaluation) -> Iterator[pd.DataFrame]:
    if evaluation.scope:
        yield evaluation.scope.requirements
        yield evaluation.scope.subjects


def _gaps(evaluation: Evaluation) -> Iterator[pd.DataFrame]:
    yield _frame("gaps", [row for result in evaluation.results for row in _not_known(result)])


def _not_known(result: Result) -> Iterator[dict[str, Any]]:
    """What is not known of a requirement: sources, subjects, and what no cluster shows."""
    stated = result.requirement
    ask = stated.ask_next or stated.look_at
    for outcome in result.outcomes:
        about = {"requirement": stated.id, "check": outcome.check.name, "ask": ask}
        for gap in outcome.gaps:
            yield {**about, "kind": NOT_READ, "what": gap}
        if outcome.check.if_empty and outcome.empty:
            yield {**about, "kind": NOT_READ, "what": outcome.check.if_empty}
        for reason, count in outcome.reasons("unknown"):
            yield {**about, "kind": NOT_DECIDED, "what": reason, "subjects": count}
    if stated.cannot_show:
        yield {"requirement": stated.id, "check": "", "kind": NOT_SHOWN, "what": stated.cannot_show, "ask": ask}
    elif not result.outcomes and result.status in ("manual", "attested"):
        yield {"requirement": stated.id, "check": "", "kind": EXAMINE, "what": str(result.reason), "ask": ask}


def _frame(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[column.name for column in TABLES[name].columns])


_ALL = (
    Exported("requirements", "Every requirement of the framework with its status", (
        Column("id", "Identifier of the requirement in its framework", widest=16),
        Column("section", "Section of the framework"),
        Column("title", "What the requirement is about, in auditkit's words", widest=40),
        Column("obligation", "standard, required or addressable, where the framework says so", optional=True),
        Column("level", "Profile level, where the framework has levels", "int64", optional=True),
        Column("reach", "How much a cluster shows: evidenced (all), partly, attested (nothing)"),
        Column("status", "fail, exception_noted, unknown, manual, attested, pass or not_applicable", widest=16,
               word=True),
        Column("accepted", "True if it fails and valid risk acceptances cover all of it", "bool", widest=12),
        Column("severity", "Highest severity of a check that fails; empty where none does", widest=12),
        Column("reason", "Why it has this status", widest=70),
        Column("checks", "Number of checks", "int64"),
        Column("passed", "Number of verdicts pass", "int64"),
        Column("failed", "Number of verdicts fail", "int64"),
        Column("unknown", "Number of verdicts unknown", "int64"),
        Column("not_applicable", "Number of verdicts not applicable", "int64", widest=12),
        Column("definition", "Beginning of the SHA-256 of what the requirement and its checks say", widest=20),
    ), _requirements),
    Exported("populations", "The population of each check: how many subjects, and the digest of their list", (
        REQUIREMENT, CHECK, Column("title", "The state that is wanted", widest=50), SEVERITY,
        Column("population", "What the subjects are"),
        Column("subjects", "Number of subjects", "int64"),
        Column("in_scope", "Number of subjects in scope of the check", "int64"),
        Column("passed", "Number of verdicts pass", "int64"),
        Column("failed", "Number of verdicts fail", "int64"),
        Column("unknown", "Number of verdicts unknown", "int64"),
        Column("not_applicable", "Number of verdicts not applicable", "int64", widest=12),
        Column("out_of_scope", "Number of subjects that the scope leaves out; the other counts are without them",
               "int64", widest=12),
        Column("complete", "True if all that the check reads was read completely", "bool"),
        Column("gaps", "Why the population or its values may be incomplete", widest=60),
        Column("sha256", "SHA-256 of the list of subjects: kind, namespace, name and container, each ended by a zero "
                         "byte, then a line feed; lines sorted", widest=70),
    ), _populations),
    Exported("verdicts", "Every verdict: one row for each requirement, check and subject", (
        REQUIREMENT, CHECK, SEVERITY, Column("verdict", "pass, fail, unknown or not_applicable", widest=16, word=True),
        *NAMED, OBSERVED, EXPECTED, REASON, ACCEPTED,
    ), _verdicts),
    Exported("failures", "Every verdict fail: the exceptions that an auditor notes", (
        REQUIREMENT, CHECK, SEVERITY, *NAMED, OWNER, TEAM,
        OBSERVED, EXPECTED, REASON, ACCEPTED, Column("remedy", "What to do about it", widest=60),
        Column("table", "Table of the snapshot whose row was judged; it has the kind, namespace and name"),
        Column("sources", "Sources of all that the check reads, as the table ledger calls them; one that it does not "
                          "have was not asked for", widest=60),
    ), _failures),
    Exported("objects", "Every judged object: its UID, its owner, and the trace to its source", (
        *NAMED[:3], Column("uid", "UID from the API server", widest=40), OWNER, TEAM,
        Column("table", "Table of the snapshot that has it"),
        Column("sources", "Sources of that table, as the table ledger calls them", widest=60),
    ), objects),
    Exported("crosswalk", "The requirements of all frameworks that name a check of this evaluation", (
        CHECK, Column("framework", "Name of the framework"),
        Column("framework_title", "Title of the framework", widest=40),
        REQUIREMENT, Column("title", "What the requirement is about, in auditkit's words", widest=60),
    ), _crosswalk),
    Exported("out_of_scope", "What the scope leaves out: requirements and subjects, which have no verdict", (
        REQUIREMENT, Column("title", "Title of the requirement", widest=40), *NAMED,
        Column("checks", "Number of checks that would judge the subject", "int64"),
        Column("reason", "Why it is out of scope", widest=60), *FILE[:2],
    ), _out_of_scope),
    Exported("carve_outs", "Requirements that another organisation provides; a carve-out changes no status", (
        Column("organisation", "Who provides it"), Column("service", "The service that provides it"),
        REQUIREMENT, Column("title", "What the requirement is about, in auditkit's words", widest=40),
        Column("status", "Status of the requirement", widest=16, word=True), Column("reason", "Why", widest=50),
        Column("evidence", "Evidence that is expected of the organisation", widest=50), *FILE[:2],
    ), lambda evaluation: iter([evaluation.scope.carve_outs] if evaluation.scope else [])),
    Exported("accepted_risks", "Failures that a named owner accepts until a date", (
        Column("owner", "Who accepts the risk"), Column("reason", "Why", widest=50),
        Column("compensating_control", "What limits the risk instead", widest=50),
        Column("checks", "Checks that it covers", widest=40), Column("requirements", "Requirements that it covers"),
        Column("granted", "First day"), Column("expires", "Last day"),
        Column("state", "valid, expired or not in force yet, on the day of the observation"),
        Column("covers", "Number of failing subjects that it covers", "int64"), *FILE,
    ), lambda evaluation: iter([evaluation.exceptions])),
    Exported("attestations", "Statements by people about what a cluster cannot show", (
        Column("framework", "Framework"), REQUIREMENT, Column("by", "Who attests"),
        Column("says", "What is attested", widest=60),
        Column("holds", "False if the person states that the requirement is not met", "bool"),
        Column("alternative", "Alternative measure, and why", widest=50),
        Column("note", "What failures mean for the requirement, and what is done about them", widest=50),
        Column("since", "First day"), Column("until", "Last day"),
        Column("state", "valid, expired, not in force yet, or the problem with a file"),
        Column("files", "Files that go with it, each with its SHA-256", widest=60), *FILE,
    ), lambda evaluation: iter([evaluation.attestations])),
    Exported("gaps", "What could not be examined, and what to ask for", (
        REQUIREMENT, CHECK,
        Column("kind", f"{NOT_READ}; {NOT_DECIDED}; {NOT_SHOWN}; {EXAMINE}"),
        Column("what", "What is not known, and why", widest=80),
        Column("subjects", "Number of subjects of which it is not known", "int64"),
        Column("ask", "Evidence to request, or what to examine", widest=80),
    ), _gaps),
    Exported("ledger", "Every request to a source, its outcome, and the digest of each response", (
        Column("cluster", "Name of the cluster"), Column("resource", "What was asked for", widest=50),
        Column("path", "Path of the request", widest=60),
        Column("outcome", "complete, forbidden, absent, partial or failed"),
        Column("reason", "Why it is not complete", widest=60),
        Column("items", "Number of objects that were read", "int64"),
        Column("pages", "Number of responses", "int64"), Column("bytes", "Bytes of all responses", "int64"),
        Column("resource_version", "Version of the list in the API server"),
        Column("started", "When the request began", "timestamp"), Column("ended", "When it ended", "timestamp"),
        Column("identity", "Who asked"),
        Column("sha256", "SHA-256 of each response body, separated by spaces", widest=70),
    ), lambda evaluation: iter([evaluation.snapshot.ledger])),
)

TABLES = {table.name: table for table in _ALL}
"""The tables by name."""
