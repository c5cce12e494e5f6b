"""Which pods are in a service mesh, as the pods themselves show.

A label that asks for a proxy is no proxy. A sidecar counts where the pod has it, something redirects traffic to it, it
is ready, and the control plane that configures it is; a pod of the ambient mode where the agent on its node has noted
that it redirects the traffic, and the proxy of that node is ready. Where one of these is not seen, it is not known
whether the mesh acts at the pod.

Sources: Istio's documentation (2026), sidecar injection, resource annotations and traffic redirection of the ambient
mode; Linkerd's documentation (2026), architecture and proxy injection: the names of the containers.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup
from auditkit.analysis.network.plugins import repository
from auditkit.analysis.workloads.lifecycle import ENDED, lasting

POD = ["namespace", "pod"]
ISTIO, LINKERD = "Istio", "Linkerd"
SIDECAR, AMBIENT, GATEWAY = "sidecar", "ambient", "gateway"
PROXIES = {"istio-proxy": (ISTIO, r"(?:^|/)proxyv2(?:-[a-z0-9]+)*$"), "linkerd-proxy": (LINKERD, r"(?:^|/)proxy$")}
"""The container of a proxy, its mesh, and how its image is called."""
_LINKERD_INIT = (LINKERD, r"(?:^|/)proxy(?:-init)?$")
REDIRECTS = {"istio-init": PROXIES["istio-proxy"], "istio-validation": PROXIES["istio-proxy"],
             "linkerd-init": _LINKERD_INIT, "linkerd-network-validator": _LINKERD_INIT}
"""Init containers that redirect the traffic of their pod to the proxy, or verify that a network plug-in does; their
mesh, and how their image is called."""
CONTROL = {"discovery": (ISTIO, r"(?:^|/)pilot(?:-[a-z0-9]+)*$"), "destination": (LINKERD, r"(?:^|/)controller$")}
"""The container of a control plane, its mesh, and how its image is called."""
NODE_PROXY = r"(?:^|/)ztunnel(?:-[a-z0-9]+)*$"
REDIRECTED, BYPASSED = "ambient.istio.io/redirection", "ambient.istio.io/bypass-inbound-capture"
INTERCEPTION = "sidecar.istio.io/interceptionMode"
OUTBOUND = tuple(f"traffic.sidecar.istio.io/{which}{what}" for what in ("OutboundPorts", "OutboundIPRanges")
                 for which in ("exclude", "include"))
INBOUND = tuple(f"traffic.sidecar.istio.io/{which}InboundPorts" for which in ("exclude", "include"))
UNDERSTOOD = (*INBOUND, *OUTBOUND, INTERCEPTION, REDIRECTED, BYPASSED, "linkerd.io/proxy-version",
              "config.linkerd.io/default-inbound-policy", "config.linkerd.io/skip-inbound-ports")
"""Annotations of which it is known what they do. Of any other it is not: those that are collected keep traffic from a
proxy."""

COLUMNS = {"namespace": STRING, "name": STRING, "mesh": STRING, "mode": STRING, "acts": BOOLEAN, "why": STRING}


def mesh_control(containers: pd.DataFrame, pod_readiness: pd.DataFrame) -> pd.DataFrame:
    """The pods of control planes of service meshes: mesh, namespace, pod, ready (``<NA>``: not known)."""
    found = _called(containers, CONTROL)[[*POD, "mesh"]].drop_duplicates()
    return found.merge(pod_readiness[[*POD, "ready"]], on=POD, how="left")[["mesh", *POD, "ready"]]


def mesh_pods(pods: pd.DataFrame, containers: pd.DataFrame, container_images: pd.DataFrame,
              pod_mesh_annotations: pd.DataFrame, pod_redirections: pd.DataFrame, mesh_control: pd.DataFrame,
              pod_readiness: pd.DataFrame) -> pd.DataFrame:
    """One row for each pod that can have traffic, in their order: namespace, name, and

    mesh (Istio or Linkerd; ``<NA>``: no proxy of a mesh is seen), mode (sidecar; ambient: the proxy of its node;
    gateway: the pod is a proxy and nothing else), acts (whether the mesh is seen to act at the pod; ``<NA>``: not
    known), why (it is not known).
    """
    mine = pods[~pods["phase"].isin(ENDED)].reset_index(drop=True)
    running = containers[lasting(containers)]
    proxies = _called(running, PROXIES)
    if proxies.empty and not (pod_mesh_annotations["key"] == REDIRECTED).any():
        return mine[["namespace", "name"]].assign(mesh=pd.NA, mode=pd.NA, acts=False, why=pd.NA).astype(COLUMNS)
    several = proxies[proxies.duplicated(POD).to_numpy(bool)]
    proxies = proxies.drop_duplicates(POD)
    ours = lookup(mine, {"namespace": "namespace", "name": "pod"}, proxies, ["name", "mesh", "known"])
    others = running[~running["name"].isin(list(PROXIES))]
    alone = ours["name"].notna() & ~has(mine, _OF, others)
    told = _annotations(mine, pod_mesh_annotations)
    ambient = ours["name"].isna() & (told[REDIRECTED] == "enabled").fillna(False)
    mode = pd.Series(pd.NA, mine.index, STRING).mask(ours["name"].notna(), SIDECAR).mask(alone, GATEWAY)
    mode = mode.mask(ambient, AMBIENT)
    mesh = ours["mesh"].mask(ambient, ISTIO)
    why = pd.Series(pd.NA, mine.index, STRING)
    strange = pod_mesh_annotations[~pod_mesh_annotations["key"].isin(UNDERSTOOD)]
    odd = lookup(mine, _OF, strange.sort_values("key"), ["key"])["key"]
    two = has(mine, _OF, several) | (ours["name"].notna() & (told[REDIRECTED] == "enabled").fillna(False))
    for reason, holds in (
        ("it is in the network of its node", mine["host_network"]),
        ("it has two proxies", two),
        ("the annotation " + odd + " is not understood", odd.notna()),
        *_of_sidecars(mine, ours, mode, told, containers, container_images, pod_redirections),
        *_of_ambient(mine, mode, containers, pod_readiness),
        *((f"no control plane of {name} is seen to be ready", (mesh == name) & (not _ready(mesh_control, name)))
          for name in (ISTIO, LINKERD)),
    ):
        why = why.mask(why.isna() & holds.fillna(True) & mesh.notna(), reason)
    acts = mesh.notna().astype(BOOLEAN).mask(why.notna(), pd.NA)
    return mine[["namespace", "name"]].assign(mesh=mesh, mode=mode, acts=acts, why=why).astype(COLUMNS)


_OF = {"namespace": "namespace", "name": "pod"}


def _called(containers: pd.DataFrame, names: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Containers of these names, with their mesh, and known: whether the image is one of that mesh. But for proxies
    only those that are known."""
    mine = containers[containers["name"].isin(list(names))]
    image = repository(mine["image"])
    known = pd.Series(False, mine.index, BOOLEAN)
    for name, (_, pattern) in names.items():
        known = known.mask((mine["name"] == name) & image.str.contains(pattern).fillna(False), True)
    mesh = mine["name"].map({name: mesh for name, (mesh, _) in names.items()}).astype(STRING)
    found = mine.assign(mesh=mesh, known=known)
    return found[~image.str.contains(NODE_PROXY).fillna(False)] if names is PROXIES else found[known]


def _annotations(pods: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """What the annotations of each pod say, one column each."""
    return pd.concat({key: lookup(pods, _OF, rows[(rows["key"] == key).to_numpy(bool)], ["value"])["value"]
                      for key in (REDIRECTED, BYPASSED, INTERCEPTION)}, axis=1)


def _of_sidecars(pods: pd.DataFrame, proxy: pd.DataFrame, mode: pd.Series, told: pd.DataFrame,
                 containers: pd.DataFrame, images: pd.DataFrame,
                 redirections: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """Why it is not known whether a sidecar or a gateway acts, and of which pods that holds."""
    init = containers[(containers["name"].isin(list(REDIRECTS)) & (containers["type"] == "init")).to_numpy(bool)]
    several = has(pods, _OF, init[init.duplicated(POD).to_numpy(bool)])
    init = _called(init, REDIRECTS).merge(redirections.rename(columns={"container": "name"}), on=[*POD, "name"],
                                          how="left")
    by = lookup(pods, _OF, init, ["mesh", "ports"])
    redirected = (by["mesh"] == proxy["mesh"]).fillna(False)
    seen = by["ports"].str.contains("excluded=") & ((proxy["mesh"] != ISTIO) | by["ports"].str.contains("included="))
    status = images[images["container"].isin(list(PROXIES))]
    ready = lookup(pods, _OF, status, ["ready"])["ready"]
    sidecar, has_proxy = (mode == SIDECAR).fillna(False), mode.isin([SIDECAR, GATEWAY])
    return [
        ("the image of its proxy is not recognised", has_proxy & ~proxy["known"].fillna(False)),
        ("nothing is seen that redirects its traffic to the proxy", sidecar & ~redirected),
        ("which ports are redirected to the proxy is not seen in the arguments of its init container",
         sidecar & ~seen.fillna(False)),
        ("its init container redirects traffic in a way that is not understood",
         sidecar & (several | by["ports"].str.contains("?", regex=False).fillna(False))),
        ("an annotation keeps its traffic from being redirected to the proxy",
         sidecar & told[INTERCEPTION].isin(["NONE"])),
        ("its proxy is not seen to be ready", has_proxy & ~ready.fillna(False)),
    ]


def _of_ambient(pods: pd.DataFrame, mode: pd.Series, containers: pd.DataFrame,
                readiness: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    """The same of pods in the ambient mode."""
    agents = containers[repository(containers["image"]).str.contains(NODE_PROXY).fillna(False)][POD].drop_duplicates()
    nodes = agents.merge(readiness[readiness["ready"].fillna(False)], on=POD)["node"]
    ambient = (mode == AMBIENT).fillna(False)
    return [("no ready ztunnel is seen on its node", ambient & ~pods["node"].isin(nodes.dropna()))]


def _ready(control: pd.DataFrame, mesh: str) -> bool:
    return bool((control["ready"].fillna(False) & (control["mesh"] == mesh)).any())
