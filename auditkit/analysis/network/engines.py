"""What other engines may decide: nobody here reads their objects, so where there are any it is not known.

A kind that is installed and has no object decides nothing.
One whose objects could not be counted may decide anywhere.
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING

COLUMNS = {"engine": STRING, "traffic": BOOLEAN, "entrances": BOOLEAN, "beyond": BOOLEAN, "kind": STRING,
           "namespace": STRING, "name": STRING, "words": STRING}


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


def over_traffic(other_engines: pd.DataFrame) -> pd.DataFrame:
    """Those that decide over traffic: the columns of `other_engines`, with a namespace only where they decide in no
    other."""
    found = other_engines[other_engines["traffic"].fillna(True)].reset_index(drop=True)
    return found.assign(namespace=found["namespace"].mask(found["beyond"].fillna(True), pd.NA))


def doubts(namespaces: pd.Series, engines: pd.DataFrame) -> pd.Series:
    """For each namespace what may decide there besides, in words: for the cluster or of its own; ``<NA>``: nothing."""
    everywhere = engines.loc[engines["namespace"].isna(), "words"].min() if len(engines) else pd.NA
    own = namespaces.map(engines.groupby("namespace")["words"].min()).astype(STRING)
    return own.fillna(everywhere) if not pd.isna(everywhere) else own
