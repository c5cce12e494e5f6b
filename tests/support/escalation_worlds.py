"""Small clusters for the tests of paths to more power."""

import pandas as pd
from worlds import frames

from auditkit import tables
from auditkit.analysis import DERIVED, derivation, inputs


def steps(objects: list[dict], **given: pd.DataFrame) -> pd.DataFrame:
    """The steps in a cluster of these objects; ``given`` replaces tables."""
    found = frames([_in_default(thing) for thing in objects]) | given
    for name in DERIVED:
        if name in ("granted_rules", "role_powers", "held_powers"):
            found[name] = derivation(name)(*(found[table] for table in inputs(derivation(name))))
    function = derivation("escalation_steps")
    return function(*(found[table] for table in inputs(function)))


def _in_default(thing: dict) -> dict:
    """As kubectl does: what belongs into a namespace and names none goes into the default one."""
    scoped = {resource.kind for resource in tables.RESOURCES.values() if resource.namespaced}
    if thing["kind"] in scoped and not thing["metadata"].get("namespace"):
        return thing | {"metadata": {**thing["metadata"], "namespace": "default"}}
    return thing


def acts(found: pd.DataFrame) -> set[tuple[str, str, str]]:
    """The acts among steps as (from, step, to): ``User alice``, ``runs commands in a pod``, ``Pods shop``."""
    found = found[found["counts"]]
    return set(zip(_named(found, "from"), found["step"], _named(found, "to"), strict=True))


def _named(found: pd.DataFrame, end: str) -> list[str]:
    parts = found[[f"{end}_kind", f"{end}_namespace", f"{end}_name"]].itertuples(index=False)
    return [f"{kind} {'/'.join(filter(None, (namespace, name)))}".strip() for kind, namespace, name in parts]


def pod(name: str, namespace: str = "shop", *, node: str = "n1", container: dict | None = None,
        mounts: dict | None = None, **spec) -> dict:
    """A pod of one container; ``mounts`` maps paths of the node to the fields of their mount."""
    mounts = mounts or {}
    volumes = [{"name": f"v{n}", "hostPath": {"path": path}} for n, path in enumerate(mounts)]
    inside = [{"name": f"v{n}", "mountPath": f"/m{n}", **fields} for n, fields in enumerate(mounts.values())]
    return {"kind": "Pod", "metadata": {"name": name, "namespace": namespace}, "spec": {
        "nodeName": node, "volumes": volumes,
        "containers": [{"name": "c", "image": "i", "volumeMounts": inside, **(container or {})}], **spec}}


def service_account(name: str, namespace: str = "shop", **fields) -> dict:
    return {"kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}, **fields}


def namespace(name: str, **labels: str) -> dict:
    return {"kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def node(name: str, **labels: str) -> dict:
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}}


def capability(*names: str) -> dict:
    """The fields of a container with these capabilities."""
    return {"securityContext": {"capabilities": {"add": list(names)}}}
