"""Agreement with the plain way on made-up meshes: what is said to be open is, and what is said to be closed is."""

import random

import pandas as pd
import pytest
from istio_reference import let_in, mode
from mesh_worlds import authorization, control, peers, plain, pod, sidecar
from network_worlds import derive, namespace, node
from worlds import frames

from auditkit.analysis.network.reachability import QUESTION

SPACES, APPS, ACCOUNTS, PORTS = ("shop", "bank"), ("a", "b", "c"), ("x", "y"), (80, 8080, 9090)
MODES = ("STRICT", "PERMISSIVE", "DISABLE", "UNSET")


def made_up(seed: int) -> tuple[list[dict], list[dict]]:
    """Pods and policies of one mesh."""
    pick = random.Random(seed)
    pods = []
    for number in range(8):
        one = pod(f"p{number}", pick.choice(SPACES), account=pick.choice(ACCOUNTS), app=pick.choice(APPS))
        one["status"] = {"podIP": f"10.0.{number % 2}.{number + 1}"}
        pods.append(plain(one) if number > 5 else sidecar(one))
    policies = []
    for number in range(pick.randint(1, 6)):
        labels = pick.choice([{}, {"app": pick.choice(APPS)}])
        ports = {pick.choice(PORTS): pick.choice(MODES)} if labels and pick.random() < 0.5 else None
        policies.append(pick.choice([
            lambda: peers(f"m{number}", pick.choice(SPACES), pick.choice(MODES), ports=ports,
                          created=f"2026-01-0{pick.randint(1, 3)}T00:00:00Z", **labels),
            lambda: authorization(f"a{number}", pick.choice(SPACES), action=pick.choice(["ALLOW", "DENY"]),
                                  rules=[_rule(pick) for _ in range(pick.randint(0, 2))],
                                  **({"selector": {"matchLabels": labels}} if labels else {})),
        ])())
    return pods, policies


def _rule(pick: random.Random) -> dict:
    rule: dict = {}
    if pick.random() < 0.7:
        rule["from"] = [{"source": _source(pick)} for _ in range(pick.randint(1, 2))]
    if pick.random() < 0.6:
        rule["to"] = [{"operation": {pick.choice(["ports", "notPorts"]): [str(pick.choice(PORTS))]}}]
    return rule


def _source(pick: random.Random) -> dict:
    space, account = pick.choice(SPACES), pick.choice(ACCOUNTS)
    values = {"principals": [f"cluster.local/ns/{space}/sa/{account}", "*", f"*/sa/{account}"],
              "namespaces": [space, f"{space[0]}*"], "serviceAccounts": [account, f"{space}/{account}"],
              "ipBlocks": ["10.0.0.0/24", "10.0.1.0/24", "10.0.0.1/32"]}
    fields = pick.sample(["principals", "namespaces", "serviceAccounts"], pick.choice([1, 1, 2]))
    fields = ["ipBlocks"] if pick.random() < 0.2 else fields
    return {pick.choice([name, f"not{name[0].upper()}{name[1:]}"]): [pick.choice(values[name])] for name in fields}


def _plainly(one: dict) -> dict:
    meta = one["metadata"]
    return {"namespace": meta["namespace"], "account": one["spec"]["serviceAccountName"], "labels": meta["labels"],
            "address": one["status"]["podIP"]}


@pytest.mark.parametrize("seed", [*range(4), 111, 115, 126])
def test_what_is_known_is_what_the_plain_way_says(seed):
    pods, policies = made_up(seed)
    tables = frames([node("n1"), *map(namespace, SPACES), *pods, *control(), *policies])
    asked = [(a, b, port) for a in pods for b in pods for port in PORTS if a is not b]
    questions = pd.DataFrame([[a["metadata"]["namespace"], a["metadata"]["name"], b["metadata"]["namespace"],
                               b["metadata"]["name"], "TCP", port] for a, b, port in asked], columns=QUESTION)
    answers = derive(tables, "reachability").judged(questions)["allowed"].tolist()
    known = 0
    for (a, b, port), answer in zip(asked, answers, strict=True):
        meshed, client = (len(one["spec"]["containers"]) > 1 for one in (b, a))
        ways = [let_in(_plainly(a), _plainly(b), port, policies, identity=identity)
                for identity in ([True, False] if client else [False])] if meshed else [True]
        if answer is not pd.NA:
            known += 1
            assert answer == any(ways), (a["metadata"]["name"], b["metadata"]["name"], port, ways)
    assert known > len(asked) / 3
    modes = derive(tables, "mesh_ports")
    for one in pods[:6]:
        said = modes[(modes["name"] == one["metadata"]["name"]).to_numpy(bool)]
        for port, found in zip(said["port"], said["mtls"], strict=True):
            number = 1 if port is pd.NA else port
            assert found == {"STRICT": "strict", "PERMISSIVE": "permissive", "DISABLE": "disabled"}[
                mode(_plainly(one), number, policies)]


STRANGER = {"namespace": "elsewhere", "account": "nobody", "labels": {}, "address": "203.0.113.9"}


@pytest.mark.parametrize("seed", [*range(6), 111, 115, 126])
def test_whoever_no_row_names_is_denied_and_whom_one_lets_in_wholly_is_let_in(seed):
    pods, policies = made_up(seed)
    tables = frames([node("n1"), *map(namespace, SPACES), *pods, *control(), *policies])
    rows = derive(tables, "mesh_clients")
    open_ = rows["kind"].isin(["anyone", "any identity"])
    judged = 0
    for one in pods[:6]:
        mine, pod_ = rows[(rows["name"] == one["metadata"]["name"]).to_numpy(bool)], _plainly(one)
        ways = [(port, identity) for port in PORTS for identity in (True, False)
                if let_in(STRANGER, pod_, port, policies, identity=identity)]
        if not (open_[mine.index] | mine["kind"].isna()).any():
            judged += 1
            assert ways == [], (one["metadata"]["name"], mine)
        sure = mine[((mine["kind"] == "anyone") & (mine["clients"].isna()) & (mine["extent"] == "whole")
                     & mine["denied_by"].isna() & mine["why"].isna()).fillna(False).to_numpy(bool)]
        for port in sure["port"]:
            judged += 1
            assert ways != [] and (port is pd.NA or port in {at for at, _ in ways})
    assert judged
