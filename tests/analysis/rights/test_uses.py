"""The requests of an audit log by what they asked."""

import pandas as pd
from audit_worlds import START, event, log, refused, uses
from scan_worlds import records
from worlds import empty

from auditkit.analysis.cluster.audit_log import audit_requests
from auditkit.analysis.rights.uses import MAX_NAMES, audit_uses


def test_requests_that_ask_the_same_are_one_row_with_the_last_time() -> None:
    later = START + pd.Timedelta(hours=1)
    (row,) = records(uses(event(name="web"), event(name="web", time=later), event(name="web")))
    assert (row["requests"], row["last"], row["name"], row["allowed_by"]) == (3, later.to_pydatetime(), "web", "RBAC")


def test_stages_of_one_request_count_once_with_the_last() -> None:
    started = event(verb="watch", audit_id="w", stage="ResponseStarted")
    ended = event(verb="watch", audit_id="w", time=START + pd.Timedelta(days=2))
    (row,) = records(uses(started, ended))
    assert row["requests"] == 1 and row["last"] == (START + pd.Timedelta(days=2)).to_pydatetime()


def test_what_passes_before_rbac_is_told_apart() -> None:
    rows = records(uses(
        event(user="root", groups="system:masters,system:authenticated", reason=None),
        event(user="system:node:w1", groups="system:nodes,system:authenticated", reason=None),
        event(user="bob", reason="webhook: yes"),
        event(user="carol", decision=None, reason=None),
        event(user="dave", decision=None, reason=None, stage="RequestReceived", code=None),
        refused(user="erin"),
    ))
    assert {row["user"]: row["allowed_by"] for row in rows} == {
        "root": "system:masters", "system:node:w1": "Node", "bob": "another authorizer", "carol": "not stated",
        "dave": "not stated", "erin": None}


def test_the_name_is_the_one_that_the_authorizer_was_asked_about() -> None:
    rows = records(uses(
        event(verb="create", resource="pods", name="made"), event(verb="create", resource="pods/exec", name="web"),
        event(verb="list", name="one"), event(verb="deletecollection", name="x"), refused(verb="get", name="secret-name")))
    assert {(row["verb"], row["subresource"]): row["name"] for row in rows} == {
        ("create", None): None, ("create", "exec"): "web", ("list", None): "one", ("deletecollection", None): None,
        ("get", None): None}


def test_more_names_than_are_told_apart_become_any_name() -> None:
    few = [event(name=f"n{at}") for at in range(MAX_NAMES)]
    assert len(uses(*few)) == MAX_NAMES
    many = uses(*few, event(name="one-more"), event(verb="list"))
    rows = {row["verb"]: row for row in records(many)}
    assert len(many) == 2 and rows["get"]["many_names"] and rows["get"]["name"] is None
    assert rows["get"]["requests"] == MAX_NAMES + 1 and not rows["list"]["many_names"]


def test_many_paths_become_their_beginning() -> None:
    found = uses(*(event(resource=None, path=f"/logs/{at}") for at in range(MAX_NAMES + 1)))
    assert found["path"].tolist() == ["/logs/*"] and found["requests"].tolist() == [MAX_NAMES + 1]


def test_the_log_of_another_cluster_is_left_out() -> None:
    ours = empty("collection").reindex(range(1)).assign(cluster="prod")
    requests = audit_requests(log(event(user="a", cluster="prod"), event(user="b", cluster="dev"), event(user="c")))
    assert audit_uses(requests, ours)["user"].tolist() == ["a", "c"]


def test_nothing_makes_an_empty_table_with_the_same_columns() -> None:
    assert uses().dtypes.to_dict() == uses(event()).dtypes.to_dict()
