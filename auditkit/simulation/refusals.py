"""What the API server would refuse of what is simulated: by Pod Security, and by admission policies of the cluster."""

import pandas as pd

from auditkit.analysis.columns import STRING
from auditkit.errors import MissingDependency
from auditkit.simulation.applying import Simulation
from auditkit.simulation.world import Reference
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables import RESOURCES
from auditkit.tables.pods import CONTROLLERS
from auditkit.what_if.objects import objects
from auditkit.what_if.outcomes import COLUMNS, framed

_POD_SECURITY = "Pod Security"
_NOT_RUN = "An admission policy"
_UNKNOWN = "the pod, or the level of its namespace, is not known well enough"
_POD = ["kind", "namespace", "name"]
_BAD = ("denied", "unknown", "warned", "audited", "matched")


def refusals(simulation: Simulation) -> pd.DataFrame:
    """A row for each object that would be refused, or of which that is not known, the worst first.

    The columns are those of `auditkit.what_if.outcomes`. Pods are decided by the labels of their namespace as they
    would be: those that are made, and those that are there and would be refused from now on. Objects that are applied,
    and the pods that controllers make of them, are decided by the admission policies as they would be: as created, or
    as put in the place of what was there. ``attrs["gaps"]`` says what was not decided.
    """
    security = _pod_security(simulation)
    try:
        policies = _policies(simulation)
    except MissingDependency as error:
        policies = framed([{**_about(reference), "policy": _NOT_RUN, "outcome": "unknown", "why": str(error)}
                           for reference in simulation.applied], gaps=[f"admission policies were not run: {error}"])
    rows = pd.concat([security, policies], ignore_index=True)
    gaps = list(dict.fromkeys([*simulation.after.gaps("pod_levels"), *policies.attrs["gaps"]]))
    return framed(rows[rows["outcome"].isin(_BAD)], gaps=gaps)


def _about(reference: Reference) -> dict[str, str | None]:
    source, (namespace, name) = reference
    return {"kind": RESOURCES[source].kind, "namespace": namespace or None, "name": name}


def _pod_security(simulation: Simulation) -> pd.DataFrame:
    """Pods that the labels of their namespaces refuse: those that are made, and those that were not refused before."""
    now, then = (_enforced(snapshot) for snapshot in (simulation.after, simulation.before))
    both = now.merge(then, on=_POD, how="left", suffixes=("", "_before"), indicator="known")
    made = pd.Series([kind == "Pod" and ("pods", (namespace, name)) in simulation.changed
                      for kind, namespace, name in zip(*(both[each] for each in _POD), strict=True)], both.index, bool)
    refused_before = (both["known"] == "both") & (both["said_before"] != "").fillna(True)
    unknown, refused = both["said"].isna(), (both["said"] != "").fillna(True)
    found = both[refused & (made | ~refused_before)]
    unknown = unknown.loc[found.index]
    return found.assign(
        policy=_POD_SECURITY, outcome=pd.Series("denied", found.index, STRING).mask(unknown, "unknown"),
        message=found["said"], why=pd.Series(_UNKNOWN, found.index, STRING).where(unknown),
    ).reindex(columns=COLUMNS).astype("string[pyarrow]")


def _enforced(snapshot: Snapshot) -> pd.DataFrame:
    """What the level of its namespace says of each pod, and of each template that has none: kind, namespace, name, said
    (empty: nothing against it)."""
    pods = snapshot.frame("pod_levels").assign(kind="Pod")
    idle = snapshot.frame("template_pod_levels").merge(snapshot.frame("idle_templates")[_POD], on=_POD)
    frames = [frame[[*_POD, "enforce"]].astype(STRING) for frame in (pods, idle)]
    return pd.concat(frames, ignore_index=True).rename(columns={"enforce": "said"})


def _policies(simulation: Simulation) -> pd.DataFrame:
    from auditkit.what_if.current import current
    from auditkit.what_if.decisions import policy_decisions

    policies = current(simulation.after)
    if not policies.policies and not policies.mutating:
        return framed([], gaps=simulation.after.gaps(policies.tables))
    changed = [(source, *key) for (source, key), thing in simulation.changed.items()
               if thing is not None and RESOURCES[source].form == "object"]
    own = {(source, namespace, name) for source, namespace, name in changed
           if (source, (namespace, name)) in simulation.applied or source in ("pods", *CONTROLLERS)}
    before = {(found.resource.name, found.namespace, found.name): found.thing
              for found in objects(simulation.before, sorted({source for source, *_ in own}))} if own else {}
    asked = {each: None if each[0] == "pods" else before.get(each) for each in own}
    return policy_decisions(simulation.after, policies, only=asked)
