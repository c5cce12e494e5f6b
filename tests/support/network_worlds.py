"""Kubernetes objects for tests of the network, and the derived tables of them."""

from collections.abc import Iterable

import pandas as pd
from worlds import frames

from auditkit.analysis import DERIVED, derivation, inputs
from auditkit.checks import find


def derive(tables: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """A table, collected or derived."""
    if name not in tables and name in DERIVED:
        function = derivation(name)
        tables[name] = function(*(derive(tables, table) for table in inputs(function)))
    return tables[name]


def verdicts(name: str, objects: Iterable[dict], **parameters: object) -> dict[str, str]:
    """What a check says of each subject, by name (or plug-in): pass, fail, unknown or not_applicable."""
    tables, check = frames(objects), find(name).with_parameters(parameters)
    population = derive(tables, check.tables[0])
    judgement = check(*(derive(tables, table) for table in check.tables))
    assert len(judgement.ok) == len(population)
    words = {True: "pass", False: "fail", pd.NA: "unknown"}
    applies = [True] * len(population) if judgement.applies is None else judgement.applies.tolist()
    names = population["plugin" if "plugin" in population else "name"]
    return {called: words[ok] if applied is True else "unknown" if applied is pd.NA else "not_applicable"
            for called, ok, applied in zip(names, judgement.ok.tolist(), applies, strict=True)}


def namespace(name: str, **labels: str) -> dict:
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def node(name: str, **info: str) -> dict:
    return {"kind": "Node", "metadata": {"name": name}, "status": {"nodeInfo": info}}


def policy(name: str, space: str = "shop", **spec: object) -> dict:
    return {"kind": "NetworkPolicy", "metadata": {"name": name, "namespace": space}, "spec": {"podSelector": {}} | spec}


def agent(*images: str, name: str = "agent", space: str = "kube-system", nodes: tuple[str, ...] = ("n1",)) -> list:
    """A DaemonSet with these images, and a ready pod of it on each of these nodes."""
    containers = [{"name": f"c{at}", "image": image} for at, image in enumerate(images)]
    owner = {"kind": "DaemonSet", "name": name, "uid": name, "controller": True}
    return [
        {"kind": "DaemonSet", "metadata": {"name": name, "namespace": space},
         "spec": {"template": {"spec": {"containers": containers}}}},
        *({"kind": "Pod", "metadata": {"name": f"{name}-{at}", "namespace": space, "ownerReferences": [owner]},
           "spec": {"containers": containers, "nodeName": at}, "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
          for at in nodes),
    ]


CALICO = [node("n1"), *agent("quay.io/calico/node:v3.29.0")]
"""A cluster of one node, on which policies are enforced."""
