#!/usr/bin/env bash
# humanfriendly reads the memory limit 512Mi as 512 million bytes, and 100m as 100 million.
#
# Installed: humanfriendly 10.0, pydantic 2.14.4.
#
# Expected: parse_size() tells binary units from decimal ones: 1 KiB are 1024 and 1 KB are 1000 bytes. Ki, Mi and Gi are
# Kubernetes' binary suffixes and "m" is a thousandth (Kubernetes documentation, "Quantity"). A parser that does not know them
# would refuse them, as pydantic's ByteSize refuses Ki, Mi and Gi.
#
# What happens: of a unit that is not known only the first letter is read, as a decimal unit. 512Mi is 5 % too small, 1Gi 7 %,
# and "100m", a tenth of a byte, is 100 million (pydantic reads it so too). There is no error.
#
# For an audit: a pod whose limit is 1Gi is within a bound of "1 GB at most", and totals of requests are too small by 2 % (Ki)
# to 9 % (Ti): less than the difference that somebody would notice.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile humanfriendly==10.0 pydantic==2.14.4
venv/bin/python - <<'EOF'
from importlib.metadata import version
from humanfriendly import parse_size
from pydantic import ByteSize, TypeAdapter, ValidationError

print("humanfriendly", version("humanfriendly"))
assert parse_size("1KiB") == 1024 and parse_size("1KB") == 1000
for text, bytes_, found in (("1Ki", 1024, 1000), ("512Mi", 512 * 2**20, 512 * 10**6), ("1Gi", 2**30, 10**9), ("1Ti", 2**40, 10**12),
                            ("100m", 0.1, 100 * 10**6)):
    try:
        other = TypeAdapter(ByteSize).validate_python(text)
    except ValidationError:
        other = "refused"
    print(f"{text}: {parse_size(text)}, in Kubernetes {bytes_}, by pydantic {other}")
    assert parse_size(text) == found, "the behaviour changed"
EOF
