"""The page: one file, offline, its own scripts and no others, and everything that an auditor looks for."""

import base64
import datetime as dt
import hashlib
import re
from pathlib import Path

import msgspec
import pandas as pd
import plotly.graph_objects as plotly
import pytest
from report_worlds import Page, executed, framework, judged, pod, published, snapshot

import auditkit
from auditkit.evaluation.evaluation import evaluate
from auditkit.people import attestations, exceptions
from auditkit.people.attestations import Attestation
from auditkit.people.entries import Origin
from auditkit.people.exceptions import RiskAcceptance
from auditkit.reports import show
from auditkit.reports.page.document import CARRIED, document
from auditkit.reports.page.html import page
from auditkit.reports.panels.block import ROWS
from auditkit.snapshots.snapshot import Snapshot

EVIL = '"><script>alert(1)</script><img src=x onerror=alert(2)>\u202egpj.exe\u200b\x1b[31m'


def drawn(*cells: object) -> Page:
    return Page(page(document(executed(*cells), "house")))


def everything(evaluation) -> list[object]:
    snap = evaluation.snapshot
    return ["# House", "## Answer", show.summary(evaluation), show.chart(evaluation), show.snapshot(snap),
            "## All", show.requirements(evaluation), "## Each", show.details(evaluation), show.findings(evaluation), show.requests(evaluation),
            show.conclusion(evaluation), show.added(evaluation),
            show.table(snap.containers, "Containers"), show.ledger(snap), show.dictionary(evaluation),
            show.evidence(evaluation)]


@pytest.fixture(scope="module")
def house() -> Page:
    return drawn(*everything(judged(pod("bad", privileged=True), pod("good"), services="forbidden")))


def test_only_its_own_scripts_run(house: Page) -> None:
    policy = next(attributes["content"] for tag, attributes in house.tags
                  if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    digests = {f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in house.scripts}
    stated = re.search(r"script-src ([^;]*);", policy)
    assert stated and set(stated[1].split()) == digests
    assert len(house.scripts) == 1, "ours: our bars need no plotly.js"
    styles = re.search(r"style-src ([^;]*);", policy)
    assert styles and styles[1].startswith("'sha256-"), "no style but that of the page"


def test_it_asks_for_nothing(house: Page) -> None:
    assert not [tag for tag, _ in house.tags if tag in ("link", "iframe", "object", "embed", "base")]
    assert all(address.startswith("data:") for address in house.values("src"))
    assert all(address.startswith("#") for address in house.values("href"))


def test_every_link_leads_somewhere(house: Page) -> None:
    anchors = house.values("id")
    assert len(anchors) == len(set(anchors))
    assert {address[1:] for address in house.values("href")} <= set(anchors)
    assert "r-1.1" in anchors and "section-2" in anchors


def test_plotly_is_there_only_for_a_figure_that_is_interactive() -> None:
    evaluation = judged(pod("good"))
    still = drawn("# House", show.summary(evaluation), show.chart(evaluation))
    assert len(still.scripts) == 1 and "Plotly.newPlot" in still.scripts[0]
    days = pd.DataFrame({"requirement": ["1.1"], "day": [dt.date(2026, 1, 2)], "status": ["fail"]})
    assert len(drawn("# House", show.calendar(days)).scripts) == 2


def test_the_page_of_a_report_is_small(acme: Snapshot) -> None:
    evaluation = auditkit.evaluate(acme, "soc2")
    written = page(document(executed(*everything(evaluation)), "house"))
    assert len(written.encode()) < 1_500_000 and "Plotly.newPlot" in written and "plotly.js v" not in written


def test_what_the_page_carries_cannot_break_out_of_its_element(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    block = {"kind": "evidence", "files": [{
        "name": evil, "type": evil, "meaning": evil, "bytes": 1, "rows": None, "sha256": evil, "packing": evil, "content": evil}]}
    found = drawn({"application/vnd.auditkit.v1+json": block})
    assert len(found.scripts) == 1 and "alert(1)" not in found.scripts[0]


def test_a_file_that_is_too_large_for_a_page_is_not_in_it_and_it_says_where_it_is() -> None:
    file = {"name": "large.csv", "type": "text/csv", "meaning": "All of it", "bytes": 9, "rows": None, "sha256": "ab" * 32,
            "content": "A" * (CARRIED + 1)}
    found = drawn({"application/vnd.auditkit.v1+json": {"kind": "evidence", "files": [file]}})
    assert "large.csv (in the notebook and the PDF)" in found.text and "ab" * 32 not in found.values("data-sha256")
    fits = drawn({"application/vnd.auditkit.v1+json": {"kind": "evidence", "files": [{**file, "content": "A" * CARRIED}]}})
    assert "(in the notebook and the PDF)" not in fits.text and fits.values("data-sha256") == ["ab" * 32] * 2


@pytest.mark.parametrize("said", [
    "1 of 2 containers runs privileged: shop/bad", "Pod shop/bad", "privileged=true", "Expected: privileged is not set",
    "Remedy: Remove securityContext.privileged", "Source of the rule:", "Not shown by a cluster: Who is in charge",
    "Evidence to request: The chart", "Collected 2026-01-02 03:04:05 UTC", "read completely; 1 incomplete, see below",
    "jane (groups: auditors)", "the server said no", "ab" * 32, "Examine: Names and dates", "has all rights on the node",
])
def test_what_an_auditor_looks_for(house: Page, said: str) -> None:
    assert said in house.text


def test_every_requirement_is_listed_with_its_status(house: Page) -> None:
    cards = [attributes for tag, attributes in house.tags if tag == "details" and "data-status" in attributes]
    assert [(card["id"], card["data-status"]) for card in cards] == [
        ("r-1.1", "fail"), ("r-1.2", "fail"), ("r-2.1", "manual")]


def test_no_score(house: Page) -> None:
    assert not re.search(r"\d\s*%|complian(t|ce) score", house.text)


def test_subjects_of_a_check_are_listed_once(house: Page) -> None:
    assert house.text.count("Pod shop/bad") == 1
    assert "The subjects are listed under 1.1" in house.text


def test_unknown_comes_with_its_reason_and_who_waits_for_it() -> None:
    found = drawn(show.summary(judged(pod("good"), pods="forbidden")))
    assert "Missing evidence" in found.text
    assert "access to pods was refused: the server said no 1.1, 1.2" in found.text


def test_hostile_text_is_text() -> None:
    evaluation = judged(pod(f"p{EVIL}", image=EVIL, privileged=True), cluster=EVIL, title=EVIL, secrets="forbidden")
    found = drawn(f"# T {EVIL}", *everything(evaluation)[1:], show.bars(evaluation.snapshot.sql(
        "select image, 1 as pods from containers"), EVIL), {"text/plain": EVIL})
    assert not [tag for tag, attributes in found.tags if tag == "img" and attributes.get("src") == "x"]
    assert all("alert(" not in script for script in found.scripts)
    assert not {"onerror", "onload", "onclick"} & {name for _, attributes in found.tags for name in attributes}
    shown = found.text + " ".join(value or "" for _, attributes in found.tags for value in attributes.values())
    assert not [char for char in shown if not (char.isprintable() or char.isspace())]
    assert "<script>alert(1)</script>" in found.text and "\\u{202e}" in found.text


def test_ten_thousand_failures_are_counted_and_the_worst_shown() -> None:
    evaluation = judged(*[pod(f"web-{number}", privileged=True) for number in range(10_000)])
    found = drawn(show.details(evaluation))
    assert found.text.count("Pod shop/web-") == ROWS["page"]
    assert f"The table shows {ROWS['page']} of 10,000 subjects, failing subjects first." in found.text


def test_long_names_are_cut_and_their_length_is_told() -> None:
    found = drawn(show.details(judged(pod("x" * 50_000, privileged=True))))
    assert "(50,009 characters)" in found.text and "x" * 1000 not in found.text


def test_a_notebook_that_somebody_else_wrote() -> None:
    figure = plotly.Figure(plotly.Bar(x=["a"], y=[1]), layout={"title": {"text": "Mine"}})
    found = drawn(
        "# Mine\n\n## A part\n\nText with <script>alert(1)</script> and [a link](javascript:alert(1)).\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        {"application/vnd.plotly.v1+json": figure.to_plotly_json(), "text/html": "<div><script>x</script></div>"},
        {"text/html": "<style>td {color: red}</style><table class='dataframe'><tr><th>n</th></tr><tr><td onclick='x()'>7</td></tr></table>"
                      "<img src='http://example.com/x.png'><a href='data:text/html,x'>d</a>"},
        {"image/png": "aGVsbG8=", "text/plain": "<Figure>"}, {"text/markdown": "*well*"}, {"text/plain": "\x1b[1mbold\x1b[0m"})
    assert "Mine" in found.text and "7" in found.text and "color: red" not in found.text and "bold" in found.text
    assert "data:image/png;base64,aGVsbG8=" in found.values("src")
    assert all(address.startswith(("data:image/", "#")) for address in [*found.values("src"), *found.values("href")])
    assert not found.values("onclick") and len(found.scripts) == 2
    assert ("em", {}) in found.tags


def test_the_page_is_written_beside_the_notebook_and_stays_the_same(tmp_path: Path) -> None:
    cells = everything(judged(pod("bad", privileged=True)))
    first = published(tmp_path, *cells)
    bytes_of = [first.html.read_bytes(), first.pdf.read_bytes()]
    again = published(tmp_path, *everything(judged(pod("bad", privileged=True))))
    assert [again.html.read_bytes(), again.pdf.read_bytes()] == bytes_of
    assert first.notebook.parent == first.html.parent == first.pdf.parent == tmp_path


def test_what_people_added_changes_no_verdict_and_is_shown() -> None:
    origin = Origin("exceptions.yaml", 7, "cd" * 32, Path("exceptions.yaml"))
    day = dt.date(2026, 1, 1)
    exception = RiskAcceptance(exceptions.ExceptionEntry(
        owner="Olga Owner", reason="The scanner needs it", compensating_control="A node of its own", framework="house",
        requirements=["1.1"], subjects=[exceptions.Selector(namespace="shop", name="bad")], granted=day,
        expires=dt.date(2027, 1, 1)), origin)
    expired = RiskAcceptance(exceptions.ExceptionEntry(
        owner="Ed Expired", reason="Old", compensating_control="None", framework="house", requirements=["1.2"],
        subjects=[exceptions.Selector(name="bad")], granted=day, expires=day), origin)
    attestation = Attestation(attestations.AttestationEntry(
        framework="house", requirements=["2.1"], by="Anna Attester", says="<b>The chart</b> is kept", since=day,
        until=dt.date(2027, 1, 1), note="<i>A pod</i> is removed in July"), origin)
    snap = snapshot(pod("bad", privileged=True), pod("good"))
    evaluation = evaluate(snap, framework(), [exception, expired], [attestation])
    found = drawn(*everything(evaluation))
    cards = [attributes["data-status"] for tag, attributes in found.tags if tag == "details" and "data-status" in attributes]
    assert cards == ["fail", "fail", "attested"]
    for said in ("1 of 2 failing requirements is an accepted risk", "fail accepted", "Olga Owner",
                 "A node of its own", "Anna Attester", "<b>The chart</b> is kept", "Ed Expired", "risk acceptance expired",
                 "exceptions.yaml, line 7", "1 failure accepted", "Note on failures: <i>A pod</i> is removed in July"):
        assert said in found.text, said
    assert [file["name"] for file in show.evidence(evaluation).content["files"]] == [
        "seal.json", "requirements.csv", "verdicts.csv", "ledger.csv", "checks.csv", "failures.csv", "gaps.csv",
        "objects.csv", "crosswalk.csv", "dictionary.csv", "exceptions.csv", "attestations.csv"]


def test_what_holds_in_part_is_for_people_and_its_checks_are_shown() -> None:
    found = drawn(*everything(judged(pod("good"))))
    assert ("2 requirements need evidence from a person. For 1 of them, the cluster meets its part. For 1 of them, a "
            "cluster can show nothing.") in found.text
    assert "the cluster meets its part: 1 passed, none failed A cluster" not in found.text, "the check stands between"
    assert "the cluster meets its part: 1 passed, none failed Containers do not run privileged" in found.text
    assert found.text.count("Not shown by a cluster: What runs outside") == 1


def test_what_people_say_against_it_and_of_an_alternative() -> None:
    day, origin = dt.date(2026, 1, 1), Origin("people.yaml", 3, "cd" * 32, Path("people.yaml"))

    def says(requirement: str, **more) -> Attestation:
        return Attestation(attestations.AttestationEntry(framework="house", requirements=[requirement], by="Anna Attester",
                                                says=f"Of {requirement}", since=day, until=day.replace(month=12), **more), origin)

    house = framework()
    addressable = msgspec.structs.replace(house.requirements[1], obligation="addressable")
    house = msgspec.structs.replace(house, requirements=[house.requirements[0], addressable, house.requirements[2]])
    instead = attestations.Alternative(measure="<i>A locked room</i>", reason="nobody is in it")
    evaluation = evaluate(snapshot(pod("bad", privileged=True), pod("good")), house, [],
                          [says("2.1", holds=False), says("1.2", alternative=instead)])
    found = drawn(*everything(evaluation))
    cards = [attributes["data-status"] for tag, attributes in found.tags if tag == "details" and "data-status" in attributes]
    assert cards == ["fail", "attested", "fail"]
    worst = found.text.partition("Findings")[2]
    assert worst.index("stated 2.1") < worst.index("1.1 No privileges"), "what people say themselves goes first"
    for said in ("attested as not met by Anna Attester, until 2026-12-01: Of 2.1", "Not met: Of 2.1",
                 "met by an alternative measure: <i>A locked room</i>, because nobody is in it", "Alternative measure: <i>A locked room</i>",
                 "checks found: 1 of 2 containers runs privileged: shop/bad", "The subjects are listed under 1.1"):
        assert said in found.text, said
