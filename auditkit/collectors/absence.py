"""Kinds that a cluster does not have, as its own lists show where no discovery document does: in files.

An API server serves a custom resource by a CustomResourceDefinition, and has an APIService for each of its groups.
Where both lists are whole, a group without an APIService is not served, and in a group of definitions a kind without a
definition is not.

Source: kubernetes/kube-aggregator, ``pkg/controllers/autoregister``; kubernetes/apiextensions-apiserver.
"""

from collections.abc import Iterator

from auditkit import tables
from auditkit.collectors.contradictions import Collected, Doubt
from auditkit.collectors.engines import API_SERVICES, CRDS

WHY = "no CustomResourceDefinition defines it, and no APIService serves it"


def proven(found: Collected) -> Iterator[Doubt]:
    """The kinds that no file contains, and that the cluster does not serve: their resources, and why."""
    if found.served is not None or not (found.whole(CRDS) and found.whole(API_SERVICES)):
        return
    defined, registered = found.values("crds", "name"), found.values("api_services", "group")
    aggregated = {group for group, service in found.pairs("api_services", "group", "service") if service}
    of_definitions = found.values("crds", "group") - aggregated
    for name, entry in found.entries.items():
        resource = tables.RESOURCES.get(name)
        if resource is None or resource.builtin or entry.outcome != "absent" or name in defined:
            continue
        if resource.group not in registered or resource.group in of_definitions:
            yield name, WHY
