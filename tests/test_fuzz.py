"""Whatever bytes come, they are read, or it is said what is wrong: no traceback, nothing harmed that counts as whole,
and no secret in a sentence.

Each property takes its chance from hypothesis. The fast suite tries a few seeded inputs of each; the tests marked
``slow`` try new ones each time, as many as ``AUDITKIT_FUZZ`` says (of each property; else 300).
"""

import gzip
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import hypothesis.strategies as st
import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from mutants import damaged, mutant, written
from replay import ACME_PROD
from replay.recorded import Recording
from scan_documents import DOCUMENTS

from auditkit import tables
from auditkit.collectors import custom
from auditkit.collectors.cluster import collect
from auditkit.collectors.discovery import Served, discover
from auditkit.collectors.listing import Listing
from auditkit.collectors.memberships import read_memberships
from auditkit.collectors.sources.kubeconfig import choose
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.live import LiveSource
from auditkit.collectors.sources.login_program import Program
from auditkit.collectors.sources.model import Answer, LoginFailed
from auditkit.errors import AuditkitError, SnapshotError, SourceError
from auditkit.framework import library
from auditkit.people import attestations, exceptions
from auditkit.scans.read import read_scans, readers_by_group
from auditkit.scans.registry import all_readers
from auditkit.snapshots.snapshot import Snapshot
from auditkit.snapshots.store import open_snapshot, verify
from auditkit.tables.model import Resource

Property = Callable[[Random], None]
BUGS = ("KeyError", "TypeError", "AttributeError", "ValueError", "IndexError", "AssertionError", "UnboundLocalError")


@contextmanager
def file(name: str, content: bytes) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        yield path


@cache
def recorded() -> dict[str, Any]:
    """The recorded answers by path without query, decoded; of lists the plain form, of Secrets the table."""
    recording = Recording(ACME_PROD)
    return {entry["path"].partition("?")[0]: json.loads(recording.body(entry)) for entry in recording.entries
            if entry["status"] == 200 and entry["method"] == "GET" and "PartialObject" not in entry["accept"]
            and ("as=Table" in entry["accept"]) == (entry["path"].partition("?")[0] in TABLES)
            and recording.body(entry)[:1] == b"{"}


TABLES = ("/api/v1/secrets", "/api/v1/configmaps")


def few(dice: Random, whole: dict[str, Any]) -> dict[str, Any]:
    """A list with a few of its objects."""
    return {key: dice.sample(value, min(len(value), dice.randint(0, 3))) if key in ("items", "rows") else value
            for key, value in whole.items()}


# --- what a cluster answers --------------------------------------------------------------------------------------------


@cache
def lists() -> list[tuple[str, Resource, Callable[[], Any] | None]]:
    """The recorded lists, the resource of each, and what decodes it where the tables do not."""
    by_path = {f"{f'/apis/{r.group}' if r.group else '/api'}/{r.versions[0]}/{r.plural}": (r, None)
               for r in tables.RESOURCES.values()}
    for path, body in recorded().items():
        _, _, group, version, plural, *_ = [*path.split("/"), "", "", ""]
        if group in readers_by_group() and plural:
            resource = Resource(f"{plural}.{group}", body["kind"].removesuffix("List"), (version,), namespaced=None)
            reader = readers_by_group()[group]
            by_path[path] = resource, (lambda resource=resource, version=version, reader=reader:
                                       custom.FindingsDecoder(resource, version, reader))
    return [(path, *what) for path, what in sorted(by_path.items()) if path in recorded()]


def is_whole(body: bytes, resource: Resource) -> bool:
    """True if bytes are a whole list of a resource, judged without our decoder."""
    try:
        page = json.loads(body.decode())
        table = resource.form == "table"
        objects = page["rows" if table else "items"]
        metas = [one["object"]["metadata"] if table else one["metadata"] for one in objects]
        names = [(meta.get("namespace") or "", meta["name"]) for meta in metas]
        meta = page["metadata"]
        return (all(isinstance(name, str) for _, name in names) and len(set(names)) == len(names)
                and page["kind"] == ("Table" if table else f"{resource.kind}List") and page["apiVersion"].count("/") < 2
                and meta["resourceVersion"] not in ("", "0") and not meta.get("continue")
                and not (meta.get("remainingItemCount") or 0) > 0)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False


def list_pages(dice: Random) -> None:
    path, resource, decoder = dice.choice(lists())
    body = damaged(dice, written(dice, mutant(dice, few(dice, recorded()[path]))))
    source = SimpleNamespace(get=lambda path, accept="": Answer(200, body), assembles=False, pages=3)
    listing = Listing(source, resource, resource.versions[0], decoder=decoder).read()
    custom.finish(listing)
    entry = listing.entry
    assert entry.reason if entry.outcome != "complete" else is_whole(body, resource), entry
    assert not entry.reason.endswith(BUGS), entry.reason
    tables.TABLES["pods"].of(listing.batches.get("pods", [])).to_pylist()


def discovery(dice: Random) -> None:
    aggregated = {entry["path"]: json.loads(Recording(ACME_PROD).body(entry)) for entry in index()
                  if entry["path"] in ("/api", "/apis") and "apidiscovery" in entry["accept"]}
    bodies = {path: damaged(dice, written(dice, mutant(dice, {**body, "items": few(dice, body)["items"] or body["items"][:1]})))
              for path, body in aggregated.items()}
    bodies[dice.choice(("/api", "/apis"))] = written(dice, dice.choice(list(aggregated.values())))
    found = discover(SimpleNamespace(get=lambda path, accept="": Answer(200, bodies.get(path, b"{}"))))
    if isinstance(found, Served):
        for body in bodies.values():
            json.loads(body)
        assert all(isinstance(group, str) for group in found.groups)
    else:
        assert found


@cache
def index() -> list[dict[str, Any]]:
    return Recording(ACME_PROD).entries


def collections(dice: Random) -> None:
    """A whole collection of a recording, of which some answers and the index were changed."""
    with tempfile.TemporaryDirectory() as folder:
        kept = [entry for entry in index() if dice.random() < 0.9]
        spoilt = {entry["file"] for entry in dice.sample(kept, min(len(kept), 5))}
        for entry in kept:
            content = Recording(ACME_PROD).body(entry)
            if entry["file"] in spoilt and content[:1] == b"{":
                content = damaged(dice, written(dice, mutant(dice, json.loads(content))))
            target = Path(folder) / entry["file"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        changed = mutant(dice, kept) if dice.random() < 0.5 else kept
        (Path(folder) / "index.json").write_bytes(damaged(dice, written(dice, changed)) if dice.random() < 0.5 else
                                                  json.dumps(kept).encode())
        try:
            snapshot = collect(open_files(Path(folder)))
        except SourceError as error:
            assert str(error)
            return
        assert all(entry.reason for entry in snapshot.manifest.ledger if entry.outcome in ("partial", "failed"))
        snapshot.frame("pods"), snapshot.gaps("pods"), snapshot.manifest.when


def kubectl_files(dice: Random) -> None:
    path, _, _ = dice.choice(lists())
    bodies = [damaged(dice, spelled(dice, mutant(dice, few(dice, recorded()[path])))) for _ in range(dice.randint(1, 3))]
    with tempfile.TemporaryDirectory() as folder:
        for number, body in enumerate(bodies):
            name = dice.choice(("a", "pods", "nodes,po")) + str(number) + dice.choice((".json", ".yaml", ".json.gz", ".tar.gz"))
            (Path(folder) / name).write_bytes(gzip.compress(body) if dice.random() < 0.2 else body)
        try:
            source = open_files(Path(folder))
            for resource in tables.RESOURCES.values():
                root = f"/apis/{resource.group}" if resource.group else "/api"
                Listing(source, resource, "v1").read()
                assert source.get(f"{root}/v1/{resource.plural}").status in (200, 404)
        except SourceError as error:
            assert str(error)


def spelled(dice: Random, document: Any) -> bytes:
    """A document in JSON, or in YAML."""
    if dice.random() < 0.5:
        return written(dice, document)
    try:
        return yaml.safe_dump(document, allow_unicode=dice.random() < 0.5).encode("utf-8", "surrogatepass")
    except (yaml.YAMLError, RecursionError):
        return written(dice, document)


# --- what a user's machine has -------------------------------------------------------------------------------------------


KUBECONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "one", "preferences": {},
    "clusters": [{"name": "c", "cluster": {
        "server": "https://jane:CANARY@api.example:6443/?CANARY", "certificate-authority-data": "CANARY",
        "proxy-url": "http://jane:CANARY@proxy.example:1", "tls-server-name": "api.example",
        "insecure-skip-tls-verify": False, "extensions": [{"name": "e", "extension": {"a": "CANARY"}}]}}],
    "users": [{"name": "u", "user": {"token": "CANARY", "as": "bob", "as-groups": ["g"], "as-user-extra": {"k": ["CANARY"]}}},
              {"name": "p", "user": {"username": "jane", "password": "CANARY"}},
              {"name": "k", "user": {"client-certificate-data": "CANARY", "client-key-data": "CANARY"}},
              {"name": "f", "user": {"tokenFile": "token", "client-key": "key", "client-certificate": "crt"}},
              {"name": "o", "user": {"auth-provider": {"name": "oidc", "config": {"id-token": "CANARY", "client-secret": "CANARY"}}}},
              {"name": "x", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "./not-there",
                                              "args": ["CANARY"], "env": [{"name": "A", "value": "CANARY"}]}}}],
    "contexts": [{"name": "one", "context": {"cluster": "c", "user": "u"}}],
}


def kubeconfigs(dice: Random) -> None:
    config = {**KUBECONFIG, "contexts": [{"name": "one", "context": {"cluster": "c", "user": dice.choice("upkfox")}}]}
    with file("config", damaged(dice, spelled(dice, mutant(dice, config, mixed=False)))) as path:
        try:
            choose(dice.choice((None, None, "one", "two")), str(path))
            LiveSource(None, str(path))._transport.told()
        except AuditkitError as error:
            assert str(error) and "CANARY" not in str(error), error


def login_programs(dice: Random) -> None:
    whole = {"apiVersion": "v", "kind": "ExecCredential", "status": {
        "token": "CANARY", "clientCertificateData": "CANARY", "clientKeyData": "CANARY",
        "expirationTimestamp": "2999-01-01T00:00:00Z"}}
    program = Program(SimpleNamespace(api_version="v", command="p"), SimpleNamespace())
    try:
        program._read(damaged(dice, written(dice, mutant(dice, whole, mixed=False))), "p")
    except LoginFailed as error:
        assert str(error) and "CANARY" not in str(error)


PEOPLE = {
    "exceptions": {"exceptions": [{
        "owner": "Platform team", "reason": "The agent sets up the network of its node.", "granted": "2026-01-10",
        "compensating_control": "Two administrators may write there.", "checks": ["pss.privileged"], "expires": "2026-12-31",
        "subjects": [{"namespace": "kube-system", "name": "cilium-*"}]}]},
    "attestations": {"attestations": [{
        "framework": "soc2", "requirements": ["CC1.1"], "by": "Jane Roe, CISO", "says": "All staff signed.",
        "since": "2026-02-01", "until": "2027-01-31", "evidence": [{"path": "a.pdf"}]}]},
}


def yaml_of_people(dice: Random) -> None:
    what = dice.choice(("framework", *PEOPLE))
    document = PEOPLE.get(what) or frameworks()[dice.choice(list(frameworks()))]
    if what == "framework":
        document = {**document, "requirements": dice.sample(document["requirements"], 2)}
    content = damaged(dice, spelled(dice, mutant(dice, document)))
    with file(f"{what}.yaml", content) as path:
        read = {"framework": library.read, "exceptions": exceptions.read, "attestations": attestations.read}[what]
        try:
            read(path)
        except AuditkitError as error:
            assert str(error)


@cache
def frameworks() -> dict[str, Any]:
    return {path.stem: yaml.safe_load(path.read_text()) for path in Path("controls").glob("*.yaml")
            if "requirements" in path.read_text()}


def memberships(dice: Random) -> None:
    with file("m.csv", damaged(dice, b"user,group\njane,auditors\n\"b\xc3\xb6b\",\"a,b\"\n" * dice.randint(1, 3))) as path:
        try:
            read_memberships(path)
        except AuditkitError as error:
            assert str(error)


# --- what scanners wrote -------------------------------------------------------------------------------------------------


def scans(dice: Random) -> None:
    document = DOCUMENTS[dice.choice(list(DOCUMENTS))]
    mixed = dice.random() < 0.5
    changed = mutant(dice, document, mixed=mixed)
    lines = isinstance(changed, list) and dice.random() < 0.5
    plain = b"".join(written(dice, line) + b"\n" for line in changed) if lines else spelled(dice, changed)
    content = damaged(dice, plain)
    with file(dice.choice(("scan.json", "scan.yaml", "scan")), content) as path:
        found, entries = read_scans([path])
        assert entries
        for entry in entries:
            assert entry.reason or entry.outcome == "complete"
            assert not entry.reason.endswith(BUGS) and (mixed or "CANARY" not in entry.reason), entry.reason
        if not lines and plain[:1] == b"{" and content and plain.startswith(content) and len(content) < len(plain.rstrip()):
            assert all(entry.outcome != "complete" for entry in entries), "it was cut short"
        for table in found.values():
            table.to_pylist()


# --- what we wrote ourselves ---------------------------------------------------------------------------------------------


@cache
def stored() -> Path:
    folder = tempfile.mkdtemp(prefix="auditkit-fuzz-")
    return collect(open_files(ACME_PROD)).write(folder)


def snapshots(dice: Random) -> None:
    """A snapshot whose manifest or one of whose tables was changed by somebody who knows how digests are kept."""
    manifest = json.loads((stored() / "manifest.json").read_bytes())
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "s"
        place.mkdir()
        for path in stored().iterdir():
            os.link(path, place / path.name)
        name = dice.choice(("pods", "manifest"))
        if name == "manifest":
            content = damaged(dice, written(dice, mutant(dice, manifest)))
        else:
            spoilt = damaged(dice, (stored() / f"{name}.parquet").read_bytes())
            (place / f"{name}.parquet").unlink()
            (place / f"{name}.parquet").write_bytes(spoilt)
            manifest["files"][f"{name}.parquet"] = hashlib.sha256(spoilt).hexdigest()
            content = json.dumps(manifest).encode()
        (place / "manifest.json").unlink()
        (place / "manifest.json").write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()[:12] if dice.random() < 0.95 else "0" * 12
        place = place.rename(Path(folder) / f"20260101T000000Z-{digest}")
        try:
            opened(open_snapshot(place))
        except SnapshotError as error:
            assert str(error)


def opened(snapshot: Snapshot) -> None:
    """Use a snapshot as reports do."""
    verify(snapshot)
    snapshot.frame("pods"), snapshot.ledger, snapshot.gaps("pods")
    snapshot.manifest.when, snapshot.manifest.as_of, snapshot.manifest.days, repr(snapshot)


PROPERTIES: dict[str, tuple[Property, int]] = {
    "list pages": (list_pages, 150), "discovery": (discovery, 60), "collections": (collections, 4),
    "files of kubectl": (kubectl_files, 15), "kubeconfigs": (kubeconfigs, 150), "login programs": (login_programs, 100),
    "YAML of people": (yaml_of_people, 100), "memberships": (memberships, 50), "scans": (scans, 150),
    "snapshots": (snapshots, 25),
}
"""By what is read: the property, and how many inputs the fast suite tries."""


def tried(name: str, most: int, **how: Any) -> None:
    @settings(max_examples=most, deadline=None, database=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck), **how)
    @given(st.randoms(use_true_random=False))
    def of_chance(dice: Random) -> None:
        PROPERTIES[name][0](dice)

    of_chance()


@pytest.mark.parametrize("name", PROPERTIES)
def test_whatever_bytes_come_it_is_said_what_is_wrong(name: str) -> None:
    tried(name, PROPERTIES[name][1], derandomize=True)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROPERTIES)
def test_many_more_bytes(name: str) -> None:
    tried(name, int(os.environ.get("AUDITKIT_FUZZ", "300")))


def test_every_reader_of_scans_has_a_document() -> None:
    assert {reader.NAME for reader in all_readers()} == {name.partition(",")[0].partition(" ")[0] for name in DOCUMENTS}
