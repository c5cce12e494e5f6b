"""The access review: packet, decisions, and what became of them."""

import contextlib
import datetime as dt
import io
import zipfile
from functools import cache
from pathlib import Path

import msgspec
import openpyxl
import pandas as pd
import pytest
from access_worlds import account, bind, group, role, rule, user
from hypothesis import example, given, settings
from hypothesis import strategies as st
from older import opened
from worlds import arrow

from auditkit import tables
from auditkit.errors import UsageError
from auditkit.reviews.access import COLUMNS, TO_FILL, check_decisions, new_lines, prove_revocations, review_packet
from auditkit.reviews.access_files import read_decisions, write_packet
from auditkit.snapshots.ledger import Entry
from auditkit.snapshots.manifest import Manifest
from auditkit.snapshots.snapshot import Snapshot

TAKEN = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
DAY = "2026-06-02"
TODAY = dt.date(2026, 6, 10)


def snapshot(*objects: dict, days: int = 0, cluster: str = "c", lacking: tuple[str, ...] = ()) -> Snapshot:
    """A snapshot of these objects, so many days later, complete but for what is lacking."""
    when = TAKEN + dt.timedelta(days=days)
    sources = {rows.source for table in tables.TABLES.values() for rows in table.rows}
    ledger = [Entry(resource=source, outcome="forbidden" if source in lacking else "complete", started=when, ended=when)
              for source in sorted(sources)]
    return Snapshot(Manifest(cluster=cluster, started=when, ended=when, ledger=ledger), arrow(objects))


SHOP = [
    role("reader", rule("get list", "secrets"), rule("get", "pods")), role("admin", rule("*", "*", "*")),
    bind("a", "reader", user("alice"), group("team"), namespace="shop"), bind("b", "admin", user("bob")),
    bind("c", "reader", account("ci", "shop"), namespace="shop"), bind("d", "gone", user("eve")),
]


def decided(packet: pd.DataFrame, **decisions: str) -> pd.DataFrame:
    """Decisions about every line: keep, or what is given by subject; signed by carol on the next day."""
    made = packet[["line", "subject"]].assign(reviewer="carol", comment=pd.NA, reviewed=DAY)
    return made.assign(decision=[decisions.get(name, "keep") for name in made["subject"]])


# --- the packet -----------------------------------------------------------------------------------------------------


def test_a_line_for_each_subject_of_each_binding_says_what_it_grants():
    packet = review_packet(snapshot(*SHOP))
    assert list(packet.columns) == COLUMNS
    assert len(packet) == 5
    rows = packet.set_index("subject")
    assert rows.loc["alice", "grants"] == "get, list on secrets; get on pods"
    assert rows.loc["alice", "scope"] == "shop"
    assert "read secrets" in rows.loc["alice", "powers"]
    assert rows.loc["bob", "steps_to_admin"] == 1
    assert rows.loc["alice", "steps_to_admin"] is pd.NA
    assert rows.loc["team", "members"] == "the cluster does not store its members"
    assert rows.loc["ci", "subject_namespace"] == "shop"
    assert rows.loc["eve", "grants"] == "none: the role does not exist or is empty"
    assert packet[TO_FILL].isna().all().all()
    assert packet.attrs["gaps"] == []


def test_a_line_has_the_same_name_in_every_snapshot():
    one, other = review_packet(snapshot(*SHOP)), review_packet(snapshot(*reversed(SHOP), days=3))
    names = [dict(zip(packet["subject"], packet["line"], strict=True)) for packet in (one, other)]
    assert names[0] == names[1]
    assert one["line"].is_unique


def test_a_packet_says_that_lines_may_be_missing():
    packet = review_packet(snapshot(*SHOP, lacking=("rolebindings.rbac.authorization.k8s.io",)))
    assert packet.attrs["gaps"][0] == "access to rolebindings.rbac.authorization.k8s.io was refused"
    found = check_decisions(packet, decided(packet), today=TODAY)
    assert found.loc[found["line"].isna(), "kind"].tolist() == ["unknown"]


@pytest.mark.parametrize("table", ["role_rules", "binding_subjects", "bindings", "memberships"])
def test_what_another_version_did_not_collect_is_not_taken_for_a_right_that_nobody_has(acme, table):
    packet = review_packet(opened(acme, **{table: tables.table(table).schema.names[-1:]}))
    assert len(packet) == 0 and list(packet) == list(review_packet(acme))
    assert any(f"not collected: table {table}" in gap for gap in packet.attrs["gaps"])
    assert check_decisions(packet, packet)["kind"].tolist() == ["unknown"]


def test_a_revocation_is_not_proved_by_roles_that_were_not_collected(acme):
    moment = acme.manifest.observed[0] - dt.timedelta(days=1)
    before = Snapshot(msgspec.structs.replace(acme.manifest, observed_from=moment), acme._tables)
    decisions = pd.DataFrame({"line": ["a"], "decision": ["revoke"], "reviewer": ["j"], "reviewed": ["2026-01-01"]})
    assert not len(prove_revocations(decisions, before, acme))
    for one, other in ((opened(before, role_rules=()), acme), (before, opened(acme, role_rules=()))):
        with pytest.raises(UsageError, match="not collected: table role_rules"):
            prove_revocations(decisions, one, other)


def test_the_recorded_cluster(acme):
    packet = review_packet(acme).set_index(["binding", "subject"])
    assert packet.loc[("old-contractor", "contractor7@partner.example"), "since"].year == 2026
    assert packet.loc[("cluster-admin", "system:masters"), "by_kubernetes"]
    assert not packet.loc[("platform-admins", "dana@acme.example"), "by_kubernetes"]
    assert packet["by_kubernetes"].is_monotonic_increasing


# --- files ----------------------------------------------------------------------------------------------------------

HOSTILE = "=HYPERLINK(\"http://x\")"


@pytest.mark.parametrize("file", ["packet.xlsx", "packet.csv"])
def test_a_packet_comes_back_as_it_was_written(tmp_path, file):
    objects = [*SHOP, bind("h", "reader", user(HOSTILE), user("-dash"), user("turn\u202eed"), user("@at"))]
    packet = review_packet(snapshot(*objects))
    path = write_packet(packet, tmp_path / file)
    back = read_decisions(path)
    assert back["line"].tolist() == packet["line"].tolist()
    back = back.assign(reviewer="carol", decision="keep", reviewed=DAY)
    found = check_decisions(packet, back, today=TODAY)
    assert found[found["kind"] == "error"].empty, found
    assert {HOSTILE, "-dash", "@at"} <= set(back["subject"])


@cache
def of_shop() -> pd.DataFrame:
    """A packet that many examples fill with other names."""
    return review_packet(snapshot(*SHOP))


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
@settings(max_examples=30)
@example(name="two\nlines").via("a line break")
@example(name="a\ttab").via("a tab")
@example(name="'=1").via("an apostrophe before a formula")
@example(name="''=1").via("two")
@example(name="_x000D_").via("what XLSX writes for a control character")
@example(name='a",\r\n"b').via("what parts the cells of CSV")
@given(name=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)
       | st.text("'=+-@\t\r\n\" ,;_x0D", min_size=1, max_size=12))
def test_nothing_is_taken_for_changed_that_nobody_touched(tmp_path_factory, suffix, name):
    packet = of_shop().copy()
    packet["subject"] = name
    back = read_decisions(write_packet(packet, tmp_path_factory.mktemp("review") / f"packet.{suffix}"))
    found = check_decisions(packet, back.assign(reviewer="carol", decision="keep", reviewed=DAY), today=TODAY)
    assert found[found["kind"] == "error"].empty, found


def test_a_name_that_was_changed_is_found_whatever_it_begins_with(tmp_path):
    packet = review_packet(snapshot(*SHOP, bind("h", "reader", user("=one"))))
    path = write_packet(packet, tmp_path / "packet.csv")
    path.write_text(path.read_text().replace("=one", "=two"))
    back = read_decisions(path).assign(reviewer="carol", decision="keep", reviewed=DAY)
    assert "the reviewed access was changed in the file" in set(check_decisions(packet, back, today=TODAY)["problem"])


def test_no_cell_of_a_workbook_is_a_formula(tmp_path):
    objects = [*SHOP, bind("=1+1", "reader", user(HOSTILE))]
    path = write_packet(review_packet(snapshot(*objects)), tmp_path / "packet.xlsx")
    book = openpyxl.load_workbook(path)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s"}
    assert f"'{HOSTILE}" in {cell.value for cell in cells}
    assert write_packet(review_packet(snapshot(*objects)), tmp_path / "again.xlsx").read_bytes() == path.read_bytes()
    assert "Reviewers must not review their own access, or a group of which they are a member." in {cell.value for cell in cells}


def test_no_cell_of_a_table_is_a_formula(tmp_path):
    path = write_packet(review_packet(snapshot(*SHOP, bind("=1+1", "reader", user(HOSTILE)))), tmp_path / "packet.csv")
    cells = [cell for line in path.read_text().splitlines() for cell in line.split(",")]
    assert not [cell for cell in cells if cell.startswith(("=", "\"="))]


def test_what_people_type_is_read_as_they_mean_it(tmp_path):
    packet = review_packet(snapshot(*SHOP))
    path = write_packet(packet, tmp_path / "packet.xlsx")
    book = openpyxl.load_workbook(path)
    sheet, columns = book["Review"], {name: at for at, name in enumerate(COLUMNS, 1)}
    for row in range(2, len(packet) + 2):
        sheet.cell(row, columns["reviewer"], " Carol ")
        sheet.cell(row, columns["decision"], "Revoke ")
        sheet.cell(row, columns["reviewed"], dt.datetime(2026, 6, 2))
    book.save(path)
    back = read_decisions(path)
    assert set(back["decision"]) == {"revoke"}
    assert set(back["reviewed"]) == {DAY}
    found = check_decisions(packet, back, today=TODAY)
    assert found[found["kind"] == "error"].empty


def broken(part: str, content: bytes, *, cut: int = 0) -> bytes:
    """A workbook in which a part has other content, or whose file is cut."""
    whole, made = io.BytesIO(), io.BytesIO()
    openpyxl.Workbook().save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return made.getvalue()[:-cut] if cut else made.getvalue()


DAMAGED = broken("", b"").replace(b"\x00\x08\x00", b"\x00\x0c\x00")  # an unknown way of packing


@pytest.mark.parametrize(("name", "content", "says"), [
    ("p.csv", b"a,b\n1,2\n", "lacks the columns line"), ("p.csv", b"", "cannot be read as a packet: No columns"),
    ("p.csv", b"\xff\xfe\x00", "cannot be read as a packet"), ("p.csv", b"a\n\"b", "cannot be read as a packet"),
    ("p.xlsx", b"no workbook", "cannot be read as a packet: File is not a zip file"),
    ("p.xlsx", broken("xl/workbook.xml", b"<workbook"), "cannot be read as a packet"),
    ("p.xlsx", broken("[Content_Types].xml", b""), "cannot be read as a packet"),
    ("p.xlsx", broken("", b"", cut=30), "cannot be read as a packet"), ("p.xlsx", DAMAGED, "cannot be read as a packet"),
    ("p.xlsx", broken("", b""), "Worksheet named 'Review' not found"),
    ("p.csv", None, "it does not exist. Check the path"), ("p.xlsx", None, "it does not exist. Check the path"),
])
def test_a_file_that_is_no_packet_is_refused_with_one_sentence(tmp_path, name, content, says):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError, match=says) as refused:
        read_decisions(tmp_path / name)
    assert str(refused.value).count(name) == 1 and "\n" not in str(refused.value)


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_a_packet_is_not_written_into_a_folder_that_does_not_exist(tmp_path: Path, suffix: str):
    with pytest.raises(UsageError, match="cannot be written: it does not exist. Give the path of a file in a folder"):
        write_packet(review_packet(snapshot()), tmp_path / "nowhere" / f"packet.{suffix}")


def test_a_packet_is_a_workbook_or_a_table(tmp_path):
    with pytest.raises(UsageError, match=r"\.xlsx"):
        write_packet(review_packet(snapshot()), tmp_path / "packet.doc")


# --- decisions ------------------------------------------------------------------------------------------------------


def problems(change, *, memberships: pd.DataFrame | None = None, days: int = 0) -> set[tuple[str, str]]:
    """What is wrong (subject, problem) with decisions that are all in order but for a change."""
    packet = review_packet(snapshot(*SHOP))
    packet.attrs["taken"] -= dt.timedelta(days=days)
    found = check_decisions(packet, change(decided(packet)), memberships=memberships, today=TODAY)
    names = dict(zip(packet["line"], packet["subject"], strict=True))
    return {(names.get(line, str(line)), problem)
            for line, problem in zip(found["line"], found["problem"], strict=True)}


ASK = ("team", "it is unknown whether the reviewer is a member of the group: no membership file lists the group")
TEAM = pd.DataFrame({"user": ["Dana"], "group": ["team"]})


def where(name: str, **values):
    """A change of the decision about one subject."""
    def change(decisions: pd.DataFrame) -> pd.DataFrame:
        decisions = decisions.copy()
        for column, value in values.items():
            decisions.loc[decisions["subject"] == name, column] = value
        return decisions
    return change


@pytest.mark.parametrize(("change", "found"), [
    (lambda made: made, set()),
    (where("alice", reviewer=" Alice "), {("alice", "the reviewer reviewed their own access")}),
    (where("alice", reviewer=pd.NA), {("alice", "the decision has no reviewer")}),
    (where("bob", decision=pd.NA), {("bob", "the line has no decision")}),
    (where("bob", decision="maybe"), {("bob", "the decision must be keep or revoke")}),
    (where("bob", reviewed=pd.NA), {("bob", "the review date is missing or not in the form YYYY-MM-DD")}),
    (where("bob", reviewed="last week"), {("bob", "the review date is missing or not in the form YYYY-MM-DD")}),
    (where("bob", reviewed="2026-05-01"), {("bob", "the review date is before the snapshot")}),
    (where("bob", reviewed="2026-07-01"), {("bob", "the review date is in the future")}),
    (where("bob", line="0123"), {("0123", "the packet has no such line"), ("bob", "the line has no decision")}),
    (lambda made: pd.concat([made, made[made["subject"] == "bob"]]), {("bob", "the line has two decisions")}),
    (lambda made: made[made["subject"] != "bob"], {("bob", "the line has no decision")}),
    (lambda made: made.assign(subject=made["subject"].replace("bob", "bobby")),
     {("bob", "the reviewed access was changed in the file")}),
])
def test_decisions_are_checked(change, found):
    assert problems(change) == found | {ASK}


def test_a_member_does_not_decide_about_his_group():
    assert problems(where("team", reviewer="dana"), memberships=TEAM) == {
        ("team", "the reviewer is a member of the reviewed group")}
    assert problems(lambda made: made, memberships=TEAM) == set()


def test_a_review_of_an_old_snapshot_says_so():
    assert problems(lambda made: made, memberships=TEAM, days=100) == {
        ("<NA>", "the snapshot was 101 days old when it was reviewed")}


# --- what became of them --------------------------------------------------------------------------------------------


def after(*objects: dict, **given) -> pd.DataFrame:
    """What a snapshot nine days later proves, where alice and bob were to be revoked."""
    before = snapshot(*SHOP)
    made = decided(review_packet(before), alice="revoke", bob="revoke")
    return prove_revocations(made, before, snapshot(*objects, days=9, **given)).set_index("subject")


def test_a_revocation_is_proved_by_the_next_snapshot():
    found = after(*SHOP[:2], bind("a", "reader", group("team"), namespace="shop"))
    assert found["status"].to_dict() == {"alice": "revoked", "bob": "revoked"}
    assert found.loc["alice", "evidence"].endswith("members of team still have the role")
    assert found.loc["bob", "evidence"] == "no binding of the subject grants any of these rights"
    assert found.loc["bob", "seen"] == TAKEN + dt.timedelta(days=9)


def test_a_binding_that_still_names_the_subject_is_an_exception():
    assert after(*SHOP)["status"].to_dict() == {"alice": "not revoked", "bob": "not revoked"}
    found = after(*SHOP[:2], bind("b", "admin", user("bob")))
    assert found["status"].to_dict() == {"alice": "revoked", "bob": "not revoked"}
    assert found.loc["bob", "evidence"] == "ClusterRoleBinding b still names the subject"


def test_rights_that_come_back_by_another_binding_are_found():
    found = after(*SHOP[:2], role("some", rule("get", "secrets")), bind("new", "some", user("alice")),
                  bind("new2", "some", user("bob"), namespace="shop"))
    assert found.loc["alice", ["status", "evidence"]].tolist() == [
        "rights remain", "other bindings give 1 of 3 rights"]
    assert found.loc["bob", "status"] == "revoked"  # of a right over the whole cluster nothing is left
    wide = after(*SHOP[:2], role("some", rule("bind", "clusterroles", "rbac.authorization.k8s.io")),
                 bind("new", "some", user("bob")))
    assert wide.loc["bob", "status"] == "rights remain"


def test_an_incomplete_snapshot_proves_no_revocation():
    found = after(*SHOP[:2], bind("b", "admin", user("bob")), lacking=("rolebindings.rbac.authorization.k8s.io",))
    assert found["status"].to_dict() == {"alice": "unknown", "bob": "not revoked"}
    assert "access to rolebindings.rbac.authorization.k8s.io was refused" in found.loc["alice", "evidence"]


def test_new_lines_are_told_apart():
    later = snapshot(*SHOP, bind("new", "reader", user("mallory"), namespace="shop"), days=9)
    assert new_lines(snapshot(*SHOP), later)["subject"].tolist() == ["mallory"]


@pytest.mark.parametrize(("given", "says"), [({"days": 0}, "not after"), ({"days": -1}, "not after"),
                                             ({"days": 5, "cluster": "other"}, "different clusters")])
def test_another_snapshot_proves_nothing(given, says):
    before = snapshot(*SHOP)
    with pytest.raises(UsageError, match=says):
        prove_revocations(decided(review_packet(before)), before, snapshot(*SHOP, **given))


@pytest.mark.parametrize(("uids", "says"), [
    (("1-a", "2-b"), r"different clusters, .* \(UID 1-a\) and .* \(UID 2-b\)\. Give"),
    (("1-a", ""), r"\(UID 1-a\) and .* \(known by its name alone\)\. A snapshot without the namespace kube-system"),
    (("1-a", "1-a"), ""), (("", ""), ""),
])
def test_clusters_of_one_name_are_told_apart_by_their_uid(uids: tuple[str, str], says: str) -> None:
    before, later = snapshot(*SHOP), snapshot(*SHOP, days=9)
    before.manifest.cluster_uid, later.manifest.cluster_uid = uids
    with pytest.raises(UsageError, match=says) if says else contextlib.nullcontext():
        assert len(new_lines(before, later)) == 0
