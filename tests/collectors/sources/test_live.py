"""Errors of the transport become sentences by their classes, whatever their text says."""

import http.client
import socket
import ssl

import pytest
import urllib3
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError, ProtocolError, SSLError
from urllib3.util.ssl_match_hostname import CertificateError

from auditkit.collectors.sources.failures import why

OTHER_NAME = "the server's certificate is for another name: check the address, and `tls-server-name` in a kubeconfig"
POOL = urllib3.HTTPConnectionPool("api.example")


def because(error: BaseException, cause: BaseException) -> BaseException:
    error.__cause__ = cause
    return error


def certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("in whatever words")
    error.verify_code = code
    return error


@pytest.mark.parametrize(("reason", "sentence"), [
    (because(NewConnectionError(POOL, "x"), ConnectionRefusedError()),
     "the connection was refused: check the address and whether the server is running"),
    (because(NewConnectionError(POOL, "x"), socket.gaierror()), "the server's name cannot be resolved"),
    (ConnectTimeoutError(), "the request timed out"), (TimeoutError(), "the request timed out"),
    (SSLError(certificate(10)), "the certificate has expired"),
    (SSLError(certificate(19)), "the server's certificate is not signed by a trusted CA: that of the kubeconfig, else those of this computer"),
    (SSLError(certificate(62)), OTHER_NAME), (certificate(64), OTHER_NAME), (SSLError(CertificateError()), OTHER_NAME),
    (ProtocolError("x", http.client.IncompleteRead(b"")), "the connection was closed during the response"),
    (ProtocolError("x", ConnectionResetError()), "the connection was closed"),
    (ValueError("certificate has expired"), "a value of the kubeconfig cannot be sent: it has a line break or a character that no HTTP header may have"),
])
def test_the_class_of_a_cause_decides(reason: Exception, sentence: str) -> None:
    assert why(MaxRetryError(POOL, "/", reason)) == sentence
