"""A live API server, through the official client's configuration and authentication, as raw bodies."""

import datetime as dt
import http.client
import json
import logging
import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client, config
from urllib3.util import Retry, Timeout

from auditkit.collectors.sources.model import Answer, NoAnswer
from auditkit.collectors.sources.observed import Observed
from auditkit.errors import SourceError

RETRIES = Retry(
    total=5, connect=2, read=1, other=1, status=5, redirect=3, backoff_factor=0.2, backoff_jitter=0.2, backoff_max=8,
    status_forcelist=(429, 500, 502, 503, 504), allowed_methods=None, raise_on_status=False,
    respect_retry_after_header=True,
)
"""What passes is asked again, with growing pauses or as long as the server says. 401, 403 and 404 are answers."""

logging.getLogger("urllib3").setLevel(logging.ERROR)


class LiveSource:
    """The API server of a kubeconfig context (the current one by default), or of the cluster this runs in."""

    proves_absence = True
    assembles = False
    stated: frozenset[str] = frozenset()
    stated_by = ""

    def __init__(self, context: str | None = None, kubeconfig: str | None = None, *, workers: int = 4,
                 timeout: float = 30.0):
        self._api, self.name = _client(context, kubeconfig, workers)
        self._host = self._api.configuration.host.rstrip("/")
        self.described = f"API server {self._host}"
        self._timeout = Timeout(connect=min(10.0, timeout), read=timeout)

    def get(self, path: str, accept: str = "application/json") -> Answer:
        return self._ask("GET", path, {"Accept": accept})

    def review(self, path: str, body: dict[str, Any]) -> Answer:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return self._ask("POST", path, headers, json.dumps(body).encode())

    def observed(self, started: dt.datetime, ended: dt.datetime) -> Observed:
        return Observed(started, ended, "asked")

    def _ask(self, method: str, path: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
        headers = {**self._api.default_headers, **headers}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        try:
            answer = self._api.rest_client.pool_manager.request(
                method, self._host + path, headers=headers, body=body, retries=RETRIES, timeout=self._timeout)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise NoAnswer(_why(error)) from None
        return Answer(answer.status, answer.data)


KUBECONFIG = "~/.kube/config"
"""Where a kubeconfig is looked for in the end (documentation of kubectl: organizing cluster access)."""


def _client(context: str | None, kubeconfig: str | None, workers: int) -> tuple[client.ApiClient, str]:
    """The client of a context with its name; without any kubeconfig, that of the cluster this runs in."""
    configuration = client.Configuration()
    configuration.connection_pool_maxsize = workers
    places = kubeconfig or os.environ.get("KUBECONFIG", KUBECONFIG)  # as it is now: the client reads it at its import
    if not any(Path(place).expanduser().is_file() for place in places.split(os.pathsep)):
        if context or kubeconfig:
            raise SourceError(f"There is no kubeconfig at {places}. Give another with --kubeconfig, or set KUBECONFIG.")
        return _in_cluster(configuration), "in-cluster"
    try:
        contexts, active = config.list_kube_config_contexts(config_file=places)
    except Exception as error:  # the loader lets the errors of the YAML library and of its own reading through
        raise SourceError(f"The kubeconfig {places} cannot be used: {_sentence(error)} "
                          "Give another with --kubeconfig, or set KUBECONFIG.") from None
    known = [entry["name"] for entry in contexts]
    name = context or active["name"]
    if name not in known:
        raise SourceError(f"There is no context {name!r} in the kubeconfig; it has {', '.join(known) or 'none'}. "
                          "`kubectl config get-contexts` lists them.")
    try:
        config.load_kube_config(config_file=places, context=name, client_configuration=configuration)
        return client.ApiClient(configuration), name
    except Exception as error:  # a certificate that cannot be read, a login plug-in that is not installed
        raise SourceError(f"The context {name!r} cannot be used: {_sentence(error)}") from None


def _in_cluster(configuration: client.Configuration) -> client.ApiClient:
    try:
        config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException:
        raise SourceError("There is no kubeconfig, and auditkit does not run in a pod. Give --context or --kubeconfig, "
                          "or --recording PATH for files. `auditkit demo` needs no cluster.") from None
    return client.ApiClient(configuration)


def _why(error: Exception) -> str:
    """An error of the transport as a sentence for people, told from its classes and those of its causes."""
    causes = list(_causes(error))
    for certificate in (each for each in causes if isinstance(each, ssl.SSLCertVerificationError)):
        return ("the certificate has expired" if certificate.verify_code == _EXPIRED
                else "the server's certificate is not signed by the CA of the kubeconfig, or is for another name")
    for kinds, sentence in _SENTENCES:
        if any(isinstance(each, kinds) for each in causes):
            return sentence
    reason = getattr(error, "reason", None) or error
    return f"{type(reason).__name__}: {str(reason)[:200]}"


_EXPIRED = 10
"""OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED (openssl/include/openssl/x509_vfy.h)."""

_SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((ConnectionRefusedError,), "the connection was refused: check the address and whether the API server is running"),
    ((socket.gaierror, urllib3.exceptions.NameResolutionError), "the server's name cannot be resolved"),
    ((TimeoutError, urllib3.exceptions.TimeoutError), "the request timed out"),
    ((http.client.IncompleteRead,), "the connection was closed during the response"),
    ((ConnectionError, urllib3.exceptions.ProtocolError), "the connection was closed"),
)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that led to it: urllib3 keeps the first cause as a reason, an argument or a context."""
    seen: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting:
        each = waiting.pop(0)
        if isinstance(each, BaseException) and not any(each is other for other in seen):
            seen.append(each)
            yield each
            waiting += [getattr(each, "reason", None), each.__cause__, each.__context__, *each.args]


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:300]
    return text if text.endswith(".") else f"{text}."
