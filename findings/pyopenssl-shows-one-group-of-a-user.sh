#!/usr/bin/env bash
# pyOpenSSL's subject.O is the first of a client certificate's groups, and dict(get_components()) has the last.
#
# Installed: pyOpenSSL 26.4.0, cryptography 50.0.2.
#
# Expected: in a client certificate of Kubernetes each organization (O) of the subject is a group of the user (Kubernetes
# documentation, "Authenticating", X.509 client certificates). pyOpenSSL documents "organizationName" of X509Name as "the
# organization name of the entity", and get_components() as its parts, name and value, which one would make a dict of.
#
# What happens: of O=readers, O=system:masters the attribute is "readers" and the dict has "system:masters"; with the
# certificate's parts in the other order it is the other way round. cryptography gives all of them.
#
# For an audit: a user with full power over the cluster is listed as one of the readers. Read each organization.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pyopenssl==26.4.0 cryptography==50.0.2
venv/bin/python -W ignore::DeprecationWarning - <<'END'
from datetime import datetime
from importlib.metadata import version
from OpenSSL.crypto import X509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

print("pyOpenSSL", version("pyopenssl"), "cryptography", version("cryptography"))
def certificate(*groups):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
                     + [x509.NameAttribute(NameOID.COMMON_NAME, "nurse")])
    return x509.CertificateBuilder(
        issuer_name=name, subject_name=name, public_key=key.public_key(), serial_number=1,
        not_valid_before=datetime(2026, 1, 1), not_valid_after=datetime(2027, 1, 1)).sign(key, hashes.SHA256())
for groups in (("readers", "system:masters"), ("system:masters", "readers")):
    made = certificate(*groups)
    subject = X509.from_cryptography(made).get_subject()
    in_dict = dict(subject.get_components())[b"O"].decode()
    everything = [part.value for part in made.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)]
    print(f"groups {groups}: subject.O {subject.O}, in the dict {in_dict}, cryptography {everything}")
    assert (subject.O, in_dict, tuple(everything)) == (groups[0], groups[1], groups), "the behaviour changed"
END
