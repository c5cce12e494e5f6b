#!/usr/bin/env bash
# load_config() of the Kubernetes client connects to the cluster it runs in, where $KUBECONFIG names two files.
#
# Installed: kubernetes 37.0.2.
#
# Expected: $KUBECONFIG may hold several paths, which are merged (Kubernetes documentation, "Organizing Cluster Access Using
# kubeconfig Files"); load_kube_config() of the same client does so. load_config() should give the same cluster; and where a
# path that $KUBECONFIG names does not exist, an error, as load_kube_config() gives.
#
# What happens: load_config() asks whether a file exists that is called like the whole list. There is none, so it prints a
# sentence to the standard output and takes the credentials of the pod that it runs in. So it does if the one file that is
# named is missing. The pod's service account is played by two files here, and nothing is connected to.
#
# For an audit: a scheduled audit of another cluster takes a complete and valid snapshot of the cluster that its job runs in,
# and the report bears the wrong name. The sentence, on the standard output, also breaks what parses that output.
# Call load_kube_config() or load_incluster_config(), whichever is meant.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile kubernetes==37.0.2
venv/bin/python - <<'EOF'
import contextlib, io, os, pathlib
from importlib.metadata import version

pathlib.Path("token").write_text("not-a-token")
pathlib.Path("ca.crt").write_text("not-a-certificate")
pathlib.Path("contexts").write_text("apiVersion: v1\nkind: Config\ncurrent-context: prod\n"
                                    "contexts: [{name: prod, context: {cluster: prod, user: auditor}}]\n")
pathlib.Path("clusters").write_text("apiVersion: v1\nkind: Config\nusers: [{name: auditor, user: {}}]\n"
                                    "clusters: [{name: prod, cluster: {server: 'https://prod.example'}}]\n")
os.environ.update(KUBECONFIG="contexts:clusters", KUBERNETES_SERVICE_HOST="127.0.0.1", KUBERNETES_SERVICE_PORT="6443")
from kubernetes import client, config
from kubernetes.config import incluster_config
incluster_config.SERVICE_TOKEN_FILENAME, incluster_config.SERVICE_CERT_FILENAME = "token", "ca.crt"

print("kubernetes", version("kubernetes"))
seen = {}
for load in (config.load_kube_config, config.load_config):
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        load()
    seen[load.__name__] = client.Configuration.get_default_copy().host
    print(f"{load.__name__}(): {seen[load.__name__]}, said on the standard output: {said.getvalue().strip()[:60]!r}")
assert seen == {"load_kube_config": "https://prod.example", "load_config": "https://127.0.0.1:6443"}, "the behaviour changed"
assert "inCluster" in said.getvalue()
EOF
