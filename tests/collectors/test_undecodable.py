"""Answers that no decoder takes, of every endpoint: each costs its list, is told in the ledger, and costs no other."""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from types import SimpleNamespace

import pytest
from hostile_json import BODIES, HARMS, ITEMS, VALUES, planted
from replay import ACME_PROD, ReplayServer

from auditkit import tables
from auditkit.api import snapshots
from auditkit.checks import all_checks
from auditkit.collectors import custom, engines, kubelets
from auditkit.collectors.decode.objects import NotAList, decode
from auditkit.collectors.decode.structs import places
from auditkit.collectors.discovery import Served, discover
from auditkit.collectors.listing import Listing
from auditkit.collectors.sources.live import LiveSource
from auditkit.collectors.sources.model import Answer
from auditkit.evaluation import engine
from auditkit.evaluation.status import status_of
from auditkit.framework.model import Requirement
from auditkit.scans.read import readers_by_group
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.model import Resource

PROBE = Requirement(id="0", section="0", title="t", reach="evidenced")


def answering(body: bytes) -> SimpleNamespace:
    """A source that answers everything with one body."""
    return SimpleNamespace(get=lambda path, accept="": Answer(200, body), assembles=False, pages=9)


def envelope(resource: Resource, version: str) -> bytes:
    """The empty list of a resource, as an API server writes it."""
    table = resource.form == "table"
    kind, group = ("Table", "meta.k8s.io/") if table else (f"{resource.kind}List", f"{resource.group}/".lstrip("/"))
    return json.dumps({"kind": kind, "apiVersion": group + ("v1" if table else version), "metadata": {"resourceVersion": "7"},
                       **({"columnDefinitions": []} if table else {}), "rows" if table else "items": []},
                      separators=(",", ":")).encode()


@cache
def lists() -> dict[str, tuple[Resource, object]]:
    """Every list that a collection can read: the resource, and what makes its decoder (None: by the tables)."""
    found: dict[str, tuple[Resource, object]] = {name: (resource, None) for name, resource in tables.RESOURCES.items()}
    for name, resource in engines.RESOURCES.items():
        found[f"engine {name}"] = resource, engines.NamesDecoder
    for group, reader in readers_by_group().items():
        for kind in sorted(getattr(reader, "KINDS", ["Thing"])):
            version = custom.VERSIONS[group][0]
            resource = Resource(f"{kind.lower()}s.{group}", kind, (version,), namespaced=None)
            found[f"{reader.NAME} {kind}.{group}"] = (
                resource, lambda resource=resource, version=version, reader=reader:
                custom.FindingsDecoder(resource, version, reader))
    return found


@pytest.mark.parametrize("name", lists())
def test_one_object_that_cannot_be_read_costs_its_list(name: str) -> None:
    resource, decoder = lists()[name]
    whole = envelope(resource, resource.versions[0])
    assert Listing(answering(whole), resource, resource.versions[0], decoder=decoder).read().entry.outcome == "complete"
    for harm, spoil in HARMS.items():
        listing = Listing(answering(spoil(whole)), resource, resource.versions[0], decoder=decoder).read()
        custom.finish(listing)
        assert listing.entry.outcome in ("partial", "failed") and listing.entry.reason, harm


def read_places() -> list[tuple[str, str, str]]:
    """Every place in an object that a column reads: the source, the form of its lists, and the path."""
    return list(dict.fromkeys(
        (rows.source, "rows" if rows.label == "table" else "items", place) for table in tables.TABLES.values()
        for rows in table.rows for column in table.columns for place in places(rows, column)))


@pytest.mark.parametrize("stride", [13, pytest.param(1, marks=pytest.mark.slow)])
def test_a_value_that_no_place_has_costs_its_object_or_its_list(stride: int) -> None:
    kept = 0
    for number, (source, form, place) in enumerate(read_places()):
        for name in list(VALUES)[number % stride::stride]:
            item = planted(place, VALUES[name]).replace(
                b"{", b'{"metadata":{"name":"a"},"object":{"metadata":{"name":"a"}},"spec":{"containers":[]},', 1)
            try:
                page = decode(b'{"%s":[%s]}' % (form.encode(), item), source)
            except NotAList as error:
                assert str(error)
                continue
            kept += not page.malformed
            assert page.items == 1 and all(page.malformed), (source, place, name)
    assert kept


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("column", ["Type", "Data"])
def test_a_cell_of_a_table_that_cannot_be_read_costs_its_object_or_its_list(column: str, value: str) -> None:
    body = b'{"columnDefinitions":[{"name":"%s"}],"rows":[{"cells":[%s],"object":{"metadata":{"name":"a"}}}]}' % (
        column.encode(), VALUES[value])
    null = re.sub(rb'"cells":.*,"object"', b'"cells":null,"object"', body)
    assert not decode(null, "secrets").malformed, "a row without cells"
    if (column, value) == ("Type", "a text"):
        assert not decode(body, "secrets").malformed
        return
    try:
        assert decode(body, "secrets").malformed
    except NotAList as error:
        assert str(error)


# --- a whole collection ------------------------------------------------------------------------------------------------


def ledger(snapshot: Snapshot) -> dict[str, Entry]:
    return {entry.resource: entry for entry in snapshot.manifest.ledger}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """The cluster with nothing wrong."""
    with ReplayServer(ACME_PROD) as server:
        server.configz.update(CONFIGZ)
        yield snapshots.collect(kubeconfig=str(server.kubeconfig(tmp_path_factory.mktemp("usual"))))


CONFIGZ = {f"acme-{node}": {"readOnlyPort": 0} for node in ("cp0", "w1", "w2", "w3")}
MADE_OF = {"controlplane": {"pods"}, "kubelets": {"nodes"}, "engines": {engines.CRDS, engines.API_SERVICES}}
"""What is no list of its own, and of which lists it is made."""


def spoil(server: ReplayServer, usual: Snapshot, turn: int, chosen: Callable[[int, str], bool]) -> dict[str, str]:
    """Spoil some of the lists that are usually read, each in another way, and each turn in another: how, by resource."""
    lists = [entry for name, entry in ledger(usual).items() if entry.bodies and name not in {"discovery", *MADE_OF}]
    harms = [list(HARMS)[(turn * len(lists) + number) % len(HARMS)] for number in range(len(lists))]
    for number, (entry, harm) in enumerate(zip(lists, harms, strict=True)):
        if chosen(number, entry.resource):
            server.fault(entry.path.partition("?")[0], kind="rewrite", rewrite=HARMS[harm])
    return {entry.resource: harm for number, (entry, harm) in enumerate(zip(lists, harms, strict=True))
            if chosen(number, entry.resource)}


@pytest.mark.parametrize("turn", [0, 1, *(pytest.param(turn, marks=pytest.mark.slow) for turn in range(2, 2 * len(HARMS)))])
def test_lists_that_cannot_be_read_cost_no_other_list(turn: int, server: ReplayServer, kubeconfig: str, usual: Snapshot) -> None:
    spoilt = spoil(server, usual, turn // 2, lambda number, _: (number + turn) % 2 == 0)
    server.configz.update(CONFIGZ)
    before, after = ledger(usual), ledger(snapshots.collect(kubeconfig=kubeconfig))
    assert len(spoilt) > 20 and before.keys() == after.keys()
    for name, entry in after.items():
        if name in spoilt:
            assert entry.outcome in ("partial", "failed") and entry.reason, spoilt[name]
        elif not MADE_OF.get(name, set()) & spoilt.keys():
            assert (name, entry.outcome, entry.reason, entry.items) == (
                name, before[name].outcome, before[name].reason, before[name].items)


def test_nothing_passes_on_lists_that_cannot_be_read(server: ReplayServer, kubeconfig: str, usual: Snapshot) -> None:
    spoilt = spoil(server, usual, 0, lambda _, name: name != "namespaces")
    snapshot = snapshots.collect(kubeconfig=kubeconfig)
    for check in all_checks().values():
        given = {source for name in check.tables if name in tables.TABLES for source in tables.table(name).sources}
        if given & spoilt.keys():
            outcome = engine.run(check, snapshot)
            assert outcome.gaps and status_of(PROBE, [outcome])[0] != "pass", check.name


@pytest.mark.parametrize("harm", [*BODIES, *(pytest.param(harm, marks=pytest.mark.slow) for harm in HARMS if harm not in BODIES)])
def test_what_is_no_list_and_cannot_be_read_costs_no_list(harm: str, server: ReplayServer, kubeconfig: str, usual: Snapshot) -> None:
    for path in ("/version", "/api/v1/nodes/*/proxy/configz", "*/selfsubject*"):
        server.fault(path, kind="rewrite", rewrite=HARMS[harm])
    server.configz.update(CONFIGZ)
    snapshot = snapshots.collect(kubeconfig=kubeconfig)
    before, after = ledger(usual), ledger(snapshot)
    assert {name for name in before if after[name].outcome != before[name].outcome} <= {"kubelets"}
    assert not len(snapshot.kubelet_settings) or harm in ITEMS, "a harm of items finds none in a configuration"


def test_a_key_of_which_a_byte_was_damaged_is_not_taken_for_absent(server: ReplayServer, kubeconfig: str) -> None:
    server.fault("/api/v1/pods", kind="rewrite", rewrite=lambda body: body.replace(b'"privileged"', b'"privileg\xe5d"'))
    entry = ledger(snapshots.collect(kubeconfig=kubeconfig))["pods"]
    assert (entry.outcome, "not UTF-8" in entry.reason) == ("failed", True)


@pytest.mark.parametrize("value", ["a number of 5,000 digits", "bad UTF-8", "nested 100,000 deep", "a mapping of lists"])
def test_arguments_of_the_control_plane_that_cannot_be_read_leave_it_in_doubt(
        value: str, server: ReplayServer, kubeconfig: str) -> None:
    command = b'"command":["kube-apiserver"'
    server.fault("/api/v1/pods", kind="rewrite", rewrite=lambda body: body.replace(command, command + b"," + VALUES[value], 1))
    found = ledger(snapshots.collect(kubeconfig=kubeconfig))["controlplane"]
    assert found.outcome in ("partial", "failed") and found.reason


def test_a_configuration_of_a_kubelet_that_is_nested_deeply_is_refused_at_every_depth() -> None:
    refused = 0
    for depth in range(900, 1100):
        for opens, closes in ((b"[", b"]"), (b'{"a":', b"}")):
            try:
                kubelets.configuration(b'{"kubeletconfig":{"port":%s1%s}}' % (opens * depth, closes * depth))
            except ValueError:
                refused += 1
    assert refused > 100


# --- discovery ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_discovery_that_cannot_be_read_proves_nothing(path: str, server: ReplayServer, kubeconfig: str) -> None:
    source = LiveSource(None, kubeconfig)
    for harm, rewrite in HARMS.items():
        server.fault(path, kind="rewrite", rewrite=rewrite, times=1)
        found = discover(source)
        assert (found if isinstance(found, str) else found.unknown_groups), harm
    assert isinstance(discover(source), Served)


OLD = {
    "/api": {"kind": "APIVersions", "versions": ["v1"]},
    "/apis": {"kind": "APIGroupList", "groups": [{"name": "apps", "versions": [{"groupVersion": "apps/v1"}]}]},
    "/api/v1": {"kind": "APIResourceList", "groupVersion": "v1", "resources": [{"name": "pods", "kind": "Pod"}]},
    "/apis/apps/v1": {"kind": "APIResourceList", "groupVersion": "apps/v1", "resources": [{"name": "deployments"}]},
}
"""The older form of discovery: a document for each group and version."""


@pytest.mark.parametrize("path", list(OLD)[1:])
def test_discovery_of_the_older_form_that_cannot_be_read_proves_nothing(path: str) -> None:
    for harm, rewrite in (HARMS | {f"a name that is {name}": lambda body, value=value: body.replace(b'"apps"', value)
                                   .replace(b'"pods"', value).replace(b'"deployments"', value)
                                   for name, value in VALUES.items() if name != "a text"}).items():
        bodies = {at: json.dumps(document).encode() for at, document in OLD.items()}
        spoilt = rewrite(bodies[path])
        if spoilt == bodies[path]:
            continue  # it is a harm of items, which such a document does not have
        found = discover(SimpleNamespace(get=lambda at, accept="", all=bodies | {path: spoilt}: Answer(200, all[at])))
        assert (found if isinstance(found, str) else found.unknown_groups), harm
