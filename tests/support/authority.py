"""A time-stamp authority: certificates of its own, `openssl ts` that stamps, and a server on the loopback."""

import datetime as dt
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = dt.timedelta(days=1)

CONFIGURATION = """
[tsa]
default_tsa = stamps
[stamps]
serial = {folder}/serial
signer_cert = {folder}/server.pem
signer_key = {folder}/server.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ordering = yes
tsa_name = no
ess_cert_id_alg = sha256
"""


def elliptic() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def long_prime() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


class Authority:
    """A CA ``NAME CA``, perhaps one below it, and the server that stamps with a key of the lowest."""

    def __init__(self, folder: Path, name: str = "Clock", *, below: bool = False, make=elliptic,
                 days: tuple[int, int] = (-1, 365)):
        folder.mkdir(parents=True)
        self._folder = folder
        self.root = certificate(f"{name} CA", make(), None, authority=True)
        self.between = certificate(f"{name} below", make(), self.root, authority=True) if below else None
        self.server = certificate(f"{name} server", make(), self.between or self.root, days=days)
        (folder / "server.pem").write_bytes(pem(self.server[1]))
        (folder / "server.key").write_bytes(self.server[0].private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        (folder / "serial").write_text("01\n")
        (folder / "openssl.cnf").write_text(CONFIGURATION.format(folder=folder))

    @cached_property
    def ca(self) -> Path:
        """The certificates that whoever verifies is given."""
        return self.file("ca.pem", self.root, *([self.between] if self.between else []))

    def file(self, name: str, *pairs) -> Path:
        """A file with these certificates."""
        path = self._folder / name
        path.write_bytes(b"".join(pem(one) for _, one in pairs))
        return path

    def answer(self, request: bytes) -> bytes:
        """The answer to a request."""
        (self._folder / "request").write_bytes(request)
        subprocess.run(["openssl", "ts", "-reply", "-config", self._folder / "openssl.cnf", "-queryfile",
                        self._folder / "request", "-out", self._folder / "answer"], check=True, capture_output=True)
        return (self._folder / "answer").read_bytes()


def certificate(name: str, key, issuer=None, *, authority: bool = False, days: tuple[int, int] = (-1, 365),
                purpose=ExtendedKeyUsageOID.TIME_STAMPING, serial: int = 0):
    """(key, certificate) for stamping or of an authority, signed by an issuer or by itself."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signed_by = (issuer[0], issuer[1].subject) if issuer else (key, subject)
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(
        signed_by, subject, key.public_key(), serial or x509.random_serial_number(), now + DAY * days[0], now + DAY * days[1])
    builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
    builder = builder.add_extension(x509.KeyUsage(
        not authority, False, False, False, False, authority, authority, False, False), critical=True)
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True)
    return key, builder.sign(signer, hashes.SHA256())


def pem(one: x509.Certificate) -> bytes:
    return one.public_bytes(serialization.Encoding.PEM)


@contextmanager
def serving(answer: Callable[[bytes], bytes | tuple[int, dict[str, str], bytes]]) -> Iterator[tuple[str, list]]:
    """A server whose answers a function gives: its address, and the requests (path, headers, body) that came."""
    asked: list = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.path, dict(self.headers), body))
            found = answer(body)
            status, headers, content = found if isinstance(found, tuple) else (
                200, {"Content-Type": "application/timestamp-reply"}, found)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError, ConnectionResetError):  # who asked may have gone
                self.wfile.write(content)

        def log_message(self, *given: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/stamp", asked
        finally:
            server.shutdown()
