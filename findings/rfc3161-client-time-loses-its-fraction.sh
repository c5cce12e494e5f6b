#!/usr/bin/env bash
# The time of a time stamp is told without its fraction of a second: up to one second before the authority's word.
#
# Installed: rfc3161-client 1.0.9, cryptography 50.0.2; openssl of the system as the authority.
#
# Expected: RFC 3161 lets an authority state fractions of a second (genTime 20260401120000.95Z), and `openssl ts` does so
# with clock_precision_digits. `tst_info.gen_time` is a datetime, which has microseconds.
#
# What happens: the fraction is dropped. Two stamps that were made one after the other have the same time, and what was
# stamped at 12:00:00.95 is told to have been there at 12:00:00.
#
# For an audit: a stamp proves that something was there at a time. The time that is told is one at which nothing proves
# that it was. "Signed before the change was approved" can come out the other way round within a second.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile rfc3161-client==1.0.9 cryptography==50.0.2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tsa.key -out tsa.pem -days 2 -subj /CN=TSA \
    -addext "extendedKeyUsage=critical,timeStamping" -addext "keyUsage=critical,digitalSignature" 2>/dev/null
echo 01 > serial
cat > tsa.cnf <<EOF
[tsa]
default_tsa = stamps
[stamps]
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
clock_precision_digits = 6
ess_cert_id_alg = sha256
EOF
venv/bin/python - <<'EOF'
import re, subprocess
from importlib.metadata import version
from pathlib import Path
from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response

print("rfc3161-client", version("rfc3161-client"))
for _ in range(5):  # one time in a million the fraction is zero
    Path("request").write_bytes(TimestampRequestBuilder().data(b"evidence").build().as_bytes())
    subprocess.run(["openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "request", "-out", "answer"],
                   check=True, capture_output=True)
    answer = Path("answer").read_bytes()
    stated = re.search(rb"\x18.(\d{14}(?:\.\d+)?)Z", answer)[1].decode()
    told = decode_timestamp_response(answer).tst_info.gen_time
    print("stated:", stated, "| told:", told.isoformat())
    if "." in stated:
        break
assert "." in stated and told.microsecond == 0, "the behaviour changed"
EOF
