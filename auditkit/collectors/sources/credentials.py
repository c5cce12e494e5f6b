"""Credentials: certificates and keys of a kubeconfig, and what is said where nobody can be logged in."""

import base64
from pathlib import Path

import msgspec

from auditkit.base.hostile_text import on_terminal, short
from auditkit.collectors.sources.kubeconfig import Cluster, User
from auditkit.errors import SourceError
from auditkit.scans.free_text import without_values


class Pair(msgspec.Struct, frozen=True):
    """A certificate of a client with its key, both in PEM."""

    certificate: bytes
    key: bytes


def client_pair(user: User) -> Pair | None:
    """The certificate and key of a user. Raises `SourceError` where there is only one of them."""
    certificate = _pem(user.client_certificate_data, user.client_certificate, "client certificate")
    key = _pem(user.client_key_data, user.client_key, "client key")
    if bool(certificate) != bool(key):
        raise SourceError("The user of the kubeconfig has only one of client certificate and key. It needs both.")
    return Pair(certificate, key) if certificate and key else None


def authority(cluster: Cluster) -> bytes | None:
    """The CA certificate of a cluster in PEM; nothing where those of the system are trusted."""
    return _pem(cluster.certificate_authority_data, cluster.certificate_authority, "CA certificate")


def _pem(data: str | None, path: str | None, what: str) -> bytes | None:
    """What stands in the kubeconfig, or else in the file that it names."""
    if data:
        try:
            return base64.b64decode("".join(data.split()), validate=True)
        except ValueError:
            raise SourceError(f"The {what} of the kubeconfig is not Base64.") from None
    if not path:
        return None
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not a path"
        raise SourceError(f"The {what} {path} of the kubeconfig cannot be read: {why}.") from None


def tidy(text: str | None) -> str:
    """What a program said: one line, short, and without values that are credentials."""
    return short(on_terminal(without_values(" ".join((text or "").split()))), 300).rstrip(".")
