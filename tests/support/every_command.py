"""Every command that shows or writes what a snapshot has, on one store with two snapshots of a cluster."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import typer

from auditkit.cli.main import app
from auditkit.exports.formats import FORMATS

ELSEWHERE = {
    "collect": "makes the store", "run": "collect, evaluate and report", "demo": "report", "controls": "frameworks",
    "frameworks": "shows frameworks and files of people, and no snapshot",
    "lab": "copies notebooks and starts a server", "notebooks": "copies notebooks with the path of the snapshot",
}
"""Commands that are left out, and why."""
CIS = ["-f", "cis-kubernetes"]


POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: no-pods}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]
  validations:
  - expression: object.metadata.namespace == 'elsewhere'
    messageExpression: "'no pod ' + object.metadata.name + ' in ' + object.metadata.namespace"
"""
USER = "=1+1\x1b]0;x\x07\u202e<script>alert(1)</script>"
EVENT = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Event", "auditID": "a", "stage": "ResponseComplete", "level": "Metadata",
    "verb": "get", "user": {"username": USER}, "objectRef": {"resource": "pods", "namespace": USER, "name": USER},
    "responseStatus": {"code": 200}, "stageTimestamp": "2026-11-01T00:00:00.000000Z",
    "annotations": {"authorization.k8s.io/decision": "allow",
                    "authorization.k8s.io/reason": f'RBAC: allowed by RoleBinding "{USER}/x" of Role "r" to User "{USER}"'},
}


MANIFESTS = """
apiVersion: v1
kind: Namespace
metadata: {name: new, labels: {pod-security.kubernetes.io/enforce: baseline}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: new}
spec: {template: {metadata: {labels: {app: web}}, spec: {hostPID: true, containers: [{name: c, image: web}]}}}
"""


def commands(earlier: Path, later: Path, output: Path) -> Iterator[tuple[object, ...]]:
    """The words of each command, in an order in which files are there when they are read."""
    store = earlier.parents[1]
    period = ["--from", "2026-01-01", "--to", "2026-12-31"]
    yield "show", store
    yield "show", later
    for table in ("namespaces", "container_env", "findings", "secrets", "service_accounts"):
        yield "show", later, table
    for form in ("text", "json", "jsonl"):
        yield "evaluate", earlier, *CIS, "--subjects", "--format", form
        yield "diff", earlier, later, "--format", form
        yield "who-can", "get", "secrets", later, "--format", form
        yield "rights", later, "--format", form
    yield "evaluate", later, *CIS
    yield "diff", earlier, later, *CIS
    yield "explain", later, "5.1.1", *CIS
    yield "given", earlier
    yield "given", earlier, "1", *CIS
    for form in ("text", "json", "csv"):
        yield "period", store, *CIS, *period, "--format", form
    for form in ("json", "csv"):
        for population in ("pods", "images", "changes"):
            yield ("sample", store, "--population", population, "--seed", "s", "--size", "5", *CIS, *period, "--format", form,
                   "--output", output / f"{population}.{form}", "--population-file", output / f"{population}-{form}.jsonl")
    yield "sample", later, "--population", "all_containers", "--seed", "s", "--size", "5"
    for form in FORMATS:
        yield "export", later, *CIS, "--format", form, "--output", output / form
    yield "export", later, *CIS, "--format", "csv", "--output", output / "tables"
    yield "export", later, *CIS, "--format", "parquet", "--output", output / "tables"
    (output / "policy.yaml").write_text(POLICY)
    for form in ("text", "json"):
        yield "policies", later, "--policies", output / "policy.yaml", "--format", form
        yield "policies", later, "--allowed", "--format", form
        yield "policies", later, "--enforce", "restricted", "--format", form
    (output / "audit.log").write_text(json.dumps(EVENT))
    yield "rights", "propose", USER, later, "--log", output / "audit.log"
    yield "rights", "propose", USER, later, "--log", output / "audit.log", "--margin", "--output", output / "roles"
    (output / "manifests.yaml").write_text(MANIFESTS)
    for form in ("text", "json", "jsonl"):
        yield "simulate", later, *CIS, "--apply", output / "manifests.yaml", "--format", form
    yield "remedy", later, *CIS, "--output", output / "remedies"
    for form in ("text", "sarif"):
        yield "evaluate", later, *CIS, "--manifests", output / "manifests.yaml", "--format", form
    yield "workpapers", later, *CIS, "--output", output
    concluded(output / "cis-kubernetes-workpapers.xlsx")
    yield "conclude", later, *CIS, "--output", output / "template.yaml"
    yield "conclude", "--from", output / "cis-kubernetes-workpapers.xlsx", "--output", output / "conclusions.yaml"
    since = ["--since", "2026-01-01", "--until", "2026-12-31"]
    yield "bridge", store, *CIS, *since, "--conclusions", output / "conclusions.yaml", "--output", output / "letter.md"
    yield "bridge", store, *CIS, *since
    yield "report", later, *CIS, "--output", output
    for form in ("text", "json", "jsonl"):
        yield "fleet", store, *CIS, "--format", form, "--dataset", output / "dataset", "--no-report"
    yield "bundle", "--store", store, *CIS, "--output", output / "bundle.zip"
    report, = output.glob("*.pdf")
    yield "keys", "new", output / "audit.key"
    for proof in (store, report, output / "bundle.zip"):
        yield "sign", proof, "--key", output / "audit.key"
        yield "verify", proof, "--store", store, "--trust", output / "audit.pub"
    yield "reperform", report, "--store", store, "--explain", "5.1.1"
    for form in ("xlsx", "csv"):
        yield "access-review", "packet", earlier, "--output", output / f"packet.{form}"
    kept(output / "packet.csv")
    yield "access-review", "check", output / "packet.csv", "--snapshot", earlier
    yield "access-review", "proof", output / "packet.csv", "--snapshot", earlier, "--later", later


def kept(packet: Path) -> None:
    """Fill in a packet: who has the first right shall lose it."""
    with packet.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row.update(decision="keep" if number else "revoke", reviewer="carol", reviewed="2026-11-29")
    with packet.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def concluded(workpapers: Path) -> None:
    """Fill in workpapers: what was found of the first requirement is what they say of it."""
    book = openpyxl.load_workbook(workpapers)
    head, row = book["Requirements"][1], book["Requirements"][2]
    said = {each.value: cell for each, cell in zip(head, row, strict=True)}
    said["tested by"].value, said["tested on"].value, said["result"].value = "Jane Roe", "2026-12-01", "operated"
    said["remark"].value = said["reason"].value
    book.save(workpapers)


def registered() -> set[str]:
    """The names of the commands that there are."""
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
