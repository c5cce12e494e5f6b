#!/usr/bin/env bash
# The cpe package finds no match for a CPE name that was read from a formatted string, not even with itself.
#
# Installed: cpe 1.3.1.
#
# Expected: CPESet2_3.name_match() says whether a name covers one of the set (CPE 2.3, Name Matching), and its parameters are
# CPE names. A name may be written as a formatted string ("cpe:2.3:a:..."), which is how the NVD, SBOMs and scanners write
# it, or as a well-formed name ("wfn:[...]"); CPE() reads both.
#
# What happens: with formatted strings name_match(), cpe_superset() and cpe_equal() are False for everything: for all
# versions of the product, and for the same name. With as_wfn() of the same names they are as expected. No error is raised.
#
# For an audit: no component of an SBOM matches any vulnerability, which reads as "nothing is known against them". Read each
# name a second time from its as_wfn(), and try the match on a pair of which the answer is known.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile cpe==1.3.1
venv/bin/python - <<'END'
from importlib.metadata import version
from cpe import CPE
from cpe.cpeset2_3 import CPESet2_3

print("cpe", version("cpe"))
def matches(candidate, known):
    names = CPESet2_3()
    names.append(known)
    return names.name_match(candidate), CPESet2_3.cpe_superset(candidate, known), CPESet2_3.cpe_equal(candidate, known)
def name(which):
    return CPE(f"cpe:2.3:a:kubernetes:kubernetes:{which}:*:*:*:*:*:*:*")
def well_formed(one):
    return CPE(one.as_wfn())
component = name("1.29.3")
for candidate, expected in ((name("1.29.3"), (True, True, True)), (name("*"), (True, True, False)), (name("1.28.0"), (False,) * 3)):
    strings, wfns = matches(candidate, component), matches(well_formed(candidate), well_formed(component))
    print(f"{candidate.as_fs()} with {component.as_fs()}: match, superset, equal {strings}, as well-formed names {wfns}")
    assert wfns == expected
    assert strings == (False, False, False), "the behaviour changed"
END
