#!/usr/bin/env bash
# univers finds v2.8.1+incompatible neither equal to v2.8.1 nor above or below it, so that ranges from v2.8.1 on miss it.
#
# Installed: univers 32.0.1.
#
# Expected: metadata after "+" is ignored for precedence (Semantic Versioning 2.0.0, 10; Go Modules Reference, "Versions"),
# so that v2.8.1+incompatible is in ">= v2.8.1", and 1.29.3+k3s1 is as old as 1.29.3.
#
# What happens: of the two, "<" and ">" are False, and "<=" and ">=" are True, and "==" is False. A vers range that begins or
# ends with the very version does not contain it, though its own ">=" says so; with another patch version it does.
#
# For an audit: the first version that an advisory names ("from v2.8.1, before v3") is "not affected" where Go has to add
# +incompatible, and so is a range of one version. k3s and RKE2 have such versions for each release of Kubernetes.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile univers==32.0.1
venv/bin/python - <<'END'
from importlib.metadata import version
from univers.version_range import VersionRange
from univers.versions import GolangVersion

print("univers", version("univers"))
plain, plus = GolangVersion("v2.8.1"), GolangVersion("v2.8.1+incompatible")
found = {"<": plus < plain, "<=": plus <= plain, "==": plus == plain, ">=": plus >= plain, ">": plus > plain}
print(plus, "to", plain, found)
assert list(found.values()) == [False, True, False, True, False], "the behaviour changed"
for text, which, expected, contained in (
    ("vers:golang/>=v2.8.0|<v3.0.0", plus, True, True), ("vers:golang/>=v2.8.1|<v3.0.0", plain, True, True),
    ("vers:golang/>=v2.8.1|<v3.0.0", plus, True, False), ("vers:golang/v2.8.1", plus, True, False),
):
    print(which, "in", text, which in VersionRange.from_string(text), ", expected", expected)
    assert (which in VersionRange.from_string(text)) is contained, "the behaviour changed"
END
