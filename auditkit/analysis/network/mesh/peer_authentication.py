"""Istio: the mode of mutual TLS that PeerAuthentications set for pods and their ports.

The narrowest policy that says something counts: one with a selector in the pod's namespace, then the one for the
namespace, then the one for the mesh, which stands in the root namespace; of several of one scope the oldest. Without
any, proxies accept both. Ports have modes of their own only in policies with a selector outside of the root namespace.

The root namespace is a setting of the mesh that the API server does not show (it stands in a ConfigMap). By default it
is the one in which the control plane runs. What rests on that says so (``assumes_root``).

Source: istio/istio 46d59ce, ``pilot/pkg/security/authn/policy_applier.go`` (ComposePeerAuthentication),
``pilot/pkg/model/config.go`` (sortConfigByCreationTime).
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, lookup
from auditkit.analysis.network.mesh.proxies import ISTIO
from auditkit.tables.istio import REVISION

KIND = "PeerAuthentication"
MODES = {"STRICT": "strict", "PERMISSIVE": "permissive", "DISABLE": "disabled"}
UNSET = ("UNSET", "")
OWN_FILTERS = r"^(?:tcp-)?(?:stats|metadata-exchange)-filter-\d+\.\d+|^(?:tcp-)?metadata-exchange-\d+\.\d+"
"""EnvoyFilters that Istio installed itself up to 1.22, in its root namespace, for its metrics."""
_NAME = ["namespace", "policy"]


def root_namespace(mesh_control: pd.DataFrame) -> str | None:
    """The namespace in which the control plane of Istio runs; ``None`` where it is not one."""
    found = mesh_control.loc[(mesh_control["mesh"] == ISTIO).to_numpy(bool), "namespace"].unique()
    return str(found[0]) if len(found) == 1 else None


def picked_by_label(policies: pd.DataFrame, selectors: pd.DataFrame, pod_labels: pd.DataFrame) -> pd.DataFrame:
    """Pods that policies pick by labels, in their own namespace: namespace, policy, pod. Only policies with labels."""
    asked = selectors.merge(policies[_NAME], on=_NAME)
    counts = asked.groupby(_NAME).size().rename("asked").reset_index()
    held = asked.merge(pod_labels[["namespace", "pod", "key", "value"]], on=["namespace", "key", "value"])
    held = held.groupby([*_NAME, "pod"]).size().rename("held").reset_index().merge(counts, on=_NAME)
    return held.loc[(held["held"] == held["asked"]).to_numpy(bool), [*_NAME, "pod"]]


def peer_modes(pods: pd.DataFrame, istio_peer_authentications: pd.DataFrame, istio_selectors: pd.DataFrame,
               istio_revisions: pd.DataFrame, istio_unread_fields: pd.DataFrame, pod_labels: pd.DataFrame,
               root: str | None) -> pd.DataFrame:
    """The mode of each of these pods (namespace, name) as a whole, in their order.

    mode (strict, permissive or disabled; ``<NA>``: not known), level (workload, namespace, mesh or default),
    decided_by (namespace/name of the policy; ``<NA>``: none), assumes_root, workload_policy (the one that sets modes of
    ports), why (the mode is not known).
    """
    policies = _policies(istio_peer_authentications, istio_revisions, istio_unread_fields)
    selectors = istio_selectors[(istio_selectors["kind"] == KIND).to_numpy(bool)]
    selecting = policies.merge(selectors[_NAME].drop_duplicates(), on=_NAME)
    wide = _oldest(policies[~policies["key"].isin(selecting["key"])], ["namespace"])
    narrow = selecting[(selecting["namespace"] != root).fillna(True).to_numpy(bool)]
    narrow = narrow.merge(picked_by_label(narrow, selectors, pod_labels), on=_NAME)
    narrow = _oldest(narrow, ["namespace", "pod"])

    columns = ["policy", "said", "doubt"]
    levels = {
        "workload": lookup(pods, {"namespace": "namespace", "name": "pod"}, narrow, columns),
        "namespace": lookup(pods, {"namespace": "namespace"}, wide, columns),
        "mesh": lookup(pods.assign(root=pd.Series(root, pods.index, STRING)), {"root": "namespace"}, wide, columns),
    }
    found = pd.DataFrame({"mode": pd.Series(pd.NA, pods.index, STRING), "level": pd.Series(pd.NA, pods.index, STRING),
                          "decided_by": pd.Series(pd.NA, pods.index, STRING)})
    why = pd.Series(pd.NA, pods.index, STRING)
    spaces = {"workload": pods["namespace"], "namespace": pods["namespace"],
              "mesh": pd.Series(root, pods.index, STRING)}
    for level, rows in levels.items():
        name = spaces[level] + "/" + rows["policy"]
        why = why.mask(why.isna() & found["mode"].isna() & rows["doubt"].notna(),
                       f"{KIND} " + name + ": " + rows["doubt"])
        here = found["mode"].isna() & why.isna() & rows["said"].notna()
        found = found.assign(mode=found["mode"].mask(here, rows["said"]), level=found["level"].mask(here, level),
                             decided_by=found["decided_by"].mask(here, name))
    default = found["mode"].isna() & why.isna()
    found["mode"] = found["mode"].mask(default, "permissive")
    found["level"] = found["level"].mask(default, "default")
    lost = default & pd.Series(root is None, pods.index, BOOLEAN)
    return found.assign(
        mode=found["mode"].mask(lost | why.notna(), pd.NA),
        why=why.mask(lost, "the root namespace of the mesh is not known"),
        assumes_root=(found["level"] == "mesh").astype(BOOLEAN) | (
            (found["level"] == "default") & bool((wide["said"].notna() | wide["doubt"].notna()).any())),
        workload_policy=levels["workload"]["policy"])


def _policies(given: pd.DataFrame, revisions: pd.DataFrame, unread: pd.DataFrame) -> pd.DataFrame:
    """PeerAuthentications: namespace, policy, created, key, said (a mode; ``<NA>``: as wider ones say), and doubt."""
    found = given.rename(columns={"name": "policy"})
    mode = found["mode"]
    said = mode.map(MODES).astype(STRING)
    doubt = ("its mode " + mode + " is not understood").mask((said.notna() | mode.isin(UNSET)).to_numpy(bool), pd.NA)
    fields = unread[(unread["kind"] == KIND).to_numpy(bool)]
    field = lookup(found, {"namespace": "namespace", "policy": "name"}, fields, ["field"])["field"]
    doubt = doubt.mask(field.notna(), "the field " + field + " is not understood")
    labelled = revisions[((revisions["kind"] == KIND) & (revisions["key"] == REVISION)).to_numpy(bool)]
    revision = lookup(found, {name: name for name in _NAME}, labelled, ["value"])["value"]
    return found.assign(said=said, doubt=doubt.mask(revision.notna(), "it is for the revision " + revision + " alone"),
                        key=found["namespace"] + "/" + found["policy"])


def _oldest(policies: pd.DataFrame, of: list[str]) -> pd.DataFrame:
    """The oldest policy of each group; of equal age the first by name. Where an age is not known, that is a doubt."""
    ordered = policies.sort_values(["created", "policy", "namespace"])
    several = ordered.duplicated(of, keep=False)
    ageless = ordered["created"].isna().groupby([ordered[name] for name in of]).transform("any") if len(
        ordered) else several
    unclear = (several & ageless).to_numpy(bool)
    doubt = ordered["doubt"].mask(unclear, "which of several such policies is the oldest is not known")
    return ordered.assign(doubt=doubt).drop_duplicates(of)


def filtered(pods: pd.DataFrame, istio_envoy_filters: pd.DataFrame, root: str | None) -> pd.Series:
    """An EnvoyFilter that may change the proxy of each pod: of its namespace or of the root's; ``<NA>``: none."""
    installed = istio_envoy_filters["name"].str.contains(OWN_FILTERS) & (istio_envoy_filters["namespace"] == root)
    mine = istio_envoy_filters[~installed.fillna(False).to_numpy(bool)]
    mine = mine.sort_values(["namespace", "name"]).drop_duplicates("namespace")
    own = lookup(pods, {"namespace": "namespace"}, mine, ["name"])["name"]
    of_root = mine.loc[((mine["namespace"] == root).fillna(False)).to_numpy(bool), "name"]
    everywhere = f"{root}/{of_root.iloc[0]}" if len(of_root) else None
    return (pods["namespace"] + "/" + own).fillna(pd.Series(everywhere, pods.index, STRING))
