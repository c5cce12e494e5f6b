"""The clusters of the comparison, as recordings that the replay server serves."""

import gzip
import json
from pathlib import Path
from typing import Any

import yaml
from replay import ACME_PROD
from replay.recorded import Recording

HERE = Path(__file__).parent
OTHER_FORMS = ("PartialObjectMetadataList", "Table")


def objects(recording: Path) -> dict[str, list[dict[str, Any]]]:
    """Every object of a recording by kind: what an administrator's `kubectl get` would show."""
    found: dict[str, list[dict[str, Any]]] = {}
    for body in _lists(Recording(recording)).values():
        if body["kind"] not in OTHER_FORMS:
            kind = body["kind"].removesuffix("List")
            found[kind] = [{"apiVersion": body["apiVersion"], "kind": kind, **one} for one in body["items"]]
    return found


def serving(manifests: Path, folder: Path) -> Path:
    """A recording of a cluster that has the objects of a file, and of nothing else."""
    things = list(yaml.safe_load_all(manifests.read_text()))
    source = Recording(ACME_PROD)
    lists = _lists(source)
    entries = []
    for number, entry in enumerate(source.entries):
        body = lists.get(number)
        if "continue=" in entry["path"] or (body is None and "limit=" in entry["path"]) or entry["headers"]:
            continue
        if body is not None:
            body = {**body, "metadata": {"resourceVersion": "1"}, **_members(body, things)}
        written = json.dumps(body).encode() if body is not None else source.body(entry)
        (folder / f"{number}.json.gz").write_bytes(gzip.compress(written, 1))
        entries.append({**entry, "file": f"{number}.json", "bytes": len(written)})
    (folder / "index.json").write_text(json.dumps(entries))
    return folder


def _lists(recording: Recording) -> dict[int, dict[str, Any]]:
    """The whole lists of a recording, by the number of their entry."""
    found = {}
    for number, entry in enumerate(recording.entries):
        if entry["status"] == 200 and entry["path"].endswith("limit=500") and not entry["headers"]:
            found[number] = json.loads(recording.body(entry))
    return found


def _members(body: dict[str, Any], things: list[dict[str, Any]]) -> dict[str, Any]:
    if body["kind"] == "Table":
        return {"rows": []}
    mine = [one for one in things if (f"{one['kind']}List", one["apiVersion"]) == (body["kind"], body["apiVersion"])]
    return {"items": [{**one, "metadata": {"uid": f"{one['kind']}-{number}", "resourceVersion": "1",
                                           "creationTimestamp": "2026-11-01T00:00:00Z", **one["metadata"]}}
                      for number, one in enumerate(mine)]}
