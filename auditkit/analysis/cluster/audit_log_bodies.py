"""Which audit events have secrets in their bodies: Secrets, and the tokens that the API server makes or is shown.

Bodies are written at the level Request (what was asked) and RequestResponse (what was answered too). The audit policy
of kubernetes ``cluster/gce/gci/configure-helper.sh`` therefore logs ``secrets, configmaps, serviceaccounts/token`` and
``tokenreviews`` at the level Metadata (that answers of subresources are logged: kubernetes pull request 102040).
"""

import pandas as pd

from auditkit.analysis.columns import BOOLEAN

_ALL, _BODY, _ANSWER = None, ("Request", "RequestResponse"), ("RequestResponse",)

_BODIES = (  # group, resource, subresource, verbs, levels at which the secret is in the event
    ("", "secrets", _ALL, ("create", "update", "patch"), _BODY),
    ("", "secrets", _ALL, ("get", "list", "watch", "deletecollection"), _ANSWER),
    ("", "serviceaccounts", "token", ("create",), _ANSWER),
    ("authentication.k8s.io", "tokenreviews", _ALL, ("create",), _BODY),
)
"""``deletecollection`` answers with all that it deleted, ``delete`` with a status."""


def bodies_with_secrets(log: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Which events have a secret in a body, and of which that is not known, since they do not say their level.

    There is no body at the stage RequestReceived, nor of requests that nobody was let to make; and an answer that is
    an error has no secret.
    """
    found, unknown = (pd.Series(False, log.index, BOOLEAN) for _ in range(2))
    late = log["stage"].ne("RequestReceived").fillna(True) & ~log["code"].isin([401, 403]).fillna(False)
    failed = log["code"].ge(400).fillna(False)
    for group, resource, subresource, verbs, levels in _BODIES:
        of_it = log["api_group"].eq(group) & log["resource"].eq(resource) & log["verb"].isin(verbs)
        of_it = of_it.fillna(False) & late
        of_it &= log["subresource"].isna() if subresource is None else log["subresource"].eq(subresource).fillna(False)
        of_it &= ~failed if levels is _ANSWER else True
        found |= of_it & log["level"].isin(levels).fillna(False)
        unknown |= of_it & log["level"].isna()
    return found, unknown
