"""Rules that ClusterRoles have by aggregation, and where each of them came from.

A controller writes the rules of an aggregated ClusterRole into the object, and the authorizer reads them there; so
stored rules are taken as they stand, and their origin is only looked up. A manifest that no API server has stored
(it has no UID) holds the aggregation rule alone: then the rules are gathered as the controller would
(source: kubernetes ``pkg/controller/clusterroleaggregation``).
"""

import pandas as pd
import pyarrow as pa

RULE = ["verb", "group", "resource", "resource_name"]
URL = ["verb", "url"]
STRING = pd.ArrowDtype(pa.string())


def granted_rules(roles: pd.DataFrame, role_rules: pd.DataFrame, role_labels: pd.DataFrame,
                  role_aggregation: pd.DataFrame) -> pd.DataFrame:
    """`role_rules` with gathered rules added, and ``aggregated_from``: the ClusterRoles a rule came from."""
    return _granted(role_rules, RULE, roles, role_labels, role_aggregation)


def granted_urls(roles: pd.DataFrame, role_urls: pd.DataFrame, role_labels: pd.DataFrame,
                 role_aggregation: pd.DataFrame) -> pd.DataFrame:
    """`role_urls` with gathered rules added, and ``aggregated_from``."""
    return _granted(role_urls, URL, roles, role_labels, role_aggregation)


def selected(roles: pd.DataFrame, role_labels: pd.DataFrame, role_aggregation: pd.DataFrame) -> pd.DataFrame:
    """Which ClusterRoles the selectors of aggregated ones select, directly: columns ``role``, ``source``.

    A role meets a selector if it meets all its requirements, and is selected if it meets any selector.
    """
    names = _cluster(roles)[["name"]].rename(columns={"name": "source"}).drop_duplicates()
    labels = _cluster(role_labels)[["role", "key", "value"]].rename(columns={"role": "source"})
    asked = _cluster(role_aggregation)
    requirement = ["role", "selector", "expression", "key", "operator"]
    asked = asked.assign(requirement=asked.groupby(requirement, dropna=False, sort=False).ngroup())
    stated = asked[asked["key"].notna()]
    by_value = stated[stated["operator"].isin(["In", "NotIn"])].merge(labels, on=["key", "value"])
    by_key = stated[stated["operator"].isin(["Exists", "DoesNotExist"])].merge(
        labels[["source", "key"]], on="key")
    hits = pd.concat([by_value, by_key])[["role", "selector", "requirement", "operator", "source"]].drop_duplicates()

    where = ["role", "selector"]
    negative = ["NotIn", "DoesNotExist"]
    needed = (stated[~stated["operator"].isin(negative)].groupby(where)["requirement"].nunique()
              .rename("needed").reset_index())
    met = (hits[~hits["operator"].isin(negative)].groupby([*where, "source"])["requirement"].nunique()
           .rename("met").reset_index().merge(needed, on=where))
    without = asked[where].drop_duplicates().merge(needed, on=where, how="left")
    anything = without[without["needed"].isna()][where].merge(names, how="cross")
    candidates = pd.concat([met[met["met"] == met["needed"]][[*where, "source"]], anything])
    against = hits[hits["operator"].isin(negative)][[*where, "source"]].drop_duplicates()
    kept = candidates.merge(against, on=[*where, "source"], how="left", indicator="_side")
    kept = kept[(kept["_side"] == "left_only") & (kept["role"] != kept["source"])]
    return kept[["role", "source"]].drop_duplicates(ignore_index=True)


def reached(pairs: pd.DataFrame, aggregated: pd.Series) -> pd.DataFrame:
    """The same pairs with those added that come through aggregated roles in between."""
    while True:
        through = pairs[pairs["source"].isin(aggregated)].merge(
            pairs, left_on="source", right_on="role", suffixes=("", "_2"))
        through = through[["role", "source_2"]].rename(columns={"source_2": "source"})
        grown = pd.concat([pairs, through[through["role"] != through["source"]]]).drop_duplicates(ignore_index=True)
        if len(grown) == len(pairs):
            return pairs
        pairs = grown


def _granted(atoms: pd.DataFrame, what: list[str], roles: pd.DataFrame, role_labels: pd.DataFrame,
             role_aggregation: pd.DataFrame) -> pd.DataFrame:
    aggregated = _cluster(roles)
    aggregated = aggregated[aggregated["aggregated"].fillna(False)]
    if aggregated.empty:
        return atoms.assign(aggregated_from=pd.Series(pd.NA, atoms.index, STRING))
    empty = aggregated.loc[aggregated["uid"].isna() & (aggregated["rules_count"] == 0), "name"]
    reach = reached(selected(roles, role_labels, role_aggregation), aggregated["name"])
    sources = _cluster(atoms)[["role", "rule", *what]].rename(columns={"role": "source"})

    origin = (reach[~reach["source"].isin(aggregated["name"])].merge(sources, on="source")
              .drop_duplicates(["role", "source", *what]).sort_values("source")
              .groupby(["role", *what], dropna=False)["source"].agg(", ".join)
              .astype(STRING).rename("aggregated_from").reset_index().assign(kind="ClusterRole"))
    gathered = reach[reach["role"].isin(empty) & ~reach["source"].isin(empty)].merge(sources, on="source")
    gathered = gathered.sort_values(["role", "source", "rule"]).drop_duplicates(["role", *what])
    order = gathered.groupby(["role", "source", "rule"], sort=True).ngroup()
    gathered["rule"] = order - order.groupby(gathered["role"]).transform("min")
    gathered["kind"] = "ClusterRole"
    rows = pd.concat([atoms, gathered.reindex(columns=atoms.columns).astype(atoms.dtypes)], ignore_index=True)
    return rows.merge(origin.astype({"kind": STRING}), on=["kind", "role", *what], how="left")


def _cluster(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["kind"] == "ClusterRole"]
