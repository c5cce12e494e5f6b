#!/usr/bin/env bash
# pykube-ng says that a Deployment is ready of which no pod runs.
#
# Installed: pykube-ng 23.6.0.
#
# Expected: status.updatedReplicas counts the pods that were made from the newest template, status.readyReplicas those that
# are ready, and availableReplicas those that have been ready for long enough. kubectl's "rollout status" waits for the last
# (Kubernetes API reference, DeploymentStatus).
#
# What happens: Deployment.ready compares updatedReplicas with the wanted number, so it is true as soon as the pods are
# made: of three pods that cannot pull their image, or fail again and again, the Deployment is "ready".
#
# For an audit: "all Deployments were ready" is no evidence of availability. Read status.availableReplicas.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile pykube-ng==23.6.0
venv/bin/python - <<'EOF'
from importlib.metadata import version
import pykube

print("pykube-ng", version("pykube-ng"))
def deployment(**status):
    return pykube.Deployment(None, {"metadata": {"name": "web", "namespace": "shop", "generation": 1}, "spec": {"replicas": 3},
                                    "status": {"observedGeneration": 1, "replicas": 3, **status}})
for expected, status in ((True, {"updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3}),
                         (False, {"updatedReplicas": 3, "unavailableReplicas": 3})):
    print(status, "| ready:", deployment(**status).ready, "| available:", expected)
    assert deployment(**status).ready is True, "the behaviour changed"
assert deployment(updatedReplicas=1).ready is False
EOF
