"""What other engines may decide: where there are objects that nobody here reads, or understands, it is not known.

A kind that is installed and has no object decides nothing.
One whose objects could not be counted may decide anywhere.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.network.policies import Policies

COLUMNS = {"engine": STRING, "traffic": BOOLEAN, "entrances": BOOLEAN, "beyond": BOOLEAN, "kind": STRING,
           "namespace": STRING, "name": STRING, "words": STRING}
BESIDE = COLUMNS | {"denies_only": BOOLEAN}


def other_engines(engine_kinds: pd.DataFrame, engine_objects: pd.DataFrame) -> pd.DataFrame:
    """Objects of other policy engines that auditkit does not evaluate: one row for each object, and for each kind
    that could not be counted.

    engine, traffic (it decides over traffic), entrances (it opens the cluster to the outside), kind, namespace
    (``<NA>``: it is for the whole cluster), beyond (it may decide over other namespaces too), name (``<NA>``: not known
    which there are), words.
    """
    unseen = engine_kinds[~engine_kinds["listed"].fillna(False)]
    nothing = pd.Series(pd.NA, unseen.index, STRING)
    unseen = unseen.assign(namespace=nothing, name=nothing,
                           words="any " + unseen["kind"] + " of " + unseen["engine"] + " (they could not be counted)")
    place = (engine_objects["namespace"] + "/").fillna("")
    seen = engine_objects.assign(
        words=engine_objects["kind"] + " " + place + engine_objects["name"] + " of " + engine_objects["engine"])
    return pd.concat([seen[list(COLUMNS)], unseen[list(COLUMNS)]], ignore_index=True).astype(COLUMNS)


def undecided_traffic(other_engines: pd.DataFrame, network_rules: Policies,
                      mesh_policies: pd.DataFrame) -> pd.DataFrame:
    """What decides over traffic beside network policies that are evaluated: objects of other engines, policies of an
    engine that auditkit reads where it is not seen to act, or where they are not understood, and policies of meshes,
    which decide at proxies (`mesh_ports`, `flows`).

    The columns of `other_engines`, with a namespace only where they decide in no other, and denies_only (it can close
    what network policies leave open to incoming traffic, and nothing else).
    """
    of_mesh = mesh_policies.rename(columns={"mesh": "engine"})
    words = of_mesh["kind"] + " " + of_mesh["namespace"] + "/" + of_mesh["name"] + " of " + of_mesh["engine"]
    of_mesh = of_mesh.assign(denies_only=True, traffic=True, entrances=False, beyond=of_mesh["everywhere"], words=words,
                             namespace=of_mesh["namespace"].mask(of_mesh["everywhere"], pd.NA))
    others = without_meshes(other_engines, network_rules).assign(denies_only=False)
    return pd.concat([others.astype(BESIDE), of_mesh[list(BESIDE)].astype(BESIDE)], ignore_index=True)


def without_meshes(other_engines: pd.DataFrame, network_rules: Policies) -> pd.DataFrame:
    """The same without policies of meshes."""
    problems = network_rules.problems
    space = problems["namespace"].replace("", pd.NA)
    words = problems["kind"] + " " + (space + "/").fillna("") + problems["policy"] + " of " + problems["engine"]
    own = problems.assign(traffic=True, entrances=False, beyond=False, namespace=space, name=problems["policy"],
                          words=words + " (" + problems["why"] + ")")[list(COLUMNS)].astype(COLUMNS)
    others = other_engines[other_engines["traffic"].fillna(True)]
    others = others.assign(namespace=others["namespace"].mask(others["beyond"].fillna(True), pd.NA))
    return pd.concat([others, own], ignore_index=True)


def doubts(namespaces: pd.Series, engines: pd.DataFrame) -> pd.Series:
    """For each namespace what may decide there besides, in words: for the cluster or of its own; ``<NA>``: nothing."""
    everywhere = engines.loc[engines["namespace"].isna(), "words"].min() if len(engines) else pd.NA
    own = namespaces.map(engines.groupby("namespace")["words"].min()).astype(STRING)
    return own.fillna(everywhere) if not pd.isna(everywhere) else own
