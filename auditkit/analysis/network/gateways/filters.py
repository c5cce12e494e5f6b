"""What the filters of a route do to requests: whether all of them are sent on to HTTPS."""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN, STRING, has

ROUTE = ["kind", "namespace", "route"]
REDIRECT = "RequestRedirect"
PLAIN = ("RequestHeaderModifier", "ResponseHeaderModifier", "URLRewrite", "RequestMirror", "CORS", REDIRECT)
"""Filters that send a request neither elsewhere nor away, but for the redirect. Any other may answer it itself, also
``ExtensionRef``, and ``ExternalAuth`` refuses some (kubernetes-sigs/gateway-api v1.6.1, HTTPRouteFilterType)."""
ASKS = "ExternalAuth"


def redirects(routes: pd.DataFrame, filters: pd.DataFrame) -> pd.Series:
    """Whether each route (columns kind, namespace, route, rules_count) does nothing but redirect to HTTPS; <NA>: a
    filter of another kind may, or may not.

    A redirect without a scheme keeps that of the request.
    """
    secure = (filters["type"] == REDIRECT) & (filters["scheme"] == "https") & (filters["of"] == "rule")
    of_rule = filters[[*ROUTE, "rule"]].assign(secure=secure.fillna(False), other=_other(filters))
    rules = of_rule.groupby([*ROUTE, "rule"])[["secure", "other"]].max().reset_index()
    counted = rules[ROUTE].assign(sure=rules["secure"] & ~rules["other"], perhaps=rules["other"])
    counted = counted.groupby(ROUTE)[["sure", "perhaps"]].sum().reset_index()
    found = routes.merge(counted, on=ROUTE, how="left").set_index(routes.index)
    sure, perhaps, count = found["sure"].fillna(0), found["perhaps"].fillna(0), found["rules_count"]
    whole = ((sure == count) & (count > 0)).astype(BOOLEAN)
    return whole.mask((perhaps > 0) & (sure + perhaps == count), pd.NA)


def may_answer(backends: pd.DataFrame, filters: pd.DataFrame) -> pd.Series:
    """Whether a filter of the rule of each backend may answer or refuse requests before they reach it.

    What a filter asks which requests may pass is not kept from them by that filter.
    """
    backends, others = (rows.assign(rule=rows["rule"].astype(STRING)) for rows in (backends, filters[_other(filters)]))
    on = {name: name for name in (*ROUTE, "rule")}
    asks = (others["type"] == ASKS).fillna(False)
    return has(backends, on, others[~asks]) | (has(backends, on, others[asks]) & (backends["use"] != "auth"))


def _other(filters: pd.DataFrame) -> pd.Series:
    return ~filters["type"].isin(PLAIN).fillna(False).astype(bool)
