"""Which pods hold a SPIFFE identity, and what issued it, as far as a cluster shows.

An identity itself is nowhere in the API: what is seen is a proxy that always has one, a volume that holds one, or a way
to ask for one. The trust domain is a setting of the issuer, and not visible.

Sources: Istio's documentation (2026), security: identity; cert-manager/csi-driver-spiffe, README (a pod starts when its
document is issued; ``spiffe://TRUST_DOMAIN/ns/NAMESPACE/sa/ACCOUNT``); spiffe/spiffe-csi, README (its volume holds the
socket of the Workload API, and no identity); spiffe/spire-controller-manager, docs/clusterspiffeid-crd.md.
"""

import numpy as np
import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has, lookup
from auditkit.analysis.label_selectors import select
from auditkit.analysis.network.mesh.proxies import ISTIO
from auditkit.analysis.workloads.lifecycle import ENDED

SPIRE, CERT_MANAGER = "SPIRE", "cert-manager"
DRIVERS = {"csi.spiffe.io": SPIRE, "spiffe.csi.cert-manager.io": CERT_MANAGER}
SOCKETS = r"/(?:var/)?(?:run|tmp)/spire(?:-agent)?(?:/.*)?"
"""Folders of nodes in which agents of SPIRE have their socket (its charts and quickstart)."""
POD = ["namespace", "name"]
COLUMNS = {"namespace": STRING, "name": STRING, "issuer": STRING, "by": STRING, "identity": STRING, "held": BOOLEAN,
           "why": STRING}
REGISTERED = "whether SPIRE has registered the pod is not visible"
NO_SOCKET = "no socket of SPIRE's agent is seen in the pod"
NOT_RUNNING = "the pod is not seen to run: its identity is issued as it starts"


def spiffe_identities(pods: pd.DataFrame, volumes: pd.DataFrame, mesh_pods: pd.DataFrame, spire_ids: pd.DataFrame,
                      spire_id_selectors: pd.DataFrame, pod_labels: pd.DataFrame,
                      namespace_labels: pd.DataFrame) -> pd.DataFrame:
    """Pods that hold a SPIFFE identity, or may: one row for each pod and what gives it one.

    namespace and name of the pod, issuer (Istio, SPIRE or cert-manager), by (the proxy, the volume, or the
    ClusterSPIFFEID that selects the pod), identity (``?`` stands for the trust domain, which is not visible; of SPIRE
    the template; ``<NA>``: not visible), held (it holds one; ``<NA>``: not known), why (that is not known). Pods that
    get an identity otherwise, as by SPIRE's own API, have no row, nor do those of Linkerd, whose identities are names.
    """
    mine = pods[~pods["phase"].isin(ENDED)].reset_index(drop=True)
    account = "spiffe://?/ns/" + mine["namespace"] + "/sa/" + mine["service_account"]
    mine = mine[[*POD, "phase"]].assign(account=account)
    proxied = mesh_pods[(mesh_pods["mesh"] == ISTIO).fillna(False).to_numpy(bool)].merge(mine, on=POD)
    found = [proxied.assign(issuer=ISTIO, by=proxied["mode"], identity=proxied["account"],
                            held=proxied["acts"], why=proxied["why"])]
    given = volumes.rename(columns={"name": "volume", "pod": "name"}).merge(mine, on=POD)
    driver = given["csi_driver"].map(DRIVERS).astype(STRING)
    socket = given["host_path"].str.fullmatch(SOCKETS).fillna(False).astype(BOOLEAN)
    given = given.assign(issuer=driver.mask(socket & driver.isna(), SPIRE), by="volume " + given["volume"])
    issued = given[(given["issuer"] == CERT_MANAGER).fillna(False).to_numpy(bool)]
    runs = (issued["phase"] == "Running").fillna(False)
    found.append(issued.assign(
        identity=issued["account"], held=pd.Series(True, issued.index, BOOLEAN).where(runs, pd.NA),
        why=pd.Series(NOT_RUNNING, issued.index, STRING).mask(runs, pd.NA)))
    chosen = _registered(mine, spire_ids, spire_id_selectors, pod_labels, namespace_labels)
    asking = given[(given["issuer"] == SPIRE).fillna(False).to_numpy(bool)]
    template = lookup(asking, {name: name for name in POD}, chosen.drop_duplicates(POD, keep=False), ["identity"])
    found.append(asking.assign(identity=template["identity"], held=pd.NA, why=REGISTERED))
    met = has(chosen, {name: name for name in POD}, asking)
    found.append(chosen.assign(issuer=SPIRE, held=pd.NA, why=pd.Series(NO_SOCKET, chosen.index, STRING).mask(
        met, REGISTERED)))
    rows = pd.concat([one.reindex(columns=list(COLUMNS)).astype(COLUMNS) for one in found], ignore_index=True)
    return rows.sort_values([*POD, "issuer", "by"], ignore_index=True)


def _registered(pods: pd.DataFrame, ids: pd.DataFrame, selectors: pd.DataFrame, pod_labels: pd.DataFrame,
                namespace_labels: pd.DataFrame) -> pd.DataFrame:
    """Pods that ClusterSPIFFEIDs select: namespace, name, by, identity (the template)."""
    spaces = pd.DataFrame({"namespace": pods["namespace"].drop_duplicates()}).reset_index(drop=True)
    numbers = pd.DataFrame({"spire_id": ids["name"], "selector": np.arange(len(ids))}).astype({"spire_id": STRING})
    asked = selectors.merge(numbers, on="spire_id")
    of_pods, of_spaces = (asked[(asked["of"] == of).to_numpy(bool)] for of in ("podSelector", "namespaceSelector"))
    things = pods[POD].assign(thing=np.arange(len(pods))).rename(columns={"name": "pod"})
    by_pod = select(of_pods, pod_labels.merge(things, on=["namespace", "pod"])[["thing", "key", "value"]], len(ids),
                    len(pods))[:-1]
    places = spaces.assign(thing=np.arange(len(spaces)))
    by_space = select(of_spaces, namespace_labels.merge(places, on="namespace")[["thing", "key", "value"]], len(ids),
                      len(spaces))[:-1]
    at, thing = np.nonzero(by_pod & by_space[:, pd.Index(spaces["namespace"]).get_indexer(pods["namespace"])])
    chosen = pods[POD].iloc[thing].reset_index(drop=True)
    id_ = ids.iloc[at].reset_index(drop=True)
    return chosen.assign(by="ClusterSPIFFEID " + id_["name"], identity=id_["template"])
