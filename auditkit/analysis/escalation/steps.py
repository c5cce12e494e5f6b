"""The shape of a step from one place to another, and what the modules that find steps share.

Places are subjects (``User``, ``Group``, ``ServiceAccount``), ``Pod``, ``Node``, a ``Role`` that somebody may bind, and
``ClusterAdmin``, which is everything. Others stand for many, so that the number of steps stays linear: ``Accounts``
and ``Pods`` (of a namespace, or without one all), ``Namespace`` (every right in it), ``PodsOfNode``, ``Nodes``,
``Users``, ``Groups`` and ``Roles``. A place has a namespace and a name; both are empty where it has none.
"""

import pandas as pd
import pyarrow as pa

from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.rbac.bindings import ACCOUNT_USER

FROM, TO = ["from_kind", "from_namespace", "from_name"], ["to_kind", "to_namespace", "to_name"]
DTYPES = dict.fromkeys([*FROM, *TO, "step", "source"], STRING) | {"certain": BOOLEAN, "counts": BOOLEAN}
IS_ONE = "is one of them"

Text = pd.Series | str


def steps(rows: pd.DataFrame, to_kind: Text, to_namespace: Text = "", to_name: Text = "", *, step: Text = "",
          source: Text | None = None, certain: bool = True, counts: bool = True) -> pd.DataFrame:
    """A step from each row's place (``FROM``) to another, with the columns of `DTYPES`.

    ``source`` defaults to the rows' own. ``certain``: nothing else is needed; what is not, depends on something that
    the tables do not show. ``counts``: it is an act; what does not count says that a place is one of many.
    """
    columns = {name: rows[name] for name in FROM} | {
        "to_kind": to_kind, "to_namespace": to_namespace, "to_name": to_name, "step": step,
        "source": rows["source"] if source is None else source, "certain": certain, "counts": counts}
    return pd.DataFrame({name: _filled(value, DTYPES[name], len(rows)) for name, value in columns.items()})


def place(kind: Text, namespace: Text = "", name: Text = "", *, index: pd.Index | None = None) -> pd.DataFrame:
    """Places to step from, one a row of the columns given."""
    for column in (kind, namespace, name):
        index = column.index if isinstance(column, pd.Series) and index is None else index
    index = pd.RangeIndex(1) if index is None else index
    return pd.DataFrame({name: _filled(value, STRING, len(index)) for name, value in zip(
        FROM, (kind, namespace, name), strict=True)}, index=index).fillna("")


def place_of(user: pd.Series) -> pd.DataFrame:
    """The places of users by the names that requests carry: service accounts have such a name too."""
    account = user.str.startswith(ACCOUNT_USER).fillna(False)
    named = user.str.removeprefix(ACCOUNT_USER)
    return place(choose(account, "ServiceAccount", "User"),
                 choose(account, named.str.replace(":.*", "", n=1, regex=True), ""),
                 choose(account, named.str.replace("^[^:]*:", "", n=1, regex=True), user))


def _filled(value: Text | bool, dtype: pd.ArrowDtype, length: int) -> pd.api.extensions.ExtensionArray:
    """A column of these values, or of the same one throughout."""
    if isinstance(value, pd.Series):
        return value.astype(dtype).array
    return pd.arrays.ArrowExtensionArray(pa.repeat(pa.scalar(value, dtype.pyarrow_dtype), length))


def choose(condition: pd.Series, yes: Text, no: Text) -> pd.Series:
    """``yes`` where the condition holds, ``no`` elsewhere and where it is not known."""
    holds = condition.fillna(False)
    base = yes if isinstance(yes, pd.Series) else pd.Series(yes, condition.index, STRING)
    return base.astype(STRING).where(holds, no)
