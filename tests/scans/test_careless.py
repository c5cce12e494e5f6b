"""Values of the wrong kind anywhere in the output of a tool: they cost their row at most, and never break a reader."""

import copy
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scan_worlds import read, written

from tests.scans.readers import test_checkov as checkov
from tests.scans.readers import test_external_secrets as external_secrets
from tests.scans.readers import test_falco as falco
from tests.scans.readers import test_kube_linter as kube_linter
from tests.scans.readers import test_kubernetes_audit as kubernetes_audit
from tests.scans.readers import test_neuvector as neuvector
from tests.scans.readers import test_plural as plural
from tests.scans.readers import test_popeye as popeye
from tests.scans.readers import test_prowler as prowler
from tests.scans.readers import test_sarif as sarif
from tests.scans.readers import test_sysdig as sysdig
from tests.scans.readers import test_sysdig_events as sysdig_events
from tests.scans.readers import test_vault as vault

DOCUMENTS: dict[str, Any] = {
    "sysdig scanner, first": sysdig.FIRST,
    "sysdig scanner, second": sysdig.SECOND,
    "sysdig report": {"data": [sysdig.OLD_ROW, sysdig.NEW_ROW]},
    "sysdig posture": {"data": [sysdig.REQUIREMENT]},
    "sysdig events": [sysdig_events.EVENT, sysdig_events.LEGACY, sysdig_events.ACTIVITY],
    "falco": [falco.ALERT, falco.ALERT],
    "vault": vault.REQUEST,
    "plural": [plural.CONSTRAINT, plural.CLEAN],
    "prowler": [prowler.ocsf()],
    "prowler asff": [prowler.ASFF],
    "prowler old": [prowler.OLD],
    "sarif": sarif.document(sarif.run({"ruleId": "R1", **sarif.TEXT}, {"ruleIndex": 1, "suppressions": [{}]})),
    "neuvector": {"run_at": "2026-11-23T09:00:00Z", "items": [neuvector.CHECK]},
    "external secrets": external_secrets.item(
        "ExternalSecret", spec=external_secrets.SPEC, status=external_secrets.SYNCED
    ),
    "checkov": checkov.report(failed_checks=[checkov.CHECK]),
    "kube-linter": {"Checks": kube_linter.CHECKS, "Reports": [kube_linter.REPORT], "Summary": kube_linter.SUMMARY},
    "popeye": popeye.NEW,
    "audit log": [kubernetes_audit.EVENT],
    "audit log of Google": [kubernetes_audit.google()],
    **{f"audit log, {name}": document for name, (document, _) in kubernetes_audit.ENVELOPES.items()},
}
VALUES: tuple[Any, ...] = (
    None, True, -1, 10**30, 1.5e300, "", "<NA>", "\x1b[2J", "=1+1", "2026-13-45T99:00:00Z", [], {}, [None], [[1]], [{}],
    {"a": None})  # fmt: skip
BUGS = ("KeyError", "TypeError", "AttributeError", "ValueError", "IndexError")


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or positions."""
    for key in value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0):
        yield value, key
        yield from places(value[key])


@pytest.mark.parametrize("name", DOCUMENTS)
def test_values_of_the_wrong_kind(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    for _ in range(25):
        document = copy.deepcopy(DOCUMENTS[name])
        for _ in range(chance.randint(1, 3)):
            holder, key = chance.choice([*places(document)] or [({}, "")])
            holder[key] = copy.deepcopy(chance.choice(VALUES))
        _, entries = read(written(tmp_path, "scan.json", document))
        for entry in entries:
            assert "CANARY" not in entry.reason
            assert not entry.reason.endswith(BUGS), document
