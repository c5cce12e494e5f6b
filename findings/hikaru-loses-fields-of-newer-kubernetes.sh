#!/usr/bin/env bash
# hikaru drops the fields of a manifest that its model of Kubernetes does not have, without a word.
#
# Installed: hikaru 1.3.0, whose newest model is that of Kubernetes 1.28 (hikaru-model-28 1.1.0).
#
# Expected: a document that is read and written again has all that it had, or a field that is not known is an error, as it
# is for kubectl and for an API server that validates strictly.
#
# What happens: securityContext.appArmorProfile (Kubernetes 1.30) and supplementalGroupsPolicy (1.31) are gone from a pod, and
# get_yaml() writes a valid pod without them. A misspelled field disappears in the same way.
#
# For an audit: what is checked, compared or applied after the round trip is another pod than the one in the cluster: a
# profile that is Unconfined is not seen, one that is RuntimeDefault is lost. Read documents as plain mappings.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile hikaru==1.3.0 hikaru-model-28==1.1.0
venv/bin/python - <<'EOF'
from importlib.metadata import version
from hikaru import get_default_release, get_yaml, load_full_yaml

print("hikaru", version("hikaru"), "with", get_default_release())
pod = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  securityContext: {runAsNonRoot: true, appArmorProfile: {type: RuntimeDefault}, supplementalGroupsPolicy: Strict}
  containers:
  - name: web
    image: example.com/web
    securityContext: {runAsNonRoot: true, appArmorProfile: {type: Unconfined}}
"""
written = get_yaml(load_full_yaml(yaml=pod)[0])
print(written)
assert "runAsNonRoot" in written
for field in ("appArmorProfile", "supplementalGroupsPolicy"):
    assert field in pod and field not in written, f"the behaviour changed: {field} is kept"
EOF
