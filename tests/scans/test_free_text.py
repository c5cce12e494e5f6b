"""No value that is a credential is kept of what tools say, whoever says it and in whatever field."""

import re
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import everything, read, written

from auditkit.scans import free_text, registry
from tests.scans import test_careless as careless
from tests.scans.readers import test_audit_policy as audit_policy
from tests.scans.readers import test_gatekeeper as gatekeeper
from tests.scans.readers import test_kubescape as kubescape
from tests.scans.readers import test_policyreport as policyreport
from tests.scans.readers import test_trivy as trivy
from tests.scans.readers import test_trivy_operator as trivy_operator

SILENT = {"vault", "audit-policy"}
"""Tools of which no sentence is kept."""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("password = CANARY1", "password = ***"), ("DB_PASSWORD=CANARY, x", "DB_PASSWORD=***, x"),
        ("curl -H 'Authorization: Bearer CANARY'", "curl -H 'Authorization: ***'"),
        ("DB_PASS=CANARY", "DB_PASS=***"), ("pass: CANARY", "pass: ***"), ("passphrase: 'CANARY x' y", "passphrase: *** y"),
        ("serve --db-password CANARY --aws-secret-access-key CANARY", "serve --db-password *** --aws-secret-access-key ***"),
        ("--tls-private-key-file /a/b --bypass x", "--tls-private-key-file /a/b --bypass x"), ("compass", "compass"),
        ("mysql --password CANARY db", "mysql --password *** db"), ("see https://u:CANARY@h/x", "see https://***@h/x"),
        ("automountServiceAccountToken: true", "automountServiceAccountToken: true"),
        ("spec.volumes[0].secret.secretName", "spec.volumes[0].secret.secretName"), (None, None),
        ("mysql -pCANARY db", "mysql -p*** db"), ("args=[mysqldump,-pCANARY,db]", "args=[mysqldump,-p***,db]"),
        ("mysql -p -h db", "mysql -p -h db"), ("sshpass -p CANARY ssh", "sshpass -p *** ssh"), ("mkdir -pv a", "mkdir -pv a"),
        ("docker login -u me -p CANARY", "docker login -u me -p ***"), ("redis-cli -a CANARY ping", "redis-cli -a *** ping"),
        ("curl -u me:CANARY https://x", "curl -u me:*** https://x"), ("ldapsearch -w CANARY", "ldapsearch -w ***"),
        ("PASSWORD must not be 'CANARY'", "PASSWORD must not be ***"), ('token is "CANARY a"', "token is ***"),
        ("secret 'db' in a must equal `CANARY`", "secret 'db' in a must equal ***"), ("key token is 'true'", "key token is 'true'"),
        ("pods must pass the level 'baseline'", "pods must pass the level 'baseline'"),
        ('password == "CANARY"', "password == ***"), ("token != 'CANARY'", "token != ***"),
        ('{\\"password\\":\\"CANARY\\"}', '{\\"password\\":***}'),
        ("Container 'c' should set 'runAsNonRoot' to true", "Container 'c' should set 'runAsNonRoot' to true"),
    ],
)
def test_values_are_struck_out(text: Any, kept: Any) -> None:
    assert free_text.without_values(text) == kept


@pytest.mark.parametrize("result", [
    {"source": "Falco", "policy": "Read sensitive file", "message": "CANARY --x"},
    {"source": "Trivy ConfigAudit", "policy": "KSV109", "message": "stores CANARY"},
    {"source": "Trivy ConfigAudit", "policy": "AVD-KSV-01010", "rule": "x", "message": "stores CANARY"},
    {"source": "Trivy ExposedSecrets", "policy": "aws-key", "message": "CANARY"},
    {"source": "kyverno", "policy": "p", "message": "validation error: password: CANARY"},
    {"policy": "Terminal shell in container", "message": "A shell (command=mysql CANARY)"},
    {"source": "runtime-bridge", "policy": "Terminal shell in container", "message": "A shell (command=mysql CANARY)"},
])
def test_a_policy_report_is_no_second_door(result: dict, tmp_path: Path) -> None:
    report = {"apiVersion": "wgpolicyk8s.io/v1alpha2", "kind": "PolicyReport", "metadata": {"name": "a"},
              "results": [{"result": "fail", **result}]}
    frames, _ = read(written(tmp_path, "a.json", report))
    assert len(frames["findings"]) == 1 and "CANARY" not in everything(frames)


@pytest.mark.parametrize("source", ["kyverno", "ValidatingAdmissionPolicy", "Trivy ConfigAudit", "kube-bench-adapter"])
def test_a_known_engine_of_a_policy_report_keeps_its_message(source: str, tmp_path: Path) -> None:
    (finding,) = policyreport.found_in(tmp_path, policyreport.report({**policyreport.RESULT, "source": source}))
    assert finding["message"] == "no"


@pytest.mark.parametrize("rule", ["CKV_SECRET_6", "BC_GIT_6", "my_own"])
def test_the_hash_of_a_secret_is_not_kept(rule: str, tmp_path: Path) -> None:
    check = {"check_id": rule, "check_result": {"result": "FAILED"}, "resource": "CANARY", "file_path": "/a.yaml"}
    report = {"check_type": "secrets", "results": {"passed_checks": [], "failed_checks": [check], "skipped_checks": []}}
    frames, _ = read(written(tmp_path, "a.json", report))
    assert "CANARY" not in everything(frames) and frames["findings"]["message"].tolist() == ["/a.yaml"]


def test_names_that_look_like_values_stay() -> None:
    granted = 'RBAC: allowed by RoleBinding "app:token:read/shop" of Role "secret:reader" to User "me"'
    assert free_text.reason(granted) == granted and free_text.word("app:token:read") == "app:token:read"
    assert free_text.reason(f"{granted} PASSWORD=CANARY") == free_text.without_values(f"{granted} PASSWORD=CANARY")
    assert free_text.reason("webhook: token: CANARY") == "webhook: token: ***"


# --- every reader ----------------------------------------------------------------------------------------------------

KUBE_BENCH = {"Controls": [{"version": "cis-1.8", "node_type": "master", "tests": [{"results": [
    {"test_number": "1.1.1", "test_desc": "a file", "status": "FAIL", "remediation": "do it", "expected_result": "is so"},
    {"test_number": "1.1.2", "status": "WARN", "reason": "Test marked as manual"}]}]}]}
AQUA = {"image": "web", "scan_started": {"seconds": 1}, "vulnerability_summary": {"total": 1}, "resources": [
    {"resource": {"name": "zlib"}, "vulnerabilities": [{"name": "CVE-1", "solution": "do it"}]}],
    "image_assurance_results": {"checks_performed": [{"control": "c", "policy_name": "a policy", "failed": True}]},
    "sensitive_data": [{"type": "a key", "path": "/a b"}]}
POLARIS = {"PolarisOutputVersion": "1.0", "Results": [{"Name": "web", "Kind": "Pod", "Results": {
    "a": {"ID": "a", "Message": "not so", "Success": False}}}]}
KUBEAUDIT = {"AuditResultName": "A", "level": "error", "msg": "not so", "ResourceKind": "Pod", "ResourceName": "web"}
KUBE_HUNTER = {"nodes": [{}], "services": [{}], "vulnerabilities": [
    {"location": "a b", "vid": "None", "vulnerability": "a hole", "description": "not so"}]}
WORLDS: dict[str, Any] = {
    **careless.DOCUMENTS, "audit-policy": audit_policy.DOCUMENT,
    "kube-bench": KUBE_BENCH, "aqua": AQUA, "polaris": POLARIS, "kubeaudit": [KUBEAUDIT], "kube-hunter": KUBE_HUNTER,
    "trivy": {"ClusterName": "prod", "Resources": [trivy.RESOURCE]},
    "trivy-operator": trivy_operator.report("VulnerabilityReport", {**trivy_operator.IMAGE, "vulnerabilities": [
        {"vulnerabilityID": "CVE-1", "title": "a hole"}]}),
    "kubescape": kubescape.REPORT, "kubescape, the first format": [kubescape.FRAMEWORK],
    "gatekeeper": gatekeeper.constraint({"violations": [gatekeeper.VIOLATION]}),
    "policyreport": policyreport.report({**policyreport.RESULT, "message": "not so"}),
}
SAID = (
    "PASSWORD=CANARY", "ran mysql -pCANARY db", "PASSWORD must not be 'CANARY'", "see mysql://u:CANARY@h", "token: 'CANARY x'",
    "Authorization: Basic CANARYCANARYCANARY", '{\\"password\\":\\"CANARY\\"}', "docker login -p CANARY",
    "-----BEGIN PRIVATE KEY-----\nCANARY\n-----END PRIVATE KEY-----")
TEXTS = re.compile(r"(?i)message|msg|descr|desc$|title|remed|solution|advice|output$|reason$|agent$")
"""Keys under which tools write sentences."""


def spoiled(value: Any, said: str, key: str = "") -> Any:
    """A document whose sentences, which have a space or stand where tools write them, say a value too."""
    if isinstance(value, dict):
        return {name: spoiled(each, said, name) for name, each in value.items()}
    if isinstance(value, list):
        return [spoiled(each, said, key) for each in value]
    said_here = " " in str(value) or TEXTS.search(key)
    sentence = isinstance(value, str) and value[:1] != "{" and said_here and key != "RelatedRequirements"  # a list of IDs
    return f"{value} {said}" if sentence else value


@pytest.mark.parametrize("name", WORLDS)
def test_no_reader_keeps_a_value_of_a_sentence(name: str, tmp_path: Path) -> None:
    whole, _ = read(written(tmp_path, f"whole.{_form(name)}", WORLDS[name]))
    for said in SAID:
        frames, _ = read(written(tmp_path, f"scan.{_form(name)}", spoiled(WORLDS[name], said)))
        assert "CANARY" not in everything(frames)
        assert {key: len(frame) for key, frame in frames.items()} == {key: len(frame) for key, frame in whole.items()}


def _form(name: str) -> str:
    return "jsonl" if name == "kubeaudit" else "json"


def test_sentences_of_every_reader_are_tried(tmp_path: Path) -> None:
    """Where nothing were struck out, the value would be there: of these readers, sentences are kept."""
    kept, tools = set(), set()
    for name, world in WORLDS.items():
        frames, _ = read(written(tmp_path, f"scan.{_form(name)}", spoiled(world, "harmless")))
        tools |= set(frames["scans"]["tool"])
        kept |= {tool for tool in frames["scans"]["tool"] if "harmless" in everything(frames)}
    assert tools == {reader.NAME for reader in registry.all_readers()}
    assert tools - kept == SILENT
