"""True if lists in files are all that a cluster has: a list does not say with which request it was made.

``kubectl get pods -n shop -o json``, ``-l app=web`` and ``-A`` write the same envelope (``kind: List``, an empty
``resourceVersion``; kubectl puts the items of its own requests into a new list), and what ``kubectl get --raw``,
``kubectl cluster-info dump`` and ``oc adm inspect`` write, a typed list with a ``resourceVersion``, is the same for
one namespace and for all. So a list is whole only where something beside it shows that, or where somebody says so:

- **a list over all namespaces**: one `kubectl get` gives all its kinds the same flags. Where one of its lists has
  objects in every namespace that the files name, the system's own among them, it was made with ``-A``; where its
  objects share no label and no field that can be selected, it was made without a selector.
- **the lists of a server**: a typed list with a ``resourceVersion`` for every built-in kind that is read, each once,
  is the work of a program that asked for them all; nothing in them may contradict that.
- **the user's word**, which is shown wherever it counts.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from auditkit import tables
from auditkit.errors import NoSuchName
from auditkit.tables.resources import BY_KIND

SINGLE = "the files contain single objects instead of a list, so others may exist"

SYSTEM = frozenset({"default", "kube-system", "kube-public"})
"""Namespaces that every API server makes, and makes anew (kubernetes: pkg/controlplane/controller/systemnamespaces)."""

EVERYWHERE = frozenset({
    "namespaces", "nodes", "serviceaccounts", "configmaps", "services", "apiservices.apiregistration.k8s.io",
    *(f"{plural}.rbac.authorization.k8s.io" for plural in ("roles", "clusterroles", "rolebindings",
                                                           "clusterrolebindings")),
})
"""Kinds of which a running cluster always has objects, whatever a statement says."""

SELECTABLE = (("status", "phase"), ("spec", "nodeName"), ("type",))
"""Fields by which lists are often selected (kubernetes: pkg/registry/core/{pod,secret}/strategy.go)."""

_SHORT = {"po": "Pod", "no": "Node", "ns": "Namespace", "deploy": "Deployment", "rs": "ReplicaSet",
          "sts": "StatefulSet", "ds": "DaemonSet", "rc": "ReplicationController", "cj": "CronJob",
          "pdb": "PodDisruptionBudget", "sa": "ServiceAccount", "csr": "CertificateSigningRequest", "cm": "ConfigMap",
          "svc": "Service", "ing": "Ingress", "netpol": "NetworkPolicy", "quota": "ResourceQuota",
          "limits": "LimitRange", "crd": "CustomResourceDefinition", "sc": "StorageClass", "pv": "PersistentVolume",
          "pvc": "PersistentVolumeClaim"}
"""The short names of kubectl (`kubectl api-resources`)."""


class Listed(NamedTuple):
    """One list in the files. ``resource`` is empty for kubectl's ``List`` of any kinds; ``of`` are the resources that
    its objects or the file's name state; ``link`` is the request that servers before 1.20 wrote into it."""

    file: str
    resource: str
    version: str
    of: frozenset[str]
    objects: list[dict[str, Any]]
    link: str = ""


def resources(words: Iterable[str]) -> frozenset[str]:
    """The resources that a user names as kubectl does (plural, kind or short name, with or without the group), or
    ``all``. Raises `NoSuchName`."""
    known = _names()
    found: set[str] = set()
    for word in (part.strip() for text in words for part in text.split(",")):
        if word == "all":
            found |= set(tables.RESOURCES)
        elif word.lower() not in known:
            raise NoSuchName("kind", word, ["all", *tables.RESOURCES])
        else:
            found.add(known[word.lower()])
    return frozenset(found)


def named_by(file: str) -> frozenset[str]:
    """The resources that a file's name states: ``pods.json``, ``pods,rc.yaml.gz``; none where it is another name."""
    stem = file.rpartition("/")[2]
    for suffix in (".gz", ".json", ".yaml", ".yml"):
        stem = stem.removesuffix(suffix)
    parts, known = stem.lower().split(","), _names()
    return frozenset(known[part] for part in parts) if all(part in known for part in parts) else frozenset()


def _names() -> dict[str, str]:
    return {short: BY_KIND[kind].name for short, kind in _SHORT.items()} | {
        word.lower(): name for name, resource in reversed(tables.RESOURCES.items())
        for word in (resource.kind, resource.plural, name)}


def doubts(lists: list[Listed], namespaces: set[str]) -> dict[str, str]:
    """For each resource of which there are lists why nothing shows that they are whole; empty where that is shown.

    ``namespaces`` are those that the files name.
    """
    of: dict[str, list[Listed]] = defaultdict(list)
    for each in _once(lists):
        for name in each.of:
            of[name].append(each)
    answered = _answered(of)
    against = _contradiction([item for name in answered for item in _answers(of[name])[0].objects], namespaces)
    spread = [each for each in lists if _over_all(each, namespaces)]
    return {name: against if name in answered
            else "" if any(name in each.of for each in spread) else _why(name.partition(".")[0], own)
            for name, own in of.items()}


def _once(lists: list[Listed]) -> Iterator[Listed]:
    """Each list once: a copy of a server's answer under another name adds nothing.

    Lists of two namespaces may be of one moment and of one length. They are copies only if they have the same objects.
    """
    seen: set[tuple[object, ...]] = set()
    for each in lists:
        key = (each.resource, each.version, _called(each.objects)) if each.version else (len(seen),)
        if key not in seen:
            seen.add(key)
            yield each


def _called(objects: list[dict[str, Any]]) -> frozenset[tuple[str, str]]:
    """The namespace and the name of each object."""
    return frozenset((_at(item, ("metadata", "namespace")), _at(item, ("metadata", "name"))) for item in objects)


def _answered(of: dict[str, list[Listed]]) -> set[str]:
    """The resources whose lists are the answers of a server to somebody who asked it for every kind; else none."""
    single = {name for name, lists in of.items() if len(answers := _answers(lists)) == 1
              and not _part(answers[0].link)}
    return single if all(name in single for name, resource in tables.RESOURCES.items() if resource.builtin) else set()


def _answers(lists: list[Listed]) -> list[Listed]:
    return [each for each in lists if each.resource and each.version]


def _part(link: str) -> str:
    """The part of a cluster that the request of a list covers; empty where it names none."""
    if "/namespaces/" in link:
        return "one namespace"
    return "what a selector picks" if "Selector=" in link else ""


def _contradiction(objects: list[dict[str, Any]], namespaces: set[str]) -> str:
    """What shows that a server's lists of every kind are not those of its whole cluster; empty where nothing does.

    Each of the system's namespaces has a ServiceAccount and the ConfigMap kube-root-ca.crt at the least.
    """
    if not objects:
        return "the lists have no object at all, which is impossible in a cluster: they are incomplete"
    spaces = {space for item in objects if (space := _at(item, ("metadata", "namespace")))}
    if spaces and namespaces >= SYSTEM and (empty := sorted(SYSTEM - spaces)):
        return f"the lists have no object in the namespace {empty[0]}, which always has objects: they are incomplete"
    return _by_label(objects) if len(objects) > 1 else ""


def _over_all(each: Listed, namespaces: set[str]) -> bool:
    """True if kubectl made a list over all namespaces and without a selector, as far as its objects can show that.

    It proves nothing where the system's namespaces are not all among them: then some were chosen; nor where objects
    have no UID: then no server wrote them, but somebody who keeps manifests.
    """
    spaces = {_at(item, ("metadata", "namespace")) for item in each.objects}
    from_server = not each.version and all(_meta(item).get("uid") for item in each.objects)
    everywhere = namespaces >= SYSTEM and namespaces <= spaces
    return from_server and everywhere and not _selected(each.objects)


def _selected(objects: list[dict[str, Any]]) -> str:
    """What all objects have in common by which they may have been selected; empty for a single one."""
    return (_by_label(objects) or _by_field(objects)) if len(objects) > 1 else ""


def _by_label(objects: list[dict[str, Any]]) -> str:
    labels = [found if isinstance(found := _meta(item).get("labels"), dict) else {} for item in objects]
    if shared := set(labels[0]).intersection(*labels[1:]):
        return f"all objects have the label {min(map(str, shared))[:100]}, which may have been the selector"
    return ""


def _by_field(objects: list[dict[str, Any]]) -> str:
    for field in SELECTABLE:
        values = {_at(item, field) for item in objects}
        if len(values) == 1 and (value := values.pop()):
            return f"all objects have {'.'.join(field)}={value[:100]}, which may have been the selector"
    return ""


def _why(plural: str, lists: list[Listed]) -> str:
    """Why nothing shows that lists of a resource are whole."""
    files = list(dict.fromkeys(each.file for each in lists))
    if len(lists) > 1:
        return (f"there are {len(lists)} lists of {plural} ({', '.join(files[:3])}{' …' if len(files) > 3 else ''}), "
                "which may not cover all namespaces")
    only = lists[0]
    if part := _part(only.link):
        return f"{only.file} is the response to {only.link[:200]}, which covers {part}"
    what = "is an empty list that" if not only.objects else "is a list that"
    more = _selected(only.objects) if not only.resource else ""
    return f"{only.file} {what} does not show its namespaces and selectors{f'; {more}' if more else ''}"


def _meta(item: dict[str, Any]) -> dict[str, Any]:
    metadata = item.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _at(item: Any, field: tuple[str, ...]) -> str:
    for name in field:
        item = item.get(name) if isinstance(item, dict) else None
    return item if isinstance(item, str) else ""


def next_step(missing: list[str]) -> str:
    """What to hand in next, in one line that can be copied; empty where nothing is missing.

    One list that has the ServiceAccount of every namespace shows that it is over all of them; of kinds without objects
    it shows nothing, and a word is needed. Secrets and ConfigMaps are left out: kubectl would write their values.
    """
    if not missing:
        return ""
    script = "auditkit collect --script > record.sh && sh record.sh recording"
    plain = [tables.RESOURCES[name].plural for name in missing if tables.RESOURCES[name].form == "object"]
    if not plain:
        return f"Next: {script} (it does not record the values of Secrets and ConfigMaps)"
    kinds = ",".join(dict.fromkeys(["namespaces", "serviceaccounts", *plain]))
    return (f"Next: {script}; or K={kinds}; kubectl get $K -A -o json > more.json, and --complete $K "
            "if the cluster has none of some kinds")
