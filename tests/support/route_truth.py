"""The cases of `tests/truth` about routes of Contour, Istio and Traefik: manifests, and what auditkit makes of them.

A case has ``objects`` (of the engine; Services, Secrets and Pods too) and expects some of: ``ways`` (by route and host:
encrypted, open), ``why`` (by route and host: words that the reason has), ``sends``, ``not_sent`` and ``perhaps`` (by
route: what is behind it, with port), ``certificates`` (by name, or listener: present).
"""

from collections.abc import Callable

import pandas as pd
from gateway_truth import cases
from network_worlds import derive
from worlds import frames

EXPECTED = {"ways", "why", "sends", "not_sent", "perhaps", "certificates"}
WORDS = {"sends": True, "not_sent": False, "perhaps": None}


def judged(case: dict, objects: list[dict]) -> dict[str, object]:
    """What is expected of a case, as auditkit sees it; ``why`` only as far as the words that are expected are in it."""
    tables = frames(objects)
    found = derive(tables, "route_ways").to_dict("records")
    ways = {f"{_route(row)} {_word(row['host'])}": [_word(row["encrypted"]), _word(row["open"])] for row in found}
    reasons = {f"{_route(row)} {_word(row['host'])}": _word(row["why"]) or "" for row in found}
    seen: dict[str, object] = {"ways": ways, "why": {
        name: words for name, words in case.get("why", {}).items() if words in reasons.get(name, "")}}
    for name, verdict in WORDS.items():
        if WORDS.keys() & case:
            seen[name] = _backends(tables, verdict)
    certificates = derive(tables, "route_certificates").to_dict("records")
    seen["certificates"] = {f"{row['namespace']}/{row['name']}": _word(row["present"]) for row in certificates}
    return seen


def wanted(case: dict) -> dict[str, object]:
    """What a case expects; what is not said of backends is that there are none."""
    none = {name: {} for name in WORDS} if WORDS.keys() & case else {}
    return none | {name: case[name] for name in EXPECTED & case.keys()}


def run(case: dict, complete: Callable[[dict], list[dict]]) -> None:
    """Compare what a case expects with what auditkit sees; ``complete`` adds what the case leaves out."""
    expected = wanted(case)
    seen = judged(case, complete(case))
    assert {name: seen[name] for name in sorted(expected)} == {name: expected[name] for name in sorted(expected)}


def _backends(tables: dict[str, pd.DataFrame], verdict: bool | None) -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    for row in derive(tables, "route_backends").to_dict("records"):
        if _word(row["sends"]) is verdict:
            called = f"{row['backend_namespace']}/{row['backend']}:{_word(row['service_port'])}"
            pod = _word(row["pod"])
            found.setdefault(_route(row), set()).add(f"{called} {pod} {row['port']}" if pod else called)
    return {route: sorted(to) for route, to in found.items()}


def _route(row: dict) -> str:
    return f"{row['kind']} {row['namespace']}/{row['route']}"


def _word(value: object) -> object:
    return None if pd.isna(value) else value


def controller(image: str, *args: str, name: str = "controller", space: str = "edge", ready: str = "True") -> dict:
    """A pod of a controller."""
    return {"kind": "Pod", "metadata": {"name": name, "namespace": space, "labels": {"app": name}},
            "spec": {"containers": [{"name": "c", "image": image, "args": list(args)}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]}}


__all__ = ["EXPECTED", "cases", "controller", "run"]
