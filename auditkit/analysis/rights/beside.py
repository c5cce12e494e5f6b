"""Rights that the API server asked about beside a request, as far as the log shows that it must have asked.

No event names them. Whoever needs the request needs them as well.
"""

import pandas as pd

from auditkit.analysis.cluster.audit_log_beside import impersonations
from auditkit.analysis.columns import BOOLEAN, STRING
from auditkit.analysis.rbac.bindings import MASTERS
from auditkit.analysis.rbac.requests import IMPERSONATE_ON
from auditkit.analysis.rights.uses import RBAC

_CREATED, _UPGRADED = 201, 101
_SESSIONS = ("exec", "attach", "portforward")
_TEXTS = ["user", "user_groups", "impersonated_user", "actor", "actor_groups", "verb", "api_group", "resource",
          "subresource", "namespace", "name", "path", "allowed_by", "level"]
PLAIN, CONSTRAINED = "plain", "constrained"


def with_rights_beside(uses: pd.DataFrame) -> pd.DataFrame:
    """`audit_uses` with rows for what was asked beside them (``beside``), and ``way``: how somebody was impersonated.

    - A patch or an update that makes the object that it names asks for ``create`` with that name (kubernetes
      ``apiserver/pkg/endpoints/handlers/{patch,update}.go``).
    - Who opens a session in a pod by a WebSocket, which is a ``get``, is asked for ``create`` since 1.35 (the feature
      gate AuthorizePodWebsocketUpgradeCreatePermission).
    - Who acts as somebody else is asked for ``impersonate``, or for a constrained form of it and what is done
      (KEP-5284). The log does not keep which: ``way`` is ``plain`` and ``constrained``, and one of them was allowed.
    """
    rows = uses.assign(way=pd.Series(pd.NA, uses.index, STRING), beside=pd.Series(False, uses.index, BOOLEAN))
    made = rows[(rows["verb"].isin(["patch", "update"]) & rows["code"].eq(_CREATED)).fillna(False)]
    opened = rows[(rows["verb"].eq("get") & rows["resource"].eq("pods") & rows["api_group"].eq("")
                   & rows["subresource"].isin(_SESSIONS) & rows["code"].eq(_UPGRADED)).fillna(False)]
    create = pd.concat([made, opened])
    create = create.assign(verb=pd.Series("create", create.index, STRING))
    more = pd.concat([create, _of_impersonators(rows)]).assign(beside=True)
    types = {**dict.fromkeys([*_TEXTS, "way"], STRING), "many_names": BOOLEAN, "beside": BOOLEAN}
    return pd.concat([rows, more], ignore_index=True).astype(types)


def _of_impersonators(rows: pd.DataFrame) -> pd.DataFrame:
    """The rights of those who acted as others. ``system:masters`` pass before any is asked about."""
    acts = impersonations(rows)
    plain = acts["does"].eq("impersonate")
    named = acts.drop(columns="act").rename(columns={"does": "verb", "what": "resource", "space": "namespace"}).assign(
        way=pd.Series(CONSTRAINED, acts.index, STRING).mask(plain, PLAIN))
    found = pd.concat([named, _done_as_others(rows, acts[~plain])], ignore_index=True)
    by_masters = found["user_groups"].str.contains(f"(?:^|,){MASTERS}(?:,|$)", regex=True).fillna(False)
    found = found[~by_masters]
    return found.assign(actor=found["user"], actor_groups=found["user_groups"], allowed_by=RBAC, many_names=False)


def _done_as_others(rows: pd.DataFrame, acts: pd.DataFrame) -> pd.DataFrame:
    """The other half of constrained impersonation: what was done, under the verb ``impersonate-on:MODE:VERB``."""
    of_users = acts[acts["what"] != "groups"]
    modes = of_users[["user", "user_groups", "does"]].drop_duplicates().assign(
        mode=of_users["does"].str.removeprefix("impersonate:"))
    done = rows[rows["impersonated_user"].notna()].merge(modes, on=["user", "user_groups"])
    verb = IMPERSONATE_ON + done["mode"] + ":" + done["verb"]
    return done.assign(verb=verb, way=CONSTRAINED, impersonated_user=pd.NA, code=pd.NA).drop(columns=["does", "mode"])
