"""Panels on access and the network: what figure and table say is what the tables say."""

import xml.etree.ElementTree as ET

import pandas as pd
import pytest

from auditkit.api import snapshots
from auditkit.checks import find
from auditkit.errors import NoSuchName
from auditkit.reports import report_notebook, show
from auditkit.reports.panels.access_and_network import CONDITIONS, _map
from auditkit.reports.panels.checks import why
from auditkit.reports.panels.matrix import STATES, TRAFFIC, Matrix
from auditkit.snapshots.snapshot import Snapshot

RECT = "{http://www.w3.org/2000/svg}rect"


@pytest.fixture(scope="module")
def snap() -> Snapshot:
    return snapshots.demo()


def forbidden(snap: Snapshot, resource: str) -> Snapshot:
    manifest = type(snap.manifest)(**{name: getattr(snap.manifest, name) for name in snap.manifest.__struct_fields__})
    entry = next(entry for entry in manifest.ledger if entry.resource == resource)
    kept = [one for one in manifest.ledger if one is not entry]
    manifest.ledger = [*kept, type(entry)(resource=resource, outcome="forbidden", reason="no rights",
                                          started=entry.started, ended=entry.ended)]
    return Snapshot(manifest, snap._tables)


def test_every_subject_is_counted_once(snap: Snapshot) -> None:
    panel, found = show.paths(snap), snap.paths_to_admin
    assert panel.figure.values.to_numpy().sum() == len(found)
    assert panel.figure.values.loc["no known path"].sum() == found["steps"].isna().sum()
    assert panel.figure.values.loc["1 step", "User"] == ((found["kind"] == "User") & (found["steps"] == 1)).sum()
    assert len(panel.table.content["rows"]) == found["steps"].notna().sum()


def test_what_kubernetes_put_there_comes_last(snap: Snapshot) -> None:
    rows = show.paths(snap).table.content["rows"]
    shipped = [row[-1] for row in rows]
    assert shipped == sorted(shipped) and any(shipped)
    names = {(row[1], row[3]): row[-1] for row in rows}
    assert names["Group", "system:masters"] and names["ServiceAccount", "cronjob-controller"]
    assert not names["User", "contractor7@partner.example"] and not names["Group", "acme:team-leads"]


def test_the_matrix_says_what_may_flow(snap: Snapshot) -> None:
    panel = show.flows(snap)
    cells = panel.figure.cells
    for row in snap.namespace_flows.itertuples():
        ends = [kind if pd.isna(name) else name for kind, name in
                ((row.source_kind, row.source), (row.destination_kind, row.destination))]
        state = ("everything" if row.free_pairs == row.pairs else "all ports of some" if row.free_pairs else
                 "some" if row.open_pairs else "unknown")
        assert cells.loc[ends[0], ends[1]] == state, row
    closed = "nothing if enforced"
    assert (~cells.isin(["nothing", closed])).to_numpy().sum() == len(snap.namespace_flows)
    assert cells.loc["patient-portal", "billing"] == closed and cells.loc["Outside", "Outside"] == "nothing"
    rects = list(ET.fromstring(panel.figure.svg()).iter(RECT))
    assert len(rects) == len(TRAFFIC.shares) + len(cells) + cells.size - 1
    assert "default" not in cells, "a namespace without pods is not closed: there is nothing in it"


def test_whether_policies_are_enforced_is_said(snap: Snapshot) -> None:
    panel = show.flows(snap)
    assert "Enforcement of policies is unknown" in panel.table.content["note"]
    said = CONDITIONS[None]
    assert said and said in panel.figure.svg() and said in panel.figure.description
    assert said in panel.figure.plotly()["layout"]["title"]["text"]


@pytest.mark.parametrize(("enforced", "closed", "open_"), [
    (True, "nothing", "some"), (None, "nothing if enforced", "some"), (False, "everything", "everything")])
def test_nothing_is_drawn_as_closed_that_is_so_only_on_a_condition(
        enforced: bool | None, closed: str, open_: str) -> None:
    states = pd.DataFrame([["some", None, None]] * 3, index=["a", "Nodes", "Outside"], columns=["a", "Nodes", "Outside"], dtype=object)
    figure = _map(states, enforced, "Flows", gaps=False)
    assert figure.cells.loc["a", "a"] == open_ and figure.cells.loc["a", "Nodes"] == closed
    assert figure.cells.loc["Outside", "Outside"] == "nothing" and figure.condition == CONDITIONS[enforced]


def test_what_is_missing_is_not_shown_as_closed(snap: Snapshot) -> None:
    panel = show.flows(forbidden(snap, "networkpolicies.networking.k8s.io"))
    assert "networkpolicies" in panel.table.content["note"]
    assert not (panel.figure.cells == "nothing").any(axis=None)
    assert "roles" in show.paths(forbidden(snap, "clusterroles.rbac.authorization.k8s.io")).table.content["note"]
    assert show.missing(snap, "access") == "" and show.missing(snap, "findings").startswith("Rows may be missing")


def test_hostile_names_in_the_matrix() -> None:
    name = "<script>\u202e&"
    figure = Matrix(pd.DataFrame({name: ["everything"]}, index=[name]), name)
    assert "<script>" not in figure.svg() and "\u202e" not in figure.svg()
    assert "<script>" not in figure.plotly()["data"][0]["x"][0] + figure.plotly()["layout"]["title"]["text"]
    assert r"\u{202e}" in figure.description
    ET.fromstring(figure.svg())


def test_each_state_can_be_told_without_colours() -> None:
    svg = Matrix(pd.DataFrame([list(STATES)], index=["a"], columns=list("abcdef")), "x").svg()
    marks = list(ET.fromstring(svg).iter(RECT))[6:]
    assert len({(mark.get("width"), mark.get("rx")) for mark in marks}) == len(STATES) - 1


def test_a_checklist_leaves_the_frame_as_it_is(snap: Snapshot) -> None:
    frame = snap.namespace_policies
    block = show.checklist(frame, "x")
    assert "seen" not in frame and [row[0] for row in block.content["rows"]] == ["[  ]"] * len(frame)


def test_a_notebook_that_does_not_exist(snap: Snapshot, tmp_path) -> None:
    with pytest.raises(NoSuchName, match="access"):
        report_notebook(snap, "acces", tmp_path)


def test_why_a_check_matters_is_told_without_the_marks_of_programmers() -> None:
    said = why(find("access.no_anonymous_bindings").function)
    assert said == ("Anybody who can reach the API server has these rights, without a password, a token or a certificate. "
                    "subjects may leave out the user (system:anonymous) or the group (system:unauthenticated).")
