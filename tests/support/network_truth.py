"""The corpus of network policies with known outcomes, read where it lies; it is not part of this project.

Four origins, each with its own idea of a case: cyclonus (pods asked port by port), recipes (flows between pods that
the text describes), network-policy-api (verdicts of both directions), netpol-analyzer (lists of connections between
workloads and address ranges).
"""

import ipaddress
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import yaml
from worlds import SOURCES

TRUTH = Path(os.environ.get("AUDITKIT_TRUTH", Path(__file__).parents[3] / "shared" / "truth")) / "netpol"
ABSENT = f"the corpus of network policies is not at {TRUTH}; AUDITKIT_TRUTH says where the truth lies"
CLUSTER_WIDE = {"Namespace", "Node", "AdminNetworkPolicy", "BaselineAdminNetworkPolicy", "ClusterNetworkPolicy"}
PROTOCOLS = ("SCTP", "TCP", "UDP")
BEYOND = {"UDN", "CUDN", "NAD", "VM", "Route"}
"""Features of cases about other networks, virtual machines and OpenShift routes, which policies do not speak of."""


def cases(origin: str) -> list[dict]:
    """The cases of one origin that are about network policies."""
    file = TRUTH / "cases.jsonl"
    if not file.is_file():
        return []
    found = map(json.loads, file.read_text().splitlines())
    return [case for case in found if case["id"].startswith(f"{origin}/") and not BEYOND & set(case["features"])]


def objects(case: dict) -> list[dict]:
    """The Kubernetes objects of a case, of the kinds that are collected."""
    path = TRUTH / case["input"]
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    found = [thing for file in files if file.suffix in (".json", ".yaml", ".yml")
             for document in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) for thing in _flat(document)]
    for at, thing in enumerate(found):
        thing.setdefault("metadata", {}).setdefault("name", f"object-{at}")
        if thing["kind"] not in CLUSTER_WIDE:
            thing["metadata"].setdefault("namespace", "default")
    return found


def _flat(document: dict | None) -> Iterator[dict]:
    if document and document.get("kind", "").endswith("List"):
        for item in document.get("items") or []:
            yield from _flat({"kind": document["kind"][:-4]} | item)
    elif document and document.get("kind") in SOURCES:
        yield document


# --- lists of connections --------------------------------------------------------------------------------------------


def connections(case: dict) -> list[tuple[str, str, str]] | None:
    """The list of connections of a case (source, destination, ports in words); ``None`` where it has none."""
    expected = case["expected"]
    if expected.get("connections") is not None:
        return [(one["src"], one["dst"], one["conn"]) for one in expected["connections"]]
    lines = expected.get("sections", {}).get("connectivity")
    return [(a, b, ports) if way == "=>" else (b, a, ports) for a, way, b, ports in lines] if lines else None


def is_whole(case: dict) -> bool:
    """Whether its list has all connections; others were limited to a workload, a direction or a port."""
    return case["id"].rpartition("/")[2].startswith(("connlist", "exposure"))


def spans(words: str) -> set[tuple[str, int, int]]:
    """``TCP 80,443,UDP 53-60`` as spans of ports, those that touch joined."""
    if words == "No Connections":
        return set()
    if words == "All Connections":
        return {(protocol, 1, 65535) for protocol in PROTOCOLS}
    found, protocol = [], ""
    for part in filter(None, words.split(",")):
        *named, ports = part.split()
        protocol = named[0] if named else protocol
        first, _, last = ports.partition("-")
        found.append((protocol, int(first), int(last or first)))
    return joined(found)


def joined(found) -> set[tuple[str, int, int]]:
    """Spans of ports with those that overlap or touch made one."""
    whole: list[tuple[str, int, int]] = []
    for protocol, first, last in sorted(found):
        if whole and whole[-1][0] == protocol and first <= whole[-1][2] + 1:
            first, last = whole[-1][1], max(last, whole.pop()[2])
        whole.append((protocol, first, last))
    return set(whole)


def expected_spans(listed: list[tuple[str, str, str]], outside: list[str]) -> dict[tuple[str, str], set]:
    """By source and destination the spans of ports; address ranges are cut into those of ``outside``."""
    found = defaultdict(set)
    for source, destination, words in listed:
        for a in _pieces(source, outside):
            for b in _pieces(destination, outside):
                found[a, b] |= spans(words)
    return {pair: joined(ports) for pair, ports in found.items()}


def _pieces(name: str, outside: list[str]) -> list[str]:
    if not name.endswith("[External]"):
        return [name]
    first, last = _range(name)
    return [piece for piece in outside if first <= _range(piece)[0] <= last]


def _range(name: str) -> tuple[int, int]:
    first, last = (int(ipaddress.IPv4Address(part)) for part in name.removesuffix("[External]").split("-"))
    return first, last


# --- what is open to pods that are not there ---------------------------------------------------------------------------


def exposures(case: dict) -> list[tuple[str, str, str, str]]:
    """What a workload may have to do with pods that nobody has yet: workload, direction, which pods, ports in words.

    Lines about address ranges are among the connections; ports by name mean nothing at pods that are not there.
    """
    if not case["id"].endswith("/exposure_output"):
        return []
    lines = [line for name, part in case["expected"].get("sections", {}).items() if "xposure" in name for line in part]
    return [(workload, "egress" if way == "=>" else "ingress", pods, ports) for workload, way, pods, ports in lines
            if "[External]" not in pods and re.fullmatch(r"[A-Z0-9 ,-]*|All Connections|No Connections", ports)]


def imagined(pods: str, name: str) -> tuple[str, list[dict]]:
    """A pod such as a line speaks of, with its namespace where that is any with some labels: namespace, objects."""
    space, pod = pods.split("/[", 1) if "/[" in pods else (pods, "")
    found = [{"kind": "Pod", "metadata": {"name": name, "labels": _labels(pod)}, "spec": {"containers": []}}]
    if space.startswith("["):
        found.append({"kind": "Namespace", "metadata": {"name": name, "labels": _labels(space)}})
        space = name
    found[0]["metadata"]["namespace"] = space
    return space, found


def _labels(words: str) -> dict[str, str]:
    """Labels that meet ``{key=value,{Key:app,Operator:In,Values:[a b],},}``, and none that is not asked for."""
    expression = r"\{Key:([^,]*),Operator:(\w+),Values:\[([^\]]*)\],\}"
    labels = {key: values.split()[0] if operator == "In" else "anything"
              for key, operator, values in re.findall(expression, words) if operator in ("In", "Exists", "NotIn")}
    return labels | dict(re.findall(r"([\w./-]+)=([\w.-]+)", re.sub(expression, "", words)))
