"""Tickets: a strict file, and what one approves."""

import datetime as dt
from pathlib import Path

import pytest
from replay import ACME_PROD

import auditkit
from auditkit.errors import UsageError
from auditkit.history.cells import Object
from auditkit.history.tickets import read_tickets

HEAD = "ticket,approved_by,approved_at,kind,namespace,name,from,until\n"
LATER = ACME_PROD.parent / "acme-prod-later"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tickets.csv"
    path.write_text(text)
    return path


@pytest.mark.parametrize(("text", "said"), [
    ("ticket,approved_by\n", "line 1: the column approved_at is missing"),
    (HEAD + "CHG-1,,2026-11-01,,,,2026-11-01,2026-11-30\n", "line 2: approved_by is empty"),
    (HEAD + "CHG-1,eve,soon,,,,2026-11-01,2026-11-30\n", "line 2: approved_at is 'soon'"),
    (HEAD + "CHG-1,eve,2026-11-01T10:00:00,,,,2026-11-01,2026-11-30\n", "with its offset"),
    (HEAD + "CHG-1,eve,2026-11-01,,,,2026-11-30,2026-11-01\n", "until (2026-11-01) is before from"),
    (HEAD + "CHG-1,eve,2026-11-01,,,,2026-11-01,2026-11-30,more\n", "more values"),
    ("\0" + HEAD, "tickets.csv"),
])
def test_a_mistake_is_told_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        read_tickets(written(tmp_path, text))
    assert said in str(error.value) and "tickets.csv" in str(error.value)


def test_a_ticket_covers_what_it_names_in_its_time_and_after_it_was_approved(tmp_path: Path) -> None:
    [ticket] = read_tickets(written(tmp_path, HEAD + "CHG-1,eve,2026-11-02,Deploy*,portal,,2026-11-01,2026-11-30\n"))
    noon = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
    web = Object("Deployment", "portal", "web")
    assert ticket.covers(web, noon, noon)
    assert not ticket.covers(web._replace(kind="Secret"), noon, noon)
    assert not ticket.covers(web._replace(namespace="other"), noon, noon)
    assert not ticket.covers(web, dt.datetime(2026, 11, 1, tzinfo=dt.UTC), noon), "before it was approved"
    assert not ticket.covers(web, noon, dt.datetime(2026, 12, 1, tzinfo=dt.UTC)), "may have been too late"
    assert not ticket.covers(web, None, noon), "nobody knows when"


def test_changes_that_a_ticket_covers_are_approved_and_others_are_not(tmp_path: Path) -> None:
    earlier, later = (auditkit.collect(recording=each) for each in (ACME_PROD, LATER))
    tickets = written(tmp_path, HEAD + "CHG-7,eve,2026-11-20,Deployment,patient-portal,portal-*,2026-11-23,2099-01-01\n")
    found = later.diff(earlier, tickets=tickets)
    approved = found.by_object[found.by_object["approval"].notna()]
    assert sorted(approved["name"]) == ["patient-portal", "portal-api", "portal-web"]
    assert approved.set_index("name").loc["portal-api", "approval"] == (
        "ticket CHG-7, approved by eve on 2026-11-20 (tickets.csv, line 2)")
    assert approved.set_index("name").loc["patient-portal", "approval"] == "annotation acme.example/change: CHG-1042"
    assert len(found.unapproved) == len(found.by_object) - 3


def test_without_an_audit_log_only_the_program_is_known() -> None:
    earlier, later = (auditkit.collect(recording=each) for each in (ACME_PROD, LATER))
    found = auditkit.diff(earlier, later).by_object.set_index("name")
    assert found["who"].isna().all()
    assert found.loc["portal-api", "program"] == "kubectl-set"
    assert found.loc["old-contractor", "known_by"] == "not known: no audit log was given"
