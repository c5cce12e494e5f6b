"""Collect: everything that a source answers about a cluster, into a snapshot."""

import datetime as dt
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from auditkit import tables
from auditkit.base.memory import lean
from auditkit.base.undecodable import UNDECODABLE
from auditkit.base.version import VERSION
from auditkit.collectors import absence, contradictions, control_plane, custom, engines, kubelets
from auditkit.collectors.decode.objects import decode
from auditkit.collectors.discovery import Served, discover
from auditkit.collectors.identity import Collector, may_not, whoami
from auditkit.collectors.in_parallel import as_read, threads
from auditkit.collectors.listing import (
    LIMIT,
    Batches,
    Listing,
    Progress,
    body_of,
    not_served,
    now,
    tables_of,
    unknown_version,
)
from auditkit.collectors.memberships import read_memberships
from auditkit.collectors.sources.model import LoginFailed, NoAnswer, Source
from auditkit.errors import SourceError
from auditkit.scans.read import readers_by_group
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

WORKERS = 4


def collect(source: Source, *, workers: int = WORKERS, limit: int = LIMIT, progress: Progress | None = None,
            on_identity: Callable[[Collector, list[str]], None] | None = None,
            scans: Iterable[str | os.PathLike[str]] = (), members: Path | str | None = None) -> Snapshot:
    """Ask a source for everything that the tables hold, several resources at a time, ``limit`` objects a page.

    What the source refuses, lacks or cuts short is in the ledger. ``on_identity`` is told who collects, and what that
    identity may not read of what the server has, before any object is asked for; of files, who recorded them, if they
    say so. ``scans`` are files that scanners wrote: their findings become part of the snapshot. ``members`` is a CSV
    file (user, group) of who is in which group. Raises `SourceError` where nothing at all can be collected, and
    `UsageError` for a CSV file that is none.
    """
    started = now()
    stated = [read_memberships(members)] if members else []
    with lean(), threads(workers) as pool:
        version = _version(source)
        collector = whoami(source)
        shown = partial(on_identity, collector) if on_identity and (source.proves_absence or collector.user) else None
        reader = _Reader(source, collector.user, limit, progress or (lambda *_: None), shown, pool)
        entries, batches = reader.read()
        entries += _read_scans(scans, batches)
        for table, entry in stated:
            batches["memberships"] = table.to_batches()
            entries.append(entry)
        snapshot_tables = tables_of(batches)
        uid, ended = _cluster_uid(snapshot_tables), now()
        observed = source.observed(started, ended)
        on_statement = _mark_stated(entries, source)
        transport = source.transport(_newest(snapshot_tables))
        entries.append(Entry(resource="collection", outcome="complete", reason=" ".join(transport), items=1,
                             started=started, ended=ended, identity=collector.user))
        about = decode(msgspec.json.encode({"items": [
            {"cluster": source.name, "cluster_uid": uid, "server_version": version, "started": started, "ended": ended,
             "observed_from": observed.since, "observed_until": observed.until, "observed_by": observed.by,
             "user": collector.user, "groups": collector.groups}]}), "collection").batches
        snapshot_tables |= {name: pa.Table.from_batches(about[name]) for name in ("collection", "collector")}
    if not any(entry.outcome in ("complete", "partial") and entry.resource in tables.RESOURCES for entry in entries):
        reasons = list(dict.fromkeys(entry.reason for entry in entries
                                     if entry.reason and entry.outcome not in ("absent", "complete")))
        raise SourceError(f"Nothing could be collected from the {source.described} as {collector.user or 'nobody'}: "
                          f"{'; '.join(reasons[:3]) or 'it has no objects that auditkit reads'}.")
    manifest = Manifest(
        cluster=source.name, cluster_uid=uid, server_version=version,
        source=source.described, collector=f"auditkit {VERSION}", identity=collector.user, groups=collector.groups,
        started=started, ended=ended, observed_from=observed.since, observed_until=observed.until,
        observed_by=observed.by, transport=transport, stated_by=source.stated_by, stated=on_statement, ledger=entries)
    return Snapshot(manifest, snapshot_tables)


_MADE_FROM = {"controlplane": ["pods"], "kubelets": ["nodes"], "engines": [engines.CRDS, engines.API_SERVICES]}
"""Sources that are not lists of their own, and the lists that they are made from. With files there is no discovery."""


def _mark_stated(entries: list[Entry], source: Source) -> list[str]:
    """Record in the ledger which sources are complete only by a statement, and return them."""
    marked = []
    for entry in entries:
        if source.stated.intersection(_MADE_FROM.get(entry.resource, [entry.resource])) and entry.outcome == "complete":
            entry.reason = f"stated as complete by {source.stated_by}, without other evidence"
            marked.append(entry.resource)
    return marked


def _read_scans(paths: Iterable[str | os.PathLike[str]], batches: Batches) -> list[Entry]:
    """Add the rows of scan files; the ledger's entries of them."""
    if not (paths := list(paths)):
        return []
    from auditkit.scans.read import read_scans

    found, entries = read_scans(paths)
    for name, table in found.items():
        batches.setdefault(name, []).extend(table.to_batches())
    return entries


class _Reader:
    """One collection: the resources, several at a time, and what is derived from their bodies."""

    def __init__(self, source: Source, identity: str, limit: int, progress: Progress,
                 on_rights: Callable[[list[str]], None] | None, pool: ThreadPoolExecutor):
        self._source, self._identity, self._progress, self._pool = source, identity, progress, pool
        self._limit, self._on_rights = limit, on_rights
        self._batches: Batches = {}

    def read(self) -> tuple[list[Entry], Batches]:
        """The ledger's entries and the rows of every table."""
        served, discovery = self._discover()
        listings = [self._listing(resource, served) for resource in tables.RESOURCES.values()]
        scanned = list(custom.listings(self._source, served, self._limit)) if served else []
        others = engines.served(self._source, served, self._limit)
        named = [one.listing for one in others]
        asked = [*listings, *scanned, *named]
        if self._on_rights:
            self._on_rights(may_not(self._source, self._pool, (one for one in asked if isinstance(one, Listing))))
        entries = [discovery, *self._read_all(asked)]
        entries = [entry for entry in entries if not any(entry is one.entry for one in named)]
        by_name = {entry.resource: entry for entry in entries}
        entries += self._doubt(contradictions.Collected(self._batches, by_name, served))
        entries.append(self._engines(others, served, by_name))
        extracting = [one for one in listings if isinstance(one, Listing)]
        entries.append(self._control_plane(by_name["pods"], [pod for one in extracting for pod in one.extracted],
                                           [why for one in extracting for why in one.unread]))
        entries.append(self._kubelets(by_name["nodes"]))
        for entry in entries:
            entry.identity = self._identity
        return entries, self._batches

    def _discover(self) -> tuple[Served | None, Entry]:
        entry = Entry(resource="discovery", path="/api, /apis", outcome="complete", started=now(), ended=now())
        try:
            served = discover(self._source)
        except NoAnswer as error:
            served = str(error)
        entry.ended = now()
        if isinstance(served, str):
            entry.outcome, entry.reason = "failed" if self._source.proves_absence else "absent", served
            return None, entry
        entry.bodies = [body_of(path, answer) for path, answer in served.answers]
        entry.items = len(served.resources)
        if served.unknown_groups:
            entry.outcome, entry.reason = "partial", (f"unknown for the groups "
                                                      f"{', '.join(sorted(set(served.unknown_groups)))}")
        self._put("discovery", served.resources)
        return served, entry

    def _doubt(self, found: contradictions.Collected) -> list[Entry]:
        """Mark what cannot be; entries of scanners whose objects, as it shows, were not asked for."""
        doubts: dict[str, list[str]] = {}
        for name, doubt in contradictions.doubts(found, self._source):
            doubts.setdefault(name, []).append(doubt)
        for name, said in doubts.items():
            entry = found.entries[name]
            entry.outcome = "partial" if entry.outcome == "complete" else entry.outcome
            entry.reason = "; ".join([entry.reason, *said] if entry.reason else said)
        for name, doubt in list(contradictions.unproven(found)):
            found.entries[name].proven, found.entries[name].reason = False, doubt
        for name, reason in [] if self._source.proves_absence else list(absence.proven(found)):
            found.entries[name].proven, found.entries[name].reason = True, reason
        why = contradictions.doubted_groups(found)
        if found.served is None and self._source.proves_absence:
            why = dict.fromkeys(readers_by_group(), f"discovery failed: {found.entries['discovery'].reason}")
        return list(custom.unknown(why))

    def _listing(self, resource: tables.Resource, served: Served | None) -> Listing | Entry:
        """The list to ask for; or the entry of a resource that is proven not to be served."""
        if served is None:
            version = resource.versions[0]
        elif found := served.versions(resource.plural, resource.group):
            version = next((known for known in resource.versions if known in found), "")
            if not version:
                return unknown_version(resource, found, resource.versions)
        elif resource.group in {*served.unknown_groups, *served.empty_groups}:
            version = resource.versions[0]
        else:
            return not_served(resource)
        return Listing(self._source, resource, version, limit=self._limit,
                       extract=control_plane.static_pods if resource.name == "pods" else None)

    def _read_all(self, listings: list[Listing | Entry]) -> Iterator[Entry]:
        """Read lists several at a time; the entries come in the order of the resources."""
        asked = [each for each in listings if isinstance(each, Listing)]
        for done, listing in enumerate(as_read(self._pool, asked), len(listings) - len(asked) + 1):
            self._progress(listing.entry.resource, done, len(listings), listing.entry.outcome)
        for listing in asked:
            custom.finish(listing)
        for each in listings:  # in a fixed order, so that the same answers make the same bytes
            if isinstance(each, Listing):
                for name, batches in each.batches.items():
                    self._batches.setdefault(name, []).extend(batches)
            yield each.entry if isinstance(each, Listing) else each

    def _engines(self, found: list[engines.Found], served: Served | None, by_name: dict[str, Entry]) -> Entry:
        """The entry of all other engines: the lists of their objects, of whichever kinds there are."""
        rows, doubt = engines.rows(found, served, by_name, self._batches)
        self._put("engines", rows)
        listings = [one.listing.entry for one in found if one.row["group"] in {row["group"] for row in rows}]
        return Entry(
            resource="engines", path="", outcome="partial" if doubt else "complete", reason=doubt,
            items=sum(len(row["objects"]) for row in rows), bodies=[body for one in listings for body in one.bodies],
            started=min((one.started for one in listings), default=now()), ended=now())

    def _control_plane(self, pods: Entry, static_pods: list[dict[str, Any]], unread: list[str]) -> Entry:
        entry = Entry(resource="controlplane", path=pods.path, outcome=pods.outcome, reason=pods.reason,
                      items=len(static_pods), started=pods.started, ended=pods.ended)
        unique = {(pod["component"], pod["node"], pod["pod"]): pod for pod in static_pods}
        self._put("controlplane", [unique[key] for key in sorted(unique, key=str)])
        if pods.outcome == "complete" and unread:
            entry.outcome, entry.reason = "partial", "; ".join(list(dict.fromkeys(unread))[:5])
        elif pods.outcome == "complete" and not any("instance" in pod for pod in unique.values()):
            entry.reason = ("no static pods of the control plane are visible: a provider runs it, or it does not run "
                            "as static pods")
        return entry

    def _kubelets(self, nodes: Entry) -> Entry:
        """Ask each node's kubelet for its configuration."""
        names = [name for batch in self._batches.get("nodes", []) for name in batch.column("name").to_pylist()]
        rows, entry = kubelets.read(self._source, names, nodes, self._progress)
        self._put("kubelets", rows)
        return entry

    def _put(self, source: str, items: list[dict[str, Any]]) -> None:
        """Rows of what does not come as a list of the API: they pass through the same declarations."""
        for name, batches in decode(msgspec.json.encode({"items": items}), source).batches.items():
            self._batches.setdefault(name, []).extend(batches)


class _Version(msgspec.Struct):
    gitVersion: str = ""


def _version(source: Source) -> str:
    """The server's version. A server that cannot be reached, or that knows nobody, ends the collection here."""
    try:
        answer = source.get("/version")
    except LoginFailed as error:
        raise SourceError(f"Nobody could be logged in to the {source.described}: {error}.") from None
    except NoAnswer as error:
        raise SourceError(f"The {source.described} cannot be reached: {error}.") from None
    if answer.status == 401:
        raise SourceError(f"The {source.described} does not accept the credentials of {source.name} (401): "
                          f"{answer.note or 'log in again, or choose another context with --context'}.")
    try:
        return msgspec.json.decode(answer.body, type=_Version).gitVersion[:100] if answer.status == 200 else ""
    except UNDECODABLE:
        return ""


def _newest(snapshot_tables: dict[str, pa.Table]) -> dt.datetime | None:
    """When the newest object was created."""
    times = (pc.max(found["created"]).as_py() for found in snapshot_tables.values() if "created" in found.column_names)
    return max((time for time in times if time), default=None)


def _cluster_uid(snapshot_tables: dict[str, Any]) -> str:
    """The UID of kube-system, which names a cluster for life."""
    names, uids = (snapshot_tables["namespaces"].column(column).to_pylist() for column in ("name", "uid"))
    return next((uid or "" for name, uid in zip(names, uids, strict=True) if name == "kube-system"), "")
