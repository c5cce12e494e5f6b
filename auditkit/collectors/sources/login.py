"""Who asks: the credentials of a kubeconfig's user, as kubectl sends them, and whom they act as.

Sources: kubernetes/client-go, transport, plugin/pkg/client/auth/exec and tools/clientcmd; Kubernetes documentation,
client authentication and user impersonation. A token file goes before the token that stands next to it, and is read
again while it is used; a login program is run once, and again only when what it gave has expired or was refused.
Without TLS kubectl sends no credentials at all.
"""

import base64
import threading
import time
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from auditkit.collectors.sources.credentials import Pair, client_pair, tidy
from auditkit.collectors.sources.kubeconfig import Cluster, User
from auditkit.collectors.sources.login_program import VERSIONS, Program
from auditkit.collectors.sources.model import LoginFailed
from auditkit.errors import SourceError

READ_AGAIN = 60.0
"""Seconds after which a token file is read again, as kubectl does it."""


class Login(Protocol):
    """How requests show who asks."""

    def headers(self) -> dict[str, str]:
        """The header that shows it. Raises `LoginFailed`."""
        ...

    def pair(self) -> Pair | None:
        """The certificate that shows it. Raises `LoginFailed`."""
        ...

    def refused(self) -> bool:
        """The server did not accept it (401). True if there is something else to try."""
        ...


class Nobody:
    """No credentials."""

    def headers(self) -> dict[str, str]:
        return {}

    def pair(self) -> Pair | None:
        return None

    def refused(self) -> bool:
        return False


class Fixed(Nobody):
    """A token, or a name with a password, that stands in the kubeconfig."""

    def __init__(self, header: str):
        self._header = header

    def headers(self) -> dict[str, str]:
        return {"Authorization": self._header}


class TokenFile(Nobody):
    """A token that another program keeps fresh in a file. While that cannot be read, the last one holds."""

    def __init__(self, path: str, token: str = ""):
        self._path, self._token, self._read = Path(path), token, 0.0
        self._lock = threading.Lock()

    def headers(self) -> dict[str, str]:
        with self._lock:
            if not self._read or time.monotonic() - self._read > READ_AGAIN:
                self._again()
            return {"Authorization": f"Bearer {self._token}"}

    def refused(self) -> bool:
        with self._lock:
            before = self._token
            self._again()
            return self._token != before

    def _again(self) -> None:
        try:
            token = self._path.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            if not self._token:
                why = (error.strerror if isinstance(error, OSError) else
                       "it is not text" if isinstance(error, UnicodeDecodeError) else "it is not a path")
                raise LoginFailed(f"the token file {self._path} cannot be read: {why}") from None
            token = self._token
        if not (token or self._token):
            raise LoginFailed(f"the token file {self._path} is empty")
        self._token, self._read = token or self._token, time.monotonic()


class Together:
    """A certificate of the kubeconfig beside another login."""

    def __init__(self, certificate: Pair, login: Login):
        self._certificate, self._login = certificate, login

    def headers(self) -> dict[str, str]:
        return self._login.headers()

    def pair(self) -> Pair | None:
        return self._certificate

    def refused(self) -> bool:
        return self._login.refused()


def login(user: User, cluster: Cluster) -> Login:
    """How a user logs in. Raises `SourceError` for what contradicts itself, or cannot be read."""
    if not (cluster.server or "").startswith("https://"):
        return Nobody()
    pair = client_pair(user)
    found = _by_header(user, cluster)
    if pair:
        return Together(pair, found)
    if isinstance(found, Nobody) and type(found) is Nobody:
        raise SourceError("The user of the kubeconfig has no credentials, and auditkit does not ask as nobody. "
                          "Log in first, as `kubectl auth whoami` would need it too.")
    return found


def _by_header(user: User, cluster: Cluster) -> Login:
    token = bool(user.token or user.token_file)
    if token and (user.username or user.password):
        raise SourceError("The user of the kubeconfig has a token and a password. kubectl refuses it too: remove one.")
    if user.exec and user.auth_provider:
        raise SourceError("The user of the kubeconfig has exec and auth-provider. kubectl refuses it too: remove one.")
    if user.token_file:
        return TokenFile(user.token_file, (user.token or "").strip())
    if user.token:
        return Fixed(f"Bearer {user.token.strip()}")
    if user.username or user.password:
        pair = f"{user.username or ''}:{user.password or ''}".encode()
        return Fixed(f"Basic {base64.b64encode(pair).decode()}")
    if user.exec:
        if user.exec.api_version not in VERSIONS:
            raise SourceError(f"The login program of the kubeconfig has apiVersion {tidy(user.exec.api_version)}; "
                              f"kubectl runs {' and '.join(VERSIONS)}.")
        return Program(user.exec, cluster)
    if user.auth_provider:
        issued = (user.auth_provider.config or {}).get("id-token")
        if user.auth_provider.name != "oidc" or not issued:
            raise SourceError(f"The auth-provider {tidy(user.auth_provider.name)!r} of the kubeconfig cannot be used: "
                              "kubectl has only oidc left, with an id-token. Use a login program (exec) instead.")
        return Fixed(f"Bearer {issued.strip()}")
    return Nobody()


def impersonation(user: User) -> list[tuple[str, str]]:
    """The headers of whom the user acts as; raises `SourceError` for groups or more of nobody."""
    if not user.impersonate:
        if user.impersonate_uid or user.impersonate_groups or user.impersonate_extra:
            raise SourceError("The user of the kubeconfig has as-uid, as-groups or as-user-extra without as. kubectl "
                              "refuses that too: name the user.")
        return []
    found = [("Impersonate-User", user.impersonate)]
    found += [("Impersonate-Uid", user.impersonate_uid)] if user.impersonate_uid else []
    found += [("Impersonate-Group", group) for group in user.impersonate_groups or []]
    found += [(f"Impersonate-Extra-{quote(key, safe='')}", value)
              for key, values in (user.impersonate_extra or {}).items() for value in values]
    return found
