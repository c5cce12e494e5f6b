"""A certificate authority and a server certificate for 127.0.0.1, made on the spot; expired ones too."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

OTHER_USAGES = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "encipher_only": False,
    "decipher_only": False,
}


def server_context(expired: bool = False) -> tuple[ssl.SSLContext, bytes]:
    """The server's TLS context, and the PEM of the authority that a client must trust."""
    authority_key, authority = _certificate("replay authority", authority=True)
    key, certificate = _certificate("127.0.0.1", (authority_key, authority), expired=expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder) / "server.pem"
        chain.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(chain)
    return context, authority.public_bytes(serialization.Encoding.PEM)


def _certificate(name: str, issuer=None, authority: bool = False, expired: bool = False):
    """(key, certificate), signed by such an issuer or by itself; good for a day more, or until yesterday."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, signed_by = (issuer[0], issuer[1].subject) if issuer else (key, subject)
    now, day = datetime.datetime.now(datetime.UTC), datetime.timedelta(days=1)
    public = signer.public_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signed_by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * day)
        .not_valid_after(now - day if expired else now + day)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    )
    if authority:
        usage = x509.KeyUsage(key_cert_sign=True, crl_sign=True, **OTHER_USAGES)
        builder = builder.add_extension(usage, critical=True)
    else:
        address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
        builder = builder.add_extension(x509.SubjectAlternativeName([address]), critical=False)
    return key, builder.sign(signer, hashes.SHA256())
