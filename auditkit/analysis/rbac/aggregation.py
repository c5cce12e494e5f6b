"""Rules that ClusterRoles have by aggregation, and where each of them came from.

A controller writes the rules of an aggregated ClusterRole into the object, and the authorizer reads them there; so
stored rules are taken as they stand, and their origin is only looked up. A manifest that no API server has stored
(it has no UID) holds the aggregation rule alone: then the rules are gathered as the controller would
(source: kubernetes ``pkg/controller/clusterroleaggregation``).
"""

import pandas as pd

from auditkit.analysis.columns import STRING

RULE = ["verb", "group", "resource", "resource_name"]
URL = ["verb", "url"]


def granted_rules(roles: pd.DataFrame, role_rules: pd.DataFrame, role_labels: pd.DataFrame,
                  role_aggregation: pd.DataFrame) -> pd.DataFrame:
    """`role_rules`, including rules that aggregated ClusterRoles gather from others."""
    return _granted(role_rules, RULE, roles, role_labels, role_aggregation)


def granted_urls(roles: pd.DataFrame, role_urls: pd.DataFrame, role_labels: pd.DataFrame,
                 role_aggregation: pd.DataFrame) -> pd.DataFrame:
    """`role_urls` with gathered rules added."""
    return _granted(role_urls, URL, roles, role_labels, role_aggregation)


def with_origins(granted: pd.DataFrame, roles: pd.DataFrame, role_labels: pd.DataFrame,
                 role_aggregation: pd.DataFrame) -> pd.DataFrame:
    """Granted rules or urls with ``aggregated_from``: the ClusterRoles that a rule came from, <NA> where from none."""
    what = RULE if "resource" in granted else URL
    aggregated = _aggregated(roles)["name"]
    reach = reached(selected(roles, role_labels, role_aggregation), aggregated)
    plain = reach[~reach["source"].isin(aggregated)]
    origin = (plain.merge(_sources(granted, what), on="source")
              .drop_duplicates(["role", "source", *what]).sort_values("source")
              .groupby(["role", *what], dropna=False)["source"].agg(", ".join)
              .astype(STRING).rename("aggregated_from").reset_index())
    origin = origin.assign(kind=pd.Series("ClusterRole", origin.index, STRING))
    return granted.merge(origin, on=["kind", "role", *what], how="left")


def selected(roles: pd.DataFrame, role_labels: pd.DataFrame, role_aggregation: pd.DataFrame) -> pd.DataFrame:
    """Which ClusterRoles the selectors of aggregated ones select, directly: columns ``role``, ``source``.

    A role meets a selector if it meets all its requirements, and is selected if it meets any selector.
    """
    names = set(_cluster(roles)["name"].dropna())
    labels = {key: dict(zip(rows["role"], rows["value"], strict=True))
              for key, rows in _cluster(role_labels).groupby("key")}
    pairs = set()
    for (role, _), selector in _cluster(role_aggregation).groupby(["role", "selector"]):
        met = set(names)
        stated = selector[selector["key"].notna()]  # what has no key is the selector itself
        for (_, key, operator), values in stated.groupby(["expression", "key", "operator"], dropna=False)["value"]:
            having = labels.get(key, {})
            chosen = {name for name, value in having.items() if value in set(values)}
            met &= {"In": chosen, "NotIn": names - chosen, "Exists": set(having),
                    "DoesNotExist": names - set(having)}.get(operator, set())
        pairs |= {(role, source) for source in met - {role}}
    return pd.DataFrame(sorted(pairs), columns=["role", "source"], dtype=STRING)


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
    aggregated = _aggregated(roles)
    empty = aggregated.loc[aggregated["uid"].isna() & (aggregated["rules_count"] == 0), "name"]
    if empty.empty:
        return atoms
    reach = reached(selected(roles, role_labels, role_aggregation), aggregated["name"])
    gathered = reach[reach["role"].isin(empty) & ~reach["source"].isin(empty)].merge(_sources(atoms, what), on="source")
    gathered = gathered.sort_values(["role", "source", "rule"]).drop_duplicates(["role", *what])
    order = gathered.groupby(["role", "source", "rule"], sort=True).ngroup()
    gathered["rule"] = order - order.groupby(gathered["role"]).transform("min")
    gathered["kind"] = "ClusterRole"
    return pd.concat([atoms, gathered.reindex(columns=atoms.columns).astype(atoms.dtypes)], ignore_index=True)


def _sources(atoms: pd.DataFrame, what: list[str]) -> pd.DataFrame:
    """What ClusterRoles hold: source (its name), rule, and the columns of ``what``."""
    return _cluster(atoms)[["role", "rule", *what]].rename(columns={"role": "source"})


def _aggregated(roles: pd.DataFrame) -> pd.DataFrame:
    """The ClusterRoles that have an aggregation rule."""
    roles = _cluster(roles)
    return roles[roles["aggregated"].fillna(False)]


def _cluster(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["kind"] == "ClusterRole"]
