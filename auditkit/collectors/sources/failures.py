"""Why a request failed, in words for people: the one place where the text of an exception is worded.

The texts of exceptions never pass: they quote addresses with passwords, header values, and bytes of whoever answered.
"""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import urllib3
from urllib3.util.ssl_match_hostname import CertificateError


def why(error: Exception) -> str:
    """An error of the transport as a sentence for people, told from its classes and those of its causes."""
    causes = list(_causes(error))
    for certificate in (each for each in causes if isinstance(each, ssl.SSLCertVerificationError)):
        return _CERTIFICATE.get(certificate.verify_code, "the server's certificate is not signed by a trusted CA: that "
                                                         "of the kubeconfig, else those of this computer")
    for kinds, sentence in _SENTENCES:
        if any(isinstance(each, kinds) for each in causes):
            return sentence
    return f"the request failed ({type(causes[-1]).__name__})"


_OTHER_NAME = ("the server's certificate is for another name: check the address, and `tls-server-name` in a "
               "kubeconfig")
_CERTIFICATE = {10: "the certificate has expired", 62: _OTHER_NAME, 64: _OTHER_NAME}
"""By OpenSSL's codes X509_V_ERR_CERT_HAS_EXPIRED, …_HOSTNAME_MISMATCH and …_IP_ADDRESS_MISMATCH
(openssl/include/openssl/x509_vfy.h)."""

_SENTENCES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    ((CertificateError,), _OTHER_NAME),
    ((urllib3.exceptions.ProxyError,), "the proxy does not let the request through"),
    ((ConnectionRefusedError,), "the connection was refused: check the address and whether the server is running"),
    ((socket.gaierror, urllib3.exceptions.NameResolutionError), "the server's name cannot be resolved"),
    ((TimeoutError, urllib3.exceptions.TimeoutError), "the request timed out"),
    ((http.client.IncompleteRead,), "the connection was closed during the response"),
    ((ssl.SSLError,), "no TLS connection could be made: is the server's address https, and of the right server?"),
    ((urllib3.exceptions.DecodeError,), "the compressed response cannot be unpacked"),
    ((ConnectionError, urllib3.exceptions.ProtocolError), "the connection was closed"),
    ((urllib3.exceptions.LocationParseError, urllib3.exceptions.LocationValueError),
     "the server's address is not one: check `server` in the kubeconfig"),
    ((UnicodeError, ValueError), "a value of the kubeconfig cannot be sent: it has a line break or a character that no "
                                 "HTTP header may have"),
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


def address(url: str) -> str:
    """An address without a user, a password and a query, which may be secrets."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "an address that cannot be read"
    return re.sub(r"[^\x21-\x7e]", "?", f"{parts.scheme}://{host}{parts.path}".removeprefix("://")).rstrip("/")
