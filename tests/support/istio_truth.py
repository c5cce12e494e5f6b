"""The cases under `tests/truth/istio`: the cluster of `world.yaml` with proxies of Istio, and what policies mean in it.

Every pod of the namespaces shop and bank has a sidecar, dns has none and exporter is in the network of its node. A case
may say otherwise: ``plain`` and ``ambient`` name pods, ``annotations`` has some of pods.
"""


import pandas as pd
import yaml
from engine_truth import TRUTH, WORLD, objects
from mesh_worlds import CREATED, ambient, control, plain, sidecar, ztunnel
from network_worlds import derive
from worlds import frames

MESHED = [name for name, told in WORLD["pods"].items() if told["namespace"] in ("shop", "bank")]
API = "security.istio.io/v1"


def cases() -> list[dict]:
    """All cases, each with the file that it stands in and the sources that it names."""
    found = []
    for path in sorted((TRUTH / "istio").glob("*.yaml")):
        content = yaml.safe_load(path.read_text())
        found += [{"file": path.stem, "of": content["sources"], **case} for case in content["cases"]]
    return found


def world(case: dict) -> dict[str, pd.DataFrame]:
    """The tables of the cluster with the proxies and policies of a case."""
    things = [_proxied(thing, case) if thing["kind"] == "Pod" else thing for thing in objects()]
    return frames([*things, *control(), *(ztunnel(node) for node in WORLD["nodes"]), *map(_written, case["policies"])])


def _proxied(pod: dict, case: dict) -> dict:
    name = pod["metadata"]["name"]
    told = case.get("annotations", {}).get(name, {})
    if name in case.get("ambient", ()):
        return ambient(pod, **told)
    return sidecar(pod, **told) if name in MESHED and name not in case.get("plain", ()) else plain(pod)


def _written(policy: dict) -> dict:
    """A policy with the version and the age that it leaves out."""
    return {"apiVersion": API, **policy, "metadata": {"creationTimestamp": CREATED, **policy["metadata"]}}


def modes(tables: dict[str, pd.DataFrame], asked: list[str]) -> dict[str, str | None]:
    """What `mesh_ports` says of each port: ``db 8080``, or ``db rest`` for all that are not named."""
    found = derive(tables, "mesh_ports")
    names = found["name"] + " " + found["port"].astype("string[pyarrow]").fillna("rest")
    said = {name: None if mode is pd.NA else mode for name, mode in zip(names, found["mtls"], strict=True)}
    return {port: said[port] for port in asked}
