"""Collect: everything that a source answers about a cluster, into a snapshot."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pyarrow as pa

from auditkit import tables
from auditkit.base.memory import lean
from auditkit.base.undecodable import UNDECODABLE
from auditkit.base.version import VERSION
from auditkit.collectors import contradictions, control_plane, custom, engines, kubelets
from auditkit.collectors.decode.objects import decode
from auditkit.collectors.discovery import Served, discover
from auditkit.collectors.listing import (
    LIMIT,
    REFUSED,
    Batches,
    Listing,
    body_of,
    message,
    not_served,
    now,
    tables_of,
    unknown_version,
)
from auditkit.collectors.memberships import read_memberships
from auditkit.collectors.sources.model import LoginFailed, NoAnswer, Source
from auditkit.errors import SourceError
from auditkit.scans.read import readers_by_group
from auditkit.snapshots.ledger import Body, Entry, Outcome
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

Progress = Callable[[str, int, int, str], None]
"""Called with the name of what was read, how many are done, how many there are, and the outcome."""

WORKERS = 4


class Collector(NamedTuple):
    """Who collects, as the server sees it, and what it may list."""

    user: str
    groups: list[str]
    may: Callable[[str, str], bool | None]


def collect(source: Source, *, workers: int = WORKERS, limit: int = LIMIT, progress: Progress | None = None,
            on_identity: Callable[[Collector, list[str]], None] | None = None,
            scans: Iterable[str | os.PathLike[str]] = (), members: Path | str | None = None) -> Snapshot:
    """Ask a source for everything that the tables hold, several resources at a time, ``limit`` objects a page.

    What the source refuses, lacks or cuts short is in the ledger. ``on_identity`` is told who collects, and which
    resources that identity may not list, before anything is collected. ``scans`` are files that scanners wrote: their
    findings become part of the snapshot. ``members`` is a CSV file (user, group) of who is in which group. Raises
    `SourceError` where nothing at all can be collected, and `UsageError` for a CSV file that is none.
    """
    started = now()
    stated = [read_memberships(members)] if members else []
    with lean(), _threads(workers) as pool:
        version = _version(source)
        collector = whoami(source)
        if on_identity:
            on_identity(collector, [r.name for r in tables.RESOURCES.values()
                                    if collector.may(r.plural, r.group) is False])
        reader = _Reader(source, collector.user, limit, progress or (lambda *_: None), pool)
        entries, batches = reader.read()
        entries += _read_scans(scans, batches)
        for table, entry in stated:
            batches["memberships"] = table.to_batches()
            entries.append(entry)
        snapshot_tables = tables_of(batches)
        uid, ended = _cluster_uid(snapshot_tables), now()
        observed = source.observed(started, ended)
        on_statement = _mark_stated(entries, source)
        transport = source.transport()
        entries.append(Entry(resource="collection", outcome="complete", reason=" ".join(transport), items=1,
                             started=started, ended=ended, identity=collector.user))
        about = decode(msgspec.json.encode({"items": [
            {"cluster": source.name, "cluster_uid": uid, "server_version": version, "started": started, "ended": ended,
             "observed_from": observed.since, "observed_until": observed.until, "observed_by": observed.by,
             "user": collector.user, "groups": collector.groups}]}), "collection").batches
        snapshot_tables |= {name: pa.Table.from_batches(about[name]) for name in ("collection", "collector")}
    if not any(entry.outcome in ("complete", "partial") and entry.resource in tables.RESOURCES for entry in entries):
        reasons = list(dict.fromkeys(entry.reason for entry in entries if entry.outcome not in ("absent", "complete")))
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


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads for requests. A collection that is given up, as by Ctrl-C, waits for none of them."""
    pool = ThreadPoolExecutor(count)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


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

    def __init__(self, source: Source, identity: str, limit: int, progress: Progress, pool: ThreadPoolExecutor):
        self._source, self._identity, self._progress, self._pool = source, identity, progress, pool
        self._limit = limit
        self._static_pods: list[dict[str, Any]] = []
        self._malformed_pods: list[str] = []
        self._lock = threading.Lock()
        self._batches: Batches = {}

    def read(self) -> tuple[list[Entry], Batches]:
        """The ledger's entries and the rows of every table."""
        served, discovery = self._discover()
        listings = [self._listing(resource, served) for resource in tables.RESOURCES.values()]
        scanned = list(custom.listings(self._source, served, self._limit)) if served else []
        others = engines.served(self._source, served, self._limit)
        named = [one.listing for one in others]
        entries = [discovery, *self._read_all([*listings, *scanned, *named])]
        entries = [entry for entry in entries if not any(entry is one.entry for one in named)]
        by_name = {entry.resource: entry for entry in entries}
        entries += self._doubt(contradictions.Collected(self._batches, by_name, served))
        entries.append(self._engines(others, served, by_name))
        entries.append(self._control_plane(by_name["pods"]))
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
                       on_body=self._look_for_static_pods if resource.name == "pods" else None)

    def _look_for_static_pods(self, body: bytes) -> None:
        found, malformed = control_plane.static_pods(body)
        with self._lock:
            self._static_pods += found
            self._malformed_pods += malformed

    def _read_all(self, listings: list[Listing | Entry]) -> Iterator[Entry]:
        """Read lists several at a time; the entries come in the order of the resources."""
        futures = {self._pool.submit(listing.read): listing
                   for listing in listings if isinstance(listing, Listing)}
        total = len(listings)
        done = total - len(futures)
        for future in as_completed(futures):
            listing = future.result()
            done += 1
            self._progress(listing.entry.resource, done, total, listing.entry.outcome)
        for listing in futures.values():
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

    def _control_plane(self, pods: Entry) -> Entry:
        entry = Entry(resource="controlplane", path=pods.path, outcome=pods.outcome, reason=pods.reason,
                      items=len(self._static_pods), started=pods.started, ended=pods.ended)
        unique = {(pod["component"], pod["node"], pod["pod"]): pod for pod in self._static_pods}
        self._put("controlplane", [unique[key] for key in sorted(unique, key=str)])
        if pods.outcome == "complete" and self._malformed_pods:
            entry.outcome, entry.reason = "partial", "; ".join(list(dict.fromkeys(self._malformed_pods))[:5])
        elif pods.outcome == "complete" and not any("instance" in pod for pod in unique.values()):
            entry.reason = ("no static pods of the control plane are visible: a provider runs it, or it does not run "
                            "as static pods")
        return entry

    def _kubelets(self, nodes: Entry) -> Entry:
        """Ask each node's kubelet for its configuration."""
        entry = Entry(resource="kubelets", path="/api/v1/nodes/NODE/proxy/configz", outcome=nodes.outcome,
                      reason=nodes.reason, started=now(), ended=now())
        names = [name for batch in self._batches.get("nodes", []) for name in batch.column("name").to_pylist()]
        asked = list(self._pool.map(self._kubelet, names))
        self._put("kubelets", [row for row, _, _ in asked])
        entry.bodies = [body for _, _, body in asked if body]
        entry.items = sum(row["read"] for row, _, _ in asked)
        entry.ended = now()
        unread = [(row["node"], row["reason"], outcome) for row, outcome, _ in asked if not row["read"]]
        if unread and nodes.outcome == "complete":
            outcomes = {outcome for _, _, outcome in unread}
            entry.outcome = "partial" if entry.items else outcomes.pop() if len(outcomes) == 1 else "failed"
            entry.reason = (f"{len(unread)} of {len(names)} nodes gave no configuration, for example {unread[0][0]}: "
                            f"{unread[0][1]}")
        return entry

    def _kubelet(self, node: str) -> tuple[dict[str, Any], Outcome, Body | None]:
        row: dict[str, Any] = {"node": node, "read": False, "reason": "", "settings": []}
        path = f"/api/v1/nodes/{node}/proxy/configz"
        try:
            answer = self._source.get(path)
        except NoAnswer as error:
            return {**row, "reason": str(error)}, "failed", None
        body = body_of(path, answer)
        if answer.status != 200:
            return {**row, "reason": message(answer)}, REFUSED.get(answer.status, "failed"), body
        try:
            return {**row, "read": True, "settings": kubelets.configuration(answer.body)}, "complete", body
        except ValueError as error:
            return {**row, "reason": str(error)}, "failed", body

    def _put(self, source: str, items: list[dict[str, Any]]) -> None:
        """Rows of what does not come as a list of the API: they pass through the same declarations."""
        for name, batches in decode(msgspec.json.encode({"items": items}), source).batches.items():
            self._batches.setdefault(name, []).extend(batches)


# --- who collects --------------------------------------------------------------------------------------------------


class _UserInfo(msgspec.Struct):
    username: str = ""
    groups: list[str] = []


class _WhoStatus(msgspec.Struct):
    userInfo: _UserInfo = msgspec.field(default_factory=_UserInfo)


class _Who(msgspec.Struct):
    status: _WhoStatus = msgspec.field(default_factory=_WhoStatus)


class _Rule(msgspec.Struct):
    verbs: list[str] = []
    apiGroups: list[str] = []
    resources: list[str] = []
    resourceNames: list[str] = []


class _RulesStatus(msgspec.Struct):
    resourceRules: list[_Rule] = []
    incomplete: bool = True


class _Rules(msgspec.Struct):
    status: _RulesStatus = msgspec.field(default_factory=_RulesStatus)


def whoami(source: Source) -> Collector:
    """Who the server takes this collector for, and what it may list as far as the server says."""
    who = _review(source, "authentication.k8s.io/v1", "SelfSubjectReview", {}, _Who).status.userInfo
    status = _review(source, "authorization.k8s.io/v1", "SelfSubjectRulesReview",
                     {"spec": {"namespace": "default"}}, _Rules).status

    def may(plural: str, group: str) -> bool | None:
        granted = any(
            {"list", "*"} & set(rule.verbs) and {group, "*"} & set(rule.apiGroups)
            and {plural, "*"} & set(rule.resources) and not rule.resourceNames for rule in status.resourceRules)
        return granted or (None if status.incomplete or not status.resourceRules else False)

    return Collector(who.username, who.groups, may)


def _review(source: Source, group: str, kind: str, body: dict[str, Any], shape: type) -> Any:
    """The answer to a review of oneself; an empty one where the source cannot tell."""
    try:
        answer = source.review(f"/apis/{group}/{kind.lower()}s",
                               {"apiVersion": group, "kind": kind, **body})
        return msgspec.json.decode(answer.body, type=shape) if answer.status in (200, 201) else shape()
    except (NoAnswer, *UNDECODABLE):
        return shape()


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


def _cluster_uid(snapshot_tables: dict[str, Any]) -> str:
    """The UID of kube-system, which names a cluster for life."""
    names, uids = (snapshot_tables["namespaces"].column(column).to_pylist() for column in ("name", "uid"))
    return next((uid or "" for name, uid in zip(names, uids, strict=True) if name == "kube-system"), "")
