"""OSCAL assessment results: a result for each framework, a finding for each requirement, an observation for each of its
checks with every subject and its verdict, and a risk for what fails.

A finding is ``satisfied`` only where the requirement passes. Unknown, manual and attested are ``not-satisfied`` for
the reason ``other``, with remarks; OSCAL knows no third state. Each UUID is made of digests, and each one that is
referred to is in the document: the objectives, the inventory, the tool, the ledger and the manifest.

Source: https://pages.nist.gov/OSCAL-Reference/models/v1.1.3/assessment-results/json-reference/
"""

import datetime as dt
import json
from typing import Any

from auditkit.base.version import VERSION
from auditkit.evaluation.evaluation import Evaluation
from auditkit.exports.judged import Evaluations, identity, listed
from auditkit.exports.oscal_parts import PLAN, TOOL, line, prop, time
from auditkit.exports.oscal_results import Assessed
from auditkit.snapshots.snapshot import Snapshot

OSCAL = "1.1.3"


def encoded(evaluations: Evaluations) -> bytes:
    """One document with a result for each evaluation."""
    found = listed(evaluations)
    assessed = [Assessed(evaluation) for evaluation in found]
    snapshots = list({each.snapshot.digest: each.snapshot for each in found}.values())
    document = {
        "uuid": identity("assessment-results", *(each.name for each in assessed)),
        "metadata": _metadata(found),
        "import-ap": {"href": f"#{PLAN}", "remarks": "There is no OSCAL assessment plan; the resource says so."},
        "local-definitions": {"objectives-and-methods": [part for each in assessed for part in each.objectives()]},
        "results": [each.result() for each in assessed],
        "back-matter": {"resources": [_plan(), *(part for each in snapshots for part in _evidence(each))]},
    }
    return json.dumps({"assessment-results": _whole(document)}, indent=1).encode() + b"\n"


def _metadata(evaluations: list[Evaluation]) -> dict[str, Any]:
    names = ", ".join(each.framework.title for each in evaluations)
    clusters = ", ".join(dict.fromkeys(each.snapshot.manifest.cluster for each in evaluations))
    latest = max((each.snapshot.manifest.ended for each in evaluations), default=dt.datetime.fromtimestamp(0, dt.UTC))
    return {"title": line(f"Assessment of {clusters} by {names}"), "last-modified": time(latest), "version": VERSION,
            "oscal-version": OSCAL, "props": [prop("generator", f"auditkit {VERSION}"), prop("generator-uuid", TOOL)]}


def _plan() -> dict[str, Any]:
    return {"uuid": PLAN, "title": "No assessment plan",
            "description": "The assessment was made without an OSCAL assessment plan. Which requirements were assessed "
                           "stands among the reviewed controls of each result."}


def _evidence(snapshot: Snapshot) -> list[dict[str, Any]]:
    """The manifest of a snapshot, and each request of its ledger with the digests of what was answered."""
    digest = snapshot.digest
    manifest = {
        "uuid": identity("manifest", digest), "title": "Manifest of the snapshot",
        "description": line(f"It has the digest of every table. Observed: {snapshot.manifest.when}."),
        "props": [prop("cluster", snapshot.manifest.cluster), prop("cluster-uid", snapshot.manifest.cluster_uid),
                  prop("collected-by", snapshot.manifest.identity)],
        "rlinks": [{"href": "manifest.json", "hashes": [{"algorithm": "SHA-256", "value": digest}]}]}
    return [manifest, *({
        "uuid": identity("ledger", digest, entry.resource), "title": line(entry.resource),
        "description": line(f"{entry.outcome}: {entry.items} items. {entry.reason}"),
        "props": [prop("outcome", entry.outcome), prop("path", entry.path), prop("items", str(entry.items)),
                  prop("collected", time(entry.started)), prop("resource-version", entry.resource_version),
                  *(prop("sha256", body.sha256) for body in entry.bodies)],
    } for entry in snapshot.manifest.ledger)]


def _whole(value: Any) -> Any:
    """The document without what is empty: OSCAL has no empty lists, and no properties without a value."""
    if isinstance(value, dict):
        return {name: part for name, part in ((name, _whole(part)) for name, part in value.items())
                if part not in (None, [], {}, "")}
    return [part for part in map(_whole, value) if part is not None] if isinstance(value, list) else value
