"""Objects that scanners and policy engines keep in the cluster: lists of custom resources, to their findings."""

from collections.abc import Iterator
from functools import partial

import msgspec
import pyarrow as pa

from auditkit.base.undecodable import UNDECODABLE
from auditkit.collectors.decode.objects import Page, raw_items
from auditkit.collectors.discovery import Served
from auditkit.collectors.listing import Listing, now, unknown_version
from auditkit.collectors.sources.model import Source
from auditkit.scans.model import Reader
from auditkit.scans.output import Scan, Tables
from auditkit.scans.read import read_object, readers_by_group
from auditkit.snapshots.ledger import SCAN, Entry
from auditkit.tables.model import Resource

VERSIONS: dict[str, tuple[str, ...]] = {
    "aquasecurity.github.io": ("v1alpha1",),
    "constraints.gatekeeper.sh": ("v1beta1", "v1alpha1"),
    "templates.gatekeeper.sh": ("v1", "v1beta1", "v1alpha1"),
    "external-secrets.io": ("v1", "v1beta1", "v1alpha1"),
    "secrets.hashicorp.com": ("v1beta1", "v1alpha1"),
    "wgpolicyk8s.io": ("v1beta2", "v1beta1", "v1alpha2", "v1alpha1"),
    "reports.x-k8s.io": ("v1beta2", "v1beta1", "v1alpha1"),
    "openreports.io": ("v1alpha1",),
    "reports.kyverno.io": ("v1",),
    "kyverno.io": ("v2", "v2beta1", "v1", "v1beta1", "v2alpha1", "v1alpha2"),
    "spdx.softwarecomposition.kubescape.io": ("v1beta1",),
}
"""The versions whose fields the readers of a group know, best first. Of a group that is not here (another package's
reader), whatever is served is read.

Sources: the custom resource definitions of Trivy Operator, Gatekeeper, External Secrets Operator, Vault Secrets
Operator, kubernetes-sigs/wg-policy-prototypes, openreports/reports-api, Kyverno and Kubescape's storage.
"""


def listings(source: Source, served: Served, limit: int) -> Iterator[Listing | Entry]:
    """A list to read for each custom resource that is served and can be read; an entry for each that cannot be."""
    readers_of = readers_by_group()
    found = dict.fromkeys((row["group"], row["resource"], row["kind"], row["namespaced"]) for row in served.resources
                          if row["group"] in readers_of and "/" not in row["resource"])
    for group, plural, kind, namespaced in found:
        reader, versions = readers_of[group], served.versions(plural, group)
        known = [version for version in VERSIONS.get(group, versions) if version in versions]
        resource = Resource(f"{plural}.{group}", kind, tuple(versions), namespaced=namespaced, builtin=False)
        if known:
            yield Listing(source, resource, known[0], limit=limit,
                          decoder=partial(FindingsDecoder, resource, known[0], reader))
        elif kind in getattr(reader, "KINDS", (kind,)):
            yield _scan(reader, unknown_version(resource, versions, VERSIONS[group]))


def unknown(why: dict[str, str]) -> Iterator[Entry]:
    """An entry for each group of scanners of which it is not known what the cluster keeps; ``why`` says so by group."""
    for group, reader in sorted(readers_by_group().items(), key=lambda item: item[0]):
        if group in why:
            yield _scan(reader, Entry(resource=group, outcome="failed", reason=why[group], started=now(), ended=now()))


def _scan(reader: Reader, entry: Entry) -> Entry:
    entry.resource = f"{SCAN}{reader.NAME}:{entry.resource}"
    return entry


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
            except UNDECODABLE as error:
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
    """Put what the pages of a custom resource said into the listing, and what the scan lacks into its entry.

    Of any other list nothing is changed.
    """
    found = listing.decode
    if not isinstance(found, FindingsDecoder):
        return
    listing.batches = {name: table.to_batches() for name, table in found.tables().items()}
    entry = listing.entry
    entry.resource = f"{SCAN}{found.scan.tool}:{entry.resource}"
    if found.scan.gaps and entry.outcome == "complete":
        entry.outcome, entry.reason = "partial", found.scan.reason
