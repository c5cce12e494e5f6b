"""The cases under `tests/truth`: the cluster that they share, and what an engine's policies allow in it."""

from pathlib import Path

import pandas as pd
import yaml
from network_worlds import agent, derive, namespace
from worlds import frames

from auditkit.analysis.network.reachability import QUESTION
from auditkit.checks import find

TRUTH = Path(__file__).parents[1] / "truth"
IMAGES = {"cilium": "quay.io/cilium/cilium:v1.19.0", "calico": "quay.io/calico/node:v3.31.0"}
WORLD = yaml.safe_load((TRUTH / "world.yaml").read_text())
CHECKS = ("network.namespaces_have_policy", "network.default_deny_ingress", "network.default_deny_egress")
WORDS = {"allowed": True, "denied": False, "unknown": None}


def cases(engine: str) -> list[dict]:
    """The cases of an engine, each with the file that it stands in and the sources that it names."""
    found = []
    for path in sorted((TRUTH / engine).glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        found += [{"file": path.stem, "engine": engine, "of": content["sources"], **case} for case in content["cases"]]
    return found


def objects() -> list[dict]:
    """The cluster of `world.yaml`."""
    nodes = [{"kind": "Node", "metadata": {"name": name, "labels": told["labels"]},
              "status": {"addresses": [{"type": "InternalIP", "address": told["address"]}]}}
             for name, told in WORLD["nodes"].items()]
    spaces = [namespace(name, **labels) for name, labels in WORLD["namespaces"].items()]
    services = [{"kind": "Service", "metadata": {"name": name, "namespace": told["namespace"],
                                                 "labels": told.get("labels", {})},
                 "spec": {"selector": told["selector"]} if "selector" in told else {}}
                for name, told in WORLD["services"].items()]
    return [*nodes, *spaces, *(_pod(name, **told) for name, told in WORLD["pods"].items()), *services]


def _pod(name: str, namespace: str, node: str, account: str, labels: dict, address: str = "", host: bool = False,
         ports: tuple = ({"name": "http", "port": 8080},)) -> dict:
    opened = [{"name": port["name"], "containerPort": port["port"], "protocol": port.get("protocol", "TCP")}
              for port in ports]
    node_address = WORLD["nodes"][node]["address"]
    return {"kind": "Pod", "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"nodeName": node, "hostNetwork": host, "serviceAccountName": account,
                     "containers": [{"name": "c", "image": "x", "ports": opened}]},
            "status": {"phase": "Running", "podIP": address or node_address, "hostIP": node_address}}


def world(engine: str, policies: list[dict]) -> dict[str, pd.DataFrame]:
    """The tables of the cluster with these policies, and the agent of their engine ready on every node."""
    return frames([*objects(), *agent(IMAGES[engine], name=engine, nodes=tuple(WORLD["nodes"])), *policies])


def decided(tables: dict[str, pd.DataFrame], connections: list[str]) -> dict[str, bool | None]:
    """What is said of each connection: ``web > db 80``."""
    rows = [[*_end(source), *_end(destination), *_port(port)] for source, _, destination, port in
            (each.split() for each in connections)]
    questions = pd.DataFrame(rows, columns=QUESTION).astype({"port": "int64"})
    answers = derive(tables, "reachability").judged(questions)["allowed"]
    return {connection: None if answer is pd.NA else answer
            for connection, answer in zip(connections, answers, strict=True)}


def _end(name: str) -> tuple[str | None, str]:
    return (WORLD["pods"][name]["namespace"], name) if name in WORLD["pods"] else (None, name)


def _port(text: str) -> tuple[str, int]:
    protocol, _, number = text.rpartition("/")
    return (protocol or "tcp").upper(), int(number)


def judged(tables: dict, name: str) -> dict[str, str]:
    """What a check says of each namespace."""
    check = find(name)
    found = check(*(derive(tables, table) for table in check.tables))
    words = {True: "pass", False: "fail"}
    return {space: words.get(ok, "unknown") for space, ok in
            zip(tables["namespaces"]["name"], found.ok.tolist(), strict=True)}
