"""Objects that scanners and policy engines keep in the cluster: lists of custom resources, to their findings."""

from collections.abc import Iterator

import msgspec
import pyarrow as pa

from auditkit.collectors.decode.objects import Page, raw_items
from auditkit.collectors.discovery import Served
from auditkit.collectors.listing import Listing
from auditkit.scans import readers
from auditkit.scans.model import Reader
from auditkit.scans.output import Scan, Tables
from auditkit.scans.read import read_object
from auditkit.snapshots.ledger import SCAN
from auditkit.tables.model import Resource


def resources(served: Served) -> Iterator[tuple[Resource, str, Reader]]:
    """The custom resources that are served and can be read, in the version that the server names first."""
    by_group = {group: reader for reader in readers() for group in getattr(reader, "GROUPS", ())}
    found: set[tuple[str, str]] = set()
    for row in served.resources:
        key = row["group"], row["resource"]
        if row["group"] in by_group and "/" not in row["resource"] and "list" in row["verbs"] and key not in found:
            found.add(key)
            name = f"{row['resource']}.{row['group']}"
            resource = Resource(name, row["kind"], (row["version"],), namespaced=row["namespaced"], builtin=False)
            yield resource, row["version"], by_group[row["group"]]


class FindingsDecoder:
    """Pages of one custom resource to findings; all of its pages are one scan."""

    def __init__(self, resource: Resource, version: str, reader: Reader):
        self._resource, self._reader = resource, reader
        self._identity = {"apiVersion": f"{resource.group}/{version}", "kind": resource.kind}
        self._tables = Tables()
        self.scan = Scan(scan=f"{reader.NAME}:{resource.name}", tool=reader.NAME, file=resource.name)

    def tables(self) -> dict[str, pa.Table]:
        """The tables of all the pages so far, with a row for the scan."""
        self._tables.end(self.scan)
        return self._tables.arrow()

    def __call__(self, body: bytes) -> Page:
        frame, raws = raw_items(body)
        malformed, names = [], []
        for position, raw in enumerate(raws):
            try:
                item = {**self._identity, **msgspec.json.decode(raw, type=dict)}
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                malformed.append(f"item {position}: {error}")
                continue
            metadata = item.get("metadata")
            if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str):
                malformed.append(f"item {position} has no name")
                continue
            names.append(f"{metadata.get('namespace') or ''}/{metadata['name']}")
            read_object(self._tables, self.scan, self._reader, item)
        meta = frame.metadata
        return Page({}, len(raws), malformed, meta.resourceVersion if meta else "", meta.continue_ if meta else "",
                    meta.remainingItemCount if meta else None, names, frame.kind, frame.apiVersion, "object")


def finish(listing: Listing) -> None:
    """Put what the pages of a custom resource said into the listing, and what the scan lacks into its entry."""
    found: FindingsDecoder = listing.decode
    tables = found.tables()
    listing.batches = {name: table.to_batches() for name, table in tables.items()}
    entry = listing.entry
    entry.resource = f"{SCAN}{found.scan.tool}:{entry.resource}"
    if found.scan.gaps and entry.outcome == "complete":
        entry.outcome, entry.reason = "partial", found.scan.reason
