#!/usr/bin/env bash
# Of two kubeconfigs the Python client takes the cluster of the last one, and kubectl that of the first one.
#
# Installed: kubernetes 37.0.2.
#
# Expected: the files of $KUBECONFIG are merged, and the first file that sets a value wins (Kubernetes documentation,
# "Organizing Cluster Access Using kubeconfig Files", Merging kubeconfig files; client-go, tools/clientcmd, Load). With
# current-context in both files, kubectl works with the context of the first.
#
# What happens: load_kube_config() takes the current-context of the last file. Clusters, users and contexts of one name in
# both files are taken from the first, as with kubectl. Nothing is connected to here.
#
# For an audit: `kubectl config current-context` shows one cluster, and the audit that follows in the same shell is of another
# one, with complete and valid answers.
# Name the context.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kubernetes==37.0.2
venv/bin/python - <<'EOF'
import os, pathlib
from importlib.metadata import version
from kubernetes import client, config

for name in ("prod", "test"):
    pathlib.Path(name).write_text(f"""
apiVersion: v1
kind: Config
current-context: {name}
contexts: [{{name: {name}, context: {{cluster: {name}, user: same}}}}]
clusters: [{{name: {name}, cluster: {{server: 'https://{name}.example'}}}}]
users: [{{name: same, user: {{token: token-of-{name}}}}}]
""")
found = client.Configuration()
config.load_kube_config(config_file=os.pathsep.join(["prod", "test"]), client_configuration=found)
print("kubernetes", version("kubernetes"))
print("prod first, test last: asks", found.host, "with", found.api_key["BearerToken"])
assert found.host == "https://test.example", "the behaviour changed"
assert found.api_key["BearerToken"] == "Bearer token-of-prod", "the behaviour changed"
EOF
