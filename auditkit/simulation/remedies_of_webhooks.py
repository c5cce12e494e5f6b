"""Remedies for webhooks: requests are refused while a webhook does not answer, where that cannot stop the cluster."""

import pandas as pd

from auditkit.analysis.columns import lookup
from auditkit.analysis.label_selectors import select
from auditkit.simulation.proposal import Failing, Made, Proposed, Unmade, manifest
from auditkit.snapshots.snapshot import Snapshot
from auditkit.tables.resources import RESOURCES

_REPLICAS = 2
"""Ready pods that a webhook needs, so that one of them can end."""
_READ = ("webhooks", "webhook_rules", "webhook_selectors", "services", "service_backends", "pod_readiness",
         "namespaces", "namespace_labels")
_KEY = ["type", "configuration", "name"]
_NAMESPACED = {f"{resource.group}/{resource.plural}" for resource in RESOURCES.values() if resource.namespaced}
_OWN_GROUP = r"[^.]*|.*\.k8s\.io"
"""Groups of Kubernetes itself have no dot or end so (``*`` is all groups); a group of somebody else that does is taken
for one, which only leaves a webhook alone."""
_NEEDED = ("kube-system", "kube-node-lease")
"""Namespaces whose objects the control plane needs, beside that of the webhook."""


def fail_closed(snapshot: Snapshot, failing: Failing) -> Proposed:
    """``failurePolicy: Fail``, where enough pods answer, and where the webhook is not asked about objects that are
    needed to start it again.

    A webhook that is asked about the pods of its own namespace, or about objects of the control plane, and that fails
    closed, keeps the cluster from mending itself. Source: Kubernetes documentation, good practices for admission
    webhooks: avoid deadlocks in self-mutating and self-validating webhooks.
    """
    if gaps := snapshot.gaps(_READ):
        yield Unmade("webhooks", f"whether they answer is not known: {gaps[0]}")
        return
    hooks = snapshot.frame("webhooks")
    open_ = hooks[hooks["name"].isin(failing["name"]) & hooks["failure_policy"].ne("Fail")].reset_index(drop=True)
    ready, danger = _ready(snapshot, open_), _danger(snapshot, open_)
    for row, pods, why in zip(open_.to_dict("records"), ready, danger, strict=True):
        called = f"webhook {row['name']} of {row['type']}WebhookConfiguration {row['configuration']}"
        if pods < _REPLICAS:
            why = f"{pods} ready pods stand behind its service; {_REPLICAS} are needed, so that one can end"
        if why:
            yield Unmade(called, why)
            continue
        yield Made(manifest(f"{row['type']}WebhookConfiguration", row["configuration"], webhooks=[
            {"name": row["name"], "failurePolicy": "Fail"}]),
            f"Refuses requests that {row['name']} is for while it does not answer; {pods} pods of its service are "
            "ready. Alert on its errors before, and know how to delete the configuration.")


def _ready(snapshot: Snapshot, hooks: pd.DataFrame) -> list[int]:
    """How many ready pods stand behind the service of each webhook."""
    backends = snapshot.frame("service_backends")[["namespace", "service", "pod"]].drop_duplicates()
    pod = {"namespace": "namespace", "pod": "pod"}
    ready = lookup(backends, pod, snapshot.frame("pod_readiness"), ["ready"])["ready"]
    counts = backends[ready.fillna(False).to_numpy(bool)].groupby(["namespace", "service"]).size().to_dict()
    return [int(counts.get(key, 0)) for key in zip(hooks["service_namespace"], hooks["service"], strict=True)]


def _danger(snapshot: Snapshot, hooks: pd.DataFrame) -> list[str]:
    """Why each webhook may keep the cluster from mending itself; empty where it cannot. Conditions and labels of
    objects may leave more out, which is not counted on."""
    rules, spaces = snapshot.frame("webhook_rules"), snapshot.frame("namespaces")[["name"]]
    own = rules[rules["group"].str.fullmatch(_OWN_GROUP).fillna(True)].rename(columns={"webhook": "name"})
    asked = set(own[_KEY].itertuples(index=False, name=None))
    inside_only = own["scope"].eq("Namespaced") | (own["group"] + "/" + own["resource"]).isin(_NAMESPACED)
    outside = set(own.loc[~inside_only.fillna(False), _KEY].itertuples(index=False, name=None))
    numbered = hooks[_KEY].rename(columns={"name": "webhook"}).assign(selector=range(len(hooks)))
    selectors = snapshot.frame("webhook_selectors").merge(numbered, on=["type", "configuration", "webhook"])
    things = spaces.rename(columns={"name": "namespace"}).assign(thing=range(len(spaces)))
    picked = select(selectors[selectors["of"] == "namespaceSelector"],
                    snapshot.frame("namespace_labels").merge(things, on="namespace"), len(hooks), len(spaces))[:-1]
    said = []
    for row, here in zip(hooks.to_dict("records"), picked, strict=True):
        key, inside = tuple(row[name] for name in _KEY), set(spaces["name"][here])
        bad = [space for space in (row["service_namespace"], *_NEEDED) if space in inside]
        if key in asked and bad:
            said.append(f"it is asked about objects of {bad[0]}: while it is down, what it needs there cannot start")
        else:
            said.append("it is asked about objects outside of namespaces, which nodes need" if key in outside else "")
    return said
