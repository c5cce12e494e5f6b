"""The fault matrix: whatever goes wrong with an input of a check, its requirement does not pass, nothing passes that
hangs on that input, and nothing fails for want of what could not be read.

Each fault is made by a real server for every list, and then for each check both all of its sources and each single
one are taken from the spoilt collection. ``docs/fault-matrix.md`` is written by this test (AUDITKIT_WRITE_DOCS=1),
which otherwise verifies that it is up to date (`make docs`).
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from file_worlds import write_dump, write_selected
from replay import ACME_PROD, ReplayServer

from auditkit import tables
from auditkit.analysis import DERIVED, GIVEN, derivation, inputs
from auditkit.checks import Check, all_checks
from auditkit.collectors.cluster import collect
from auditkit.collectors.sources import transport
from auditkit.collectors.sources.kubectl_files import open_files
from auditkit.collectors.sources.live import LiveSource
from auditkit.evaluation import engine
from auditkit.evaluation.results import Outcome
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Requirement
from auditkit.snapshots.alike import Alike, Memory
from auditkit.snapshots.ledger import SCAN, SCANNED
from auditkit.snapshots.snapshot import Snapshot

DOCUMENT = Path(__file__).parents[2] / "docs" / "fault-matrix.md"
PROBE = Requirement(id="0", section="0", title="t", reach="evidenced")
UNTOUCHED = {"discovery", "collection", "engines"}
"""No list is asked for these: the recorded cluster has no other engine (what goes wrong with them: test_engines.py)."""
SPARED = "namespaces"
"""Left whole while all others are spoilt, since a collection of nothing is no snapshot; spoilt in a second one."""


def items(change: Callable[[list], object]) -> dict:
    """A fault that changes what a list holds, in the plain form and the server's ``Table`` form."""
    return {"kind": "transform", "transform": lambda body: {
        key: change(value) if key in ("items", "rows") else value for key, value in body.items()}}


LISTED = ("items", "rows", "columnDefinitions")


def of_list(change: Callable[[dict], dict]) -> dict:
    """A fault that changes what a list says of itself."""
    return {"kind": "transform", "transform": lambda body: change(body) if LISTED[0] in body or LISTED[1] in body else body}


FAULTS: dict[str, dict] = {
    "403": {"status": 403},
    "not served": {"status": 404},
    "time-out": {"kind": "hang"},
    "410": {"status": 410},
    "cut body": {"kind": "cut"},
    "half a body": {"kind": "half"},
    "malformed object": items(lambda found: [{}, *found]),
    "null list": items(lambda _: None),
    "empty list": items(lambda _: []),
    "another kind": of_list(lambda body: {**body, "kind": "EventList"}),
    "no envelope": of_list(lambda body: {key: body[key] for key in LISTED if key in body}),
    "more announced": of_list(lambda body: {**body, "metadata": {**body["metadata"], "remainingItemCount": 54}}),
    "continue leads nowhere": of_list(lambda body: {**body, "metadata": {**body["metadata"], "continue": "e30"}}),
}


OF_FILES: dict[str, Callable[[Path], Path]] = {
    "files of one namespace": lambda folder: write_selected(
        folder, lambda item: item["metadata"].get("namespace", "emr") == "emr"),
    "files of a selector": lambda folder: write_selected(
        folder, lambda item: "app" in item["metadata"].get("labels", {})),
    "dump of two namespaces": lambda folder: write_dump(folder, "emr", "kube-system"),
}
"""What people hand over who cannot be asked by: it looks like everything, and is a part."""

OF_SCANS = ("stale scan", "scan of another cluster")
"""Faults of what scanners say: they matter to checks that read it."""
KUBE_BENCH = {"Controls": [{"id": "1", "version": "cis-1.12", "node_type": "master", "tests": [{"section": "1.1", "results": [
    {"test_number": f"{section}.{number}", "status": "PASS", "test_desc": "d"}
    for section in ("1.1", "4.1", "4.2") for number in range(1, 22)]}]}], "Totals": {}}


def aged(thing: object) -> object:
    """The same, with every time in it years ago."""
    if isinstance(thing, dict):
        return {key: "2020-01-01T00:00:00Z" if key.endswith("Timestamp") else {"seconds": 1_577_836_800, "nanos": 0}
                if key == "timestamp" else aged(value) for key, value in thing.items()}
    return [aged(value) for value in thing] if isinstance(thing, list) else thing


def scanned(fault: str, folder: Path) -> Snapshot:
    """The cluster with scans that have this fault."""
    with ReplayServer(ACME_PROD) as server:
        if fault == "stale scan":
            for group in ("aquasecurity.github.io", "constraints.gatekeeper.sh", "wgpolicyk8s.io"):
                server.fault(f"/apis/{group}/*/*", kind="transform", transform=aged)
            return take(server, folder)
        (folder / "node-of-another-cluster.json").write_text(json.dumps(KUBE_BENCH))
        return take(server, folder, scans=[folder / "node-of-another-cluster.json"])


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    with ReplayServer(ACME_PROD) as server:
        server.configz.update({f"acme-{node}": {"readOnlyPort": 0} for node in ("cp0", "w1", "w2", "w3")})
        return take(server, tmp_path_factory.mktemp("good"))


@pytest.fixture(scope="module")
def podless(good: Snapshot) -> Snapshot:
    return Alike.of(MEMORY, good.manifest, {
        table: good.arrow(table).slice(0, 0 if "pods" in tables.table(table).sources else None) for table in tables.TABLES})


@pytest.fixture(scope="module", params=FAULTS)
def spoilt(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple]:
    """A fault by name; the collection in which it befell all but one source, and that in which it befell that one."""
    patch = pytest.MonkeyPatch()
    patch.setattr(transport, "PAUSE", 0.01)
    patch.setattr(transport, "TRIES", 2)
    taken = []
    for patterns in (("/api/v1/[!n]*", "/api/v1/nodes*", "/apis/*/*/*"), (f"/api/v1/{SPARED}",)):
        with ReplayServer(ACME_PROD) as server:
            for pattern in patterns:
                server.fault(pattern, **FAULTS[request.param])
            taken.append(take(server, tmp_path_factory.mktemp("bad"), timeout=0.2))
    patch.undo()
    yield request.param, *taken


def take(server: ReplayServer, folder: Path, timeout: float = 5, **given) -> Snapshot:
    return collect(LiveSource(None, str(server.kubeconfig(folder)), timeout=timeout), **given)


def sources(check: Check) -> set[str]:
    """Every source that a check's tables come from, those of derived tables too, but for what need not be given."""
    found: set[str] = set()
    todo = list(check.tables)
    while todo:
        name = todo.pop()
        if name in DERIVED:
            todo += [table for table in inputs(derivation(name)) if table not in GIVEN.get(name, ())]
        else:
            found |= {SCAN if source in SCANNED else source for source in tables.table(name).sources}
    return found


MEMORY, OUTCOMES = Memory(5000), Memory()
"""The tables that grafted snapshots have in common: each differs from the others in a list or two; and what was found."""


@pytest.fixture(autouse=True, scope="module")
def _forgotten() -> Iterator[None]:
    yield
    MEMORY.clear()
    OUTCOMES.clear()


def run(check: Check, snapshot: Snapshot) -> Outcome:
    """What a check says of a snapshot: it is run once, and all that is asked below is in it."""
    return OUTCOMES.made((check.name, id(snapshot)), lambda: engine.run(check, snapshot), snapshot)


def graft(good: Snapshot, bad: Snapshot, spared: Snapshot, taken: set[str]) -> Snapshot:
    """The good snapshot, with what these sources gave taken from the spoilt ones."""
    def of(source: str) -> Snapshot:
        return spared if source == SPARED else bad

    entries = {entry.resource: entry for entry in good.manifest.ledger
               if not (SCAN in taken and entry.resource.startswith(SCAN))}
    entries |= {entry.resource: entry for source in taken for entry in of(source).manifest.ledger
                if entry.resource == source or (source == SCAN and entry.resource.startswith(SCAN))}
    grafted = {}
    for name, table in tables.TABLES.items():
        hit = [source for source in table.sources if source in taken or (source in SCANNED and SCAN in taken)]
        grafted[name] = of(hit[0]).arrow(name) if hit else good.arrow(name)
    manifest = msgspec.structs.replace(good.manifest, ledger=list(entries.values()))
    return Alike.of(MEMORY, manifest, grafted)


def verdicts(check: Check, snapshot: Snapshot) -> tuple[bool, str]:
    """Whether any subject passes, and the status of a requirement that rests on this check alone."""
    outcome = run(check, snapshot)
    return bool(outcome.counts["pass"]), status_of(PROBE, [outcome])[0]


def subjects(verdict: str, check: Check, snapshot: Snapshot) -> set[tuple]:
    """The subjects that have this verdict."""
    outcome = run(check, snapshot)
    if not outcome.counts[verdict]:
        return set()
    return set(outcome.subjects(outcome.positions(verdict)).astype(str).itertuples(index=False, name=None))


def passing_wrongly(check: Check, good: Snapshot, podless: Snapshot, bad: Snapshot, spoilt: str) -> set[tuple]:
    """Subjects that pass where one source is spoilt: those that come from it, and those that did not pass before.

    A template whose pods could not be read is judged as it is written, as it is where it has no pods.
    """
    kind = tables.RESOURCES[spoilt].kind if spoilt in tables.RESOURCES else ""
    passing = subjects("pass", check, bad)
    written = subjects("pass", check, podless) if spoilt == "pods" else set()
    return {row for row in passing if row[0] == kind} | (passing - subjects("pass", check, good) - written)


def test_no_check_passes_where_an_input_went_wrong(good, podless, spoilt) -> None:
    fault, bad, spared = spoilt
    read = {name: frozenset(sources(check) - UNTOUCHED) for name, check in all_checks().items()}
    grafted = {taken: graft(good, bad, spared, set(taken)) for taken in read.values()}
    unasked = {entry.resource for entry in good.manifest.ledger if entry.proven}  # no fault befalls these
    singly = {source: graft(good, bad, spared, {source}) for taken in read.values() for source in taken - unasked}
    if fault == "empty list":
        singly = {}  # that one of several lists is empty is a fact, and may be a good one
    passed, failed, found = [], [], {}
    for name, check in sorted(all_checks().items()):
        before = subjects("fail", check, good) | subjects("fail", check, podless)  # what is written, and fails as it is written
        for where, snapshot in (("all", grafted[read[name]]), *((s, singly[s]) for s in read[name] if s in singly)):
            passes, status = verdicts(check, snapshot)
            if where == "all":
                found[name] = status
            if status == "pass" or (passes if where == "all" else passing_wrongly(check, good, podless, snapshot, where)):
                passed.append((name, where))
            if subjects("fail", check, snapshot) - before:
                failed.append((name, where))
    assert not passed, f"{fault}: {passed}"
    assert not failed, f"{fault}: {failed}"
    if os.environ.get("AUDITKIT_WRITE_DOCS"):
        write(fault, found)
    assert {n: s for n, s in documented()[fault].items() if s != "–"} == found, "make docs writes docs/fault-matrix.md anew"


@pytest.mark.parametrize("fault", OF_SCANS)
def test_no_check_passes_on_scans_that_are_stale_or_of_elsewhere(fault: str, tmp_path: Path) -> None:
    snapshot = scanned(fault, tmp_path)
    kube_bench = {name for name, check in all_checks().items() if "kube-bench" in check.tools}
    meant = kube_bench if fault == OF_SCANS[1] else {n for n, c in all_checks().items() if SCAN in sources(c)}
    verdict = {name: verdicts(all_checks()[name], snapshot) for name in sorted(meant)}
    assert len(meant) > 5 or fault == OF_SCANS[1]
    assert not [name for name, (passes, status) in verdict.items() if passes or status == "pass"]
    found = {name: status for name, (_, status) in verdict.items()}
    if os.environ.get("AUDITKIT_WRITE_DOCS"):
        write(fault, found)
    assert {n: s for n, s in documented()[fault].items() if s != "–"} == found, "make docs writes it anew"


@pytest.mark.parametrize("fault", OF_FILES)
def test_no_check_passes_on_files_of_a_part_of_the_cluster(fault: str, tmp_path: Path) -> None:
    snapshot = collect(open_files(OF_FILES[fault](tmp_path)))
    verdict = {name: verdicts(check, snapshot) for name, check in sorted(all_checks().items())}
    assert not [name for name, (passes, status) in verdict.items() if passes or status in ("pass", "not_applicable")]
    found = {name: status for name, (_, status) in verdict.items()}
    if os.environ.get("AUDITKIT_WRITE_DOCS"):
        write(fault, found)
    assert {n: s for n, s in documented()[fault].items() if s != "–"} == found, "make docs writes it anew"


def test_the_good_snapshot_has_passes(good) -> None:
    """Otherwise the matrix would prove nothing."""
    passing = [name for name, check in all_checks().items() if verdicts(check, good)[0]]
    assert len(passing) > len(all_checks()) / 3


HEAD = """# Fault matrix

What each check makes of its requirement where every list that it reads has this fault. Written by
`tests/promises/test_faults.py`, which fails where one of these, or of the single lists, is a pass.
"""


def documented() -> dict[str, dict[str, str]]:
    """The matrix as it is documented: by fault and check."""
    rows = [line.strip("| ").split(" | ") for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
            if line.startswith("| ")]
    return {fault: {row[0]: row[place].replace(" ", "_") for row in rows[1:] if row[place]}
            for place, fault in enumerate(rows[0]) if place}


def write(fault: str, found: dict[str, str]) -> None:
    matrix = (documented() if DOCUMENT.exists() else {}) | {fault: found}
    names = sorted({name for column in matrix.values() for name in column})
    faults = (*FAULTS, *OF_FILES, *OF_SCANS)
    lines = [f"| check | {' | '.join(faults)} |", f"|---{'|---' * len(faults)}|"]
    lines += [f"| {name} | " + " | ".join(matrix.get(one, {}).get(name, "–").replace("_", " ") for one in faults) + " |"
              for name in names]
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(HEAD + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
