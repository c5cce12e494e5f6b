"""Host names that meet: those that both a listener and a route take."""

import pandas as pd

from auditkit.analysis.columns import STRING, strings

ANY = "(any host)"


def meeting(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows whose ``hostname`` (of a listener) and ``host`` (of a route) meet, with the narrower as ``host``.

    What is not given takes every name. A wildcard stands for one label or more: ``*.example.com`` takes
    ``a.b.example.com`` and ``*.b.example.com``, and not ``example.com`` (kubernetes-sigs/gateway-api v1.6.1,
    HTTPRouteSpec.Hostnames). Upper and lower case are one.
    """
    pairs = pd.DataFrame({name: strings(rows[name].str.lower().replace("", pd.NA)).to_pandas()
                          for name in ("hostname", "host")}, dtype=object).set_index(rows.index)
    codes, distinct = pd.factorize(pd.MultiIndex.from_frame(pairs.fillna("")))
    narrower = pd.Series([_narrower(*pair) for pair in distinct], dtype=STRING)  # once for each pair that is there
    host = pd.Series(narrower.take(codes).to_numpy(object), rows.index, STRING)
    return rows.assign(host=host)[host.notna()]


def _narrower(listener: str, route: str) -> str | None:
    if not listener or not route or listener == route:
        return route or listener or ANY
    if listener.startswith("*.") and route.endswith(listener[1:]):
        return route
    if route.startswith("*.") and listener.endswith(route[1:]):
        return listener
    return None
