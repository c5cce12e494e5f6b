"""Use of rights that the API server asks about beside a request, as far as the audit log shows it after all.

Whoever impersonates somebody is named beside the one who was impersonated, and whoever approves a certificate request
changes its approval. Of other such rights (bind, escalate, sign, what kubelets ask) nothing stands in the log.
"""

import pandas as pd
import pyarrow as pa

from auditkit.analysis.rbac.bindings import ACCOUNT_GROUP, ACCOUNT_USER, AUTHENTICATED, MASTERS, grants
from auditkit.analysis.rbac.requests import CERTIFICATES

_NODE = "system:node:"
_WHO = ["user", "of_group"]


def uses_beside(rights: pd.DataFrame, requests: pd.DataFrame, binding_subjects: pd.DataFrame) -> pd.DataFrame:
    """Rights of subjects that the log shows in use though no request names them.

    ``rights`` has ``row`` (the place of the subject in `binding_subjects`), ``verb, group, resource, resource_name``
    and ``order``. Returns a row for each right and act:
    ``order, row, act, requests, last``. Of a named signer it is not known whether it was the one. Members of
    ``system:masters`` pass before any right is asked about.
    """
    acts = pd.concat([_by_group(part, "user_groups") for part in (impersonations(requests), _approvals(requests))],
                     ignore_index=True)
    acts = acts[~acts["act"].isin(acts.loc[acts["of_group"].eq(MASTERS).fillna(False), "act"])]
    if not len(acts) or not len(rights):
        return pd.DataFrame({"order": [], "row": [], "act": [], "requests": [], "last": []})
    who = grants(binding_subjects)[[*_WHO, "scope"]].rename_axis("row").reset_index()
    of_users = acts.drop(columns="of_group").drop_duplicates(["act", "what", "name"])
    own = who[who["user"].notna()].merge(of_users, on="user")
    by_group = who[who["of_group"].notna()].drop(columns="user").merge(acts[acts["of_group"].notna()], on="of_group")
    done = pd.concat([own, by_group], ignore_index=True)
    done = done[(done["scope"] == "") | (done["scope"] == done["space"])]
    pairs = rights.merge(done.drop(columns=_WHO), on="row")
    covers = (_same(pairs["verb"], pairs["does"]) & _same(pairs["group"], pairs["api_group"])
              & _same(pairs["resource"], pairs["what"])
              & (pairs["resource_name"].isna() | (pairs["resource_name"] == pairs["name"])))
    return pairs.loc[covers.fillna(False), ["order", "row", "act", "requests", "last"]]


def _same(right: pd.Series, asked: pd.Series) -> pd.Series:
    return (right == "*") | (right == asked)


def _counted(requests: pd.DataFrame, what: list[str]) -> pd.DataFrame:
    """How many requests there are by these columns: each row is one, where it does not say how many it stands for."""
    if "requests" not in requests:
        requests = requests.assign(requests=1, last=requests["time"])
    counted = requests.groupby(what, dropna=False).agg(requests=("requests", "sum"), last=("last", "max"))
    return counted.reset_index().assign(act=range(len(counted)))


def _by_group(acts: pd.DataFrame, groups: str) -> pd.DataFrame:
    """Acts with a row for each group of whoever acted."""
    lists = acts[groups].astype(object).map(lambda text: text.split(",") if isinstance(text, str) else [None])
    return acts.assign(of_group=lists).explode("of_group").drop(columns=groups)


def impersonations(requests: pd.DataFrame) -> pd.DataFrame:
    """Who impersonated whom: a row for each verb and resource by which that may have been allowed.

    Columns: ``act`` (its number), ``user, user_groups, requests, last, does`` (the verb), ``api_group, what`` (the
    resource), ``name, space``. The groups that every service account has are not asked about (source: kubernetes
    ``apiserver/pkg/endpoints/filters/impersonation``).
    """
    rows = requests[requests["impersonated_user"].notna()]
    acts = _counted(rows, ["user", "user_groups", "impersonated_user", "actor_groups"])
    whom = acts["impersonated_user"]
    account = whom.str.startswith(ACCOUNT_USER).fillna(False)
    node = whom.str.startswith(_NODE).fillna(False)
    own = whom.str.removeprefix(ACCOUNT_USER)
    space = own.str.replace(":.*", "", n=1, regex=True).where(account, pd.NA)
    taken = _by_group(acts, "actor_groups").rename(columns={"of_group": "name"})
    given = account[taken.index] & taken["name"].str.startswith(ACCOUNT_GROUP).fillna(False)
    taken = taken[taken["name"].notna() & (taken["name"] != AUTHENTICATED) & ~given]
    authn = "authentication.k8s.io"
    parts = [_ways(acts[~account], whom, "", "impersonate", "users"),
             _ways(acts[~account & ~node], whom, authn, "impersonate:user-info", "users"),
             _ways(taken, taken["name"], "", "impersonate", "groups"),
             _ways(taken, taken["name"], authn, "impersonate:user-info", "groups")]
    name = own.str.replace("^[^:]*:", "", n=1, regex=True)
    parts += [_ways(acts[account], name, group, verb, "serviceaccounts", space) for group, verb in (
        ("", "impersonate"), (authn, "impersonate:serviceaccount"))]
    parts += [_ways(acts[node], whom.str.removeprefix(_NODE), authn, f"impersonate:{mode}-node", "nodes")
              for mode in ("arbitrary", "associated")]
    return pd.concat(parts, ignore_index=True)


def _approvals(requests: pd.DataFrame) -> pd.DataFrame:
    rows = requests[(requests["resource"].eq("certificatesigningrequests") & requests["subresource"].eq("approval")
                     & requests["verb"].isin(["update", "patch"]) & requests["succeeded"]).fillna(False)]
    acts = _counted(rows, ["actor", "actor_groups"]).rename(columns={"actor": "user", "actor_groups": "user_groups"})
    acts["act"] = -1 - acts["act"]
    return _ways(acts, None, CERTIFICATES, "approve", "signers")


def _ways(acts: pd.DataFrame, name: pd.Series | None, group: str, verb: str, what: str,
          space: pd.Series | None = None) -> pd.DataFrame:
    text = pd.ArrowDtype(pa.string())
    return acts[["act", "user", "user_groups", "requests", "last"]].assign(
        does=verb, api_group=group, what=what, name=pd.NA if name is None else name,
        space=pd.NA if space is None else space,
    ).astype(dict.fromkeys(["user", "user_groups", "does", "api_group", "what", "name", "space"], text))
