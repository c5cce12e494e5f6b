"""A live API server, as raw bodies: that of a kubeconfig's context, or of the cluster this runs in."""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from auditkit.collectors.sources.bounds import KUBELETS, Bounds, Budget
from auditkit.collectors.sources.kubeconfig import Chosen, Cluster, User, choose
from auditkit.collectors.sources.login import impersonation, login
from auditkit.collectors.sources.model import Answer
from auditkit.collectors.sources.observed import Observed
from auditkit.collectors.sources.transport import Transport
from auditkit.errors import SourceError

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds the token of its account, and the CA of its cluster."""

IN_CLUSTER = "in-cluster"


class LiveSource:
    """The API server of a kubeconfig context (the current one by default), or of the cluster this runs in.

    ``name`` names the cluster; else the context does. Raises `SourceError` where kubectl could not use the context.
    """

    proves_absence = True
    assembles = False
    stated: frozenset[str] = frozenset()
    stated_by = ""

    def __init__(self, context: str | None = None, kubeconfig: str | None = None, *, workers: int = 4,
                 timeout: float = 30.0, bounds: Bounds | None = None, name: str = ""):
        chosen = choose(context, kubeconfig) or _in_cluster()
        self.name = name or chosen.context
        bounds = bounds or Bounds()
        self.pages, self.kubelet_seconds = bounds.pages, bounds.kubelet_seconds
        _user_of_address(chosen)
        self._transport = Transport(chosen.cluster, login(chosen.user, chosen.cluster), impersonation(chosen.user),
                                    Budget(bounds), max(workers, KUBELETS), timeout)
        self.described = f"API server {self._transport.host}"

    def get(self, path: str, accept: str = "application/json", until: float | None = None) -> Answer:
        return self._transport.request("GET", path, {"Accept": accept}, until=until)

    def review(self, path: str, body: dict[str, Any], until: float | None = None) -> Answer:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return self._transport.request("POST", path, headers, json.dumps(body).encode(), until)

    def observed(self, started: dt.datetime, ended: dt.datetime) -> Observed:
        return Observed(started, ended, "asked")

    def transport(self, newest: dt.datetime | None = None) -> list[str]:
        return [*self._transport.told(), *self._transport.clock.told(newest)]


def _user_of_address(chosen: Chosen) -> None:
    """A name and a password in the server's address are credentials too, as for kubectl; never part of the address."""
    try:
        parts = urlsplit(chosen.cluster.server or "")
    except ValueError:
        return
    user = chosen.user
    if parts.username and not (user.token or user.token_file or user.username or user.exec):
        user.username, user.password = unquote(parts.username), unquote(parts.password or "")


def _in_cluster() -> Chosen:
    """How a pod asks its own cluster. Source: Kubernetes documentation, accessing the API from a pod."""
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT")
    token, trusted = _ACCOUNT / "token", _ACCOUNT / "ca.crt"
    if not (host and port and token.is_file()):
        raise SourceError("There is no kubeconfig, and auditkit does not run in a pod. Give --context or --kubeconfig, "
                          "or --recording PATH for files. `auditkit demo` needs no cluster.")
    host = f"[{host}]" if ":" in host else host
    return Chosen(IN_CLUSTER, Cluster(server=f"https://{host}:{port}", certificate_authority=str(trusted)),
                  User(token_file=str(token)))
